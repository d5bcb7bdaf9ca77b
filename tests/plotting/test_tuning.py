"""The map of a search: what stands at which point."""

import numpy as np
import pytest
from matplotlib.collections import LineCollection

from neuro_mod.errors import InputError
from neuro_mod.plotting.mean_field.tuning import Tried, tuning_map

STABLE = [[[0], [0, 1]], [[1], [1, 2]], [None, []]]
TRIED = Tried(np.array([2.0]), np.array([1.0]), np.array([0.25]))
GRID = np.array([1.0, 2.0]), np.array([0.5, 1.0, 2.0])


def test_the_outline_surrounds_what_is_wanted():
    figure = tuning_map(*GRID, STABLE, [2], TRIED, (2.0, 1.0))
    (outline,) = [each for each in figure.axes[0].collections if isinstance(each, LineCollection)]
    corners = np.concatenate(outline.get_segments())
    assert np.allclose(corners.min(axis=0), [1.5, np.sqrt(0.5)])  # around the point at J+ 2, factor 1, alone
    assert np.allclose(corners.max(axis=0), [2.5, np.sqrt(2)])
    assert len(outline.get_segments()) == 4


def test_the_legend_names_what_occurs():
    (legend,) = tuning_map(*GRID, STABLE, [2], TRIED, (2.0, 1.0)).legends
    names = [text.get_text() for text in legend.get_texts()]
    assert {"up to 1 active", "up to 2 active"} <= {*names} and "up to 3 active" not in names
    assert {"as wanted (theory)", "as wanted (simulated)", "not (simulated)"} <= {*names}


def test_a_point_outside_of_the_grid_is_shown():
    axes = tuning_map(*GRID, STABLE, [1], TRIED, (9.0, 1.0)).axes[0]
    assert axes.get_xlim()[1] > 9


def test_shapes_must_fit():
    with pytest.raises(InputError, match="stable"):
        tuning_map(*GRID, STABLE[:2], [2], TRIED, (2.0, 1.0))
