from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from matplotlib.patches import FancyArrowPatch

from neuro_mod.core.spiking_net.analysis.states.transitions import transition_counts, transition_table, visited_states
from neuro_mod.plotting.analysis.transition_graph import ARROWS_PER_STATE, transition_graph
from neuro_mod.plotting.style import ONE_AND_A_HALF_COLUMNS, ONE_COLUMN
from tests.helpers.state_sequences import visits_of, walk

STATES = [(), (1,), (2,), (1, 2)]
COUNTS = np.array([[0, 3, 1, 0], [2, 0, 0, 2], [0, 0, 0, 1], [0, 0, 0, 0]])
TIME = np.array([4.0, 1.0, 2.0, 2.0])


def places(axes):
    """Place and area of each state by name."""
    nodes = axes.collections[0]
    return dict(
        zip(
            [text.get_text() for text in axes.texts],
            zip(nodes.get_offsets(), nodes.get_sizes(), strict=True),
            strict=True,
        )
    )


def arrows(axes):
    return [patch for patch in axes.patches if isinstance(patch, FancyArrowPatch)]


def test_rows_are_numbers_of_active_clusters():
    axes = transition_graph(STATES, COUNTS, TIME).axes[0]
    found = places(axes)
    heights = {name: place[1] for name, (place, _) in found.items()}
    assert heights["none"] < heights["1"] == heights["2"] < heights["1+2"]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["0", "1", "2"]
    assert axes.get_yticks().tolist() == [heights[name] for name in ("none", "1", "1+2")]


def test_areas_are_times_and_widths_numbers():
    axes = transition_graph(STATES, COUNTS, TIME).axes[0]
    areas = {name: area for name, (_, area) in places(axes).items()}
    assert np.allclose([areas[name] / areas["none"] for name in ("1", "2", "1+2")], [0.25, 0.5, 0.5])
    widths = sorted(arrow.get_linewidth() for arrow in arrows(axes))
    assert np.allclose(np.divide(widths, widths[-1]), [1 / 3, 1 / 3, 2 / 3, 2 / 3, 1])


def test_only_the_strongest_arrows_are_drawn():
    rng = np.random.default_rng(0)
    figure = transition_graph(list(range(12)), rng.integers(1, 100, (12, 12)), np.ones(12))
    assert len(arrows(figure.axes[0])) == 12 * ARROWS_PER_STATE == 36
    assert figure.get_supxlabel() == "36 of 132 kinds of transitions drawn"


def test_names_keep_off_arrows_and_each_other():
    figure = many_arrows(circle=False)
    figure.draw_without_rendering()
    axes = figure.axes[0]
    boxes = [text.get_window_extent() for text in axes.texts]
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))
    covered = [
        sum(box.contains(*axes.transData.transform(point)) for point in arrow.get_path().vertices)
        for box in boxes
        for arrow in arrows(axes)
    ]
    assert sum(covered) <= 2


@pytest.mark.parametrize(
    ("counts", "says"),
    [
        (np.minimum(COUNTS, 1), "each transition occurred once: 5 transitions, 4 states"),
        (np.zeros((4, 4), int), "too few for a graph: no transitions, 4 states"),
    ],
)
def test_a_note_stands_where_no_transition_occurred_twice(counts, says):
    figure = transition_graph(STATES, counts, TIME, width=ONE_COLUMN)
    (axes,) = figure.axes
    assert [text.get_text().replace("\n", " ") for text in axes.texts] == [says] and not arrows(axes)


def test_the_legend_shows_what_is_drawn():
    figure = transition_graph(STATES, COUNTS, TIME)
    disc, most, least = figure.legends[0].get_lines()
    widths = sorted({arrow.get_linewidth() for arrow in arrows(figure.axes[0])})
    assert (most.get_linewidth(), least.get_linewidth()) == (widths[-1], widths[0])
    names = [text.get_text() for text in figure.legends[0].texts]
    assert names == ["10 % of time", "3 transitions", "1"]
    area = disc.get_markersize() ** 2 / figure.axes[0].collections[0].get_sizes().max()
    assert area == pytest.approx(0.1 / (4 / 9))


def test_all_arrows_need_no_note():
    figure = transition_graph(STATES, COUNTS, TIME)
    assert len(arrows(figure.axes[0])) == np.count_nonzero(COUNTS) and not figure.get_supxlabel()


def test_states_and_arrows_that_are_left_out_are_both_counted():
    counts = np.full((13, 13), 2)
    counts[12] = counts[:, 12] = 0
    figure = transition_graph(list(range(13)), counts, np.ones(13), most=12)
    left_out = "left out: 1 of 13 states, 0 % of 288 transitions"
    assert figure.get_supxlabel() == f"{left_out}\n36 of 132 kinds of transitions drawn"


def many_arrows(circle):
    """Twelve states, with arrows along whole rows among them, in rows or on a circle."""
    rng = np.random.default_rng(0)
    states = list(range(12)) if circle else [(k,) for k in range(8)] + [(0, k) for k in range(1, 5)]
    counts, time = rng.integers(1, 100, (12, 12)), rng.uniform(0.1, 1, 12)
    counts[0, 7] = counts[7, 0] = counts[8, 11] = counts[11, 8] = 300
    return transition_graph(states, counts, time, width=ONE_COLUMN)


@pytest.mark.parametrize("circle", [False, True])
def test_limits_hold_every_arc(circle):
    figure = many_arrows(circle)
    figure.draw_without_rendering()
    axes = figure.axes[0]
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    for arrow in arrows(axes):
        box = arrow.get_path().get_extents()
        assert left <= box.x0 and box.x1 <= right and bottom <= box.y0 and box.y1 <= top


@pytest.mark.parametrize("circle", [False, True])
def test_arrows_end_at_the_rim_of_discs_above_them(circle):
    figure = many_arrows(circle)
    figure.draw_without_rendering()
    axes = figure.axes[0]
    nodes = axes.collections[0]
    assert {arrow.get_zorder() > nodes.get_zorder() for arrow in arrows(axes)} == {True}
    points = 72 / figure.dpi
    centres = points * axes.transData.transform(nodes.get_offsets())
    radii = np.sqrt(nodes.get_sizes()) / 2
    for arrow in arrows(axes):
        tip = points * axes.transData.transform(arrow.get_path().vertices)
        target = np.argmin(np.hypot(*(axes.transData.transform(arrow._posA_posB[1]) * points - centres).T))
        nearest = np.hypot(*(tip - centres[target]).T).min()
        # the miter of the line reaches from here to the rim
        assert radii[target] <= nearest < radii[target] + 2 * arrow.get_linewidth() + 0.5


@pytest.mark.parametrize("states", [[0, 1, 2, 3], [(1,), (2,), (3,), (4,)]], ids=str)
def test_hidden_states_and_a_single_row_are_a_circle(states):
    axes = transition_graph(states, COUNTS, TIME).axes[0]
    radii = [np.hypot(*place) for place, _ in places(axes).values()]
    assert np.allclose(radii, radii[0])
    assert not axes.get_yticks().size


@pytest.mark.parametrize("state", [(), (3,), 0], ids=str)
def test_one_state_without_time(crowded, state):
    figure = transition_graph([state], np.zeros((1, 1), int), np.zeros(1))
    assert not crowded(figure)
    assert not arrows(figure.axes[0])


def test_busy_states_are_drawn_and_others_counted():
    figure = transition_graph(STATES, COUNTS, TIME, most=2)
    assert set(places(figure.axes[0])) == {"none", "1"}
    assert figure.get_supxlabel() == "left out: 2 of 4 states, 44 % of 9 transitions"


@pytest.mark.parametrize("hidden", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("n_clusters", "width"), [(4, ONE_COLUMN), (18, ONE_AND_A_HALF_COLUMNS), (60, ONE_COLUMN)])
def test_texts_never_overlap(crowded, cut_off, n_clusters, width, hidden):
    visits = visits_of([walk(n_clusters, 60)] + [[(), (k,), ()] for k in range(n_clusters)])
    states = visited_states(visits)
    counts = transition_counts(transition_table(visits), states)
    shown = list(range(len(states))) if hidden else states
    figure = transition_graph(shown, counts, counts.sum(axis=0), width=width)
    assert not crowded(figure)
    assert not cut_off(figure)


def test_bad_arguments():
    with pytest.raises(ValueError, match=r"time: shape \(3,\) found; expected \(4,\)"):
        transition_graph(STATES, COUNTS, TIME[:3])
    with pytest.raises(ValueError, match="expected at least one state"):
        transition_graph([], np.zeros((0, 0), int), np.zeros(0))
