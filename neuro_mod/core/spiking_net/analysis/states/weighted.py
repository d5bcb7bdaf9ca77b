"""Estimates from several sessions under many weights of the sessions at once.

A weight is how often a session counts: 1 for each gives the estimate from all of them, 0 for one leaves it out. Sums
over sessions are products of weights and what each session contributes, so that the hundreds of estimates of a
jackknife cost little more than one.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from neuro_mod.core.spiking_net.analysis.states.lifetimes import DIGITS, area

#: How often each session counts, shape ``(n_estimates, n_sessions)``.
Weights = NDArray[np.float64]
#: Numbers that are held at once, at most, for each array.
_TOGETHER = 2**20


def ratio(numerator: ArrayLike, denominator: ArrayLike) -> NDArray[np.float64]:
    """A quotient; NaN where the denominator is not positive."""
    above, below = np.broadcast_arrays(np.asarray(numerator, np.float64), np.asarray(denominator, np.float64))
    return np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0)


def by_session(spans: pd.DataFrame, n_sessions: int, values: ArrayLike | None = None) -> NDArray[np.float64]:
    """Number of the rows of each session, or the sum of their values, shape ``(n_sessions,)``."""
    weights = None if values is None else np.asarray(values, np.float64)
    return np.bincount(spans["session"].to_numpy(np.int64), weights, n_sessions).astype(np.float64)


def by_session_and_kind(
    spans: pd.DataFrame, kind: NDArray[np.int64], shape: tuple[int, int], values: ArrayLike | None = None
) -> csr_array:
    """Likewise for rows of several kinds, shape ``(n_sessions, n_kinds)``."""
    data = np.ones(len(spans)) if values is None else np.asarray(values, np.float64)
    return csr_array((data, (spans["session"].to_numpy(np.int64), kind)), shape=shape)


def mean_duration(spans: pd.DataFrame, weights: Weights) -> NDArray[np.float64]:
    """Mean duration of the visits, activations or intervals that were seen whole, in seconds, shape ``(n_estimates,)``.

    It is an underestimate, because long ones are more likely to be cut; NaN without any.
    """
    whole = spans.loc[~spans["censored"].to_numpy(bool)]
    n = weights.shape[1]
    return ratio(weights @ by_session(whole, n, whole["duration"]), weights @ by_session(whole, n))


def variation(spans: pd.DataFrame, weights: Weights) -> NDArray[np.float64]:
    """Coefficient of variation of the durations that were seen whole, shape ``(n_estimates,)``; NaN below two.

    It is the standard deviation, with the number of durations in the denominator, over the mean.
    """
    whole = spans.loc[~spans["censored"].to_numpy(bool)]
    durations, n = whole["duration"].to_numpy(np.float64), weights.shape[1]
    middle = durations.mean() if len(durations) else 0.0  # squares of small numbers lose no digits
    count, first, second = (
        weights @ by_session(whole, n, each) for each in (None, durations - middle, (durations - middle) ** 2)
    )
    mean = ratio(first, count)
    variance = np.maximum(ratio(second, count) - mean**2, 0)
    return np.where(count > 1, ratio(np.sqrt(variance), mean + middle), np.nan)


def kaplan_meier_mean(spans: pd.DataFrame, weights: Weights) -> NDArray[np.float64]:
    """Kaplan-Meier mean duration up to the longest one, in seconds, shape ``(n_estimates,)``.

    It is `lifetimes.restricted_mean` for each of the weights; NaN where no end was observed.
    """
    known = spans.loc[~spans["censored_start"].to_numpy(bool)]
    times, code = np.unique(known["duration"].to_numpy(np.float64).round(DIGITS), return_inverse=True)
    if not len(times):
        return np.full(len(weights), np.nan)
    shape = weights.shape[1], len(times)
    left = by_session_and_kind(known, code, shape)
    ended = by_session_and_kind(known, code, shape, ~known["censored_end"].to_numpy(bool))
    many = max(1, _TOGETHER // max(shape))
    parts = [_restricted_means(times, left, ended, weights[i : i + many]) for i in range(0, len(weights), many)]
    return np.concatenate([np.empty(0), *parts])


def _restricted_means(
    times: NDArray[np.float64], left: csr_array, ended: csr_array, weights: Weights
) -> NDArray[np.float64]:
    """See `kaplan_meier_mean`, given how many last until each time in each session, and how many ended then."""
    ends, leaving = weights @ ended, weights @ left
    at_risk = np.cumsum(leaving[:, ::-1], axis=1)[:, ::-1]
    lasting = np.where(at_risk > 0, 1 - ratio(ends, at_risk), 1.0)
    probability = lasting.cumprod(axis=1)
    probability[:, :-1] *= at_risk[:, 1:] > 0  # no further than the longest duration
    return np.where(ends.any(axis=1), area(times, probability), np.nan)
