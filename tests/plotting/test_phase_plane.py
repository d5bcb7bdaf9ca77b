from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import LineCollection, QuadMesh
from matplotlib.contour import ContourSet

from neuro_mod.plotting.mean_field import phase_plane as module
from neuro_mod.plotting.mean_field.phase_plane import NULLCLINES, phase_plane, speed_norm
from neuro_mod.plotting.style import ONE_COLUMN, TWO_COLUMNS

AXES = (np.linspace(0, 20, 21), np.linspace(0, 40, 31))
STATES, KINDS = np.array([[5.0, 15.0], [10, 20], [15, 25]]), ["stable node", "saddle", "unstable focus"]
NAMES = ("E0", "E_background")


@pytest.fixture(autouse=True)
def few_streamlines(monkeypatch):
    monkeypatch.setattr(module, "_STREAM_DENSITY", 0.1)


def force(axes=AXES):
    """Nullclines of the first component at a rate of 10 Hz, of the second at 20 Hz."""
    x, y = np.meshgrid(*axes, indexing="ij")
    return np.stack([10.5 - x, 20.3 - y])


def of_kind(axes, kind):
    return [each for each in axes.collections if isinstance(each, kind)]


def test_speed_is_drawn_at_its_rates():
    axes = phase_plane(AXES, force(), STATES, KINDS, NAMES).axes[0]
    (mesh,) = of_kind(axes, QuadMesh)
    assert np.allclose(mesh.get_array(), np.hypot(*force()).T)
    centres = mesh.get_coordinates()[:-1, :-1] + np.diff(mesh.get_coordinates()[:2, :2], axis=0)[0, 0] / 2
    assert np.allclose(centres[:, 0, 1], AXES[1])
    assert (axes.get_xlim(), axes.get_ylim()) == ((-0.5, 20.5), (AXES[1][1] / -2, 40 + AXES[1][1] / 2))
    assert axes.get_box_aspect() == 1
    assert of_kind(axes, LineCollection), "streamlines"


def test_nullclines_are_zeros_of_their_component():
    axes = phase_plane(AXES, force(), STATES, KINDS, NAMES).axes[0]
    first, second = of_kind(axes, ContourSet)
    assert np.allclose(first.get_paths()[0].vertices[:, 0], 10.5)
    assert np.allclose(second.get_paths()[0].vertices[:, 1], 20.3)
    styles = [style for _, style in NULLCLINES]
    assert styles[0] != styles[1], "they differ by more than colour"


def test_states_and_path():
    path = np.linspace(STATES[0], STATES[2], 7)
    figure = phase_plane(AXES, force(), STATES, KINDS, NAMES, path)
    lines = {line.get_label(): line.get_xydata() for line in figure.axes[0].lines}
    assert np.array_equal(lines.pop("path"), path)
    assert {kind: rates.tolist() for kind, rates in lines.items()} == {
        kind: [rates.tolist()] for kind, rates in zip(KINDS, STATES, strict=True)
    }
    entries = [text.get_text() for text in figure.legends[0].texts]
    assert set(entries) == {"force on E0 = 0", "force on E background = 0", "path", *KINDS}


def test_labels():
    axes = phase_plane(AXES, force(), STATES, KINDS, NAMES).axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("rate of E0 (Hz)", "rate of E background (Hz)")
    (bar,) = axes.child_axes
    assert bar.get_ylabel() == "|force| (Hz)"


def test_unknown_forces_are_left_out():
    unknown = force()
    unknown[0, :8] = np.nan
    (mesh,) = of_kind(phase_plane(AXES, unknown, STATES, KINDS, NAMES).axes[0], QuadMesh)
    assert np.ma.getmaskarray(mesh.get_array())[:, :8].all()
    assert np.ma.getmaskarray(mesh.get_array()).sum() == 8 * 31


@pytest.mark.parametrize("value", [0.0, np.nan, 3.0])
def test_forces_without_nullclines(value):
    nothing = np.full_like(force(), value)
    figure = phase_plane(AXES, nothing, np.empty((0, 2)), [], NAMES)
    assert not of_kind(figure.axes[0], ContourSet)
    figure.draw_without_rendering()


def test_range_of_speeds():
    assert (speed_norm(np.array([np.nan, 0, 20.0])).vmin, speed_norm(np.array([1e-9, 20.0])).vmin) == (2, 0.02)
    norm = speed_norm(np.array([1.0, 20.0]))
    assert (norm.vmin, norm.vmax) == (1, 20)


@pytest.mark.parametrize("width", [ONE_COLUMN, TWO_COLUMNS])
def test_texts_never_overlap(crowded, cut_off, width):
    figure = phase_plane(AXES, force(), STATES, KINDS, NAMES, STATES, width=width)
    assert not crowded(figure)
    assert not cut_off(figure)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["png", "pdf"])
def test_can_be_saved(saved, kind):
    assert len(saved(phase_plane(AXES, force(), STATES, KINDS, NAMES), kind)) > 1000


def test_bad_arguments():
    with pytest.raises(ValueError, match=r"force: shape \(2, 31, 21\) found; expected \(2, 21, 31\)"):
        phase_plane(AXES, force().transpose(0, 2, 1), STATES, KINDS, NAMES)
    with pytest.raises(ValueError, match="even steps"):
        phase_plane((AXES[0] ** 2, AXES[1]), force(), STATES, KINDS, NAMES)
    with pytest.raises(ValueError, match=r"states: shape \(2, 3\) found; expected \(K, 2\)"):
        phase_plane(AXES, force(), STATES[:2].repeat(2, axis=1)[:, :3], KINDS, NAMES)
    with pytest.raises(ValueError, match="number of kinds: 2 found; expected 3"):
        phase_plane(AXES, force(), STATES, KINDS[:2], NAMES)
    with pytest.raises(ValueError, match=r"path: shape \(7,\) found; expected \(M, 2\)"):
        phase_plane(AXES, force(), STATES, KINDS, NAMES, np.zeros(7))
    with pytest.raises(ValueError, match=r"names: .*E0.* found; expected those of 2 populations"):
        phase_plane(AXES, force(), STATES, KINDS, ("E0",))
