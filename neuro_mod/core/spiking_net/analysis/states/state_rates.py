"""Mean rates of all clusters in each state."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from neuro_mod.core.spiking_net.analysis.states.names import State


def rates_by_state(
    sampled: Iterable[tuple[NDArray[np.floating], NDArray[np.floating]]],
    visits: pd.DataFrame,
    states: Sequence[State],
    labels: NDArray[np.int64],
) -> pd.DataFrame:
    """Mean rate of each cluster over the time in each state.

    Args:
        sampled: Sample times in seconds, shape ``(n_samples,)``, and rates in Hz, shape ``(n_samples, n_clusters)``, of
            each session; one after the other is in memory.
        visits: Visits of all sessions, ordered by session, then start.
        states: The states of the rows.
        labels: Labels of the clusters, shape ``(n_clusters,)``.

    Returns:
        In Hz, NaN for a state that was never visited: one row per state, indexed by ``number``, its place in the
        states, one column per cluster.
    """
    place = {state: index for index, state in enumerate(states)}
    code = np.array([place.get(state, len(states)) for state in visits["state"]], np.int64)
    start, end = (visits[edge].to_numpy(np.float64) for edge in ("start", "end"))
    n = len(states) + 1  # the last one for other states, and for time without a visit
    total, count = np.zeros((n, len(labels))), np.zeros(n)
    for session, (times, rates) in enumerate(sampled):
        begin, after = np.searchsorted(visits["session"].to_numpy(np.int64), (session, session + 1))
        visit = begin + np.searchsorted(start[begin:after], times, side="right") - 1
        inside = (visit >= begin) & (times < np.append(end, -np.inf)[visit])
        row = np.where(inside, np.append(code, n - 1)[visit], n - 1)
        in_state = csr_array((np.ones(len(times)), (row, np.arange(len(times)))), shape=(n, len(times)))
        total += in_state @ rates
        count += np.bincount(row, minlength=n)
    with np.errstate(invalid="ignore"):
        mean = total[:-1] / count[:-1, None]
    return pd.DataFrame(mean, columns=pd.Index(labels, name="cluster")).rename_axis("number")
