"""States, their activations and their survival in plain NumPy: what one writes without a toolkit or checks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

#: Steps of 0.5 ms in a bin, width of the kernel in bins, shortest visit in seconds.
_DT, _BIN_STEPS, _WIDTH, _SHORTEST = 0.5e-3, 10, 5.0, 50e-3


class PlainFindings(NamedTuple):
    """Numbers of states and of their visits, and the mean duration of these in seconds (Kaplan-Meier)."""

    n_states: int
    n_visits: int
    mean_lifespan: float


def plain_analysis(files: Sequence[Path], labels: NDArray[np.integer], n_excitatory: int) -> PlainFindings:
    """Analyse files of spikes, dense arrays or steps and neurons or times and neurons, one session each."""
    clusters, of_neuron = np.unique(labels, return_inverse=True)
    sizes, durations, of_state = np.bincount(of_neuron), [], {}
    cut_start, cut_end = [], []
    for steps, neurons, n_steps in map(_read, files):
        counts = _counts(steps, of_neuron[neurons], n_steps // _BIN_STEPS, len(clusters))
        rates = counts.astype(np.float32) / (sizes * _BIN_STEPS * _DT).astype(np.float32)
        active = _active(gaussian_filter1d(rates, _WIDTH, axis=0)[:, :n_excitatory])
        rows, edges = _visits(active, n_steps * _DT)
        durations.append(np.diff(edges))
        cut_start.append(np.arange(len(rows)) == 0)
        cut_end.append(np.arange(len(rows)) == len(rows) - 1)
        for row, duration in zip(np.packbits(rows, axis=1), durations[-1], strict=True):
            of_state.setdefault(row.tobytes(), []).append(duration)
    mean = _survival(*map(np.concatenate, (durations, cut_start, cut_end)))
    return PlainFindings(len(of_state), sum(map(len, of_state.values())), mean)


def _read(file: Path) -> tuple[NDArray[np.integer], NDArray[np.integer], int]:
    if file.suffix == ".npy":
        dense = np.load(file)
        return *np.nonzero(dense), len(dense)
    with np.load(file) as arrays:
        if "steps" in arrays:
            return arrays["steps"], arrays["neurons"], int(arrays["n_steps"])
        n_steps = round(float(arrays["duration"]) / _DT)
        return np.floor(arrays["times"] / _DT + 1e-6).astype(np.int64), arrays["neurons"], n_steps


def _counts(steps: NDArray, cluster: NDArray, n_bins: int, n_clusters: int) -> NDArray[np.int64]:
    n = np.searchsorted(steps, n_bins * _BIN_STEPS)
    cell = (steps[:n] // _BIN_STEPS) * n_clusters + cluster[:n]
    return np.bincount(cell, minlength=n_bins * n_clusters).reshape(n_bins, n_clusters)


def _active(rates: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Above the rate that divides the histogram of square roots best (Otsu 1979)."""
    counts, edges = np.histogram(np.sqrt(rates), 256)
    middle = (edges[1:] + edges[:-1]) / 2
    below, sums = np.cumsum(counts)[:-1], np.cumsum(counts * middle)
    between = (sums[-1] * below - counts.sum() * sums[:-1]) ** 2 / (below * (counts.sum() - below))
    return rates > edges[np.argmax(between) + 1] ** 2


def _visits(active: NDArray[np.bool_], duration: float) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Active clusters in each visit that lasts, and the edges of these; what lies between is halved."""
    begin = np.append(0, np.flatnonzero((active[1:] != active[:-1]).any(axis=1)) + 1)
    edges = np.append(begin * _BIN_STEPS * _DT, duration)
    kept = np.flatnonzero(np.diff(edges) >= _SHORTEST * (1 - 1e-9))
    rows = active[begin[kept]]
    first = np.append(True, (rows[1:] != rows[:-1]).any(axis=1)) if len(rows) else np.zeros(0, bool)
    last = np.append(first[1:], True) if len(rows) else first
    borders = (edges[kept[last] + 1][:-1] + edges[kept[first]][1:]) / 2
    return rows[first], np.concatenate([[0.0], borders, [duration]])


def _survival(durations: NDArray, cut_start: NDArray, cut_end: NDArray) -> float:
    """Kaplan-Meier mean of the durations."""
    times, index = np.unique(durations[~cut_start].round(9), return_inverse=True)
    ends = np.bincount(index[~cut_end[~cut_start]], minlength=len(times))
    at_risk = len(index) - np.append(0, np.cumsum(np.bincount(index))[:-1])
    surviving = np.cumprod(1 - ends / at_risk)
    return float(np.diff(times, prepend=0.0) @ np.append(1.0, surviving[:-1]))
