"""Measures over two parameters of a sweep: a heat map of the mean over repeats for each."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike, NDArray

from neuro_mod.plotting.population_map import add_colour_bar
from neuro_mod.plotting.style import LABEL_SIZE, paper_style, write_note
from neuro_mod.plotting.sweep.sweep_lines import over_repeats
from neuro_mod.plotting.sweep.sweep_panels import SweptParameter, broken, check_rows, panel_points, sweep_panels

COLOUR_MAP = "viridis"
#: Of cells without a value.
MISSING_COLOUR = "#999999"
#: Height of a panel with its labels in points; shares of it, and of its width, that axes take.
_HEIGHT, _TALL, _WIDE = 140.0, 0.72, 0.75


def sweep_maps(
    x: SweptParameter, y: SweptParameter, measures: Mapping[str, ArrayLike], noun: str = "repeats"
) -> Figure:
    """Draw a heat map for each measure: its mean over repeats at each pair of values.

    Borders of cells are halfway between neighbouring values, on a logarithmic axis at their geometric mean. Cells
    without a value are hatched in grey.

    Args:
        x: What varies from left to right.
        y: What varies from bottom to top.
        measures: By label with unit, a value for each row, shape ``(n_rows,)``.
        noun: What several rows with the same values are.

    Returns:
        The figure; each map has its own colour bar.

    Raises:
        InputError: There are no rows, or shapes that do not fit.
    """
    check_rows([x, y], measures)
    with paper_style():
        wide, tall = _WIDE * panel_points(len(measures), most=2), _TALL * _HEIGHT
        figure, panels = sweep_panels(len(measures), _HEIGHT + x.turned(wide), most=2)
        for axes, (label, values) in zip(panels, measures.items(), strict=True):
            edges_x, edges_y, means = cells(x, y, np.asarray(values, float))
            known = means[np.isfinite(means)]
            low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
            norm = Normalize(low, high if high > low else low + 1.0)
            corners = (edges_x[0], edges_y[0]), edges_x[-1] - edges_x[0], edges_y[-1] - edges_y[0]
            style = {"facecolor": "white", "edgecolor": MISSING_COLOUR, "hatch": "////", "linewidth": 0}
            axes.add_patch(Rectangle(*corners, zorder=0, **style))
            axes.pcolormesh(edges_x, edges_y, np.ma.masked_invalid(means), cmap=COLOUR_MAP, norm=norm, zorder=1)
            x.apply(axes.xaxis, wide)
            y.apply(axes.yaxis, tall)
            axes.set(xlim=edges_x[[0, -1]], ylim=edges_y[[0, -1]])
            bar = add_colour_bar(axes, norm, COLOUR_MAP)
            bar.set_label(broken(label, tall), size=LABEL_SIZE)
            if not len(known):
                bar.set_ticks([])
        if max(np.unique(_pairs(x, y), axis=0, return_counts=True)[1]) > 1:
            write_note(figure, f"means over {noun}")
    return figure


def cells(
    x: SweptParameter, y: SweptParameter, values: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Borders of the cells in x, shape ``(n_x + 1,)``, and in y; means over repeats, shape ``(n_y, n_x)``, or NaN."""
    places_x, column = np.unique(x.values, return_inverse=True)
    places_y, row = np.unique(y.values, return_inverse=True)
    place, mean, *_ = over_repeats((row * len(places_x) + column).astype(float), values)
    means = np.full((len(places_y), len(places_x)), np.nan)
    means.ravel()[place.astype(int)] = mean
    return _edges(places_x, x.logarithmic), _edges(places_y, y.logarithmic), means


def _edges(places: NDArray[np.floating], logarithmic: bool) -> NDArray[np.float64]:
    places = np.log(places) if logarithmic else np.asarray(places, float)
    if len(places) == 1:
        edges = places[0] + np.array([-0.5, 0.5])
    else:
        middles = (places[1:] + places[:-1]) / 2
        edges = np.concatenate([[2 * places[0] - middles[0]], middles, [2 * places[-1] - middles[-1]]])
    return np.exp(edges) if logarithmic else edges


def _pairs(x: SweptParameter, y: SweptParameter) -> NDArray[np.floating]:
    return np.column_stack([x.values, y.values])
