"""Phase plane of two focus populations: speed, streamlines, nullclines and steady states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import Normal, Stroke
from matplotlib.ticker import LogLocator
from numpy.typing import NDArray

from neuro_mod.checks import check_shape
from neuro_mod.errors import invalid
from neuro_mod.plotting import style
from neuro_mod.plotting.legends import legend_above_figure, legend_height
from neuro_mod.plotting.samples import check_even
from neuro_mod.plotting.state_styles import check_kinds, draw_states, kind_handles

_Array = NDArray[np.floating]

#: Colours and styles of the nullclines of the first and the second population.
NULLCLINES: tuple[tuple[str, Any], ...] = (("#D55E00", "-"), ("#551155", (0, (4, 1.5))))
PATH_COLOUR, STREAM_COLOUR, UNKNOWN_COLOUR = "#000000", "#8C8C8C", "#DDDDDD"
#: Light shades, dark where the state moves slowly, on which lines are visible.
SPEED_MAP = ListedColormap(mpl.colormaps["Blues_r"](np.linspace(0.45, 1.0, 256)), "speed")
SPEED_LABEL = "|force| (Hz)"

#: Speeds below the fastest by more than this factor have the darkest colour.
_SPEED_RANGE = 1e3
_STREAM_DENSITY, _ARROW_SIZE = 0.6, 0.5
_PATH_STYLE: dict[str, Any] = {"color": PATH_COLOUR, "linewidth": 2 * style.LINE_WIDTH, "label": "path"}
#: Width beside the axes minus height below them, in mm.
_BESIDE = 13.0


def phase_plane(
    axes_values: tuple[_Array, _Array],
    force: _Array,
    states: _Array,
    kinds: Sequence[str],
    names: tuple[str, str],
    path: _Array | None = None,
    *,
    ax: Axes | None = None,
    width: float | None = None,
) -> Figure:
    """Draw the effective force on two focus populations over their rates.

    Args:
        axes_values: Rates in Hz of the grid's points, rising in even steps, shapes ``(n1,)`` and ``(n2,)``.
        force: In Hz, ``[component, i, j]`` at the rates ``axes_values[0][i]``, ``axes_values[1][j]``, shape
            ``(2, n1, n2)``; NaN where unknown.
        states: Rates in Hz of the steady states, shape ``(K, 2)``.
        kinds: ``stable node``, ``saddle``, ... of each state.
        names: Names of the two populations.
        path: Rates in Hz along a path, shape ``(M, 2)``; none if None.
        ax: Axes to draw in, instead of a new figure; they become square.
        width: Width of a new figure in inches [85 mm].

    Returns:
        The figure: square axes with speed as colour, streamlines, nullclines, states and the path; its colour bar.

    Raises:
        InputError: Shapes that do not fit, an uneven grid, or an unknown kind.
    """
    check_plane(axes_values, force, states, kinds)
    if len(names) != 2:
        raise invalid("names", names, "those of 2 populations")
    check_shape("path", path, ("M", 2))
    norm = speed_norm(np.hypot(*force))
    shown = [style.in_words(name) for name in names]
    with style.paper_style():
        handles = nullcline_handles([f"force on {name} = 0" for name in shown])
        handles += [Line2D([], [], **_PATH_STYLE)] * (path is not None) + kind_handles(kinds)
        width = style.width_in(ax, width, style.ONE_COLUMN)
        above = legend_height(handles, width) / style.POINTS_PER_INCH
        figure, axes = style.new_axes(width, width + above - _BESIDE / style.MM_PER_INCH, square=True, ax=ax)
        draw_plane(axes, axes_values, force, norm, _STREAM_DENSITY)
        draw_states(axes, states[:, 0], states[:, 1], kinds)
        if path is not None:
            _draw_path(axes, path)
        axes.set(xlabel=f"rate of {shown[0]} (Hz)", ylabel=f"rate of {shown[1]} (Hz)")
        add_speed_bar(axes, (1.03, 0, 0.035, 1), norm)
        legend_above_figure(ax or figure, handles)
    return style.whole(figure)


def draw_plane(axes: Axes, axes_values: Sequence[_Array], force: _Array, norm: LogNorm, density: float) -> None:
    """Draw speed, streamlines and nullclines into axes, which become square, and grey where the force is unknown.

    Args:
        axes: Where to draw.
        axes_values: As for `phase_plane`.
        force: As for `phase_plane`.
        norm: Range of the speeds, see `speed_norm`.
        density: Of streamlines, relative to Matplotlib's own.
    """
    style.dress(axes)
    axes.set_facecolor(UNKNOWN_COLOUR)
    x, y = axes_values
    known = np.isfinite(force).all(axis=0)
    field = np.ma.array(force, mask=np.broadcast_to(~known, force.shape)).transpose(0, 2, 1)
    slowest = norm.vmin or 0.0
    speed = np.ma.maximum(np.ma.hypot(*field), slowest)
    axes.pcolormesh(x, y, speed, cmap=SPEED_MAP, norm=norm, shading="nearest", rasterized=True)
    if (speed > slowest).any():
        axes.streamplot(
            x,
            y,
            *field,
            density=density,
            color=STREAM_COLOUR,
            linewidth=style.LINE_WIDTH,
            arrowsize=_ARROW_SIZE,
            zorder=2,
        )
    for component, (colour, look) in zip(field, NULLCLINES, strict=True):
        if component.count() and component.min() < 0 < component.max():
            axes.contour(
                x, y, component, levels=[0], colors=colour, linestyles=[look], linewidths=1.6 * style.LINE_WIDTH
            )
    half = [(values[1] - values[0]) / 2 for values in axes_values]
    axes.set(xlim=(x[0] - half[0], x[-1] + half[0]), ylim=(y[0] - half[1], y[-1] + half[1]))
    axes.set_box_aspect(1)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(style.round_ticks(5))


def check_plane(axes_values: Sequence[_Array], force: _Array, states: _Array, kinds: Sequence[str]) -> None:
    """Refuse a force or states that do not fit the axes, of any number, uneven grids and unknown kinds.

    Raises:
        InputError: The message names the argument that does not fit.
    """
    n = len(axes_values)
    check_shape("force", force, (n, *(len(values) for values in axes_values)))
    for values in axes_values:
        check_even("axes_values", values, least=2)
    check_shape("states", states, ("K", n))
    check_kinds(kinds, len(states))


def speed_norm(speed: _Array) -> LogNorm:
    """Logarithmic range of speeds in Hz up to the fastest; from 0.001 to 1 Hz if none moves."""
    known = speed[np.isfinite(speed) & (speed > 0)]
    fastest = float(known.max(initial=0.0)) or 1.0
    slowest = float(known.min(initial=fastest))
    return LogNorm(max(min(slowest, fastest / 10), fastest / _SPEED_RANGE), fastest)


def add_speed_bar(axes: Axes, place: tuple[float, float, float, float], norm: LogNorm) -> None:
    """Put the colour bar of the speed at a place in parts of axes."""
    bar = style.new_bar(axes, ScalarMappable(norm, SPEED_MAP), place, label=SPEED_LABEL, format="{x:g}")
    bar.locator = LogLocator(subs=(1, 2, 5) if np.divide(*bar.ax.get_ylim()) > 0.01 else (1,))
    style.dress_bar(bar, which="both")
    bar.minorticks_off()


def nullcline_handles(labels: Sequence[str]) -> list[Line2D]:
    """Entries of a legend for the nullclines of the first and the second population."""
    return [
        Line2D([], [], color=colour, linestyle=look, linewidth=1.6 * style.LINE_WIDTH, label=label)
        for label, (colour, look) in zip(labels, NULLCLINES, strict=True)
    ]


def _draw_path(axes: Axes, path: _Array) -> None:
    halo = [Stroke(linewidth=5 * style.LINE_WIDTH, foreground="white"), Normal()]
    axes.plot(*path.T, zorder=5, path_effects=halo, **_PATH_STYLE)
