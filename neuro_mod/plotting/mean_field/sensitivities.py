"""How the rates of all populations, and the leading eigenvalue, change with a perturbation of each population."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import AsinhNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from neuro_mod.checks import check_shape
from neuro_mod.errors import invalid
from neuro_mod.plotting import style
from neuro_mod.plotting.population_rows import PopulationRows, population_rows, wide_gap
from neuro_mod.plotting.target_labels import parameter_name
from neuro_mod.populations import Populations

_Array = NDArray[np.floating]

#: Colour of what grows and of what falls, as at the ends of the colour map.
_RISE_COLOUR, _FALL_COLOUR, _ZERO_COLOUR = "#B2182B", "#2166AC", "#7F7F7F"
#: Targets that are few; columns at most, of few targets and of many.
_MAX_FEW, _MAX_COLUMNS = 3, 4
#: Heights of a map, at most and at least, of the bars below it, and room around, in mm.
_MAP, _LOWEST_MAP, _BARS, _AROUND = 40.0, 20.0, 12.0, 14.0
#: Height of a page, and widths of a map with its colour bar at least, for few targets and for many, in mm.
_PAGE, _FEW, _MANY = 235.0, 44.0, 31.0
#: Room for the names of populations in mm, and of a colour bar in points.
_NAMES, _BAR = 22.0, 40.0
#: Part of the largest derivative up to which colours are nearly linear; beyond, they are logarithmic.
_LINEAR = 0.03


@dataclass(frozen=True, eq=False)
class SensitivityPanel:
    """Derivatives with respect to one target.

    Args:
        target: The perturbed parameter, a name of `TARGETS`.
        unit: Its unit; empty if it has none.
        rates: Of each population (second axis) with respect to the perturbation of each (first axis), in Hz per unit,
            shape ``(P, P)``.
        leading: Of the largest real part of the eigenvalues in 1/s per unit, shape ``(P,)``.
    """

    target: str
    unit: str
    rates: _Array
    leading: _Array


def sensitivity_maps(
    panels: Sequence[SensitivityPanel],
    populations: Populations,
    title: str,
    *,
    ax: Axes | None = None,
    width: float | None = None,
) -> Figure:
    """Draw a map of the derivatives of all rates for each target, and below it those of the leading eigenvalue.

    Perturbed populations go from left to right, those whose rate changes from top to bottom; populations without
    neurons are left out. Colours are linear near 0 and logarithmic beyond, so that effects on others can be seen beside
    that on the perturbed population itself.

    Args:
        panels: The derivatives for each target.
        populations: Layout of the network.
        title: Of the figure.
        ax: Axes in whose place to draw, instead of a new figure.
        width: Width of a new figure in inches [180 mm].

    Returns:
        The figure: for each target a map with its colour bar, and bars.

    Raises:
        InputError: There is no target, or shapes do not fit.
    """
    if not panels:
        raise invalid("panels", (), "at least one target")
    p = populations.total
    for panel in panels:
        check_shape(f"rates of {panel.target}", panel.rates, (p, p))
        check_shape(f"leading of {panel.target}", panel.leading, (p,))
    rows = population_rows(populations, gap=wide_gap(populations))
    with style.paper_style():
        width = style.width_in(ax, width, style.TWO_COLUMNS)
        few = len(panels) <= _MAX_FEW
        beside = int((width * style.MM_PER_INCH - _NAMES) / (_FEW if few else _MANY))
        columns = max(1, min(len(panels), _MAX_COLUMNS, beside))
        n_rows = -(-len(panels) // columns)
        map_height = float(np.clip((_PAGE - _NAMES) / n_rows - _BARS - _AROUND, _LOWEST_MAP, _MAP))
        height = (n_rows * (map_height + _BARS + _AROUND) + _NAMES) / style.MM_PER_INCH
        map_points = map_height * style.POINTS_PER_MM * style.height_in(ax, height) / height
        figure = style.new_figure(width, height, ax)
        figure.suptitle(title, fontsize=style.LABEL_SIZE)
        places = figure.subplots(2 * n_rows, columns, height_ratios=[map_height, _BARS] * n_rows, squeeze=False)
        points = (width * style.MM_PER_INCH - _NAMES) / columns * style.POINTS_PER_MM - _BAR
        for k in range(n_rows * columns):
            upper, lower = (places[2 * (k // columns) + part, k % columns] for part in (0, 1))
            if k >= len(panels):
                upper.remove()
                lower.remove()
                continue
            _draw_map(upper, panels[k], rows, map_points if k % columns == 0 else 0.0)
            _draw_bars(lower, panels[k], rows, points if k + columns >= len(panels) else 0.0)
            if k % columns == 0:
                upper.set_ylabel("effect on rate of", fontsize=style.TICK_SIZE)
                lower.set_ylabel("leading\neigenvalue\n(1/s per unit)", fontsize=style.TICK_SIZE)
    return style.whole(figure)


def _draw_map(axes: Axes, panel: SensitivityPanel, rows: PopulationRows, points: float) -> None:
    """Draw a map of this height in points; if that is 0, without the names of its rows."""
    style.dress(axes)
    drawn = panel.rates[np.ix_(rows.drawn, rows.drawn)]
    largest = float(np.abs(drawn[np.isfinite(drawn)]).max(initial=0.0)) or 1.0
    norm = AsinhNorm(_LINEAR * largest, -largest, largest)
    for _, perturbed in rows.groups:
        edges = rows.edges(perturbed)
        rows.frame(axes, (float(edges[0]), float(edges[-1])))
        for _, changed in rows.groups:
            values = panel.rates[perturbed, changed].T
            axes.pcolormesh(edges, rows.edges(changed), values, cmap=style.DIVERGING, norm=norm, rasterized=True)
    axes.set(xlim=(0, rows.end), ylim=(rows.end, 0))
    axes.set_title(f"{parameter_name(panel.target)}\n({_derivative(panel.unit)})", fontsize=style.TICK_SIZE, pad=3)
    if points:
        rows.name_on(axes.yaxis, points)
    axes.tick_params(bottom=False, labelbottom=False, left=False, labelleft=points > 0)
    axes.spines[["left", "bottom"]].set_visible(False)
    bar = style.new_bar(axes, ScalarMappable(norm, style.DIVERGING), aspect=20, pad=0.02)
    ends = largest * np.array([1, 0.1])
    bar.set_ticks([*-ends, 0, *ends[::-1]], minor=False)
    bar.ax.minorticks_off()
    bar.ax.yaxis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{float(f'{value:.2g}'):g}".replace("-", style.MINUS))
    )
    style.dress_bar(bar)


def _draw_bars(axes: Axes, panel: SensitivityPanel, rows: PopulationRows, points: float) -> None:
    style.dress(axes)
    values = panel.leading[rows.drawn]
    colours = np.where(values > 0, _RISE_COLOUR, _FALL_COLOUR)
    widths = rows.bottoms[rows.drawn] - rows.tops[rows.drawn]
    axes.bar(rows.middles[rows.drawn], values, widths, color=colours.tolist())
    axes.axhline(0, color=_ZERO_COLOUR, linewidth=style.LINE_WIDTH)
    axes.set_xlim(0, rows.end)
    if points:
        rows.name_on(axes.xaxis, points)
        axes.set_xlabel("perturbed population", fontsize=style.TICK_SIZE)
    axes.tick_params(axis="x", labelrotation=90, bottom=False, labelbottom=points > 0)
    axes.yaxis.set_major_locator(style.round_ticks(3))


def _derivative(unit: str) -> str:
    return "Hz" if not unit else f"Hz per {unit.removesuffix('s') if len(unit) > 2 else unit}"
