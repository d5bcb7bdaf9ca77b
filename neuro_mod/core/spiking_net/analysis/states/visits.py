"""From active clusters over time to visits of states."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from neuro_mod.core.spiking_net.analysis.states.names import State
from neuro_mod.recordings.windows import SAME, Edge, windows_of

#: Types of the columns of spans of time, of visits and of other things; times in s.
SPANS = {
    "start": np.float64,
    "end": np.float64,
    "duration": np.float64,
    "censored": np.bool_,
    "censored_start": np.bool_,
    "censored_end": np.bool_,
}
#: Types of the columns of a table of visits, which are ordered by session, then start; rates in Hz.
OCCURRENCES = {"session": np.int64, "state": object, **SPANS, "mean_rate": np.float64}

#: The columns of a table of visits, which are cheaper than the table while sessions are analysed one after the other.
Columns = Mapping[str, NDArray[Any]]


def visits_of(
    active: NDArray[np.bool_],
    labels: NDArray[np.int64],
    bin_width: float,
    duration: float,
    *,
    minimal_lifespan: float = 0.0,
    session: int = 0,
) -> Columns:
    """Visits of states in one session.

    Visits shorter than the minimal lifespan are removed, all at once. If the same state precedes and follows such a
    gap, it fills the gap; otherwise each neighbour gets half of it; at an edge of the session, the only neighbour gets
    all of it. A session without a long enough visit has none, unless one state fills it.

    Args:
        active: Whether each cluster is active in each bin, shape ``(n_bins, n_clusters)``.
        labels: Labels of these clusters, ascending, shape ``(n_clusters,)``.
        bin_width: In seconds.
        duration: Length of the session in seconds; the last visit lasts until then.
        minimal_lifespan: In seconds.
        session: Number of the session.

    Returns:
        One row per visit, `OCCURRENCES`; ``mean_rate`` is NaN.
    """
    if not len(active):
        return visit_columns(session, [], [], [], duration)
    begin, edges = _changes(active, bin_width, duration)
    first, borders = _lasting(active[begin], edges, minimal_lifespan)
    states = labels_of(active[begin[first]], labels)
    return visit_columns(session, states, borders[:-1], borders[1:], duration)


def share_reassigned(
    active: NDArray[np.bool_], bin_width: float, duration: float, *, minimal_lifespan: float = 0.0
) -> float:
    """Part of the time of a session that `visits_of` takes from too short visits; arguments as there."""
    if not len(active) or not duration:
        return 0.0
    spans = np.diff(_changes(active, bin_width, duration)[1])
    return float(spans[~_long_enough(spans, minimal_lifespan)].sum() / duration)


def labels_of(active: NDArray[np.bool_], labels: NDArray[np.int64]) -> list[State]:
    """The states of rows of active clusters."""
    return [tuple(labels[row].tolist()) for row in active]


def of_state(occurrences: pd.DataFrame, state: State | None) -> pd.DataFrame:
    """The visits of a state; all of them if it is None."""
    if state is None:
        return occurrences
    return occurrences.loc[np.fromiter((each == state for each in occurrences["state"]), bool, len(occurrences))]


def visit_columns(
    session: int,
    state: Sequence[State],
    start: ArrayLike,
    end: ArrayLike,
    duration: float,
    mean_rate: ArrayLike = np.nan,
) -> Columns:
    """Visits of one session that was seen for a duration; those that touch an edge of it are censored."""
    start, end = np.asarray(start, np.float64), np.asarray(end, np.float64)
    return {
        "session": np.full(len(start), session),
        "state": np.fromiter(state, object, len(start)),
        **span_columns(start, end, duration),
        "mean_rate": np.broadcast_to(np.asarray(mean_rate, np.float64), start.shape),
    }


def span_columns(
    start: NDArray[np.float64], end: NDArray[np.float64], duration: float | NDArray[np.float64]
) -> Columns:
    """Spans of time, `SPANS`, in sessions that were seen for a duration; those that touch an edge are censored."""
    at_start, at_end = start <= 0, end >= np.asarray(duration)
    return {
        "start": start,
        "end": end,
        "duration": end - start,
        "censored": at_start | at_end,
        "censored_start": at_start,
        "censored_end": at_end,
    }


def visit_table(sessions: Iterable[Columns]) -> pd.DataFrame:
    """One table of the visits of several sessions, `OCCURRENCES`."""
    return joined_table(sessions, OCCURRENCES)


def joined_table(sessions: Iterable[Columns], kinds: Mapping[str, type]) -> pd.DataFrame:
    """One table of several sessions, with columns of these types."""
    parts = list(sessions)
    columns = {
        name: np.concatenate([np.empty(0, kind), *(part[name] for part in parts)], dtype=kind, casting="unsafe")
        for name, kind in kinds.items()
    }
    return pd.DataFrame({name: pd.Series(column, dtype=kinds[name]) for name, column in columns.items()})


def no_visits() -> pd.DataFrame:
    """A table without rows."""
    return visit_table(())


def rates_in_visits(
    visits: Columns,
    counts: NDArray[np.integer],
    sizes: NDArray[np.int64],
    labels: NDArray[np.int64],
    bin_width: float,
) -> NDArray[np.float64]:
    """Mean rate per neuron of the active clusters during each visit.

    Args:
        visits: Of one session.
        counts: Spikes of each cluster in each bin, shape ``(n_bins, n_clusters)``.
        sizes: Neurons in each cluster, shape ``(n_clusters,)``.
        labels: Label of each cluster, ascending, shape ``(n_clusters,)``.
        bin_width: In seconds; spikes of a bin within which a visit ends are divided in proportion to time.

    Returns:
        In Hz, shape ``(n_visits,)``; NaN where no cluster is active.
    """
    until = np.concatenate([np.zeros((1, len(sizes)), np.int64), np.cumsum(counts, axis=0)])
    begin, end = (np.clip(np.asarray(visits[edge]) / bin_width, 0, len(counts)) for edge in ("start", "end"))
    spikes = _between_rows(until, end) - _between_rows(until, begin)
    rates = np.full(len(spikes), np.nan)
    for row, state in enumerate(visits["state"]):
        members = np.searchsorted(labels, state)
        exposure = sizes[members].sum() * (end[row] - begin[row]) * bin_width
        if exposure:
            rates[row] = spikes[row, members].sum() / exposure
    return rates


def within(occurrences: pd.DataFrame, durations: NDArray[np.float64], t_from: Edge, t_to: Edge) -> pd.DataFrame:
    """The visits in a time window of each session; those that reach beyond it are cut there and marked as censored.

    Args:
        occurrences: One row per visit, or per activation, or any other span of time, `SPANS`.
        durations: Length of each session in seconds, shape ``(n_sessions,)``.
        t_from: Begin in seconds, from the end of each session if negative; None for its start.
        t_to: End, likewise; None for its end.

    Raises:
        InputError: The window is empty, or reaches beyond a session.
    """
    if t_from is None and t_to is None:
        return occurrences
    return cut_to(occurrences, durations, np.array(windows_of(durations, t_from, t_to)).reshape(-1, 2))


def cut_to(spans: pd.DataFrame, durations: NDArray[np.float64], windows: NDArray[np.float64]) -> pd.DataFrame:
    """As `within`, given the window of each session, begin and end in seconds, shape ``(n_sessions, 2)``."""
    session = spans["session"].to_numpy()
    begin, end = windows[session].T
    rounding = SAME * durations[session]
    from_before, beyond = spans["start"] <= begin + rounding, spans["end"] >= end - rounding
    cut = spans.assign(
        start=spans["start"].mask(from_before, begin),
        end=spans["end"].mask(beyond, end),
        censored_start=spans["censored_start"] | from_before,
        censored_end=spans["censored_end"] | beyond,
    )
    cut = cut.assign(duration=cut["end"] - cut["start"], censored=cut["censored_start"] | cut["censored_end"])
    return cut.loc[cut["duration"] > rounding].reset_index(drop=True)


def _changes(
    active: NDArray[np.bool_], bin_width: float, duration: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The bins in which a state begins, and the edges of its visits in seconds, one more."""
    changes = np.flatnonzero((active[1:] != active[:-1]).any(axis=1)) + 1
    begin = np.concatenate([[0], changes])
    return begin, np.append(begin * bin_width, duration)


def long_enough(spans: NDArray[np.float64], minimal: float) -> NDArray[np.bool_]:
    """Which spans of time last for the minimal one, apart from rounding."""
    return spans >= minimal * (1 - SAME)


def _long_enough(spans: NDArray[np.float64], minimal: float) -> NDArray[np.bool_]:
    """Which visits of a session last long enough; a single one always does."""
    return long_enough(spans, minimal) | (len(spans) == 1)


def _lasting(
    active: NDArray[np.bool_], edges: NDArray[np.float64], minimal: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Visits that last long enough, extended over the gaps that the others leave.

    Args:
        active: Whether each cluster is active in each visit, shape ``(n_visits, n_clusters)``.
        edges: Of the visits in seconds, shape ``(n_visits + 1,)``.
        minimal: In seconds.

    Returns:
        The first of the visits that each new one is made of, and the edges of these, one more; none of either without
        a visit.
    """
    start, end = edges[:-1], edges[1:]
    kept = np.flatnonzero(_long_enough(end - start, minimal))
    if not len(kept):
        return kept, start[:0]
    differs = (active[kept[1:]] != active[kept[:-1]]).any(axis=1)
    first, last = kept[np.append(True, differs)], kept[np.append(differs, True)]
    borders = (end[last[:-1]] + start[first[1:]]) / 2
    return first, np.concatenate([start[:1], borders, end[-1:]])


def _between_rows(values: NDArray[np.integer], position: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values at positions between two rows, interpolated, shape ``(n_positions, n_columns)``."""
    row = np.minimum(position.astype(np.int64), max(len(values) - 2, 0))
    return values[row] + (position - row)[:, None] * (values[np.minimum(row + 1, len(values) - 1)] - values[row])
