"""Legends above axes and figures, in as many columns as fit, read row by row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from neuro_mod.plotting.style import POINTS_PER_INCH, TICK_SIZE, size_in_points, text_length

#: Width of an entry's sample with the gaps around it, in points; room of a column's letters, which are wider than most.
_SAMPLE, _WIDER = 3.1 * TICK_SIZE, 1.08
#: Length of a sample and gaps beside it, in parts of the size of letters.
_SPACING: dict[str, Any] = {"handlelength": 1.6, "handletextpad": 0.5, "columnspacing": 1.0}
#: Share of a figure's width that axes take.
_WIDTH_SHARE = 0.8
#: Height of a row in points.
ROW = 10.5


def legend_columns(labels: Sequence[str], points: float) -> int:
    """The largest number of columns of a legend, filled row by row, that fit this width in points; 1 at least.

    Args:
        labels: Texts of the entries.
        points: Width of the legend.
    """
    for columns in range(len(labels), 1, -1):
        lengths = [max(text_length(label, TICK_SIZE) for label in labels[k::columns]) for k in range(columns)]
        if _WIDER * sum(lengths) + _SAMPLE * columns - TICK_SIZE <= points:
            return columns
    return 1


def legend_height(handles: Sequence[Artist], width: float) -> float:
    """Height in points of a legend above a figure of this width in inches."""
    return ROW * -(-len(handles) // legend_columns(_labels(handles), width * POINTS_PER_INCH))


def legend_above_axes(axes: Axes, handles: Sequence[Artist], width: float) -> None:
    """Put a legend above axes, in a figure of this width in inches."""
    columns = legend_columns(_labels(handles), _WIDTH_SHARE * width * POINTS_PER_INCH)
    axes.legend(
        handles=_by_column(handles, columns),
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=columns,
        frameon=False,
        borderpad=0.2,
        **_SPACING,
    )


def legend_above_figure(place: Figure | SubFigure | Axes, handles: Sequence[Artist]) -> None:
    """Put a legend above all axes of a figure, or above axes of a figure that has others."""
    if isinstance(place, Axes):
        legend_above_axes(place, handles, size_in_points(place)[0] / POINTS_PER_INCH / _WIDTH_SHARE)
        return
    columns = legend_columns(_labels(handles), place.bbox.width / place.dpi * POINTS_PER_INCH)
    entries = _by_column(handles, columns)
    place.legend(handles=entries, loc="outside upper center", ncols=columns, frameon=False, borderpad=0, **_SPACING)


def _by_column(handles: Sequence[Artist], columns: int) -> list[Artist]:
    """Entries in the order in which Matplotlib fills columns, so that rows can be read one after the other."""
    return [handle for column in range(columns) for handle in handles[column::columns]]


def _labels(handles: Sequence[Artist]) -> list[str]:
    return [str(handle.get_label()) for handle in handles]
