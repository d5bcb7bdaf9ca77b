"""Effect of a change, from pairs of runs with the same random numbers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuro_mod.errors import invalid


class PairedDifference(NamedTuple):
    """Mean difference over pairs, and its uncertainty.

    Attributes:
        difference: Changed minus baseline, mean over pairs.
        standard_error: Of that mean; NaN for a single pair.
        variance: Of the difference within a pair; NaN for a single pair.
        independent_variance: Of the difference of two independent runs, one with the change and one without.
    """

    difference: NDArray[np.floating]
    standard_error: NDArray[np.floating]
    variance: NDArray[np.floating]
    independent_variance: NDArray[np.floating]

    @property
    def variance_ratio(self) -> NDArray[np.floating]:
        """Variance of paired over that of independent differences; NaN where nothing varies."""
        return _ratio(self.variance, self.independent_variance)

    @property
    def pooled_variance_ratio(self) -> float:
        """The ratio of the sums of both variances over all entries; NaN are left out."""
        return float(_ratio(*(np.asarray(np.nansum(each)) for each in (self.variance, self.independent_variance))))


def paired_difference(baseline: NDArray[np.floating], changed: NDArray[np.floating]) -> PairedDifference:
    """Compare runs pair by pair.

    The variance of a difference of independent runs is the sum of both variances. Common random numbers correlate the
    two runs of a pair, which reduces it by twice their covariance.

    Args:
        baseline: Any quantity of the runs without the change, shape ``(n_pairs, ...)``.
        changed: The same of the runs with it.

    Raises:
        InputError: The shapes differ, or there is no pair.

    References:
        Law 2015, Simulation Modeling and Analysis, section 11.2 (common random numbers).
    """
    if baseline.shape != changed.shape or not len(baseline):
        raise invalid("changed", changed.shape, f"the shape of baseline, {baseline.shape}, with at least one pair")
    differences = np.asarray(changed, np.float64) - baseline
    n = len(differences)
    variance, *single = (_variance(values) for values in (differences, baseline, changed))
    return PairedDifference(differences.mean(axis=0), np.sqrt(variance / n), variance, np.add(*single))


def _variance(values: NDArray[np.floating]) -> NDArray[np.float64]:
    if len(values) < 2:
        return np.full(values.shape[1:], np.nan)
    return values.var(axis=0, ddof=1, dtype=np.float64)


def _ratio(above: NDArray[np.floating], below: NDArray[np.floating]) -> NDArray[np.floating]:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(above / below)
