"""Whether two simulators draw their spikes from the same distribution.

A metastable network differs between two runs of one simulator more than most errors would make it differ, so that runs
are compared with runs. A run gives distributions over neurons or pairs of neurons. How far two of them are apart is
measured by the Kolmogorov-Smirnov distance, which sees any change of shape but in which a small shift of all drowns,
and by the difference of their means. Runs of two simulators are as far apart as runs of one if

    energy = 2 mean(distances between A and B) - mean(distances within A) - mean(distances within B)

is no larger than it is, by chance, when the labels A and B are dealt out anew (the energy statistic of Székely & Rizzo
2013, tested by permutation).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from neuro_mod.recordings.spikes import SpikeEvents

#: Chance that two simulators that are the same are told apart.
LEVEL = 0.01
_BIN_WIDTH = 50e-3  # s
_MIN_SPIKES = 5  # fewer say nothing of how regular they are
_N_PERMUTATIONS = 20_000

Distributions = dict[str, NDArray[np.float64]]


def distributions(spikes: SpikeEvents, warm_up: float, pairs: NDArray[np.int64]) -> Distributions:
    """Rates, coefficients of variation of the intervals, and correlations of spike counts.

    Args:
        spikes: The spikes of a run.
        warm_up: Seconds to leave out at its beginning.
        pairs: Pairs of neurons whose correlation is taken, shape ``(2, n_pairs)``.
    """
    first = round(warm_up / spikes.delta_t)
    late = spikes.steps >= first
    steps, neurons = spikes.steps[late] - first, spikes.neurons[late]
    n_steps, n = spikes.n_steps - first, spikes.n_neurons
    return {
        "rate": np.bincount(neurons, minlength=n) / (n_steps * spikes.delta_t),
        "interval CV": _interval_variation(steps, neurons, n),
        "count correlation": _correlations(steps, neurons, (n_steps, n), round(_BIN_WIDTH / spikes.delta_t), pairs),
    }


def draw_pairs(n_neurons: int, n_pairs: int, seed: int) -> NDArray[np.int64]:
    """Random pairs of different neurons, shape ``(2, n_pairs)``."""
    random = np.random.default_rng(seed)
    one, distance = random.integers(n_neurons, size=n_pairs), random.integers(1, n_neurons, size=n_pairs)
    return np.stack([one, (one + distance) % n_neurons])


def how_they_differ(ours: Sequence[Distributions], theirs: Sequence[Distributions]) -> list[str]:
    """The statistics in which the runs of two simulators differ, with the p-values that say so.

    `LEVEL` is shared among the statistics (Bonferroni).
    """
    p_values = compare(ours, theirs)
    return [f"{name}: p = {p:.2g}" for name, p in p_values.items() if p < LEVEL / len(p_values)]


def compare(ours: Sequence[Distributions], theirs: Sequence[Distributions]) -> dict[str, float]:
    """The p-value of each statistic, by either distance, if both simulators are the same."""
    runs = [*ours, *theirs]
    return {
        f"{measure} of {name}": permutation_p_value(
            np.array([[distance(a[name], b[name]) for b in runs] for a in runs]), len(ours)
        )
        for name in runs[0]
        for measure, distance in _DISTANCES.items()
    }


def permutation_p_value(distances: NDArray[np.float64], n_first: int, seed: int = 0) -> float:
    """Chance of an energy statistic as large as that of the first ``n_first`` runs against the others.

    Args:
        distances: Distances between all runs, shape ``(n_runs, n_runs)``, zero between a run and itself.
        n_first: How many of them, the first ones, come from the one simulator.
        seed: Seed of the permutations.
    """
    labels = np.arange(len(distances)) < n_first
    shuffled = np.random.default_rng(seed).permuted(np.tile(labels, (_N_PERMUTATIONS, 1)), axis=1)
    energy = _energy(distances, np.vstack([labels, shuffled]))
    return float(np.mean(energy >= energy[0] - 1e-12))


def _energy(distances: NDArray[np.float64], labels: NDArray[np.bool_]) -> NDArray[np.float64]:
    one, other = labels.astype(float), (~labels).astype(float)
    n, m = int(labels[0].sum()), int((~labels[0]).sum())

    def total(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.sum(a @ distances * b, axis=1)

    return 2 * total(one, other) / (n * m) - total(one, one) / (n * (n - 1)) - total(other, other) / (m * (m - 1))


def _difference_of_means(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    return float(np.abs(np.mean(one) - np.mean(other)))


def _kolmogorov_smirnov(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Kolmogorov-Smirnov distance: the largest one between the cumulative distributions."""
    one, other = np.sort(one), np.sort(other)
    where = np.concatenate([one, other])
    share = [np.searchsorted(sample, where, side="right") / len(sample) for sample in (one, other)]
    return float(np.max(np.abs(share[0] - share[1])))


_DISTANCES = {"distribution": _kolmogorov_smirnov, "mean": _difference_of_means}


def _interval_variation(steps: NDArray[np.int32], neurons: NDArray[np.int32], n: int) -> NDArray[np.float64]:
    order = np.lexsort((steps, neurons))
    same = np.diff(neurons[order]) == 0
    interval, neuron = np.diff(steps[order])[same].astype(float), neurons[order][1:][same]
    count = np.bincount(neuron, minlength=n)
    enough = count >= _MIN_SPIKES - 1
    mean, square = (np.bincount(neuron, interval**k, n)[enough] / count[enough] for k in (1, 2))
    return np.sqrt(np.maximum(square - mean**2, 0)) / mean


def _correlations(
    steps: NDArray[np.int32],
    neurons: NDArray[np.int32],
    shape: tuple[int, int],
    steps_per_bin: int,
    pairs: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Correlation of each pair; pairs with a neuron that never varies are left out."""
    n_steps, n = shape
    n_bins = n_steps // steps_per_bin
    bins = steps // steps_per_bin
    counts = np.zeros((n, n_bins))
    np.add.at(counts, (neurons[bins < n_bins], bins[bins < n_bins]), 1)
    counts -= counts.mean(axis=1, keepdims=True)
    scale = np.sqrt((counts**2).sum(axis=1))
    one, other = pairs[:, (scale[pairs] > 0).all(axis=0)]
    return np.sum(counts[one] * counts[other], axis=1) / (scale[one] * scale[other])
