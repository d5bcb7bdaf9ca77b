from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import QuadMesh

from neuro_mod.plotting.mean_field import sections as module
from neuro_mod.plotting.mean_field.sections import PALE_COLOUR, landscape_sections
from neuro_mod.plotting.state_styles import STATE_COLOUR
from neuro_mod.plotting.style import ONE_COLUMN, TWO_COLUMNS

AXES = (np.linspace(0, 10, 6), np.linspace(0, 20, 11), np.linspace(0, 30, 7))
NAMES = ("E0", "E1", "I_background")
POINT = np.array([4.4, 13.0, 5.0])  # next to the grid's 4, 12 or 14, 5
STATES, KINDS = np.array([[4.0, 4.0, 5.0], [8, 8, 25]]), ["stable node", "saddle"]


@pytest.fixture(autouse=True)
def few_streamlines(monkeypatch):
    monkeypatch.setattr(module, "_STREAM_DENSITY", 0.1)


def force(axes=AXES):
    grid = np.meshgrid(*axes, indexing="ij")
    return np.stack([(i + 1) * (axes[i].mean() + 0.1 - grid[i]) + 0.1 * sum(grid) for i in range(len(axes))])


def test_each_pair_has_the_section_next_to_the_point():
    figure = landscape_sections(AXES, force(), STATES, KINDS, NAMES, POINT)
    given = force()
    sections = [given[[0, 1], :, :, 1], given[[0, 2], :, 6], given[[1, 2], 2]]
    assert len(figure.axes) == 3
    for axes, section in zip(figure.axes, sections, strict=True):
        (mesh,) = [each for each in axes.collections if isinstance(each, QuadMesh)]
        assert np.allclose(mesh.get_array(), np.hypot(*section).T)
    labels = [(axes.get_xlabel(), axes.get_ylabel(), axes.get_title(loc="left")) for axes in figure.axes]
    assert labels == [
        ("E0 (Hz)", "E1 (Hz)", "I background at 5 Hz"),
        ("E0 (Hz)", "I background (Hz)", "E1 at 12 Hz"),
        ("E1 (Hz)", "I background (Hz)", "E0 at 4 Hz"),
    ]
    assert len({mesh.norm for axes in figure.axes for mesh in axes.collections if isinstance(mesh, QuadMesh)}) == 1


def test_states_of_other_sections_are_pale():
    figure = landscape_sections(AXES, force(), STATES, KINDS, NAMES, POINT)
    drawn = [{line.get_label(): line for line in axes.lines} for axes in figure.axes]
    colours = [(each["stable node"].get_markerfacecolor(), each["saddle"].get_markeredgecolor()) for each in drawn]
    assert colours == [(STATE_COLOUR, PALE_COLOUR), (PALE_COLOUR, PALE_COLOUR), (STATE_COLOUR, PALE_COLOUR)]
    assert drawn[1]["stable node"].get_xydata().tolist() == [[4, 5]]
    assert drawn[1]["point of the sections"].get_xydata().tolist() == [[4.4, 5.0]]


def test_two_populations_are_one_plane():
    axes = AXES[:2]
    figure = landscape_sections(axes, force(axes), np.empty((0, 2)), [], NAMES[:2], POINT[:2])
    assert len(figure.axes) == 1


@pytest.mark.parametrize(("n", "width"), [(3, ONE_COLUMN), (4, TWO_COLUMNS)])
def test_texts_never_overlap(crowded, cut_off, n, width):
    axes = (*AXES, AXES[0])[:n]
    states = np.column_stack([STATES, STATES])[:, :n]
    point = np.append(POINT, 4)[:n]
    figure = landscape_sections(axes, force(axes), states, KINDS, (*NAMES, "E17")[:n], point, width=width)
    assert len(figure.axes) == n * (n - 1) / 2
    assert not crowded(figure)
    assert not cut_off(figure)


def test_bad_arguments():
    with pytest.raises(ValueError, match="number of focus populations: 1 found; expected at least 2"):
        landscape_sections(AXES[:1], np.zeros((1, 6)), np.zeros((0, 1)), [], NAMES[:1], POINT[:1])
    with pytest.raises(ValueError, match=r"force: shape \(2, 6, 11, 7\) found; expected \(3, 6, 11, 7\)"):
        landscape_sections(AXES, force()[:2], STATES, KINDS, NAMES, POINT)
    with pytest.raises(ValueError, match=r"through: shape \(2,\) found; expected \(3,\)"):
        landscape_sections(AXES, force(), STATES, KINDS, NAMES, POINT[:2])
