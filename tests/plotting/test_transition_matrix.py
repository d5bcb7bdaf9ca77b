from __future__ import annotations

import numpy as np
import pytest

from neuro_mod.core.spiking_net.analysis.states.transitions import transition_counts, transition_table, visited_states
from neuro_mod.plotting.style import ONE_COLUMN, TWO_COLUMNS
from neuro_mod.plotting.transition_matrix import busiest, transition_map
from tests.helpers.state_sequences import visits_of, walk

STATES = [(), (1,), (2,), (1, 2)]
COUNTS = np.array([[0, 3, 1, 0], [2, 0, 0, 2], [0, 0, 0, 1], [0, 0, 0, 0]])


def names(axis):
    return [tick.get_text() for tick in axis.get_ticklabels()]


def test_cells_are_probabilities():
    axes, bar = transition_map(STATES, COUNTS).axes
    shown = names(axes.yaxis)
    assert sorted(shown) == ["1", "1+2", "2", "none"]
    assert names(axes.xaxis) == shown
    cells = axes.collections[0].get_array().filled(0)
    assert cells[shown.index("none"), shown.index("1")] == 0.75
    assert cells[shown.index("2"), shown.index("1+2")] == 1
    assert cells.sum() == 3
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("to state", "from state")
    assert bar.get_ylabel() == "transition probability"


def test_states_that_are_never_left_are_hatched():
    axes = transition_map(STATES, COUNTS).axes[0]
    (row,) = axes.patches
    assert row.get_hatch()
    assert row.get_y() == names(axes.yaxis).index("1+2")


def test_the_busiest_states_are_drawn_and_the_others_counted():
    figure = transition_map(STATES, COUNTS, most=2)
    assert sorted(names(figure.axes[0].yaxis)) == ["1", "none"]
    # 5 of 9 transitions are between () and (1,); the probabilities are those of all transitions
    assert figure.get_supxlabel() == "left out: 2 of 4 states, 44 % of 9 transitions"
    assert sorted(figure.axes[0].collections[0].get_array().compressed()) == [0.5, 0.75]


def test_busy_states_are_left_or_entered_often():
    assert busiest(COUNTS, 3).tolist() == [0, 1, 3]
    assert busiest(COUNTS, 9).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("states", [[()], [(3,)], [0], [0, 1]], ids=str)
def test_few_states(crowded, states):
    assert not crowded(transition_map(states, np.zeros((len(states),) * 2, int)))


@pytest.mark.parametrize(("n_clusters", "width"), [(2, ONE_COLUMN), (18, None), (18, ONE_COLUMN), (60, TWO_COLUMNS)])
def test_texts_never_overlap(crowded, cut_off, n_clusters, width):
    visits = visits_of([walk(n_clusters, 500)])
    states = visited_states(visits)
    figure = transition_map(states, transition_counts(transition_table(visits), states), width=width)
    assert not crowded(figure)
    assert not cut_off(figure)


def test_bad_arguments():
    with pytest.raises(ValueError, match="there is no state to draw"):
        transition_map([], np.zeros((0, 0), int))
    with pytest.raises(ValueError, match=r"4 states need counts of shape \(4, 4\); found \(3, 4\)"):
        transition_map(STATES, COUNTS[:3])
    with pytest.raises(ValueError, match="most is 0; expected the number of states"):
        transition_map(STATES, COUNTS, most=0)
