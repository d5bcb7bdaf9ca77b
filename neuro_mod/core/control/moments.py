"""Means of observables and their covariances with the scores in windows before them, summed over blocks of trials.

For a shift of the external rate of population a by delta (Hz) that began w before the time t of the observation, the
derivative of the mean of an observable f is

    d E[f(t)] / d delta_a = Cov(f(t), sum of s_a(u) for t - w < u <= t),

with the score s_a, the derivative of the log-likelihood of the external counts, whose mean is 0 (the likelihood ratio
or score function estimator). The sum over all t is arranged by the time u of the score instead,

    sum_u s_a(u) A(u),   A(u) = sum of f(t) - mean for u <= t < u + w,

so that what the past says about A(u) can be subtracted, see `baselines`: it has no covariance with s_a(u). The mean is
that of the other blocks. That of all data holds the response, too, and would make it too small, by a part of some
windows in the length of the data.

References:
    Glynn 1990, "Likelihood ratio gradient estimation for stochastic systems", Communications of the ACM 33.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.control.baselines import MIN_BLOCKS_KNOWN, BaselineSums, predicted_products
from neuro_mod.core.control.blocks import block_edges
from neuro_mod.core.control.windows import Windowed
from neuro_mod.errors import InputError, invalid


@dataclass(frozen=True, eq=False)
class Moments:
    """Sums over B blocks, for W windows, m observables and P populations.

    Args:
        windows: Windows in bins, shape ``(W,)``.
        counts: Number of observations, shape ``(B,)``.
        values: Sums of the observables, shape ``(B, m)``.
        products: Sums of observables, minus what is expected without the scores, times the scores in the windows before
            them, 1/Hz, shape ``(B, W, m, P)``.
    """

    windows: NDArray[np.int64]
    counts: NDArray[np.float64]
    values: NDArray[np.float64]
    products: NDArray[np.float64]

    @property
    def n_blocks(self) -> int:
        """Number of blocks B."""
        return len(self.counts)

    def means_and_responses(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Means of the observables, shape ``(m,)``, and their responses per Hz, shape ``(W, m, P)``."""
        n = self.counts.sum()
        return self.values.sum(axis=0) / n, self.products.sum(axis=0) / n

    def leaving_out(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The same without each of the blocks, shapes ``(B, m)`` and ``(B, W, m, P)``."""
        counts, values, products = (each.sum(axis=0) - each for each in (self.counts, self.values, self.products))
        with np.errstate(invalid="ignore", divide="ignore"):  # nothing is left without a single block
            return values / counts[:, None], products / counts[:, None, None, None]


def moments_of(
    observed: Sequence[NDArray[np.floating]],
    scores: Sequence[NDArray[np.floating]],
    windows: Sequence[int],
    *,
    first: int = 0,
    lead: int = 0,
    edges: Sequence[NDArray[np.int64]] | None = None,
    known: Iterable[NDArray[np.floating]] | None = None,
) -> Moments:
    """Sum over trials.

    Args:
        observed: Observables of each trial on a grid of bins, shape ``(T, m)``.
        scores: Scores of each trial summed over the same bins, in 1/Hz, shape ``(T, P)``.
        windows: Windows in bins; one of w bins ends with the bin of the observation and holds it.
        first: Bin of the first observation; at least the longest window, so that all windows see the same ones.
        lead: Bins by which the windows are later: with a lead of at least a window (and the reach of the observables
            into the future) no score can have caused what is observed, and all covariances must vanish.
        edges: Blocks, as `block_edges` gives them, which is the default.
        known: What is known about the future of each observable before each bin, shape ``(T, m, k)``; see `baselines`.

    Raises:
        InputError: A window is not within the trials, or shapes differ.
    """
    _check(observed, scores, windows)
    start = max(first, *windows)
    short = min(len(each) for each in observed)
    if short <= start:
        raise invalid("trials", f"{short} bins", f"more than {start} bins, for the longest window and what is left out")
    if edges is None:
        edges = block_edges([len(each) for each in observed], max(windows))
    how = list(windows), lead, start
    sums = [
        _sums_of_trial(values, score, *how, edge) for values, score, edge in zip(observed, scores, edges, strict=True)
    ]
    known_sums = [
        BaselineSums.of_trial(values, score, features, *how, edge)
        for values, score, features, edge in zip(observed, scores, known or (), edges, strict=known is not None)
    ]
    counts, totals, products, score_sums = (np.concatenate(each) for each in zip(*sums, strict=True))
    means = _means_of_others(counts, totals)
    products = products - means[:, None, :, None] * score_sums[:, :, None]
    if known_sums and len(counts) >= MIN_BLOCKS_KNOWN:
        products = products - predicted_products(known_sums, means)
    return Moments(np.asarray(windows, np.int64), counts, totals, products)


def _means_of_others(counts: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each block the means in all others, shape ``(B, m)``; those of a single block."""
    if np.count_nonzero(counts) < 2:
        return np.broadcast_to(values.sum(axis=0) / counts.sum(), values.shape)
    return (values.sum(axis=0) - values) / (counts.sum() - counts)[:, None]


def _sums_of_trial(
    values: NDArray[np.floating],
    scores: NDArray[np.floating],
    windows: Sequence[int],
    lead: int,
    start: int,
    edges: NDArray[np.int64],
) -> tuple[NDArray[np.float64], ...]:
    spans = list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
    observed, ones = (Windowed(each, lead, start) for each in (values, np.ones(len(values))))
    products = np.empty((len(spans), len(windows), values.shape[1], scores.shape[1]))
    score_sums = np.empty((len(spans), len(windows), scores.shape[1]))
    for i, (begin, end) in enumerate(spans):
        for j, window in enumerate(windows):
            products[i, j] = observed.sums(window, begin, end).T @ scores[begin:end]
            score_sums[i, j] = ones.sums(window, begin, end) @ scores[begin:end]
    inside = [slice(max(begin, start), max(end, start)) for begin, end in spans]
    counts = np.array([each.stop - each.start for each in inside], np.float64)
    return counts, np.array([values[each].sum(axis=0) for each in inside]), products, score_sums


def _check(
    observed: Sequence[NDArray[np.floating]], scores: Sequence[NDArray[np.floating]], windows: Sequence[int]
) -> None:
    if not observed or not windows:
        raise InputError("no trial or no window found; expected at least one of each")
    if min(windows) < 1:
        raise invalid("windows", min(windows), "at least one bin")
    for values, score in zip(observed, scores, strict=True):
        if values.ndim != 2 or score.ndim != 2 or len(values) != len(score):
            raise InputError(
                f"shapes {values.shape} of observables and {score.shape} of scores found; expected (T, m) and (T, P) "
                "of the same number of bins"
            )
