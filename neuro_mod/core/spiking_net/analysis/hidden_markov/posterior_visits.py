"""Visits of hidden states: long enough sequences of bins with a high posterior probability of the state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuro_mod.core.spiking_net.analysis.states.visits import visit_columns, visit_table
from neuro_mod.recordings.windows import SAME


class BinnedVisits(NamedTuple):
    """Visits of one session: state, first bin, and bin after the last, shape ``(n_visits,)`` each."""

    states: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]


def binned_visits(posterior: NDArray[np.float32], least_posterior: float, least_bins: float) -> BinnedVisits:
    """Visits of states in one session.

    Args:
        posterior: Probability of each state in the bins of one session, shape ``(n_bins, K)``.
        least_posterior: A bin belongs to a state whose posterior exceeds this, at least 0.5.
        least_bins: Length of the shortest visit in bins, not necessarily a whole number.
    """
    states = np.where(posterior.max(axis=1) > least_posterior, posterior.argmax(axis=1), -1)
    changes = np.flatnonzero(np.diff(states)) + 1
    starts, ends = np.append(0, changes), np.append(changes, len(states))
    kept = (states[starts] >= 0) & (ends - starts >= least_bins * (1 - SAME))
    return BinnedVisits(states[starts[kept]], starts[kept], ends[kept])


def by_occupancy(visits: Sequence[BinnedVisits], n_states: int) -> NDArray[np.int64]:
    """The K states ordered by the total time of their visits, the longest first; those without visits are the last."""
    states, starts, ends = (np.concatenate(column) for column in zip(*visits, strict=True))
    time = np.bincount(states, weights=ends - starts, minlength=n_states)
    return np.argsort(-time, kind="stable")


def occurrences_table(
    counts: Sequence[NDArray[np.integer]],
    visits: Sequence[BinnedVisits],
    number: NDArray[np.int64],
    bin_width: float,
    n_neurons: int,
) -> pd.DataFrame:
    """The visits of all sessions; those that touch the first or the last complete bin are censored.

    Args:
        counts: Spike counts of each session, shape ``(n_bins, n_units)``.
        visits: Visits of each session.
        number: Number of each state in the table, shape ``(K,)``.
        bin_width: In seconds.
        n_neurons: Neurons in all units together.
    """
    columns = []
    for session, (seen, found) in enumerate(zip(counts, visits, strict=True)):
        spikes = np.append(0, np.cumsum(seen.sum(axis=1)))
        exposure = (found.ends - found.starts) * bin_width * n_neurons
        rates = (spikes[found.ends] - spikes[found.starts]) / exposure
        names = number[found.states].tolist()
        start, end = found.starts * bin_width, found.ends * bin_width
        columns.append(visit_columns(session, names, start, end, len(seen) * bin_width, rates))
    return visit_table(columns)
