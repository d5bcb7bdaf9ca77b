"""Survival curves of the lifespans of states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from neuro_mod.core.spiking_net.analysis.states.lifetimes import Survival
from neuro_mod.errors import invalid
from neuro_mod.plotting import style
from neuro_mod.plotting.bands import band_handle
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
    curves: Mapping[str, Survival], *, what: str = "lifespan", ax: Axes | None = None, width: float | None = None
) -> Figure:
    """Draw the probability that a lifespan is longer, on a logarithmic axis, where an exponential is straight.

    Bands are confidence intervals; strokes mark censored lifespans; n is the number of lifespans, with that of
    censored ones in brackets. A single lifespan has no curve. Of more than ``MAX_CURVES`` curves those with the most
    lifespans are drawn. A note says what is left out.

    Args:
        curves: The curves by name, coloured from dark to light in this order.
        what: What lasts for the time, on the axis: ``lifespan``, ``duration``.
        ax: Axes to draw in, instead of a new figure.
        width: Width of a new figure in inches [85 mm].

    Returns:
        The figure, with one axes.

    Raises:
        InputError: There is no curve, or no lifespan in any.
    """
    by_number = sorted((name for name in curves if len(curves[name].times)), key=lambda name: -_n(curves[name]))
    if not by_number:
        raise invalid("curves", list(curves), "at least one curve with a lifespan")
    several = [name for name in by_number if _n(curves[name]) > 1]
    drawn = {name: curves[name] for name in curves if name in several[:MAX_CURVES]}
    left_out = [_n(curves[name]) for name in by_number if name not in drawn]
    width = style.width_in(ax, width, style.ONE_COLUMN)
    colours = dict(zip(drawn, active_colours(range(len(drawn))).values(), strict=True))
    with style.paper_style():
        handles = _entries(drawn, colours)
        above = legend_height(handles, width) + ROW / 2
        figure, axes = style.new_axes(width, _HEIGHT / style.MM_PER_INCH + above / style.POINTS_PER_INCH, ax=ax)
        for name, curve in drawn.items():
            _draw(axes, curve, colours[name])
        if not drawn:
            axes.text(
                0.5, 0.5, f"no curve of a single {what}", size=style.TICK_SIZE, ha="center", transform=axes.transAxes
            )
        lowest = min(
            (float(each.probability[each.probability > 0].min(initial=1.0)) for each in drawn.values()), default=1
        )
        longest = max(float(curves[name].times[-1]) for name in drawn or by_number)
        axes.set(yscale="log", ylim=(_ROOM * min(_MIN_RANGE, lowest), 1.15), xlim=(0, longest or 1.0))
        axes.xaxis.set_major_locator(style.round_ticks(6))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.set(xlabel=f"{what} t (s)", ylabel="probability of more than t")
        legend_above_figure(ax or figure, handles)
        style.write_note(ax or figure, _left_out(left_out, what) if drawn else "")
    return style.whole(figure)


def _n(curve: Survival) -> int:
    return curve.n_seen + curve.n_censored


def _left_out(numbers: list[int], what: str) -> str:
    """A note on curves of these numbers of lifespans that are not drawn; empty if all are."""
    n, curves, lifespans = sum(numbers), len(numbers), f"{what}s" if sum(numbers) > 1 else what
    return f"left out: {curves} curve{'s' * (curves > 1)} of {n} {lifespans}" if numbers else ""


def _entries(curves: Mapping[str, Survival], colours: Mapping[str, str]) -> list[Artist]:
    """Entries of a legend; of bands and of censored lifespans where there are any."""
    mark: dict[str, Any] = {"linestyle": "none", "marker": "|", "color": "black", "markersize": _MARK_SIZE}
    entries: list[Artist] = [
        Line2D([], [], color=colours[name], label=_label(name, curve), linewidth=2 * style.LINE_WIDTH)
        for name, curve in curves.items()
    ]
    if any(np.isfinite(curve.low).any() for curve in curves.values()):
        entries.append(band_handle("95 % interval", strength=_BAND_STRENGTH))
    if any(curve.n_censored for curve in curves.values()):
        entries.append(Line2D([], [], label="(end not seen)", **mark))
    return entries


def _label(name: str, curve: Survival) -> str:
    censored = f" ({curve.n_censored})" if curve.n_censored else ""
    return f"{name}, n={_n(curve)}{censored}"


def _draw(axes: Axes, curve: Survival, colour: str) -> None:
    times = np.append(0.0, curve.times)
    probability, low, high = (np.append(1.0, each) for each in (curve.probability, curve.low, curve.high))
    low, high = (np.where(np.isnan(each), probability, each) for each in (low, high))
    axes.fill_between(times, low, high, step="post", color=colour, alpha=_BAND_STRENGTH, linewidth=0)
    axes.plot(times, probability, drawstyle="steps-post", color=colour, linewidth=1.6 * style.LINE_WIDTH)
    # Where the curve does not fall, a lifespan is censored.
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
