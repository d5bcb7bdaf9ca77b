from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from neuro_mod.core.spiking_net.analysis.states.transitions import transition_counts, transition_table, visited_states
from neuro_mod.plotting.analysis.transition_matrix import busiest, certain_probability, transition_map
from neuro_mod.plotting.style import ONE_COLUMN, TWO_COLUMNS
from tests.helpers.state_sequences import visits_of, walk

STATES = [(), (1,), (2,), (1, 2)]
COUNTS = np.array([[0, 3, 1, 0], [2, 0, 0, 2], [0, 0, 0, 1], [0, 0, 0, 0]])


def names(axis):
    return [tick.get_text() for tick in axis.get_ticklabels()]


def test_cells_are_the_lower_ends_of_confidence_intervals():
    axes, bar = transition_map(STATES, COUNTS).axes
    figure = axes.get_figure()
    shown = names(axes.yaxis)
    assert sorted(shown) == ["1", "1+2", "2", "none"]
    assert names(axes.xaxis) == shown
    cells = axes.collections[0].get_array().filled(0)
    assert cells[shown.index("none"), shown.index("1")] == pytest.approx(lower(3, 4))
    assert cells[shown.index("2"), shown.index("1+2")] == pytest.approx(lower(1, 1))
    assert cells[shown.index("1"), shown.index("1+2")] == pytest.approx(lower(2, 4))
    assert np.count_nonzero(cells) == 5
    assert axes.collections[0].get_clim() == bar.get_ylim() == (0, 1)
    (beside,) = axes.child_axes
    figure.draw_without_rendering()
    assert names(beside.yaxis) == [{"none": "4", "1": "4", "2": "1", "1+2": "0"}[name] for name in shown]
    assert beside.get_ylabel() == "number of transitions"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("to state", "from state")
    assert bar.get_ylabel() == "probability, at least (95 %)"


def lower(k, n):
    return binomtest(k, n).proportion_ci(method="wilson").low


def test_one_transition_is_paler_than_many_of_a_lower_fraction():
    counts = np.array([[0, 1, 0], [8, 0, 2], [0, 0, 0]])
    found = certain_probability(counts)
    assert np.allclose(found[:2], [[0, lower(1, 1), 0], [lower(8, 10), 0, lower(2, 10)]])
    assert found[0, 1] < found[1, 0]
    assert np.isnan(found[2]).all()
    assert certain_probability(1000 * counts)[1, 0] == pytest.approx(0.8, abs=0.01)


def test_states_that_are_never_left_are_hatched():
    axes = transition_map(STATES, COUNTS).axes[0]
    (row,) = axes.patches
    assert row.get_hatch() and "hatched: never left" in axes.get_figure().get_supxlabel().replace("\n", " ")
    assert row.get_y() == names(axes.yaxis).index("1+2")


def test_the_busiest_states_are_drawn_and_the_others_counted():
    figure = transition_map(STATES, COUNTS, most=2)
    assert sorted(names(figure.axes[0].yaxis)) == ["1", "none"]
    # 5 of 9 transitions are between () and (1,); the probabilities are those of all transitions
    note = "left out: 2 of 4 states, 44 % of 9 transitions"
    assert figure.get_supxlabel().replace("\n", " ") == f"pale: rare, or too few to tell; {note}"
    assert sorted(figure.axes[0].collections[0].get_array().compressed()) == pytest.approx([lower(2, 4), lower(3, 4)])


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
    with pytest.raises(ValueError, match="expected at least one state"):
        transition_map([], np.zeros((0, 0), int))
    with pytest.raises(ValueError, match=r"counts: shape \(3, 4\) found; expected \(4, 4\)"):
        transition_map(STATES, COUNTS[:3])
    with pytest.raises(ValueError, match="most: 0 found; expected a whole number of at least 1"):
        transition_map(STATES, COUNTS, most=0)
