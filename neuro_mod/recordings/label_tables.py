"""Cluster labels of neurons in CSV files: a column of labels, or a column of neurons and one of their labels."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neuro_mod.errors import DataError, invalid
from neuro_mod.storage.reading import naming

_NEURON, _CLUSTER = "neuron", "cluster"
_FORMS = f"a column of labels, one for each neuron, or two columns {_NEURON},{_CLUSTER}"
#: Names of a column of numbers of neurons, which alone says nothing of clusters.
_OF_NEURONS = re.compile(r"(neuron|unit|cell)s?([ _]?(id|ids|index|number))?|id|index")
_INTEGER = re.compile(r"[+-]?\d{1,18}(\.0*)?")
_NAME = re.compile(r"(?!nan$|inf)[A-Za-z_][\w ]*", re.IGNORECASE)


def labels_in_table(file: Path, first_neuron: int = 0) -> NDArray[np.int64]:
    """Label of each neuron's cluster in a CSV file; a first line of names is optional.

    Args:
        file: The file.
        first_neuron: Number of the first neuron, if the file has the numbers of neurons.

    Returns:
        The labels, shape ``(n_neurons,)``.

    Raises:
        DataError: The file holds something else, or can be read in two ways.
    """
    with naming(file), file.open(newline="", encoding="utf-8-sig") as stream:
        lines = [(number, [cell.strip() for cell in row]) for number, row in enumerate(csv.reader(stream), 1)]
    while lines and not any(lines[-1][1]):
        lines.pop()
    if not lines:
        raise DataError(f"{file}: no labels found; expected {_FORMS}")
    names = lines.pop(0)[1] if all(map(_NAME.fullmatch, lines[0][1])) else []
    n_columns = len(names or lines[0][1])
    if n_columns not in (1, 2):
        named = f" ({','.join(names)})" if names else ""
        raise DataError(f"{file}: {n_columns} columns{named} found; expected {_FORMS}")
    table = np.array([_integers(file, *line, n_columns) for line in lines], np.int64).reshape(-1, n_columns)
    if not len(table):
        raise DataError(f"{file}: no labels found; expected {_FORMS}")
    neurons, clusters = _columns(file, names, table, first_neuron)
    if neurons is None:
        return clusters
    labels = np.empty_like(clusters)
    labels[_places(file, neurons, first_neuron)] = clusters
    return labels


def _integers(file: Path, number: int, cells: Sequence[str], n_columns: int) -> list[int]:
    if len(cells) != n_columns or not all(map(_INTEGER.fullmatch, cells)):
        expected = "an integer" if n_columns == 1 else f"{n_columns} integers with a comma between them"
        if number == 1:
            expected += f", or names; a file of labels has {_FORMS}"
        try:
            raise invalid(f"{file}:{number}", ",".join(cells), expected)
        except ValueError as error:
            raise DataError(str(error)) from None
    return [int(cell.partition(".")[0]) for cell in cells]


def _columns(
    file: Path, names: Sequence[str], table: NDArray[np.int64], first: int
) -> tuple[NDArray[np.int64] | None, NDArray[np.int64]]:
    """Numbers of neurons, if the table has them, and labels."""
    lower = [name.lower() for name in names]
    if table.shape[1] == 1:
        if lower and _OF_NEURONS.fullmatch(lower[0]):
            raise DataError(f"{file}: a column {names[0]} alone found; expected {_FORMS}")
        return None, table[:, 0]
    if names:
        if set(lower) != {_NEURON, _CLUSTER}:
            others = ", ".join(name for name, each in zip(names, lower, strict=True) if each not in (_NEURON, _CLUSTER))
            hint = f"; rename {others} in its first line" if others else ""
            raise DataError(f"{file}: columns {','.join(names)} found; expected {_NEURON},{_CLUSTER}{hint}")
        return table[:, lower.index(_NEURON)], table[:, lower.index(_CLUSTER)]
    numbered = [np.array_equal(np.sort(column), first + np.arange(len(table))) for column in table.T]
    if numbered != [True, False]:
        n_neurons = f"{len(table)} neuron{'s' * (len(table) != 1)}"
        which = "both can be the numbers" if all(numbered) else "the first is not the numbers"
        raise DataError(
            f"{file}: two columns without names found, of which {which} from {first} of {n_neurons}; expected "
            f"a first line {_NEURON},{_CLUSTER}"
        )
    return table[:, 0], table[:, 1]


def _places(file: Path, neurons: NDArray[np.int64], first: int) -> NDArray[np.int64]:
    """Indices of the neurons; each is there once."""
    ordered, expected = np.sort(neurons), first + np.arange(len(neurons))
    if not np.array_equal(ordered, expected):
        hint = ""
        if not first and np.array_equal(ordered, expected + 1):
            hint = "; if neurons are counted from 1, say so by --first-neuron 1 (first_neuron=1)"
        raise DataError(
            f"{file}: {_NEURON} {ordered[0]} to {ordered[-1]} in {len(neurons)} lines found; expected each of "
            f"{expected[0]} to {expected[-1]} once{hint}"
        )
    return neurons - first
