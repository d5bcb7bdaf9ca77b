"""Sections through a landscape of several focus populations: a small phase plane for each pair of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from neuro_mod.checks import check_shape
from neuro_mod.errors import invalid
from neuro_mod.plotting import style
from neuro_mod.plotting.legends import legend_above_figure, legend_height
from neuro_mod.plotting.mean_field.phase_plane import (
    add_speed_bar,
    check_plane,
    draw_plane,
    nullcline_handles,
    speed_norm,
)
from neuro_mod.plotting.state_styles import STATE_COLOUR, draw_states, kind_handles

PALE_COLOUR = "#A6A6A6"
_POINT: dict[str, Any] = {
    "label": "point of the sections",
    "linestyle": "none",
    "marker": "+",
    "color": "#000000",
    "markersize": 7.0,
    "markeredgewidth": 1.5 * style.LINE_WIDTH,
}
_MAX_COLUMNS, _MARKER, _STREAM_DENSITY = 3, 4.0, 0.5
#: In mm: width of the bar, room for a panel's labels beside it, and below and above it; least width of a panel.
_BAR, _BESIDE, _AROUND, _MIN = 15.0, 10.0, 14.0, 40.0


def landscape_sections(
    axes_values: Sequence[NDArray[np.floating]],
    force: NDArray[np.floating],
    states: NDArray[np.floating],
    kinds: Sequence[str],
    names: Sequence[str],
    through: NDArray[np.floating],
    *,
    ax: Axes | None = None,
    width: float | None = None,
) -> Figure:
    """Draw a phase plane for each pair of focus populations, the others at the point of the grid next to a point.

    States within half a step of the grid are drawn on the section that contains them, others as pale projections.

    Args:
        axes_values: Rates in Hz of the grid's points, rising in even steps, F arrays of shapes ``(n1,)`` to ``(nF,)``.
        force: In Hz, ``[component, i1, ..., iF]``, shape ``(F, n1, ..., nF)``; NaN where unknown.
        states: Rates in Hz of the steady states, shape ``(K, F)``.
        kinds: ``stable node``, ``saddle``, ... of each state.
        names: Names of the F populations.
        through: Rates in Hz of the point that the sections go through, shape ``(F,)``.
        ax: Axes in whose place to draw, instead of a new figure.
        width: Width of a new figure in inches [180 mm].

    Returns:
        The figure: a phase plane for each pair, titled with the rates of the others, and a colour bar for all.

    Raises:
        InputError: Fewer than two populations, shapes that do not fit, an uneven grid, or an unknown kind.
    """
    n = len(axes_values)
    if n < 2:
        raise invalid("number of focus populations", n, "at least 2")
    check_plane(axes_values, force, states, kinds)
    check_shape("names", names, (n,))
    check_shape("through", through, (n,))
    pairs = list(combinations(range(n), 2))
    nearest = [int(np.abs(values - rate).argmin()) for values, rate in zip(axes_values, through, strict=True)]
    sections = [_section(force, pair, nearest) for pair in pairs]
    norm = speed_norm(np.concatenate([np.hypot(*section).ravel() for section in sections]))
    shown = [style.in_words(name) for name in names]
    with style.paper_style():
        entries = _entries(kinds)
        width = style.width_in(ax, width, style.TWO_COLUMNS)
        columns = max(1, min(len(pairs), _MAX_COLUMNS, int(width * style.MM_PER_INCH / _MIN)))
        figure, panels = _panels(len(pairs), columns, width, legend_height(entries, width), ax)
        for axes, pair, section in zip(panels, pairs, sections, strict=True):
            draw_plane(axes, [axes_values[i] for i in pair], section, norm, _STREAM_DENSITY)
            inside = _in_section(states, axes_values, pair, nearest)
            _draw_states(axes, states[:, pair], kinds, inside)
            axes.plot(*np.asarray(through)[list(pair)], zorder=5, **_POINT)
            axes.set(xlabel=f"{shown[pair[0]]} (Hz)", ylabel=f"{shown[pair[1]]} (Hz)")
            others = [f"{shown[i]} at {axes_values[i][nearest[i]]:.3g} Hz" for i in range(n) if i not in pair]
            axes.set_title("\n".join(others), fontsize=style.TICK_SIZE, loc="left", pad=3)
        add_speed_bar(panels[columns - 1], (1.05, 0, 0.05, 1), norm)
        legend_above_figure(figure, entries)
    return style.whole(figure)


def _panels(n: int, columns: int, width: float, above: float, ax: Axes | None) -> tuple[Figure | SubFigure, list[Axes]]:
    """The figure and n square axes in it, below a legend of this height in points."""
    side = (width * style.MM_PER_INCH - _BAR) / columns - _BESIDE
    height = above / style.POINTS_PER_INCH + -(-n // columns) * (side + _AROUND) / style.MM_PER_INCH
    figure = style.new_figure(width, height, ax)
    if ax is None:
        style.whole(figure).set_layout_engine("compressed")  # for square axes
    return figure, style.new_panels(figure, n, columns)


def _section(force: NDArray[np.floating], pair: tuple[int, int], nearest: Sequence[int]) -> NDArray[np.floating]:
    """Force in the plane of a pair, shape ``(2, n1, n2)``."""
    at = tuple(slice(None) if i in pair else index for i, index in enumerate(nearest))
    return np.stack([force[i][at] for i in pair])


def _in_section(
    states: NDArray[np.floating],
    axes_values: Sequence[NDArray[np.floating]],
    pair: tuple[int, int],
    nearest: Sequence[int],
) -> NDArray[np.bool_]:
    """Which states are within half a step of a section, shape ``(K,)``."""
    others = [i for i in range(len(axes_values)) if i not in pair]
    place = np.array([axes_values[i][nearest[i]] for i in others])
    half = np.array([axes_values[i][1] - axes_values[i][0] for i in others]) / 2
    return np.all(np.abs(states[:, others] - place) <= half, axis=1)


def _draw_states(axes: Axes, places: NDArray[np.floating], kinds: Sequence[str], inside: NDArray[np.bool_]) -> None:
    for chosen, colour in ((~inside, PALE_COLOUR), (inside, STATE_COLOUR)):
        chosen_kinds = [kind for kind, each in zip(kinds, chosen, strict=True) if each]
        draw_states(axes, places[chosen, 0], places[chosen, 1], chosen_kinds, size=_MARKER, colour=colour)


def _entries(kinds: Sequence[str]) -> list[Line2D]:
    elsewhere = {"linestyle": "none", "marker": "o", "color": PALE_COLOUR, "markersize": _MARKER}
    return [
        *nullcline_handles(["horizontal force = 0", "vertical force = 0"]),
        Line2D([], [], **_POINT),
        *kind_handles(kinds),
        Line2D([], [], label="state elsewhere", **elsewhere),
    ]
