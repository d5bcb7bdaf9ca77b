from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuro_mod.core.spiking_net.analysis.states.development import transition_density_until, unique_states_until
from neuro_mod.core.spiking_net.analysis.states.transitions import transition_table, without_empty_state
from tests.helpers.visit_frames import sequences, visits

A, B, C = (0,), (1,), (0, 1)


def test_by_hand():
    frame = visits({0: [A, (), A, B, ()], 2: [C]}, {0: [1.0, 2.0, 1.0, 1.0, 1.0], 2: [1.0]})
    times = [0.0, 0.9, 1.0, 3.0, 4.0, 9.0]
    states = unique_states_until(frame, times, 3)
    assert states.dtype == np.int64
    assert states.tolist() == [[1, 1, 2, 2, 3, 3], [0] * 6, [1] * 6]
    density = transition_density_until(transition_table(frame), frame, times, 3)
    assert density[0].tolist() == pytest.approx([np.nan, np.nan, 1 / 2, 1, 3 / 6, 4 / 6], nan_ok=True)
    assert np.isnan(density[1:]).all()


def test_a_state_that_follows_itself_is_no_edge():
    frame = visits({0: [A, (), A, (), B]})
    table = transition_table(frame, empty_state=False)
    density = transition_density_until(table, without_empty_state(frame), [3.9, 4.0], 1)
    assert density[0].tolist() == pytest.approx([np.nan, 1 / 2], nan_ok=True)


def test_a_state_is_entered_at_the_decimal_of_its_start():
    frame = visits({0: [A, B]}, {0: [3 * 0.1, 1.0]})  # 0.30000000000000004
    assert unique_states_until(frame, [0.3], 1).tolist() == [[2]]
    assert transition_density_until(transition_table(frame), frame, [0.3], 1).tolist() == [[1 / 2]]


@given(sequences(), st.lists(st.integers(0, 14).map(lambda time: time - 0.5), max_size=5))
def test_against_sets_at_each_time(sessions, times):
    frame = visits(sessions)
    states = unique_states_until(frame, times, 5)
    density = transition_density_until(transition_table(frame), frame, times, 5)
    assert states.shape == density.shape == (5, len(times))
    for session in range(5):
        for i, time in enumerate(times):
            entered = sessions.get(session, [])[: int(time + 1)]  # visits last 1 s
            n, edges = len(set(entered)), set(pairwise(entered))
            assert states[session, i] == n
            expected = len(edges) / (n * (n - 1)) if n > 1 else np.nan
            assert density[session, i] == pytest.approx(expected, nan_ok=True)


@given(sequences())
def test_nothing_is_ever_forgotten(sessions):
    frame = visits(sessions)
    until = unique_states_until(frame, np.arange(13.0), 4)
    assert (np.diff(until, axis=1) >= 0).all()
    assert until[:, -1].tolist() == [len(set(sessions.get(session, []))) for session in range(4)]


def test_no_visits():
    frame = visits({})
    assert unique_states_until(frame, [0.0, 1.0], 2).tolist() == [[0, 0], [0, 0]]
    assert np.isnan(transition_density_until(transition_table(frame), frame, [0.0], 2)).all()
    assert unique_states_until(frame, [], 0).shape == (0, 0)


def test_a_session_too_many():
    with pytest.raises(ValueError, match="n_sessions: 1 found; expected more than 3"):
        unique_states_until(visits({3: [A]}), [0.0], 1)
