"""Parameters and panels of the figures of a sweep."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import XAxis, YAxis
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator, StrMethodFormatter
from numpy.typing import ArrayLike, NDArray

from neuro_mod.checks import check_shape
from neuro_mod.errors import InputError
from neuro_mod.plotting import style

#: Columns of panels, at most.
_MAX_COLUMNS = 4
#: Width of the figure for one panel, for two and for more.
_WIDTHS = (style.ONE_COLUMN, style.ONE_AND_A_HALF_COLUMNS, style.TWO_COLUMNS)
#: Shares of a panel's width and height that its axes take, roughly.
_WIDE, _TALL = 0.7, 0.72
#: Where labels may be broken: after a comma or a dot, before a unit.
_BREAK = re.compile(r"(?<=,) | (?=\()|(?<=\.)(?=[a-z])")
#: Names on an axis, at most; numbers likewise.
_MAX_NAMES, _MAX_NUMBERS = 30, 5
#: Points along an axis that a number on it needs.
_PER_NUMBER = {"x": 26.0, "y": 16.0}


@dataclass(frozen=True, eq=False)
class SweptParameter:
    """A parameter of a sweep.

    Args:
        label: Label of its axes, with the unit.
        values: Its value in each row of the table, shape ``(n_rows,)``; where it has categories, indices of these.
        categories: Names of its values, if they are not numbers.
        logarithmic: Whether its axis is logarithmic.
    """

    label: str
    values: NDArray[np.floating]
    categories: Sequence[str] = ()
    logarithmic: bool = False

    def apply(self, axis: XAxis | YAxis, points: float, *, sampled: bool = True) -> None:
        """Scale, ticks and label of an axis of this length in points; ticks at ``sampled`` values, if these are few."""
        if self.logarithmic:
            axis.axes.set(**{f"{axis.axis_name}scale": "log"})
        if self.categories:
            axis.set_major_locator(FixedLocator(list(range(len(self.categories))[:: self._every])))
            axis.set_minor_locator(NullLocator())
            axis.set_ticklabels(self._names)
            if axis.axis_name == "x" and self.turned(points):
                axis.set_tick_params(labelrotation=90)
        elif not (sampled and style.tick_values(axis, self.values, points, logarithmic=self.logarithmic)):
            self._number(axis, min(max(int(points / _PER_NUMBER[axis.axis_name]), 2), _MAX_NUMBERS))
        axis.set_label_text(broken(self.label, points))

    def _number(self, axis: XAxis | YAxis, n_numbers: int) -> None:
        """Write about this many round numbers."""
        low, high = float(self.values.min()), float(self.values.max())
        if not self.logarithmic or high < 10 * low:
            axis.set_major_locator(style.round_ticks(n_numbers, quarters=True))
            axis.set_minor_locator(NullLocator())
        else:
            axis.set_major_locator(FixedLocator(_logarithmic_numbers(low, high, n_numbers)))
            axis.set_minor_formatter(NullFormatter())
        if self.logarithmic:
            axis.set_major_formatter(StrMethodFormatter("{x:g}"))

    def turned(self, points: float) -> float:
        """Length in points of the names of categories, if they must be turned below an axis of this length; else 0."""
        longest = max((style.text_length(name, style.TICK_SIZE) for name in self._names), default=0.0)
        return longest if longest * len(self._names) > 0.8 * points else 0.0

    @property
    def _every(self) -> int:
        return -(-len(self.categories) // _MAX_NAMES) or 1

    @property
    def _names(self) -> list[str]:
        return [_shortened(name) for name in self.categories[:: self._every]]


def check_rows(parameters: Sequence[SweptParameter], measures: Mapping[str, ArrayLike]) -> None:
    """Refuse parameters and measures that do not have equally many rows.

    Raises:
        InputError: The numbers of rows differ, or there is no parameter or measure.
    """
    if not parameters or not measures or not len(parameters[0].values):
        raise InputError("sweep: no parameter, measure or row found; expected at least one of each")
    for label, values in ({each.label: each.values for each in parameters} | dict(measures)).items():
        check_shape(label, values, (len(parameters[0].values),))


def broken(label: str, points: float) -> str:
    """A label on several lines, where it is longer than this: after a comma, before a unit, else near its middle."""
    if style.text_length(label, style.LABEL_SIZE) <= points:
        return label
    if place := _BREAK.search(label):
        return f"{broken(label[: place.start()], points)}\n{broken(label[place.end() :], points)}"
    return "\n".join(textwrap.wrap(label, len(label) // 2 + 2, break_long_words=False, break_on_hyphens=False))


def mark_empty(axes: Axes, values: ArrayLike) -> None:
    """Write a note into axes that have no values."""
    if not np.isfinite(values).any():
        axes.text(0.5, 0.5, "no value", size=style.TICK_SIZE, ha="center", va="center", transform=axes.transAxes)
        axes.yaxis.set_major_locator(NullLocator())


class Panel(NamedTuple):
    """Axes of a measure.

    Attributes:
        axes: The axes.
        wide: Their width in points, roughly, as the layout is unknown until the figure is drawn.
        tall: Their height likewise.
        lowest: Whether there are no axes of the same width below them, which share the labels of the x axis.
    """

    axes: Axes
    wide: float
    tall: float
    lowest: bool

    def label_x(self, parameter: SweptParameter) -> None:
        """Scale, ticks and label of the x axis."""
        parameter.apply(self.axes.xaxis, self.wide)
        if not self.lowest:
            self.axes.set_xlabel("")
            self.axes.tick_params(labelbottom=False)


def sweep_width(n: int, ax: Axes | None, width: float | None) -> float:
    """Width in inches of a figure of n panels: of the axes to draw in, the given one, or that of a journal's column."""
    return style.width_in(ax, width, _WIDTHS[min(n, len(_WIDTHS)) - 1])


def sweep_panels(
    n: int,
    x: SweptParameter,
    *,
    width: float,
    height: float,
    least: float,
    share: float = 1.0,
    above: float = 0.0,
    ax: Axes | None = None,
) -> tuple[Figure | SubFigure, list[Panel]]:
    """An empty figure with panels, of which the first of three or more is larger; the others are read row by row.

    Args:
        n: How many.
        x: What is on their x axes, whose names may need room below them.
        width: Of the figure, in inches.
        height: Of a small panel with its labels, in points.
        least: Width of a panel at least, in mm.
        share: Of the width of the axes, what is left beside colour bars.
        above: Room above all in points.
        ax: Axes in whose place they are drawn.
    """
    columns = _columns(n, int(width * style.MM_PER_INCH / least))
    cells = _cells(n, columns)
    rows = max(rows.stop for rows, _ in cells)
    narrowest = _WIDE * width * style.POINTS_PER_INCH / columns
    below = x.turned(share * narrowest)
    if ax is not None:
        height = style.size_in_points(ax)[1] / rows
    figure = style.new_figure(width, (rows * (height + below) + above) / style.POINTS_PER_INCH, ax)
    grid, panels = figure.add_gridspec(rows, columns), []
    for k, (of_rows, of_columns) in enumerate(cells):
        axes = figure.add_subplot(grid[of_rows, of_columns])
        style.dress(axes)
        wide = share * narrowest * (of_columns.stop - of_columns.start)
        lowest = all(others != of_columns for _, others in cells[k + 1 :])
        panels.append(Panel(axes, wide, _TALL * height * (of_rows.stop - of_rows.start), lowest))
    return figure, panels


def _columns(n: int, most: int) -> int:
    """The number of columns, of those that fit, that leaves the fewest places empty; the smaller of several."""
    most = min(max(most, 1), _MAX_COLUMNS)
    if n < 3 or most < 3:
        return min(n, most)
    return min(range(3, most + 1), key=lambda columns: max(rows.stop for rows, _ in _cells(n, columns)) * columns - n)


def _cells(n: int, columns: int) -> list[tuple[slice, slice]]:
    """Rows and columns of each panel: the first of several has two columns, and two rows where others are beside it."""
    if n < 3 or columns < 2:
        return [(slice(k // columns, k // columns + 1), slice(k % columns, k % columns + 1)) for k in range(n)]
    first = slice(0, 2 if columns > 2 else 1), slice(0, 2)
    places = ((row, column) for row in range(n + 2) for column in range(columns))
    free = [(r, c) for r, c in places if not (r < first[0].stop and c < first[1].stop)]
    return [first, *((slice(r, r + 1), slice(c, c + 1)) for r, c in free[: n - 1])]


def _logarithmic_numbers(low: float, high: float, most: int) -> list[float]:
    """About ``most`` round numbers between bounds whose ratio is at least ten."""
    first, last = np.log10(low), np.log10(high)
    exponents = range(math.floor(first), math.ceil(last) + 1)
    decades = last - first
    factors = (1, 2, 5) if 3 * decades <= most + 1 else (1, 3) if 2 * decades <= most + 1 else (1,)
    every = math.ceil(decades / (most - 1)) if factors == (1,) else 1
    numbers = [factor * 10.0**exponent for exponent in exponents for factor in factors]
    return [number for number in numbers if low * (1 - 1e-9) <= number <= high * (1 + 1e-9)][::every]


def _shortened(name: str, most: int = 14) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"
