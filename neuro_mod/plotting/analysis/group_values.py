"""Quantities of networks or sessions under several conditions."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from neuro_mod.errors import invalid
from neuro_mod.plotting import style

#: In mm: height of a panel with its labels, and its least width.
_HEIGHT, _MIN_WIDTH = 41.0, 40.0
_REPLICATE_COLOUR, _MEAN_COLOUR = "#9E9E9E", "#0072B2"
#: Width of a letter of a title in points, and part of a panel's width that is right of its axis.
_LETTER, _RIGHT_OF_AXIS = 0.6 * style.TICK_SIZE, 0.8
#: Letters of the names of groups below a panel, above which these are upright, and letters of their lines at most.
_MAX_LETTERS, _MAX_LINE = 24, 24
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


def group_values(panels: Sequence[GroupPanel], *, paired: bool, width: float = style.TWO_COLUMNS) -> Figure:
    """Draw each quantity over the groups: replicates in grey, pairs of them joined, and the value with its error.

    Args:
        panels: The quantities, which have the same groups.
        paired: Whether all groups have the same replicates in the same order.
        width: Width of the figure in inches.

    Raises:
        InputError: There is no panel.
    """
    if not panels:
        raise invalid("panels", "none", "at least one quantity")
    columns = max(1, min(len(panels), int(width * style.MM_PER_INCH / _MIN_WIDTH)))
    rows = -(-len(panels) // columns)
    with style.paper_style():
        figure = style.new_figure(
            width, rows * (_HEIGHT + _more_height(list(panels[0].replicates))) / style.MM_PER_INCH
        )
        letters = int(_RIGHT_OF_AXIS * style.POINTS_PER_INCH * width / columns / _LETTER)
        for axes, panel in zip(style.new_panels(figure, len(panels), columns), panels, strict=True):
            _draw(axes, panel, paired)
            axes.set_title(
                textwrap.fill(panel.label, letters, break_on_hyphens=False), loc="left", fontsize=style.TICK_SIZE, pad=3
            )
    return figure


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
    names = list(panel.replicates)
    axes.set_xticks(places, [textwrap.fill(name, _MAX_LINE) for name in names], rotation=90 if _upright(names) else 0)
    axes.set_xlim(-0.5, len(names) - 0.5)
    axes.yaxis.set_major_locator(style.round_ticks(5))
    drawn = np.concatenate([panel.values, *panel.replicates.values()])
    if axes.get_ylim()[0] < 0 and not (drawn < 0).any():
        axes.set_ylim(bottom=0)


def _upright(names: Sequence[str]) -> bool:
    """Whether names of groups have no room beside each other."""
    return sum(map(len, names)) > _MAX_LETTERS


def _more_height(names: Sequence[str]) -> float:
    """What upright names of groups need below a panel beyond those in a row, in mm."""
    if not _upright(names):
        return 0.0
    longest = max(style.text_length(line, style.TICK_SIZE) for name in names for line in textwrap.wrap(name, _MAX_LINE))
    return max(0.0, longest * style.MM_PER_INCH / style.POINTS_PER_INCH - _NAMES)
