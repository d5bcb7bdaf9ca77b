"""Responses to shifts of the external rates: a map of observables and populations, and the step response."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from neuro_mod.checks import check_shape
from neuro_mod.plotting import style
from neuro_mod.plotting.bands import BAND_STRENGTH, CURVE_COLOURS, band_handle, curve_handle
from neuro_mod.plotting.legends import legend_above_figure, legend_height
from neuro_mod.plotting.population_map import add_colour_bar, centred
from neuro_mod.plotting.population_rows import EVEN_HEIGHTS, PopulationRows, population_rows, spaced, wide_gap
from neuro_mod.plotting.sweep.sweep_panels import broken
from neuro_mod.populations import Populations

_Array = NDArray[np.float64]

#: In mm: height of a row, at least; of what is above and below the rows.
_ROW, _BELOW = 3.2, 16.0
#: Rows for which there is room at least, beside the label of the colours.
_LEAST_ROWS = 14
#: Height of a panel of the step response in inches; widths of the response and of the check, relative to each other.
_STEP, _PART_WIDTHS = 1.7, (3, 2)
#: Part of the width that the cells take, roughly.
_MAP_SHARE = 0.7
_UNKNOWN_COLOUR, _UNRESOLVED_COLOUR = "#BBBBBB", "#555555"
_UNRESOLVED = "\N{MIDDLE DOT} smaller than its standard error"


def response_map(
    response: _Array,
    error: _Array,
    names: Sequence[str],
    populations: Populations,
    row_label: str,
    bar_label: str,
    *,
    ax: Axes | None = None,
    width: float | None = None,
) -> Figure:
    """Draw responses as colours, observables below each other, the shifted populations side by side.

    A dot marks those that are smaller than their standard errors; grey is what is not defined. Colours end at the
    largest response that is resolved.

    Args:
        response: Shape ``(k, n)``, of the n populations that have neurons.
        error: Standard errors, likewise.
        names: Names of the k observables.
        populations: The layout of cluster space.
        row_label: What the observables are.
        bar_label: What the colours are.
        ax: Axes to draw in, instead of a new figure.
        width: Width of a new figure in inches [114 mm].

    Raises:
        InputError: Shapes do not fit.
    """
    rows = population_rows(populations, EVEN_HEIGHTS, gap=wide_gap(populations) / 2)
    check_shape("response", response, (len(names), len(rows.drawn)))
    check_shape("error", error, response.shape)
    resolved = np.abs(response) > error
    norm = centred(response[resolved]) if resolved.any() else centred(np.nan_to_num(response))
    height = (max(len(names), _LEAST_ROWS) * _ROW + _BELOW) / style.MM_PER_INCH
    with style.paper_style():
        width = style.width_in(ax, width, style.ONE_AND_A_HALF_COLUMNS)
        figure, axes = style.new_axes(width, height, ax=ax)
        _draw_cells(axes, response, resolved, rows, norm)
        axes.set(xlim=(0, rows.end), ylim=(len(names), 0), xlabel="population that is shifted", ylabel=row_label)
        axes.spines[["left", "bottom"]].set_visible(False)
        rows.name_on(axes.xaxis, _MAP_SHARE * width * style.POINTS_PER_INCH)
        axes.tick_params(axis="x", rotation=90)
        places = np.arange(len(names)) + 0.5
        row = _ROW * style.POINTS_PER_MM if ax is None else style.size_in_points(ax)[1] / len(names)
        kept = spaced(places * row)
        axes.set_yticks(places[kept], [names[i] for i in kept])
        bar = add_colour_bar(axes, norm, style.DIVERGING)
        bar.set_label(broken(bar_label, len(names) * row))
        style.write_note(ax or figure, _UNRESOLVED if (~resolved).any() else "")
    return style.whole(figure)


def step_response(
    windows: _Array,
    populations: Sequence[str],
    response: _Array,
    error: _Array,
    acausal: tuple[_Array, _Array] | None = None,
    *,
    ax: Axes | None = None,
    width: float | None = None,
) -> Figure:
    """Draw the response of the occupancy of a cluster against the time since the shift began.

    Bands are plus and minus one standard error. Populations that belong to the cluster are above, others below. On the
    right is the same with scores after the observation, in the same units: it must vanish within its errors.

    Args:
        windows: In seconds, shape ``(W,)``.
        populations: What is shifted, as the cluster sees it: n of ``own E``, ``another E``, ``E background``, ``own
            I``, ``another I`` and ``I background``.
        response: Per Hz, shape ``(W, n)``.
        error: Standard errors, likewise.
        acausal: The same with later scores, and their errors; None where there is no such check.
        ax: Axes in whose place to draw, instead of a new figure.
        width: Width of a new figure in inches [114 mm].

    Raises:
        InputError: Shapes do not fit.
    """
    n = len(populations)
    for values in (response, error, *(acausal or ())):
        check_shape("response", values, (len(windows), n))
    colours = dict(zip(populations, CURVE_COLOURS, strict=False))
    groups = [[a for a in range(n) if populations[a].startswith("own") is own] for own in (True, False)]
    groups = [group for group in groups if group]
    parts = [(response, error, "scores before\nthe observation")]
    parts += [] if acausal is None else [(*acausal, "later scores:\nmust vanish")]
    handles = [*(curve_handle(name, colours[name]) for name in populations), band_handle()]
    with style.paper_style():
        width = style.width_in(ax, width, style.ONE_AND_A_HALF_COLUMNS)
        height = _STEP * len(groups) + legend_height(handles, width) / style.POINTS_PER_INCH
        figure = style.new_figure(width, height, ax)
        panels = figure.subplots(
            len(groups),
            len(parts),
            sharex="col",
            sharey="row",
            squeeze=False,
            width_ratios=_PART_WIDTHS[: len(parts)],
        )
        for i, group in enumerate(groups):
            for axes, (values, errors, title) in zip(panels[i], parts, strict=True):
                style.dress(axes)
                for a in group:
                    _draw_band(axes, windows, values[:, a], errors[:, a], colours[populations[a]])
                axes.axhline(0, color=_UNRESOLVED_COLOUR, linewidth=style.LINE_WIDTH, zorder=0)
                axes.set_xlim(0, float(windows[-1]))
                if i == 0:
                    axes.set_title(title, fontsize=style.TICK_SIZE)
                if i == len(groups) - 1:
                    axes.set_xlabel("window (s)")
        figure.supylabel("response of the occupancy (1/Hz)", fontsize=style.LABEL_SIZE)
        legend_above_figure(figure, handles)
    return style.whole(figure)


def _draw_cells(
    axes: Axes, response: _Array, resolved: NDArray[np.bool_], rows: PopulationRows, norm: Normalize
) -> None:
    """Cells of each group of populations, grey where nothing is known."""
    lines, places = np.arange(len(response) + 1), np.concatenate([rows.middles[members] for _, members in rows.groups])
    first = 0
    for _, members in rows.groups:
        last = first + members.stop - members.start
        cells = response[:, first:last]
        unknown = np.ma.masked_where(np.isfinite(cells), np.ones(cells.shape))
        axes.pcolormesh(rows.edges(members), lines, unknown, cmap=ListedColormap([_UNKNOWN_COLOUR]), rasterized=True)
        known = np.ma.masked_invalid(cells)
        axes.pcolormesh(rows.edges(members), lines, known, cmap=style.DIVERGING, norm=norm, rasterized=True)
        first = last
    rows.frame(axes, (0, len(response)), across=True)
    y, x = np.nonzero(~resolved & np.isfinite(response))
    axes.plot(places[x], y + 0.5, ".", color=_UNRESOLVED_COLOUR, markersize=1.6, markeredgewidth=0)


def _draw_band(axes: Axes, x: _Array, mean: _Array, error: _Array, colour: str) -> None:
    band = np.nan_to_num(error)
    axes.fill_between(x, mean - band, mean + band, color=colour, alpha=BAND_STRENGTH, linewidth=0)
    axes.plot(x, mean, color=colour, linewidth=1.6 * style.LINE_WIDTH)
