"""Rates of mean-field theories over those of simulations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter
from numpy.typing import NDArray

from neuro_mod.errors import invalid
from neuro_mod.plotting import style
from neuro_mod.plotting.legends import legend_above_figure, legend_height

#: Colours of responses and markers of closures; distinct with any colour vision.
RESPONSE_COLOURS = {"shifted": "#0072B2", "exact": "#D55E00"}
CLOSURE_MARKERS = {"poisson": "o", "renewal": "D"}
IDENTITY_COLOUR, BAND_COLOUR, ERROR_COLOUR = "#7F7F7F", "#EBEBEB", "#9E9E9E"
#: Relative difference of theory and simulation at the border of the band.
CLOSE = 0.1

_ERROR_LOOK: dict[str, Any] = {"color": ERROR_COLOUR, "linewidth": 4 * style.LINE_WIDTH}

#: Height of a row of a group, and of axis labels, in mm; distance of theories within a row, in rows.
_ROW, _AROUND, _APART = 7.0, 11.0, 0.17
#: Ratios that are shown at least, and room beyond the farthest.
_LEAST, _ROOM = (0.8, 1.25), 1.08
#: Mantissas of ticks up to a ratio of the largest to the smallest number.
_TICKS = ((4.0, (1, 1.2, 1.5, 2, 3, 4, 5, 6, 8)), (12.0, (1, 1.5, 2, 3, 5, 7)), (100.0, (1, 2, 5)))


def theory_comparison(
    simulated: Mapping[str, float],
    theories: Mapping[str, Mapping[str, float]],
    *,
    standard_errors: Mapping[str, float] | None = None,
    kind: str = "simulated",
    ax: Axes | None = None,
    width: float | None = None,
) -> Figure:
    """Draw the rates of theories over simulated ones: a row for each group of neurons, a marker for each theory.

    Args:
        simulated: Mean rates in Hz by group; NaN if unknown.
        theories: Rates in Hz by group, for each theory by its name, as in ``exact/renewal``; NaN if unknown.
        standard_errors: Of the simulated rates in Hz by group; no bars if None.
        kind: Which rates of the simulation they are, on the axis: ``simulated`` for all times, or ``settled``.
        ax: Axes to draw in, instead of a new figure.
        width: Width of a new figure in inches [85 mm].

    Returns:
        The figure: a logarithmic axis of ratios, a band of 10 % around 1, and grey bars of the simulated error.

    Raises:
        InputError: Groups differ, or a theory is unknown.
    """
    _check(simulated, theories, standard_errors)
    groups = list(simulated)
    rates = np.array([simulated[group] for group in groups], np.float64)
    errors = np.array([np.nan if standard_errors is None else standard_errors[group] for group in groups])
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = {name: np.array([each[group] for group in groups]) / rates for name, each in theories.items()}
        relative = errors / rates
    with style.paper_style():
        handles: list[Artist] = [
            *(Line2D([], [], label=_in_words(name), **_look(name)) for name in theories),
            Patch(color=BAND_COLOUR, label=f"within {100 * CLOSE:.0f} %"),
        ]
        if np.isfinite(relative).any():
            handles.append(Line2D([], [], label=f"± s.e. of the {kind} rate", **_ERROR_LOOK))
        width = style.width_in(ax, width, style.ONE_COLUMN)
        above = legend_height(handles, width) / style.POINTS_PER_INCH
        figure, axes = style.new_axes(width, above + (_AROUND + _ROW * len(groups)) / style.MM_PER_INCH, ax=ax)
        axes.set(xscale="log", ylim=(len(groups) - 0.5, -0.5), xlabel=f"rate in theory / {kind} rate")
        axes.axvspan(1 - CLOSE, 1 + CLOSE, color=BAND_COLOUR, linewidth=0, zorder=0)
        axes.axvline(1, color=IDENTITY_COLOUR, linewidth=style.LINE_WIDTH, zorder=1)
        _draw(axes, ratios, relative)
        axes.set_yticks(range(len(groups)), [_label(*each) for each in zip(groups, rates, strict=True)])
        axes.tick_params(axis="y", length=0)
        _tick(axes, ratios)
        legend_above_figure(ax or figure, handles)
    return style.whole(figure)


def _check(
    simulated: Mapping[str, float],
    theories: Mapping[str, Mapping[str, float]],
    errors: Mapping[str, float] | None,
) -> None:
    known = [f"{response}/{closure}" for response in RESPONSE_COLOURS for closure in CLOSURE_MARKERS]
    for name in theories:
        if name not in known:
            raise invalid("theories", name, f"some of {', '.join(known)}")
    given = dict(theories) | ({} if errors is None else {"standard_errors": errors})
    for name, each in given.items():
        if set(each) != set(simulated):
            raise invalid(f"groups of {name}", list(each), f"those of simulated, {', '.join(simulated)}")


def _label(group: str, rate: float) -> str:
    return f"{group}\n{rate:.3g} Hz" if np.isfinite(rate) else group


def _in_words(name: str) -> str:
    """Response and closure of a theory: ``exact, renewal input``."""
    response, closure = name.split("/")
    return f"{response}, {'Poisson' if closure == 'poisson' else closure} input"


def _look(name: str) -> dict[str, Any]:
    response, closure = name.split("/")
    colour = RESPONSE_COLOURS[response]
    face = {"markerfacecolor": colour if closure == "renewal" else "white", "markeredgecolor": colour}
    return face | {"linestyle": "none", "marker": CLOSURE_MARKERS[closure], "markersize": 4.0, "markeredgewidth": 1.0}


def _draw(axes: Axes, ratios: Mapping[str, NDArray[np.float64]], relative: NDArray[np.float64]) -> None:
    rows = np.arange(len(relative))
    seen = np.isfinite(relative)
    low = np.maximum(1 - relative[seen], 1e-3)
    axes.hlines(rows[seen], low, 1 + relative[seen], colors=ERROR_COLOUR, linewidth=_ERROR_LOOK["linewidth"], zorder=2)
    middle = (len(ratios) - 1) / 2
    for place, (name, values) in enumerate(ratios.items()):
        drawn = np.isfinite(values) & (values > 0)
        axes.plot(values[drawn], (rows + _APART * (place - middle))[drawn], zorder=3, **_look(name))


def _tick(axes: Axes, ratios: Mapping[str, NDArray[np.float64]]) -> None:
    known = np.concatenate([np.array(_LEAST), *ratios.values()])
    known = known[np.isfinite(known) & (known > 0)]
    axes.set_xlim(known.min() / _ROOM, known.max() * _ROOM)
    span = known.max() / known.min()
    subs = next((each for limit, each in _TICKS if span < limit), (1.0,))
    axes.xaxis.set_major_locator(LogLocator(subs=subs))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
