"""Spikes in NWB files (Neurodata Without Borders).

References:
    Rübel et al. (2022) The Neurodata Without Borders ecosystem for neurophysiological data science. eLife 11:e78362.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.errors import DataError, InputError
from neuro_mod.optional import optional
from neuro_mod.recordings.conventions import Conventions
from neuro_mod.recordings.readings import Reading, labels_of_neurons, reading_of_units
from neuro_mod.recordings.spikes import SpikeEvents
from neuro_mod.storage.reading import MAX_UNPACKED, naming
from neuro_mod.storage.writing import write_whole


def write_nwb(
    path: str | os.PathLike[str],
    spikes: SpikeEvents,
    labels: ArrayLike | None = None,
    *,
    description: str = "Spikes of a network of leaky integrate-and-fire neurons",
    identifier: str | None = None,
    begin: datetime | None = None,
) -> Path:
    """Write the spikes of one session as the table of units of an NWB file, whole or not at all.

    Units are neurons, silent ones included, with the columns ``spike_times``, ``obs_intervals`` (the session) and,
    given labels, ``cluster``; the resolution is the time step.

    Args:
        path: The file; an existing one is replaced.
        spikes: Spikes of one session.
        labels: Label of each neuron's cluster, shape ``(n_neurons,)``.
        description: Of the session.
        identifier: Globally unique identifier of the file; by default a random UUID.
        begin: Start of the session, with a time zone; by default now.

    Returns:
        The file.

    Raises:
        ImportError: PyNWB is not installed.
        StorageError: The file could not be written.
        InputError: There is not one label for each neuron, or there are no neurons.
    """
    pynwb, h5py = optional("pynwb", "nwb"), optional("h5py", "nwb")
    path = Path(path)
    if not spikes.n_neurons:
        raise InputError(f"{path}: spikes of 0 neurons found; expected at least one unit")
    content = pynwb.NWBFile(
        session_description=description,
        identifier=identifier or str(uuid4()),
        session_start_time=begin or datetime.now(UTC),
    )
    content.units = _units(pynwb, spikes, None if labels is None else labels_of_neurons(spikes, labels))
    memory = BytesIO()  # HDF5 does not survive a full disk
    with h5py.File(memory, "w") as file, pynwb.NWBHDF5IO(file=file, mode="w") as stream:
        stream.write(content)
    write_whole(path, lambda opened: opened.write(memory.getbuffer()))
    return path


def _units(pynwb: Any, spikes: SpikeEvents, labels: NDArray[np.int64] | None) -> Any:
    units = pynwb.misc.Units(name="units", description="neurons", resolution=spikes.delta_t)
    if labels is not None:
        units.add_column("cluster", "label of the neuron's cluster")
    order = np.argsort(spikes.neurons, kind="stable")
    ends = np.cumsum(spikes.sum(axis=0))[:-1]
    for neuron, times in enumerate(np.split(spikes.times[order], ends)):
        about = {} if labels is None else {"cluster": int(labels[neuron])}
        units.add_unit(spike_times=times, obs_intervals=[[0.0, spikes.duration]], **about)
    return units


def read_nwb(file: Path, conventions: Conventions) -> Reading:
    """Read the table of units of an NWB file as one session.

    Neuron i is the i-th unit; its cluster is the column ``cluster``, if there is one. All units have the same
    observation interval (``obs_intervals``), from whose start times are counted; without it, times are counted from 0
    and the length of the session is unknown. The time step is that of the conventions, or else the resolution of the
    times.

    Args:
        file: The file.
        conventions: The time unit and first neuron are not used.

    Raises:
        DataError: The file is damaged, has no units, or units with different observation intervals.
        ImportError: PyNWB is not installed.
    """
    pynwb = optional("pynwb", "nwb")
    where = str(file)
    with naming(file), pynwb.NWBHDF5IO(where, "r", load_namespaces=True) as stream:
        units = stream.read().units
        if units is None or "spike_times" not in units.colnames:
            raise DataError(f"{where}: no spike_times of units found; expected a table of units")
        times, counts = _ragged(units["spike_times"], where)
        span = _span(units, where)
        labels = _content(units["cluster"], where) if "cluster" in units.colnames else None
        conventions = conventions.at_resolution(units.resolution)
    return reading_of_units(times, counts, span, conventions, where, labels)


def _span(units: Any, where: str) -> tuple[float, float | None]:
    """Begin and end of the session in seconds."""
    if "obs_intervals" not in units.colnames:
        return 0.0, None
    intervals, counts = _ragged(units["obs_intervals"], where)
    if (counts != 1).any() or (intervals != intervals[:1]).any():
        raise DataError(f"{where}: obs_intervals: several intervals found; expected one, the same for all units")
    begin, end = intervals[0].tolist()
    return begin, end


def _ragged(column: Any, where: str) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Content of the rows of a column, one after the other, and the length of each."""
    counts = np.diff(_content(column, where).astype(np.int64), prepend=0)
    content = _content(column.target, where)
    if (counts < 0).any() or counts.sum() != len(content):
        raise DataError(f"{where} is damaged: {column.name} does not match {column.target.name}")
    return content, counts


def _content(column: Any, where: str) -> NDArray[Any]:
    """The data of a column, if they are in the file and fit into memory."""
    if not lies_in(Path(where), column.data):
        raise DataError(f"{where}: {column.name}: a link to another file found; expected data in the file itself")
    size = int(np.prod(np.shape(column.data), dtype=object))
    if 8 * size > MAX_UNPACKED:
        raise DataError(f"{where}: {column.name}: {size} entries found; expected at most {MAX_UNPACKED // 8}")
    return np.asarray(column.data)


def lies_in(file: Path, dataset: Any) -> bool:
    """Whether the data of a dataset are in the file itself; HDF5 can refer to any file of the machine."""
    return not dataset.external and not dataset.is_virtual and file.samefile(dataset.file.filename)
