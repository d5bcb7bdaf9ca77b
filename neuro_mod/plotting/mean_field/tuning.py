"""A map of what the mean field says over potentiation and external rate, with the points that were simulated."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from neuro_mod.checks import check_shape
from neuro_mod.errors import invalid
from neuro_mod.plotting import style
from neuro_mod.plotting.legends import legend_above_figure, legend_height
from neuro_mod.plotting.state_styles import active_colours

_Array = NDArray[np.float64]
#: Numbers of active clusters whose states are stable, 0 for the uniform state; None where nothing is known.
Stable = Sequence[Sequence[Sequence[int] | None]]

#: Height in mm without the legend; what is not metastable; the outline of what is wanted.
_HEIGHT, _UNIFORM, _BESIDE, _OUTLINE = 62.0, "#D9D9D9", "#A6A6A6", "#D55E00"
_HATCH: dict[str, Any] = {"edgecolor": "white", "linewidth": 0, "hatch": "/////"}
_BORDER: dict[str, Any] = {"colors": "#D55E00", "linewidths": 1.2, "zorder": 3, "clip_on": False}
_TRIED: dict[str, Any] = {
    "linestyle": "none",
    "marker": "o",
    "markersize": 2.6,
    "markeredgecolor": "black",
    "markeredgewidth": 0.4,
}
_CHOSEN: dict[str, Any] = {
    "linestyle": "none",
    "marker": "*",
    "markersize": 9,
    "markerfacecolor": _OUTLINE,
    "markeredgecolor": "white",
    "markeredgewidth": 0.5,
}


class Tried(NamedTuple):
    """Points that were simulated.

    Attributes:
        potentiations: Shape ``(n,)``.
        rate_factors: Shape ``(n,)``.
        shares: Part of the time with a wanted number of active clusters; NaN where active clusters are not distinct.
    """

    potentiations: _Array
    rate_factors: _Array
    shares: _Array


def tuning_map(
    potentiations: _Array,
    rate_factors: _Array,
    stable: Stable,
    wanted: Collection[int],
    tried: Tried,
    chosen: tuple[float, float],
    *,
    ax: Axes | None = None,
    width: float | None = None,
) -> Figure:
    """Draw which numbers of active clusters are stable, and the points that were simulated.

    Colours show the largest number; hatching, that the uniform state is stable too. An outline is drawn around points
    at which a wanted state is stable and the uniform one is not.

    Args:
        potentiations: Of the grid, rising, shape ``(m,)``.
        rate_factors: Factors on external rates, in rising geometric progression, shape ``(k,)``.
        stable: In rows of equal factors, k rows of m entries.
        wanted: Numbers of active clusters.
        tried: Points that were simulated, black where a wanted number is active at all times, white where at none.
        chosen: Potentiation and factor that were chosen.
        ax: Axes to draw in, instead of a new figure.
        width: Width of a new figure in inches [85 mm].

    Raises:
        InputError: Shapes that do not fit.
    """
    if len(stable) != len(rate_factors) or any(len(row) != len(potentiations) for row in stable):
        raise invalid("stable", [len(row) for row in stable], f"{len(rate_factors)} rows of {len(potentiations)}")
    for name, values in tried._asdict().items():
        check_shape(name, values, (len(tried.shares),))
    numbers = {max(each) for row in stable for each in row if each and max(each)}
    colours = active_colours(numbers)
    edges = _edges(potentiations), np.exp(_edges(np.log(rate_factors)))
    with style.paper_style():
        handles = _entries(colours, len(tried.shares) > 0)
        width = style.width_in(ax, width, style.ONE_COLUMN)
        height = _HEIGHT / style.MM_PER_INCH + legend_height(handles, width) / style.POINTS_PER_INCH
        figure, axes = style.new_axes(width, height, ax=ax)
        _draw_cells(axes, edges, stable, colours)
        qualifies = np.array([[_is_wanted(each, wanted) for each in row] for row in stable])
        axes.add_collection(LineCollection(_outline(edges, qualifies), **_BORDER))
        for x, y, share in zip(*tried, strict=True):
            grey = "none" if np.isnan(share) else str(1 - share)
            axes.plot(x, y, markerfacecolor=grey, zorder=4, **_TRIED)
        axes.plot(*chosen, zorder=5, **_CHOSEN)
        axes.set(yscale="log", xlim=_with(edges[0], chosen[0]), ylim=_with(edges[1], chosen[1]))
        axes.set_yticks([t for t in (0.25, 0.5, 1, 2, 4) if axes.get_ylim()[0] <= t <= axes.get_ylim()[1]])
        axes.yaxis.set_major_formatter("{x:g}")
        axes.minorticks_off()
        axes.xaxis.set_major_locator(style.round_ticks(6, quarters=True))
        axes.set(xlabel="potentiation J+ of E→E weights", ylabel="external rate (of configured)")
        legend_above_figure(ax or figure, handles)
    return style.whole(figure)


def _draw_cells(axes: Axes, edges: tuple[_Array, _Array], stable: Stable, colours: dict[int, str]) -> None:
    (x, y), known = (
        edges,
        [(i, j, each) for i, row in enumerate(stable) for j, each in enumerate(row) if each is not None],
    )
    corners = [[(x[j], y[i]), (x[j + 1], y[i]), (x[j + 1], y[i + 1]), (x[j], y[i + 1])] for i, j, _ in known]
    shades = [colours.get(max(each, default=0), _UNIFORM if each else "white") for *_, each in known]
    axes.add_collection(PolyCollection(corners, facecolors=shades, linewidths=0, antialiased=False, zorder=1))
    beside = [cell for cell, (*_, each) in zip(corners, known, strict=True) if 0 in each and len(each) > 1]
    axes.add_collection(PolyCollection(beside, facecolors="none", zorder=2, **_HATCH))


def _outline(edges: tuple[_Array, _Array], inside: NDArray[np.bool_]) -> list[list[tuple[float, float]]]:
    """The sides between cells that are inside and others."""
    x, y = edges
    padded = np.pad(inside, 1)
    upright, level = padded[1:-1, 1:] != padded[1:-1, :-1], padded[1:, 1:-1] != padded[:-1, 1:-1]
    sides = [[(float(x[j]), float(y[i])), (float(x[j]), float(y[i + 1]))] for i, j in np.argwhere(upright)]
    return sides + [[(float(x[j]), float(y[i])), (float(x[j + 1]), float(y[i]))] for i, j in np.argwhere(level)]


def _is_wanted(stable: Sequence[int] | None, wanted: Collection[int]) -> bool:
    return stable is not None and 0 not in stable and bool({*stable} & {*wanted})


def _entries(colours: dict[int, str], with_tried: bool) -> list[Artist]:
    handles: list[Artist] = [Patch(color=_UNIFORM, label="uniform only")]
    handles += [Patch(color=colour, label=f"up to {number} active") for number, colour in colours.items()]
    handles.append(Patch(label="uniform too", facecolor=_BESIDE, **_HATCH))
    handles.append(Line2D([], [], color=_OUTLINE, linewidth=1.2, label="as wanted (theory)"))
    if with_tried:
        for colour, found in (("black", "as wanted"), ("white", "not")):
            handles.append(Line2D([], [], markerfacecolor=colour, label=f"{found} (simulated)", **_TRIED))
    handles.append(Line2D([], [], label="chosen", **_CHOSEN))
    return handles


def _edges(places: _Array) -> _Array:
    """Borders of cells halfway between places, at least two."""
    middles = (places[1:] + places[:-1]) / 2
    return np.concatenate([[2 * places[0] - middles[0]], middles, [2 * places[-1] - middles[-1]]])


def _with(edges: _Array, place: float) -> tuple[float, float]:
    """Limits of an axis that include a place, which may be outside of the grid."""
    return min(float(edges[0]), 0.97 * place), max(float(edges[-1]), 1.03 * place)
