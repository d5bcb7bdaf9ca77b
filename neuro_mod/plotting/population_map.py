"""Heat map of a quantity of the populations over evenly spaced times."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.colors import Colormap, Normalize
from numpy.typing import NDArray

from neuro_mod.plotting.population_rows import PopulationRows
from neuro_mod.plotting.samples import time_span
from neuro_mod.plotting.style import LABEL_SIZE, dress_bar, new_bar, text_length

_Array = NDArray[np.floating]

#: Columns of the image at most; more samples are averaged.
_MAX_COLUMNS = 2000


def draw_population_map(
    axes: Axes,
    times: _Array,
    values: _Array,
    rows: PopulationRows,
    norm: Normalize,
    colour_map: str | Colormap,
    points: float,
) -> None:
    """Draw values as colours: E clusters, E background, I clusters, I background, from top to bottom.

    Args:
        axes: Where to draw.
        times: Evenly spaced sample times in seconds, shape ``(n_samples,)``.
        values: Shape ``(n_samples, P)``.
        rows: Places of the P populations.
        norm: Range of the colours.
        colour_map: The colour map, or its name.
        points: Height of the axes in points, roughly.
    """
    start, end = time_span(times)
    for _, members in rows.groups if len(times) else ():
        axes.imshow(
            _averaged(values[:, members]).T,
            extent=(start, end, float(rows.bottoms[members.stop - 1]), float(rows.tops[members.start])),
            aspect="auto",
            interpolation="nearest",
            cmap=colour_map,
            norm=norm,
        )
    frame_map(axes, (start, end), rows, points)


def frame_map(axes: Axes, span: tuple[float, float], rows: PopulationRows, points: float) -> None:
    """Give the axes of a map, of this height in points, limits in seconds, borders, and names of the populations."""
    axes.set(xlim=span, ylim=(rows.end, 0))
    rows.name_on(axes.yaxis, points)
    rows.frame(axes, span)
    axes.spines[["left", "bottom"]].set_visible(False)


def add_colour_bar(axes: Axes, norm: Normalize, colour_map: str | Colormap, aspect: float = 25) -> Colorbar:
    """Put a colour bar beside a map; ``aspect`` is its height over its width."""
    bar = new_bar(axes, ScalarMappable(norm, colour_map), pad=0.02, aspect=aspect)
    dress_bar(bar)
    return bar


def centred(values: _Array) -> Normalize:
    """A range of colours with 0 in its middle that holds all values but NaN; from -1 to 1 if all are 0."""
    largest = float(np.nanmax(np.abs(values), initial=0.0)) or 1.0
    return Normalize(-largest, largest)


def fit_beside(labels: Sequence[str], points: float) -> bool:
    """Whether all labels fit beside panels of this height in points when they are turned by 90 degrees."""
    return all(text_length(line, LABEL_SIZE) <= points for label in labels for line in label.splitlines())


def _averaged(values: _Array) -> _Array:
    """Average neighbouring samples until they fit ``_MAX_COLUMNS``; a last, incomplete group by its own number."""
    together = -(-len(values) // _MAX_COLUMNS)
    starts = np.arange(0, len(values), together)
    return np.add.reduceat(values, starts) / np.diff(np.append(starts, len(values)))[:, None]
