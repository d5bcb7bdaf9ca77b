"""How the repertoire of a session grows: states and transitions seen so far."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from neuro_mod.errors import invalid
from neuro_mod.recordings.windows import SAME


def unique_states_until(occurrences: pd.DataFrame, times: ArrayLike, n_sessions: int) -> NDArray[np.int64]:
    """Number of distinct states entered up to and including each time.

    Args:
        occurrences: One row per visit, ordered by session, then start. To leave out the state of no active cluster,
            pass `transitions.without_empty_state` of them.
        times: In seconds, shape ``(n_times,)``, or ``(n_sessions, n_times)`` if they differ between sessions.
        n_sessions: Number of sessions, also those without visits.

    Returns:
        Shape ``(n_sessions, n_times)``.

    Raises:
        ValueError: A session number is not below ``n_sessions``.
    """
    first = occurrences.drop_duplicates(["session", "state"])
    return _entries_until(first, "start", times, n_sessions)


def transition_density_until(
    transitions: pd.DataFrame, occurrences: pd.DataFrame, times: ArrayLike, n_sessions: int
) -> NDArray[np.float64]:
    """Density of the directed graph of the transitions seen so far.

    It is the number of distinct ordered pairs of different states of which one followed the other, over n (n - 1) for
    the n states entered so far.

    Args:
        transitions: One row per transition, ordered by session, then time.
        occurrences: The visits between which the transitions are; see `unique_states_until`, also for the rest.
        times: In seconds, shape ``(n_times,)``, or ``(n_sessions, n_times)`` if they differ between sessions.
        n_sessions: Number of sessions.

    Returns:
        Shape ``(n_sessions, n_times)``; NaN where fewer than two states were entered.

    References:
        Wasserman & Faust 1994, Social Network Analysis, section 4.3 (density of a directed graph).
    """
    first = transitions.drop_duplicates(["session", "from_state", "to_state"])
    pairs = zip(first["from_state"], first["to_state"], strict=True)
    first = first.loc[np.fromiter((source != target for source, target in pairs), bool, len(first))]
    seen = _entries_until(first, "time", times, n_sessions)
    n = unique_states_until(occurrences, times, n_sessions)
    return np.divide(seen, n * (n - 1), out=np.full(n.shape, np.nan), where=n > 1)


def _entries_until(first: pd.DataFrame, column: str, times: ArrayLike, n_sessions: int) -> NDArray[np.int64]:
    """Number of rows of each session up to each time in the column, shape ``(n_sessions, n_times)``."""
    session, entry = first["session"].to_numpy(np.int64), first[column].to_numpy(np.float64)
    outside = session[(session < 0) | (session >= n_sessions)]
    if outside.size:
        raise invalid("n_sessions", n_sessions, f"more than {outside[0]}, the number of a session")
    order = np.lexsort((entry, session))
    bounds = np.searchsorted(session[order], np.arange(n_sessions + 1))
    asked = np.broadcast_to(np.asarray(times, np.float64) * (1 + SAME), (n_sessions, np.shape(times)[-1]))
    until = np.zeros(asked.shape, np.int64)
    for i in range(n_sessions):
        until[i] = np.searchsorted(entry[order[bounds[i] : bounds[i + 1]]], asked[i], side="right")
    return until
