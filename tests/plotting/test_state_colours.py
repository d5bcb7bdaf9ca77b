from __future__ import annotations

import numpy as np
import pytest

from neuro_mod.plotting.analysis.state_colours import (
    EMPTY_COLOUR,
    OTHER_COLOUR,
    STATE_COLOURS,
    colour_of,
    numbers_active,
    short_name,
    state_colours,
)
from tests.helpers.colour_vision import DEUTERANOPE, PROTANOPE, seen_distances
from tests.helpers.state_sequences import visits_of


@pytest.mark.parametrize("vision", [np.eye(3), PROTANOPE, DEUTERANOPE], ids=["full", "protanope", "deuteranope"])
def test_colours_are_distinct_with_any_vision(vision):
    assert seen_distances([*STATE_COLOURS, OTHER_COLOUR, EMPTY_COLOUR], vision).min() > 10


def test_the_states_that_take_most_of_the_time_come_first():
    sequence = [(2,), (1,), (0, 1), (1,), (), (), (), (0, 1), (0, 1)]
    colours = state_colours(visits_of([sequence]))
    assert list(colours) == [(0, 1), (1,), (2,)]
    assert list(colours.values()) == list(STATE_COLOURS[:3])
    assert [colour_of(state, colours) for state in [(1,), (9,), ()]] == [STATE_COLOURS[1], OTHER_COLOUR, EMPTY_COLOUR]


def test_states_of_the_same_time_are_ordered_by_themselves():
    assert list(state_colours(visits_of([[3, 1, 2]]))) == [1, 2, 3]
    assert len(state_colours(visits_of([range(500)]))) == len(STATE_COLOURS)


def test_numbers_of_active_clusters():
    assert numbers_active([(), (3,), (1, 2)]).tolist() == [0, 1, 2]
    assert numbers_active([]).tolist() == []
    with pytest.raises(ValueError, match=r".S4. found; expected a set of active clusters"):
        numbers_active([4])


def test_names_of_many_clusters_are_short():
    assert short_name((3, 5, 10, 11, 15)) == "3+5+10+11+15"
    assert short_name(tuple(range(4, 64, 2))) == "4+6+\N{HORIZONTAL ELLIPSIS}+62 (30)"
    assert (short_name(()), short_name(12)) == ("none", "S12")
