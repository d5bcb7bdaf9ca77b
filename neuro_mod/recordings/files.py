"""Reading files of spikes, by their extensions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from neuro_mod.errors import DataError
from neuro_mod.recordings.conventions import Conventions
from neuro_mod.recordings.matlab import read_mat
from neuro_mod.recordings.nest import GDF, is_nest, read_nest
from neuro_mod.recordings.nwb import nwb_sessions, read_nwb
from neuro_mod.recordings.pairs import pair_of, with_usual_names
from neuro_mod.recordings.pynapple_files import ARRAYS, read_tsgroup
from neuro_mod.recordings.readings import NAMES, Reading, checked, reading_of_arrays, reading_of_dense
from neuro_mod.recordings.saved import SAVED_ARRAYS, spikes_from
from neuro_mod.recordings.sonata import read_sonata
from neuro_mod.recordings.tables import read_table
from neuro_mod.storage.reading import map_array, names_of_arrays, read_arrays


def read_npy(file: Path, conventions: Conventions) -> Reading:
    """Read a dense array ``(n_steps, n_neurons)``.

    Raises:
        DataError: The file is damaged, or not such an array.
    """
    return reading_of_dense(map_array(file), conventions, str(file))


def read_npz(file: Path, conventions: Conventions) -> Reading:
    """Read the spikes saved by a run, or ``times`` and ``neurons``, or a dense array ``spikes``, or Pynapple's TsGroup.

    Times and neurons may have any names of `PAIRS`. All but Pynapple's may come with ``clusters`` (a label for each
    neuron), times and neurons also with ``duration`` (s) and ``n_neurons``. Other arrays are ignored.

    Raises:
        DataError: The file is damaged, or lacks these arrays.
    """
    names = names_of_arrays(file)
    if set(ARRAYS) <= set(names):
        return read_tsgroup(file, names, conventions)
    pair = pair_of(names)
    wanted = {*SAVED_ARRAYS, *NAMES, "spikes", *(() if pair is None else (pair.times, pair.neurons))}
    arrays = read_arrays(file, [name for name in names if name in wanted])
    labels = arrays.get("clusters")
    if arrays.keys() >= set(SAVED_ARRAYS):
        return checked(spikes_from(arrays, str(file)), labels, conventions, str(file))
    if pair is not None:
        return reading_of_arrays(with_usual_names(arrays, pair), pair.applied_to(conventions), str(file))
    if "spikes" in arrays:
        return reading_of_dense(arrays["spikes"], conventions, str(file), labels)
    raise DataError(
        f"{file}: {', '.join(names) or 'no array'} found; expected {', '.join(SAVED_ARRAYS)}, or times and neurons, or "
        "spikes"
    )


def read_text(file: Path, conventions: Conventions) -> Reading:
    """Read a table, which NEST may have written.

    Raises:
        DataError: As for `read_table` and `read_nest`.
    """
    return read_nest([file], conventions) if is_nest(file) else read_table(file, conventions)


#: Readers by extension.
READERS: dict[str, Callable[[Path, Conventions], Reading]] = {
    ".npy": read_npy,
    ".npz": read_npz,
    **dict.fromkeys((".csv", ".tsv", ".txt", ".dat"), read_text),
    GDF: lambda file, conventions: read_nest([file], conventions),
    ".mat": read_mat,
    ".nwb": read_nwb,
    **dict.fromkeys((".h5", ".hdf5"), read_sonata),
}


def read_file(file: Path, conventions: Conventions) -> Reading:
    """Read the spikes of a file.

    Raises:
        DataError: The extension is unknown, or the file is damaged.
        ImportError: The library for such files is not installed.
    """
    reader = READERS.get(file.suffix.lower())
    if reader is None:
        raise DataError(f"{file}: extension {file.suffix!r} found; expected one of {', '.join(READERS)}")
    return reader(file, conventions)


def sessions_of_file(file: Path, trials: bool = True) -> list[tuple[str, Callable[[Conventions], Reading]]]:
    """Name and reader of each session of a file; those of a file of NWB are found in it.

    Args:
        file: The file.
        trials: Whether the trials of a file of NWB are sessions.

    Raises:
        DataError: A file of NWB is damaged.
        ImportError: The library for it is not installed.
    """
    if file.suffix.lower() == ".nwb":
        return nwb_sessions(file, trials)
    return [(file.stem, partial(read_file, file))]
