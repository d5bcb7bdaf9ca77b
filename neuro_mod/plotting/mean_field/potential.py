"""Potential along a path between steady states, with the barriers between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from textwrap import fill
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from neuro_mod.checks import check_shape
from neuro_mod.plotting import style
from neuro_mod.plotting.legends import legend_above_axes
from neuro_mod.plotting.state_styles import MARKER_SIZE, check_kinds, draw_states, kind_handles, stable_kinds

_Array = NDArray[np.floating]

POTENTIAL_COLOUR, BARRIER_COLOUR, GUIDE_COLOUR = "#0072B2", "#595959", "#B3B3B3"
#: Colours and styles of the rates of focus populations; distinct with any colour vision.
RATE_STYLES = (("#D55E00", "-"), ("#56B4E9", "--"), ("#551155", "-."), ("#E69F00", ":"), ("#737373", (0, (6, 2))))

#: Heights of the potential and of the rates in mm; share of the width that the axes take.
_HEIGHT, _RATES_HEIGHT, _WIDTH_SHARE = 62.0, 34.0, 0.72
#: Letters of a line of the label.
_LETTERS = 36
#: Part of the range that stays free beside the path.
_MARGIN_X = 0.06
#: Distance in points of two barriers of the same well, and of a text from its barrier.
_APART, _TEXT_GAP = 3.0, 2.0
#: Parts of the range of potentials that stay free for level and for upright texts.
_ROOM_LEVEL, _ROOM_UPRIGHT = 0.12, 0.25
_ARROW: dict[str, Any] = {
    "arrowstyle": "<->",
    "color": BARRIER_COLOUR,
    "linewidth": style.LINE_WIDTH,
    "shrinkB": 0,
    "mutation_scale": 6,
}
_BARRIER_ENTRY: dict[str, Any] = {
    "color": BARRIER_COLOUR,
    "linestyle": "none",
    "marker": r"$\updownarrow$",
    "markersize": 7.0,
    "markeredgewidth": 0,
}


@dataclass(frozen=True, eq=False)
class PathStates:
    """Steady states along a path.

    Args:
        displacement: Distance along the path in Hz, shape ``(S,)``.
        potential: In Hz², shape ``(S,)``.
        kinds: ``stable node``, ``saddle``, ... of each state.
    """

    displacement: _Array
    potential: _Array
    kinds: Sequence[str]


def potential_profile(
    displacement: _Array,
    potential: _Array,
    states: PathStates,
    label: str,
    *,
    rates: _Array | None = None,
    names: Sequence[str] = (),
    ax: Axes | None = None,
    width: float | None = None,
) -> Figure:
    """Draw the potential along a path, with the height of each barrier between neighbouring states.

    A barrier separates an attractor from a neighbouring state along the path that is not one.

    Args:
        displacement: Distance along the path in Hz, rising, shape ``(M,)``.
        potential: In Hz², shape ``(M,)``.
        states: Steady states on the path.
        label: Description of the path, such as ``straight line``.
        rates: Rates in Hz of F focus populations along the path, shape ``(M, F)``; drawn below if given.
        names: Names of the F populations.
        ax: Axes to draw in, instead of a new figure; potential and rates share their place.
        width: Width of a new figure in inches [85 mm].

    Returns:
        The figure: the potential, and below it the rates, if they are given.

    Raises:
        InputError: Shapes that do not fit, or an unknown kind.
    """
    _check(displacement, potential, states, rates, names)
    with style.paper_style():
        width = style.width_in(ax, width, style.ONE_COLUMN)
        heights = [_HEIGHT] if rates is None else [_HEIGHT, _RATES_HEIGHT]
        if rates is None:
            figure, axes = style.new_axes(width, _HEIGHT / style.MM_PER_INCH, ax=ax)
            panels = [axes]
        else:
            figure = style.new_figure(width, sum(heights) / style.MM_PER_INCH, ax)
            panels = list(figure.subplots(len(heights), sharex=True, squeeze=False, height_ratios=heights)[:, 0])
            axes = panels[0]
            style.dress(axes)
        (line,) = axes.plot(
            displacement, potential, color=POTENTIAL_COLOUR, linewidth=2 * style.LINE_WIDTH, label=fill(label, _LETTERS)
        )
        axes.margins(x=_MARGIN_X, y=_ROOM_LEVEL)
        axes.set_ylabel("potential (Hz²)")
        axes.yaxis.set_major_locator(style.round_ticks(5))
        draw_states(axes, states.displacement, states.potential, states.kinds)
        handles = [line, *kind_handles(states.kinds)]
        barriers = _barriers(states)
        if barriers:
            _draw_barriers(axes, states, barriers, _WIDTH_SHARE * width * style.POINTS_PER_INCH)
            handles.append(Line2D([], [], label="barrier (Hz²)", **_BARRIER_ENTRY))
        legend_above_axes(axes, handles, width)
        if rates is not None:
            _draw_rates(panels[1], displacement, rates, names, width)
        panels[-1].set_xlabel("displacement along the path (Hz)")
    return style.whole(figure)


def _check(
    displacement: _Array, potential: _Array, states: PathStates, rates: _Array | None, names: Sequence[str]
) -> None:
    m, n = len(displacement), len(states.kinds)
    check_shape("potential", potential, (m,))
    check_shape("displacement of states", states.displacement, (n,))
    check_shape("potential of states", states.potential, (n,))
    check_kinds(states.kinds, n)
    check_shape("rates", rates, (m, len(names)))


def _barriers(states: PathStates) -> list[tuple[int, int]]:
    """Pairs of a well and a neighbour along the path that is not one."""
    order = np.argsort(states.displacement, kind="stable")
    stable = stable_kinds(states.kinds)
    return [(a, b) if stable[a] else (b, a) for a, b in pairwise(order) if stable[a] != stable[b]]


def _draw_barriers(axes: Axes, states: PathStates, barriers: Sequence[tuple[int, int]], points: float) -> None:
    """Draw a double arrow from each well to the level of a neighbouring saddle, in axes of this width in points.

    The number is above that level, between the two states, where the potential is lower.
    """
    per_hz = points / (np.ptp(axes.get_xlim()) or 1.0)
    wells = [well for well, _ in barriers]
    fits = []
    for well, saddle in barriers:
        start, end = float(states.displacement[well]), float(states.displacement[saddle])
        low, high = float(states.potential[well]), float(states.potential[saddle])
        side = 1 if end > start else -1
        shift = _APART if wells.count(well) > 1 else 0.0
        place = start + side * shift / per_hz
        axes.hlines(high, place, end, colors=GUIDE_COLOUR, linestyles=":", linewidth=1.5 * style.LINE_WIDTH)
        below = 0.0 if shift else MARKER_SIZE / 2  # beside the well, or up to the edge of its marker
        axes.annotate("", (place, high), (place, low), arrowprops=_ARROW | {"shrinkA": below}, zorder=3)
        room = per_hz * abs(end - start) - shift - MARKER_SIZE / 2
        fits.append(_write_height(axes, high - low, (place, high), side, room))
    axes.margins(y=_ROOM_LEVEL if all(fits) else _ROOM_UPRIGHT)


def _write_height(axes: Axes, height: float, place: tuple[float, float], side: int, room: float) -> bool:
    """Write a height beside a place: level if it fits the room in points, else upright; returns whether it does."""
    text = (f"{height:.0f}" if 1e3 <= abs(height) < 1e6 else f"{height:.3g}").replace("-", style.MINUS)
    fits = style.text_length(text, style.TICK_SIZE) + 2 * _TEXT_GAP < room
    axes.annotate(
        text,
        place,
        xytext=(side * _TEXT_GAP if fits else 0, _TEXT_GAP),
        textcoords="offset points",
        fontsize=style.TICK_SIZE,
        color=BARRIER_COLOUR,
        horizontalalignment=("left" if side > 0 else "right") if fits else "center",
        verticalalignment="bottom",
        rotation=0 if fits else 90,
    )
    return fits


def _draw_rates(axes: Axes, displacement: _Array, rates: _Array, names: Sequence[str], width: float) -> None:
    style.dress(axes)
    lines = []
    for i, name in enumerate(names):
        colour, look = RATE_STYLES[i % len(RATE_STYLES)]
        shown = style.in_words(name)
        lines += axes.plot(
            displacement, rates[:, i], color=colour, linestyle=look, linewidth=2 * style.LINE_WIDTH, label=shown
        )
    axes.set_ylabel("rate (Hz)")
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_locator(style.round_ticks(4))
    legend_above_axes(axes, lines, width)
