from __future__ import annotations

import numpy as np
import pytest

from neuro_mod.plotting.mean_field.bifurcation import CriticalPoints, DrawnBranch, bifurcation_diagram
from neuro_mod.plotting.state_styles import active_colours
from neuro_mod.plotting.style import ONE_AND_A_HALF_COLUMNS, ONE_COLUMN

NO_POINTS = CriticalPoints(np.empty(0), np.empty(0), [])
VALUES = np.linspace(1, 2, 11)
STABLE = np.arange(11) < 5
POINTS = CriticalPoints(
    np.array([1.0, 1.5, 1.6, 1.7]), np.array([3.0, 4, 5, 6]), ["fold", "Hopf", "fold", "symmetry breaking"]
)


def branch(n_active=1, other=True):
    return DrawnBranch(VALUES, 10 + VALUES + n_active, STABLE, n_active, VALUES if other else None)


def test_stable_parts_are_solid_and_the_others_join_them_dashed():
    axes = bifurcation_diagram([branch(other=False)], NO_POINTS, "external rate (Hz)").axes[0]
    stable, unstable = axes.lines
    assert np.array_equal(stable.get_xydata(), np.column_stack([VALUES, 11 + VALUES])[:6])
    assert np.array_equal(unstable.get_xydata(), np.column_stack([VALUES, 11 + VALUES])[5:])
    assert (stable.get_linestyle(), unstable.get_linestyle()) == ("-", "--")
    assert stable.get_linewidth() > unstable.get_linewidth()
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("external rate (Hz)", "rate of E clusters (Hz)")


def test_other_clusters_are_thinner_and_of_the_same_colour():
    axes = bifurcation_diagram([branch()], NO_POINTS, "g").axes[0]
    active, other = axes.lines[:2]
    assert np.array_equal(other.get_ydata(), VALUES[:6])
    assert active.get_color() == other.get_color()
    assert active.get_linewidth() > other.get_linewidth()


@pytest.mark.parametrize("n", [1, 2])
def test_short_branches(n):
    short = DrawnBranch(VALUES[:n], VALUES[:n], np.ones(n, dtype=bool), 0)
    (line,) = bifurcation_diagram([short], NO_POINTS, "g").axes[0].lines
    assert len(line.get_xdata()) == n


def entries(figure):
    return [text.get_text() for text in figure.legends[0].texts]


def test_colours_of_few_numbers_of_active_clusters_are_in_the_legend():
    figure = bifurcation_diagram([branch(0, False), branch(2, False)], NO_POINTS, "g")
    assert entries(figure) == ["stable", "unstable", "0 active", "2 active"]
    colours = active_colours([0, 2])
    assert [line.get_color() for line in figure.axes[0].lines] == [colours[0]] * 2 + [colours[2]] * 2


def test_colours_of_many_have_a_bar():
    figure = bifurcation_diagram([branch(n) for n in range(18)], NO_POINTS, "g")
    assert entries(figure) == ["stable", "unstable", "other clusters"]
    bar = figure.axes[1]
    assert bar.get_ylabel() == "active clusters"
    assert [text.get_text() for text in bar.get_yticklabels()] == [str(n) for n in range(0, 18, 2)]


def test_critical_points_have_a_marker_by_kind():
    figure = bifurcation_diagram([branch()], POINTS, "g")
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    assert lines["fold"].get_xydata().tolist() == [[1, 3], [1.6, 5]]
    assert lines["Hopf"].get_xydata().tolist() == [[1.5, 4]]
    kinds = ["fold", "symmetry breaking", "Hopf"]
    assert len({lines[kind].get_marker() for kind in kinds}) == 3
    assert sorted(entry for entry in entries(figure) if entry in kinds) == sorted(kinds)


def test_own_value():
    figure = bifurcation_diagram([branch()], NO_POINTS, "g", current=1.3)
    assert set(figure.axes[0].lines[0].get_xdata()) == {1.3}
    assert "this network" in entries(figure)


@pytest.mark.parametrize(("n", "width"), [(4, ONE_COLUMN), (18, ONE_AND_A_HALF_COLUMNS)])
def test_texts_never_overlap(crowded, cut_off, n, width):
    branches = [branch(k) for k in range(n)]
    figure = bifurcation_diagram(branches, POINTS, "external rate (Hz)", current=1.3, width=width)
    assert not crowded(figure)
    assert not cut_off(figure)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["png", "pdf"])
def test_can_be_saved(saved, kind):
    assert len(saved(bifurcation_diagram([branch()], POINTS, "g"), kind)) > 1000


def test_bad_arguments():
    with pytest.raises(ValueError, match="expected at least one branch"):
        bifurcation_diagram([], NO_POINTS, "g")
    with pytest.raises(ValueError, match=r"stable of branch 1: shape \(3,\) found; expected \(11,\)"):
        bifurcation_diagram([branch(), DrawnBranch(VALUES, VALUES, STABLE[:3], 0)], NO_POINTS, "g")
    with pytest.raises(
        ValueError, match=r"kind of critical point: .cusp. found; expected one of fold, symmetry breaking, Hopf"
    ):
        bifurcation_diagram([branch()], CriticalPoints(np.ones(1), np.ones(1), ["cusp"]), "g")
    with pytest.raises(ValueError, match=r"values of critical points: shape .* found; expected \(1,\)"):
        bifurcation_diagram([branch()], CriticalPoints(np.ones(2), np.ones(2), ["fold"]), "g")
