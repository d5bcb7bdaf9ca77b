"""Sums of what is observed within a window after each bin."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def windowed(values: NDArray[np.floating], window: int, lead: int = 0, start: int = 0) -> NDArray[np.float64]:
    """Sum of the observations in whose window each bin is: of bins ``t`` with ``t - window < u - lead <= t``.

    Args:
        values: Observables, shape ``(T, ...)``.
        window: In bins.
        lead: Bins by which windows are later than the observations.
        start: Bin of the first observation.

    Returns:
        For each bin u, shape of `values`.
    """
    total = len(values)
    cumulative = np.zeros((total + 1, *values.shape[1:]))
    np.cumsum(values[start:], axis=0, dtype=np.float64, out=cumulative[start + 1 :])
    begin = np.arange(total) - lead
    return cumulative[np.clip(begin + window, 0, total)] - cumulative[np.clip(begin, 0, total)]
