"""What is known about the future of observables: features for `baselines`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter


def lagged(values: NDArray[np.floating], bins: int) -> NDArray[np.float64]:
    """The values so many bins before, 0 where there are none, of the same shape."""
    before = np.zeros(values.shape)
    before[bins:] = values[: len(values) - bins]
    return before


def known_of_values(
    values: NDArray[np.floating], active: NDArray[np.bool_], reach: int, more: Sequence[NDArray[np.floating]] = ()
) -> NDArray[np.float64]:
    """Features for observables: their own past, and how many clusters were active.

    Args:
        values: Observables, shape ``(T, m)``.
        active: Whether each cluster is active, shape ``(T, C)``.
        reach: Bins by which both reach into the future, as where rates are smoothed by a symmetric kernel.
        more: What else is known before each bin, each of shape ``(T, m)``.

    Returns:
        Shape ``(T, m, k)``.
    """
    total = lagged(active.sum(axis=1, dtype=np.float64)[:, None], reach + 1)
    own = lagged(values, reach + 1)
    features = [np.ones(values.shape), own, np.broadcast_to(total, values.shape), *more]
    return np.stack(features, axis=-1).astype(np.float64, copy=False)


def causal_mean(values: NDArray[np.floating], tau: float) -> NDArray[np.float64]:
    """Exponentially weighted mean of the values before each bin, of the same shape.

    Args:
        values: Shape ``(T, m)``.
        tau: Time constant in bins.
    """
    decay = np.exp(-1 / tau)
    return lagged(np.asarray(lfilter([1 - decay], [1, -decay], values, axis=0)), 1)
