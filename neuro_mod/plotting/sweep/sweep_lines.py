"""Measures over one parameter of a sweep: the mean over repeats with its standard error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import ArrayLike, NDArray

from neuro_mod.plotting.analysis.state_colours import STATE_COLOURS
from neuro_mod.plotting.legends import legend_above_figure, legend_height
from neuro_mod.plotting.style import CLUSTER_COLOURS, LINE_WIDTH, paper_style, round_ticks, whole
from neuro_mod.plotting.sweep.sweep_panels import (
    SweptParameter,
    broken,
    check_rows,
    mark_empty,
    sweep_panels,
    sweep_width,
)

COLOUR = CLUSTER_COLOURS[0][0]
#: Of lines of groups, in turn, without the palest one; and of their bands in the legend.
GROUP_COLOURS, BAND_COLOUR = STATE_COLOURS[:-1], "#404040"
MAX_GROUPS = len(GROUP_COLOURS)
#: Of lines of groups with an order, up to this share, beyond which it is too pale.
_ORDERED, _PALEST = "viridis", 0.88
_BAND_STRENGTH, _MARK_SIZE = 0.25, 3.0
#: Height of a panel in points, and its least width in mm.
_HEIGHT, _LEAST = 110.0, 42.0


def sweep_lines(
    parameter: SweptParameter,
    measures: Mapping[str, ArrayLike],
    noun: str = "repeats",
    groups: SweptParameter | None = None,
    *,
    ordered: bool = False,
    ax: Axes | None = None,
    width: float | None = None,
) -> Figure:
    """Draw a panel for each measure: its mean at each value of the parameter.

    The band is plus or minus one standard error of the mean over repeats; where a value was measured once there is
    none. NaN are left out.

    Args:
        parameter: What varies.
        measures: By label with unit, a value for each row, shape ``(n_rows,)``.
        noun: What several rows with the same value of the parameter are; empty for theory, which has one.
        groups: Each of its categories has a line of its own, at most `MAX_GROUPS` unless they are ordered; None for a
            single line.
        ordered: Whether the groups have an order, which their colours then show.
        ax: Axes to draw in, instead of a new figure; the panels share their place.
        width: Width of a new figure in inches [that of a journal's column, by the number of measures].

    Returns:
        The figure.

    Raises:
        InputError: There are no rows, or shapes that do not fit.
    """
    check_rows([parameter, *([groups] if groups else [])], measures)
    members = [np.ones(len(parameter.values), bool)]
    if groups is not None:
        members = [groups.values == k for k in range(len(groups.categories))]
    colours, joined = _colours(groups, ordered=ordered), not parameter.categories
    width = sweep_width(len(measures), ax, width)
    with paper_style():
        statistics = [
            [over_repeats(parameter.values[rows], np.asarray(values, float)[rows]) for rows in members]
            for values in measures.values()
        ]
        handles = _entries(
            np.concatenate([n for lines in statistics for *_, n in lines]), noun, groups, colours, joined=joined
        )
        size: dict[str, Any] = {"width": width, "height": _HEIGHT, "above": legend_height(handles, width)}
        figure, panels = sweep_panels(len(measures), parameter, least=_LEAST, ax=ax, **size)
        for panel, label, lines in zip(panels, measures, statistics, strict=True):
            axes = panel.axes
            for (x, mean, error, _), colour in zip(lines, colours, strict=False):
                _draw(axes, x, mean, error, colour, joined=joined)
            panel.label_x(parameter)
            axes.yaxis.set_major_locator(round_ticks(5))
            axes.set_ylabel(broken(label, panel.tall))
            mark_empty(axes, np.concatenate([mean for _, mean, *_ in lines]))
        legend_above_figure(figure, handles)
    return whole(figure)


def over_repeats(
    places: NDArray[np.floating], values: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Mean and standard error at each place.

    Args:
        places: Place of each row, shape ``(n_rows,)``.
        values: Value in each row, NaN where there is none, shape ``(n_rows,)``.

    Returns:
        The different places, rising, shape ``(n,)``; there the mean, its standard error and the number of values; NaN
        where there is no value, or for the error not two.
    """
    x, of_row = np.unique(places, return_inverse=True)
    known = np.isfinite(values)
    n = np.bincount(of_row[known], minlength=len(x))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(of_row[known], values[known], len(x)) / n
        squares = np.bincount(of_row[known], (values[known] - mean[of_row[known]]) ** 2, len(x))
        error = np.where(n > 1, np.sqrt(squares / (n - 1) / n), np.nan)
    return x.astype(np.float64), mean, error, n


def _colours(groups: SweptParameter | None, *, ordered: bool) -> Sequence[str]:
    """A colour for each line."""
    if groups is None:
        return (COLOUR,)
    if not ordered:
        return GROUP_COLOURS
    return [to_hex(colour) for colour in colormaps[_ORDERED](np.linspace(0.0, _PALEST, len(groups.categories)))]


def _entries(
    n: NDArray[np.int64], noun: str, groups: SweptParameter | None, colours: Sequence[str], *, joined: bool
) -> list[Line2D | Patch]:
    names = _shortened(groups.categories) if groups else ("mean",)
    lines: list[Line2D | Patch] = [
        Line2D([], [], color=colour, marker="o", markersize=_MARK_SIZE, label=name, **_style(joined))
        for name, colour in zip(names, colours, strict=False)
    ]
    if n.max() < 2:
        if groups is None:
            lines[0].set_label("one run at each value" if noun else "mean field")
        return lines
    repeats = f"{n.max()} {noun}" if n.min() == n.max() else f"up to {n.max()} {noun}"
    colour = COLOUR if groups is None else BAND_COLOUR
    return [*lines, Patch(color=colour, alpha=_BAND_STRENGTH, linewidth=0, label=f"± standard error over {repeats}")]


def _shortened(names: Sequence[str]) -> list[str]:
    """Names such as ``2 active``, of which only the first keeps a last word that all have in common."""
    last = {name.rpartition(" ")[2] for name in names}
    shorter = [name.rpartition(" ")[0] for name in names]
    return [names[0], *shorter[1:]] if len(last) == 1 and all(shorter) else list(names)


def _draw(
    axes: Axes,
    x: NDArray[np.float64],
    mean: NDArray[np.float64],
    error: NDArray[np.float64],
    colour: str,
    *,
    joined: bool,
) -> None:
    low, high = (mean + sign * np.nan_to_num(error) for sign in (-1, 1))
    if joined:
        axes.fill_between(x, low, high, color=colour, alpha=_BAND_STRENGTH, linewidth=0)
    else:
        axes.bar(x, high - low, 0.3, low, color=colour, alpha=_BAND_STRENGTH, linewidth=0)
        axes.use_sticky_edges = False  # the bars do not start at the axis
        axes.set_xlim(x[0] - 0.5, x[-1] + 0.5)
    axes.plot(x, mean, color=colour, marker="o", markersize=_MARK_SIZE, **_style(joined))
    axes.update_datalim([(each, 0.0) for each in x], updatey=False)  # also where there is no value


def _style(joined: bool) -> dict[str, Any]:
    return {"linestyle": "-" if joined else "none", "linewidth": 2 * LINE_WIDTH}
