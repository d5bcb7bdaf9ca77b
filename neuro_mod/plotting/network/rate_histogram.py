"""Histogram of simulated rates of clusters, beside those of the steady states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from neuro_mod.checks import check_shape
from neuro_mod.errors import invalid
from neuro_mod.plotting.legends import legend_above_axes
from neuro_mod.plotting.state_styles import active_colours, check_kinds, is_stable
from neuro_mod.plotting.style import (
    LINE_WIDTH,
    MM_PER_INCH,
    ONE_COLUMN,
    dress,
    new_figure,
    paper_style,
    round_ticks,
    whole,
    width_in,
)

HISTOGRAM_COLOUR, UNSTABLE_COLOUR, EXAMPLE_COLOUR = "#C7C7C7", "#7F7F7F", "#404040"

#: In mm: height of the histogram, of a row of states, of the margins, the gaps.
_HISTOGRAM, _ROW, _AROUND, _PAD = 38.0, 3.6, 20.0, 0.5
#: Sizes in points of the markers of active clusters and of others, and of strokes.
_ACTIVE_SIZE, _OTHER_SIZE, _STROKE_SIZE = 5.0, 2.6, 6.0
#: Rates that differ by less, relatively, are drawn once.
_SAME = 1e-3
_MIN_BINS, _MAX_BINS = 20, 120
_STROKE: dict[str, Any] = {
    "color": UNSTABLE_COLOUR,
    "linestyle": "none",
    "marker": "|",
    "markersize": _STROKE_SIZE,
    "markeredgewidth": LINE_WIDTH,
}


class ComparedState(NamedTuple):
    """A steady state of the mean field.

    Args:
        rates: Of the E clusters in Hz, shape ``(p,)``.
        kind: ``stable node``, ``saddle``, ...
        n_active: Number of active clusters.
    """

    rates: NDArray[np.floating]
    kind: str
    n_active: int


def rate_histogram(
    rates: NDArray[np.floating],
    states: Sequence[ComparedState],
    *,
    bin_width: float | None = None,
    logarithmic: bool = False,
    ax: Axes | None = None,
    width: float | None = None,
) -> Figure:
    """Draw the distribution of the rates of E clusters, and below it their rates in steady states.

    Stable states with the same number of active clusters have a row: large markers at the rates of active clusters,
    small ones at those of the others, and lines of the same colour up through the histogram, solid and dotted. All
    states that are not stable share a last row of thin strokes.

    Args:
        rates: Simulated rates in Hz of E clusters in bins of time, of any order, shape ``(n,)``.
        states: Steady states of the mean field.
        bin_width: Width of the bars in Hz; chosen from the rates if None.
        logarithmic: Whether the counts have a logarithmic axis.
        ax: Axes in whose place to draw, instead of a new figure.
        width: Width of a new figure in inches [85 mm].

    Returns:
        The figure: the histogram, and below it the states, if there are any.

    Raises:
        InputError: Rates that are not of shape ``(n,)``, a width that is not positive, or an unknown kind.
    """
    given = np.asarray(rates, dtype=np.float64)
    check_shape("rates", given, ("n",))
    if bin_width is not None and not bin_width > 0:
        raise invalid("bin_width", bin_width, "Hz above 0")
    check_kinds([kind for _, kind, _ in states], len(states))
    stable = [ComparedState(*state) for state in states if is_stable(state[1])]
    others = [state[0] for state in states if not is_stable(state[1])]
    colours = active_colours(state.n_active for state in stable)
    rows = [f"{n} active" for n in colours] + ["unstable"] * bool(others)
    with paper_style():
        heights = [_HISTOGRAM, _ROW * (len(rows) + 0.5)] if rows else [_HISTOGRAM]
        width = width_in(ax, width, ONE_COLUMN)
        figure = new_figure(width, (_AROUND + sum(heights)) / MM_PER_INCH, ax)
        if ax is None:
            whole(figure).set_layout_engine("constrained", h_pad=_PAD / MM_PER_INCH, hspace=0)
        panels = list(figure.subplots(len(heights), sharex=True, squeeze=False, height_ratios=heights)[:, 0])
        _draw_histogram(panels[0], given[np.isfinite(given)], bin_width, logarithmic)
        if rows:
            dress(panels[1])
            row_of = {n: row for row, n in enumerate(colours)}
            for state in stable:
                _draw_levels(panels, state, row_of[state.n_active], colours[state.n_active])
            for levels in others:
                panels[1].plot(levels, np.full(len(levels), len(rows) - 1), **_STROKE)
            panels[1].set(ylim=(len(rows) - 0.25, -0.75), yticks=range(len(rows)), yticklabels=rows)
            panels[1].tick_params(left=False)
            panels[1].spines["left"].set_visible(False)
        panels[0].set_xlim(left=0)
        panels[-1].set_xlabel("rate of an E cluster (Hz)")
        legend_above_axes(panels[0], _histogram_entries(bool(stable)), width)
    return whole(figure)


def _draw_histogram(axes: Axes, rates: NDArray[np.float64], bin_width: float | None, logarithmic: bool) -> None:
    dress(axes)
    highest = float(rates.max(initial=0.0)) or 1.0
    if bin_width is None:
        found = len(np.histogram_bin_edges(rates, "auto")) if len(rates) else 0
        n = int(np.clip(found, _MIN_BINS, _MAX_BINS))
        edges = np.linspace(0, highest, n + 1)
    else:
        edges = bin_width * np.arange(int(highest / bin_width) + 2)
    counts, _ = np.histogram(rates, edges)
    axes.stairs(counts, edges, fill=True, color=HISTOGRAM_COLOUR, zorder=1)
    if logarithmic:
        axes.set_ylim(0.7, 2 * max(1, int(counts.max())))
        axes.set_yscale("log")
    else:
        axes.yaxis.set_major_locator(round_ticks(5, integer=True))
    axes.set_ylabel("samples")


def _draw_levels(panels: Sequence[Axes], state: ComparedState, row: int, colour: str) -> None:
    falling = np.sort(np.asarray(state.rates, dtype=np.float64))[::-1]
    for levels, size, style in (
        (falling[: state.n_active], _ACTIVE_SIZE, "-"),
        (falling[state.n_active :], _OTHER_SIZE, ":"),
    ):
        drawn = _distinct(levels)
        panels[1].plot(
            drawn, np.full(len(drawn), row), linestyle="none", marker="o", markersize=size, color=colour, mew=0
        )
        line: dict[str, Any] = {"colors": colour, "linestyles": style}
        upright = panels[0].get_xaxis_transform()
        panels[0].vlines(drawn, 0, 1, linewidth=1.6 * LINE_WIDTH, zorder=2, transform=upright, **line)
        panels[1].vlines(drawn, -0.75, row, linewidth=LINE_WIDTH, zorder=1, **line)


def _distinct(falling: NDArray[np.float64]) -> NDArray[np.float64]:
    if not len(falling):
        return falling
    return falling[np.append(True, -np.diff(falling) > _SAME * np.maximum(falling[:-1], 1.0))]


def _histogram_entries(with_states: bool) -> list[Patch | Line2D]:
    entries: list[Patch | Line2D] = [Patch(color=HISTOGRAM_COLOUR, label="simulation")]
    if with_states:
        line: dict[str, Any] = {
            "color": EXAMPLE_COLOUR,
            "marker": "o",
            "markeredgewidth": 0,
            "linewidth": 1.6 * LINE_WIDTH,
        }
        entries += [
            Line2D([], [], linestyle="-", markersize=_ACTIVE_SIZE, label="active clusters", **line),
            Line2D([], [], linestyle=":", markersize=_OTHER_SIZE, label="other clusters", **line),
        ]
    return entries
