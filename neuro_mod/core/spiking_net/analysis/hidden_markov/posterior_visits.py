"""Visits to states whose posterior probabilities are known: unbroken, long enough runs of bins that are sure of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuro_mod.core.spiking_net.analysis.states.visits import no_visits, visit_table
from neuro_mod.recordings.windows import SAME


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
    kept = (states[starts] >= 0) & (ends - starts >= least_bins * (1 - SAME))
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
    """The visits of all sessions; those that touch the first or the last complete bin are censored.

    Args:
        counts: Spike counts of each session, shape ``(n_bins, n_units)``.
        runs: Visits of each session.
        number: What each state is called in the table, shape ``(K,)``.
        bin_width: In seconds.
        n_neurons: Neurons in all units together.
    """
    tables = []
    for session, (seen, run) in enumerate(zip(counts, runs, strict=True)):
        spikes = np.append(0, np.cumsum(seen.sum(axis=1)))
        exposure = (run.ends - run.starts) * bin_width * n_neurons
        rates = (spikes[run.ends] - spikes[run.starts]) / exposure
        names = number[run.states].tolist()
        tables.append(
            visit_table(session, names, run.starts * bin_width, run.ends * bin_width, len(seen) * bin_width, rates)
        )
    return pd.concat([no_visits(), *tables], ignore_index=True)
