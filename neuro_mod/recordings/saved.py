"""Spikes saved by a run, as events or as a dense array: writing and reading them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import ArrayLike

from neuro_mod.checks import user_path
from neuro_mod.errors import DataError
from neuro_mod.recordings.arrays import single_number
from neuro_mod.recordings.spikes import MAX_STEPS, VALID_STEP, SpikeEvents, is_step
from neuro_mod.recordings.written import check_file
from neuro_mod.storage.files import Files
from neuro_mod.storage.names import DATA, SPIKES
from neuro_mod.storage.reading import read_arrays
from neuro_mod.storage.run_folder import file_in_run

#: Arrays of a file of spikes.
SAVED_ARRAYS = ("steps", "neurons", "n_steps", "n_neurons", "delta_t")
#: Bytes of a dense array that are made at once: they stay in the cache until they are hashed and written.
_DENSE_PIECE = 2**18


def spike_arrays(spikes: SpikeEvents) -> dict[str, Any]:
    """Spikes as the arrays of a file."""
    return {name: getattr(spikes, name) for name in SAVED_ARRAYS}


def save_spikes(files: Files, spikes: SpikeEvents, name: str = SPIKES) -> Path:
    """Save spikes as events: steps, neurons, and the shape and time step they belong to."""
    return files.save_arrays(name, **spike_arrays(spikes))


def save_dense(files: Files, spikes: SpikeEvents, name: str) -> Path:
    """Save spikes as a boolean array ``(n_steps, n_neurons)`` in an ``.npy`` file."""
    return files.save(name, lambda file: _write_dense(file, spikes))


def load_spikes(path: str | os.PathLike[str]) -> SpikeEvents:
    """Read spikes that a run has saved.

    Args:
        path: A ``spikes.npz``, or the folder of the run.

    Raises:
        MissingFileError: There is no such file, or the folder holds many runs; the message says how to read these.
        DataError: It is damaged, of another kind, or not what the run wrote.

    Examples:
        >>> from neuro_mod import StageSNNSimulation, load_spikes
        >>> outputs = StageSNNSimulation("small").execute("none", out="first", duration_sec=0.1)
        >>> spikes = load_spikes("first")
        >>> len(spikes) == len(outputs["spikes"]), spikes.duration
        (True, 0.1)
    """
    hint = "give one of these files; numpy.load reads .npy, and Analyzer all of a folder of repeats"
    place = user_path(path)
    file = file_in_run(place, SPIKES, f"{DATA}/spikes*", hint)
    if file.suffix == ".npy":
        raise DataError(f"{file}: a single array found; expected .npz with steps and neurons; numpy.load reads it")
    if file.suffix not in ("", ".npz") and file.is_file():
        raise DataError(f"{file}: {file.suffix} found; expected the .npz of a run; Analyzer reads other formats")
    check_file(file, of_run=place.is_dir())
    return spikes_from(read_arrays(file, SAVED_ARRAYS), str(file))


def spikes_from(arrays: Mapping[str, ArrayLike], where: str) -> SpikeEvents:
    """Spikes from the arrays of a file, or from `spike_arrays` of spikes that were not checked.

    Args:
        arrays: `SAVED_ARRAYS`.
        where: The file, or the name of the spikes in messages.

    Raises:
        DataError: The arrays contradict each other.
    """
    steps, neurons = np.asarray(arrays["steps"]), np.asarray(arrays["neurons"])
    numbers = {name: single_number(arrays[name], f"{where}: {name}") for name in ("n_steps", "n_neurons", "delta_t")}
    n_steps, n_neurons, delta_t = numbers.values()
    for name in ("n_steps", "n_neurons"):
        if not 0 <= numbers[name] <= MAX_STEPS or numbers[name] != int(numbers[name]):
            raise DataError(f"{where}: {name}: {numbers[name]:g} found; expected a whole number up to {MAX_STEPS}")
    for name, index, bound in (("steps", steps, n_steps), ("neurons", neurons, n_neurons)):
        whole = index.ndim == 1 and np.issubdtype(index.dtype, np.integer) and len(index) == len(steps)
        if not whole or (index.size and not 0 <= index.min() <= index.max() < bound):
            raise DataError(f"{where}: {name}: invalid indices found; expected whole numbers from 0 to below {bound:g}")
    if not is_step(delta_t):
        raise DataError(f"{where}: delta_t: {delta_t:g} found; expected {VALID_STEP}")
    if (steps[1:] < steps[:-1]).any():
        raise DataError(f"{where}: steps: a decrease found; expected sorted steps")
    steps, neurons = (index.astype(np.int32, copy=False) for index in (steps, neurons))
    return SpikeEvents(steps, neurons, int(n_steps), int(n_neurons), float(delta_t))


def _write_dense(file: IO[bytes], spikes: SpikeEvents) -> None:
    """Write what `np.save` writes for the dense array, which is never in memory as a whole."""
    header = {"descr": npy.dtype_to_descr(np.dtype(bool)), "fortran_order": False, "shape": spikes.shape}
    npy.write_array_header_1_0(file, header)
    n_steps, n = spikes.shape
    height = max(1, _DENSE_PIECE // max(1, n))
    bounds = np.append(np.arange(0, n_steps, height), n_steps)
    places = np.searchsorted(spikes.steps, bounds.astype(spikes.steps.dtype))  # of one type: nothing is copied
    piece = np.zeros(min(height, n_steps) * n, np.uint8)
    for (begin, end), (first, last) in zip(pairwise(bounds), pairwise(places), strict=True):
        spiking = (spikes.steps[first:last].astype(np.int64) - begin) * n + spikes.neurons[first:last]
        piece[spiking] = 1
        file.write(piece[: (end - begin) * n].data)
        piece[spiking] = 0
