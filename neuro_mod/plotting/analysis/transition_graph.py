"""Graph of states: their time, and the transitions between them."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch
from matplotlib.path import Path
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from neuro_mod.checks import check_shape
from neuro_mod.core.spiking_net.analysis.states.names import State
from neuro_mod.core.spiking_net.analysis.states.transitions import transition_matrix
from neuro_mod.plotting import style
from neuro_mod.plotting.analysis.name_places import NamePlace, name_places
from neuro_mod.plotting.analysis.state_colours import short_name
from neuro_mod.plotting.analysis.transition_matrix import busiest, check_counts, share_note, transition_order
from neuro_mod.plotting.legends import legend_above_figure
from neuro_mod.plotting.state_styles import active_colours

#: States at most, and arrows for each of them.
MAX_STATES, ARROWS_PER_STATE = 20, 3

#: In mm: distance of rows at most and at least, height of all of them for which it shrinks, of the staggered places
#: within a row, diameter of a circle at most, margins, room of row names, and beside a circle.
_ROW, _LOW_ROW, _ROWS, _STAGGER = 19.0, 10.0, 110.0, 8.0
_CIRCLE, _MARGIN, _HIGH_MARGIN, _NAMES, _BESIDE = 66.0, 9.0, 6.0, 11.0, 27.0
#: Diameters in mm of the state with the most time, of any at least, in the legend at most; widths of arrows in points.
_MAX, _MIN, _KEY = 6.0, 1.2, 3.2
#: The same in parts of the distance of neighbours on a circle; part of the way from rim to rim that a head takes.
_MAX_ON_CIRCLE, _HEAD_PART = 0.42, 0.6
_WIDEST, _THINNEST = 2.4, 0.5
#: White around names in points, for what passes behind; height of a name in parts of its size.
_HALO, _TALL = 1.5, 0.95
_HIDDEN_COLOUR, _KEY_COLOUR = "#0072B2", "#8C8C8C"
_ARROW: dict[str, Any] = {"color": "#595959", "alpha": 0.8}
#: Of arrows: bend between rows and within one; in mm, height of one within a row at most, and room beside each.
_BEND, _BEND_IN_ROW = 0.12, 0.35
_HIGHEST_ARC, _ARC_MARGIN = 9.0, 1.0
#: Length and half the width of an arrow's head in points, and what they gain with each point of its line.
_HEAD, _HEAD_GAIN = (2.8, 1.3), (1.2, 0.6)
#: Points along an arrow that a name should not cover.
_SAMPLED = np.linspace(0.0, 1.0, 40)
#: Height of a figure that only says why nothing is drawn, in mm.
_NOTE_HEIGHT = 22.0


def transition_graph(
    states: Sequence[State],
    counts: NDArray[np.integer],
    time: NDArray[np.floating],
    *,
    most: int = MAX_STATES,
    ax: Axes | None = None,
    width: float | None = None,
) -> Figure:
    """Draw states as discs, whose area is their time, and transitions as arrows, whose width is their number.

    States are arranged in rows by number of active clusters, the most on top; hidden states, and states that all have
    the same number, on a circle. In both, states with many transitions between them are neighbours. Only the most
    frequent transitions are drawn, ``ARROWS_PER_STATE`` per state; of more than ``most`` states, those with the most
    transitions. Notes say what is left out. Where no transition occurred twice, the figure only says so.

    Args:
        states: The states.
        counts: How often each (row) was followed by each (column), shape ``(K, K)``.
        time: Time in each state, in any unit, shape ``(K,)``.
        most: Number of states to draw at most.
        ax: Axes to draw in, instead of a new figure.
        width: Width of a new figure in inches [114 mm].

    Returns:
        The figure, with one axes in mm.

    Raises:
        InputError: There is no state, or a shape does not fit.
    """
    check_counts(states, counts)
    check_shape("time", time, (len(states),))
    chosen = busiest(counts, most, time)
    width = style.width_in(ax, width, style.ONE_AND_A_HALF_COLUMNS)
    if (nothing := _nothing_twice(counts, chosen)) is not None:
        return _without_graph(nothing, ax, width)
    chosen = chosen[transition_order(transition_matrix(counts)[np.ix_(chosen, chosen)])]
    shown = [states[int(k)] for k in chosen]
    places, row_names = _places(shown, width * style.MM_PER_INCH)
    shares = np.asarray(time, np.float64)[chosen] / (np.sum(time) or 1.0)
    largest = _MAX if row_names else min(_MAX, _MAX_ON_CIRCLE * _distance(places))
    diameters = np.maximum(_MIN, largest * np.sqrt(shares / (shares.max() or 1.0)))
    flow = counts[np.ix_(chosen, chosen)].astype(np.float64)
    np.fill_diagonal(flow, 0)
    arcs = _arcs(places, flow)
    half = (width * style.MM_PER_INCH - (_NAMES if row_names else 2)) / 2
    names = _names(shown, places, diameters, arcs, half, on_circle=not row_names)
    (left, bottom), (right, top) = _extent(places, arcs, names)
    room = max(half, -left, right)
    with style.paper_style():
        figure, axes = style.new_axes(width, (top - bottom + 8) / style.MM_PER_INCH, ax=ax)
        _draw_arrows(axes, arcs, places, diameters, flow)
        _draw_states(axes, shown, places, diameters, names)
        axes.set(xlim=(-room, room), ylim=(bottom, top), aspect="equal", xticks=[])
        _name_rows(axes, row_names)
        legend_above_figure(ax or figure, _entries(float(shares.max()), largest, float(flow.max())))
        style.write_note(ax or figure, share_note(states, counts, chosen))
        style.write_note(ax or figure, _arrow_note(len(arcs), int(np.count_nonzero(flow))))
    return style.whole(figure)


def _name_rows(axes: Axes, rows: Sequence[tuple[float, str]]) -> None:
    """Name the rows, given their heights and names; no row on a circle."""
    axes.spines[:].set_visible(False)
    axes.set_yticks([y for y, _ in rows], [name for _, name in rows])
    axes.tick_params(left=False)
    if rows:
        axes.set_ylabel("active clusters")


def _nothing_twice(counts: NDArray[np.integer], chosen: NDArray[np.int64]) -> str | None:
    """What to say where no transition between the states to draw occurred twice; None where one did."""
    between = counts * ~np.eye(len(counts), dtype=bool)
    if between[np.ix_(chosen, chosen)].max() > 1:
        return None
    if between.max() > 1:
        return f"none of the transitions between the {len(chosen)} busiest of {len(counts)} states occurred twice"
    n, times = int(between.sum()), "each transition occurred once" if between.sum() > 1 else "too few for a graph"
    return f"{times}: {n or 'no'} transition{'s' * (n != 1)}, {len(counts)} state{'s' * (len(counts) > 1)}"


def _without_graph(note: str, ax: Axes | None, width: float) -> Figure:
    """A figure that only has a note."""
    with style.paper_style():
        figure, axes = style.new_axes(width, _NOTE_HEIGHT / style.MM_PER_INCH, ax=ax)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
        letters = 0.9 * width * style.POINTS_PER_INCH / style.text_length("n", style.LABEL_SIZE)
        lines = "\n".join(textwrap.wrap(note, int(letters)))
        axes.text(0.5, 0.5, lines, ha="center", va="center", fontsize=style.LABEL_SIZE, transform=axes.transAxes)
    return style.whole(figure)


def _distance(places: NDArray[np.float64]) -> float:
    """Distance of neighbours in mm."""
    return float(np.hypot(*(places[1] - places[0])))


def _places(states: Sequence[State], width: float) -> tuple[NDArray[np.float64], list[tuple[float, str]]]:
    """Places in mm around 0, shape ``(K, 2)``, and the heights and names of rows; no row if they are on a circle."""
    n_active = np.array([len(state) if isinstance(state, tuple) else -1 for state in states])
    levels = np.unique(n_active)
    if len(levels) == 1:
        turns = np.arange(len(states)) / len(states)
        radius = min(_CIRCLE, width - _BESIDE) / 2
        return radius * np.column_stack([np.sin(2 * np.pi * turns), np.cos(2 * np.pi * turns)]), []
    places, names, y = np.zeros((len(states), 2)), [], 0.0
    room = width - _NAMES - 2 * _MARGIN
    distance = float(np.clip(_ROWS / len(levels), _LOW_ROW, _ROW))
    for level in levels:
        row = np.flatnonzero(n_active == level)
        taken = [style.text_length(short_name(states[int(i)]), style.TICK_SIZE) / style.POINTS_PER_MM + 2 for i in row]
        n_staggered = int(np.ceil(max(taken) * len(row) / room))
        places[row, 0] = (np.arange(len(row)) + 0.5) * room / len(row) - room / 2
        places[row, 1] = y + _STAGGER * (np.arange(len(row)) % n_staggered)
        height = _STAGGER * (min(n_staggered, len(row)) - 1)
        names.append((y + height / 2, str(level)))
        y += height + distance
    return places, names


def _names(
    states: Sequence[State],
    places: NDArray[np.float64],
    diameters: NDArray[np.float64],
    arcs: dict[tuple[int, int], float],
    room: float,
    *,
    on_circle: bool,
) -> list[NamePlace]:
    """Places of the names: out of the circle, above the top row and below others, or where there are no arrows."""
    lengths = [style.text_length(short_name(state), style.TICK_SIZE) for state in states]
    sizes = np.column_stack([lengths, np.full(len(states), _TALL * style.TICK_SIZE)]) / style.POINTS_PER_MM
    ways = [_control(places, pair, bend) for pair, bend in arcs.items()]
    t = _SAMPLED[:, None]
    along = [(1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end for start, control, end in ways]
    arrows = np.concatenate([np.empty((0, 2)), *along])
    highest = places[:, 1].max()
    rows = [(0.0, 1.0 if y == highest else -1.0) for _, y in places]
    outwards = [(x / (np.hypot(x, y) or 1.0), y / (np.hypot(x, y) or 1.0)) for x, y in places]
    return name_places(places, diameters, sizes, arrows, outwards if on_circle else rows, room)


def _draw_states(
    axes: Axes,
    states: Sequence[State],
    places: NDArray[np.float64],
    diameters: NDArray[np.float64],
    names: Sequence[NamePlace],
) -> None:
    n_active = [len(state) if isinstance(state, tuple) else -1 for state in states]
    colours = {**active_colours(n for n in n_active if n >= 0), -1: _HIDDEN_COLOUR}
    axes.scatter(
        *places.T,
        s=(diameters * style.POINTS_PER_MM) ** 2,
        c=[colours[n] for n in n_active],
        edgecolors="white",
        linewidths=style.LINE_WIDTH,
        zorder=2,
    )
    for state, name in zip(states, names, strict=True):
        axes.text(
            name.x,
            name.y,
            short_name(state),
            fontsize=style.TICK_SIZE,
            zorder=4,
            path_effects=[withStroke(linewidth=2 * _HALO, foreground="white")],
            horizontalalignment=name.horizontal,
            verticalalignment=name.vertical,
        )


def _arcs(places: NDArray[np.float64], flow: NDArray[np.float64]) -> dict[tuple[int, int], float]:
    """Bend of the arrow of each transition that is drawn, the strongest last."""
    strongest = np.argsort(-flow, axis=None, kind="stable")[: ARROWS_PER_STATE * len(flow)]
    pairs = zip(*(each.tolist() for each in np.unravel_index(strongest[::-1], flow.shape)), strict=True)
    return {(i, j): _bend(places[j] - places[i]) for i, j in pairs if flow[i, j]}


def _arrow_note(n_drawn: int, n_kinds: int) -> str:
    """A note on transitions between the states shown that have no arrow; empty if all have one."""
    return f"{n_drawn} of {n_kinds} kinds of transitions drawn" if n_drawn < n_kinds else ""


def _bend(way: NDArray[np.float64]) -> float:
    """Distance of an arc's control point from the straight way, over the length of the way."""
    if way[1]:
        return _BEND
    return min(_BEND_IN_ROW, 2 * _HIGHEST_ARC / float(np.hypot(*way)))


def _control(
    places: NDArray[np.float64], pair: tuple[int, int], bend: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Start, control point and end of the curve of an arrow, in mm."""
    start, end = places[pair[0]], places[pair[1]]
    x, y = end - start
    return start, (start + end) / 2 + bend * np.array([y, -x]), end


def _extent(
    places: NDArray[np.float64], arcs: dict[tuple[int, int], float], names: Sequence[NamePlace]
) -> NDArray[np.float64]:
    """Lower left and upper right corner in mm of what holds all states, their names, and all arcs, shape ``(2, 2)``."""
    margin = np.array([0.0, _HIGH_MARGIN])
    corners = [places.min(axis=0) - margin, places.max(axis=0) + margin]
    corners += [np.array(name.box[:2]) - _ARC_MARGIN for name in names]
    corners += [np.array(name.box[2:]) + _ARC_MARGIN for name in names]
    for pair, bend in arcs.items():
        box = Path(_control(places, pair, bend), [Path.MOVETO, Path.CURVE3, Path.CURVE3]).get_extents()
        corners += [np.array(box.min) - _ARC_MARGIN, np.array(box.max) + _ARC_MARGIN]
    return np.array([np.min(corners, axis=0), np.max(corners, axis=0)])


def _draw_arrows(
    axes: Axes,
    arcs: dict[tuple[int, int], float],
    places: NDArray[np.float64],
    diameters: NDArray[np.float64],
    flow: NDArray[np.float64],
) -> None:
    """Draw arrows from rim to rim, above all discs."""
    for (i, j), bend in arcs.items():
        wide = _line_width(flow[i, j], flow.max())
        way = float(np.hypot(*(places[j] - places[i]))) - (diameters[i] + diameters[j]) / 2
        length = min(_HEAD[0] + _HEAD_GAIN[0] * wide, _HEAD_PART * way * style.POINTS_PER_MM)
        half = _HEAD[1] + _HEAD_GAIN[1] * wide
        axes.add_patch(
            FancyArrowPatch(
                tuple(places[i]),
                tuple(places[j]),
                connectionstyle=f"arc3,rad={bend}",
                arrowstyle=f"-|>,head_length={length},head_width={half}",
                mutation_scale=1,
                shrinkA=float(diameters[i]) / 2 * style.POINTS_PER_MM,
                shrinkB=float(diameters[j]) / 2 * style.POINTS_PER_MM,
                linewidth=wide,
                joinstyle="miter",  # or the tip would stay behind its end
                zorder=3,
                **_ARROW,
            )
        )


def _line_width(number: float, largest: float) -> float:
    """Width of the arrow of so many transitions in points."""
    return max(_THINNEST, _WIDEST * number / largest)


def _entries(share: float, largest: float, number: float) -> list[Line2D]:
    """Entries of a legend, drawn as in the graph: a round share of the time, and one or two numbers of transitions.

    Args:
        share: Of the time, of the state with the most.
        largest: Diameter of its disc in mm.
        number: Of transitions, of the most frequent.
    """
    handles = []
    if share > 0:
        key = _round_below(100 * share * (min(_KEY, largest) / largest) ** 2)
        disc: dict[str, Any] = {"linestyle": "none", "marker": "o", "markeredgewidth": 0, "color": _KEY_COLOUR}
        size = max(_MIN, largest * np.sqrt(key / (100 * share))) * style.POINTS_PER_MM
        handles.append(Line2D([], [], label=f"{key:g} % of time", markersize=size, **disc))
    for each in sorted({max(1.0, _round_below(number / 3)), number}, reverse=True):
        label = f"{each:.0f} transitions" if each == number else f"{each:.0f}"
        handles.append(Line2D([], [], label=label, linewidth=_line_width(each, number), **_ARROW))
    return handles


def _round_below(value: float) -> float:
    """The largest of 1, 2, 5, 10 ..., or of their tenths and so on, that is not above a value."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(max(factor * power for factor in (1, 2, 5) if factor * power <= value * (1 + 1e-9)))
