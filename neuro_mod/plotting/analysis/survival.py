"""Survival curves of the lifetimes of states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from neuro_mod.core.spiking_net.analysis.states.lifetimes import Survival
from neuro_mod.errors import invalid
from neuro_mod.plotting import style
from neuro_mod.plotting.legends import ROW, legend_above_figure, legend_height
from neuro_mod.plotting.state_styles import active_colours

#: Maximal number of curves; more cannot be distinguished.
MAX_CURVES = 6

#: In mm: height of the figure without its legend.
_HEIGHT = 62.0
_BAND_STRENGTH, _MARK_SIZE = 0.15, 3.5
#: The axis ends below the lowest curve by this factor, and nowhere above ``_MIN_RANGE``.
_ROOM, _MIN_RANGE = 0.7, 0.1


def survival_curves(
    curves: Mapping[str, Survival], *, what: str = "lifetime", width: float = style.ONE_COLUMN
) -> Figure:
    """Draw the probability that a lifetime is longer, on a logarithmic axis, where an exponential is straight.

    Bands are confidence intervals; strokes mark censored lifetimes; n is the number of lifetimes, with that of
    censored ones in brackets. Of more than ``MAX_CURVES`` curves those with the most lifetimes are drawn, with a note.

    Args:
        curves: The curves by name, coloured from dark to light in this order.
        what: What lasts for the time, on the axis: ``lifetime``, ``duration``.
        width: Width of the figure in inches.

    Returns:
        The figure, with one axes.

    Raises:
        InputError: There is no curve, or no lifetime in any.
    """
    by_number = sorted((name for name in curves if len(curves[name].times)), key=lambda name: -_n(curves[name]))
    if not by_number:
        raise invalid("curves", list(curves), "at least one curve with a lifetime")
    drawn = {name: curves[name] for name in curves if name in by_number[:MAX_CURVES]}
    left_out = [curves[name] for name in by_number[MAX_CURVES:]]
    colours = dict(zip(drawn, active_colours(range(len(drawn))).values(), strict=True))
    with style.paper_style():
        handles = _entries(drawn, colours)
        above = legend_height(handles, width) + ROW / 2
        figure, axes = style.new_axes(width, _HEIGHT / style.MM_PER_INCH + above / style.POINTS_PER_INCH)
        for name, curve in drawn.items():
            _draw(axes, curve, colours[name])
        lowest = min(float(curve.probability[curve.probability > 0].min(initial=1.0)) for curve in drawn.values())
        longest = max(float(curve.times[-1]) for curve in drawn.values())
        axes.set(yscale="log", ylim=(_ROOM * min(_MIN_RANGE, lowest), 1.15), xlim=(0, longest or 1.0))
        axes.xaxis.set_major_locator(style.round_ticks(6))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.set(xlabel=f"{what} t (s)", ylabel="probability of more than t")
        legend_above_figure(figure, handles)
        if left_out:
            style.write_note(figure, f"left out: {len(left_out)} curves of {sum(map(_n, left_out))} {what}s")
    return figure


def _n(curve: Survival) -> int:
    return curve.n_seen + curve.n_censored


def _entries(curves: Mapping[str, Survival], colours: Mapping[str, str]) -> list[Line2D]:
    mark = Line2D([], [], linestyle="none", marker="|", color="black", markersize=_MARK_SIZE, label="end not seen")
    line: dict[str, Any] = {"linewidth": 2 * style.LINE_WIDTH}
    return [*(Line2D([], [], color=colours[k], label=_label(k, each), **line) for k, each in curves.items()), mark]


def _label(name: str, curve: Survival) -> str:
    censored = f" ({curve.n_censored})" if curve.n_censored else ""
    return f"{name}, n = {_n(curve)}{censored}"


def _draw(axes: Axes, curve: Survival, colour: str) -> None:
    times = np.append(0.0, curve.times)
    probability, low, high = (np.append(1.0, each) for each in (curve.probability, curve.low, curve.high))
    low, high = (np.where(np.isnan(each), probability, each) for each in (low, high))
    axes.fill_between(times, low, high, step="post", color=colour, alpha=_BAND_STRENGTH, linewidth=0)
    axes.plot(times, probability, drawstyle="steps-post", color=colour, linewidth=1.6 * style.LINE_WIDTH)
    # Where the curve does not fall, a lifetime is censored.
    cut = np.flatnonzero((np.diff(probability) == 0) & (probability[1:] > 0)) + 1
    axes.plot(
        times[cut],
        probability[cut],
        linestyle="none",
        marker="|",
        markersize=_MARK_SIZE,
        markeredgewidth=style.LINE_WIDTH,
        color=colour,
    )
