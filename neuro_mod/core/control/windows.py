"""Sums of what is observed within a window after each bin."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Windowed:
    """Sums of the observations in whose window a bin is.

    Args:
        values: Observables, shape ``(T, ...)``.
        lead: Bins by which windows are later than the observations.
        start: Bin of the first observation.
    """

    def __init__(self, values: NDArray[np.floating], lead: int = 0, start: int = 0):
        self._cumulative = np.zeros((len(values) + 1, *values.shape[1:]))
        np.cumsum(values[start:], axis=0, dtype=np.float64, out=self._cumulative[start + 1 :])
        self._lead = lead

    def sums(self, window: int, begin: int, end: int) -> NDArray[np.float64]:
        """For each bin u of some, the sum over the observations t with ``t - window < u - lead <= t``.

        Args:
            window: In bins.
            begin: The first of the bins.
            end: The one after the last.

        Returns:
            Shape ``(end - begin, ...)``.
        """
        first = np.arange(begin, end) - self._lead
        later, before = (np.take(self._cumulative, each, axis=0, mode="clip") for each in (first + window, first))
        return later - before
