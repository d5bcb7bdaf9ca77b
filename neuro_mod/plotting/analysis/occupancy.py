"""Occupancy of each cluster, with its standard error."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from neuro_mod.checks import check_shape
from neuro_mod.plotting import style
from neuro_mod.plotting.legends import legend_above_figure, legend_height
from neuro_mod.plotting.population_rows import spaced

_HEIGHT = 55 / style.MM_PER_INCH
_COLOUR, _MEAN_COLOUR = style.CLUSTER_COLOURS[0][0], "#737373"
#: Share of the width of the figure that the axis of the clusters takes, roughly.
_AXIS = 0.82
_BAR: dict[str, Any] = {"color": _COLOUR, "linewidth": 1.5 * style.LINE_WIDTH}
_MEAN: dict[str, Any] = {"color": _MEAN_COLOUR, "linewidth": style.LINE_WIDTH}
_POINT: dict[str, Any] = {"marker": "o", "markersize": 3.5, "linestyle": "none", "color": _COLOUR}
#: Least gap of two labels in points.
_GAP = 2.0


def occupancy(
    values: NDArray[np.floating],
    standard_errors: NDArray[np.floating],
    labels: NDArray[np.integer],
    *,
    ax: Axes | None = None,
    width: float | None = None,
) -> Figure:
    """Draw the part of the time in which each cluster is active, with its standard error, and the mean over clusters.

    Args:
        values: Occupancy of each cluster, shape ``(n_clusters,)``; NaN where there was no time.
        standard_errors: Of each, shape ``(n_clusters,)``; NaN where it is not known.
        labels: Labels of the clusters, shape ``(n_clusters,)``.
        ax: Axes to draw in, instead of a new figure.
        width: Width of a new figure in inches [85 mm].

    Returns:
        The figure, with one axes.

    Raises:
        InputError: Shapes that do not fit.
    """
    n = len(labels)
    for name, each in {"values": values, "standard_errors": standard_errors}.items():
        check_shape(name, each, (n,))
    places, errors = np.arange(n), np.nan_to_num(standard_errors)
    width = style.width_in(ax, width, style.ONE_COLUMN)
    points = _AXIS * width * style.POINTS_PER_INCH if ax is None else style.size_in_points(ax)[0]
    with style.paper_style():
        handles = _entries(values, standard_errors)
        above = legend_height(handles, width) / style.POINTS_PER_INCH
        figure, axes = style.new_axes(width, _HEIGHT + above, ax=ax)
        if np.isfinite(values).any():
            axes.axhline(float(np.nanmean(values)), **_MEAN)
        axes.vlines(places, values - errors, values + errors, **_BAR)
        axes.plot(places, values, clip_on=False, zorder=3, **_POINT)
        highest = float(np.nanmax(values + errors, initial=0.0))
        axes.set(xlim=(-0.6, max(n, 1) - 0.4), ylim=(0, 1.05 * highest or 1.0), xlabel="cluster", ylabel="time active")
        names = [str(label) for label in labels]
        room = max((style.text_length(name, style.TICK_SIZE) for name in names), default=0.0) + _GAP
        kept = spaced(places * points / max(1, n), room)
        axes.set_xticks(places[kept], [names[k] for k in kept])
        axes.yaxis.set_major_locator(style.round_ticks(6))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.3g} %"))
        legend_above_figure(ax or figure, handles)
    return style.whole(figure)


def _entries(values: NDArray[np.floating], errors: NDArray[np.floating]) -> list[Line2D]:
    """Entries of a legend; none for what is not known."""
    known = np.isfinite(values).any(), np.isfinite(errors).any()
    cluster = Line2D([], [], label="cluster" + " ± s.e." * bool(known[1]), **_POINT)
    return [cluster, Line2D([], [], label="mean of clusters", **_MEAN)] if known[0] else []
