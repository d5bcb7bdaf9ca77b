"""Start of the fit of a Poisson hidden Markov model: persistent states with the rates of groups of bins.

References:
    Arthur & Vassilvitskii 2007, "k-means++: the advantages of careful seeding" (the greedy variant of section 4).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d
from scipy.spatial.distance import cdist

from neuro_mod.core.random import Stream
from neuro_mod.core.spiking_net.analysis.hidden_markov.poisson_hmm import Counts, PoissonModel

#: Number of bins averaged before grouping: single bins are mostly noise.
AVERAGED_BINS = 7
#: Iterations of k-means.
GROUPINGS = 10
#: Probability that a state lasts another bin.
STAY = 0.9
#: Weight of a group's own mean in the rates of its state, so that units silent in the group remain possible.
OWN_SHARE = 0.9


def random_start(counts: Counts, n_states: int, stream: Stream) -> PoissonModel:
    """One state for each group of similar bins.

    Bins are grouped by the square roots of their counts, whose variance is independent of the rate.

    Args:
        counts: The spike counts.
        n_states: Number of states.
        stream: Random numbers.
    """
    averages = np.concatenate(
        [
            uniform_filter1d(counts.spikes[:length, session], AVERAGED_BINS, axis=0, mode="nearest")
            for session, length in enumerate(counts.lengths)
        ]
    )
    roots = np.sqrt(averages)
    centres = _grouped(roots, _spread_out(roots, n_states, stream))
    means = OWN_SHARE * centres**2 + (1 - OWN_SHARE) * averages.mean(axis=0)
    return PoissonModel(
        np.full(n_states, 1 / n_states),
        STAY * np.eye(n_states) + (1 - STAY) / n_states,
        np.maximum(means, counts.least_mean),
    )


def _spread_out(points: NDArray[np.float64], n: int, stream: Stream) -> NDArray[np.float64]:
    """Points far from each other: each the best of a few drawn by their squared distance from those before."""
    chosen: list[int] = []
    nearest = np.full(len(points), np.inf)
    cumulative = np.arange(1.0, len(points) + 1)
    for uniform in stream.uniform(np.arange(n), 2 + int(np.log(n))):
        drawn = np.searchsorted(cumulative, uniform * cumulative[-1], side="right")
        candidates = np.minimum(drawn, len(points) - 1)
        distances = np.minimum(nearest, cdist(points[candidates], points, "sqeuclidean"))
        best = distances.sum(axis=1).argmin()
        chosen.append(candidates[best])
        nearest = distances[best]
        cumulative = np.cumsum(nearest)
    return points[chosen]


def _grouped(points: NDArray[np.float64], centres: NDArray[np.float64]) -> NDArray[np.float64]:
    """The centres after some iterations of k-means; one without points stays where it is."""
    for _ in range(GROUPINGS):
        members = np.eye(len(centres))[cdist(points, centres, "sqeuclidean").argmin(axis=1)]
        sizes = members.sum(axis=0)[:, None]
        centres = np.where(sizes > 0, members.T @ points / np.maximum(sizes, 1), centres)
    return centres
