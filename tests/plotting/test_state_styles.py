from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from neuro_mod.core.mean_field.core.stability import classify
from neuro_mod.plotting.state_styles import SHAPES, active_colours, check_kinds, is_stable, kind_handles, marker_style
from neuro_mod.plotting.style import paper_style

EIGENVALUES = [[-1, -2], [-1 + 2j, -1 - 2j], [1, 2], [1 + 2j, 1 - 2j], [1, -1], [0, -1]]


def test_all_kinds_have_a_marker():
    assert {classify(np.array(each, dtype=complex)) for each in EIGENVALUES} == set(SHAPES)


def test_attractors_are_filled_and_others_open():
    for kind in SHAPES:
        style = marker_style(kind)
        filled = style["markerfacecolor"] != "#FFFFFF"
        assert filled == is_stable(kind) == (style["markeredgecolor"] == "#FFFFFF")
    assert len({(SHAPES[kind], is_stable(kind)) for kind in SHAPES}) == len(SHAPES)


def test_a_legend_names_kinds_once_with_attractors_first():
    with paper_style():
        handles = kind_handles(["saddle", "stable focus", "saddle", "stable node"])
    assert [handle.get_label() for handle in handles] == ["stable node", "stable focus", "saddle"]


def test_more_active_clusters_are_lighter():
    colours = active_colours([3, 0, 7, 3])
    assert list(colours) == [0, 3, 7]
    lightness = [np.dot(to_rgb(colour), [0.2126, 0.7152, 0.0722]) for colour in colours.values()]
    assert lightness == sorted(lightness)
    assert lightness[-1] < 0.8, "seen on white"


def test_bad_kinds():
    with pytest.raises(
        ValueError, match=r"kind of steady state: .knot. found; expected one of stable node, stable focus"
    ):
        check_kinds(["saddle", "knot"], 2)
    with pytest.raises(ValueError, match="number of kinds: 1 found; expected 3"):
        check_kinds(["saddle"], 3)
