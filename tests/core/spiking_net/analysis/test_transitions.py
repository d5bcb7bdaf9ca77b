from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuro_mod.core.spiking_net.analysis.states.transitions import (
    sequence_probability,
    transition_counts,
    transition_matrix,
    transition_table,
    visited_states,
    without_empty_state,
)
from tests.helpers.visit_frames import sequences, visits

A, B, C = (0,), (1,), (0, 1)


def counts_one_by_one(sessions, states, empty_state):
    """The slow obvious version."""
    counts = np.zeros((len(states), len(states)), np.int64)
    for sequence in sessions.values():
        kept = [state for state in sequence if empty_state or state != ()]
        for source, target in pairwise(kept):
            counts[states.index(source), states.index(target)] += 1
    return counts


def test_table_by_hand():
    frame = visits({0: [A, (), B], 2: [A], 5: [C, A]}, {0: [1.0, 2.0, 4.0], 2: [1.0], 5: [0.5, 1.0]})
    table = transition_table(frame)
    assert table.columns.tolist() == ["session", "from_state", "to_state", "time"]
    assert table.to_numpy().tolist() == [[0, A, (), 1.0], [0, (), B, 3.0], [5, C, A, 0.5]]


def test_visited_states_by_hand():
    frame = visits({0: [C, A], 1: [(), B, A]})
    assert visited_states(frame) == [(), A, B, C]
    assert visited_states(frame, empty_state=False) == [A, B, C]
    assert without_empty_state(frame)["state"].tolist() == [C, A, B, A]


def test_without_the_empty_state_its_neighbours_follow_each_other():
    frame = visits({0: [A, (), B, (), B, A]}, {0: [1.0, 2.0, 4.0, 1.0, 1.0, 1.0]})
    table = transition_table(frame, empty_state=False)
    assert table.to_numpy().tolist() == [[0, A, B, 3.0], [0, B, B, 8.0], [0, B, A, 9.0]]


def test_hidden_states():
    frame = visits({0: [2, 0, 2]})
    table = transition_table(frame, empty_state=False)
    assert table["from_state"].tolist() == [2, 0]
    assert transition_counts(table, visited_states(frame)).tolist() == [[0, 1], [1, 0]]


@given(sequences(), st.booleans())
def test_counts_are_those_counted_one_by_one(sessions, empty_state):
    frame = visits(sessions)
    states = visited_states(frame, empty_state)
    counts = transition_counts(transition_table(frame, empty_state=empty_state), states)
    assert counts.dtype == np.int64
    assert np.array_equal(counts, counts_one_by_one(sessions, states, empty_state))


@given(sequences(), st.booleans())
def test_time_reversal_transposes_the_counts(sessions, empty_state):
    states = visited_states(visits(sessions), empty_state)
    forward, backward = (
        transition_counts(transition_table(visits(played), empty_state=empty_state), states)
        for played in (sessions, {session: sequence[::-1] for session, sequence in sessions.items()})
    )
    assert np.array_equal(backward, forward.T)


@given(sequences(), st.permutations(range(4)))
def test_order_of_sessions_does_not_matter(sessions, order):
    permuted = {i: sessions[session] for i, session in enumerate(each for each in order if each in sessions)}
    states = visited_states(visits(sessions))
    assert visited_states(visits(permuted)) == states
    counts = [transition_counts(transition_table(visits(each)), states) for each in (sessions, permuted)]
    assert np.array_equal(*counts)


@given(sequences(), st.permutations(range(4)))
def test_relabelling_clusters_only_relabels(sessions, labels):
    def relabelled(state):
        return tuple(sorted(labels[label] for label in state))

    frame = visits(sessions)
    states = visited_states(frame)
    renamed = visits({session: [relabelled(state) for state in each] for session, each in sessions.items()})
    counts = transition_counts(transition_table(renamed), [relabelled(state) for state in states])
    assert np.array_equal(counts, transition_counts(transition_table(frame), states))


@given(sequences())
def test_rows_of_states_that_were_left_sum_to_one(sessions):
    frame = visits(sessions)
    counts = transition_counts(transition_table(frame), visited_states(frame))
    left = counts.any(axis=1)
    matrix = transition_matrix(counts)
    assert np.allclose(matrix[left].sum(axis=1), 1.0) and np.isnan(matrix[~left]).all()
    assert np.array_equal(transition_matrix(counts, never_left="zero"), np.where(left[:, None], matrix, 0.0))


def test_known_chain_is_recovered():
    """Semi-Markov: a chain with gamma durations. The error of a probability is below 4 standard errors."""
    rng = np.random.default_rng(7)
    matrix = np.array([[0.0, 0.7, 0.3], [0.2, 0.0, 0.8], [0.5, 0.5, 0.0]])
    states, n = [(), A, C], 20_000
    sequence = [0]
    for u in rng.random(n):
        sequence.append(int(np.searchsorted(np.cumsum(matrix[sequence[-1]]), u, side="right")))
    frame = visits({0: [states[i] for i in sequence]}, {0: rng.gamma(3.0, 0.1, n + 1)})
    counts = transition_counts(transition_table(frame), states)
    tolerance = 4 * np.sqrt(matrix * (1 - matrix) / counts.sum(axis=1, keepdims=True))
    assert (np.abs(transition_matrix(counts) - matrix) <= tolerance).all()


def test_probability_of_a_sequence_by_hand():
    matrix = np.array([[0.0, 0.25, 0.75], [0.5, 0.0, 0.5], [np.nan, np.nan, np.nan]])
    assert sequence_probability(matrix, [0, 1, 0, 2]) == 0.25 * 0.5 * 0.75
    assert sequence_probability(matrix, [0, 0]) == 0
    assert sequence_probability(matrix, [2]) == sequence_probability(matrix, []) == 1
    assert np.isnan(sequence_probability(matrix, [0, 2, 0]))
    with pytest.raises(ValueError, match="indices: -1 found; expected 0 to 2"):
        sequence_probability(matrix, [0, -1])


def test_no_visits():
    frame = visits({})
    table = transition_table(frame)
    assert table.dtypes.astype(str).tolist() == ["int64", "object", "object", "float64"]
    assert len(table) == len(without_empty_state(frame)) == 0
    assert visited_states(frame) == []
    assert transition_matrix(transition_counts(table, [])).shape == (0, 0)
    assert transition_counts(table, [A, B]).tolist() == [[0, 0], [0, 0]]


def test_what_is_refused():
    table = transition_table(visits({0: [A, C]}))
    with pytest.raises(ValueError, match=r"transitions: .0\+1. found; expected only the given states"):
        transition_counts(table, [A])
    with pytest.raises(ValueError, match=r"never_left: .one. found; expected one of nan, zero"):
        transition_matrix(np.zeros((2, 2), np.int64), never_left="one")
