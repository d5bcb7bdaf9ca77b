"""Parameters and panels of the figures of a sweep."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import XAxis, YAxis
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator, StrMethodFormatter
from numpy.typing import ArrayLike, NDArray

from neuro_mod.checks import check_shape
from neuro_mod.errors import InputError
from neuro_mod.plotting import style

#: Panels side by side, at most, and the width of the figure for each number of them.
_MAX_COLUMNS = 3
_WIDTHS = {1: style.ONE_COLUMN, 2: style.ONE_AND_A_HALF_COLUMNS, 3: style.TWO_COLUMNS}
#: Share of a panel's width that its axes take, roughly.
_SHARE = 0.7
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

    def apply(self, axis: XAxis | YAxis, points: float) -> None:
        """Scale, ticks and label of an axis of this length in points."""
        n_numbers = min(max(int(points / _PER_NUMBER[axis.axis_name]), 2), _MAX_NUMBERS)
        if self.logarithmic:
            axis.axes.set(**{f"{axis.axis_name}scale": "log"})
            low, high = float(self.values.min()), float(self.values.max())
            if high < 10 * low:
                axis.set_major_locator(style.round_ticks(n_numbers, quarters=True))
                axis.set_minor_locator(NullLocator())
            else:
                axis.set_major_locator(FixedLocator(_logarithmic_numbers(low, high, n_numbers)))
                axis.set_minor_formatter(NullFormatter())
            axis.set_major_formatter(StrMethodFormatter("{x:g}"))
        elif self.categories:
            axis.set_major_locator(FixedLocator(list(range(len(self.categories))[:: self._every])))
            axis.set_minor_locator(NullLocator())
            axis.set_ticklabels(self._names)
            if axis.axis_name == "x" and self.turned(points):
                axis.set_tick_params(labelrotation=90)
        else:
            axis.set_major_locator(style.round_ticks(n_numbers, quarters=True))
        axis.set_label_text(broken(self.label, points))

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
    """A label on several lines, where it is longer than this and has places to break it."""
    place = _BREAK.search(label)
    if place is None or style.text_length(label, style.LABEL_SIZE) <= points:
        return label
    return f"{label[: place.start()]}\n{broken(label[place.end() :], points)}"


def mark_empty(axes: Axes, values: ArrayLike) -> None:
    """Write a note into axes that have no values."""
    if not np.isfinite(values).any():
        axes.text(0.5, 0.5, "no value", size=style.TICK_SIZE, ha="center", va="center", transform=axes.transAxes)
        axes.yaxis.set_major_locator(NullLocator())


def panel_points(n: int, most: int = _MAX_COLUMNS) -> float:
    """Width in points, without its labels and roughly, of each of n panels, with at most ``most`` side by side."""
    columns = min(n, most)
    return _SHARE * _WIDTHS[columns] * style.POINTS_PER_INCH / columns


def sweep_panels(n: int, height: float, *, above: float = 0.0, most: int = _MAX_COLUMNS) -> tuple[Figure, list[Axes]]:
    """An empty figure with panels, read row by row.

    Args:
        n: How many.
        height: Of a panel with its labels, in points.
        above: Room above them in points.
        most: How many side by side, at most.
    """
    columns = min(n, most)
    figure = style.new_figure(_WIDTHS[columns], (-(-n // columns) * height + above) / style.POINTS_PER_INCH)
    return figure, style.new_panels(figure, n, columns)


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
