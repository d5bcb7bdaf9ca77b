"""Files of spikes, by their endings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.spiking_net.analysis.sources.events import Conventions, events_from_dense, events_from_times
from neuro_mod.core.spiking_net.analysis.sources.saved import SAVED_ARRAYS, spikes_from
from neuro_mod.core.spiking_net.spikes import SpikeEvents
from neuro_mod.storage.reading import DataError, map_array, read_arrays


class Reading(NamedTuple):
    """What a session holds: its spikes, and the label of each neuron's cluster where the data say it."""

    spikes: SpikeEvents
    labels: NDArray[Any] | None = None


def read_npy(file: Path, conventions: Conventions) -> Reading:
    """Read a dense array ``(n_steps, n_neurons)``.

    Raises:
        DataError: The file is damaged, or no such array.
    """
    return Reading(events_from_dense(map_array(file), conventions, str(file)))


def read_npz(file: Path, conventions: Conventions) -> Reading:
    """Read what a run of ours has saved, or ``times`` and ``neurons``, or one dense array called ``spikes``.

    With ``times`` and ``neurons`` there may be ``duration`` (s), ``n_neurons`` and ``clusters`` (a label for each
    neuron).

    Raises:
        DataError: The file is damaged, or has other arrays.
    """
    arrays = read_arrays(file)
    labels = arrays.get("clusters")
    if set(SAVED_ARRAYS) <= set(arrays):
        return Reading(spikes_from(file, arrays), labels)
    if {"times", "neurons"} <= set(arrays):
        return Reading(_from_times(file, arrays, conventions), labels)
    if "spikes" in arrays:
        return Reading(events_from_dense(arrays["spikes"], conventions, str(file)), labels)
    raise DataError(
        f"{file} has {', '.join(arrays) or 'no arrays'}; expected {', '.join(SAVED_ARRAYS)}, or times and neurons, or "
        "spikes"
    )


def _from_times(file: Path, arrays: dict[str, NDArray[Any]], conventions: Conventions) -> SpikeEvents:
    described = {
        name: kind(arrays[name])
        for name, kind in (("duration", float), ("n_neurons", int))
        if name in arrays and not np.ndim(arrays[name])
    }
    return events_from_times(
        arrays["times"], arrays["neurons"], conventions.completed(str(file), **described), str(file)
    )


#: How files of spikes are read.
READERS: dict[str, Callable[[Path, Conventions], Reading]] = {".npy": read_npy, ".npz": read_npz}


def read_file(file: Path, conventions: Conventions) -> Reading:
    """Read the spikes of a file.

    Raises:
        DataError: There is no way to read it, or it is damaged.
    """
    reader = READERS.get(file.suffix)
    if reader is None:
        raise DataError(f"{file}: spikes are read from files that end in {', '.join(READERS)}")
    return reader(file, conventions)
