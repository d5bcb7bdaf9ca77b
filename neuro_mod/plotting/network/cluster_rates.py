"""Heat map of the firing rates of clusters over time."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from neuro_mod.plotting import style
from neuro_mod.plotting.population_map import add_colour_bar, draw_population_map
from neuro_mod.plotting.population_rows import population_rows
from neuro_mod.plotting.samples import check_samples
from neuro_mod.populations import Populations

COLOUR_MAP = "viridis"


def cluster_rate_map(
    times: NDArray[np.floating],
    rates: NDArray[np.floating],
    populations: Populations,
    *,
    ax: Axes | None = None,
    width: float | None = None,
) -> Figure:
    """Draw smoothed rates as colours: E clusters, E background, I clusters, I background, from top to bottom.

    Populations without neurons are left out.

    Args:
        times: Evenly spaced sample times in seconds, shape ``(n_samples,)``.
        rates: Rates in Hz, shape ``(n_samples, populations.total)``, as ``smoothed_rates`` gives them.
        populations: Layout of the network.
        ax: Axes to draw in, instead of a new figure.
        width: Width of a new figure in inches [114 mm].

    Returns:
        The figure: the map, then its colour bar.

    Raises:
        InputError: Shapes that do not fit, or times that are not evenly spaced.
    """
    check_samples(times, rates, populations, "rates")
    rows = population_rows(populations)
    shown = rates[:, populations.sizes > 0]
    norm = Normalize(0, float(shown.max(initial=0.0)) or 1.0)
    with style.paper_style():
        height = float(np.clip(14 + 4.5 * rows.end, 34, 90)) / style.MM_PER_INCH
        width = style.width_in(ax, width, style.ONE_AND_A_HALF_COLUMNS)
        figure, axes = style.new_axes(width, height, ax=ax)
        points = 0.8 * height * style.POINTS_PER_INCH if ax is None else style.size_in_points(ax)[1]
        draw_population_map(axes, times, rates, rows, norm, COLOUR_MAP, points)
        axes.set(xlabel="time (s)", ylabel="population")
        add_colour_bar(axes, norm, COLOUR_MAP).set_label("firing rate (Hz)")
    return style.whole(figure)
