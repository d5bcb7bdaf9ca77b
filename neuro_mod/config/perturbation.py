"""Section ``perturbation``: vectors in cluster space that are added to parameters, with a time course."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from neuro_mod.choices import CourseShape, VectorNorm
from neuro_mod.config.fields import (
    MANY,
    ONE,
    Count,
    Direction,
    Fraction,
    LeftOut,
    NonNegative,
    Positive,
    PositiveCount,
    Real,
    Section,
    Several,
    Switch,
    parameter,
)
from neuro_mod.core.perturbations import TimeCourse, TimedPerturbation, VectorialPerturbation
from neuro_mod.core.perturbations.targets import TARGETS
from neuro_mod.core.perturbations.time_courses import SHAPES
from neuro_mod.core.random import Stream
from neuro_mod.populations import Populations

#: A population by its index or its name, such as ``E0`` or ``I_background``.
PopulationReference = Annotated[
    Annotated[Count, Tag(ONE)] | Annotated[str, Tag(MANY)],
    Discriminator(lambda value: MANY if isinstance(value, str) else ONE),
    Field(json_schema_extra={"expected": "a population by index or name, such as 3, E3 or I_background"}),
]
_SomePopulations = Annotated[
    Several[PopulationReference],
    Field(json_schema_extra={"expected": "populations by index or name, such as 3, E3 or I_background"}),
]
_Involved = Annotated[
    Annotated[Several[_SomePopulations], Tag(MANY)] | Annotated[_SomePopulations, Tag(ONE)],
    Discriminator(lambda value: MANY if is_nested(value) else ONE),
]


def is_nested(value: object) -> bool:
    """Whether a list holds lists."""
    return isinstance(value, list | tuple) and any(isinstance(item, list | tuple) for item in value)


class TimeDependence(Section):
    """When a perturbation acts: a time course f(t), 0 outside its window."""

    shape: CourseShape = parameter("hat", "time course f(t)")
    onset_time: NonNegative = parameter(0.0, "beginning of the window", "s")
    offset_time: NonNegative | None = parameter(None, "end of the window; empty for the end of the run", "s")
    rise_time: LeftOut[Positive] = parameter(None, "ramp: time from 0 to 1; until offset_time if left out", "s")
    frequency: LeftOut[Positive] = parameter(None, "sine: frequency", "Hz")
    phase: LeftOut[Real] = parameter(None, "sine: phase at the onset; 0 if left out", "rad")
    tau_rise: LeftOut[Positive] = parameter(None, "diff2exp: rise time", "s")
    tau_decay: LeftOut[Positive] = parameter(None, "diff2exp: decay time", "s")
    peak_time: LeftOut[Real] = parameter(None, "gaussian: time of the peak", "s")
    width: LeftOut[Positive] = parameter(None, "gaussian: standard deviation", "s")
    values: LeftOut[Several[Real]] = parameter(None, "sampled: values from the onset on; the last one is held")
    interval: LeftOut[Positive] = parameter(None, "how long a value is held; required for sampled", "s")

    def given(self) -> dict[str, Any]:
        """The parameters of the time course that have a value, including defaults."""
        return {key: value for key, value in self if key != "shape" and value is not None}

    def until(self, end: float) -> dict[str, Any]:
        """The keys of the same time course, with a window that ends no later than a run (in seconds)."""
        keys = self.model_dump(exclude_unset=True)
        if self.offset_time is not None and self.offset_time > end:
            keys["offset_time"] = None
            if self.shape == "ramp" and self.rise_time is None:
                keys["rise_time"] = self.offset_time - self.onset_time
        return keys

    def keys_of_shape(self) -> dict[str, bool]:
        """Keys that the shape has, and whether it needs a value for them."""
        return {field.name: field.default is MISSING for field in fields(SHAPES[self.shape])}

    def unused_and_missing(self) -> tuple[list[str], list[str]]:
        """Given keys that the shape does not have, and keys that it needs but are not given."""
        given, own = self.given(), self.keys_of_shape()
        missing = [key for key, needed in own.items() if needed and key not in given]
        return [key for key in given if key not in own], missing

    def time_course(self) -> TimeCourse:
        """The time course itself.

        Raises:
            ValueError: Its parameters do not fit together.
        """
        unused, missing = self.unused_and_missing()
        if unused or missing:
            raise ValueError(f"the shape {self.shape} has no {unused} and needs {missing}")
        return SHAPES[self.shape](**self.given())


class PerturbationBlock(Section):
    """``f(t) * sum_i params_i vectors_i``, each vector placed on its ``involved_clusters``."""

    vectors: LeftOut[Several[Several[Real]]] = parameter(None, "one list per vector; drawn at random if left out")
    n_vectors: LeftOut[PositiveCount] = parameter(None, "number of vectors; implied by the other keys")
    involved_clusters: _Involved = parameter(
        ...,
        "populations (index or name) of each vector, or one list for all",
        expected="a list of populations by index or name, or one such list for each vector",
    )
    structured: Switch = parameter(True, "drawn entries are +1 or -1; otherwise normal")
    balance: Fraction = parameter(0.5, "probability of +1")
    mean: Real = parameter(0.0, "mean of normal entries")
    sigma: NonNegative = parameter(1.0, "standard deviation of normal entries")
    norm: LeftOut[VectorNorm] = parameter(None, "scale each drawn vector to norm 1 in this norm")
    orthogonal: LeftOut[Switch] = parameter(None, "true: each drawn vector is orthogonal to those before it")
    direction: LeftOut[Direction] = parameter(None, "number of the drawn vector in the random sequence, from 0")
    seed: LeftOut[Count] = parameter(None, "seed of drawn vectors; by default from random_seed and target")
    params: Several[Real] = parameter(..., "coefficient of each vector, in the unit of the target")
    time_dependence: LeftOut[TimeDependence] = parameter(None, "when it acts; throughout if left out")

    @property
    def nested(self) -> bool:
        """Whether there is one list of populations per vector, not one list for all."""
        return is_nested(self.involved_clusters)

    @property
    def lists(self) -> tuple[tuple[int | str, ...], ...]:
        """Populations of each vector, by index or name."""
        involved: Any = self.involved_clusters
        return involved if self.nested else (involved,) * len(self.params)

    @property
    def times(self) -> TimeDependence:
        """When the perturbation acts; always if the block does not say."""
        return self.time_dependence or TimeDependence()

    @property
    def given_for_drawing(self) -> list[str]:
        """Given keys that only drawn vectors have."""
        keys = {"norm": self.norm, "orthogonal": self.orthogonal, "direction": self.direction}
        return [key for key, value in keys.items() if value is not None]

    @property
    def follows_root_seed(self) -> bool:
        """Whether vectors are drawn from a seed that the block does not set."""
        return not self.vectors and self.seed is None

    def timed(self, populations: Populations, seed: int) -> TimedPerturbation:
        """The perturbation in cluster space and in time.

        Args:
            populations: The layout.
            seed: Seed of drawn vectors, unless the block has its own.

        Raises:
            ValueError: Vectors, populations and coefficients do not fit together.
        """
        perturbation = VectorialPerturbation(
            *(self.vectors or ()),
            length=populations.total,
            involved_clusters=[[populations.index(population) for population in one] for one in self.lists],
            structured=self.structured,
            balance=self.balance,
            mean=self.mean,
            sigma=self.sigma,
            seed=seed if self.seed is None else self.seed,
            norm=self.norm,
            orthogonal=bool(self.orthogonal),
            first=self.direction or 0,
        )
        return TimedPerturbation(perturbation, self.params, self.times.time_course())


def _target(name: str) -> Any:
    return parameter(None, TARGETS[name].effect, TARGETS[name].unit)


class Perturbations(Section):
    """The perturbation of each target; targets that are left out are not perturbed."""

    rate: LeftOut[PerturbationBlock] = _target("rate")
    j_baseline: LeftOut[PerturbationBlock] = _target("j_baseline")
    j_potentiated: LeftOut[PerturbationBlock] = _target("j_potentiated")
    j_ext: LeftOut[PerturbationBlock] = _target("j_ext")
    threshold: LeftOut[PerturbationBlock] = _target("threshold")
    tau_membrane: LeftOut[PerturbationBlock] = _target("tau_membrane")
    tau_synaptic: LeftOut[PerturbationBlock] = _target("tau_synaptic")
    tau_refractory: LeftOut[PerturbationBlock] = _target("tau_refractory")
    arousal_level: LeftOut[PerturbationBlock] = _target("arousal_level")
    arousal_L: LeftOut[PerturbationBlock] = _target("arousal_L")  # noqa: N815
    arousal_x_0: LeftOut[PerturbationBlock] = _target("arousal_x_0")
    arousal_k: LeftOut[PerturbationBlock] = _target("arousal_k")
    arousal_M: LeftOut[PerturbationBlock] = _target("arousal_M")  # noqa: N815

    @property
    def blocks(self) -> dict[str, PerturbationBlock]:
        """The block of each perturbed target."""
        return {target: block for target, block in self if block is not None}


#: The parameter that each target acts on; the other targets act on a factor that is 1 if unperturbed.
_ACTED_ON = {
    "rate": "external_currents.nu_ext_baseline",
    "j_ext": "external_currents.j_ext",
    "threshold": "init_params.threshold",
    "tau_membrane": "init_params.tau_membrane",
    "tau_synaptic": "init_params.tau_synaptic",
    "tau_refractory": "init_params.tau_refractory",
    "arousal_level": "arousal.level",
    "arousal_L": "arousal.L",
    "arousal_x_0": "arousal.x_0",
    "arousal_k": "arousal.k",
    "arousal_M": "arousal.M",
}


def unperturbed(target: str, lookup: Callable[[str], Any]) -> Any:
    """The configured value that a perturbation acts on.

    Args:
        target: The perturbed parameter.
        lookup: Returns the value of a key such as ``arousal.level``.
    """
    return lookup(_ACTED_ON[target]) if target in _ACTED_ON else 1.0


def perturbation_seed(random_seed: int, target: str) -> int:
    """Seed of the drawn vectors of a target whose block sets none."""
    return Stream(random_seed, f"perturbation of {target}").derived_seed
