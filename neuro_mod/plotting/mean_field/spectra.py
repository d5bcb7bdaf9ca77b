"""Susceptibilities of populations, and power spectra of their rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, StrMethodFormatter
from numpy.typing import NDArray

from neuro_mod.checks import check_shape
from neuro_mod.errors import invalid
from neuro_mod.plotting import style
from neuro_mod.plotting.legends import legend_above_figure, legend_height

_Array = NDArray[np.floating]

#: Colours and dashes of groups by the end of their name; E and I differ in colour.
_COLOURS = {"E": style.CLUSTER_COLOURS[0][0], "I": style.CLUSTER_COLOURS[1][0]}
_DASHES: dict[str, Any] = {"active": "-", "inactive": (0, (4, 1.5)), "background": (0, (1, 1.2))}
_LINE = 1.2
_HEIGHT = 95.0  # mm
_LOWEST = 0.5  # Hz
#: Mantissas of ticks up to a ratio of the ends of an axis.
_TICKS = ((10.0, (1, 1.5, 2, 3, 5, 7)), (100.0, (1, 2, 5)))
#: Below this ratio, ticks are at equal distances.
_NARROW = 3.0
_POISSON: dict[str, Any] = {"color": "#8C8C8C", "linewidth": style.LINE_WIDTH}


@dataclass(frozen=True, eq=False)
class SpectrumLine:
    """A group of populations at F frequencies.

    Args:
        group: ``E active``, ``I background``, ...
        susceptibility: Its size in Hz per Hz of external rate, shape ``(F,)``.
        power: Power spectrum of the rate over that of independent Poisson neurons, shape ``(F,)``.
    """

    group: str
    susceptibility: _Array
    power: _Array


def population_spectra(
    frequencies: _Array,
    lines: Sequence[SpectrumLine],
    title: str,
    *,
    ax: Axes | None = None,
    width: float | None = None,
) -> Figure:
    """Draw susceptibilities, and power spectra below them, on logarithmic axes.

    Args:
        frequencies: In Hz, shape ``(F,)``; those below `_LOWEST` are left out.
        lines: The groups.
        title: Above the upper panel.
        ax: Axes in whose place to draw, instead of a new figure.
        width: Width of a new figure in inches [85 mm].

    Returns:
        The figure with two panels, one above the other.

    Raises:
        InputError: There is no group, or shapes do not fit.
    """
    if not lines:
        raise invalid("lines", (), "at least one group of populations")
    for line in lines:
        check_shape(f"susceptibility of {line.group}", line.susceptibility, frequencies.shape)
        check_shape(f"power of {line.group}", line.power, frequencies.shape)
    shown = frequencies >= _LOWEST
    with style.paper_style():
        handles = [Line2D([], [], label=line.group, **_line_style(line.group)) for line in lines]
        handles.append(Line2D([], [], label="Poisson neurons", **_POISSON))
        width = style.width_in(ax, width, style.ONE_COLUMN)
        height = _HEIGHT / style.MM_PER_INCH + legend_height(handles, width) / style.POINTS_PER_INCH
        figure = style.new_figure(width, height, ax)
        upper, lower = style.new_panels(figure, 2, 1)
        for line in lines:
            upper.plot(frequencies[shown], line.susceptibility[shown], **_line_style(line.group))
            lower.plot(frequencies[shown], line.power[shown], **_line_style(line.group))
        lower.axhline(1.0, zorder=0, **_POISSON)
        for axes in (upper, lower):
            axes.set(xscale="log", yscale="log")
            for axis in (axes.xaxis, axes.yaxis):
                axis.set_major_formatter(StrMethodFormatter("{x:g}"))
            _tick(axes)
            if shown.sum() > 1:
                axes.set_xlim(frequencies[shown][0], frequencies[shown][-1])
        upper.tick_params(labelbottom=False)
        upper.set_title(title, loc="left", fontsize=style.TICK_SIZE, pad=3)
        upper.set_ylabel("susceptibility\n(Hz per external Hz)")
        lower.set(xlabel="frequency (Hz)", ylabel="power of the rate\nover Poisson neurons")
        figure.align_ylabels()
        legend_above_figure(figure, handles)
    return style.whole(figure)


def _tick(axes: Axes) -> None:
    """Label several values also where an axis of y spans less than a decade or two."""
    low, high = axes.get_ylim()
    subs = next((each for limit, each in _TICKS if high < limit * low), None)
    if subs is None:
        return
    axes.yaxis.set_major_locator(MaxNLocator(4) if high < _NARROW * low else LogLocator(subs=subs))
    axes.yaxis.set_minor_locator(NullLocator())


def _line_style(group: str) -> dict[str, Any]:
    kind, place = group.split(maxsplit=1)
    return {"color": _COLOURS[kind], "linestyle": _DASHES[place], "linewidth": _LINE}
