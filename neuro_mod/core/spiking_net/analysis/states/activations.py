"""Activations of single clusters, and the intervals between them.

An activation is a maximal interval in which a cluster is active by the detection method, before states are formed:
other clusters neither cut nor extend it.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuro_mod.core.spiking_net.analysis.states.visits import (
    SPANS,
    Columns,
    joined_table,
    long_enough,
    span_columns,
)

#: Types of the columns of a table of activations, or of intervals between them, which is ordered by session, then
#: cluster, then start; times in s.
ACTIVATIONS = {"session": np.int64, "cluster": np.int64, **SPANS}


def activations_of(
    active: NDArray[np.bool_],
    labels: NDArray[np.int64],
    bin_width: float,
    duration: float,
    *,
    minimal_duration: float = 0.0,
    session: int = 0,
) -> Columns:
    """Activations of the clusters in one session.

    Activations shorter than the minimal duration are left out, unless one fills the session; interruptions are never
    filled.

    Args:
        active: Whether each cluster is active in each bin, shape ``(n_bins, n_clusters)``.
        labels: Labels of these clusters, ascending, shape ``(n_clusters,)``.
        bin_width: In seconds.
        duration: Length of the session in seconds; an activation in the last bin lasts until then.
        minimal_duration: In seconds.
        session: Number of the session.

    Returns:
        One row per activation, `ACTIVATIONS`, ordered by cluster, then start.
    """
    steps = np.diff(active.T.astype(np.int8), prepend=0, append=0, axis=1)
    cluster, first = np.nonzero(steps == 1)
    _, after = np.nonzero(steps == -1)
    start = first * np.float64(bin_width)
    end = np.where(after == len(active), np.float64(duration), after * np.float64(bin_width))
    kept = long_enough(end - start, minimal_duration) | ((first == 0) & (after == len(active)))
    return _columns(session, labels[cluster[kept]], start[kept], end[kept], duration)


def activation_table(sessions: Iterable[Columns]) -> pd.DataFrame:
    """One table of the activations, or intervals, of several sessions, `ACTIVATIONS`."""
    return joined_table(sessions, ACTIVATIONS)


def inter_activation_intervals(
    activations: pd.DataFrame, durations: NDArray[np.float64], labels: NDArray[np.int64]
) -> pd.DataFrame:
    """Intervals from the end of each activation of a cluster to the start of its next one in the same session.

    The pieces before the first activation of a session and after the last one are censored; a cluster that is never
    active in a session has one interval there that is censored at both ends.

    Args:
        activations: One row per activation, ordered by session, cluster and start.
        durations: Length of each session in seconds, shape ``(n_sessions,)``.
        labels: Labels of all clusters that define states, ascending, shape ``(n_clusters,)``.

    Returns:
        One row per interval, `ACTIVATIONS`.
    """
    n_clusters, n_rows = len(labels), len(durations) * len(labels)  # a row of time for each session and cluster
    row = activations["session"].to_numpy(np.int64) * n_clusters
    row += np.searchsorted(labels, activations["cluster"].to_numpy(np.int64))
    every = np.arange(n_rows)
    # Each row begins with an interval; each activation ends the present one and begins the next.
    of_interval = np.concatenate([every, row])
    order = np.argsort(of_interval, kind="stable")
    start = np.concatenate([np.zeros(n_rows), activations["end"].to_numpy(np.float64)])[order]
    last = np.argsort(np.concatenate([row, every]), kind="stable")
    end = np.concatenate([activations["start"].to_numpy(np.float64), np.repeat(durations, n_clusters)])[last]
    of_interval = of_interval[order]
    kept = end > start
    session, length = of_interval[kept] // max(n_clusters, 1), np.repeat(durations, n_clusters)[of_interval[kept]]
    cluster = labels[of_interval[kept] % max(n_clusters, 1)]
    return activation_table([_columns(session, cluster, start[kept], end[kept], length)])


def _columns(
    session: int | NDArray[np.int64],
    cluster: NDArray[np.int64],
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    duration: float | NDArray[np.float64],
) -> Columns:
    spans = span_columns(start, end, duration)
    return {"session": np.broadcast_to(session, start.shape), "cluster": cluster, **spans}
