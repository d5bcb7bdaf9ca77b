"""Regularity of firing: the variability of interspike intervals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuro_mod.checks import whole_number
from neuro_mod.core.spiking_net.analysis.neurons.one_pass import by_neuron, sum_over_sessions
from neuro_mod.recordings.spikes import SpikeEvents
from neuro_mod.recordings.windows import Edge
from neuro_mod.summaries import ShownFields

#: Fewer intervals have no variability.
MIN_INTERVALS = 2


@dataclass(frozen=True, eq=False, repr=False)
class IntervalStatistics(ShownFields):
    """Rates and interspike intervals of each neuron over all sessions, arrays of shape ``(n_neurons,)``.

    An interval lies between two successive spikes of a neuron in one session, both in the time window. Imported spikes
    may share a step: an interval of 0, and two of them have a CV2 of 0.

    Attributes:
        n_sessions: Number of sessions.
        duration: Length of all time windows together, in seconds.
        n_spikes: Spikes in all sessions.
        n_intervals: Intervals in all sessions.
        cv_pooled: Coefficient of variation of the intervals of all sessions together; differences in rate between
            sessions increase it.
        cv_per_session: Mean of the coefficients of variation of the sessions with at least ``min_intervals`` intervals.
        cv2: Mean of ``2 |I' - I| / (I' + I)`` over all pairs of adjacent intervals of all sessions.
    """

    n_sessions: int
    duration: float
    n_spikes: NDArray[np.int64]
    n_intervals: NDArray[np.int64]
    cv_pooled: NDArray[np.float64]
    cv_per_session: NDArray[np.float64]
    cv2: NDArray[np.float64]

    @property
    def rate(self) -> NDArray[np.float64]:
        """Spikes over duration in Hz, shape ``(n_neurons,)``; NaN if no session has a step."""
        return self.n_spikes / (self.duration or np.nan)


def interval_statistics(
    sessions: Iterable[SpikeEvents], *, min_intervals: int = MIN_INTERVALS, t_from: Edge = None, t_to: Edge = None
) -> IntervalStatistics:
    """Coefficient of variation of the interspike intervals, and its local variant CV2.

    The coefficient of variation is the standard deviation over the mean, with the number of intervals (not one less) in
    the denominator of the variance. Both are 1 for a Poisson process and 0 for a regular one.

    Args:
        sessions: Sessions of the same neurons, read once.
        min_intervals: Minimal number of intervals, at least 2; a neuron with fewer, in all sessions together or, for
            ``cv_per_session``, in every session, has NaN. CV2 also needs two adjacent ones.
        t_from: Start of the time window in each session, in seconds; see `windows.window_of`.
        t_to: End of the window.

    Raises:
        InputError: ``min_intervals`` is below 2, or as for `one_pass.each_session`.

    References:
        Holt, Softky, Koch & Douglas 1996, J. Neurophysiol. 75, 1806 (CV2).
    """
    whole_number("min_intervals", min_intervals, MIN_INTERVALS)
    of_session = partial(_session_sums, min_intervals=min_intervals)
    total = _Sums(*sum_over_sessions(of_session, sessions, t_from, t_to))
    return IntervalStatistics(
        n_sessions=total.sessions,
        duration=total.duration,
        n_spikes=total.spikes,
        n_intervals=total.intervals,
        cv_pooled=_variation(total.intervals, total.steps, total.squares, min_intervals),
        cv_per_session=_over(total.cv, total.with_cv),
        cv2=np.where(total.intervals >= min_intervals, _over(total.cv2, total.pairs), np.nan),
    )


class _Sums(NamedTuple):
    """Sums over sessions; arrays are of shape ``(n_neurons,)``."""

    sessions: int
    duration: float
    spikes: NDArray[np.int64]
    intervals: NDArray[np.int64]
    steps: NDArray[np.float64]  # in all intervals
    squares: NDArray[np.float64]  # of the steps in each interval
    with_cv: NDArray[np.int64]  # sessions
    cv: NDArray[np.float64]
    pairs: NDArray[np.int64]  # of adjacent intervals
    cv2: NDArray[np.float64]


def _session_sums(spikes: SpikeEvents, min_intervals: int) -> _Sums:
    def per_neuron(owner: NDArray[np.int64], values: NDArray[Any] | None = None) -> NDArray[Any]:
        return np.bincount(owner, values, spikes.n_neurons)

    neurons, steps = by_neuron(spikes)
    owner, intervals = _within(neurons, np.diff(steps))
    pair_owner, change = _within(owner, np.abs(np.diff(intervals)))
    _, both = _within(owner, intervals[1:] + intervals[:-1])
    moments = per_neuron(owner), per_neuron(owner, intervals), per_neuron(owner, np.square(intervals, dtype=np.float64))
    cv = _variation(*moments, min_intervals)
    return _Sums(
        1,
        spikes.duration,
        per_neuron(neurons),
        *moments,
        with_cv=np.isfinite(cv).astype(np.int64),
        cv=np.nan_to_num(cv),
        pairs=per_neuron(pair_owner),
        cv2=per_neuron(pair_owner, 2 * change / np.maximum(both, 1)),
    )


def _within(owner: NDArray[np.int64], between: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The neuron and the values between successive entries, for entries of the same neuron."""
    same = owner[1:] == owner[:-1]
    return owner[1:][same], between[same]


def _variation(
    number: NDArray[np.int64], total: NDArray[np.float64], squares: NDArray[np.float64], min_intervals: int
) -> NDArray[np.float64]:
    deviation = np.sqrt(np.maximum(number * squares - total**2, 0))  # of whole numbers: exact up to 2**53
    return np.where(number >= min_intervals, _over(deviation, total), np.nan)


def _over(total: NDArray[np.float64], number: NDArray[Any]) -> NDArray[np.float64]:
    """Their ratio; NaN where the number is 0."""
    return np.divide(total, number, out=np.full(len(total), np.nan), where=number > 0)
