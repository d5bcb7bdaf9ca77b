"""Margins over the number of modes, and margins against what runs show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from neuro_mod.plotting import style
from neuro_mod.plotting.bands import CURVE_COLOURS
from neuro_mod.plotting.legends import legend_above_figure, legend_height
from neuro_mod.plotting.state_styles import active_colours

#: Heights of the figure of margins, and of a panel of changes, in inches.
_HEIGHT, _PANEL = 58.0 / style.MM_PER_INCH, 40.0 / style.MM_PER_INCH
_OPTIMUM, _FOUND, _RANDOM, _EXAMPLE = CURVE_COLOURS[0], CURVE_COLOURS[1], "#8C8C8C", "#404040"
_LINE = 2 * style.LINE_WIDTH
#: Ticks at numbers of modes, at most; the first number always has one.
_MAX_TICKS = 10
_DOT: dict[str, Any] = {"marker": "o", "markersize": 2.8, "markeredgewidth": 0}
_CLOSED: dict[str, Any] = {"color": "black", "linewidth": style.LINE_WIDTH, "linestyle": (0, (4, 2))}
_ISOTROPIC: dict[str, Any] = {"color": "black", "linewidth": style.LINE_WIDTH, "linestyle": (0, (1, 2))}
_BEST: dict[str, Any] = {"color": _RANDOM, "marker": "^", "markersize": 2.8, "markeredgewidth": 0, "linestyle": "none"}


@dataclass(frozen=True, eq=False)
class Margins:
    """Margins for several numbers of modes, arrays of shape ``(n,)``.

    Args:
        modes: Numbers of modes, ascending.
        optimum: Of the semidefinite program.
        found: Of the modes that were found.
        random: A low, a middle and a high percentile of those of random subspaces.
        random_best: The best of these.
        isotropic: Of the isotropic Pi.
        closed_form: The optimum where it is known; None elsewhere.
    """

    modes: NDArray[np.int64]
    optimum: NDArray[np.float64]
    found: NDArray[np.float64]
    random: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
    random_best: NDArray[np.float64]
    isotropic: NDArray[np.float64]
    closed_form: NDArray[np.float64] | None


def margins_by_modes(margins: Margins, *, ax: Axes | None = None, width: float | None = None) -> Figure:
    """Draw margins over the number of modes.

    Args:
        margins: The margins.
        ax: Axes to draw in, instead of a new figure.
        width: Width of a new figure in inches [85 mm].

    Returns:
        The figure, with one axes.
    """
    low, median, high = margins.random
    alone = "_" if len(margins.modes) == 1 else None  # a line of one point is invisible
    handles: list[Any] = [
        Line2D([], [], color=_OPTIMUM, linewidth=_LINE, label="upper bound (program)"),
        Line2D([], [], color=_FOUND, linewidth=_LINE, **_DOT, label="modes found"),
        Line2D([], [], color=_RANDOM, linewidth=_LINE, label="random modes, median"),
        Patch(facecolor=_RANDOM, alpha=0.35, linewidth=0, label="5 to 95 % of these"),
        Line2D([], [], **_BEST, label="best of these"),
        Line2D([], [], **_ISOTROPIC, label="isotropic \N{GREEK CAPITAL LETTER PI}"),
    ]
    if margins.closed_form is not None:
        handles.insert(1, Line2D([], [], **_CLOSED, label="closed form"))
    with style.paper_style():
        width = style.width_in(ax, width, style.ONE_COLUMN)
        above = legend_height(handles, width) / style.POINTS_PER_INCH
        figure, axes = style.new_axes(width, _HEIGHT + above, ax=ax)
        axes.fill_between(margins.modes, low, high, color=_RANDOM, alpha=0.35, linewidth=0)
        axes.plot(margins.modes, median, color=_RANDOM, linewidth=_LINE, marker=alone)
        axes.plot(margins.modes, margins.random_best, **_BEST)
        axes.plot(margins.modes, margins.isotropic, **_ISOTROPIC, marker=alone)
        axes.plot(margins.modes, margins.optimum, color=_OPTIMUM, linewidth=_LINE, marker=alone)
        if margins.closed_form is not None:
            axes.plot(margins.modes, margins.closed_form, **_CLOSED)
        axes.plot(margins.modes, margins.found, color=_FOUND, linewidth=_LINE, **_DOT)
        axes.set(xlabel="number of modes", ylabel="margin")
        axes.set_ylim(bottom=0)
        if alone:
            axes.set_xlim(margins.modes[0] - 1, margins.modes[0] + 1)
        first, last = int(margins.modes[0]), int(margins.modes[-1])
        axes.set_xticks(range(first, last + 1, -(-(last - first + 1) // _MAX_TICKS)))
        axes.yaxis.set_major_locator(style.round_ticks(5))
        legend_above_figure(ax or figure, handles)
    return style.whole(figure)


@dataclass(frozen=True, eq=False)
class Verified:
    """What runs show under the directions of states, arrays of shape ``(n,)``.

    Args:
        modes: Number of modes within which each direction is.
        margins: Margin of the state within these.
        changes: Changes by their label, each with its standard errors; NaN where unknown.
    """

    modes: NDArray[np.int64]
    margins: NDArray[np.float64]
    changes: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]]


def changes_by_margin(verified: Verified, *, ax: Axes | None = None, width: float | None = None) -> Figure:
    """Draw changes, such as that of the share of time in a state, over the margins of the states.

    Args:
        verified: The changes; those that are unknown for all states are left out.
        ax: Axes in whose place to draw, instead of a new figure.
        width: Width of a new figure in inches [85 mm].

    Returns:
        The figure, with an axes for each change; bars are plus and minus one standard error.
    """
    numbers = np.unique(verified.modes).tolist()
    colours = dict(zip(numbers, active_colours(range(len(numbers))).values(), strict=True))
    handles = [
        Line2D([], [], color=colours[n], linestyle="none", **_DOT, label=f"{n} mode{'s' * (n != 1)}") for n in numbers
    ]
    handles.append(Line2D([], [], color=_EXAMPLE, linewidth=style.LINE_WIDTH, label="± s.e."))
    known = {label: both for label, both in verified.changes.items() if np.isfinite(both[0]).any()}
    with style.paper_style():
        width = style.width_in(ax, width, style.ONE_COLUMN)
        above = legend_height(handles, width) / style.POINTS_PER_INCH
        figure = style.new_figure(width, _PANEL * len(known) + above, ax)
        drawn = style.new_panels(figure, len(known), 1, shared=False)
        for axes, (label, (values, errors)) in zip(drawn, known.items(), strict=True):
            _scatter(axes, verified.margins, values, errors, [colours[n] for n in verified.modes.tolist()])
            axes.set_ylabel(label)
            axes.set_xlim(0, 1.05 * verified.margins.max())
        drawn[-1].set_xlabel("margin of the state within its modes")
        figure.align_ylabels(drawn)
        legend_above_figure(figure, handles)
    return style.whole(figure)


def _scatter(
    axes: Axes,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    errors: NDArray[np.float64],
    colours: Sequence[str],
) -> None:
    axes.axhline(0, color=_RANDOM, linewidth=style.LINE_WIDTH, zorder=0)
    for place, value, error, colour in zip(x, y, errors, colours, strict=True):
        bar = error if np.isfinite(error) else None
        axes.errorbar(place, value, bar, color=colour, elinewidth=style.LINE_WIDTH, **_DOT)
    axes.yaxis.set_major_locator(style.round_ticks(4))
    axes.xaxis.set_major_locator(style.round_ticks(6))
