"""Quantities of networks or sessions under several conditions."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from neuro_mod.errors import invalid
from neuro_mod.plotting import style
from neuro_mod.plotting.legends import legend_above_figure, legend_height

#: In mm: height of a panel with its labels, and its least width.
_HEIGHT, _MIN_WIDTH = 41.0, 40.0
_REPLICATE_COLOUR, _MEAN_COLOUR = "#9E9E9E", "#0072B2"
#: Width of a letter of a title in points, and part of a panel's width that is right of its axis.
_LETTER, _RIGHT_OF_AXIS = 0.6 * style.TICK_SIZE, 0.8
#: Letters of a line of the names of groups at most, and the least gap between these below a panel in points.
_MAX_LINE, _GAP = 24, 3.0
#: Height of the names of groups below a panel in mm, which is part of its height.
_NAMES = 4.0


@dataclass(frozen=True, eq=False)
class GroupPanel:
    """One quantity under several conditions.

    Args:
        label: Name and unit of the quantity.
        replicates: Its values of each network or session, by group, shape ``(n_replicates,)``; NaN where undefined.
        values: Its value in each group, shape ``(n_groups,)``.
        errors: Standard errors, shape ``(n_groups,)``; NaN where unknown.
    """

    label: str
    replicates: Mapping[str, NDArray[np.float64]]
    values: NDArray[np.float64]
    errors: NDArray[np.float64]


def group_values(
    panels: Sequence[GroupPanel],
    *,
    paired: bool,
    noun: str = "replicate",
    ax: Axes | None = None,
    width: float | None = None,
) -> Figure:
    """Draw each quantity over the groups: replicates in grey, pairs of them joined, and the value with its error.

    Args:
        panels: The quantities, which have the same groups.
        paired: Whether all groups have the same replicates in the same order.
        noun: What a replicate is: ``network`` or ``session``.
        ax: Axes to draw in, instead of a new figure; the panels share their place.
        width: Width of a new figure in inches [180 mm].

    Raises:
        InputError: There is no panel.
    """
    if not panels:
        raise invalid("panels", "none", "at least one quantity")
    width = style.width_in(ax, width, style.TWO_COLUMNS)
    columns = max(1, min(len(panels), int(width * style.MM_PER_INCH / _MIN_WIDTH)))
    rows = -(-len(panels) // columns)
    points = _RIGHT_OF_AXIS * style.POINTS_PER_INCH * width / columns
    names = list(panels[0].replicates)
    with style.paper_style():
        handles = _entries(panels, noun, paired=paired)
        height = rows * (_HEIGHT + _more_height(names, points)) / style.MM_PER_INCH
        figure = style.new_figure(width, height + legend_height(handles, width) / style.POINTS_PER_INCH, ax)
        letters = int(points / _LETTER)
        for axes, panel in zip(style.new_panels(figure, len(panels), columns), panels, strict=True):
            _draw(axes, panel, paired)
            _name(axes, names, upright=_upright(names, points))
            axes.set_title(
                textwrap.fill(panel.label, letters, break_on_hyphens=False), loc="left", fontsize=style.TICK_SIZE, pad=3
            )
        legend_above_figure(figure, handles)
    return style.whole(figure)


def _entries(panels: Sequence[GroupPanel], noun: str, *, paired: bool) -> list[Line2D]:
    """Entries of a legend: replicates, and the value of each group with its error where there is one."""
    known = any(np.isfinite(panel.errors).any() for panel in panels)
    replicate: dict[str, Any] = {"color": _REPLICATE_COLOUR, "linestyle": "-" if paired else "none"}
    value: dict[str, Any] = {"color": _MEAN_COLOUR, "linestyle": "none"}
    return [
        Line2D([], [], label=noun, marker=".", markersize=3, linewidth=style.LINE_WIDTH, **replicate),
        Line2D([], [], label="group" + " ± s.e." * known, marker="o", markersize=4, **value),
    ]


def _draw(axes: Axes, panel: GroupPanel, paired: bool) -> None:
    places = np.arange(len(panel.replicates), dtype=np.float64)
    point = {"color": _REPLICATE_COLOUR, "linewidth": style.LINE_WIDTH, "zorder": 1}
    if paired:
        axes.plot(places, np.array(list(panel.replicates.values())), marker=".", markersize=3, **point)
    else:
        for place, values in zip(places, panel.replicates.values(), strict=True):
            spread = np.linspace(-0.15, 0.15, len(values)) if len(values) > 1 else np.zeros(1)
            axes.plot(place + spread, values, linestyle="none", marker=".", markersize=3, **point)
    axes.errorbar(
        places,
        panel.values,
        np.where(np.isnan(panel.errors), 0, panel.errors),
        linestyle="none",
        marker="o",
        markersize=4,
        color=_MEAN_COLOUR,
        elinewidth=2 * style.LINE_WIDTH,
        capsize=2,
        zorder=2,
    )
    axes.yaxis.set_major_locator(style.round_ticks(5))
    drawn = np.concatenate([panel.values, *panel.replicates.values()])
    if axes.get_ylim()[0] < 0 and not (drawn < 0).any():
        axes.set_ylim(bottom=0)


def _name(axes: Axes, names: Sequence[str], *, upright: bool) -> None:
    """Name the groups below a panel."""
    lines = [textwrap.fill(name, _MAX_LINE) for name in names]
    axes.set_xticks(np.arange(len(names)), lines, rotation=90 if upright else 0)
    axes.set_xlim(-0.5, len(names) - 0.5)


def _upright(names: Sequence[str], points: float) -> bool:
    """Whether names of groups have no room beside each other below a panel of this width in points."""
    return max(style.text_length(name, style.TICK_SIZE) for name in names) + _GAP > points / len(names)


def _more_height(names: Sequence[str], points: float) -> float:
    """What upright names of groups need below a panel beyond those in a row, in mm."""
    if not _upright(names, points):
        return 0.0
    longest = max(style.text_length(line, style.TICK_SIZE) for name in names for line in textwrap.wrap(name, _MAX_LINE))
    return max(0.0, longest * style.MM_PER_INCH / style.POINTS_PER_INCH - _NAMES)
