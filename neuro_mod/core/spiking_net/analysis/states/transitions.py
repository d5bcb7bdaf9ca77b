"""Transitions between successive visits: their counts and probabilities."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from neuro_mod.checks import check_choice
from neuro_mod.choices import NeverLeft
from neuro_mod.core.spiking_net.analysis.states.names import EMPTY, State, state_name, state_order
from neuro_mod.errors import invalid


def without_empty_state(occurrences: pd.DataFrame) -> pd.DataFrame:
    """The visits of states with at least one active cluster; all hidden states are kept."""
    return occurrences.loc[np.fromiter((state != EMPTY for state in occurrences["state"]), bool, len(occurrences))]


def visited_states(occurrences: pd.DataFrame, empty_state: bool = True) -> list[State]:
    """The distinct states of the visits, in the order of `state_order`.

    Args:
        occurrences: One row per visit.
        empty_state: Whether the state of no active cluster counts as one.
    """
    states = set(occurrences["state"])
    return sorted(states if empty_state else states - {EMPTY}, key=state_order)


def transition_table(occurrences: pd.DataFrame, *, empty_state: bool = True) -> pd.DataFrame:
    """Transitions between successive visits of the same session; the last visit of a session has no successor.

    Args:
        occurrences: One row per visit, ordered by session, then start.
        empty_state: Whether visits of ``()`` count. If not they are skipped: A, (), B is a transition from A to B,
            and A, (), A one from A to A.

    Returns:
        One row per transition: ``session``, ``from_state``, ``to_state``, and ``time``, the start of the visit that
        is entered, in seconds.
    """
    visits = occurrences if empty_state else without_empty_state(occurrences)
    session = visits["session"].to_numpy()
    state = visits["state"].astype(object).to_numpy()
    follows = session[1:] == session[:-1]
    columns = {
        "session": session[1:][follows],
        "from_state": pd.Series(state[:-1][follows], dtype=object),
        "to_state": pd.Series(state[1:][follows], dtype=object),
        "time": visits["start"].to_numpy()[1:][follows],
    }
    return pd.DataFrame(columns)


def transition_counts(transitions: pd.DataFrame, states: Sequence[State]) -> NDArray[np.int64]:
    """Number of transitions between states.

    Args:
        transitions: One row per transition.
        states: The states of the rows and columns, n of them.

    Returns:
        Shape ``(n, n)``, from (rows) to (columns).

    Raises:
        InputError: A transition leaves or enters a state that is not listed.
    """
    return sparse_counts(transitions, states).toarray()


def sparse_counts(transitions: pd.DataFrame, states: Sequence[State]) -> csr_array:
    """What `transition_counts` returns, without the zeros: of thousands of states few follow each other."""
    source, target = (_indices(transitions[column], states) for column in ("from_state", "to_state"))
    counts = csr_array((np.ones(len(source), np.int64), (source, target)), shape=(len(states), len(states)))
    counts.sum_duplicates()
    return counts


def transition_matrix(counts: NDArray[np.integer], never_left: NeverLeft = "nan") -> NDArray[np.float64]:
    """Transition probabilities: the counts over the sum of their row (maximum likelihood).

    Args:
        counts: From (rows) to (columns), shape ``(n, n)``.
        never_left: Content of the row of a state that was never left: ``nan`` or ``zero``.

    Returns:
        Shape ``(n, n)``; the other rows sum to one.
    """
    check_choice("never_left", never_left, NeverLeft)
    leaving = counts.sum(axis=1, keepdims=True)
    unknown = np.full(counts.shape, np.nan if never_left == "nan" else 0.0)
    return np.divide(counts, leaving, out=unknown, where=leaving > 0)


def transition_probabilities(transitions: pd.DataFrame) -> pd.DataFrame:
    """The kinds of transitions that occur.

    Args:
        transitions: One row per transition.

    Returns:
        ``from_state``, ``to_state``, ``count``, and ``probability``, its fraction of all transitions from that state.
    """
    states = sorted({*transitions["from_state"], *transitions["to_state"]}, key=state_order)
    counts = sparse_counts(transitions, states)
    kinds = counts.tocoo()
    source, target = kinds.coords
    return pd.DataFrame(
        {
            "from_state": pd.Series([states[index] for index in source], dtype=object),
            "to_state": pd.Series([states[index] for index in target], dtype=object),
            "count": kinds.data,
            "probability": kinds.data / counts.sum(axis=1)[source],
        }
    )


def sequence_probability(matrix: NDArray[np.floating], indices: ArrayLike) -> float:
    """Probability of a sequence of states of a memoryless chain, given the first.

    Args:
        matrix: Transition probabilities, shape ``(n, n)``.
        indices: The states as indices into the matrix, shape ``(length,)``.

    Returns:
        The product of the probabilities of the transitions, one if there is none.

    Raises:
        InputError: An index is outside the matrix.
    """
    states = np.asarray(indices, np.int64)
    outside = states[(states < 0) | (states >= len(matrix))]
    if outside.size:
        raise invalid("indices", outside[0], f"0 to {len(matrix) - 1}")
    return float(np.prod(matrix[states[:-1], states[1:]]))


def _indices(column: Iterable[State], states: Sequence[State]) -> NDArray[np.int64]:
    index = {state: i for i, state in enumerate(states)}
    missing = next((state for state in column if state not in index), None)
    if missing is not None:
        raise invalid("transitions", state_name(missing), "only the given states")
    return np.array([index[state] for state in column], np.int64)
