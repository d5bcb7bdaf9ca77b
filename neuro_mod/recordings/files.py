"""Files of spikes, by their endings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from neuro_mod.errors import DataError
from neuro_mod.recordings.events import Conventions, events_from_dense
from neuro_mod.recordings.matlab import read_mat
from neuro_mod.recordings.nwb import read_nwb
from neuro_mod.recordings.readings import NAMES, Reading, checked, reading_of_times
from neuro_mod.recordings.saved import SAVED_ARRAYS, spikes_from
from neuro_mod.recordings.tables import read_table
from neuro_mod.storage.reading import map_array, names_of_arrays, read_arrays


def read_npy(file: Path, conventions: Conventions) -> Reading:
    """Read a dense array ``(n_steps, n_neurons)``.

    Raises:
        DataError: The file is damaged, or no such array.
    """
    return checked(events_from_dense(map_array(file), conventions, str(file)), None, conventions, str(file))


def read_npz(file: Path, conventions: Conventions) -> Reading:
    """Read what a run of ours has saved, or ``times`` and ``neurons``, or one dense array called ``spikes``.

    With each there may be ``clusters`` (a label for each neuron), with ``times`` and ``neurons`` also ``duration`` (s)
    and ``n_neurons``. Other arrays are not looked at.

    Raises:
        DataError: The file is damaged, or lacks these arrays.
    """
    names = names_of_arrays(file)
    arrays = read_arrays(file, [name for name in names if name in {*SAVED_ARRAYS, *NAMES, "spikes"}])
    labels = arrays.get("clusters")
    if arrays.keys() >= set(SAVED_ARRAYS):
        return checked(spikes_from(arrays, str(file)), labels, conventions, str(file))
    if "times" in arrays and ("neurons" in arrays or "ids" in arrays):
        return reading_of_times(arrays, conventions, str(file))
    if "spikes" in arrays:
        return checked(events_from_dense(arrays["spikes"], conventions, str(file)), labels, conventions, str(file))
    raise DataError(
        f"{file} has {', '.join(names) or 'no arrays'}; expected {', '.join(SAVED_ARRAYS)}, or times and neurons, or "
        "spikes"
    )


#: How files of spikes are read.
READERS: dict[str, Callable[[Path, Conventions], Reading]] = {
    ".npy": read_npy,
    ".npz": read_npz,
    **dict.fromkeys((".csv", ".tsv", ".txt", ".dat"), read_table),
    ".mat": read_mat,
    ".nwb": read_nwb,
}


def read_file(file: Path, conventions: Conventions) -> Reading:
    """Read the spikes of a file.

    Raises:
        DataError: There is no way to read it, or it is damaged.
        ImportError: The library for such files is not installed.
    """
    reader = READERS.get(file.suffix.lower())
    if reader is None:
        raise DataError(f"{file}: spikes are read from files that end in {', '.join(READERS)}")
    return reader(file, conventions)
