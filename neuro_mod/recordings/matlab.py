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
from neuro_mod.recordings.matlab_level5 import list_arrays, load_arrays
from neuro_mod.recordings.nwb import lies_in
from neuro_mod.recordings.readings import NAMES, Reading, reading_of_arrays
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
        return self.kind in _NUMERIC and len(self.shape) == 2 and 2 in self.shape and self.name not in NAMES


def read_mat(file: Path, conventions: Conventions) -> Reading:
    """Read the variables ``times`` and ``neurons`` (or ``ids``), or the one array ``(2, n)`` of both.

    Rows, or the columns of an array ``(n, 2)``, are times and neurons in this order. ``duration`` (s), ``n_neurons``
    and ``clusters`` (a label for each neuron) are optional; other variables are ignored.

    Raises:
        DataError: The file is damaged, or its variables are ambiguous.
        ImportError: The file is of version 7.3, and h5py is not installed.
    """
    with naming(file):
        level = _level_of(file)
        arrays = level.load(file, _chosen([Variable(*each) for each in level.variables(file)], file))
    return reading_of_arrays(_times_and_neurons(arrays, str(file)), conventions, str(file))


def _chosen(variables: list[Variable], file: Path) -> list[str]:
    """Names of the variables to be read."""
    found = {variable.name: variable for variable in variables}
    known = [name for name in NAMES if name in found]
    if "times" in found and ("neurons" in found or "ids" in found):
        chosen = known
    else:
        pairs = [variable.name for variable in variables if variable.is_pair]
        if len(pairs) != 1:
            shown = ", ".join(f"{name} {kind} {shape}" for name, shape, kind in variables) or "no variables"
            shown = f"several arrays, {', '.join(pairs)}," if pairs else shown
            raise DataError(f"{file}: {shown} found; expected times and neurons, or one array (2, n) of both")
        chosen = [*pairs, *(name for name in known if name not in ("times", "neurons", "ids"))]
    for name in chosen:
        kind = found[name].kind
        if kind not in _NUMERIC:
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


def _level_of(file: Path) -> _Level:
    with file.open("rb") as stream:
        start = stream.read(_HEADER + len(_MAGIC_OF_HDF5))
    if _MAGIC_OF_HDF5 in (start[: len(_MAGIC_OF_HDF5)], start[_HEADER:]):
        return _Level(_variables_of_hdf5, _read_hdf5)
    if 0 in start[:4]:  # only files of level 4 begin like this
        return _Level(scipy.io.whosmat, _read_level4)
    return _Level(list_arrays, load_arrays)


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
