"""Rates of clusters around events, a small panel for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from neuro_mod.errors import invalid
from neuro_mod.plotting import style
from neuro_mod.plotting.bands import (
    CURVE_COLOURS,
    MAX_CURVES,
    band_handle,
    curve_handle,
    draw_curve,
    event_handle,
    mark_event,
)
from neuro_mod.plotting.legends import legend_above_figure, legend_height

if TYPE_CHECKING:
    import pandas as pd

#: Panels at most; others have weaker responses.
MAX_PANELS = 20
_MIN_COLUMNS, _MAX_COLUMNS = 4, 6
#: Least width of a panel, in mm.
_MIN_WIDTH = 26.0
#: Height of a panel, and of what is below all of them, in mm.
_HEIGHT, _BELOW = 23.0, 12.0


def event_rates(table: pd.DataFrame, *, ax: Axes | None = None, width: float | None = None) -> Figure:
    """Draw the mean rate of each cluster around an event, with a band of plus or minus one standard error.

    Of more than `MAX_PANELS` clusters those whose rate differs most from that before the event are drawn, and of more
    than `MAX_CURVES` conditions the first ones, with a note.

    Args:
        table: Columns ``time``, ``unit``, ``rate_hz``, ``standard_error`` and, with several curves in each panel,
            ``condition``.
        ax: Axes to draw in, instead of a new figure; the panels share their place.
        width: Width of a new figure in inches [180 mm].

    Returns:
        The figure: panels with common axes, ordered by the labels of the clusters.

    Raises:
        InputError: The table is empty.
    """
    if not len(table):
        raise invalid("table", 0, "at least one row")
    conditions: list[Any] = list(dict.fromkeys(table["condition"])) if "condition" in table else [None]
    shown = conditions[:MAX_CURVES]
    units = sorted(table["unit"].unique(), key=lambda unit: -_response(table.loc[table["unit"] == unit]))
    drawn = sorted(units[:MAX_PANELS])
    width = style.width_in(ax, width, style.TWO_COLUMNS)
    columns = _columns(len(drawn), int(width * style.MM_PER_INCH / _MIN_WIDTH))
    with style.paper_style():
        handles = [curve_handle(_label(each), colour) for each, colour in zip(shown, CURVE_COLOURS, strict=False)]
        handles = handles if shown != [None] else [curve_handle("mean rate", CURVE_COLOURS[0])]
        handles = [*handles, band_handle(), event_handle()]
        above = legend_height(handles, width) / style.POINTS_PER_INCH
        height = (-(-len(drawn) // columns) * _HEIGHT + _BELOW) / style.MM_PER_INCH
        figure = style.new_figure(width, height + above, ax)
        panels = style.new_panels(figure, len(drawn), columns, shared=True)
        for axes, unit in zip(panels, drawn, strict=True):
            _draw(axes, table.loc[table["unit"] == unit], shown)
            axes.set_title(f"cluster {unit}", loc="left", fontsize=style.TICK_SIZE, pad=2)
        panels[0].set(ylim=(0, None), xlim=_edges(table["time"].to_numpy(np.float64)))
        panels[0].xaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 4, 5, 10]))  # also -0.4, 0, 0.4
        panels[0].yaxis.set_major_locator(style.round_ticks(3))
        for axes in panels[-columns:]:
            axes.tick_params(labelbottom=True)  # also above an empty place of the last row
            axes.set_xlabel("time (s)")
        figure.supylabel("firing rate (Hz)")
        legend_above_figure(figure, handles)
        if left_out := _left_out(len(units) - len(drawn), len(conditions) - len(shown)):
            style.write_note(figure, left_out)
    return style.whole(figure)


def _edges(times: NDArray[np.float64]) -> tuple[float, float]:
    """Begin and end of equal bins with these centres, so that there are ticks at the ends of an epoch."""
    centres = np.unique(times)
    half = (centres[1] - centres[0]) / 2 if len(centres) > 1 else 0.0
    return float(centres[0] - half), float(centres[-1] + half)


def _columns(n: int, most: int) -> int:
    """The number of columns, as many as fit, that leaves the fewest places empty; the largest of several."""
    most = max(1, min(most, _MAX_COLUMNS))
    if n <= min(most, _MIN_COLUMNS):
        return n
    return min(range(most, min(most, _MIN_COLUMNS) - 1, -1), key=lambda columns: -n % columns)


def _label(condition: Any) -> str:
    return f"condition {condition:g}" if isinstance(condition, int | float | np.number) else str(condition)


def _response(rows: pd.DataFrame) -> float:
    """Largest difference of the rate from its mean before the event, in Hz."""
    rates = rows["rate_hz"].to_numpy(np.float64)
    before = (rows["time"] < 0).to_numpy(bool)
    base = rates[before].mean() if before.any() else rates.mean()
    return float(np.abs(rates - base).max())


def _draw(axes: Axes, rows: pd.DataFrame, conditions: list[Any]) -> None:
    mark_event(axes)
    for condition, colour in zip(conditions, CURVE_COLOURS, strict=False):
        chosen = rows if condition is None else rows.loc[rows["condition"] == condition]
        draw_curve(axes, chosen, colour, ("time", "rate_hz", "standard_error"))


def _left_out(units: int, conditions: int) -> str:
    numbers = {"cluster{s} with weaker responses": units, "condition{s}": conditions}
    parts = [f"{n} {what.format(s='s' * (n > 1))}" for what, n in numbers.items() if n]
    return f"left out: {' and '.join(parts)}" if parts else ""
