"""A validated experiment becomes arrays: the circuit that both theories start from, and the stimulus."""

from __future__ import annotations

import logging

import numpy as np

from neuro_mod.config import ConfigError, Experiment, Problem
from neuro_mod.core.arousal import arousal_effect, weaken_excitation
from neuro_mod.core.circuit import Circuit
from neuro_mod.core.clustering.block_weights import block_weights
from neuro_mod.core.spiking_net.external.stimulus import Stimulus, draw_stimulated, stimulus_course

_LOG = logging.getLogger(__name__)


def build_circuit(experiment: Experiment) -> Circuit:
    """Spread the parameters of an experiment over its populations and apply arousal.

    Args:
        experiment: A validated experiment.

    Raises:
        ConfigError: The experiment has perturbations, which are validated but not simulated yet.
    """
    _refuse_perturbations(experiment)
    populations, neurons = experiment.populations, experiment.init_params
    network, clusters, arousal = experiment.architecture.network, experiment.architecture.clusters, experiment.arousal
    effect = arousal_effect(arousal.level, arousal.x_0, arousal.k)
    weights = block_weights(populations, network.j_baseline, clusters.j_potentiated, depress=clusters.depress)
    return Circuit(
        populations=populations,
        connection_probability=populations.expand_pathways(network.connectivity_fraction_probs),
        weights=weaken_excitation(weights, populations, arousal.L * effect),
        tau_membrane=populations.expand(neurons.tau_membrane),
        tau_synaptic=populations.expand(neurons.tau_synaptic),
        tau_refractory=populations.expand(neurons.tau_refractory),
        threshold=populations.expand(neurons.threshold),
        reset_voltage=populations.expand(neurons.reset_voltage),
        external_in_degree=experiment.external_sources("c_ext"),
        external_weight=experiment.external_sources("j_ext") / np.sqrt(populations.n_neurons),
        external_rate=experiment.external_sources("nu_ext_baseline"),
        arousal_rate=populations.expand(arousal.M * effect),
        arousal_heterogeneity=arousal.heterogeneity,
        in_degree=network.in_degree,
    )


def build_stimulus(
    experiment: Experiment, circuit: Circuit, seed: int, first_step: int, n_steps: int, delta_t: float
) -> Stimulus:
    """The stimulus of a stretch of a run.

    Args:
        experiment: A validated experiment.
        circuit: Its circuit.
        seed: Root seed of the choice of stimulated neurons.
        first_step: Step at which the stretch begins, counted from time 0.
        n_steps: Its length in steps.
        delta_t: Time step in seconds.
    """
    config, populations = experiment.stimulus, circuit.populations
    peak = np.full(populations.total, config.amplitude)
    if config.amplitude_unit == "relative":
        peak *= np.sum(circuit.external_in_degree * circuit.external_weight * circuit.external_rate, axis=0)
    stimulated = draw_stimulated(populations, seed, config.stimulated_clusters_prob, config.stimulated_neuron_prob)
    gain = np.where(stimulated, peak[populations.of_neuron], 0.0)
    if not config.onsets or not config.amplitude:
        return Stimulus(np.zeros_like(gain), np.broadcast_to(0.0, n_steps))
    course = stimulus_course(
        config.stimulus_shape,
        config.onsets,
        (first_step + np.arange(n_steps)) * delta_t,
        duration=config.duration_sec,
        tau_rise=config.tau_rise,
        tau_decay=config.tau_decay,
    )
    if not (gain.any() and course.any()):
        _LOG.warning("the stimulus reaches no neuron in this run; see the section stimulus of the configuration")
    return Stimulus(gain, course)


def _refuse_perturbations(experiment: Experiment) -> None:
    targets = experiment.perturbation.blocks
    if targets:
        raise ConfigError(
            Problem(("perturbation", target), "this version checks perturbations but cannot simulate them yet")
            for target in targets
        )
