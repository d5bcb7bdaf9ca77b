from __future__ import annotations

import numpy as np
import pytest

from neuro_mod.plotting.mean_field.potential import PathStates, potential_profile
from neuro_mod.plotting.style import ONE_COLUMN, TWO_COLUMNS

#: Wells at 0 and 20 Hz (0 and -20 Hz²), a saddle between them (100 Hz²).
DISPLACEMENT = np.linspace(0, 20, 41)
POTENTIAL = 50 - 50 * np.cos(2 * np.pi * DISPLACEMENT / 20) - DISPLACEMENT
KINDS = ["stable node", "saddle", "stable focus"]
STATES = PathStates(np.array([0.0, 10, 20]), np.array([0.0, 90, -20]), KINDS)


def arrows(axes):
    return [(each.xyann, each.xy) for each in axes.texts if each.arrow_patch is not None]


def heights(axes):
    return [each.get_text() for each in axes.texts if each.get_text()]


def test_potential_and_states():
    axes = potential_profile(DISPLACEMENT, POTENTIAL, STATES, "straight line").axes[0]
    lines = {line.get_label(): line for line in axes.lines}
    assert np.array_equal(lines["straight line"].get_xydata(), np.column_stack([DISPLACEMENT, POTENTIAL]))
    assert [lines[kind].get_xydata().tolist() for kind in KINDS] == [[[0, 0]], [[10, 90]], [[20, -20]]]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("displacement along the path (Hz)", "potential (Hz²)")
    entries = {"straight line", "stable node", "stable focus", "saddle", "barrier (Hz²)"}
    assert {text.get_text() for text in axes.get_legend().texts} == entries


def test_barriers_reach_from_wells_to_the_saddle():
    axes = potential_profile(DISPLACEMENT, POTENTIAL, STATES, "path").axes[0]
    assert arrows(axes) == [((0, 0), (0, 90)), ((20, -20), (20, 90))]
    assert heights(axes) == ["90", "110"]


def test_a_well_between_saddles_has_two_barriers_beside_each_other():
    states = PathStates(np.array([20.0, 0, 10]), np.array([5000.0, 300, 0]), ["saddle", "saddle", "stable node"])
    axes = potential_profile(DISPLACEMENT, POTENTIAL, states, "path").axes[0]
    (left, _), (right, _) = arrows(axes)
    assert left[0] < 10 < right[0]
    assert left[0] + right[0] == pytest.approx(20)
    assert heights(axes) == ["300", "5000"]


def test_states_of_one_stability_have_no_barrier():
    states = PathStates(STATES.displacement, STATES.potential, ["stable node", "stable node", "stable node"])
    axes = potential_profile(DISPLACEMENT, POTENTIAL, states, "path").axes[0]
    assert not axes.texts
    assert "barrier (Hz²)" not in [text.get_text() for text in axes.get_legend().texts]


def test_heights_without_room_are_upright():
    n = 14
    places = np.linspace(0, 20, 2 * n + 1)
    levels = np.where(np.arange(2 * n + 1) % 2, 100.0, 0.0)
    states = PathStates(places, levels, [KINDS[k % 2] for k in range(2 * n + 1)])
    wide, narrow = (
        potential_profile(places, levels, states, "path", width=width).axes[0]
        for width in (3 * TWO_COLUMNS, ONE_COLUMN)
    )
    assert {text.get_rotation() for text in wide.texts if text.get_text()} == {0}
    assert {text.get_rotation() for text in narrow.texts if text.get_text()} == {90}
    assert narrow.get_ylim()[1] > wide.get_ylim()[1]


def test_rates_lie_below():
    rates = np.column_stack([DISPLACEMENT, 2 * DISPLACEMENT])
    figure = potential_profile(DISPLACEMENT, POTENTIAL, STATES, "path", rates=rates, names=("E0", "E_background"))
    above, below = figure.axes
    assert {line.get_label(): line.get_ydata().tolist() for line in below.lines} == {
        "E0": rates[:, 0].tolist(),
        "E background": rates[:, 1].tolist(),
    }
    assert len({(line.get_color(), line.get_linestyle()) for line in below.lines}) == 2
    assert above.get_xlim() == below.get_xlim()
    assert (above.get_xlabel(), below.get_ylabel()) == ("", "rate (Hz)")


@pytest.mark.parametrize(("label", "width"), [("minimum action path", ONE_COLUMN), ("straight line", TWO_COLUMNS)])
def test_texts_never_overlap(crowded, cut_off, label, width):
    rates, names = np.outer(DISPLACEMENT, [1, 2, 3, 4]), ("E0", "E1", "E_background", "I_background")
    figure = potential_profile(DISPLACEMENT, POTENTIAL, STATES, label, rates=rates, names=names, width=width)
    assert not crowded(figure)
    assert not cut_off(figure)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["png", "pdf"])
def test_can_be_saved(saved, kind):
    nothing = PathStates(np.empty(0), np.empty(0), [])
    assert len(saved(potential_profile(DISPLACEMENT, POTENTIAL, nothing, "path"), kind)) > 1000


def test_bad_arguments():
    with pytest.raises(ValueError, match=r"potential: shape \(40,\) found; expected \(41,\)"):
        potential_profile(DISPLACEMENT, POTENTIAL[1:], STATES, "path")
    too_few = PathStates(STATES.displacement, STATES.potential, KINDS[:2])
    with pytest.raises(ValueError, match=r"displacement of states: shape \(3,\) found; expected \(2,\)"):
        potential_profile(DISPLACEMENT, POTENTIAL, too_few, "path")
    with pytest.raises(ValueError, match=r"rates: shape \(41, 2\) found; expected \(41, 1\)"):
        potential_profile(DISPLACEMENT, POTENTIAL, STATES, "path", rates=np.zeros((41, 2)), names=("E0",))
