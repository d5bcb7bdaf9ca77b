"""Occupancy of each cluster, with its standard error."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from neuro_mod.checks import check_shape
from neuro_mod.plotting import style
from neuro_mod.plotting.population_rows import spaced

_HEIGHT = 55 / style.MM_PER_INCH
_COLOUR, _MEAN_COLOUR = style.CLUSTER_COLOURS[0][0], "#737373"
#: Share of the width of the figure that the axis of the clusters takes, roughly.
_AXIS = 0.82
_MARKER = 3.5
#: Least gap of two labels in points.
_GAP = 2.0


def occupancy(
    values: NDArray[np.floating],
    standard_errors: NDArray[np.floating],
    labels: NDArray[np.integer],
    *,
    width: float = style.ONE_COLUMN,
) -> Figure:
    """Draw the part of the time in which each cluster is active, with its standard error, and the mean over clusters.

    Args:
        values: Occupancy of each cluster, shape ``(n_clusters,)``; NaN where there was no time.
        standard_errors: Of each, shape ``(n_clusters,)``; NaN where it is not known.
        labels: Labels of the clusters, shape ``(n_clusters,)``.
        width: Width of the figure in inches.

    Returns:
        The figure, with one axes.

    Raises:
        InputError: Shapes that do not fit.
    """
    n = len(labels)
    for name, each in {"values": values, "standard_errors": standard_errors}.items():
        check_shape(name, each, (n,))
    places, errors = np.arange(n), np.nan_to_num(standard_errors)
    with style.paper_style():
        figure, axes = style.new_axes(width, _HEIGHT)
        if np.isfinite(values).any():
            axes.axhline(float(np.nanmean(values)), color=_MEAN_COLOUR, linewidth=style.LINE_WIDTH, label="mean")
            axes.legend(loc="lower right", bbox_to_anchor=(1, 1), frameon=False, borderpad=0.1)
        axes.errorbar(places, values, errors, fmt="none", color=_COLOUR, elinewidth=1.5 * style.LINE_WIDTH)
        axes.plot(
            places,
            values,
            marker="o",
            markersize=_MARKER,
            linestyle="none",
            color=_COLOUR,
            clip_on=False,
            zorder=3,
        )
        highest = float(np.nanmax(values + errors, initial=0.0))
        axes.set(xlim=(-0.6, max(n, 1) - 0.4), ylim=(0, 1.05 * highest or 1.0), xlabel="cluster", ylabel="time active")
        names = [str(label) for label in labels]
        room = max((style.text_length(name, style.TICK_SIZE) for name in names), default=0.0) + _GAP
        kept = spaced(places * _AXIS * width * style.POINTS_PER_INCH / max(1, n), room)
        axes.set_xticks(places[kept], [names[k] for k in kept])
        axes.yaxis.set_major_locator(style.round_ticks(6))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.3g} %"))
    return figure
