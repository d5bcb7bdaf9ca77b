"""Simulated rates against those of the mean field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter
from numpy.typing import ArrayLike, NDArray

from neuro_mod.checks import check_shape
from neuro_mod.errors import invalid
from neuro_mod.plotting import style
from neuro_mod.plotting.legends import legend_above_figure, legend_height

IDENTITY_COLOUR, BAND_COLOUR = "#7F7F7F", "#EBEBEB"
#: Colours and markers of kinds of populations; distinct with any colour vision.
KIND_STYLES = (
    ("#0072B2", "o"),
    ("#56B4E9", "s"),
    ("#737373", "D"),
    ("#D55E00", "^"),
    ("#E69F00", "v"),
    ("#551155", "P"),
)
#: Relative difference of simulation and theory at the border of the band.
CLOSE = 0.1

#: Additional height below the axes compared to their sides, at most, in mm.
_SLACK = 4.0

_Points = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


def rate_comparison(
    simulated: Mapping[str, ArrayLike],
    theory: Mapping[str, ArrayLike],
    *,
    standard_errors: Mapping[str, ArrayLike] | None = None,
    logarithmic: bool = False,
    width: float = style.ONE_COLUMN,
) -> Figure:
    """Draw simulated rates against those of the mean field, with the identity and a band of 10 % around it.

    Args:
        simulated: Mean rates in Hz by kind of population, ``active E clusters``, ...: a number or shape ``(n,)`` each;
            NaN if unknown.
        theory: Rates in Hz of the mean field, the same kinds and shapes.
        standard_errors: Of the simulated rates in Hz, the same kinds and shapes; no bars if None.
        logarithmic: Whether both axes are logarithmic; rates of 0 Hz are left out then.
        width: Width of the figure in inches.

    Returns:
        The figure: square axes; the legend gives the deviation of the mean of each kind.

    Raises:
        InputError: The kinds or shapes differ.
    """
    points = _points(simulated, theory, standard_errors)
    both = np.concatenate([np.empty(0), *(values for each in points.values() for values in each[:2])])
    known = both[np.isfinite(both) & (both > 0)]
    highest = 1.15 * float(known.max(initial=0.0)) or 1.0
    lowest = float(known.min(initial=highest)) / 1.3 if logarithmic else 0.0
    with style.paper_style():
        handles: list[Line2D | Patch] = [
            Line2D([], [], label=kind + _deviation(*each[:2]), **_style(i))
            for i, (kind, each) in enumerate(points.items())
        ]
        handles.append(Patch(color=BAND_COLOUR, label=f"within {100 * CLOSE:.0f} %"))
        above = legend_height(handles, width) / style.POINTS_PER_INCH
        figure, axes = style.new_axes(width, width + above + _SLACK / style.MM_PER_INCH, square=True)
        axes.set_box_aspect(1)
        if logarithmic:
            axes.set(xscale="log", yscale="log")
        ends = np.array([lowest, highest])
        axes.fill_between(ends, (1 - CLOSE) * ends, (1 + CLOSE) * ends, color=BAND_COLOUR, linewidth=0, zorder=0)
        axes.plot(ends, ends, color=IDENTITY_COLOUR, linewidth=style.LINE_WIDTH, zorder=1)
        for i, each in enumerate(points.values()):
            _draw_kind(axes, each, _style(i))
        axes.set(xlim=ends, ylim=ends, xlabel="rate in theory (Hz)", ylabel="simulated rate (Hz)")
        for axis in (axes.xaxis, axes.yaxis):
            _tick(axis, logarithmic)
        legend_above_figure(figure, handles)
    return figure


def _points(
    simulated: Mapping[str, ArrayLike], theory: Mapping[str, ArrayLike], errors: Mapping[str, ArrayLike] | None
) -> dict[str, _Points]:
    """Rates in theory, simulated ones and their errors by kind."""
    errors = (
        {kind: np.full(np.shape(values), np.nan) for kind, values in simulated.items()} if errors is None else errors
    )
    for what, given in (("theory", theory), ("standard_errors", errors)):
        if set(given) != set(simulated):
            raise invalid(f"kinds of {what}", list(given), f"those of simulated, {', '.join(simulated)}")
        for kind, values in simulated.items():
            if np.ndim(values) > 1:
                raise invalid(f"dimensions of simulated, {kind}", np.ndim(values), "0 or 1")
            check_shape(f"{what}, {kind}", given[kind], np.shape(values))
    return {kind: (_array(theory[kind]), _array(values), _array(errors[kind])) for kind, values in simulated.items()}


def _array(values: ArrayLike) -> NDArray[np.float64]:
    return np.atleast_1d(np.asarray(values, np.float64))


def _style(i: int) -> dict[str, Any]:
    colour, marker = KIND_STYLES[i % len(KIND_STYLES)]
    edge = {"markeredgecolor": "white", "markeredgewidth": 0.4}
    return {"color": colour, "linestyle": "none", "marker": marker, "markersize": 4.5, **edge}


def _draw_kind(axes: Axes, points: _Points, look: dict[str, Any]) -> None:
    x, y, error = points
    seen = np.isfinite(error)
    low, high = (y - error)[seen], (y + error)[seen]
    axes.vlines(x[seen], low, high, colors=look["color"], linewidth=1.5 * style.LINE_WIDTH, zorder=2)
    axes.plot(x, y, zorder=3, **look)


def _tick(axis: Axis, logarithmic: bool) -> None:
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)) if logarithmic else style.round_ticks(5))
    if logarithmic:
        axis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axis.set_minor_formatter(NullFormatter())


def _deviation(x: NDArray[np.float64], y: NDArray[np.float64]) -> str:
    both = np.isfinite(x) & np.isfinite(y)
    if not x[both].sum() > 0:
        return ""
    percent = 100 * (y[both].sum() / x[both].sum() - 1)
    return f" ({percent:+.0f} %)".replace("-", style.MINUS)
