from __future__ import annotations

import numpy as np
import pytest

from neuro_mod.plotting.analysis.active_clusters import active_clusters
from neuro_mod.plotting.style import ONE_COLUMN, TWO_COLUMNS
from tests.helpers.state_sequences import visits_of, walk


def test_course_of_a_session_and_time_of_all():
    axes, beside = active_clusters(visits_of([[(), (1,), (0, 2)], [(), ()]]), 0).axes
    values, edges, _ = axes.patches[0].get_data()
    assert values.tolist() == [0, 1, 2]
    assert edges.tolist() == [0, 0.5, 1, 1.5]
    assert np.allclose([bar.get_width() for bar in beside.patches], [60, 20, 20])
    assert [bar.get_y() + bar.get_height() / 2 for bar in beside.patches] == [0, 1, 2]
    assert (axes.get_xlabel(), axes.get_ylabel(), beside.get_xlabel()) == ("time (s)", "active clusters", "time (%)")
    assert [each.get_title(loc="left") for each in (axes, beside)] == ["session 0", "all sessions"]


def test_panels_are_labelled():
    figure = active_clusters(visits_of([[()], [(1,)]]), 1, titles=("session 1 (b)", "all 2 sessions"))
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["session 1 (b)", "all 2 sessions"]


def test_window():
    axes = active_clusters(visits_of([walk(3, 9)]), 0, t_from=1.0, t_to=2.0).axes[0]
    assert axes.get_xlim() == (1, 2)


@pytest.mark.parametrize("sequences", [[], [[()]], [[(1,)]], [[()] * 5], [walk(1, 500)], [walk(60, 500)]])
@pytest.mark.parametrize("width", [ONE_COLUMN, pytest.param(TWO_COLUMNS, marks=pytest.mark.slow)])
def test_texts_never_overlap(crowded, cut_off, sequences, width):
    figure = active_clusters(visits_of(sequences), 0, width=width)
    assert not crowded(figure)
    assert not cut_off(figure)


def test_hidden_states_have_no_active_clusters():
    with pytest.raises(ValueError, match=r".S1. found; expected a set of active clusters"):
        active_clusters(visits_of([[1, 0]]), 0)
