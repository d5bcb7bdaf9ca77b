"""The tables of some sessions, from which all quantities of states and clusters are computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from neuro_mod.core.spiking_net.analysis.states.activations import inter_activation_intervals
from neuro_mod.core.spiking_net.analysis.states.names import State
from neuro_mod.core.spiking_net.analysis.states.transitions import visited_states
from neuro_mod.core.spiking_net.analysis.states.visits import cut_to, span_columns
from neuro_mod.errors import InputError, invalid
from neuro_mod.recordings.windows import SAME, Edge, windows_of

#: Parts into which a single session is cut for its standard errors.
N_PARTS = 10

#: What lasts for a time.
Spans = Literal["visits", "activations", "intervals"]


@dataclass(frozen=True, eq=False)
class SessionTables:
    """Visits and activations of some sessions, whose times count from the start of each.

    Attributes:
        visits: One row per visit, ordered by session, then start, see `visits.OCCURRENCES`.
        durations: Length of each session in seconds, shape ``(n_sessions,)``.
        labels: Labels of the clusters that define states, ascending, shape ``(n_clusters,)``; none for hidden states.
        activations: One row per activation, ordered by session, cluster and start, see `activations.ACTIVATIONS`; None
            where they are not known, in analyses of earlier versions and of hidden states.
        reassigned: Part of the time of each session in too short visits, shape ``(n_sessions,)``; NaN where it is not
            known, as in a part of a session.
        lasting: Whole visits, activations and intervals in the session in which they begin, by these names, where the
            sessions are parts of longer ones that cut them; None where nothing was cut.
    """

    visits: pd.DataFrame
    durations: NDArray[np.float64]
    labels: NDArray[np.int64]
    activations: pd.DataFrame | None
    reassigned: NDArray[np.float64]
    lasting: Mapping[Spans, pd.DataFrame] | None = None

    @property
    def n_sessions(self) -> int:
        """Number of sessions."""
        return len(self.durations)

    @property
    def n_clusters(self) -> int:
        """Number of clusters that define states."""
        return len(self.labels)

    @property
    def known_activations(self) -> pd.DataFrame:
        """The activations.

        Raises:
            InputError: They are not known.
        """
        if self.activations is None:
            raise InputError(
                "activations: none found in this analysis; expected one that holds them, which those of earlier "
                "versions and hidden states do not; analyse the spikes again"
            )
        return self.activations

    @cached_property
    def intervals(self) -> pd.DataFrame:
        """Intervals between activations, see `activations.inter_activation_intervals`.

        Raises:
            InputError: Activations are not known.
        """
        return inter_activation_intervals(self.known_activations, self.durations, self.labels)

    def spans(self, kind: Spans) -> pd.DataFrame:
        """Visits, activations or intervals whose durations are measured; whole ones in parts of sessions.

        Raises:
            InputError: Activations are not known.
        """
        if self.lasting is not None and kind in self.lasting:
            return self.lasting[kind]
        if kind == "visits":
            return self.visits
        return self.known_activations if kind == "activations" else self.intervals

    @cached_property
    def states(self) -> list[State]:
        """The visited states, in the order of `names.state_order`."""
        return visited_states(self.visits)

    @cached_property
    def state_codes(self) -> NDArray[np.int64]:
        """Index of the state of each visit in `states`, shape ``(n_visits,)``."""
        place = {state: index for index, state in enumerate(self.states)}
        return np.array([place[state] for state in self.visits["state"]], np.int64)

    @cached_property
    def n_active(self) -> NDArray[np.int64]:
        """Number of active clusters in each visit, shape ``(n_visits,)``.

        Raises:
            InputError: The states are those of a hidden Markov model.
        """
        if not all(isinstance(state, tuple) for state in self.states):
            raise invalid("state", self.states[0], "a set of active clusters", "hidden states have rates")
        sizes = np.array([len(state) for state in self.states if isinstance(state, tuple)], np.int64)
        return sizes[self.state_codes]

    def select(self, sessions: ArrayLike) -> Self:
        """Some of the sessions, renumbered from 0 in this order; the same one may be taken several times.

        Args:
            sessions: Their numbers, or whether each is taken.

        Raises:
            InputError: There is no such session.
        """
        chosen = np.asarray(sessions)
        chosen = np.flatnonzero(chosen) if chosen.dtype == bool else chosen.astype(np.int64).ravel()
        wrong = chosen[(chosen < 0) | (chosen >= self.n_sessions)]
        if wrong.size:
            raise invalid("sessions", int(wrong[0]), f"0 to {self.n_sessions - 1}")
        return replace(
            self,
            visits=_selected(self.visits, chosen, self.n_sessions),
            activations=None if self.activations is None else _selected(self.activations, chosen, self.n_sessions),
            durations=self.durations[chosen],
            reassigned=self.reassigned[chosen],
            lasting=None
            if self.lasting is None
            else {kind: _selected(spans, chosen, self.n_sessions) for kind, spans in self.lasting.items()},
        )

    def of_cluster(self, label: int) -> Self:
        """The activations of one cluster alone, beside all visits."""
        active = self.known_activations
        own = active.loc[(active["cluster"] == label).to_numpy(bool)].reset_index(drop=True)
        return replace(self, labels=np.array([label], np.int64), activations=own, lasting=None)

    def of_number_active(self, n: int) -> Self:
        """The visits of states with so many active clusters alone, beside all activations."""
        return replace(self, visits=self.visits.loc[self.n_active == n].reset_index(drop=True), lasting=None)

    def within(self, t_from: Edge = None, t_to: Edge = None) -> Self:
        """The time window of each session, as a session; what reaches beyond it is cut there and censored.

        Args:
            t_from: Begin in seconds, from the end of each session if negative; None for its start.
            t_to: End, likewise; None for its end.

        Raises:
            InputError: The window is empty, or reaches beyond a session.
        """
        if t_from is None and t_to is None:
            return self
        return self._windows(np.array(windows_of(self.durations, t_from, t_to)).reshape(-1, 2))

    @cached_property
    def parts(self) -> Self:
        """Each session cut into `N_PARTS` blocks."""
        return self.blocks(N_PARTS)

    def blocks(self, n: int) -> Self:
        """Each session cut into ``n`` equal parts that take the place of sessions.

        Time counts in the part in which it passes; durations, such as those of activations, count whole in the part in
        which they begin: `spans`.
        """
        kinds: tuple[Spans, ...] = ("visits",) if self.activations is None else ("visits", "activations", "intervals")
        return replace(
            self,
            visits=_in_parts(self.visits, self.durations, n),
            activations=None if self.activations is None else _in_parts(self.activations, self.durations, n),
            durations=np.repeat(self.durations / n, n),
            reassigned=np.full(n * self.n_sessions, np.nan),
            lasting={kind: _by_begin(self.spans(kind), self.durations, n) for kind in kinds},
        )

    @classmethod
    def joined(cls, several: Sequence[Self]) -> Self:
        """The sessions of several tables, one after the other; activations are known if they are in all.

        Raises:
            InputError: There are no tables, or their clusters differ.
        """
        if not several:
            raise invalid("tables", (), "at least one")
        first = several[0]
        different = next((each.labels for each in several if not np.array_equal(each.labels, first.labels)), None)
        if different is not None:
            labels = ", ".join(map(str, first.labels.tolist()))
            raise invalid("clusters that define states", different.tolist(), f"those of the other sessions, {labels}")
        offsets = np.cumsum([0, *(each.n_sessions for each in several[:-1])]).tolist()
        activations = [each.activations for each in several]
        return replace(
            first,
            visits=_joined([each.visits for each in several], offsets),
            activations=None
            if any(each is None for each in activations)
            else _joined([each for each in activations if each is not None], offsets),
            durations=np.concatenate([each.durations for each in several]),
            reassigned=np.concatenate([each.reassigned for each in several]),
        )

    def _windows(self, windows: NDArray[np.float64]) -> Self:
        def cut(spans: pd.DataFrame) -> pd.DataFrame:
            inside = cut_to(spans, self.durations, windows)
            begin = windows[inside["session"].to_numpy(), 0]
            return inside.assign(start=inside["start"] - begin, end=inside["end"] - begin)

        return replace(
            self,
            visits=cut(self.visits),
            activations=None if self.activations is None else cut(self.activations),
            durations=windows[:, 1] - windows[:, 0],
            reassigned=np.full(self.n_sessions, np.nan),
            lasting=None,
        )


def _in_parts(spans: pd.DataFrame, durations: NDArray[np.float64], n: int) -> pd.DataFrame:
    """Spans of time cut at the borders of n equal parts of their session; ordered by part."""
    session = spans["session"].to_numpy(np.int64)
    length = durations[session] / n
    begin, end = (spans[edge].to_numpy(np.float64) / length for edge in ("start", "end"))  # in parts
    begin, end = (np.where(abs(edge - edge.round()) < n * SAME, edge.round(), edge) for edge in (begin, end))
    first = np.floor(begin).astype(np.int64)
    pieces = np.ceil(end).astype(np.int64) - first
    row = np.repeat(np.arange(len(spans)), pieces)
    part = first[row] + np.arange(len(row)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    start, stop = (length[row] * np.clip(edge[row] - part, 0, 1) for edge in (begin, end))
    cut = spans.iloc[row].assign(session=session[row] * n + part, **span_columns(start, stop, length[row]))
    return cut.sort_values("session", kind="stable", ignore_index=True)


def _by_begin(spans: pd.DataFrame, durations: NDArray[np.float64], n: int) -> pd.DataFrame:
    """Spans of time in the part of their session in which they begin, of n equal ones; ordered by part."""
    session = spans["session"].to_numpy(np.int64)
    part = np.minimum((n * spans["start"].to_numpy(np.float64) / durations[session]).astype(np.int64), n - 1)
    return spans.assign(session=session * n + part).sort_values("session", kind="stable", ignore_index=True)


def _selected(spans: pd.DataFrame, chosen: NDArray[np.int64], n_sessions: int) -> pd.DataFrame:
    edges = np.searchsorted(spans["session"].to_numpy(), np.arange(n_sessions + 1))
    lengths = np.diff(edges)[chosen]
    new = np.repeat(np.arange(len(chosen)), lengths)
    within_session = np.arange(len(new)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    rows = np.repeat(edges[:-1][chosen], lengths) + within_session
    return spans.iloc[rows].assign(session=new).reset_index(drop=True)


def _joined(several: list[pd.DataFrame], offsets: list[int]) -> pd.DataFrame:
    shifted = [spans.assign(session=spans["session"] + n) for spans, n in zip(several, offsets, strict=True)]
    return pd.concat(shifted, ignore_index=True)
