"""Statistics of states, from their visits alone: the same for detected and hidden states."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from neuro_mod.choices import LifespanEstimator, NeverLeft
from neuro_mod.core.spiking_net.analysis.states import development, lifetimes, visit_order
from neuro_mod.core.spiking_net.analysis.states import transitions as chains
from neuro_mod.core.spiking_net.analysis.states.jump_statistics import JumpStatistics, jump_statistics
from neuro_mod.core.spiking_net.analysis.states.lifetimes import Survival
from neuro_mod.core.spiking_net.analysis.states.names import State, StateLike, parse_state, state_name, state_order
from neuro_mod.core.spiking_net.analysis.states.visit_order import ShuffleTest
from neuro_mod.core.spiking_net.analysis.states.visits import of_state, within
from neuro_mod.errors import invalid
from neuro_mod.recordings.windows import Edge, from_starts, windows_of

#: Types of the columns of a table of states.
_STATES = {
    "state": object,
    "occurrences": np.int64,
    "total_duration": np.float64,
    "probability": np.float64,
    "mean_lifespan": np.float64,
    "mean_lifespan_kaplan_meier": np.float64,
    "mean_rate": np.float64,
}
#: Columns of a table of visits that it is computed from.
_OF_VISITS = ("duration", "censored", "censored_start", "censored_end", "mean_rate")


class StateStatistics(ABC):
    """Statistics of the visits of states in one or several sessions.

    Everything is computed from `occurrences`; nothing is counted across the boundary of two sessions. Methods share
    these arguments, and raise an `InputError` where one is not valid:

    - ``state``: A state, or its name in saved tables; where it is optional, None for all states.
    - ``t_from``, ``t_to``: Time window in s from the start of each session, or from its end if negative. Visits that
      reach beyond the window are cut there and are censored. By default the whole session.
    - ``empty_state``: Whether the state of no active cluster counts. If not it is passed over: A, none, B is a
      transition from A to B, and A, none, A one from A to A.
    """

    @property
    @abstractmethod
    def durations(self) -> NDArray[np.float64]:
        """Length of each session in seconds, shape ``(n_sessions,)``."""

    @abstractmethod
    def _all_occurrences(self) -> pd.DataFrame:
        """All visits of all sessions."""

    @abstractmethod
    def _possible(self, state: Any) -> State:
        """The state; raises an `InputError` if there can be no such state."""

    def _checked(self, state: Any) -> State:
        """A state as users give it, or its name in saved tables."""
        return self._possible(parse_state(state) if isinstance(state, str) else state)

    @property
    def n_sessions(self) -> int:
        """Number of sessions."""
        return len(self.durations)

    def occurrences(self, t_from: Edge = None, t_to: Edge = None) -> pd.DataFrame:
        """All visits of states.

        Returns:
            One row per visit, ordered by session, then start: ``session``, ``state``, ``start``, ``end``,
            ``duration`` (s), ``censored`` (the start or the end was not seen), ``censored_start``, ``censored_end``,
            ``mean_rate`` (Hz per neuron, of the active clusters during the whole visit).
        """
        return within(self._all_occurrences(), self.durations, t_from, t_to).copy()

    def transitions(self, t_from: Edge = None, t_to: Edge = None, *, empty_state: bool = True) -> pd.DataFrame:
        """One row per transition between successive visits: ``session``, ``from_state``, ``to_state``, ``time`` (s)."""
        return chains.transition_table(self.occurrences(t_from, t_to), empty_state=empty_state)

    def get_unique_attractors(self, t_from: Edge = None, t_to: Edge = None, *, empty_state: bool = True) -> list[State]:
        """The distinct states that were visited, by number of active clusters, then by labels."""
        return chains.visited_states(self.occurrences(t_from, t_to), empty_state)

    def get_num_states(self, t_from: Edge = None, t_to: Edge = None, *, empty_state: bool = True) -> int:
        """Number of distinct states that were visited."""
        return len(self.get_unique_attractors(t_from, t_to, empty_state=empty_state))

    def get_attractor_idx(
        self, state: StateLike, t_from: Edge = None, t_to: Edge = None, *, empty_state: bool = True
    ) -> int:
        """Place of a visited state in `get_unique_attractors`, and so in the transition matrix, of the same window."""
        wanted = self._checked(state)
        visited = self.get_unique_attractors(t_from, t_to, empty_state=empty_state)
        if wanted not in visited:
            raise invalid("state", state_name(wanted), f"a visited state: {_shown(visited)}")
        return visited.index(wanted)

    def get_num_clusters(self, state: StateLike) -> int:
        """Number of clusters that are active in a state."""
        checked = self._checked(state)
        if not isinstance(checked, tuple):
            raise invalid("state", state_name(checked), "a set of active clusters", "hidden states have rates")
        return len(checked)

    def get_attractors_data(self, t_from: Edge = None, t_to: Edge = None) -> pd.DataFrame:
        """One row for each visited state, in the order of `get_unique_attractors`.

        Returns:
            ``state``; ``occurrences``, its visits; ``total_duration`` (s); ``probability``, its part of the time of
            all sessions; ``mean_lifespan`` (s, visits seen from start to end) and ``mean_lifespan_kaplan_meier`` (s),
            see `get_mean_lifespan`; ``mean_rate`` (Hz), of the active clusters, averaged over time.
        """
        return states_table(self.occurrences(t_from, t_to), self._window_lengths(t_from, t_to).sum())

    def get_attractor_data(self, state: StateLike, t_from: Edge = None, t_to: Edge = None) -> dict[str, Any]:
        """The row of `get_attractors_data` for one state, and ``visits``, its rows of `occurrences`.

        A state that was never visited has no occurrences, probability 0, and NaN for the rest.
        """
        wanted = self._checked(state)
        visits = of_state(self.occurrences(t_from, t_to), wanted)
        time = self._window_lengths(t_from, t_to).sum()
        columns = {name: visits[name].to_numpy() for name in _OF_VISITS}
        return _row(wanted, columns, time) | {"visits": visits.reset_index(drop=True)}

    def get_occurrences(self, state: StateLike | None = None, t_from: Edge = None, t_to: Edge = None) -> int:
        """Number of visits of a state, or of all states."""
        return len(of_state(self.occurrences(t_from, t_to), self._maybe(state)))

    def get_life_spans(
        self, state: StateLike | None = None, t_from: Edge = None, t_to: Edge = None, *, censored: bool = False
    ) -> NDArray[np.float64]:
        """Durations of visits in seconds; ``censored`` includes those whose start or end was not seen."""
        return lifetimes.lifespans(self.occurrences(t_from, t_to), self._maybe(state), censored)

    def get_mean_lifespan(
        self,
        state: StateLike | None = None,
        t_from: Edge = None,
        t_to: Edge = None,
        *,
        estimator: LifespanEstimator = "mean",
    ) -> float:
        """Mean duration of visits in seconds; NaN where none was seen.

        The estimator ``mean`` takes the visits seen from start to end, which favours short ones; ``kaplan_meier`` also
        learns from visits whose end was not seen, see `survival`. Both are too long where much time was taken
        from too short visits, see `Analyzer.reassigned`.
        """
        return lifetimes.mean_lifespan(self.occurrences(t_from, t_to), self._maybe(state), estimator)

    def survival(self, state: StateLike | None = None, t_from: Edge = None, t_to: Edge = None) -> Survival:
        """Probability that a visit of a state, or of any, lasts longer than a time (Kaplan-Meier)."""
        return lifetimes.survival(self.occurrences(t_from, t_to), self._maybe(state))

    def get_attractor_prob(self, state: StateLike, t_from: Edge = None, t_to: Edge = None) -> float:
        """Part of the time of all sessions that is spent in a state."""
        return float(self.get_attractor_data(state, t_from, t_to)["probability"])

    def get_attractor_probs(
        self, t_from: Edge = None, t_to: Edge = None, *, states: Sequence[StateLike] | None = None
    ) -> NDArray[np.float64]:
        """Part of the time spent in each of the ``states``, by default `get_unique_attractors`, shape ``(n_states,)``.

        It is 0 for a state that was never visited.
        """
        found = self.get_attractors_data(t_from, t_to).set_index("state")["probability"]
        if states is None:
            return found.to_numpy(np.float64)
        known = found.to_dict()
        return np.array([known.get(state, 0.0) for state in self._distinct(states)], np.float64)

    def get_transition_counts(
        self,
        t_from: Edge = None,
        t_to: Edge = None,
        *,
        empty_state: bool = True,
        states: Sequence[StateLike] | None = None,
    ) -> NDArray[np.int64]:
        """How often each state (row) was followed by each (column).

        ``states`` are those of the rows and columns, by default `get_unique_attractors`; with `shared_states`, matrices
        of several analyses are aligned. All states between which there are transitions must be among them.
        """
        visits = self.occurrences(t_from, t_to)
        moves = chains.transition_table(visits, empty_state=empty_state)
        chosen = chains.visited_states(visits, empty_state) if states is None else self._distinct(states)
        return chains.transition_counts(moves, chosen)

    def get_transition_matrix(
        self,
        t_from: Edge = None,
        t_to: Edge = None,
        *,
        empty_state: bool = True,
        never_left: NeverLeft = "nan",
        states: Sequence[StateLike] | None = None,
    ) -> NDArray[np.float64]:
        """Probability that a state (row) is followed by another (column); for ``states`` see `get_transition_counts`.

        ``never_left`` is the content, ``nan`` or ``zero``, of the rows of states that were never left; all other rows
        sum to 1. Shape ``(n_states, n_states)``.
        """
        counts = self.get_transition_counts(t_from, t_to, empty_state=empty_state, states=states)
        return chains.transition_matrix(counts, never_left)

    def get_transition_prob(
        self,
        from_state: StateLike,
        to_state: StateLike,
        t_from: Edge = None,
        t_to: Edge = None,
        *,
        empty_state: bool = True,
    ) -> float:
        """Probability that one state is followed by another; NaN if it was never left."""
        return self.get_sequence_probability([from_state, to_state], t_from, t_to, empty_state=empty_state)

    def get_sequence_probability(
        self, sequence: Iterable[StateLike], t_from: Edge = None, t_to: Edge = None, *, empty_state: bool = True
    ) -> float:
        """Probability that states follow the first one in this order, without memory.

        It is the product of the transition probabilities; NaN if a state that is to be left never was.
        """
        states = [self._checked(state) for state in sequence]
        moves = self.transitions(t_from, t_to, empty_state=empty_state)
        known = sorted({*states, *moves["from_state"], *moves["to_state"]}, key=state_name)
        matrix = chains.transition_matrix(chains.transition_counts(moves, known))
        return chains.sequence_probability(matrix, [known.index(state) for state in states])

    def jump_statistics(self, t_from: Edge = None, t_to: Edge = None, *, empty_state: bool = True) -> JumpStatistics:
        """Stationary distribution, mixing time and entropy rate of the chain of states."""
        return jump_statistics(self.occurrences(t_from, t_to), empty_state=empty_state)

    def shuffle_test(
        self, n_shuffles: int = 200, seed: int = 0, t_from: Edge = None, t_to: Edge = None, *, empty_state: bool = True
    ) -> ShuffleTest:
        """Whether the present state predicts the next one better than in random orders of the same visits."""
        return visit_order.shuffle_test(
            self.occurrences(t_from, t_to), n_shuffles=n_shuffles, seed=seed, empty_state=empty_state
        )

    def get_unique_attractors_count_until_time(self, time: ArrayLike, *, empty_state: bool = True) -> NDArray[np.int64]:
        """Number of distinct states that each session has entered until a time.

        Times are in s, from the end of each session if negative. Shape ``(n_sessions,)`` for one time, ``(n_sessions,
        n_times)`` for several.
        """
        visits = self._counted(empty_state)
        counted = development.unique_states_until(visits, self._from_starts(time), self.n_sessions)
        return counted.reshape(self.n_sessions, *np.shape(time))

    def get_transition_density_until_time(self, time: ArrayLike, *, empty_state: bool = True) -> NDArray[np.float64]:
        """Part of all possible transitions between the states entered until a time that each session has shown.

        It is the density of the directed graph of transitions; NaN before a second state is entered. Times and shape
        as for `get_unique_attractors_count_until_time`.
        """
        visits = self._counted(empty_state)
        moves = chains.transition_table(visits)
        density = development.transition_density_until(moves, visits, self._from_starts(time), self.n_sessions)
        return density.reshape(self.n_sessions, *np.shape(time))

    def _from_starts(self, time: ArrayLike) -> NDArray[np.float64]:
        """Times from the start of each session, shape ``(n_sessions, n_times)``."""
        times = np.ravel(np.asarray(time, np.float64)).tolist()
        return np.array(from_starts("time", times, self.durations)).reshape(self.n_sessions, len(times))

    def _counted(self, empty_state: bool) -> pd.DataFrame:
        visits = self._all_occurrences()
        return visits if empty_state else chains.without_empty_state(visits)

    def _distinct(self, states: Sequence[StateLike]) -> list[State]:
        """States as users list them, each once."""
        checked = [self._checked(state) for state in states]
        twice = next((state for index, state in enumerate(checked) if state in checked[:index]), None)
        if twice is not None:
            raise invalid("states", state_name(twice), "each state once")
        return checked

    def _maybe(self, state: Any) -> State | None:
        return None if state is None else self._checked(state)

    def _window_lengths(self, t_from: Edge, t_to: Edge) -> NDArray[np.float64]:
        if t_from is None and t_to is None:
            return self.durations
        bounds = windows_of(self.durations, t_from, t_to)
        return np.array([end - begin for begin, end in bounds])


def shared_states(*analyses: StateStatistics, empty_state: bool = True) -> list[State]:
    """The states that were visited in any of several analyses, in one order for all of them.

    It numbers states across sessions, folders and conditions: as ``states=`` of `Analyzer.get_transition_matrix`,
    `Analyzer.get_attractor_probs` and `Analyzer.state_table` it aligns what they return. Clusters must mean the same in
    all of them.

    Args:
        analyses: Analyzers, or fitted hidden Markov models, whose states are equal only if they are of one fit.
        empty_state: Whether the state of no active cluster counts.

    Examples:
        >>> from neuro_mod import Analyzer, StageSNNSimulation, shared_states
        >>> runs = [StageSNNSimulation("small", random_seed=seed).run(4, record=["spikes"]) for seed in (1, 2)]
        >>> analyzers = [Analyzer(run) for run in runs]
        >>> states = shared_states(*analyzers)
        >>> {analyzer.get_transition_matrix(states=states).shape[0] == len(states) for analyzer in analyzers}
        {True}
    """
    visited = {state for each in analyses for state in each.get_unique_attractors(empty_state=empty_state)}
    return sorted(visited, key=state_order)


def states_table(occurrences: pd.DataFrame, time: float) -> pd.DataFrame:
    """One row for each visited state, see `StateStatistics.get_attractors_data`; `time` is that of all sessions."""
    states = chains.visited_states(occurrences)
    place = {state: index for index, state in enumerate(states)}
    code = np.array([place[state] for state in occurrences["state"]], np.int64)
    order = np.argsort(code, kind="stable")
    columns = {name: occurrences[name].to_numpy()[order] for name in _OF_VISITS}
    ends = np.cumsum(np.bincount(code, minlength=len(states))).tolist()
    rows = [
        _row(state, {name: column[begin:end] for name, column in columns.items()}, time)
        for state, begin, end in zip(states, [0, *ends], ends, strict=False)
    ]
    return pd.DataFrame(rows, columns=list(_STATES)).astype(_STATES)


def _row(state: State, visits: Mapping[str, NDArray[Any]], time: float) -> dict[str, Any]:
    """Statistics of a state from columns of its visits, `_OF_VISITS`."""
    spans, censored_start, censored_end = (visits[name] for name in ("duration", "censored_start", "censored_end"))
    total = float(spans.sum())
    return {
        "state": state,
        "occurrences": len(spans),
        "total_duration": total,
        "probability": total / time if time else np.nan,
        "mean_lifespan": lifetimes.mean_duration(spans[~visits["censored"]]),
        "mean_lifespan_kaplan_meier": lifetimes.restricted_mean(spans, censored_start, censored_end),
        "mean_rate": float(visits["mean_rate"] @ spans) / total if total else np.nan,
    }


def _shown(states: list[State], most: int = 12) -> str:
    names = [state_name(state) for state in states[:most]]
    return ", ".join(names) + (f", ... ({len(states)})" if len(states) > most else "") or "none"
