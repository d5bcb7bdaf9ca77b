from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuro_mod.core.spiking_net.analysis.states.names import parse_state, state_name, state_order

STATES = st.one_of(st.sets(st.integers(-9, 99)).map(lambda labels: tuple(sorted(labels))), st.integers(0, 99))


@pytest.mark.parametrize(("state", "name"), [((0, 3, 7), "0+3+7"), ((), "none"), ((12,), "12"), (4, "S4"), (0, "S0")])
def test_names(state, name):
    assert state_name(state) == name
    assert parse_state(name) == state


@given(STATES)
def test_a_name_says_which_state(state):
    found = parse_state(state_name(state))
    assert found == state and type(found) is type(state)


@pytest.mark.parametrize(
    "name", ["", "3+0", "3+3", "03", "1+", "+1", " 1", "1_0", "S", "S-1", "S04", "s4", "SS4", "4S", "None", "()", "S٣"]
)
def test_what_is_no_name(name):
    with pytest.raises(ValueError, match="expected sorted labels"):
        parse_state(name)


def test_order():
    mixed = [(0, 1, 2), (1, 2), (10,), (0, 11), (), (0, 1), (2,)]
    assert sorted(mixed, key=state_order) == [(), (2,), (10,), (0, 1), (0, 11), (1, 2), (0, 1, 2)]
    assert sorted([10, 2, 0], key=state_order) == [0, 2, 10]
