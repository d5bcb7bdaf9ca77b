"""The table of a sweep: a row for each run."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neuro_mod.config.plain import canonical_text
from neuro_mod.execution.sweep_columns import ERROR

if TYPE_CHECKING:
    import pandas as pd

#: Error of a run that was not done before the job ended.
NOT_DONE = "not done"

#: Numbers in the form of JSON: None for NaN, text for infinity.
_Plain = dict[str, dict[str, Any]]


def to_plain(measures: Mapping[str, Mapping[str, float]]) -> _Plain:
    """Numbers by measure and column in the form of JSON."""
    return {name: {column: _plain(value) for column, value in each.items()} for name, each in measures.items()}


class MeasuredColumns:
    """Columns of measures, filled in any order.

    Args:
        measures: Names of the measures.
        n_rows: Number of rows; rows that are not filled hold NaN.
    """

    def __init__(self, measures: Sequence[str], n_rows: int):
        self._measures = list(measures)
        self._n_rows = n_rows
        self._columns: dict[tuple[str, str], NDArray[np.float64]] = {}
        #: First row of each column and place in that row; it orders the columns, whatever the order of filling.
        self._first: dict[tuple[str, str], tuple[int, int]] = {}
        self.filled = np.zeros(n_rows, bool)

    def fill(self, row: int, measures: _Plain) -> None:
        """Fill a row with the result of `to_plain`."""
        self.filled[row] = True
        for name, each in measures.items():
            for place, (column, value) in enumerate(each.items()):
                key = name, column
                if key not in self._columns:
                    self._columns[key] = np.full(self._n_rows, math.nan)
                self._columns[key][row] = math.nan if value is None else float(value)
                self._first[key] = min(self._first.get(key, (row, place)), (row, place))

    def by_measure(self) -> dict[str, dict[str, NDArray[np.float64]]]:
        """The columns of each measure that has been filled."""
        ordered = sorted(self._columns, key=lambda key: (self._measures.index(key[0]), self._first[key]))
        found: dict[str, dict[str, NDArray[np.float64]]] = {}
        for name, column in ordered:
            found.setdefault(name, {})[column] = self._columns[name, column]
        return found


def parameter_column(values: Sequence[Any]) -> NDArray[Any]:
    """Values of a parameter as an array of integers, real numbers, booleans or text."""
    kinds = {type(value) for value in values}
    if kinds <= {int, float}:
        return np.array(values, np.int64 if kinds == {int} and _fit(values) else np.float64)
    if kinds == {bool}:
        return np.array(values, bool)
    return np.array([value if isinstance(value, str) else canonical_text(value) for value in values], object)


def assemble(
    leading: Mapping[str, NDArray[Any]], columns: MeasuredColumns, error_of: Callable[[int], str]
) -> pd.DataFrame:
    """The table. Where the name of a column is taken, the name of its measure is put before it.

    Args:
        leading: Columns of points, runs, seeds and parameters.
        columns: Columns of the measures.
        error_of: The error of a row that is not filled.
    """
    import pandas as pd  # noqa: PLC0415 -- importing takes half a second

    data = dict(leading)
    for measure, each in columns.by_measure().items():
        for name, values in each.items():
            data[f"{measure} {name}" if name in data or name == ERROR else name] = values
    errors = ["" if done else error_of(row) for row, done in enumerate(columns.filled.tolist())]
    return pd.DataFrame({**data, ERROR: np.array(errors, object)})


def _plain(value: float) -> float | str | None:
    return None if math.isnan(value) else str(value) if math.isinf(value) else value


def _fit(values: Sequence[int]) -> bool:
    return all(-(2**63) <= value < 2**63 for value in values)
