"""Spikes in MATLAB files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import scipy
from numpy.typing import NDArray

from neuro_mod.errors import DataError
from neuro_mod.optional import optional
from neuro_mod.recordings.arrays import are_whole
from neuro_mod.recordings.conventions import Conventions
from neuro_mod.recordings.matlab_level5 import list_arrays, load_arrays, load_cell
from neuro_mod.recordings.nwb import lies_in
from neuro_mod.recordings.readings import NAMES, Reading, described_by
from neuro_mod.recordings.rows import Rows, rows_of, separates_sessions
from neuro_mod.recordings.trains import reading_of_trains
from neuro_mod.storage.reading import MAX_UNPACKED, naming

#: MATLAB's numeric classes.
_NUMERIC = ("double", "single", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)))
_MAGIC_OF_HDF5 = b"\x89HDF\r\n\x1a\n"
#: Start of the HDF5 part of a file of version 7.3.
_HEADER = 512


class Variable(NamedTuple):
    """A variable of a file: its name, shape and MATLAB class."""

    name: str
    shape: tuple[int, ...]
    kind: str

    @property
    def is_pair(self) -> bool:
        """Whether this may be an array of times and neurons."""
        shape = _without_singletons(self.shape)
        return self.kind in _NUMERIC and len(shape) == 2 and 2 in shape and self.name not in NAMES

    def is_vector(self, length: int) -> bool:
        """Whether this has one entry for each of as many spikes, more than one."""
        return 1 < length == max(self.shape, default=0) == np.prod(self.shape, dtype=object)

    @property
    def is_cell(self) -> bool:
        """Whether this may be a cell of times for each neuron."""
        return self.kind == "cell" and sum(length != 1 for length in self.shape) <= 1


def read_mat(file: Path, conventions: Conventions) -> Reading:
    """Read the variables ``times`` and ``neurons`` (or ``ids``), or the one array ``(2, n)`` of both, or the one cell.

    Rows, or the columns of an array ``(n, 2)``, are times and neurons in this order; further dimensions of length 1 do
    not matter. A cell array ``(1, n)`` or ``(n, 1)`` has the times of each neuron. ``duration`` (s), ``n_neurons``
    and ``clusters`` (a label for each neuron) are optional; other variables are ignored, if they do not have an entry
    for each spike.

    Raises:
        DataError: The file is damaged, or its variables are ambiguous.
        ImportError: The file is of version 7.3, and h5py is not installed.
    """
    where = str(file)
    with naming(file):
        level = _level_of(file)
        variables = [Variable(*each) for each in level.variables(file)]
        names = _chosen(variables, file)
        cell = next((each for each in variables if each.name in names and each.kind == "cell"), None)
        others = level.load(file, [name for name in names if name != cell.name]) if cell else {}
        trains = _trains(level.cell(file, cell.name), cell, file) if cell else []
    if cell is None:
        return rows_of_mat(file).reading(conventions, where)
    arrays = {name: array.reshape(-1) for name, array in others.items()}
    conventions = described_by(arrays, conventions, where)
    return reading_of_trains(trains, conventions, where, arrays.get("clusters"))


def rows_of_mat(file: Path) -> Rows:
    """Times and neurons of a file, and what stands beside them.

    Raises:
        DataError: As for `read_mat`.
    """
    with naming(file):
        level = _level_of(file)
        variables = [Variable(*each) for each in level.variables(file)]
        return _rows(level, variables, _chosen(variables, file), file)


def mat_separates_sessions(file: Path) -> bool:
    """Whether a file has times and neurons, and a variable that separates sessions.

    Raises:
        DataError: As for `read_mat`.
    """
    with naming(file):
        variables = [Variable(*each) for each in _level_of(file).variables(file)]
        if not any(separates_sessions(variable.name) for variable in variables):
            return False
        names = _chosen(variables, file)
        return not any(variable.name in names and variable.kind == "cell" for variable in variables)


def _rows(level: _Level, variables: list[Variable], names: list[str], file: Path) -> Rows:
    """The chosen arrays, and those that have an entry for each of their spikes."""
    arrays = _times_and_neurons(level.load(file, names), str(file))
    n_spikes = len(arrays["times"])
    beside = [each for each in variables if each.name not in (*names, *NAMES) and each.is_vector(n_spikes)]
    unread = [each.name for each in beside if each.kind not in _NUMERIC]
    if any(map(separates_sessions, unread)):
        raise DataError(f"{file}: {', '.join(unread)}: no numbers found; expected the number of a session or trial")
    found = level.load(file, [each.name for each in beside if each.kind in _NUMERIC])
    rows = rows_of(arrays, {name: array.reshape(-1) for name, array in found.items()})
    return rows._replace(unknown=(*rows.unknown, *unread))


def _trains(cells: list[tuple[str, NDArray[Any]]], variable: Variable, file: Path) -> list[NDArray[Any]]:
    """Times of each neuron."""
    shown = f"{file}: {variable.name} cell {variable.shape}"
    for kind, numbers in cells:
        if kind not in _NUMERIC:
            raise DataError(f"{shown} with a {kind} array found; expected times of a neuron in each cell")
        if numbers.size and max(numbers.shape) != numbers.size:
            raise DataError(f"{shown} with an array of shape {numbers.shape} found; expected a vector in each cell")
    return [numbers.reshape(-1) for _, numbers in cells]


def _without_singletons(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape of two dimensions, if all others have length 1."""
    if len(shape) <= 2:
        return shape
    kept = tuple(length for length in shape if length != 1)
    return kept + (1,) * (2 - len(kept))


def _chosen(variables: list[Variable], file: Path) -> list[str]:
    """Names of the variables to be read."""
    found, pairs = {variable.name: variable for variable in variables}, list[str]()
    known = [name for name in NAMES if name in found]
    if "times" in found and ("neurons" in found or "ids" in found):
        chosen = known
    else:
        pairs = [variable.name for variable in variables if variable.is_pair or variable.is_cell]
        if len(pairs) != 1:
            shown = ", ".join(f"{name} {kind} {shape}" for name, shape, kind in variables) or "no variables"
            shown = f"several arrays, {', '.join(pairs)}," if pairs else shown
            raise DataError(
                f"{file}: {shown} found; expected times and neurons, or one array (2, n) of both, or one "
                "cell of times for each neuron"
            )
        chosen = [*pairs, *(name for name in known if name not in ("times", "neurons", "ids"))]
    for name in chosen:
        kind = found[name].kind
        if kind not in _NUMERIC and not (name in pairs and found[name].is_cell):
            raise DataError(f"{file}: {name}: a {kind} array found; expected numbers")
    if sum(8 * int(np.prod(found[name].shape, dtype=object)) for name in chosen) > MAX_UNPACKED:
        shown = ", ".join(f"{name} {found[name].shape}" for name in chosen)
        raise DataError(f"{file}: {shown} found; expected at most {MAX_UNPACKED} bytes")
    return chosen


def _times_and_neurons(arrays: Mapping[str, NDArray[Any]], where: str) -> dict[str, NDArray[Any]]:
    flat = {name: array.reshape(-1) for name, array in arrays.items() if name in NAMES}
    if "times" in flat:
        return flat
    pair = next(array for name, array in arrays.items() if name not in NAMES)
    pair = pair.reshape(_without_singletons(pair.shape))
    times, neurons = pair if len(pair) == 2 else pair.T
    if not are_whole(neurons) and are_whole(times):
        raise DataError(f"{where}: whole times and other neurons found; expected times first, then neurons")
    if (times[1:] < times[:-1]).any() and (neurons[1:] >= neurons[:-1]).all():
        raise DataError(f"{where}: sorted neurons and unsorted times found; expected times first, then neurons")
    return flat | {"times": times, "neurons": neurons}


class _Level(NamedTuple):
    """Readers for the files of some versions of MATLAB."""

    variables: Callable[[Path], Iterable[tuple[str, tuple[int, ...], str]]]
    load: Callable[[Path, list[str]], Mapping[str, NDArray[Any]]]
    cell: Callable[[Path, str], list[tuple[str, NDArray[Any]]]]


def _level_of(file: Path) -> _Level:
    with file.open("rb") as stream:
        start = stream.read(_HEADER + len(_MAGIC_OF_HDF5))
    if _MAGIC_OF_HDF5 in (start[: len(_MAGIC_OF_HDF5)], start[_HEADER:]):
        return _Level(_variables_of_hdf5, _read_hdf5, _cells_of_hdf5)
    if 0 in start[:4]:  # only files of level 4 begin like this
        return _Level(scipy.io.whosmat, _read_level4, lambda file, name: [])  # there are no cells
    return _Level(list_arrays, load_arrays, lambda file, name: load_cell(file, name, MAX_UNPACKED))


def _read_level4(file: Path, names: list[str]) -> dict[str, NDArray[Any]]:
    content = scipy.io.loadmat(file, variable_names=names)
    return {name: content[name] for name in names}


def _variables_of_hdf5(file: Path) -> list[Variable]:
    h5py = optional("h5py", "nwb")
    with h5py.File(file, "r") as content:
        return [_variable_of_hdf5(h5py, content, name, file) for name in content if not name.startswith("#")]


def _variable_of_hdf5(h5py: Any, content: Any, name: str, file: Path) -> Variable:
    if not isinstance(content.get(name, getlink=True), h5py.HardLink):  # another file must not even be opened
        return Variable(name, (), "linked")
    dataset = content[name]
    if not isinstance(dataset, h5py.Dataset):
        return Variable(name, (), "struct or sparse")
    if not lies_in(file, dataset):
        return Variable(name, (), "linked")
    return Variable(name, (dataset.shape or ())[::-1], _kind_in_hdf5(dataset))


def _kind_in_hdf5(dataset: Any) -> str:
    kind = dataset.attrs.get("MATLAB_class", b"double" if dataset.dtype.kind in "uif" else b"no")
    return kind.decode() if isinstance(kind, bytes) else str(kind)


def _read_hdf5(file: Path, names: list[str]) -> dict[str, NDArray[Any]]:
    """The arrays as MATLAB shows them: HDF5 holds their transposes."""
    with optional("h5py", "nwb").File(file, "r") as content:
        return {
            name: np.zeros((0, 0)) if "MATLAB_empty" in content[name].attrs else content[name][()].T for name in names
        }


def _cells_of_hdf5(file: Path, name: str) -> list[tuple[str, NDArray[Any]]]:
    """Class and numbers of each cell, which is a reference to a dataset of the same file."""
    h5py = optional("h5py", "nwb")
    with h5py.File(file, "r") as content:
        found, size = [], 0
        for reference in content[name][()].reshape(-1):
            dataset = content[reference]
            kind = _kind_in_hdf5(dataset) if isinstance(dataset, h5py.Dataset) else "struct or sparse"
            if kind in _NUMERIC and not lies_in(file, dataset):
                kind = "linked"
            empty = kind not in _NUMERIC or "MATLAB_empty" in dataset.attrs
            size += 0 if empty else 8 * int(np.prod(dataset.shape, dtype=object))
            if size > MAX_UNPACKED:
                raise DataError(f"{file}: {name}: cells of more than {MAX_UNPACKED} bytes found")
            found.append((kind, np.zeros((0, 0)) if empty else dataset[()].T))
        return found
