"""Runs with and without a perturbation: spikes side by side, and the difference of the rates."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from neuro_mod.checks import check_shape
from neuro_mod.plotting import style
from neuro_mod.plotting.bands import BAND_COLOUR, band_handle
from neuro_mod.plotting.legends import legend_above_figure, legend_height
from neuro_mod.plotting.network.raster import draw_raster, label_populations, shown_window
from neuro_mod.plotting.population_map import add_colour_bar, centred, draw_population_map
from neuro_mod.plotting.population_rows import population_rows
from neuro_mod.plotting.samples import check_samples, time_span
from neuro_mod.plotting.target_labels import check_by_target, range_label
from neuro_mod.populations import EXCITATORY, Populations
from neuro_mod.recordings.spikes import SpikeEvents

_Array = NDArray[np.floating]

DIFFERENCE_LABEL = "rate difference (Hz)"
#: Panels of traces at most.
MAX_TRACES = 8

#: Heights in mm: of the rasters, of their lower margin, of their titles; of the map at least and at most, with its
#: margins, and of these.
_RASTERS, _BELOW, _TITLE, _MAP_LOWEST, _MAP_HIGHEST, _AROUND_MAP = 70.0, 12.0, 8.0, 40.0, 70.0, 15.0
#: Widths in mm: margins of the rasters and columns, between the rasters, a column, and a column with its gap.
_BESIDE, _BETWEEN, _COLUMN, _COLUMN_PLACE = 38.0, 2.0, 4.0, 7.0
#: Height of a panel of traces, and of the margins of all panels, in mm.
_PANEL_HEIGHT, _MARGIN = 23.0, 10.0
_ZERO_COLOUR, _BAND_STRENGTH = "#7F7F7F", 0.3


def paired_runs(
    baseline: SpikeEvents,
    changed: SpikeEvents,
    times: _Array,
    difference: _Array,
    vectors: Mapping[str, _Array],
    populations: Populations,
    *,
    t_from: float = 0.0,
    t_to: float | None = None,
    ax: Axes | None = None,
    width: float | None = None,
) -> Figure:
    """Draw the spikes without and with a perturbation, its vectors beside them, and the difference of the rates.

    Args:
        baseline: Spikes without the perturbation.
        changed: Spikes with it.
        times: Middles of the bins in seconds, evenly spaced, shape ``(n_bins,)``.
        difference: Rates with the perturbation minus rates without it in Hz, mean over trials, shape ``(n_bins, P)``;
            NaN where a population is empty.
        vectors: Perturbation of each population by target, shape ``(P,)`` each, in the unit of the target.
        populations: Layout of the network.
        t_from: Beginning of the window of spikes in seconds.
        t_to: End of the window in seconds (that instant not included); the end of the longer run if None.
        ax: Axes in whose place to draw, instead of a new figure.
        width: Width of a new figure in inches [180 mm].

    Returns:
        The figure: both rasters, a column for each target whose colours go from minus to plus its largest absolute
        value, the map of the differences at all times, its colour bar.

    Raises:
        InputError: The network sizes or shapes differ, the window is empty, or a target is unknown.
    """
    check_samples(times, difference, populations, "differences")
    check_by_target(vectors, populations)
    if t_to is None:
        t_to = max(baseline.duration, changed.duration) or baseline.delta_t
    for spikes in (baseline, changed):
        window = shown_window(spikes, populations.n_neurons, t_from, t_to)
    rows = population_rows(populations)
    map_height = float(np.clip(_AROUND_MAP + 3 * rows.end, _MAP_LOWEST, _MAP_HIGHEST))
    with style.paper_style():
        width = style.width_in(ax, width, style.TWO_COLUMNS)
        runs_height = _RASTERS + _BELOW + _labels_height(vectors)
        height = (runs_height + map_height) / style.MM_PER_INCH
        scale = style.height_in(ax, height) / height
        figure = style.new_figure(width, height, ax)
        above, below = figure.subfigures(2, 1, squeeze=False, height_ratios=(runs_height, map_height))[:, 0]
        size = (width * style.MM_PER_INCH, max(1.0, scale * runs_height - _BELOW - _labels_height(vectors)))
        _draw_runs(above, baseline, changed, vectors, populations, window, size)
        axes = below.subplots()
        style.dress(axes)
        norm = centred(difference[:, rows.drawn])
        points = max(1.0, scale * map_height - _AROUND_MAP) * style.POINTS_PER_MM
        draw_population_map(axes, times, difference, rows, norm, style.DIVERGING, points)
        axes.set(xlabel="time (s)", ylabel="population", title=f"perturbed {style.MINUS} baseline")
        add_colour_bar(axes, norm, style.DIVERGING).set_label(DIFFERENCE_LABEL)
    return style.whole(figure)


def _labels_height(vectors: Mapping[str, _Array]) -> float:
    """Height in mm that the titles of the rasters and the upright labels of the vectors take."""
    lines = [line for target, vector in vectors.items() for line in range_label(target, vector).splitlines()]
    return max([_TITLE, *(3 + style.text_length(line, style.TICK_SIZE) / style.POINTS_PER_MM for line in lines)])


def _draw_runs(
    figure: SubFigure,
    baseline: SpikeEvents,
    changed: SpikeEvents,
    vectors: Mapping[str, _Array],
    populations: Populations,
    window: tuple[float, float],
    room: tuple[float, float],
) -> None:
    """Draw both rasters and the vectors into a part of the figure of this width, rasters of this height, in mm."""
    raster_width = max(0.15 * room[0], (room[0] - _BESIDE - _COLUMN_PLACE * len(vectors)) / 2)
    size = (raster_width * style.POINTS_PER_MM, room[1] * style.POINTS_PER_MM)
    widths = [raster_width, _BETWEEN, raster_width] + [_COLUMN] * len(vectors)
    grid = figure.add_gridspec(1, len(widths), width_ratios=widths)
    first = figure.add_subplot(grid[0])
    panels = [first, *(figure.add_subplot(grid[i], sharey=first) for i in range(2, len(widths)))]
    for axes, spikes, title in zip(panels[:2], (baseline, changed), ("baseline", "perturbed"), strict=True):
        draw_raster(axes, spikes, populations.of_neuron, style.population_colours(populations), window, size)
        axes.set_title(title)
    first.set_ylabel("neuron")
    for axes in panels[1:]:
        axes.tick_params(labelleft=False)
    for axes, (target, vector) in zip(panels[2:], vectors.items(), strict=True):
        _draw_vector(axes, target, vector, populations)
    label_populations(panels[-1], populations, size[1])


def _draw_vector(axes: Axes, target: str, vector: _Array, populations: Populations) -> None:
    """Draw a vector as patches over the neurons of each population, under the name of the target and the range."""
    starts, sizes = populations.boundaries[:-1], populations.sizes
    colours = style.DIVERGING(centred(vector)(vector))
    axes.barh(starts - 0.5, 1.0, sizes, align="edge", color=colours, linewidth=0)
    axes.set(xlim=(0, 1), xticks=[])
    axes.tick_params(left=False, labelleft=False)
    axes.spines[:].set(color=style.FRAME_COLOUR, linewidth=style.LINE_WIDTH)
    axes.annotate(
        range_label(target, vector),
        (0.5, 1.0),
        xycoords="axes fraction",
        xytext=(0, 3),
        textcoords="offset points",
        rotation=90,
        fontsize=style.TICK_SIZE,
        horizontalalignment="center",
        verticalalignment="bottom",
        multialignment="left",
        linespacing=1.0,
    )


def difference_traces(
    times: _Array,
    difference: _Array,
    standard_error: _Array,
    populations: Populations,
    acted_on: NDArray[np.bool_],
    *,
    ax: Axes | None = None,
    width: float | None = None,
) -> Figure:
    """Draw the differences of the rates of some populations over time, with bands of plus and minus a standard error.

    Up to ``MAX_TRACES`` populations are shown: those perturbed with the largest mean absolute difference, E clusters
    first; if none is perturbed, those with the largest difference of all.

    Args:
        times: Middles of the bins in seconds, evenly spaced, shape ``(n_bins,)``.
        difference: Rates with the perturbation minus rates without it in Hz, mean over trials, shape ``(n_bins, P)``;
            NaN where a population is empty.
        standard_error: Its standard error in Hz, shape ``(n_bins, P)``; NaN where unknown, without a band.
        populations: Layout of the network.
        acted_on: Whether the perturbation acts on each population, shape ``(P,)``.
        ax: Axes in whose place to draw, instead of a new figure.
        width: Width of a new figure in inches [114 mm].

    Returns:
        The figure, with an axes for each shown population, in storage order, that share both axes; one empty axes if
        there is none.

    Raises:
        InputError: Shapes that do not fit, or times that are not evenly spaced.
    """
    check_samples(times, difference, populations, "differences")
    check_samples(times, standard_error, populations, "standard errors")
    check_shape("acted_on", acted_on, (populations.total,))
    shown = _largest(difference, populations, np.asarray(acted_on, dtype=bool))
    colours = style.population_colours(populations)
    with style.paper_style():
        width = style.width_in(ax, width, style.ONE_AND_A_HALF_COLUMNS)
        handles = _trace_handles(bool(np.isfinite(standard_error[:, shown]).any()))
        above = legend_height(handles, width) / style.POINTS_PER_INCH
        figure, panels = _trace_panels(max(1, len(shown)), width, above, ax)
        for axes, a in zip(panels, shown, strict=False):  # there is one panel even without populations
            _draw_trace(axes, times, difference[:, a], standard_error[:, a], colours[a])
            axes.set_title(style.in_words(populations.names[a]), loc="left", fontsize=style.TICK_SIZE, pad=2)
        panels[0].set_xlim(time_span(times))
        panels[0].yaxis.set_major_locator(style.round_ticks(4))
        for axes in panels[-min(len(panels), 2) :]:
            axes.set_xlabel("time (s)")
        figure.supylabel(DIFFERENCE_LABEL)
        legend_above_figure(figure, handles)
    return style.whole(figure)


def _trace_handles(with_bands: bool) -> list[Artist]:
    mean = Line2D([], [], color=BAND_COLOUR, linewidth=1.5 * style.LINE_WIDTH, label="mean over pairs")
    return [mean, *[band_handle(strength=_BAND_STRENGTH)] * with_bands]


def _largest(difference: _Array, populations: Populations, acted_on: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Populations to show, ascending."""
    inhabited = populations.sizes > 0
    candidates = np.flatnonzero(inhabited & acted_on if (inhabited & acted_on).any() else inhabited)
    size = np.nan_to_num(np.abs(difference[:, candidates])).sum(axis=0)
    in_cluster = (populations.types == EXCITATORY) & (populations.cluster_index >= 0)
    return np.sort(candidates[np.lexsort((-size, ~in_cluster[candidates]))][:MAX_TRACES])


def _trace_panels(n: int, width: float, above: float, ax: Axes | None) -> tuple[Figure | SubFigure, list[Axes]]:
    """Panels in up to two columns, read row by row, that share both axes, below a legend of this height in inches."""
    figure = style.new_figure(width, above + (_MARGIN + _PANEL_HEIGHT * max(-(-n // 2), 1.5)) / style.MM_PER_INCH, ax)
    panels = style.new_panels(figure, n, min(n, 2), shared=True)
    if n > 1 and n % 2:
        panels[n - 2].tick_params(labelbottom=True)
    return figure, panels


def _draw_trace(axes: Axes, times: _Array, difference: _Array, standard_error: _Array, colour: str) -> None:
    axes.axhline(0, color=_ZERO_COLOUR, linewidth=style.LINE_WIDTH, zorder=1)
    if np.isfinite(standard_error).any():
        low, high = difference - standard_error, difference + standard_error
        axes.fill_between(times, low, high, color=colour, alpha=_BAND_STRENGTH, linewidth=0)
    axes.plot(times, difference, color=colour, linewidth=1.5 * style.LINE_WIDTH)
