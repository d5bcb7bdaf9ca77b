"""Heat map of the firing rates of clusters over time."""

from __future__ import annotations

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from neuro_mod.core.populations import Populations
from neuro_mod.plotting.style import (
    LINE_WIDTH,
    MM_PER_INCH,
    ONE_AND_A_HALF_COLUMNS,
    POINTS_PER_INCH,
    TICK_SIZE,
    dress,
    new_figure,
    paper_style,
    population_groups,
)

COLOUR_MAP = "viridis"

#: Columns of the image at most; more samples are averaged.
_MAX_COLUMNS = 2000
#: Heights of the rows of E clusters, E background, I clusters and I background, and of the gap between groups.
_ROW_HEIGHTS = {"E clusters": 1.0, "E background": 0.8, "I clusters": 0.6, "I background": 0.8}
_GAP = 0.5


def cluster_rate_map(
    times: NDArray[np.floating],
    rates: NDArray[np.floating],
    populations: Populations,
    *,
    width: float = ONE_AND_A_HALF_COLUMNS,
) -> Figure:
    """Draw smoothed rates as colours: E clusters, E background, I clusters, I background, from top to bottom.

    Populations without neurons are left out.

    Args:
        times: Evenly spaced sample times in seconds, shape ``(n_samples,)``.
        rates: Rates in Hz, shape ``(n_samples, populations.total)``, as ``smoothed_rates`` gives them.
        populations: Layout of the network.
        width: Width of the figure in inches.

    Returns:
        The figure: the map, then its colour bar.

    Raises:
        ValueError: Shapes that do not fit, or times that are not evenly spaced.
    """
    _check(times, rates, populations)
    groups = population_groups(populations)
    tops, bottoms = _rows(groups, populations.total)
    start, end = _span(times)
    end_row = float(bottoms.max(initial=_ROW_HEIGHTS["E background"]))
    shown = rates[:, populations.sizes > 0]
    norm = Normalize(0, float(shown.max(initial=0.0)) or 1.0)
    with paper_style():
        figure = new_figure(width, float(np.clip(14 + 4.5 * end_row, 34, 90)) / MM_PER_INCH)
        axes = figure.add_subplot()
        dress(axes)
        for _, members in groups if len(times) else ():
            axes.imshow(
                _averaged(rates[:, members]).T,
                extent=(start, end, float(bottoms[members.stop - 1]), float(tops[members.start])),
                aspect="auto",
                interpolation="nearest",
                cmap=COLOUR_MAP,
                norm=norm,
            )
        axes.set(xlim=(start, end), ylim=(end_row, 0), xlabel="time (s)", ylabel="population")
        points_per_row = 0.8 * figure.get_size_inches()[1] * POINTS_PER_INCH / end_row
        ticked = _ticked(groups, points_per_row)
        axes.set_yticks(
            [(tops[a] + bottoms[a]) / 2 for a in ticked], [populations.names[a].replace("_", " ") for a in ticked]
        )
        axes.spines[["left", "bottom"]].set_visible(False)
        bar = figure.colorbar(ScalarMappable(norm, COLOUR_MAP), ax=axes, pad=0.02, aspect=25)
        bar.set_label("firing rate (Hz)")
        bar.ax.tick_params(labelsize=TICK_SIZE, width=LINE_WIDTH, length=2.5, pad=2.0)
        bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
    return figure


def _check(times: NDArray[np.floating], rates: NDArray[np.floating], populations: Populations) -> None:
    if rates.shape != (len(times), populations.total):
        raise ValueError(
            f"{len(times)} times and {populations.total} populations need rates of shape "
            f"{(len(times), populations.total)}; found {rates.shape}"
        )
    gaps = np.diff(times)
    if len(gaps) and not (gaps[0] > 0 and np.allclose(gaps, gaps[0], rtol=1e-3)):
        raise ValueError("the sample times must rise in even steps")


def _span(times: NDArray[np.floating]) -> tuple[float, float]:
    """Begin of the first and end of the last sample's bin; a lone sample is taken for the first of a run."""
    if len(times) == 0:
        return 0.0, 1.0
    half = (times[1] - times[0]) / 2 if len(times) > 1 else times[0] or 0.5
    return float(times[0] - half), float(times[-1] + half)


def _averaged(rates: NDArray[np.floating]) -> NDArray[np.floating]:
    """Average neighbouring samples until they fit ``_MAX_COLUMNS``; a last, incomplete group by its own number."""
    together = -(-len(rates) // _MAX_COLUMNS)
    starts = np.arange(0, len(rates), together)
    return np.add.reduceat(rates, starts) / np.diff(np.append(starts, len(rates)))[:, None]


def _rows(groups: list[tuple[str, slice]], total: int) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Upper and lower edge of each population's row, in rows of an E cluster from the top; 0 where not drawn."""
    tops, bottoms = np.zeros(total), np.zeros(total)
    y = 0.0
    for name, members in groups:
        height = _ROW_HEIGHTS[name]
        n = members.stop - members.start
        tops[members] = y + height * np.arange(n)
        bottoms[members] = tops[members] + height
        y += height * n + _GAP
    return tops, bottoms


def _ticked(groups: list[tuple[str, slice]], points_per_row: float) -> list[int]:
    """Populations whose name stands at the axis: backgrounds, and every 1st, 2nd, 5th, 10th ... cluster."""
    ticked: list[int] = []
    for name, members in groups:
        row = _ROW_HEIGHTS[name] * points_per_row
        every = next(n for n in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if n * row >= 1.15 * TICK_SIZE or n == 1000)
        ticked.extend(range(members.start, members.stop, every))
    return ticked
