from __future__ import annotations

import numpy as np
import pytest

from neuro_mod.plotting.analysis.new_states import new_states

TIMES = np.array([0.0, 1, 2])
SEEN = np.array([[1, 2, 4], [1, 1, 2]])


def test_a_line_for_each_session_and_their_mean():
    axes = new_states(TIMES, SEEN).axes[0]
    assert [list(line.get_ydata()) for line in axes.lines] == [[1, 2, 4], [1, 1, 2], [1, 1.5, 3]]
    assert axes.lines[2].get_linewidth() > axes.lines[0].get_linewidth()
    assert [text.get_text() for text in axes.get_legend().texts] == ["session", "mean of 2"]
    assert axes.get_xlim() == (0, 2)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("time t (s)", "distinct states until t")


@pytest.mark.parametrize(("n_sessions", "n_times"), [(0, 3), (1, 3), (100, 3), (2, 1), (2, 0)])
def test_any_number_of_sessions_and_times(crowded, cut_off, n_sessions, n_times):
    seen = 5 * np.ones((n_sessions, n_times), int)
    figure = new_states(TIMES[:n_times], seen)
    assert not crowded(figure)
    assert not cut_off(figure)
    assert len(figure.axes[0].lines) == n_sessions + (n_sessions > 1)


def test_bad_arguments():
    with pytest.raises(ValueError, match=r"seen: shape \(3,\) found; expected \(n_sessions, 3\)"):
        new_states(TIMES, SEEN[0])
