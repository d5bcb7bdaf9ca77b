"""A mixture of two normal distributions, fitted to a histogram."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_MAX_ITERATIONS = 1000
_MIN_GAIN = 1e-9  # of the mean log likelihood


class Mixture(NamedTuple):
    """Weight, mean and standard deviation of each component, shape ``(2,)`` each."""

    weight: NDArray[np.float64]
    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]


def fit_mixture(density: NDArray[np.float64], edges: NDArray[np.float64]) -> Mixture | None:
    """Fit by expectation and maximisation, starting from the lower and the upper half of the range.

    All samples of a bin are placed in its middle, so that the cost does not depend on their number; no component
    becomes narrower than a uniform distribution over a bin.

    Args:
        density: Fraction of the samples in each bin, with sum 1; not 0 in the first and last, shape ``(n_bins,)``.
        edges: Edges of the bins, shape ``(n_bins + 1,)``.

    Returns:
        The mixture; None if one component vanishes.

    References:
        Dempster, Laird & Rubin 1977, "Maximum likelihood from incomplete data via the EM algorithm".
    """
    middle = (edges[:-1] + edges[1:]) / 2
    least_variance = (edges[1] - edges[0]) ** 2 / 12
    upper = np.arange(len(middle)) >= len(middle) // 2
    belongs = np.stack([~upper, upper]).astype(np.float64)
    likelihood, mixture = -np.inf, None
    for _ in range(_MAX_ITERATIONS):
        share = belongs * density
        weight = share.sum(axis=1)
        if weight.min() < np.finfo(float).eps:
            return None
        mean = share @ middle / weight
        squared = (middle - mean[:, None]) ** 2
        variance = (share * squared).sum(axis=1) / weight + least_variance
        mixture = Mixture(weight, mean, np.sqrt(variance))
        log = np.log(weight / np.sqrt(variance))[:, None] - squared / (2 * variance[:, None])
        total = np.logaddexp(*log)
        belongs = np.exp(log - total)
        before, likelihood = likelihood, density @ total
        if likelihood - before < _MIN_GAIN:
            break
    return mixture
