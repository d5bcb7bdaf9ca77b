"""Graph of states: their time, and the transitions between them."""

from __future__ import annotations

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
from neuro_mod.plotting.analysis.state_colours import short_name
from neuro_mod.plotting.analysis.transition_matrix import busiest, check_counts, share_note, transition_order
from neuro_mod.plotting.legends import legend_above_axes
from neuro_mod.plotting.state_styles import active_colours

#: States at most, and arrows for each of them.
MAX_STATES, ARROWS_PER_STATE = 20, 3

#: In mm: distance of rows, of the staggered places within a row, diameter of a circle, margins, room of row names.
_ROW, _STAGGER, _CIRCLE, _MARGIN, _HIGH_MARGIN, _NAMES = 19.0, 8.0, 60.0, 9.0, 6.0, 11.0
#: Diameters in mm of the state with the most time, of any at least, and in the legend; widths of arrows in points.
_MAX, _MIN, _KEY = 6.5, 1.2, 3.0
#: White around names in points, for arrows to pass behind.
_HALO = 1.5
_WIDEST, _THINNEST = 2.6, 0.3
_ARROW_COLOUR, _HIDDEN_COLOUR = "#595959", "#0072B2"
#: Of arrows: bend between rows and within one; in mm, height of one within a row at most, and room beside each.
_BEND, _BEND_IN_ROW = 0.12, 0.35
_HIGHEST_ARC, _ARC_MARGIN = 9.0, 1.0


def transition_graph(
    states: Sequence[State],
    counts: NDArray[np.integer],
    time: NDArray[np.floating],
    *,
    most: int = MAX_STATES,
    width: float = style.ONE_AND_A_HALF_COLUMNS,
) -> Figure:
    """Draw states as discs, whose area is their time, and transitions as arrows, whose width is their number.

    States are arranged in rows by number of active clusters, the most on top; hidden states, and states that all have
    the same number, on a circle. In both, states with many transitions between them are neighbours. Only the most
    frequent transitions are drawn, ``ARROWS_PER_STATE`` per state; of more than ``most`` states, those with the most
    transitions. Notes say what is left out.

    Args:
        states: The states.
        counts: How often each (row) was followed by each (column), shape ``(K, K)``.
        time: Time in each state, in any unit, shape ``(K,)``.
        most: Number of states to draw at most.
        width: Width of the figure in inches.

    Returns:
        The figure, with one axes in mm.

    Raises:
        InputError: There is no state, or a shape does not fit.
    """
    check_counts(states, counts)
    check_shape("time", time, (len(states),))
    chosen = busiest(counts, most, time)
    chosen = chosen[transition_order(transition_matrix(counts)[np.ix_(chosen, chosen)])]
    shown = [states[int(k)] for k in chosen]
    places, row_names = _places(shown, width * style.MM_PER_INCH)
    shares = np.asarray(time, np.float64)[chosen] / (np.sum(time) or 1.0)
    diameters = np.maximum(_MIN, _MAX * np.sqrt(shares / (shares.max() or 1.0)))
    flow = counts[np.ix_(chosen, chosen)].astype(np.float64)
    np.fill_diagonal(flow, 0)
    arcs = _arcs(places, flow)
    (left, bottom), (right, top) = _extent(places, arcs)
    room = max((width * style.MM_PER_INCH - _NAMES) / 2, -left, right)
    with style.paper_style():
        figure, axes = style.new_axes(width, (top - bottom + 8) / style.MM_PER_INCH)
        _draw_arrows(axes, arcs, places, diameters, flow)
        _draw_states(axes, shown, places, diameters, on_circle=not row_names)
        axes.set(xlim=(-room, room), ylim=(bottom, top), aspect="equal", xticks=[])
        axes.spines[:].set_visible(False)
        axes.set_yticks([y for y, _ in row_names], [name for _, name in row_names])
        axes.tick_params(left=False)
        if row_names:
            axes.set_ylabel("active clusters")
        legend_above_axes(axes, _entries(float(shares.max()), float(flow.max())), width)
        style.write_note(figure, share_note(states, counts, chosen))
        style.write_note(figure, _arrow_note(len(arcs), int(np.count_nonzero(flow))))
    return figure


def _places(states: Sequence[State], width: float) -> tuple[NDArray[np.float64], list[tuple[float, str]]]:
    """Places in mm around 0, shape ``(K, 2)``, and the heights and names of rows; no row if they are on a circle."""
    n_active = np.array([len(state) if isinstance(state, tuple) else -1 for state in states])
    levels = np.unique(n_active)
    if len(levels) == 1:
        turns = np.arange(len(states)) / len(states)
        return _CIRCLE / 2 * np.column_stack([np.sin(2 * np.pi * turns), np.cos(2 * np.pi * turns)]), []
    places, names, y = np.zeros((len(states), 2)), [], 0.0
    room = width - _NAMES - 2 * _MARGIN
    for level in levels:
        row = np.flatnonzero(n_active == level)
        taken = [style.text_length(short_name(states[int(i)]), style.TICK_SIZE) / style.POINTS_PER_MM + 2 for i in row]
        n_staggered = int(np.ceil(max(taken) * len(row) / room))
        places[row, 0] = (np.arange(len(row)) + 0.5) * room / len(row) - room / 2
        places[row, 1] = y + _STAGGER * (np.arange(len(row)) % n_staggered)
        height = _STAGGER * (min(n_staggered, len(row)) - 1)
        names.append((y + height / 2, str(level)))
        y += height + _ROW
    return places, names


def _draw_states(
    axes: Axes, states: Sequence[State], places: NDArray[np.float64], diameters: NDArray[np.float64], on_circle: bool
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
    for state, (x, y), diameter in zip(states, places, diameters, strict=True):
        away = _away(x, y, places, on_circle)
        dx, dy = (diameter / 2 + 0.6) * away
        axes.text(
            x + dx,
            y + dy,
            short_name(state),
            fontsize=style.TICK_SIZE,
            zorder=4,
            path_effects=[withStroke(linewidth=2 * _HALO, foreground="white")],
            horizontalalignment="center" if abs(away[0]) < 0.3 else "left" if away[0] > 0 else "right",
            verticalalignment="center" if abs(away[1]) < 0.3 else "bottom" if away[1] > 0 else "top",
        )


def _away(x: float, y: float, places: NDArray[np.float64], on_circle: bool) -> NDArray[np.float64]:
    """Direction from a state to its name: out of the circle, above the top row, below the lowest, else diagonal."""
    if on_circle:
        return np.array([x, y]) / (np.hypot(x, y) or 1.0)
    if y == places[:, 1].min():
        return np.array([0.0, -1.0])
    return np.array([0.0, 1.0]) if y == places[:, 1].max() else np.array([0.7, -0.7])


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


def _extent(places: NDArray[np.float64], arcs: dict[tuple[int, int], float]) -> NDArray[np.float64]:
    """Lower left and upper right corner in mm of what holds all states, their names, and all arcs, shape ``(2, 2)``."""
    names = np.array([0.0, _HIGH_MARGIN])
    corners = [places.min(axis=0) - names, places.max(axis=0) + names]
    for (i, j), bend in arcs.items():
        (x, y), middle = places[j] - places[i], (places[i] + places[j]) / 2
        arc = Path([places[i], middle + bend * np.array([y, -x]), places[j]], [Path.MOVETO, Path.CURVE3, Path.CURVE3])
        box = arc.get_extents()
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
        wide = max(_THINNEST, _WIDEST * flow[i, j] / flow.max())
        axes.add_patch(
            FancyArrowPatch(
                tuple(places[i]),
                tuple(places[j]),
                connectionstyle=f"arc3,rad={bend}",
                arrowstyle=f"-|>,head_length={1.6 + wide},head_width={0.8 + 0.6 * wide}",
                mutation_scale=1,
                shrinkA=float(diameters[i]) / 2 * style.POINTS_PER_MM,
                shrinkB=float(diameters[j]) / 2 * style.POINTS_PER_MM,
                linewidth=wide,
                joinstyle="miter",  # or the tip would stay behind its end
                color=_ARROW_COLOUR,
                alpha=0.75,
                zorder=3,
            )
        )


def _entries(share: float, number: float) -> list[Line2D]:
    disc: dict[str, Any] = {"linestyle": "none", "marker": "o", "markeredgewidth": 0, "color": _HIDDEN_COLOUR}
    return [
        Line2D(
            [],
            [],
            label=f"{100 * share * (_KEY / _MAX) ** 2:.2g} % of time",
            markersize=_KEY * style.POINTS_PER_MM,
            **disc,
        ),
        Line2D([], [], label=f"{number:.0f} transition" + "s" * (number != 1), color=_ARROW_COLOUR, linewidth=_WIDEST),
    ]
