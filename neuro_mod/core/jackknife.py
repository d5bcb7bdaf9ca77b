"""The jackknife: standard errors from estimates that leave out parts of the data.

References:
    Efron & Stein 1981, "The jackknife estimate of variance".
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def deviation_of_left_out(estimates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard error from estimates that each leave out one of n independent parts.

    Args:
        estimates: Shape ``(n, ...)``.

    Returns:
        Shape ``(...)``; NaN for fewer than two parts, and where an estimate is infinite or undefined.

    Example:
        >>> values = np.array([1.0, 2.0, 4.0])
        >>> deviation_of_left_out((values.sum() - values) / 2).round(3).item()  # as the standard error of the mean
        0.882
    """
    n = len(estimates)
    if n < 2:
        return np.full(estimates.shape[1:], np.nan)
    with np.errstate(invalid="ignore"):
        return np.sqrt((n - 1) * estimates.var(axis=0))
