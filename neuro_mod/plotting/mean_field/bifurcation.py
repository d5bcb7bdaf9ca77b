"""Bifurcation diagram: branches of steady states over a parameter, their stability, and critical points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from neuro_mod.checks import check_shape
from neuro_mod.core.mean_field.analysis.critical import BRANCH_POINT, FOLD, HOPF, SYMMETRY_BREAKING
from neuro_mod.errors import invalid
from neuro_mod.plotting import style
from neuro_mod.plotting.legends import legend_above_figure, legend_height
from neuro_mod.plotting.state_styles import OPEN_COLOUR, STATE_COLOUR, active_colours

#: Markers of critical points by kind.
CRITICAL_MARKERS = {FOLD: "o", SYMMETRY_BREAKING: "D", HOPF: "*", BRANCH_POINT: "s"}
CURRENT_COLOUR, EXAMPLE_COLOUR = "#B3B3B3", "#404040"

#: Widths of lines: active clusters and others, where stable and where unstable.
_WIDTHS = {
    True: (2.6 * style.LINE_WIDTH, 1.8 * style.LINE_WIDTH),
    False: (1.5 * style.LINE_WIDTH, 1.0 * style.LINE_WIDTH),
}
_DASHES = (0, (3, 1.2))
_CURRENT: dict[str, Any] = {"color": CURRENT_COLOUR, "linewidth": 2 * style.LINE_WIDTH, "linestyle": ":"}
_HEIGHT = 60.0
#: Entries of a legend for numbers of active clusters; more are shown by a colour bar.
_MAX_ENTRIES = 4


@dataclass(frozen=True, eq=False)
class DrawnBranch:
    """A branch of steady states.

    Args:
        values: Of the parameter along the branch, shape ``(n,)``; a branch may turn back.
        rates: Rate of the active E clusters in Hz (of all, if none or all are active), shape ``(n,)``.
        stable: Whether each state is stable, shape ``(n,)``; at a change, the critical state itself is not.
        n_active: Number of active clusters.
        other_rates: Rate of the other E clusters in Hz, shape ``(n,)``; None to leave them out.
    """

    values: NDArray[np.floating]
    rates: NDArray[np.floating]
    stable: NDArray[np.bool_]
    n_active: int
    other_rates: NDArray[np.floating] | None = None


@dataclass(frozen=True, eq=False)
class CriticalPoints:
    """Points where branches begin, end, meet or change stability.

    Args:
        values: Of the parameter, shape ``(C,)``.
        rates: Rates in Hz on their branch, shape ``(C,)``.
        kinds: ``fold``, ``symmetry breaking``, ``Hopf`` or ``branch point`` for each.
    """

    values: NDArray[np.floating]
    rates: NDArray[np.floating]
    kinds: Sequence[str]


def bifurcation_diagram(
    branches: Sequence[DrawnBranch],
    critical: CriticalPoints,
    label: str,
    *,
    current: float | None = None,
    ax: Axes | None = None,
    width: float | None = None,
) -> Figure:
    """Draw the rates of E clusters along branches of steady states.

    Stable states are thick solid lines, others thin dashed ones; rates of the clusters that are not active have thinner
    lines of the same colour.

    Args:
        branches: The branches, at least one.
        critical: Their critical points.
        label: The parameter with its unit, ``external rate (Hz)``.
        current: The configuration's own value, drawn as a vertical line; none if None.
        ax: Axes to draw in, instead of a new figure.
        width: Width of a new figure in inches [85 mm].

    Returns:
        The figure, with a colour bar of numbers of active clusters where there are many of them.

    Raises:
        InputError: There is no branch, an unknown kind of critical point, or shapes that do not fit.
    """
    _check(branches, critical)
    colours = active_colours(branch.n_active for branch in branches)
    with style.paper_style():
        handles = _entries(branches, critical, colours, current)
        width = style.width_in(ax, width, style.ONE_COLUMN)
        height = _HEIGHT / style.MM_PER_INCH + legend_height(handles, width) / style.POINTS_PER_INCH
        figure, axes = style.new_axes(width, height, ax=ax)
        if current is not None:
            axes.axvline(current, zorder=1, **_CURRENT)
        for branch in branches:
            _draw_branch(axes, branch, colours[branch.n_active])
        for kind in _kinds_present(critical):
            chosen = np.array([each == kind for each in critical.kinds])
            axes.plot(critical.values[chosen], critical.rates[chosen], zorder=5, **_critical_style(kind))
        axes.set(xlabel=label, ylabel="rate of E clusters (Hz)")
        axes.set_ylim(bottom=0)
        axes.xaxis.set_major_locator(style.round_ticks(6, quarters=True))
        axes.yaxis.set_major_locator(style.round_ticks(6))
        if len(colours) > _MAX_ENTRIES:
            _add_bar(axes, colours)
        legend_above_figure(ax or figure, handles)
    return style.whole(figure)


def _check(branches: Sequence[DrawnBranch], critical: CriticalPoints) -> None:
    if not branches:
        raise invalid("branches", (), "at least one branch")
    for i, branch in enumerate(branches):
        for name in ("rates", "stable", "other_rates"):
            check_shape(f"{name} of branch {i}", getattr(branch, name), (len(branch.values),))
    for name in ("values", "rates"):
        check_shape(f"{name} of critical points", getattr(critical, name), (len(critical.kinds),))
    for kind in critical.kinds:
        if kind not in CRITICAL_MARKERS:
            raise invalid("kind of critical point", kind, f"one of {', '.join(CRITICAL_MARKERS)}")


def _draw_branch(axes: Axes, branch: DrawnBranch, colour: str) -> None:
    for members, stable in _pieces(np.asarray(branch.stable, dtype=bool)):
        for rates, line_width in zip((branch.rates, branch.other_rates), _WIDTHS[stable], strict=True):
            if rates is not None:
                look = "-" if stable else _DASHES
                axes.plot(
                    branch.values[members],
                    rates[members],
                    color=colour,
                    linestyle=look,
                    linewidth=line_width,
                    zorder=3 if stable else 2,
                )


def _pieces(stable: NDArray[np.bool_]) -> list[tuple[slice, bool]]:
    """Segments of a branch with the same stability; a stable one includes the critical states next to it."""
    if len(stable) < 2:
        return [(slice(0, len(stable)), bool(stable.all()))]
    between = stable[:-1] | stable[1:]
    borders = [0, *(np.flatnonzero(np.diff(between)) + 1), len(between)]
    return [(slice(a, b + 1), bool(between[a])) for a, b in pairwise(borders)]


def _kinds_present(critical: CriticalPoints) -> list[str]:
    return [kind for kind in CRITICAL_MARKERS if kind in critical.kinds]


def _critical_style(kind: str) -> dict[str, Any]:
    return {
        "linestyle": "none",
        "marker": CRITICAL_MARKERS[kind],
        "markersize": 6.5 if kind == HOPF else 4.2,
        "markerfacecolor": OPEN_COLOUR,
        "markeredgecolor": STATE_COLOUR,
        "markeredgewidth": 0.8,
        "label": kind,
    }


def _entries(
    branches: Sequence[DrawnBranch], critical: CriticalPoints, colours: dict[int, str], current: float | None
) -> list[Line2D]:
    line: dict[str, Any] = {"color": EXAMPLE_COLOUR}
    handles = [
        Line2D([], [], linewidth=_WIDTHS[True][0], label="stable", **line),
        Line2D([], [], linewidth=_WIDTHS[False][0], linestyle=_DASHES, label="unstable", **line),
    ]
    if any(branch.other_rates is not None for branch in branches):
        handles.append(Line2D([], [], linewidth=_WIDTHS[True][1], label="other clusters", **line))
    handles += [Line2D([], [], **_critical_style(kind)) for kind in _kinds_present(critical)]
    if current is not None:
        handles.append(Line2D([], [], label="this network", **_CURRENT))
    if len(colours) <= _MAX_ENTRIES:
        handles += [
            Line2D([], [], color=colour, linewidth=4 * style.LINE_WIDTH, label=f"{number} active")
            for number, colour in colours.items()
        ]
    return handles


def _add_bar(axes: Axes, colours: dict[int, str]) -> None:
    """A bar with a patch for each number of active clusters."""
    edges = np.arange(len(colours) + 1) - 0.5
    mappable = ScalarMappable(BoundaryNorm(edges, len(colours)), ListedColormap(list(colours.values())))
    bar = style.new_bar(axes, mappable, pad=0.02, aspect=25, label="active clusters")
    every = -(-len(colours) // 12)
    bar.set_ticks(list(range(0, len(colours), every)), labels=[str(number) for number in colours][::every])
    style.dress_bar(bar, length=0)
    bar.minorticks_off()
