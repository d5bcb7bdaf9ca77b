"""Rates of clusters over time, with detection thresholds and active periods."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from neuro_mod.checks import check_shape
from neuro_mod.plotting import style
from neuro_mod.plotting.legends import legend_above_figure
from neuro_mod.plotting.population_rows import spaced
from neuro_mod.plotting.samples import check_even, check_window, time_span

_Array = NDArray[np.floating]

#: Heights in mm: of a cluster's row at most, of all rows at least and at most, of the margins.
_ROW, _MIN, _MAX, _AROUND = 8.0, 20.0, 190.0, 18.0
#: Share of a row that the highest rate takes.
_FILLED = 0.95
_RATE_COLOUR, _ACTIVE_COLOUR, _THRESHOLD_COLOUR = "#404040", "#56B4E9", "#D55E00"
_THRESHOLD: dict[str, Any] = {"color": _THRESHOLD_COLOUR, "linewidth": 0.7 * style.LINE_WIDTH}


def detected_rates(
    times: _Array,
    rates: _Array,
    thresholds: _Array,
    active: NDArray[np.bool_],
    labels: NDArray[np.integer],
    *,
    t_from: float | None = None,
    t_to: float | None = None,
    ax: Axes | None = None,
    width: float | None = None,
) -> Figure:
    """Draw the rate of each cluster with its threshold, row by row; active periods are filled.

    All rows have the same scale, shown by a bar beside them.

    Args:
        times: Evenly spaced sample times of one session in seconds, shape ``(n_samples,)``.
        rates: Rates in Hz per neuron, shape ``(n_samples, n_clusters)``.
        thresholds: Detection thresholds in Hz, shape ``(n_clusters,)``; NaN for none.
        active: Whether each cluster is active, shape ``(n_samples, n_clusters)``.
        labels: Labels of the clusters, shape ``(n_clusters,)``.
        t_from: Beginning of the shown window in seconds; that of the samples if None.
        t_to: End of the window in seconds; that of the samples if None.
        ax: Axes to draw in, instead of a new figure.
        width: Width of a new figure in inches [180 mm].

    Returns:
        The figure, with one axes: row k, from the top, is between k + 1 and k.

    Raises:
        InputError: Shapes that do not fit, times that are not evenly spaced, or an empty window.
    """
    n = len(labels)
    for name, values in {"rates": rates, "active": active}.items():
        check_shape(name, values, (len(times), n))
    check_shape("thresholds", thresholds, (n,))
    check_even("times", times)
    start, end = time_span(times)
    start, end = start if t_from is None else t_from, end if t_to is None else t_to
    check_window(start, end)
    inside = (times >= start) & (times <= end)
    width = style.width_in(ax, width, style.TWO_COLUMNS)
    rows_height = float(np.clip(_ROW * n, _MIN, _MAX))
    points = rows_height * style.POINTS_PER_MM if ax is None else style.size_in_points(ax)[1]
    with style.paper_style():
        figure, axes = style.new_axes(width, (rows_height + _AROUND) / style.MM_PER_INCH, ax=ax)
        highest = float(np.nanmax(rates[inside], initial=0.0)) or 1.0
        for k in range(n):
            level = _FILLED * float(thresholds[k]) / highest
            _draw_row(axes, times[inside], _FILLED * rates[inside, k] / highest, level, active[inside, k], k + 1)
        axes.set(xlim=(start, end), ylim=(max(1, n), 0), xlabel="time (s)", ylabel="cluster")
        places = np.arange(n) + 0.5
        kept = spaced(places * points / max(1, n))
        axes.set_yticks(places[kept], [str(labels[k]) for k in kept])
        axes.xaxis.set_major_locator(style.round_ticks(6))
        axes.tick_params(left=False)
        axes.spines["left"].set_visible(False)
        _add_scale(axes, highest, n)
        legend_above_figure(axes, _entries())
    return style.whole(figure)


def _draw_row(
    axes: Axes, times: _Array, height: _Array, level: float, active: NDArray[np.bool_], bottom: float
) -> None:
    filled = np.where(active, height, 0)  # ``where=`` would lose half a sample at either end of a stretch
    axes.fill_between(times, bottom, bottom - filled, color=_ACTIVE_COLOUR, linewidth=0, step="mid")
    axes.plot(times, bottom - height, color=_RATE_COLOUR, linewidth=0.7 * style.LINE_WIDTH, drawstyle="steps-mid")
    if 0 <= level <= 1:
        axes.axhline(bottom - level, **_THRESHOLD)


def _add_scale(axes: Axes, highest: float, n: int) -> None:
    """Draw a bar beside the lowest row (several rows, if these are low) that shows a round rate."""
    shown = float(style.round_ticks(2).tick_values(0, highest)[1])
    bottom, place = max(1, n), axes.get_yaxis_transform()
    axes.vlines(1.01, bottom - _FILLED * shown / highest, bottom, color=_RATE_COLOUR, transform=place, clip_on=False)
    axes.text(1.02, bottom, f"{shown:g} Hz", fontsize=style.TICK_SIZE, transform=place, verticalalignment="bottom")


def _entries() -> list[Line2D | Patch]:
    return [
        Line2D([], [], color=_RATE_COLOUR, linewidth=style.LINE_WIDTH, label="rate"),
        Line2D([], [], label="threshold", **_THRESHOLD),
        Patch(color=_ACTIVE_COLOUR, label="active"),
    ]
