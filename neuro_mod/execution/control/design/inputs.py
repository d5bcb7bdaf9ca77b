"""What a design reads: vectors that span the allowed ones, and folders of responses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neuro_mod.errors import InputError, MissingFileError
from neuro_mod.populations import Populations
from neuro_mod.storage.names import CONFIG
from neuro_mod.storage.reading import map_array, names_of_arrays, naming, read_arrays


def load_modes(file: Path, populations: Populations) -> NDArray[np.float64]:
    """Vectors in rows, from an ``.npy``, ``.npz`` (its array ``modes``, or its only one) or ``.csv`` file.

    Vectors that cover the E clusters alone are 0 on all other populations.

    Returns:
        Shape ``(M, P)``.

    Raises:
        DataError: The file cannot be read.
        InputError: It holds something else than vectors over the populations.
    """
    suffix = file.suffix.lower()
    if suffix == ".npz":
        names = names_of_arrays(file)
        name = "modes" if "modes" in names or len(names) != 1 else names[0]
        found = read_arrays(file, [name])[name]
    elif suffix == ".npy":
        found = np.array(map_array(file))
    elif suffix == ".csv":
        with naming(file):
            found = np.loadtxt(file, delimiter=",", ndmin=2)
    else:
        raise InputError(f"modes: {file.name} found; expected a file that ends with .npy, .npz or .csv")
    if found.dtype.kind not in "fiu" or found.ndim not in (1, 2):
        raise InputError(f"modes: {file}: an array of {found.dtype} with {found.ndim} axes found; expected numbers")
    found = np.atleast_2d(found).astype(np.float64)
    p = populations.n_clusters
    if found.shape[1] == p:
        found = np.hstack([found, np.zeros((len(found), populations.total - p))])
    if found.shape[1] != populations.total:
        expected = f"{p} entries a row, one for each E cluster, or {populations.total}, one for each population"
        raise InputError(f"modes: {file}: {found.shape[1]} entries a row found; expected {expected}")
    return found


def config_of_folder(folder: Path) -> Path:
    """The configuration of a folder of results.

    Raises:
        DataError: It holds none.
    """
    file = folder / CONFIG
    if not file.is_file():
        expected = "expected a configuration, or the folder of a finished neuro-mod control response"
        raise MissingFileError(f"{folder}: no {CONFIG} found; {expected}")
    return file
