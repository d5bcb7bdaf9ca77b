"""Spikes in text tables, one spike per line, and in pandas frames."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuro_mod.checks import DECIMAL_COMMA, DECIMAL_POINT
from neuro_mod.errors import DataError
from neuro_mod.recordings.conventions import Conventions, TimeUnit
from neuro_mod.recordings.pairs import pair_of
from neuro_mod.recordings.readings import Reading
from neuro_mod.recordings.rows import Rows, rows_of, separates_sessions
from neuro_mod.storage.reading import naming

#: Names of the column of times, and the unit that a name implies.
TIME_COLUMNS: dict[str, TimeUnit | None] = {
    **dict.fromkeys(("time", "times", "t"), None),
    **dict.fromkeys(("time_s", "times_s"), "s"),
    **dict.fromkeys(("time_ms", "times_ms"), "ms"),
    "timestamps": None,
}
#: Names of the column of neurons; ``sender`` is NEST's, ``i`` Brian2's, ``node_ids`` SONATA's.
NEURON_COLUMNS = (
    *("neuron", "neurons", "id", "ids", "neuron_id", "unit", "units"),
    *("sender", "senders", "i", "node_id", "node_ids"),
)


#: Names of a column of row numbers, as R and pandas write it.
_ROW_NUMBERS = ("", "unnamed: 0")


class _Columns(NamedTuple):
    """Number of columns, places of times and neurons, the unit, and places of the others by name."""

    n: int
    time: int
    neuron: int
    unit: TimeUnit | None
    others: dict[str, int]


def read_table(file: Path, conventions: Conventions) -> Reading:
    """Read a table with a column of times and one of neurons as one session.

    Columns are separated by semicolons, commas, or blanks. Without a header (`TIME_COLUMNS`, `NEURON_COLUMNS`) there
    are two columns, times and neurons in this order. Text after a ``#`` is a comment.

    Raises:
        DataError: The file is not such a table; the message names the line. Or further columns vary.
    """
    return rows_of_table(file).reading(conventions, str(file))


def rows_of_table(file: Path) -> Rows:
    """Spikes of a table, and what stands beside them.

    Raises:
        DataError: As for `read_table`.
    """
    times, neurons, columns, beside = array("d"), array("d"), None, list[_Beside]()
    with naming(file):
        for number, separator, fields in _lines(file):
            if columns is None:
                columns = _columns(f"{file}:{number}", fields)
                beside = [_Beside(name, index) for name, index in columns.others.items()]
                if not _is_number(fields[columns.time]):
                    continue
            try:
                if len(fields) != columns.n:
                    raise ValueError(f"{len(fields)} columns found; expected {columns.n}")
                times.append(float(fields[columns.time]))
                neurons.append(_whole(fields[columns.neuron]))
            except ValueError as error:
                shown = (separator or " ").join(fields)[:80]
                commas = separator != "," and any(map(DECIMAL_COMMA.fullmatch, fields))
                hint = f"; {DECIMAL_POINT}" if commas else ""
                raise DataError(f"{file}:{number}: {error}, in {shown!r}{hint}") from error
            for column in beside:
                column.add(fields)
    if columns is None:
        raise DataError(f"{file}: an empty file found; expected spikes or the names of the columns")
    arrays = {"times": np.asarray(times), "neurons": np.asarray(neurons)}
    return rows_of(arrays, {column.name: column.entries for column in beside}, columns.unit)


def table_separates_sessions(file: Path) -> bool:
    """Whether a table has columns that separate sessions; only its first line is read.

    Raises:
        DataError: There are no columns of times and neurons.
    """
    with naming(file):
        number, _, fields = next(_lines(file), (0, None, []))
        return bool(number) and any(map(separates_sessions, _columns(f"{file}:{number}", fields).others))


def rows_of_frame(frame: pd.DataFrame, name: str) -> Rows:
    """Spikes of a pandas frame with columns, or levels of its index, named as those of a table.

    Raises:
        DataError: It has no such columns.
    """
    levels = [level for level in frame.index.names if level is not None and level not in frame.columns]
    frame = frame.reset_index(level=levels) if levels else frame
    columns = _columns(name, list(map(str, frame.columns)))
    times, neurons = (frame.iloc[:, index].to_numpy() for index in (columns.time, columns.neuron))
    beside = {other: frame.iloc[:, index].to_numpy() for other, index in columns.others.items()}
    return rows_of({"times": times, "neurons": neurons}, beside, columns.unit)


class _Beside:
    """A further column of a table, line by line."""

    def __init__(self, name: str, index: int):
        self.name, self._index = name, index
        self._codes, self._values = array("q"), dict[str, int]()

    def add(self, fields: list[str]) -> None:
        """Add the entry of a line."""
        self._codes.append(self._values.setdefault(fields[self._index], len(self._values)))

    @property
    def entries(self) -> NDArray[Any]:
        """Its entries; those that separate sessions as they are written, others as numbers if they are."""
        values = list(self._values)
        numbers = not separates_sessions(self.name) and all(map(_is_number, values))
        return np.array(values, dtype=float if numbers else str)[np.asarray(self._codes)]


def _lines(file: Path) -> Iterator[tuple[int, str | None, list[str]]]:
    """Number, separator and fields of each line with fields; the first such line determines the separator."""
    chosen: list[str | None] = []
    with file.open(encoding="utf-8-sig") as stream:
        for number, line in enumerate(stream, 1):
            content = line.split("#", maxsplit=1)[0].strip()
            if not content:
                continue
            if not chosen:
                chosen.append(next((separator for separator in ";," if separator in content), None))
            yield number, chosen[0], [_unquoted(field) for field in content.split(chosen[0])]


def _unquoted(field: str) -> str:
    """A field without the quotes around it, which some programs put around every field."""
    field = field.strip()
    return field[1:-1] if len(field) > 1 and field[0] == field[-1] and field[0] in "\"'" else field


def _columns(where: str, fields: list[str]) -> _Columns:
    """The columns, according to the first line."""
    if len(fields) == 2 and all(map(_is_number, fields)):
        return _Columns(2, 0, 1, None, {})
    names = [field.strip().lower() for field in fields]
    times = [index for index, name in enumerate(names) if name in TIME_COLUMNS]
    neurons = [index for index, name in enumerate(names) if name in NEURON_COLUMNS]
    if len(times) != 1 or len(neurons) != 1:
        blanks = ",".join(fields).split()  # a comma may have been taken for the separator
        commas = any(map(DECIMAL_COMMA.fullmatch, (*fields, *(blanks if len(blanks) > 1 else ()))))
        hint = f"; {DECIMAL_POINT}" if commas else ""
        raise DataError(
            f"{where}: columns {', '.join(names)[:80]!r} found; expected one of {', '.join(TIME_COLUMNS)} and one of "
            f"{', '.join(NEURON_COLUMNS)}, or two columns of numbers{hint}"
        )
    time, neuron = names[times[0]], names[neurons[0]]
    others = {
        name if names.count(name) == 1 else f"{name} (column {index + 1})": index
        for index, name in enumerate(names)
        if index not in (*times, *neurons) and name not in _ROW_NUMBERS
    }
    pair = pair_of((time, neuron))
    return _Columns(len(names), times[0], neurons[0], TIME_COLUMNS[time] or (pair and pair.unit), others)


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _whole(field: str) -> float:
    number = float(field)
    if not number.is_integer():
        raise ValueError(f"neuron {field.strip()} found; expected a whole number")
    return number
