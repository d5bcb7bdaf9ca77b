"""Measures over two parameters of a sweep: a heat map of the mean over repeats for each."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike, NDArray

from neuro_mod.plotting.population_map import add_colour_bar
from neuro_mod.plotting.style import LABEL_SIZE, paper_style, whole, write_note
from neuro_mod.plotting.sweep.sweep_lines import over_repeats
from neuro_mod.plotting.sweep.sweep_panels import SweptParameter, broken, check_rows, sweep_panels, sweep_width

COLOUR_MAP = "viridis"
#: Of cells without a value.
MISSING_COLOUR = "#999999"
#: Height of a panel with its labels in points, its least width in mm, and the share of a panel's axes that a map takes
#: beside its colour bar.
_HEIGHT, _LEAST, _WIDE = 130.0, 56.0, 0.65


def sweep_maps(
    x: SweptParameter,
    y: SweptParameter,
    measures: Mapping[str, ArrayLike],
    noun: str = "repeats",
    *,
    ax: Axes | None = None,
    width: float | None = None,
) -> Figure:
    """Draw a heat map for each measure: its mean over repeats at each pair of values.

    Borders of cells are halfway between neighbouring values, on a logarithmic axis at their geometric mean; the outer
    ones are at the lowest and the highest value. Cells without a value are hatched in grey.

    Args:
        x: What varies from left to right.
        y: What varies from bottom to top.
        measures: By label with unit, a value for each row, shape ``(n_rows,)``.
        noun: What several rows with the same values are.
        ax: Axes to draw in, instead of a new figure; the panels share their place.
        width: Width of a new figure in inches [that of a journal's column, by the number of measures].

    Returns:
        The figure; each map has its own colour bar.

    Raises:
        InputError: There are no rows, or shapes that do not fit.
    """
    check_rows([x, y], measures)
    width = sweep_width(len(measures), ax, width)
    with paper_style():
        size = {"width": width, "height": _HEIGHT, "least": _LEAST, "share": _WIDE}
        figure, panels = sweep_panels(len(measures), x, ax=ax, **size)
        for panel, (label, values) in zip(panels, measures.items(), strict=True):
            axes = panel.axes
            edges_x, edges_y, means = cells(x, y, np.asarray(values, float))
            known = means[np.isfinite(means)]
            low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
            norm = Normalize(low, high if high > low else low + 1.0)
            corners = (edges_x[0], edges_y[0]), edges_x[-1] - edges_x[0], edges_y[-1] - edges_y[0]
            style = {"facecolor": "white", "edgecolor": MISSING_COLOUR, "hatch": "////", "linewidth": 0}
            axes.add_patch(Rectangle(*corners, zorder=0, **style))
            axes.pcolormesh(edges_x, edges_y, np.ma.masked_invalid(means), cmap=COLOUR_MAP, norm=norm, zorder=1)
            panel.label_x(x)
            y.apply(axes.yaxis, panel.tall)
            axes.set(xlim=edges_x[[0, -1]], ylim=edges_y[[0, -1]])
            bar = add_colour_bar(axes, norm, COLOUR_MAP)
            bar.set_label(broken(label, panel.tall), size=LABEL_SIZE)
            if not len(known):
                bar.set_ticks([])
        if max(np.unique(_pairs(x, y), axis=0, return_counts=True)[1]) > 1:
            write_note(figure, f"means over {noun}")
    return whole(figure)


def cells(
    x: SweptParameter, y: SweptParameter, values: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Borders of the cells in x, shape ``(n_x + 1,)``, and in y; means over repeats, shape ``(n_y, n_x)``, or NaN."""
    places_x, column = np.unique(x.values, return_inverse=True)
    places_y, row = np.unique(y.values, return_inverse=True)
    place, mean, *_ = over_repeats((row * len(places_x) + column).astype(float), values)
    means = np.full((len(places_y), len(places_x)), np.nan)
    means.ravel()[place.astype(int)] = mean
    return _edges(places_x, x), _edges(places_y, y), means


def _edges(places: NDArray[np.floating], parameter: SweptParameter) -> NDArray[np.float64]:
    """Borders of cells; those of categories, and of a single value, reach half a unit beyond it."""
    places = np.log(places) if parameter.logarithmic else np.asarray(places, float)
    beyond = 0.5 if parameter.categories or len(places) == 1 else 0.0
    edges = np.concatenate([[places[0] - beyond], (places[1:] + places[:-1]) / 2, [places[-1] + beyond]])
    return np.exp(edges) if parameter.logarithmic else edges


def _pairs(x: SweptParameter, y: SweptParameter) -> NDArray[np.floating]:
    return np.column_stack([x.values, y.values])
