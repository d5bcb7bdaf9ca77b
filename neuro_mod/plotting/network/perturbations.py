"""Perturbations over time, and the parameters of the populations before and after them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from neuro_mod.core.course import Course
from neuro_mod.core.perturbations.targets import TARGETS
from neuro_mod.errors import invalid
from neuro_mod.plotting import style
from neuro_mod.plotting.legends import legend_above_figure
from neuro_mod.plotting.population_map import add_colour_bar, centred, fit_beside, frame_map
from neuro_mod.plotting.population_rows import EVEN_HEIGHTS, PopulationRows, population_rows
from neuro_mod.plotting.target_labels import change_label, check_by_target, parameter_label
from neuro_mod.populations import Populations

_Array = NDArray[np.floating]

BEFORE_COLOUR, JOIN_COLOUR, EXAMPLE_COLOUR = "#737373", "#B3B3B3", "#404040"

#: In mm: maximal height of all panels; minimal and maximal height of one panel, height of a label above it.
_TOGETHER, _LOWEST, _MAX, _TITLE = 210.0, 16.0, 82.0, 4.0
#: Share of a panel's height that its axes take; of the figure's width that populations along x take.
_HEIGHT_SHARE, _WIDTH_SHARE = 0.85, 0.75
#: Columns of a map in an inch of the figure, where pieces are narrower; each is some three pixels wide.
_COLUMNS_PER_INCH = 100
_AFTER_SIZE = 2.8
_BEFORE: dict[str, Any] = {
    "color": BEFORE_COLOUR,
    "linestyle": "none",
    "marker": "o",
    "markersize": 4.2,
    "markerfacecolor": "none",
    "markeredgewidth": style.LINE_WIDTH,
}


def perturbation_map(
    perturbations: Mapping[str, Course],
    populations: Populations,
    *,
    duration: float,
    delta_t: float,
    t_from: float = 0.0,
    t_to: float | None = None,
    ax: Axes | None = None,
    width: float | None = None,
) -> Figure:
    """Draw perturbations as colours, a map for each target; populations as in ``cluster_rate_map``.

    In each group of populations, only those from the first to the last that is ever perturbed are shown, and all if
    none is; a note says so.

    A map is exact if each piece is wide enough to be visible. Otherwise each column, at most a quarter of a millimetre
    wide, shows the value of each population that is farthest from 0, so that changes of one step are always visible.

    Args:
        perturbations: Deviations in time by target, values of shape ``(K, P)`` in the unit of the target.
        populations: Layout of the network.
        duration: Length of the run in seconds.
        delta_t: Time step in seconds.
        t_from: Beginning of the shown window in seconds.
        t_to: End of the window in seconds; the end of the run if None.
        ax: Axes to draw in, instead of a new figure; several maps share their place.
        width: Width of a new figure in inches [114 mm].

    Returns:
        The figure: the maps, which share the time axis, then their colour bars.

    Raises:
        InputError: There is no perturbation, a target is unknown, or a shape does not fit.
    """
    _check({target: course.values[0] for target, course in perturbations.items()}, populations)
    rows, note = _perturbed_rows(perturbations.values(), populations)
    end = max(1, round((duration if t_to is None else t_to) / delta_t))
    first = min(round(t_from / delta_t), end - 1)
    norms = []
    with style.paper_style():
        width = style.width_in(ax, width, style.ONE_AND_A_HALF_COLUMNS)
        figure, panels, points = _new_panels(len(perturbations), width, min(_MAX, 12 + 4.5 * rows.end), 12, ax)
        for axes, course in zip(panels, perturbations.values(), strict=True):
            edges, values = _pieces(course.after(first), end - first, int(_COLUMNS_PER_INCH * width))
            norms.append(centred(values[:, rows.drawn]))
            _draw_pieces(axes, (first + edges) * delta_t, values, rows, norms[-1])
            frame_map(axes, (first * delta_t, end * delta_t), rows, points)
        panels[-1].set_xlabel("time (s)")
        if len(panels) > 1:
            figure.supylabel("population")
        else:
            panels[0].set_ylabel("population")
        bars = [add_colour_bar(*of, style.DIVERGING, points / 6).ax for of in zip(panels, norms, strict=True)]
        for bar in bars:
            bar.yaxis.set_major_locator(style.round_ticks(max(2, int(points / 18)), quarters=True, symmetric=True))
        _label_panels(panels, bars, [change_label(target) for target in perturbations], points)
        style.write_note(panels[0] if ax is not None and len(panels) == 1 else figure, note)
    return style.whole(figure)


def _perturbed_rows(courses: Iterable[Course], populations: Populations) -> tuple[PopulationRows, str]:
    """Rows of the populations to show, and a note on those that are left out."""
    everything = population_rows(populations)
    shown = np.any([course.values.any(axis=0) for course in courses], axis=0) & (populations.sizes > 0)
    rows = population_rows(populations, shown=shown) if shown.any() else everything
    return rows, "all other populations are unperturbed" if len(rows.drawn) < len(everything.drawn) else ""


def effective_parameters(
    before: Mapping[str, _Array],
    after: Mapping[str, _Array],
    populations: Populations,
    *,
    ax: Axes | None = None,
    width: float | None = None,
) -> Figure:
    """Draw parameters of the populations before and after a perturbation, a panel for each target.

    Populations go along the x axis in storage order; those without neurons are left out.

    Args:
        before: Unperturbed values by target, shape ``(P,)`` each, in the unit of the parameter; ``j_baseline`` and
            ``j_potentiated`` are factors of weights.
        after: Perturbed values of the same targets.
        populations: Layout of the network.
        ax: Axes to draw in, instead of a new figure; several targets share their place.
        width: Width of a new figure in inches [114 mm].

    Returns:
        The figure, with one axes per target that share the x axis.

    Raises:
        InputError: There is no target or an unknown one, the targets differ, or a shape does not fit.
    """
    _check(before, populations)
    _check(after, populations)
    if set(before) != set(after):
        raise invalid("targets of after", list(after), f"those of before, {', '.join(before)}")
    rows = population_rows(populations, EVEN_HEIGHTS)
    with style.paper_style():
        width = style.width_in(ax, width, style.ONE_AND_A_HALF_COLUMNS)
        figure, panels, points = _new_panels(len(before), width, 34, 28, ax)
        for axes, target in zip(panels, before, strict=True):
            _draw_change(axes, before[target], after[target], rows, style.population_colours(populations))
        panels[-1].set(xlim=(-0.5, rows.end + 0.5), xlabel="population")
        panels[-1].tick_params(axis="x", labelrotation=90)
        rows.name_on(panels[-1].xaxis, _WIDTH_SHARE * width * style.POINTS_PER_INCH)
        _label_panels(panels, panels, [parameter_label(target) for target in before], points)
        legend_above_figure(panels[0] if ax is not None and len(panels) == 1 else figure, _legend_handles())
    return style.whole(figure)


def _check(values: Mapping[str, _Array], populations: Populations) -> None:
    if not values:
        raise invalid("targets", (), f"at least one of {', '.join(TARGETS)}")
    check_by_target(values, populations)


def _new_panels(
    n: int, width: float, height: float, margin: float, ax: Axes | None
) -> tuple[Figure | SubFigure, list[Axes], float]:
    """Panels below each other, of this height in mm if there is room; and the height of one in points, roughly."""
    height = float(np.clip(_TOGETHER / (n + 1), min(_LOWEST, height), height))
    if ax is not None:
        height = max(1.0, style.height_in(ax, 0) * style.MM_PER_INCH - margin) / n
    if n == 1:
        figure, only = style.new_axes(width, (height + margin) / style.MM_PER_INCH, ax=ax)
        panels = [only]
    else:
        figure = style.new_figure(width, (n * height + margin) / style.MM_PER_INCH, ax)
        panels = list(figure.subplots(n, sharex=True, squeeze=False)[:, 0])
    for axes in panels:
        style.dress(axes)
    return figure, panels, _HEIGHT_SHARE * (height - _TITLE * (n > 1)) * style.POINTS_PER_MM


def _label_panels(panels: Sequence[Axes], beside: Sequence[Axes], labels: Sequence[str], points: float) -> None:
    """Put labels on the y axes of ``beside``, or, where one is too long for that, all above the panels."""
    if fit_beside(labels, points):
        for axes, label in zip(beside, labels, strict=True):
            axes.set_ylabel(label)
    else:
        for axes, label in zip(panels, labels, strict=True):
            axes.set_title(label.replace("\n", " "), loc="left", fontsize=style.TICK_SIZE, pad=2)


def _pieces(course: Course, n_steps: int, n_columns: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Borders in steps, shape ``(n + 1,)``, and values between them, shape ``(n, P)``, none narrower than a column."""
    inside = course.steps < n_steps
    starts, values = course.steps[inside], course.values[inside]
    edges = np.append(starts, n_steps)
    if np.diff(edges).min() * n_columns >= n_steps:
        return edges, values
    borders = np.unique(np.linspace(0, n_steps, n_columns + 1).round().astype(np.int64))
    first = course.piece(borders[:-1])
    after_last = np.searchsorted(starts, borders[1:])
    pairs = np.column_stack([first, after_last]).ravel()
    padded = np.append(values, values[-1:], axis=0)
    highest, lowest = (extreme.reduceat(padded, pairs)[::2] for extreme in (np.maximum, np.minimum))
    return borders, np.where(highest >= -lowest, highest, lowest)


def _draw_pieces(axes: Axes, edges: _Array, values: NDArray[np.float64], rows: PopulationRows, norm: Normalize) -> None:
    for _, members in rows.groups:
        axes.pcolormesh(
            edges, rows.edges(members), values[:, members].T, cmap=style.DIVERGING, norm=norm, rasterized=True
        )


def _draw_change(axes: Axes, before: _Array, after: _Array, rows: PopulationRows, colours: Sequence[str]) -> None:
    drawn = rows.drawn
    places = rows.middles[drawn]
    axes.vlines(places, before[drawn], after[drawn], colors=JOIN_COLOUR, linewidth=style.LINE_WIDTH, zorder=1)
    axes.plot(places, before[drawn], **_BEFORE)
    axes.scatter(places, after[drawn], s=_AFTER_SIZE**2, c=[colours[a] for a in drawn], linewidths=0, zorder=3)
    axes.margins(y=0.12)
    axes.yaxis.set_major_locator(style.round_ticks(4, quarters=True))
    axes.ticklabel_format(axis="y", useOffset=False)


def _legend_handles() -> list[Line2D]:
    perturbed = {"color": EXAMPLE_COLOUR, "linestyle": "none", "marker": "o", "markeredgewidth": 0}
    return [
        Line2D([], [], label="unperturbed", **_BEFORE),
        Line2D([], [], label="perturbed", markersize=_AFTER_SIZE, **perturbed),
    ]
