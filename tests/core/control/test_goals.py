"""Goals of a design and roles of states, in sequences that can be counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from neuro_mod.choices import GoalKind
from neuro_mod.core.control.goals import Goal, n_spans
from neuro_mod.core.control.leakage import ROLES, n_states, shares_of_roles

#: Clusters 0 and 1 are to be active, 2 and 3 not. Bins of 1 s.
ACTIVE = np.array(
    [
        [0, 0, 0, 0],
        [1, 0, 0, 0],
        [1, 1, 0, 0],
        [1, 1, 0, 0],
        [1, 1, 1, 0],
        [0, 1, 1, 0],
        [0, 0, 1, 1],
        [1, 1, 0, 0],
    ],
    bool,
)


def value(kind: GoalKind, members: tuple[int, ...]) -> float:
    goal = Goal(kind, members, 4, 1, 1.0)
    parts = goal.parts(ACTIVE)
    return goal.value(float(parts.above.mean()), float(parts.below.mean()))


def test_goals() -> None:
    assert value("probability", (0, 1)) == pytest.approx(3 / 8)
    assert value("occupancy", (0, 1)) == pytest.approx(10 / 16)
    # of the two bins in the state that have one after them, one is the last of its visit
    assert value("duration", (0, 1)) == pytest.approx(2 / 1)
    # cluster 0 is off in bins 0, 5, 6 and on after the first and the last of these
    assert value("switching", (0,)) == pytest.approx(2 / 3)


def test_goals_that_never_happen_are_undefined_or_zero() -> None:
    assert value("probability", (0, 3)) == 0
    assert np.isnan(value("duration", (0, 3)))


def test_roles_of_states() -> None:
    shares = dict(zip(ROLES, 8 * shares_of_roles(ACTIVE, (0, 1)), strict=True))
    expected = {
        "the state itself": 3,
        "its clusters and more": 1,
        "all but one of its clusters": 2,
        "none of its clusters": 1,
        "nothing active": 1,
    }
    assert {role: share for role, share in shares.items() if share} == pytest.approx(expected)
    three = np.array([[1, 0, 0, 1, 1]], bool)
    assert shares_of_roles(three, (0, 1, 2))[ROLES.index("some of its clusters")] == 1


def test_numbers_of_states_and_of_visits() -> None:
    assert n_states([ACTIVE[:4], ACTIVE[4:]], 0.1) == 5
    assert n_states([ACTIVE], 0.2) == 1
    assert n_spans(np.array([1, 1, 0, 1, 0, 0, 1.0])) == 3


def test_nearness_tells_how_far_clusters_are_from_the_goal() -> None:
    rates = np.array([[60.0, 20.0, 0.0, 60.0]])
    found = Goal("probability", (0, 1), 4, 1, 1.0).nearness(rates, 20.0)
    assert found[0] == pytest.approx([1, 0.5, 1, 0], abs=0.01)
    assert Goal("occupancy", (0, 1), 4, 1, 1.0).nearness(rates, 20.0).shape == (1, 2)
