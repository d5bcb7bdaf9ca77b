"""Mean-matched Fano factors: variability at a distribution of mean counts that does not change in time.

References:
    Churchland et al. 2010, "Stimulus onset quenches neural variability: a widespread cortical phenomenon", Nature
    Neuroscience 13, 369.
"""

from __future__ import annotations

import logging
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuro_mod.checks import whole_number
from neuro_mod.core.random import Stream
from neuro_mod.errors import invalid

_LOG = logging.getLogger(__name__)

#: Random choices of the points that are kept, and width of the bins of mean counts, in spikes.
N_DRAWS, BIN_SPIKES = 10, 0.25
#: Fewer points give no slope.
MIN_POINTS = 5
#: Rate in Hz below which the weight of a point no longer increases.
_LEAST_RATE = 1.0


class MatchedSlopes(NamedTuple):
    """Mean-matched Fano factors, shapes ``(n_windows,)``.

    Attributes:
        slope: Slope of variance over mean, averaged over draws; NaN if fewer than `MIN_POINTS` points are left.
        standard_error: Of the slope of the regression, averaged over draws.
        n_points: Points that are left, the same number in every window.
    """

    slope: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    n_points: NDArray[np.int64]


def mean_matched_slopes(
    mean: NDArray[np.float64],
    variance: NDArray[np.float64],
    n_epochs: NDArray[np.int64],
    *,
    window: float,
    seed: int = 0,
    n_draws: int = N_DRAWS,
    bin_spikes: float = BIN_SPIKES,
) -> MatchedSlopes:
    """Fano factors of points (a neuron in a condition) whose mean counts are distributed alike in all windows.

    In every bin of mean counts the smallest number of points over all windows is kept, drawn at random; the rest is
    left out. Points without a spike in a window are left out of it. The Fano factor is the slope of the regression of
    variance on mean through the origin, where the weight of a point is its number of epochs over
    ``(mean + window x 1 Hz)**2``, as the sampling variance of a variance rises with the square of the mean.

    Args:
        mean: Mean counts, shape ``(n_windows, n_points)``.
        variance: Variances over epochs, of the same shape.
        n_epochs: Epochs of each point, shape ``(n_points,)``.
        window: Length of the windows in seconds.
        seed: Root seed of the draws.
        n_draws: Number of draws.
        bin_spikes: Width of the bins of mean counts, in spikes.

    Raises:
        InputError: The number of draws or the width is not valid.
    """
    whole_number("n_draws", n_draws, 1)
    if not 0 < bin_spikes < math.inf:
        raise invalid("bin_spikes", bin_spikes, "a finite number of spikes above 0")
    bins = (mean / bin_spikes).astype(np.int64)
    bins[mean <= 0] = -1
    common = common_histogram(bins)
    n_windows, n_kept = len(mean), int(common.sum())
    if n_kept < MIN_POINTS:
        _LOG.warning(
            "mean matching leaves %d neurons (expected at least %d): their mean counts differ too much in time for "
            "bins of %g spikes",
            n_kept,
            MIN_POINTS,
            bin_spikes,
        )
        nothing = np.full(n_windows, np.nan)
        return MatchedSlopes(nothing, nothing.copy(), np.full(n_windows, n_kept))
    slopes, errors = np.zeros((2, n_draws, n_windows))
    for draw in range(n_draws):
        for window_index in range(n_windows):
            order = Stream(seed, "mean_matching", (draw, window_index)).permutation(mean.shape[1])
            kept = order[first_in_bins(bins[window_index, order], common)]
            slopes[draw, window_index], errors[draw, window_index] = slope_through_origin(
                mean[window_index, kept], variance[window_index, kept], n_epochs[kept], window * _LEAST_RATE
            )
    return MatchedSlopes(slopes.mean(axis=0), errors.mean(axis=0), np.full(n_windows, n_kept))


def common_histogram(bins: NDArray[np.int64]) -> NDArray[np.int64]:
    """The greatest histogram that every window has in common.

    Args:
        bins: Bin of each point in each window, -1 for none, shape ``(n_windows, n_points)``.

    Returns:
        Points in each bin, shape ``(n_bins,)``.
    """
    n_bins = int(bins.max(initial=-1)) + 1
    return np.min([np.bincount(each[each >= 0], minlength=n_bins) for each in bins], axis=0)


def first_in_bins(bins: NDArray[np.int64], numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Indices of the first so many points of each bin.

    Args:
        bins: Bin of each point, -1 for none, shape ``(n_points,)``.
        numbers: How many of each bin, shape ``(n_bins,)``.
    """
    by_bin = np.argsort(bins, kind="stable")
    ordered = bins[by_bin]
    rank = np.arange(len(bins)) - np.searchsorted(ordered, ordered)  # within the bin
    return by_bin[(ordered >= 0) & (rank < np.append(numbers, 0)[ordered])]


def slope_through_origin(
    mean: NDArray[np.float64], variance: NDArray[np.float64], n_epochs: NDArray[np.int64], least_mean: float
) -> tuple[float, float]:
    """Weighted least-squares slope of variance over mean through the origin, and its standard error."""
    weight = n_epochs / (mean + least_mean) ** 2
    weight_of_squares = float(np.sum(weight * mean**2))
    slope = float(np.sum(weight * mean * variance)) / weight_of_squares
    residual = float(np.sum(weight * (variance - slope * mean) ** 2)) / (len(mean) - 1)
    return slope, math.sqrt(residual / weight_of_squares)
