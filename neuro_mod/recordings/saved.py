"""Spikes of our own runs on the disk."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from neuro_mod.errors import DataError
from neuro_mod.recordings.spikes import MOST_STEPS, SpikeEvents
from neuro_mod.storage.names import SPIKES
from neuro_mod.storage.reading import read_arrays

#: Arrays of a file of spikes.
SAVED_ARRAYS = ("steps", "neurons", "n_steps", "n_neurons", "delta_t")


def spike_arrays(spikes: SpikeEvents) -> dict[str, Any]:
    """Spikes as the arrays of a file."""
    return {name: getattr(spikes, name) for name in SAVED_ARRAYS}


def load_spikes(path: str | os.PathLike[str]) -> SpikeEvents:
    """Read spikes that a run has saved.

    Args:
        path: A ``spikes.npz``, or the folder of the run.

    Raises:
        OSError: The file is missing, damaged, or not one of ours.
    """
    file = Path(path) / SPIKES if Path(path).is_dir() else Path(path)
    return spikes_from(read_arrays(file, SAVED_ARRAYS), str(file))


def spikes_from(arrays: Mapping[str, ArrayLike], where: str) -> SpikeEvents:
    """Spikes from the arrays of a file, or from `spike_arrays` of spikes that nobody has looked at.

    Args:
        arrays: `SAVED_ARRAYS`.
        where: The file, or what else the spikes are called in messages.

    Raises:
        DataError: The arrays contradict each other.
    """
    steps, neurons = np.asarray(arrays["steps"]), np.asarray(arrays["neurons"])
    n_steps, n_neurons, delta_t = (_number(arrays[name], name, where) for name in ("n_steps", "n_neurons", "delta_t"))
    for name, count in (("n_steps", n_steps), ("n_neurons", n_neurons)):
        if not 0 <= count <= MOST_STEPS or count != int(count):
            raise DataError(f"{where} is damaged: {name} is {count:g}")
    for name, index, bound in (("steps", steps, n_steps), ("neurons", neurons, n_neurons)):
        whole = index.ndim == 1 and np.issubdtype(index.dtype, np.integer) and len(index) == len(steps)
        if not whole or (index.size and not 0 <= index.min() <= index.max() < bound):
            raise DataError(f"{where} is damaged: {name} are not indices below {bound:g}")
    if not 0 < delta_t < np.inf or (steps[1:] < steps[:-1]).any():
        raise DataError(f"{where} is damaged: time does not run forward")
    steps, neurons = (index.astype(np.int32, copy=False) for index in (steps, neurons))
    return SpikeEvents(steps, neurons, int(n_steps), int(n_neurons), delta_t)


def _number(value: ArrayLike, name: str, where: str) -> float:
    array = np.asarray(value)
    if array.ndim or array.dtype.kind not in "uif":
        raise DataError(f"{where} is damaged: {name} is no number")
    return float(array)
