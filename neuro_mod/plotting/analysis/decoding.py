"""Accuracy of decoding, over time and over a parameter, with the chance level."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from neuro_mod.plotting import style
from neuro_mod.plotting.bands import CURVE_COLOURS, band_handle, curve_handle, draw_curve, event_handle, mark_event
from neuro_mod.plotting.legends import legend_above_figure, legend_height
from neuro_mod.plotting.state_styles import active_colours

if TYPE_CHECKING:
    import pandas as pd

#: Curves at most; those in between are left out.
MAX_CURVES = 8
_HEIGHT = 55.0 / style.MM_PER_INCH
_CHANCE: dict[str, Any] = {"color": "#A6A6A6", "linewidth": 1.5 * style.LINE_WIDTH}
#: Share of the width of a new figure that axes take, roughly.
_WIDTH_SHARE = 0.85
_NUMBERS = ("accuracy", "standard_error")


def accuracy_in_time(
    table: pd.DataFrame,
    by: str | None = None,
    *,
    label: str = "",
    ax: Axes | None = None,
    width: float | None = None,
) -> Figure:
    """Draw accuracy over time, a curve for each value of a parameter, with bands of plus or minus one standard error.

    Of more than `MAX_CURVES` values, evenly spaced ones are drawn, with a note.

    Args:
        table: Columns ``time``, ``accuracy``, ``standard_error``, ``chance``, and that of the parameter.
        by: Column of the parameter; None without.
        label: The parameter in words; by default its column.
        ax: Axes to draw in, instead of a new figure.
        width: Width of a new figure in inches [85 mm].

    Returns:
        The figure, with one axes.
    """
    values: list[Any] = [None] if by is None else list(dict.fromkeys(table[by]))
    places = np.unique(np.linspace(0, len(values) - 1, min(len(values), MAX_CURVES)).round().astype(int)).tolist()
    colours = list(active_colours(range(len(places))).values()) if by else [CURVE_COLOURS[0]]
    width = style.width_in(ax, width, style.ONE_COLUMN)
    with style.paper_style():
        names = _names([values[k] for k in places], label or str(by)) if by else ["accuracy"]
        curves = [curve_handle(name, colour) for name, colour in zip(names, colours, strict=True)]
        handles = [*curves, band_handle(), _chance_handle(), event_handle()]
        above = legend_height(handles, width) / style.POINTS_PER_INCH
        figure, axes = style.new_axes(width, _HEIGHT + above, ax=ax)
        _draw_chance(axes, table)
        mark_event(axes)
        for place, colour in zip(places, colours, strict=True):
            rows = table if by is None else table.loc[table[by] == values[place]]
            draw_curve(axes, rows, colour, ("time", *_NUMBERS))
        axes.set(xlabel="time from the event (s)", ylabel="accuracy of decoding", ylim=(0, 1))
        axes.margins(x=0)
        axes.xaxis.set_major_locator(style.round_ticks(6))
        legend_above_figure(ax or figure, handles)
        if len(places) < len(values):
            style.write_note(ax or figure, f"left out: {len(values) - len(places)} of {len(values)} values")
    return style.whole(figure)


def accuracy_by(
    table: pd.DataFrame, by: str, *, label: str = "", ax: Axes | None = None, width: float | None = None
) -> Figure:
    """Draw the accuracy after the event over a parameter, with bars of plus or minus one standard error.

    Args:
        table: A row for each value: its column, ``accuracy``, ``standard_error``, ``chance``.
        by: Column of the parameter.
        label: The parameter in words; by default its column.
        ax: Axes to draw in, instead of a new figure.
        width: Width of a new figure in inches [85 mm].

    Returns:
        The figure, with one axes.
    """
    numeric = np.issubdtype(np.asarray(table[by].tolist()).dtype, np.number)
    x = table[by].to_numpy(np.float64) if numeric else np.arange(len(table), dtype=float)
    mean, error = (table[name].to_numpy(np.float64) for name in _NUMBERS)
    width = style.width_in(ax, width, style.ONE_COLUMN)
    room = _WIDTH_SHARE * width * style.POINTS_PER_INCH if ax is None else style.size_in_points(ax)[0]
    with style.paper_style():
        points = Line2D([], [], color=CURVE_COLOURS[0], marker="o", markersize=3.0, label="mean after the event ± s.e.")
        handles = [points, _chance_handle()]
        above = legend_height(handles, width) / style.POINTS_PER_INCH
        figure, axes = style.new_axes(width, _HEIGHT + above, ax=ax)
        if len(set(table["chance"].tolist())) == 1:
            _draw_chance(axes, table)
        else:
            axes.plot(x, table["chance"].to_numpy(np.float64), **_CHANCE)
        line = {"linestyle": "-" if numeric else "none", "linewidth": 2 * style.LINE_WIDTH}
        axes.vlines(x, mean - error, mean + error, color=CURVE_COLOURS[0], linewidth=2 * style.LINE_WIDTH)
        axes.plot(x, mean, color=CURVE_COLOURS[0], marker="o", markersize=3.0, **line)
        axes.set(xlabel=label or by, ylabel="accuracy of decoding", ylim=(0, 1))
        if numeric:
            axes.xaxis.set_major_locator(style.round_ticks(6))
            style.tick_values(axes.xaxis, x, room)
        else:
            axes.set_xticks(x, [str(value) for value in table[by]])
            axes.set_xlim(-0.5, len(x) - 0.5)
        legend_above_figure(ax or figure, handles)
    return style.whole(figure)


def _draw_chance(axes: Axes, table: pd.DataFrame) -> None:
    """Lines at the chance levels, of which there are several if classes are unequally frequent."""
    for level in np.unique(table["chance"].to_numpy(np.float64)).tolist():
        axes.axhline(level, zorder=0, **_CHANCE)


def _chance_handle() -> Line2D:
    return Line2D([], [], label="chance", **_CHANCE)


def _names(values: list[Any], label: str) -> list[str]:
    """Values of a parameter, whose name stands before the first."""
    shown = [f"{value:g}" if isinstance(value, int | float | np.number) else str(value) for value in values]
    return [f"{label}: {shown[0]}", *shown[1:]]
