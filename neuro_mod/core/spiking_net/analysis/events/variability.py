"""Fano factors over epochs in sliding windows, and how much an event quenches variability."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuro_mod.core.spiking_net.analysis.events.epoch_spikes import (
    EpochSpikes,
    Windows,
    counts_in,
    window_counts,
    windows_in,
)
from neuro_mod.core.spiking_net.analysis.events.mean_matching import mean_matched_slopes
from neuro_mod.errors import InputError

_LOG = logging.getLogger(__name__)


class CountMoments(NamedTuple):
    """Means and variances of counts over the epochs of each condition with at least two.

    Attributes:
        mean: Shape ``(n_conditions, n_windows, n_neurons)``.
        variance: With the number of epochs minus one in the denominator; of the same shape.
        n_epochs: Epochs of each of these conditions, shape ``(n_conditions,)``.
    """

    mean: NDArray[np.float64]
    variance: NDArray[np.float64]
    n_epochs: NDArray[np.int64]


class Quenching(NamedTuple):
    """Mean Fano factors before and after the event.

    Attributes:
        before: Mean over neurons and windows of the spontaneous part.
        after: Of the evoked part.
        difference: ``before - after``, positive where the event quenches variability.
        standard_error: Of the difference, by delete-one jackknife over epochs, within conditions; NaN if one of them
            has fewer than 3.
        before_standard_error: Of ``before``, likewise.
        after_standard_error: Of ``after``, likewise.
    """

    before: float
    after: float
    difference: float
    standard_error: float
    before_standard_error: float
    after_standard_error: float


def fano_in_time(
    spikes: EpochSpikes,
    condition: NDArray[np.int64],
    unit_of_neuron: NDArray[np.int64],
    n_neurons: int,
    *,
    window_ms: float,
    step_ms: float,
    mean_matched: bool,
    seed: int,
    n_draws: int,
    bin_spikes: float,
) -> pd.DataFrame:
    """Fano factors over epochs in sliding windows, see `Epochs.fano`."""
    windows = windows_in(spikes, window_ms, step_ms, "window_ms")
    moments = count_moments(spikes, windows, condition, unit_of_neuron, n_neurons)
    factors = fano_factors(moments.mean, moments.variance)
    known = np.isfinite(factors)
    n = known.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(known, factors, 0).sum(axis=1) / n
        squares = np.where(known, (factors - mean[:, None]) ** 2, 0).sum(axis=1)
        error = np.where(n > 1, np.sqrt(squares / (n - 1) / n), np.nan)
    table = pd.DataFrame({"time": windows.times(spikes), "fano": mean, "standard_error": error, "n_neurons": n})
    if mean_matched:
        matched = mean_matched_slopes(
            *_points(moments), window=window_ms * 1e-3, seed=seed, n_draws=n_draws, bin_spikes=bin_spikes
        )
        table = table.assign(
            mean_matched=matched.slope, mean_matched_error=matched.standard_error, n_matched=matched.n_points
        )
    return table


def fano_factors(mean: NDArray[np.float64], variance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fano factor of each neuron: mean variance over mean count, both averaged over conditions with equal weights.

    Args:
        mean: Shape ``(n_conditions, n_windows, n_neurons)``.
        variance: Of the same shape.

    Returns:
        Shape ``(n_windows, n_neurons)``; NaN for neurons without a spike.
    """
    above, below = variance.mean(axis=0), mean.mean(axis=0)
    return np.divide(above, below, out=np.full_like(below, np.nan), where=below > 0)


def count_moments(
    spikes: EpochSpikes,
    windows: Windows,
    condition: NDArray[np.int64],
    unit_of_neuron: NDArray[np.int64],
    n_neurons: int,
) -> CountMoments:
    """Means and variances of the counts of each neuron over the epochs of each condition.

    Conditions with a single epoch are left out with a warning.

    Args:
        spikes: The epochs.
        windows: Windows in which spikes are counted.
        condition: Number of the condition of each epoch, shape ``(n_epochs,)``.
        unit_of_neuron: Place of each neuron among those that count, ``n_neurons`` for others.
        n_neurons: Number of neurons that count.

    Raises:
        InputError: No condition has two epochs.
    """
    used, place = _conditions(condition)
    shape = len(used), windows.n, n_neurons
    total, squares = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    counted = window_counts(spikes, windows, unit_of_neuron, n_neurons)
    for where, counts in zip(place[condition].tolist(), counted, strict=True):
        if where >= 0:
            total[where] += counts
            squares[where] += counts**2
    n = np.bincount(condition)[used]
    return CountMoments(*_moments(total, squares, n[:, None, None]), n)


def _conditions(condition: NDArray[np.int64], least: int = 2) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Conditions with enough epochs, and the place of each condition among them, -1 for others."""
    n = np.bincount(condition)
    used = np.flatnonzero(n >= least)
    if not len(used):
        raise InputError(f"epochs: {n.max(initial=0)} of a condition found; expected at least {least}")
    if left_out := np.count_nonzero(n) - len(used):
        _LOG.warning("%d conditions with fewer than %d epochs were left out of Fano factors", left_out, least)
    place = np.full(len(n), -1)
    place[used] = np.arange(len(used))
    return used, place


def _moments(
    total: NDArray[np.int64], squares: NDArray[np.int64], n: NDArray[np.int64] | int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and variance, given sums; the numerator of the variance is exact."""
    return total / n, (n * squares - total**2) / (n * (n - 1))


def _points(moments: CountMoments) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Mean and variance of each neuron in each condition, shape ``(n_windows, n_points)``, and their epochs."""
    n_conditions, n_windows, n_neurons = moments.mean.shape
    mean, variance = (
        values.transpose(1, 0, 2).reshape(n_windows, n_conditions * n_neurons)
        for values in (moments.mean, moments.variance)
    )
    return mean, variance, np.repeat(moments.n_epochs, n_neurons)


def quenching(
    spikes: EpochSpikes,
    condition: NDArray[np.int64],
    unit_of_neuron: NDArray[np.int64],
    n_neurons: int,
    *,
    window_ms: float,
    spontaneous: Sequence[float | None],
    evoked: Sequence[float | None],
) -> Quenching:
    """Drop of the Fano factor from a part before the event to one after it, see `Epochs.quenching`."""
    used, place = _conditions(condition)
    of_epoch = place[condition]
    numbers = np.bincount(condition)[used]
    estimates, without = np.zeros(2), np.full((2, int(numbers.sum())), np.nan)
    for part, edges in enumerate((spontaneous, evoked)):
        windows = windows_in(spikes, window_ms, window_ms, "window_ms", *edges)
        counts = counts_in(spikes, windows, unit_of_neuron, n_neurons)[of_epoch >= 0]
        estimates[part], without[part] = _jackknifed(counts, of_epoch[of_epoch >= 0], numbers)
    of_kept = of_epoch[of_epoch >= 0]
    errors = [_jackknife_error(each, of_kept) for each in (*without, without[0] - without[1])]
    before, after = estimates.tolist()
    return Quenching(before, after, before - after, errors[2], errors[0], errors[1])


def _jackknifed(
    counts: NDArray[np.int64], of_epoch: NDArray[np.int64], numbers: NDArray[np.int64]
) -> tuple[float, NDArray[np.float64]]:
    """Mean Fano factor over neurons and windows, and the same without each epoch; NaN where too few are left."""
    shape = len(numbers), *counts.shape[1:]
    total, squares = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    np.add.at(total, of_epoch, counts)
    np.add.at(squares, of_epoch, counts**2)
    n = numbers[:, None, None]
    mean, variance = _moments(total, squares, n)
    without = np.full(len(counts), np.nan)
    for epoch, which in enumerate(of_epoch.tolist()):
        if numbers[which] < 3:
            continue
        kept = mean[which].copy(), variance[which].copy()
        left = total[which] - counts[epoch], squares[which] - counts[epoch] ** 2
        mean[which], variance[which] = _moments(*left, numbers[which] - 1)
        without[epoch] = _mean_factor(mean, variance)
        mean[which], variance[which] = kept
    return _mean_factor(mean, variance), without


def _mean_factor(mean: NDArray[np.float64], variance: NDArray[np.float64]) -> float:
    factors = fano_factors(mean, variance)
    return float(np.mean(factors[np.isfinite(factors)])) if np.isfinite(factors).any() else np.nan


def _jackknife_error(without: NDArray[np.float64], of_epoch: NDArray[np.int64]) -> float:
    """Standard error from estimates without each epoch, which are drawn within conditions (strata)."""
    n = np.bincount(of_epoch)
    about = without - (np.bincount(of_epoch, without) / n)[of_epoch]
    return float(np.sqrt(np.sum(((n - 1) / n)[of_epoch] * about**2)))
