"""Metadata of a run of the spiking network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

import neuro_mod
from neuro_mod.config import Experiment
from neuro_mod.core.course import Course
from neuro_mod.core.perturbations.targets import TARGETS
from neuro_mod.core.spiking_net.analysis.rates.rates import (
    ACTIVE_RATE,
    binned_rates,
    mean_rates,
    smooth,
    steps_per_sample,
)
from neuro_mod.core.spiking_net.engine.simulation import Simulation
from neuro_mod.core.spiking_net.external.stimulus import Stimulus
from neuro_mod.core.spiking_net.time_step import refractory_steps
from neuro_mod.execution.stagers.perturbations import summary
from neuro_mod.populations import EXCITATORY, INHIBITORY, Populations

#: Digits of onsets in seconds, below which differences of rounded times are not told.
ONSET_DIGITS = 9


def describe_setup(
    experiment: Experiment,
    perturbations: Mapping[str, tuple[Course, bool]],
    n_steps: int,
    dtype: str,
    *,
    first_step: int = 0,
    stimulus: Stimulus | None = None,
) -> dict[str, Any]:
    """Metadata of a run that are known before it, as a mapping that JSON can hold.

    Args:
        experiment: The experiment as it is run.
        perturbations: By target, and whether each was given beside the configuration.
        n_steps: Length of the run.
        dtype: Precision.
        first_step: Step at which it begins, counted from time 0.
        stimulus: The stimulus; None where each run of several has its own.
    """
    populations, delta_t = experiment.populations, experiment.init_params.delta_t
    return {
        "version": neuro_mod.__version__,
        "dtype": dtype,
        "duration_sec": n_steps * delta_t,
        "delta_t": delta_t,
        "n_steps": n_steps,
        "n_neurons": populations.n_neurons,
        "tau_refractory_applied": _applied(experiment, perturbations, delta_t),
        "populations": asdict(populations),
        "rate_bin_sec": steps_per_sample(delta_t) * delta_t,
        "active_above_hz": ACTIVE_RATE,
        "stimulus": _describe_stimulus(experiment, first_step, n_steps, stimulus),
        "perturbations": {
            target: summary(course, populations.sizes, n_steps, delta_t) | {"given": given}
            for target, (course, given) in perturbations.items()
        },
    }


def _describe_stimulus(
    experiment: Experiment, first_step: int, n_steps: int, stimulus: Stimulus | None
) -> dict[str, Any]:
    """Onsets in seconds from the start of a run, and the populations with stimulated neurons; None if not known."""
    config, delta_t = experiment.stimulus, experiment.init_params.delta_t
    begin, end = first_step * delta_t, (first_step + n_steps) * delta_t
    acts = bool(config.amplitude)
    onsets = [round(onset - begin, ONSET_DIGITS) for onset in config.onsets if acts and begin <= onset < end]
    reached = None if stimulus is None else np.unique(experiment.populations.of_neuron[stimulus.gain != 0]).tolist()
    return {"onsets_sec": onsets, "clusters": reached}


def _applied(experiment: Experiment, perturbations: Mapping[str, tuple[Course, bool]], delta_t: float) -> Any:
    """Refractory periods in whole time steps, in seconds, in the form of the configuration.

    If they are perturbed: the least and the most of each population.
    """
    configured = experiment.init_params.tau_refractory
    if "tau_refractory" not in perturbations:
        return (refractory_steps(configured, delta_t) * delta_t).tolist()
    before, change = experiment.populations.expand(configured), perturbations["tau_refractory"][0].values
    extremes = TARGETS["tau_refractory"].perturbed(before, np.array([change.min(axis=0), change.max(axis=0)]))
    return dict(zip(("least", "most"), (refractory_steps(extremes, delta_t) * delta_t).tolist(), strict=True))


def describe_run(
    experiment: Experiment,
    simulation: Simulation,
    binned: NDArray[np.floating],
    perturbations: Mapping[str, tuple[Course, bool]],
    stimulus: Stimulus,
    *,
    recorded_every: int,
    dtype: str,
    interrupted: bool,
    wall_seconds: dict[str, float],
) -> dict[str, Any]:
    """Metadata of a run, as a mapping that JSON can hold.

    Args:
        experiment: The experiment as it was run.
        simulation: Its simulation.
        binned: From `population_rates`.
        perturbations: By target, and whether each was given beside the configuration.
        stimulus: The stimulus.
        recorded_every: Steps between two samples of voltage and current.
        dtype: Precision.
        interrupted: Whether it was stopped before its end.
        wall_seconds: Wall-clock seconds by phase, ``simulation`` among them.
    """
    populations = experiment.populations
    first_step = simulation.end.step - simulation.n_steps
    rates = mean_rates(simulation.spike_counts, populations.of_neuron, populations.total, simulation.duration)
    return {
        **describe_setup(
            experiment, perturbations, simulation.n_steps, dtype, first_step=first_step, stimulus=stimulus
        ),
        "config": experiment.to_yaml(),
        "random_seed": experiment.settings.random_seed,
        "noise_seed": simulation.end.seed,
        "n_spikes": int(simulation.spike_counts.sum()),
        "first_step": first_step,
        "recorded_every": recorded_every,
        "interrupted": interrupted,
        "mean_rates_hz": {
            name: float(rate) for name, rate in zip(populations.names, rates, strict=True) if np.isfinite(rate)
        },
        "mean_rates_by_kind_hz": _rates_by_kind(populations, rates),
        "active_clusters": _mean_active_clusters(populations, binned, simulation.delta_t),
        "wall_seconds": wall_seconds,
        "real_time_factor": simulation.duration / wall_seconds["simulation"],
    }


def _rates_by_kind(populations: Populations, rates: NDArray[np.float64]) -> dict[str, float]:
    """Mean rate per neuron of E clusters, E background, I clusters, I background, where there are any."""
    by_kind: dict[str, float] = {}
    for kind, letter in ((EXCITATORY, "E"), (INHIBITORY, "I")):
        for clustered, place in ((True, "clusters"), (False, "background")):
            chosen = (populations.types == kind) & ((populations.cluster_index >= 0) == clustered)
            chosen &= np.isfinite(rates)
            if chosen.any():
                by_kind[f"{letter} {place}"] = float(np.average(rates[chosen], weights=populations.sizes[chosen]))
    return by_kind


def population_rates(populations: Populations, simulation: Simulation) -> NDArray[np.floating]:
    """Rates in Hz, shape ``(n_bins, P)``; a last, incomplete bin is left out."""
    bin_steps = steps_per_sample(simulation.delta_t)
    complete = simulation.binned_counts[: simulation.n_steps // bin_steps]
    return binned_rates(complete, populations.sizes, bin_steps * simulation.delta_t)


def _mean_active_clusters(populations: Populations, binned: NDArray[np.floating], delta_t: float) -> float | None:
    """Time average of the number of E clusters above `ACTIVE_RATE`; None where there is nothing to average."""
    n_clusters = populations.n_clusters if populations.cluster_sizes[EXCITATORY] else 0
    _, rates = smooth(binned[:, :n_clusters], steps_per_sample(delta_t) * delta_t)
    if not n_clusters or not len(rates):
        return None
    return float((rates > ACTIVE_RATE).sum(axis=1).mean())
