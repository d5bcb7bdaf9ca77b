"""Spike raster of a session, ordered by cluster, with the states that were detected."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Mapping
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from neuro_mod.core.spiking_net.analysis.states.names import State
from neuro_mod.errors import invalid
from neuro_mod.plotting import style
from neuro_mod.plotting.analysis.state_colours import FRAME_COLOUR, colour_of, state_colours, state_handles
from neuro_mod.plotting.legends import legend_above_figure, legend_height
from neuro_mod.plotting.network.raster import draw_raster, shown_window
from neuro_mod.plotting.population_rows import spaced
from neuro_mod.recordings.layout import ClusterLayout
from neuro_mod.recordings.spikes import SpikeEvents

if TYPE_CHECKING:
    import pandas as pd

#: Heights in mm: of the raster, of the band of states above it, of the margins without the legend, of titles.
_RASTER, _BAND, _AROUND, _TITLE = 70.0, 4.0, 13.0, 4.0
_WIDTH_SHARE = 0.9
#: Colours of the spikes of clusters that define states and of other neurons; strength of the colours behind them.
_SPIKE_COLOUR, _OTHER_SPIKE_COLOUR, _SHADE = "#262626", "#8C8C8C", 0.75
#: Width in points of the lines between the visits in the band.
_SEAM = 0.3


def state_raster(
    spikes: SpikeEvents,
    layout: ClusterLayout,
    visits: pd.DataFrame,
    *,
    t_from: float = 0.0,
    t_to: float | None = None,
    colours: Mapping[State, str] | None = None,
    ax: Axes | None = None,
    width: float | None = None,
) -> Figure:
    """Draw the spikes of a session by cluster, under a band of its states.

    The clusters that define states come first, and active ones have the colour of their state as background.

    Args:
        spikes: Spikes of one session.
        layout: Clusters of the same network.
        visits: The visits of that session, rows of a frame of occurrences.
        t_from: Beginning of the shown window in seconds.
        t_to: End of the window in seconds (that instant not included); the end of the session if None.
        colours: Colours of states, see ``state_colours``; others are grey. Pass the same for the figures of several
            sessions. By default, the states with the most time in the window have colours.
        ax: Axes to draw in, instead of a new figure; the panels share their place.
        width: Width of a new figure in inches [180 mm].

    Returns:
        The figure: the band of states, then the raster.

    Raises:
        InputError: The numbers of neurons differ, the window is empty, or the visits are of several sessions.
    """
    return _figure({"": (spikes, visits)}, layout, (t_from, t_to), colours, ax, width)


def state_rasters(
    sessions: Mapping[str, tuple[SpikeEvents, pd.DataFrame]],
    layout: ClusterLayout,
    *,
    t_from: float = 0.0,
    t_to: float | None = None,
    ax: Axes | None = None,
    width: float | None = None,
) -> Figure:
    """Draw the spikes of several sessions beside each other as `state_raster` draws one, in common colours.

    Args:
        sessions: Spikes and visits of each session, by the title of its panel.
        layout: Clusters of all of them.
        t_from: Beginning of the shown window in seconds.
        t_to: End of the window in seconds; the end of each session if None.
        ax: Axes to draw in, instead of a new figure; the panels share their place.
        width: Width of a new figure in inches [180 mm].

    Raises:
        InputError: As for `state_raster`, or there is no session.
    """
    if not sessions:
        raise invalid("sessions", "none", "at least one")
    return _figure(sessions, layout, (t_from, t_to), None, ax, width)


def _figure(
    sessions: Mapping[str, tuple[SpikeEvents, pd.DataFrame]],
    layout: ClusterLayout,
    window: tuple[float, float | None],
    colours: Mapping[State, str] | None,
    ax: Axes | None,
    width: float | None,
) -> Figure:
    shown = []
    for spikes, visits in sessions.values():
        n_sessions = len(set(visits["session"]))
        if n_sessions > 1:
            raise invalid("number of sessions in visits", n_sessions, "1")
        shown_here = shown_window(spikes, layout.n_neurons, *window)
        shown.append((spikes, _within(visits, shown_here), shown_here))
    states = [state for _, visits, _ in shown for state in visits["state"]]
    if colours is None:
        durations = chain.from_iterable(visits["duration"] for _, visits, _ in shown)
        colours = state_colours({"state": states, "duration": durations})
    width = style.width_in(ax, width, style.TWO_COLUMNS)
    tall = _RASTER * style.POINTS_PER_MM if ax is None else style.size_in_points(ax)[1]
    with style.paper_style():
        handles = state_handles(states, colours)
        above = legend_height(handles, width)
        titles = _titles(sessions, width)
        n_lines = max(len(title.splitlines()) for title in titles)
        height = (_AROUND + n_lines * _TITLE + _BAND + _RASTER) / style.MM_PER_INCH
        figure = style.new_figure(width, height + above / style.POINTS_PER_INCH, ax)
        panels = figure.subplots(2, len(shown), sharex="col", height_ratios=(_BAND, _RASTER), squeeze=False)
        if ax is None:
            style.whole(figure).set_layout_engine("constrained", hspace=0, h_pad=1 / style.MM_PER_INCH)
        for column, (title, (spikes, visits, here)) in enumerate(zip(titles, shown, strict=True)):
            band, axes = panels[:, column]
            _draw_band(band, visits, colours)
            size = (_WIDTH_SHARE * width / len(shown) * style.POINTS_PER_INCH, tall)
            _draw_rows(axes, spikes, layout, here, size)
            _shade_active(axes, visits, layout, colours)
            band.set_title(title, loc="left", fontsize=style.TICK_SIZE, pad=3)
            if column:
                band.set_ylabel("")
                axes.set_ylabel("")
                axes.tick_params(labelleft=False)
        legend_above_figure(figure, handles)
    return style.whole(figure)


def _titles(titles: Collection[str], width: float) -> list[str]:
    """Titles of panels that share a width in inches, in lines that fit."""
    room = _WIDTH_SHARE**2 * width * style.POINTS_PER_INCH / max(1, len(titles))
    return [textwrap.fill(title, max(1, int(room / style.text_length("n", style.TICK_SIZE)))) for title in titles]


def _within(visits: pd.DataFrame, window: tuple[float, float]) -> pd.DataFrame:
    """The visits in a window, cut off at its edges."""
    start, end = visits["start"].clip(lower=window[0]), visits["end"].clip(upper=window[1])
    cut = visits.assign(start=start, end=end, duration=end - start)
    return cut.loc[cut["duration"] > 0]


def _draw_band(axes: Axes, visits: pd.DataFrame, colours: Mapping[State, str]) -> None:
    style.dress(axes)
    spans = np.column_stack([visits["start"], visits["duration"]])
    shades = [colour_of(state, colours) for state in visits["state"]]
    axes.broken_barh(spans.tolist(), (0, 1), facecolors=shades, edgecolor="white", linewidth=_SEAM)
    axes.set(ylim=(0, 1), yticks=[])
    axes.set_ylabel("state", rotation=0, horizontalalignment="right", verticalalignment="center", size=style.LABEL_SIZE)
    axes.tick_params(bottom=False, labelbottom=False)
    axes.spines[:].set(visible=True, color=FRAME_COLOUR, linewidth=style.LINE_WIDTH)


def _draw_rows(
    axes: Axes, spikes: SpikeEvents, layout: ClusterLayout, window: tuple[float, float], size: tuple[float, float]
) -> None:
    """Draw the spikes of neurons that are ordered by cluster, and name the clusters on the y axis."""
    ranks = _ranks(layout)
    rows = np.argsort(ranks[layout.of_neuron], kind="stable")
    row_of_neuron = np.empty_like(rows)
    row_of_neuron[rows] = np.arange(len(rows))
    in_rows = replace(spikes, neurons=row_of_neuron[spikes.neurons])
    n_defining = int(layout.defines_states.sum())
    colours = [_SPIKE_COLOUR] * n_defining + [_OTHER_SPIKE_COLOUR] * (len(ranks) - n_defining)
    draw_raster(axes, in_rows, ranks[layout.of_neuron][rows], colours, window, size)
    edges = _edges(layout)
    middles = (edges[:n_defining] + edges[1 : n_defining + 1]) / 2
    names = layout.state_labels.astype(str).tolist()
    if n_defining < len(layout.labels):
        middles, names = np.append(middles, (edges[n_defining] + edges[-1]) / 2), [*names, "other"]
    kept = spaced(middles * size[1] / max(1, layout.n_neurons))
    axes.set_yticks(middles[kept], [names[i] for i in kept])
    axes.set_ylabel("cluster")


def _shade_active(axes: Axes, visits: pd.DataFrame, layout: ClusterLayout, colours: Mapping[State, str]) -> None:
    """Shade the neurons of active clusters in the colours of the states."""
    edges, ranks = _edges(layout), _ranks(layout)
    rank_of_label = {int(label): int(rank) for label, rank in zip(layout.labels, ranks, strict=True)}
    for state, start, duration in zip(visits["state"], visits["start"], visits["duration"], strict=True):
        for label in state if isinstance(state, tuple) else ():
            low, high = edges[rank_of_label[label] : rank_of_label[label] + 2]
            axes.broken_barh(
                [(start, duration)],
                (low, high - low),
                facecolors=colour_of(state, colours),
                alpha=_SHADE,
                linewidth=0,
                zorder=0.5,
            )


def _ranks(layout: ClusterLayout) -> NDArray[np.int64]:
    """Place of each cluster from top to bottom, those that define states first, shape ``(n_clusters,)``."""
    ranks = np.empty(len(layout.labels), dtype=np.int64)
    ranks[np.argsort(~layout.defines_states, kind="stable")] = np.arange(len(ranks))
    return ranks


def _edges(layout: ClusterLayout) -> NDArray[np.float64]:
    """Borders of the clusters' rows from top to bottom, shape ``(n_clusters + 1,)``."""
    sizes = layout.sizes[np.argsort(_ranks(layout))]
    return np.append(0, np.cumsum(sizes)) - 0.5
