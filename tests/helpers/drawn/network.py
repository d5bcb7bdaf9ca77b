"""Each function that draws a figure of simulations, called with small data."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from matplotlib.figure import Figure

from neuro_mod import plotting
from neuro_mod.populations import Populations
from neuro_mod.recordings.spikes import SpikeEvents

POPULATIONS = Populations(3, (20, 5), (20, 10))
TIMES = np.arange(100) * 0.01


def _raster(**options: object) -> Figure:
    rng = np.random.default_rng(1)
    n = POPULATIONS.n_neurons
    steps, neurons = np.sort(rng.integers(0, 2000, 900)).astype(np.int32), rng.integers(0, n, 900).astype(np.int32)
    return plotting.raster(SpikeEvents(steps, neurons, 2000, n, 0.5e-3), POPULATIONS, **options)


def _cluster_rate_map(**options: object) -> Figure:
    rates = np.random.default_rng(1).random((len(TIMES), POPULATIONS.total)) * 40
    return plotting.cluster_rate_map(TIMES, rates, POPULATIONS, **options)


def _voltage_trace(n: int) -> Callable[..., Figure]:
    voltage = np.random.default_rng(1).random((len(TIMES), n))
    spikes, labels = [TIMES[[20, 60]]] * n, [f"neuron {k} (E{k})" for k in range(n)]
    return lambda **options: plotting.voltage_trace(TIMES, voltage, 1.5, spikes, labels, **options)


#: By name in `neuro_mod.plotting`, with what is special about it after a space; called with ``ax=`` or without.
CASES: dict[str, Callable[..., Figure]] = {
    "raster": _raster,
    "cluster_rate_map": _cluster_rate_map,
    "voltage_trace": _voltage_trace(3),
    "voltage_trace of one": _voltage_trace(1),
}
