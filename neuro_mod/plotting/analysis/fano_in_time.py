"""Fano factors over time around an event, raw and mean-matched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from neuro_mod.plotting import style
from neuro_mod.plotting.bands import CURVE_COLOURS, band_handle, curve_handle, draw_curve, event_handle, mark_event
from neuro_mod.plotting.legends import legend_above_figure, legend_height

if TYPE_CHECKING:
    import pandas as pd

_HEIGHT = 55.0 / style.MM_PER_INCH
_POISSON: dict[str, Any] = {"color": "#A6A6A6", "linewidth": 1.5 * style.LINE_WIDTH}
#: Columns of the table by the name of a curve.
_CURVES = {"raw": ("fano", "standard_error"), "mean-matched": ("mean_matched", "mean_matched_error")}


def fano_in_time(table: pd.DataFrame, *, ax: Axes | None = None, width: float | None = None) -> Figure:
    """Draw Fano factors over time with bands of plus or minus one standard error; a line at 1 is Poisson.

    Args:
        table: From `Epochs.fano`.
        ax: Axes to draw in, instead of a new figure.
        width: Width of a new figure in inches [85 mm].

    Returns:
        The figure, with one axes.
    """
    known = {name: pair for name, pair in _CURVES.items() if pair[0] in table and np.isfinite(table[pair[0]]).any()}
    colours = dict(zip(_CURVES, CURVE_COLOURS, strict=False))
    width = style.width_in(ax, width, style.ONE_COLUMN)
    with style.paper_style():
        curves = [curve_handle(name, colours[name]) for name in known]
        handles = [*curves, band_handle(), Line2D([], [], label="Poisson", **_POISSON), event_handle()]
        above = legend_height(handles, width) / style.POINTS_PER_INCH
        figure, axes = style.new_axes(width, _HEIGHT + above, ax=ax)
        axes.axhline(1.0, zorder=0, **_POISSON)
        mark_event(axes)
        for name, (mean, error) in known.items():
            draw_curve(axes, table, colours[name], ("time", mean, error))
        axes.set(xlabel="time from the event (s)", ylabel="Fano factor", ylim=(0, None))
        axes.margins(x=0)
        axes.xaxis.set_major_locator(style.round_ticks(6))
        axes.yaxis.set_major_locator(style.round_ticks(5))
        legend_above_figure(ax or figure, handles)
    return style.whole(figure)
