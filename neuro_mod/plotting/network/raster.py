"""Spike raster of a network, coloured by population."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.transforms import ScaledTranslation, Transform
from numpy.typing import NDArray

from neuro_mod.errors import invalid
from neuro_mod.plotting import style
from neuro_mod.plotting.samples import check_window
from neuro_mod.populations import Populations
from neuro_mod.recordings.spikes import SpikeEvents

#: Up to this number, spikes are dots; more are drawn as an image of their density.
MAX_DOTS = 300_000

#: Height for many neurons; where they are few, that of a row, of the margins and the least, in mm.
_HEIGHT, _ROW, _AROUND, _LOWEST = 90.0, 2.5, 14.0, 36.0
#: Share of the figure that the axes take, roughly.
_AXES_SHARE = (0.72, 0.87)
#: Share of the axes that dots cover: an active cluster, five times the mean rate, is then nearly full.
_INK = 0.22
#: A dot is at least a pixel, and at most so many points.
_MIN_DOT, _LARGE_DOT = style.POINTS_PER_INCH / style.DPI, 1.0
#: Where a neuron's row has this many points, spikes are ticks: of this width, and this part of the row high.
_TICK_ROW, _TICK_WIDTH, _TICK_HEIGHT = 2.0, 0.5, 0.75
#: Middle and width of the bars beside the axes, and beginning of the names, in points.
_BAR_PLACE, _BAR_WIDTH, _NAME_PLACE = 5.0, 3.0, 9.0
#: In the image, this quantile of the density of pixels with spikes has the full colour.
_FULL_COLOUR = 0.95
#: Exponent that keeps backgrounds, of a fiftieth of an active cluster's rate, in sight.
_COMPRESSION = 0.7


def raster(
    spikes: SpikeEvents,
    populations: Populations,
    *,
    t_from: float = 0.0,
    t_to: float | None = None,
    ax: Axes | None = None,
    width: float | None = None,
) -> Figure:
    """Draw the spikes of all neurons over time.

    Neurons go down the y axis in storage order, as in ``cluster_rate_map``. Dots become smaller with more spikes; more
    than ``MAX_DOTS`` spikes are drawn as an image of their density. Both are rasterised to keep vector files small.
    Spikes of few neurons are thin ticks.

    Args:
        spikes: The spikes.
        populations: Layout of the same network.
        t_from: Beginning of the shown window in seconds.
        t_to: End of the window in seconds (that instant not included); the end of the run if None.
        ax: Axes to draw in, instead of a new figure.
        width: Width of a new figure in inches [114 mm].

    Returns:
        The figure, with one axes.

    Raises:
        InputError: The network sizes differ, or the window is empty.
    """
    window = shown_window(spikes, populations.n_neurons, t_from, t_to)
    width = style.width_in(ax, width, style.ONE_AND_A_HALF_COLUMNS)
    height = float(np.clip(_AROUND + _ROW * populations.n_neurons, _LOWEST, _HEIGHT)) / style.MM_PER_INCH
    size = (_AXES_SHARE[0] * width * style.POINTS_PER_INCH, _AXES_SHARE[1] * height * style.POINTS_PER_INCH)
    if ax is not None:
        size = style.size_in_points(ax)
    with style.paper_style():
        figure, axes = style.new_axes(width, height, ax=ax)
        draw_raster(axes, spikes, populations.of_neuron, style.population_colours(populations), window, size)
        axes.set_ylabel("neuron")
        label_populations(axes, populations, size[1])
    return style.whole(figure)


def shown_window(spikes: SpikeEvents, n_neurons: int, t_from: float, t_to: float | None) -> tuple[float, float]:
    """The window to show, up to the end of the run if ``t_to`` is None.

    Raises:
        InputError: The sizes of the network differ, or the window is empty.
    """
    if spikes.n_neurons != n_neurons:
        raise invalid("number of neurons in spikes", spikes.n_neurons, f"{n_neurons}, as in the layout")
    if t_to is None:
        t_to = spikes.duration or spikes.delta_t
    check_window(t_from, t_to)
    return t_from, t_to


def draw_raster(
    axes: Axes,
    spikes: SpikeEvents,
    of_neuron: NDArray[np.integer],
    colours: Sequence[str],
    window: tuple[float, float],
    size: tuple[float, float],
) -> None:
    """Draw the spikes of all neurons over time in given axes, as ``raster`` does, and label the time axis.

    Args:
        axes: Where to draw.
        spikes: The spikes.
        of_neuron: Group of each neuron, shape ``(n_neurons,)``; ascending, so that an image can distinguish them.
        colours: Colour of each group, ``#RRGGBB``.
        window: Beginning and end in seconds, as ``shown_window`` gives them.
        size: Width and height of the axes in points, roughly, as the layout is unknown until the figure is drawn.
    """
    style.dress(axes)
    shown = spikes.between(*window)
    if len(shown) <= MAX_DOTS:
        _draw_spikes(axes, shown, of_neuron, colours, _marker(len(of_neuron), len(shown), size))
    else:
        first, last = (round(t / spikes.delta_t) for t in window)
        _draw_density(axes, shown, (first, last), of_neuron, colours, size)
    axes.set(xlim=window, ylim=(max(1, len(of_neuron)) - 0.5, -0.5), xlabel="time (s)")
    axes.yaxis.set_major_locator(style.round_ticks(8, integer=True))


def _marker(n_neurons: int, n_spikes: int, axes_size: tuple[float, float]) -> dict[str, Any]:
    """Look of a spike: a tick where there are few neurons, else a dot that is smaller where there are more spikes."""
    width, height = axes_size
    row = height / max(1, n_neurons)
    if row >= _TICK_ROW:
        return {"marker": "|", "markersize": _TICK_HEIGHT * row, "markeredgewidth": _TICK_WIDTH}
    size = (_INK * width * height / max(1, n_spikes)) ** 0.5
    return {"marker": "s", "markersize": float(np.clip(size, _MIN_DOT, _LARGE_DOT)), "markeredgewidth": 0}


def _draw_spikes(
    axes: Axes,
    spikes: SpikeEvents,
    of_neuron: NDArray[np.integer],
    colours: Sequence[str],
    marker: dict[str, Any],
) -> None:
    distinct = sorted(set(colours))
    of_group = np.array([distinct.index(colour) for colour in colours], dtype=np.int8)
    of_spike, times = of_group[of_neuron[spikes.neurons]], spikes.times
    for i, colour in enumerate(distinct):
        mine = of_spike == i
        if mine.any():
            axes.plot(
                times[mine],
                spikes.neurons[mine],
                linestyle="none",
                color=colour,
                rasterized=True,
                **marker,
            )


def _draw_density(
    axes: Axes,
    spikes: SpikeEvents,
    window: tuple[int, int],
    of_neuron: NDArray[np.integer],
    colours: Sequence[str],
    size: tuple[float, float],
) -> None:
    """Draw the spikes of some neurons in some steps as one pixel in their colour, stronger where there are more."""
    columns, rows = (max(1, int(points * style.DPI / style.POINTS_PER_INCH)) for points in size)
    n_neurons = len(of_neuron)
    first, last = window
    per_column = -(-(last - first) // columns)
    per_row = -(-n_neurons // rows)
    columns, rows = -(-(last - first) // per_column), -(-n_neurons // per_row)
    cell = (spikes.neurons // per_row).astype(np.int64) * columns + (spikes.steps - first) // per_column
    counts = np.bincount(cell, minlength=rows * columns).reshape(rows, columns)
    # The last row and column may hold fewer neurons and steps.
    held = np.outer(
        np.diff(np.append(np.arange(rows) * per_row, n_neurons)),
        np.diff(np.append(np.arange(columns) * per_column, last - first)),
    )
    density = counts / held
    full = np.quantile(density[density > 0], _FULL_COLOUR)
    strength = np.minimum(density / full, 1.0)[..., None] ** _COMPRESSION
    of_row = of_neuron[np.arange(rows) * per_row]
    colour = np.array([to_rgb(name) for name in colours])[of_row][:, None]
    t_from, t_to = first * spikes.delta_t, (first + columns * per_column) * spikes.delta_t
    axes.imshow(
        1 - strength * (1 - colour),
        extent=(t_from, t_to, rows * per_row - 0.5, -0.5),
        aspect="auto",
        interpolation="nearest",
    )


def label_populations(axes: Axes, populations: Populations, height: float) -> None:
    """Mark the populations by coloured bars and name their groups, at the right side.

    Args:
        axes: Axes with the neurons on the y axis, limits set.
        populations: Layout of the network.
        height: Height of the axes in points, roughly.
    """
    groups = style.population_groups(populations)
    if not groups:
        return
    colours, edges = style.population_colours(populations), populations.boundaries - 0.5
    inhabited = np.flatnonzero(populations.sizes)
    axes.vlines(
        np.ones(len(inhabited)),
        edges[inhabited],
        edges[inhabited + 1],
        colors=[colours[a] for a in inhabited],
        linewidth=_BAR_WIDTH,
        transform=_beside(axes, _BAR_PLACE),
        clip_on=False,
    )
    middles = np.array([(edges[members.start] + edges[members.stop]) / 2 for _, members in groups])
    line_height = 1.2 * style.TICK_SIZE / height * populations.n_neurons
    places = _apart(middles, line_height, populations.n_neurons)
    for (name, members), place in zip(groups, places, strict=True):
        axes.text(
            1,
            place,
            name,
            color=colours[members.start],
            fontsize=style.TICK_SIZE,
            verticalalignment="center",
            transform=_beside(axes, _NAME_PLACE),
        )


def _beside(axes: Axes, points: float) -> Transform:
    """Parts of the axes along x, moved to the right by this many points; data along y."""
    moved = ScaledTranslation(points / style.POINTS_PER_INCH, 0, style.figure_of(axes).dpi_scale_trans)
    return axes.get_yaxis_transform() + moved


def _apart(places: NDArray[np.float64], distance: float, end: float) -> NDArray[np.float64]:
    """Move rising places so that neighbours keep their distance and the last stays before the end."""
    steps = distance * np.arange(len(places))
    pushed_down = np.maximum.accumulate(places - steps) + steps
    from_end = end - distance / 2 - steps[::-1]
    return np.minimum(pushed_down, from_end)
