"""What the pictures of a sweep have in common: parameters, and panels for the measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import XAxis, YAxis
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, LogLocator, MaxNLocator, NullFormatter, NullLocator, StrMethodFormatter
from numpy.typing import ArrayLike, NDArray

from neuro_mod.plotting.style import (
    LABEL_SIZE,
    ONE_AND_A_HALF_COLUMNS,
    ONE_COLUMN,
    POINTS_PER_INCH,
    TICK_SIZE,
    TWO_COLUMNS,
    dress,
    new_figure,
    text_length,
)

#: Panels side by side, at most, and the widths of figures of so many.
_MOST_COLUMNS = 3
_WIDTHS = {1: ONE_COLUMN, 2: ONE_AND_A_HALF_COLUMNS, 3: TWO_COLUMNS}
#: Share of a panel's width that its axes take, roughly.
_SHARE = 0.7
#: Names on an axis, at most; decades from which on a logarithmic axis has a number at each alone.
_MOST_NAMES, _FEW_DECADES = 30, 2.5


@dataclass(frozen=True, eq=False)
class SweptParameter:
    """A parameter of a sweep.

    Args:
        label: What axes call it, with its unit.
        values: Its value in each row of the table, shape ``(n_rows,)``; where it has categories, indices of these.
        categories: Its values in words, if they are no numbers.
        logarithmic: Whether its axis is.
    """

    label: str
    values: NDArray[np.floating]
    categories: Sequence[str] = ()
    logarithmic: bool = False

    def apply(self, axis: XAxis | YAxis, points: float) -> None:
        """Scale, ticks and label of an axis of this length in points."""
        if self.logarithmic:
            axis.axes.set(**{f"{axis.axis_name}scale": "log"})
            decades = np.log10(self.values.max() / self.values.min())
            axis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < _FEW_DECADES else (1,)))
            axis.set_major_formatter(StrMethodFormatter("{x:g}"))
            axis.set_minor_formatter(NullFormatter())
        elif self.categories:
            axis.set_major_locator(FixedLocator(list(range(len(self.categories))[:: self._every])))
            axis.set_minor_locator(NullLocator())
            axis.set_ticklabels(self._names)
            if axis.axis_name == "x" and self.turned(points):
                axis.set_tick_params(labelrotation=90)
        else:
            axis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
        axis.set_label_text(broken(self.label, points))

    def turned(self, points: float) -> float:
        """Length in points of the names of categories, if they must be turned below an axis of this length; else 0."""
        longest = max((text_length(name, TICK_SIZE) for name in self._names), default=0.0)
        return longest if longest * len(self._names) > 0.8 * points else 0.0

    @property
    def _every(self) -> int:
        return -(-len(self.categories) // _MOST_NAMES) or 1

    @property
    def _names(self) -> list[str]:
        return [_shortened(name) for name in self.categories[:: self._every]]


def check_rows(parameters: Sequence[SweptParameter], measures: Mapping[str, ArrayLike]) -> None:
    """Refuse parameters and measures that do not have equally many rows.

    Raises:
        ValueError: The message names the one to blame; or there is no measure, parameter, or row.
    """
    if not parameters or not measures or not len(parameters[0].values):
        raise ValueError("a picture of a sweep needs a parameter, a measure and a row")
    n = len(parameters[0].values)
    shapes = {each.label: np.shape(each.values) for each in parameters}
    shapes |= {label: np.shape(values) for label, values in measures.items()}
    for label, shape in shapes.items():
        if shape != (n,):
            raise ValueError(f"{label}: {n} rows need values of shape ({n},); found {shape}")


def broken(label: str, points: float) -> str:
    """A label on two lines, where it is longer than this and has a place to break it."""
    if text_length(label, LABEL_SIZE) <= points:
        return label
    if " (" in label and "." not in label.split(" (", maxsplit=1)[0]:
        return label.replace(" (", "\n(", 1)
    return label.replace(".", ".\n", 1)


def panel_points(n: int, most: int = _MOST_COLUMNS) -> float:
    """Width in points, without its labels and roughly, of each of n panels, so many side by side at most."""
    columns = min(n, most)
    return _SHARE * _WIDTHS[columns] * POINTS_PER_INCH / columns


def new_panels(n: int, height: float, *, above: float = 0.0, most: int = _MOST_COLUMNS) -> tuple[Figure, list[Axes]]:
    """An empty figure with panels, read row by row.

    Args:
        n: How many.
        height: Of a panel with its labels, in points.
        above: Room above them in points.
        most: How many side by side, at most.
    """
    columns = min(n, most)
    rows = -(-n // columns)
    figure = new_figure(_WIDTHS[columns], (rows * height + above) / POINTS_PER_INCH)
    panels = list(figure.subplots(rows, columns, squeeze=False).ravel())
    for axes in panels[n:]:
        axes.remove()
    for axes in panels[:n]:
        dress(axes)
    return figure, panels[:n]


def _shortened(name: str, most: int = 14) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"
