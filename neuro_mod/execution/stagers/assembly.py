"""A validated experiment becomes arrays: the network that both theories start from, and the stimulus."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuro_mod.config import Experiment
from neuro_mod.core.circuit import Circuit
from neuro_mod.core.clustering.block_weights import block_weights
from neuro_mod.core.modulation import Baseline, modulated_circuit
from neuro_mod.core.perturbations.targets import SOURCE_TARGETS, TARGETS
from neuro_mod.core.spiking_net.external.stimulus import Stimulus, draw_stimulated, stimulus_course
from neuro_mod.execution.notices import warn_once


def build_baseline(experiment: Experiment) -> Baseline:
    """Spread the parameters of an experiment over its populations.

    Args:
        experiment: A validated experiment.
    """
    populations = experiment.populations
    network, clusters = experiment.architecture.network, experiment.architecture.clusters
    return Baseline(
        populations=populations,
        connection_probability=populations.expand_pathways(network.connectivity_fraction_probs),
        block_weights=block_weights(populations, network.j_baseline, clusters.j_potentiated, depress=clusters.depress),
        reset_voltage=populations.expand(experiment.init_params.reset_voltage),
        external_in_degree=experiment.external_sources("c_ext"),
        parameters={
            name: populations.expand(experiment.unperturbed(name)) for name in TARGETS if name not in SOURCE_TARGETS
        }
        | {"rate": experiment.external_sources("nu_ext_baseline"), "j_ext": experiment.external_sources("j_ext")},
        arousal_heterogeneity=experiment.arousal.heterogeneity,
        in_degree=network.in_degree,
    )


def build_circuit(experiment: Experiment, time: float | None = None) -> Circuit:
    """The network under arousal and the perturbations of the configuration at one time.

    Args:
        experiment: A validated experiment.
        time: In seconds; None for each perturbation at its onset.

    Raises:
        ValueError: A perturbation makes a parameter impossible at that time, which lies outside the run.
    """
    return modulated_circuit(build_baseline(experiment), deltas_at(experiment, time))


def deltas_at(experiment: Experiment, time: float | None = None) -> dict[str, NDArray[np.float64]]:
    """The perturbations of the configuration at one time, by target, shape ``(P,)``; arguments as for `build_circuit`.

    Raises:
        ValueError: The time is outside the run.
    """
    return {target: each.at(time) for target, each in experiment.timed_perturbations.items()}


def build_stimulus(
    experiment: Experiment,
    circuit: Circuit,
    seed: int,
    first_step: int,
    n_steps: int,
    delta_t: float,
    *,
    whole: bool = True,
) -> Stimulus:
    """The stimulus of a stretch of a run.

    Args:
        experiment: A validated experiment.
        circuit: Its circuit.
        seed: Root seed of the choice of stimulated neurons, unless the configuration has one for it.
        first_step: Step at which the stretch begins, counted from time 0.
        n_steps: Its length in steps.
        delta_t: Time step in seconds.
        whole: Whether the stretch is a whole run, so that a stimulus without effect in it deserves a warning.
    """
    config, populations = experiment.stimulus, circuit.populations
    if config.off:
        return Stimulus(np.zeros(populations.n_neurons), np.broadcast_to(0.0, n_steps))
    peak = np.full(populations.total, config.amplitude)
    if config.amplitude_unit == "relative":
        peak *= np.sum(circuit.external_in_degree * circuit.external_weight * circuit.external_rate, axis=0)
    seed = seed if config.seed is None else config.seed
    stimulated = draw_stimulated(populations, seed, config.stimulated_clusters, config.stimulated_neurons)
    gain = np.where(stimulated, peak[populations.of_neuron], 0.0)
    course = stimulus_course(
        config.stimulus_shape,
        config.onsets,
        (first_step + np.arange(n_steps)) * delta_t,
        duration=config.duration_sec,
        tau_rise=config.tau_rise,
        tau_decay=config.tau_decay,
    )
    if whole and not (gain.any() and course.any()):
        warn_once("the stimulus reaches no neuron in this run; see the section stimulus of the configuration")
    return Stimulus(gain, course)
