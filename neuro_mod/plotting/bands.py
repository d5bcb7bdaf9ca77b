"""Curves with bands of their standard errors, and marks of events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from neuro_mod.plotting import style

if TYPE_CHECKING:
    import pandas as pd

#: Names of the columns of places, means and standard errors of a curve.
Columns = tuple[str, str, str]

BAND_STRENGTH = 0.25
#: Of a band in a legend of curves of several colours.
BAND_COLOUR, EVENT_COLOUR = "#404040", "#737373"
#: Colours of curves, distinct with any colour vision.
CURVE_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
MAX_CURVES = len(CURVE_COLOURS)

_EVENT: dict[str, Any] = {"color": EVENT_COLOUR, "linewidth": style.LINE_WIDTH, "linestyle": (0, (3, 2))}


def draw_curve(axes: Axes, table: pd.DataFrame, colour: str, columns: Columns) -> None:
    """Draw a curve and the band of plus or minus one standard error around it; none where that is NaN.

    Args:
        axes: Where to draw.
        table: The numbers.
        colour: Of the curve.
        columns: Names of the columns of places, means and standard errors.
    """
    x, mean, error = (table[name].to_numpy(np.float64) for name in columns)
    low, high = (mean + sign * np.nan_to_num(error) for sign in (-1, 1))
    axes.fill_between(x, low, high, color=colour, alpha=BAND_STRENGTH, linewidth=0)
    axes.plot(x, mean, color=colour, linewidth=1.6 * style.LINE_WIDTH)


def curve_handle(label: str, colour: str) -> Line2D:
    """Entry of a legend for a curve."""
    return Line2D([], [], color=colour, linewidth=2 * style.LINE_WIDTH, label=label)


def band_handle(label: str = "± s.e.", colour: str = BAND_COLOUR, strength: float = BAND_STRENGTH) -> Patch:
    """Entry of a legend for the bands around curves."""
    return Patch(color=colour, alpha=strength, linewidth=0, label=label)


def mark_event(axes: Axes, time: float = 0.0) -> None:
    """Mark the time of an event by a dashed line."""
    axes.axvline(time, zorder=0, **_EVENT)


def event_handle(label: str = "event") -> Line2D:
    """Entry of a legend for the time of an event."""
    return Line2D([], [], label=label, **_EVENT)
