from __future__ import annotations

import numpy as np
import pytest

from neuro_mod.plotting.analysis.occupancy import occupancy
from neuro_mod.plotting.style import ONE_COLUMN, TWO_COLUMNS


def test_points_with_their_errors_and_the_mean():
    figure = occupancy(np.array([0.2, 0.6]), np.array([0.1, np.nan]), np.array([3, 7]))
    (axes,) = figure.axes
    (mean, *_), bars = axes.lines, axes.collections[0]
    assert mean.get_ydata() == [0.4, 0.4]
    (points,) = [line for line in axes.lines if line.get_marker() == "o"]
    assert points.get_xydata().tolist() == [[0, 0.2], [1, 0.6]]
    ends = [segment[:, 1].tolist() for segment in bars.get_segments()]
    assert np.allclose(ends, [[0.1, 0.3], [0.6, 0.6]])
    assert [text.get_text() for text in axes.get_xticklabels()] == ["3", "7"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("cluster", "time active") and axes.get_ylim()[0] == 0


@pytest.mark.parametrize("n", [0, 1, 2, 18, 150])
@pytest.mark.parametrize("width", [ONE_COLUMN, pytest.param(TWO_COLUMNS, marks=pytest.mark.slow)])
def test_texts_never_overlap(crowded, cut_off, n, width):
    values = np.linspace(0, 1, n)
    figure = occupancy(values, values / 10, np.arange(n) + 95, width=width)
    assert not crowded(figure) and not cut_off(figure)


def test_without_any_time():
    axes = occupancy(np.full(2, np.nan), np.full(2, np.nan), np.arange(2)).axes[0]
    assert axes.get_ylim() == (0, 1) and axes.get_legend() is None


def test_shapes_that_do_not_fit():
    with pytest.raises(ValueError, match=r"standard_errors: shape \(3,\) found"):
        occupancy(np.zeros(2), np.zeros(3), np.arange(2))
