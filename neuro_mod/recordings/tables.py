"""Spikes in text tables, one spike per line, and in pandas frames."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from neuro_mod.errors import DataError
from neuro_mod.recordings.conventions import Conventions, TimeUnit
from neuro_mod.recordings.pairs import pair_of
from neuro_mod.recordings.readings import Reading, reading_of_times
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


class _Columns(NamedTuple):
    n: int
    time: int
    neuron: int
    unit: TimeUnit | None


def read_table(file: Path, conventions: Conventions) -> Reading:
    """Read a table with a column of times and one of neurons.

    Columns are separated by semicolons, commas, or blanks. Without a header (`TIME_COLUMNS`, `NEURON_COLUMNS`) there
    are two columns, times and neurons in this order. Text after a ``#`` is a comment.

    Raises:
        DataError: The file is not such a table; the message names the line.
    """
    times, neurons, columns = array("d"), array("d"), None
    with naming(file):
        for number, separator, fields in _lines(file):
            if columns is None:
                columns = _columns(f"{file}:{number}", fields)
                if not _is_number(fields[columns.time]):
                    continue
            try:
                if len(fields) != columns.n:
                    raise ValueError(f"{len(fields)} columns found; expected {columns.n}")
                times.append(float(fields[columns.time]))
                neurons.append(_whole(fields[columns.neuron]))
            except ValueError as error:
                shown = (separator or " ").join(fields)[:80]
                raise DataError(f"{file}:{number}: {error}, in {shown!r}") from error
    if columns is None:
        raise DataError(f"{file}: an empty file found; expected spikes or the names of the columns")
    return _reading(np.asarray(times), np.asarray(neurons), columns.unit, conventions, str(file))


def read_frame(frame: pd.DataFrame, name: str, conventions: Conventions) -> Reading:
    """Read a pandas frame with columns named as those of a table.

    Raises:
        DataError: It has no such columns, or they are not valid.
    """
    columns = _columns(name, list(map(str, frame.columns)))
    times, neurons = (frame.iloc[:, index].to_numpy() for index in (columns.time, columns.neuron))
    return _reading(times, neurons, columns.unit, conventions, name)


def _reading(
    times: ArrayLike, neurons: ArrayLike, unit: TimeUnit | None, conventions: Conventions, where: str
) -> Reading:
    conventions = replace(conventions, time_unit=unit or conventions.time_unit)
    return reading_of_times(times, neurons, conventions, where)


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
            yield number, chosen[0], content.split(chosen[0])


def _columns(where: str, fields: list[str]) -> _Columns:
    """The columns, according to the first line."""
    if len(fields) == 2 and all(map(_is_number, fields)):
        return _Columns(2, 0, 1, None)
    names = [field.strip().strip("\"'").lower() for field in fields]
    times = [index for index, name in enumerate(names) if name in TIME_COLUMNS]
    neurons = [index for index, name in enumerate(names) if name in NEURON_COLUMNS]
    if len(times) != 1 or len(neurons) != 1:
        raise DataError(
            f"{where}: columns {', '.join(names)[:80]!r} found; expected one of {', '.join(TIME_COLUMNS)} and one of "
            f"{', '.join(NEURON_COLUMNS)}, or two columns of numbers"
        )
    time, neuron = names[times[0]], names[neurons[0]]
    pair = pair_of((time, neuron))
    return _Columns(len(names), times[0], neurons[0], TIME_COLUMNS[time] or (pair and pair.unit))


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
