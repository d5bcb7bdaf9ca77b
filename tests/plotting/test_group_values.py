from __future__ import annotations

import itertools

import numpy as np
import pytest
from matplotlib.text import Text

from neuro_mod.errors import InputError
from neuro_mod.plotting.analysis.group_values import GroupPanel, group_values

VALUES = {"low": np.array([0.2, 0.3, np.nan]), "high": np.array([0.1, 0.15, 0.2])}


def panel(values=VALUES):
    return GroupPanel(
        "occupancy", values, np.array([np.nanmean(each) for each in values.values()]), np.array([0.05, 0.1])
    )


def test_pairs_are_joined_and_others_are_points():
    (axes,) = group_values([panel()], paired=True).axes
    joined = [line.get_ydata() for line in axes.lines[:3]]
    np.testing.assert_array_equal(np.array(joined), np.array(list(VALUES.values())).T)
    (axes,) = group_values([panel()], paired=False).axes
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), VALUES["low"])
    assert axes.lines[0].get_linestyle() == "None"


def test_each_value_has_its_error():
    (axes,) = group_values([panel()], paired=True).axes
    bars = axes.containers[0].lines[2][0].get_segments()
    assert [(bar[0][1] + bar[1][1]) / 2 for bar in bars] == pytest.approx([0.25, 0.15])
    assert [(bar[1][1] - bar[0][1]) / 2 for bar in bars] == pytest.approx([0.05, 0.1])


def test_what_points_are_is_said():
    legend = group_values([panel()], paired=True, noun="network").legends[0]
    assert [text.get_text() for text in legend.texts] == ["network", "group ± s.e."]


def test_an_axis_begins_at_zero_unless_values_are_negative():
    assert group_values([panel()], paired=True).axes[0].get_ylim()[0] >= 0
    low = {"low": np.array([-1.0, 2.0]), "high": np.array([0.0, 1.0])}
    assert group_values([panel(low)], paired=True).axes[0].get_ylim()[0] < -1


def test_panels_share_the_width():
    figure = group_values([panel()] * 7, paired=False)
    assert len(figure.axes) == 7
    assert len({axes.get_subplotspec().colspan.start for axes in figure.axes}) == 4


def test_nothing_to_draw_is_refused():
    with pytest.raises(InputError, match="at least one quantity"):
        group_values([], paired=False)


@pytest.mark.parametrize(
    "names",
    [["low", "high"], ["arousal.level=0.25, condition=none", "tone"], ["naïve", "low dose of a drug", "c", "d", "e"]],
)
def test_long_names_leave_room_for_the_values(names):
    values = {name: np.array([1.0, 2.0]) for name in names}
    label = "mean activation, Kaplan-Meier (s)"
    panels = [GroupPanel(label, values, np.full(len(names), 1.5), np.full(len(names), 0.5))] * 5
    figure = group_values(panels, paired=True)
    figure.draw_without_rendering()
    boxes = [[each.get_window_extent() for each in axes.get_xticklabels()] for axes in figure.axes]
    assert all(axes.bbox.height > 20 / 25.4 * figure.dpi for axes in figure.axes)  # of 41 mm with title and names
    assert all(not a.overlaps(b) for row in boxes for a, b in itertools.pairwise(row))
    titles = [text for axes in figure.axes for text in axes.get_children() if isinstance(text, Text)]
    assert max(title.get_window_extent().x1 for title in titles) <= figure.bbox.width
