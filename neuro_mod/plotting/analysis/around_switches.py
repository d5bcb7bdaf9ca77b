"""Mean rates around the times at which clusters become active, and around those at which they stop being active."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neuro_mod.plotting import style
from neuro_mod.plotting.bands import CURVE_COLOURS, band_handle, curve_handle, draw_curve, event_handle, mark_event
from neuro_mod.plotting.legends import legend_above_figure, legend_height

if TYPE_CHECKING:
    import pandas as pd

_HEIGHT = 50.0 / style.MM_PER_INCH
_LABELS = {"switching": "cluster that switches", "others": "other clusters", "all": "all neurons"}
_TITLES = {"on": "becomes active", "off": "stops being active"}


def around_switches(table: pd.DataFrame, *, ax: Axes | None = None, width: float | None = None) -> Figure:
    """Draw mean rates around switches, with bands of plus or minus one standard error.

    Args:
        table: From `Analyzer.around_switches`.
        ax: Axes to draw in, instead of a new figure; the panels share their place.
        width: Width of a new figure in inches [114 mm].

    Returns:
        The figure: a panel for each kind of switch that there is, with common axes.
    """
    present = set(table["switch"])
    kinds = [kind for kind in _TITLES if kind in present]
    width = style.width_in(ax, width, style.ONE_AND_A_HALF_COLUMNS)
    with style.paper_style():
        colours = dict(zip(_LABELS, CURVE_COLOURS, strict=False))
        curves = [curve_handle(label, colours[name]) for name, label in _LABELS.items()]
        handles = [*curves, band_handle(), event_handle("switch")]
        above = legend_height(handles, width) / style.POINTS_PER_INCH
        figure = style.new_figure(width, _HEIGHT + above, ax)
        panels = style.new_panels(figure, len(kinds), len(kinds), shared=True)
        for axes, kind in zip(panels, kinds, strict=True):
            rows = table.loc[table["switch"] == kind]
            mark_event(axes)
            for name, colour in colours.items():
                chosen = rows.loc[rows["clusters"] == name]
                draw_curve(axes, chosen, colour, ("time", "rate_hz", "standard_error"))
            title = f"{_TITLES[kind]} (n = {rows['n'].iloc[0]})"
            axes.set_title(title, loc="left", fontsize=style.TICK_SIZE, pad=3)
            axes.set_xlabel("time from the switch (s)")
        panels[0].set(ylabel="firing rate (Hz)", ylim=(0, None))
        panels[0].margins(x=0)
        panels[0].xaxis.set_major_locator(style.round_ticks(4))
        panels[0].yaxis.set_major_locator(style.round_ticks(5))
        legend_above_figure(figure, handles)
    return style.whole(figure)
