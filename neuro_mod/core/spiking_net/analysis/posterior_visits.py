"""Visits to states whose posterior probabilities are known: unbroken, long enough runs of bins that are sure of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_ROUNDING = 1e-9


class Runs(NamedTuple):
    """Visits of one session: state, first bin, and bin after the last, shape ``(n_visits,)`` each."""

    states: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]


def runs_of_states(posterior: NDArray[np.float32], least_posterior: float, least_bins: float) -> Runs:
    """Runs of bins that belong to one state.

    Args:
        posterior: Probability of each state in the bins of one session, shape ``(n_bins, K)``.
        least_posterior: A bin belongs to a state whose posterior exceeds this, at least 0.5.
        least_bins: Bins in the shortest run that counts, not necessarily a whole number.
    """
    states = np.where(posterior.max(axis=1) > least_posterior, posterior.argmax(axis=1), -1)
    changes = np.flatnonzero(np.diff(states)) + 1
    starts, ends = np.append(0, changes), np.append(changes, len(states))
    kept = (states[starts] >= 0) & (ends - starts >= least_bins * (1 - _ROUNDING))
    return Runs(states[starts[kept]], starts[kept], ends[kept])


def by_occupancy(runs: Sequence[Runs], n_states: int) -> tuple[NDArray[np.int64], int]:
    """The K states ordered by the total time of their visits, the longest first, and how many were visited."""
    states, starts, ends = (np.concatenate(column) for column in zip(*runs, strict=True))
    time = np.bincount(states, weights=ends - starts, minlength=n_states)
    return np.argsort(-time, kind="stable"), int(np.count_nonzero(time))


def occurrences_table(
    counts: Sequence[NDArray[np.integer]],
    runs: Sequence[Runs],
    number: NDArray[np.int64],
    bin_width: float,
    n_neurons: int,
) -> pd.DataFrame:
    """The visits of all sessions, columns as in `StateStatistics.occurrences`.

    Args:
        counts: Spike counts of each session, shape ``(n_bins, n_units)``.
        runs: Visits of each session.
        number: What each state is called in the table, shape ``(K,)``.
        bin_width: In seconds.
        n_neurons: Neurons in all units together.
    """
    states, starts, ends = (np.concatenate(column) for column in zip(*runs, strict=True))
    session = np.repeat(np.arange(len(runs)), [len(run.states) for run in runs])
    n_bins = np.array([len(each) for each in counts])
    spikes = [np.append(0, np.cumsum(each.sum(axis=1))) for each in counts]
    in_visit = [total[run.ends] - total[run.starts] for total, run in zip(spikes, runs, strict=True)]
    duration = (ends - starts) * bin_width
    at_start, at_end = starts == 0, ends == n_bins[session]
    return pd.DataFrame(
        {
            "session": session,
            "state": pd.Series(number[states].tolist(), dtype=object),
            "start": starts * bin_width,
            "end": ends * bin_width,
            "duration": duration,
            "censored": at_start | at_end,
            "censored_start": at_start,
            "censored_end": at_end,
            "mean_rate": np.concatenate(in_visit) / (duration * n_neurons),
        }
    )
