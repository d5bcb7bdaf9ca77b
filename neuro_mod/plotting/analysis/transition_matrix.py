"""Matrix of the transition probabilities between states."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from neuro_mod.checks import check_shape, whole_number
from neuro_mod.core.spiking_net.analysis.states.names import State
from neuro_mod.core.spiking_net.analysis.states.transitions import transition_matrix
from neuro_mod.errors import InputError, invalid
from neuro_mod.plotting import style
from neuro_mod.plotting.analysis.state_colours import short_name
from neuro_mod.plotting.population_map import add_colour_bar
from neuro_mod.plotting.population_rows import spaced

#: Maximal number of states; the names of more do not fit on a page.
MAX_STATES = 40
COLOUR_MAP = "YlGnBu"
BAR_LABEL = "probability, at least (95 %)"
_NUMBERS = "number of transitions"
#: Quantile of the normal distribution of a confidence interval of 95 % at both sides.
_Z = 1.959964

#: In mm: side of a cell at least (so that names fit) and at most, margins beside and below the names, width of the
#: bar.
_CELL_LEAST, _CELL_MOST, _BESIDE, _BELOW, _BAR = 2.9, 6.0, 34.0, 9.0, 3.0
#: Height in mm that the bar's label needs.
_MIN = 36.0
_UNKNOWN_COLOUR, _GRID_COLOUR = "#999999", "#D9D9D9"


def transition_map(
    states: Sequence[State],
    counts: NDArray[np.integer],
    *,
    most: int = MAX_STATES,
    ax: Axes | None = None,
    width: float | None = None,
) -> Figure:
    """Draw transition probabilities as colours, with states of many transitions between them side by side.

    The colour is the lower end of Wilson's 95 % confidence interval of the probability: it is pale where a state was
    left too seldom to tell, 1 of 1 (.21) paler than 8 of 10 (.49). The number of transitions from each state stands
    beside its row. Transitions that do not occur are white. Rows of states that were never left are hatched. Of more
    than ``most`` states those with the most transitions are drawn, with a note.

    Args:
        states: The states.
        counts: How often each (row) was followed by each (column), shape ``(K, K)``.
        most: Number of states to draw at most.
        ax: Axes to draw in, instead of a new figure.
        width: Width of a new figure in inches [the narrowest of a journal's columns in which all names fit].

    Returns:
        The figure: the matrix, then its colour bar.

    Raises:
        InputError: There is no state, or the shape does not fit.
    """
    check_counts(states, counts)
    chosen = busiest(counts, most)
    probabilities = transition_matrix(counts)[np.ix_(chosen, chosen)]
    order = transition_order(probabilities)
    names = [short_name(states[int(k)]) for k in chosen[order]]
    rows = chosen[order]
    ordered = certain_probability(counts)[np.ix_(rows, rows)]
    name_length = max(style.text_length(name, style.TICK_SIZE) for name in names) / style.POINTS_PER_MM
    beside = _BESIDE + name_length
    needed = (beside + _CELL_LEAST * len(names)) / style.MM_PER_INCH
    columns = style.ONE_COLUMN, style.ONE_AND_A_HALF_COLUMNS, style.TWO_COLUMNS
    width = style.width_in(ax, width, next((each for each in columns if each >= needed), style.TWO_COLUMNS))
    side = min(width * style.MM_PER_INCH - beside, _CELL_MOST * len(names))
    if ax is not None:
        side = min(style.size_in_points(ax)) / style.POINTS_PER_MM
    norm = Normalize(0, float(np.nanmax(probabilities, initial=0.0)) or 1.0)
    note = "; ".join(filter(None, (_reading_note(ordered), share_note(states, counts, chosen))))
    with style.paper_style():
        height = (max(side, _MIN) + name_length + _BELOW) / style.MM_PER_INCH
        figure, axes = style.new_axes(width, height, ax=ax)
        _draw_cells(axes, ordered, norm)
        axes.set_aspect("equal" if ax is None else "auto")  # of given axes, all the room
        _name(axes, names, counts.sum(axis=1)[rows], side * style.POINTS_PER_MM)
        add_colour_bar(axes, norm, COLOUR_MAP, max(side, _MIN) / _BAR).set_label(BAR_LABEL)
        style.write_note(ax or figure, note)
    return style.whole(figure)


def certain_probability(counts: NDArray[np.integer]) -> NDArray[np.float64]:
    """Lower end of Wilson's 95 % confidence interval of each transition probability.

    Args:
        counts: How often each state (row) was followed by each (column), shape ``(K, K)``.

    Returns:
        0 where a transition does not occur, .21 where it is 1 of 1, near its fraction of many; a row of NaN for a state
        that was never left, shape ``(K, K)``.

    References:
        Wilson 1927, J. Am. Stat. Assoc. 22, 209-212.
    """
    n = counts.sum(axis=1, keepdims=True).astype(np.float64)
    fraction = transition_matrix(counts)
    with np.errstate(divide="ignore", invalid="ignore"):
        half = _Z * np.sqrt(fraction * (1 - fraction) / n + (_Z / (2 * n)) ** 2)
        low = (fraction + _Z**2 / (2 * n) - half) / (1 + _Z**2 / n)
    return np.where(fraction == 0, 0.0, low)


def transition_order(probabilities: NDArray[np.floating]) -> NDArray[np.int64]:
    """Order states so that groups with many transitions among them are adjacent.

    States are clustered by average linkage. The distance of two falls with the mean of the probabilities of both
    transitions between them; among the orders that the tree of clusters allows, the sum of the distances of
    neighbours is the least.

    Args:
        probabilities: Of the transition from the state of the row to that of the column, shape ``(K, K)``; a row of
            NaN, of a state that is never left, counts as 0. The diagonal does not matter.

    Returns:
        Indices of the states in their new order, shape ``(K,)``.

    Raises:
        InputError: The matrix is not square, or has an entry that is negative or infinite.

    References:
        Bar-Joseph, Gifford & Jaakkola 2001, Bioinformatics 17 Suppl. 1, S22-S29 (optimal leaf ordering).
    """
    given = np.asarray(probabilities, dtype=np.float64)
    check_shape("probabilities", given, (len(given), len(given)))
    if (given < 0).any() or np.isinf(given).any():
        raise InputError("probabilities: negative or infinite entries found; expected probabilities or NaN")
    if len(given) < 3:
        return np.arange(len(given))
    known = np.nan_to_num(given)
    closeness = (known + known.T) / 2
    np.fill_diagonal(closeness, 0)
    distances = squareform(closeness.max() - closeness, checks=False)
    return leaves_list(linkage(distances, "average", optimal_ordering=True)).astype(np.int64)


def check_counts(states: Sequence[State], counts: NDArray[np.integer]) -> None:
    """Refuse to draw no state, and counts whose shape does not fit the states.

    Raises:
        InputError: The message gives the expected number or shape.
    """
    if not states:
        raise invalid("states", (), "at least one state")
    check_shape("counts", counts, (len(states), len(states)))


def busiest(counts: NDArray[np.integer], most: int, time: NDArray[np.floating] | None = None) -> NDArray[np.int64]:
    """Indices of the states with the most transitions, ascending; at most ``most`` of them.

    Args:
        counts: From (rows) to (columns), shape ``(K, K)``.
        most: Their number.
        time: Time spent in each state, shape ``(K,)``; the longer one goes first where transitions are equal.

    Raises:
        InputError: It is not positive.
    """
    whole_number("most", most, 1)
    taking_part = counts.sum(axis=0) + counts.sum(axis=1)
    spent = np.zeros(len(counts)) if time is None else np.asarray(time)
    return np.sort(np.lexsort((-spent, -taking_part))[:most])


def share_note(states: Sequence[State], counts: NDArray[np.integer], chosen: NDArray[np.int64]) -> str:
    """A note on the states and transitions that are not drawn; empty if all are."""
    if len(chosen) == len(states):
        return ""
    total = int(counts.sum())
    without = 1 - counts[np.ix_(chosen, chosen)].sum() / max(1, total)
    left_out = len(states) - len(chosen)
    return f"left out: {left_out} of {len(states)} states, {100 * without:.0f} % of {total} transitions"


def _reading_note(probabilities: NDArray[np.float64]) -> str:
    """How to read pale colours and hatched rows, where there are any."""
    parts = ["pale: rare, or too few to tell"] * bool((probabilities > 0).any())
    return "; ".join(parts + ["hatched: never left"] * bool(np.isnan(probabilities).all(axis=1).any()))


def _draw_cells(axes: Axes, probabilities: NDArray[np.float64], norm: Normalize) -> None:
    n = len(probabilities)
    happened = np.ma.masked_where(~(probabilities > 0), probabilities)
    edges = np.arange(n + 1)
    axes.pcolormesh(edges, edges, happened, cmap=COLOUR_MAP, norm=norm, edgecolors="none", rasterized=True)
    for i in np.flatnonzero(np.isnan(probabilities).all(axis=1)):
        hatched = {"facecolor": "none", "edgecolor": _UNKNOWN_COLOUR, "hatch": "//////", "linewidth": 0}
        axes.add_patch(Rectangle((0, i), n, 1, **hatched))  # pyright: ignore[reportArgumentType]
    axes.plot([0, n], [0, n], color=_GRID_COLOUR, linewidth=0.5, zorder=0.5)
    axes.set(xlim=(0, n), ylim=(n, 0), xlabel="to state", ylabel="from state")
    axes.spines[:].set(visible=True, color=_GRID_COLOUR)


def _name(axes: Axes, names: Sequence[str], left: NDArray[np.integer], points: float) -> None:
    """Name the states on both axes, and write how often each was left at the right side."""
    places = np.arange(len(names)) + 0.5
    kept = spaced(places * points / len(names))
    labels = [names[i] for i in kept]
    axes.set_xticks(places[kept], labels, rotation=90)
    axes.set_yticks(places[kept], labels)
    for earlier in [each for each in axes.child_axes if each.get_label() == _NUMBERS]:
        earlier.remove()
    beside = axes.secondary_yaxis("right", label=_NUMBERS)
    beside.set_yticks(places[kept], [str(left[i]) for i in kept])
    beside.tick_params(length=0, labelsize=style.TICK_SIZE, pad=2)
    beside.set_ylabel(_NUMBERS, rotation=270, verticalalignment="bottom")
