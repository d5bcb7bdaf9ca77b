"""Each function that draws a figure of simulations, called with small data."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from neuro_mod import plotting
from neuro_mod.core.course import Course
from neuro_mod.plotting.network.rate_histogram import ComparedState
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


def _spikes() -> SpikeEvents:
    n = POPULATIONS.n_neurons
    return SpikeEvents(np.arange(0, 900, 9).astype(np.int32), (np.arange(100) % n).astype(np.int32), 1000, n, 1e-3)


def _vector() -> NDArray[np.float64]:
    return np.sin(np.arange(POPULATIONS.total, dtype=np.float64))


def _perturbation_map(*targets: str) -> Callable[..., Figure]:
    course = Course([0, 300, 700], np.array([0.0, 1.0, 0.0])[:, None] * _vector())
    return lambda **options: plotting.perturbation_map(
        dict.fromkeys(targets, course), POPULATIONS, duration=1.0, delta_t=1e-3, **options
    )


def _effective_parameters(*targets: str) -> Callable[..., Figure]:
    before, after = (dict.fromkeys(targets, values) for values in (np.ones(len(_vector())), 1 + _vector() / 9))
    return lambda **options: plotting.effective_parameters(before, after, POPULATIONS, **options)


def _paired_runs(**options: object) -> Figure:
    difference = np.outer(np.sin(TIMES), 9 * _vector())
    return plotting.paired_runs(_spikes(), _spikes(), TIMES, difference, {"rate": _vector()}, POPULATIONS, **options)


def _difference_traces(**options: object) -> Figure:
    difference = np.outer(np.sin(TIMES), 9 * _vector())
    acted_on = np.ones(POPULATIONS.total, bool)
    return plotting.difference_traces(TIMES, difference, np.abs(difference) / 4, POPULATIONS, acted_on, **options)


def _rate_histogram(**options: object) -> Figure:
    states = [ComparedState(np.array([40.0, 2.0, 2.0]), "stable node", 1), ComparedState(np.full(3, 8.0), "saddle", 0)]
    rates = np.random.default_rng(1).gamma(2, 9, 500)
    return plotting.rate_histogram(rates, states, logarithmic=True, **options)


def _theory_comparison(**options: object) -> Figure:
    simulated = {"E active": 50.0, "E inactive": 2.0, "I background": 14.0}
    theories = {
        name: {group: factor * rate for group, rate in simulated.items()}
        for name, factor in (("shifted/poisson", 0.7), ("exact/renewal", 1.05))
    }
    errors = {group: 0.05 * rate for group, rate in simulated.items()}
    return plotting.theory_comparison(simulated, theories, standard_errors=errors, **options)


#: By name in `neuro_mod.plotting`, with what is special about it after a space; called with ``ax=`` or without.
CASES: dict[str, Callable[..., Figure]] = {
    "raster": _raster,
    "cluster_rate_map": _cluster_rate_map,
    "voltage_trace": _voltage_trace(3),
    "voltage_trace of one": _voltage_trace(1),
    "perturbation_map": _perturbation_map("rate", "threshold"),
    "perturbation_map of one": _perturbation_map("rate"),
    "effective_parameters": _effective_parameters("rate", "threshold"),
    "paired_runs": _paired_runs,
    "difference_traces": _difference_traces,
    "rate_histogram": _rate_histogram,
    "theory_comparison": _theory_comparison,
}
