"""What a run of the spiking network says about itself."""

from __future__ import annotations

from typing import Any

import numpy as np

import neuro_mod
from neuro_mod.config import Experiment
from neuro_mod.core.populations import EXCITATORY, INHIBITORY, Populations
from neuro_mod.core.spiking_net.analysis.rates import ACTIVE_RATE, mean_rates, smoothed_rates
from neuro_mod.core.spiking_net.spikes import SpikeEvents


def describe_run(
    experiment: Experiment,
    spikes: SpikeEvents,
    *,
    first_step: int,
    recorded_every: int,
    dtype: str,
    interrupted: bool,
    wall_seconds: dict[str, float],
) -> dict[str, Any]:
    """Metadata of a run, as a mapping that JSON can hold.

    Args:
        experiment: The experiment as it was run.
        spikes: All its spikes.
        first_step: Step at which it began, counted from the start of the noise.
        recorded_every: Steps between two samples of voltage and current.
        dtype: Precision.
        interrupted: Whether it was stopped before its end.
        wall_seconds: Wall-clock seconds by phase, ``simulation`` among them.
    """
    populations = experiment.populations
    rates = mean_rates(spikes, populations.of_neuron, populations.total)
    return {
        "version": neuro_mod.__version__,
        "config": experiment.to_yaml(),
        "random_seed": experiment.settings.random_seed,
        "dtype": dtype,
        "duration_sec": spikes.duration,
        "delta_t": spikes.delta_t,
        "n_steps": spikes.n_steps,
        "n_neurons": spikes.n_neurons,
        "n_spikes": len(spikes),
        "first_step": first_step,
        "recorded_every": recorded_every,
        "interrupted": interrupted,
        "mean_rates_hz": {
            name: float(rate) for name, rate in zip(populations.names, rates, strict=True) if np.isfinite(rate)
        },
        "mean_rates_by_kind_hz": _rates_by_kind(populations, rates),
        "active_clusters": _mean_active_clusters(populations, spikes),
        "active_above_hz": ACTIVE_RATE,
        "wall_seconds": wall_seconds,
        "real_time_factor": spikes.duration / wall_seconds["simulation"],
    }


def _rates_by_kind(populations: Populations, rates: np.ndarray) -> dict[str, float]:
    """Mean rate per neuron of E clusters, E background, I clusters, I background, where there are any."""
    by_kind: dict[str, float] = {}
    for kind, letter in ((EXCITATORY, "E"), (INHIBITORY, "I")):
        for clustered, place in ((True, "clusters"), (False, "background")):
            chosen = (populations.types == kind) & ((populations.cluster_index >= 0) == clustered)
            chosen &= np.isfinite(rates)
            if chosen.any():
                by_kind[f"{letter} {place}"] = float(np.average(rates[chosen], weights=populations.sizes[chosen]))
    return by_kind


def _mean_active_clusters(populations: Populations, spikes: SpikeEvents) -> float | None:
    """Time average of the number of E clusters above `ACTIVE_RATE`; None where there is nothing to average."""
    n_clusters = populations.n_clusters if populations.cluster_sizes[EXCITATORY] else 0
    _, rates = smoothed_rates(spikes, populations.of_neuron, populations.total)
    if not n_clusters or not len(rates):
        return None
    return float((rates[:, :n_clusters] > ACTIVE_RATE).sum(axis=1).mean())
