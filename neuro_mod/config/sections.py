"""The sections of a configuration, apart from ``perturbation``: each parameter with its default, unit and meaning."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeGuard

from pydantic import AfterValidator, Discriminator, Field, Tag
from pydantic_core import PydanticCustomError

from neuro_mod.checks import MAX_NAME, user_path
from neuro_mod.choices import (
    Closure,
    FigureFormat,
    Heterogeneity,
    InDegree,
    InitialVoltage,
    Mechanism,
    ResponseKind,
    StimulusShape,
    StyleName,
)
from neuro_mod.config.fields import (
    MANY,
    ONE,
    PER_PATHWAY,
    PER_POPULATION,
    PER_SOURCE,
    PER_TYPE,
    ClusterCount,
    Count,
    Fraction,
    LeftOut,
    NeuronCount,
    NonNegative,
    OneOrFour,
    OneOrMany,
    OpenFraction,
    Pair,
    Positive,
    Real,
    Section,
    Seed,
    Several,
    Switch,
    extra_of,
    form,
    parameter,
)
from neuro_mod.errors import InputError
from neuro_mod.populations import total_populations


class InitParams(Section):
    """Time axis, integration and parameters of the leaky integrate-and-fire neurons."""

    duration_sec: Positive = parameter(2.5, "duration of the simulation", "s")
    delta_t: Positive = parameter(0.5e-3, "time step; 0.5 ms lowers rates of active clusters by 4 %", "s", usual=5e-3)
    mechanism: Mechanism = parameter("analytic", "integration: exact, or forward Euler")
    tau_membrane: OneOrMany[Positive] = parameter(
        20e-3, "membrane time constant", "s", entries=PER_POPULATION, usual=1.0
    )
    tau_synaptic: OneOrMany[Positive] = parameter(
        5e-3, "synaptic time constant", "s", entries=PER_POPULATION, usual=1.0
    )
    tau_refractory: OneOrMany[NonNegative] = parameter(
        5e-3, "absolute refractory period", "s", entries=PER_POPULATION, usual=1.0
    )
    threshold: OneOrMany[Real] = parameter((1.5, 0.75), "firing threshold", "threshold units", entries=PER_POPULATION)
    reset_voltage: OneOrMany[Real] = parameter(0.0, "voltage after a spike", "threshold units", entries=PER_POPULATION)
    initial_voltage: InitialVoltage = parameter("zero", "initial voltage: 0, or uniform in [0, threshold)")


#: Parameters of the neurons whose values may differ between populations.
POPULATION_KEYS = tuple(key for key, field in InitParams.model_fields.items() if extra_of(field).get("entries"))


class Network(Section):
    """Neurons and baseline synapses, before clustering."""

    n_neurons: NeuronCount = parameter(2000, "neurons in the network")
    n_excitatory: Count = parameter(1600, "excitatory neurons, including the background")
    n_inhibitory: Count = parameter(
        None,
        "inhibitory neurons; n_neurons - n_excitatory",
        derive=lambda above: above["n_neurons"] - above["n_excitatory"],
    )
    connectivity_fraction_probs: OneOrFour[Fraction] = parameter(
        (0.2, 0.5, 0.5, 0.5),
        "fraction of a population that connects to a neuron",
        label="{of} connection probability",
        entries=PER_PATHWAY,
    )
    j_baseline: OneOrFour[Real] = parameter(
        (0.63, 0.63, -1.9, -3.8),
        "weight, before division by sqrt(N)",
        "threshold units",
        label="{of} weight",
        entries=PER_PATHWAY,
    )
    in_degree: InDegree = parameter("fixed", "synapses per neuron: equal, or random")


class Clusters(Section):
    """Division of the neurons into clusters, and how clusters change the weights."""

    n_clusters: ClusterCount = parameter(18, "clusters of each type")
    n_background: Pair[Count] = parameter(
        (160, 40), "neurons outside all clusters", label="{of} background neurons", entries=PER_TYPE
    )
    j_potentiated: OneOrFour[NonNegative] = parameter(
        (16.85, 5.45, 6.25, 5.0),
        "factor on weights within a cluster",
        label="potentiation of {of} weights",
        entries=PER_PATHWAY,
    )
    depress: Switch = parameter(
        True, "weaken weights between clusters to keep the mean", label="depression of weights between clusters"
    )
    total_pops: Count = parameter(
        None,
        "populations; 2 n_clusters + 2",
        derive=lambda above: total_populations(above["n_clusters"]),
    )


class Architecture(Section):
    """The recurrent network."""

    network: Network = Field(default_factory=Network, description="neurons and baseline synapses")
    clusters: Clusters = Field(default_factory=Clusters, description="division into clusters")


class ExternalCurrents(Section):
    """Poisson input from outside the network.

    Four entries describe an external excitatory and an external inhibitory source; any other form describes the
    excitatory source alone, without an inhibitory one.
    """

    c_ext: OneOrMany[NonNegative] = parameter((320.0, 320.0), "external synapses per neuron", entries=PER_SOURCE)
    nu_ext_baseline: OneOrMany[NonNegative] = parameter(
        (7.0, 7.0), "rate of each external synapse", "Hz", label="external rate", entries=PER_SOURCE
    )
    j_ext: OneOrMany[Real] = parameter(
        (2.3, 2.3), "external weight, before division by sqrt(N)", "threshold units", entries=PER_SOURCE
    )


#: A fraction, or a list of neuron indices.
_FractionOrNeurons = Annotated[
    Annotated[Fraction, Tag(ONE)] | Annotated[Several[Count], Tag(MANY)],
    Discriminator(form),
    Field(json_schema_extra={"expected": "a number >= 0 and <= 1, or a list of indices of E neurons"}),
]


class StimulusSection(Section):
    """A current into some neurons of some clusters."""

    stimulus_shape: StimulusShape = parameter(
        "box", "time course: constant, ramp, or difference of exponentials", label="time course of the stimulus"
    )
    onsets: tuple[NonNegative, ...] = parameter(
        (), "onset times; [] for no stimulus", "s", label="onset of the stimulus"
    )
    duration_sec: Positive = parameter(
        0.2, "from onset to offset; ignored by diff2exp", "s", label="duration of the stimulus"
    )
    amplitude: Real = parameter(0.0, "strength, in amplitude_unit", label="strength of the stimulus")
    amplitude_unit: Literal["current", "relative"] = parameter(
        "current", "threshold units/s, or fraction of the mean external current", label="unit of the strength"
    )
    tau_rise: Positive = parameter(
        0.05, "rise time constant of diff2exp", "s", label="rise time of the stimulus", usual=1.0
    )
    tau_decay: Positive = parameter(
        0.5, "decay time constant of diff2exp", "s", label="decay time of the stimulus", usual=1.0
    )
    stimulated_clusters_prob: Fraction = parameter(0.5, "fraction of clusters stimulated")
    stimulated_neuron_prob: Fraction = parameter(
        0.5, "fraction of the E neurons in those clusters", label="fraction of neurons stimulated"
    )
    clusters: LeftOut[Several[Count]] = parameter(
        None, "E clusters stimulated, by index; drawn by stimulated_clusters_prob if left out"
    )
    neurons: LeftOut[_FractionOrNeurons] = parameter(
        None,
        "fraction as stimulated_neuron_prob, which applies if left out; or E neurons, by index",
        label="stimulated neurons",
    )
    seed: LeftOut[Seed] = parameter(None, "seed of the stimulated clusters and neurons; random_seed if left out")

    @property
    def stimulated_clusters(self) -> float | tuple[int, ...]:
        """Indices of the stimulated clusters, or the fraction of the clusters that is drawn."""
        return self.stimulated_clusters_prob if self.clusters is None else self.clusters

    @property
    def stimulated_neurons(self) -> float | tuple[int, ...]:
        """Indices of the stimulated neurons, or the fraction of each stimulated cluster that is drawn."""
        return self.stimulated_neuron_prob if self.neurons is None else self.neurons

    @property
    def is_fixed(self) -> bool:
        """Whether no cluster and no neuron is drawn."""
        clusters, neurons = self.stimulated_clusters, self.stimulated_neurons
        all_or_none = isinstance(clusters, tuple) or clusters in {0, 1}
        return isinstance(neurons, tuple) or (all_or_none and neurons in {0, 1})

    @property
    def off(self) -> str:
        """Why there is no stimulus; empty if there is one."""
        return "stimulus.onsets is empty" if not self.onsets else "" if self.amplitude else "stimulus.amplitude is 0"


class Arousal(Section):
    """Level of arousal and its effects on E→E weights and on the external rate."""

    level: Fraction = parameter(0.3, "arousal x", label="arousal level")
    L: Fraction = parameter(0.75, "reduction of E→E weights at full arousal")
    x_0: OpenFraction = parameter(0.2, "effect y at x = 1/2", label="effect of arousal at level 1/2")
    k: Positive = parameter(1.25, "steepness of y(x)", label="steepness of arousal")
    M: NonNegative = parameter(13.125, "increase of the external rate at full arousal", "Hz")
    heterogeneity: Heterogeneity = parameter(
        "quenched", "random factor on M: per neuron, per step, or its mean", label="random factor on arousal"
    )


class MeanField(Section):
    """The theory from which steady states follow; no simulation depends on it."""

    response: ResponseKind = parameter(
        "shifted", "response to noise: first order in sqrt(tau_synaptic/tau_membrane), or exact"
    )
    closure: Closure = parameter(
        "poisson", "spike trains that neurons receive from each other: Poisson, or renewal", label="closure"
    )


#: Bytes of the name of a folder for results, to which endings such as ``_fixed_points`` are added.
_MAX_NAME = 200


def _plain_folder_name(name: str) -> str:
    plain = name == name.strip() and name.isprintable() and not set(name) & set('/\\:*?"<>|$')
    if name in {"", ".", ".."} or not plain or len(name.encode()) > _MAX_NAME:
        raise PydanticCustomError("folder_name", "not a plain folder name")
    return name


def is_path(value: object) -> TypeGuard[str]:
    """Whether a value is the text of a path, without variables, which nobody expands."""
    if not isinstance(value, str) or not value.strip() or not value.isprintable() or "$" in value:
        return False
    try:
        user_path(value)
    except InputError:  # no such user, or a name that is too long
        return False
    return True


def _path(text: str) -> str:
    if not is_path(text):
        raise PydanticCustomError("path", "not a path")
    return text


#: The name of a folder, and the description of valid names.
FolderName = Annotated[str, Field(strict=True), AfterValidator(_plain_folder_name)]
FOLDER_NAME = f'a plain folder name (not empty, no / \\ : * ? " < > | $, not . or .., at most {_MAX_NAME} bytes)'


class Settings(Section):
    """Everything that does not change the model."""

    random_seed: Seed = parameter(256, "seed of all random numbers")
    save: Switch = parameter(True, "write results to disk")
    plot: Switch = parameter(True, "draw figures")
    save_dir: Annotated[str, Field(strict=True), AfterValidator(_path)] = parameter(
        "simulations",
        "folder for results",
        expected=f"the path of a folder (~ is the home folder; no $; names of at most {MAX_NAME} bytes)",
    )
    sim_name: FolderName = parameter("default", "name of this run's folder in save_dir", expected=FOLDER_NAME)
    plot_format: FigureFormat = parameter("png", "file format of figures")
    plot_style: StyleName = parameter("paper", "style of figures: for a journal's columns, or larger for slides")
    plot_from: LeftOut[NonNegative] = parameter(None, "begin of figures over time; the start if left out", "s")
    plot_to: LeftOut[Positive] = parameter(None, "end of figures over time; that of each if left out", "s")
    allow_unusual: Switch = parameter(False, "accept time constants above 1 s and time steps above 5 ms")

    @property
    def folder(self) -> Path:
        """The folder for results: ``save_dir / sim_name``."""
        return user_path(self.save_dir) / self.sim_name


#: Keys that the mean field reads, by section; of a section without a list, all.
MEAN_FIELD_KEYS: dict[str, tuple[str, ...]] = {
    "init_params": POPULATION_KEYS,
    "architecture": (),
    "external_currents": (),
    "arousal": (),
    "perturbation": (),
    "mean_field": (),
    "settings": (),
}
