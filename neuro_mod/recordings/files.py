"""Reading files of spikes, by their extensions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from neuro_mod.errors import DataError
from neuro_mod.recordings.conventions import Conventions
from neuro_mod.recordings.matlab import mat_separates_sessions, read_mat, rows_of_mat
from neuro_mod.recordings.nest import GDF, is_nest, read_nest
from neuro_mod.recordings.nwb import nwb_sessions, read_nwb
from neuro_mod.recordings.pairs import Pair, pair_of, with_usual_names
from neuro_mod.recordings.pynapple_files import ARRAYS, read_tsgroup
from neuro_mod.recordings.readings import NAMES, Reading, checked, reading_of_dense
from neuro_mod.recordings.rows import (
    NONE_VARY,
    Rows,
    differing,
    refuse_unknown,
    rows_of,
    separates_sessions,
    sessions_of_rows,
)
from neuro_mod.recordings.saved import SAVED_ARRAYS, spikes_from
from neuro_mod.recordings.sonata import read_sonata
from neuro_mod.recordings.tables import read_table, rows_of_table, table_separates_sessions
from neuro_mod.storage.reading import kinds_of_arrays, map_array, names_of_arrays, read_arrays


def read_npy(file: Path, conventions: Conventions) -> Reading:
    """Read a dense array ``(n_steps, n_neurons)``.

    Raises:
        DataError: The file is damaged, or not such an array.
    """
    return reading_of_dense(map_array(file), conventions, str(file))


def read_npz(file: Path, conventions: Conventions) -> Reading:
    """Read the spikes saved by a run, or ``times`` and ``neurons``, or a dense array ``spikes``, or Pynapple's TsGroup.

    Times and neurons may have any names of `PAIRS`. All but Pynapple's may come with ``clusters`` (a label for each
    neuron), times and neurons also with ``duration`` (s) and ``n_neurons``. Other arrays are ignored, if they do not
    have an entry for each spike.

    Raises:
        DataError: The file is damaged, or lacks these arrays.
    """
    kinds = kinds_of_arrays(file)
    names = list(kinds)
    if set(ARRAYS) <= set(names):
        return read_tsgroup(file, kinds, conventions)
    if _pair_in(names) is not None:
        return rows_of_npz(file).reading(conventions, str(file))
    arrays = read_arrays(file, [name for name in names if name in {*SAVED_ARRAYS, "spikes", "clusters"}])
    labels = arrays.get("clusters")
    if arrays.keys() >= set(SAVED_ARRAYS):
        return checked(spikes_from(arrays, str(file)), labels, conventions, str(file))
    if "spikes" in arrays:
        steps = [name for name in kinds if separates_sessions(name) and kinds[name][0] == arrays["spikes"].shape[:1]]
        refuse_unknown(differing(read_arrays(file, steps)), conventions, str(file), NONE_VARY)
        return reading_of_dense(arrays["spikes"], conventions, str(file), labels)
    raise DataError(
        f"{file}: {', '.join(names) or 'no array'} found; expected {', '.join(SAVED_ARRAYS)}, or times and neurons, or "
        "spikes"
    )


def _pair_in(names: Iterable[str]) -> Pair | None:
    """The names of times and neurons in an archive that holds neither Pynapple's arrays nor those of a run."""
    known = set(names)
    return None if set(ARRAYS) <= known or set(SAVED_ARRAYS) <= known else pair_of(known)


def rows_of_npz(file: Path) -> Rows:
    """Times and neurons of an archive, and what stands beside them.

    Raises:
        DataError: The file is damaged, or an array beside them holds Python objects.
    """
    kinds = kinds_of_arrays(file)
    pair = _pair_in(kinds)
    if pair is None:
        raise DataError(f"{file}: {', '.join(kinds)} found; expected times and neurons")
    beside = [name for name in kinds if kinds[name][0] == kinds[pair.times][0] and name not in pair.known]
    objects = [name for name in beside if kinds[name][1].hasobject]
    if any(map(separates_sessions, objects)):
        raise DataError(f"{file}: {', '.join(objects)}: Python objects found; expected numbers or text")
    wanted = {*NAMES, pair.times, pair.neurons, *beside} - set(objects)
    arrays = read_arrays(file, [name for name in kinds if name in wanted])
    rows = rows_of(with_usual_names(arrays, pair), {name: arrays[name] for name in beside if name in arrays}, pair.unit)
    return rows._replace(unknown=(*rows.unknown, *objects))


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
    """Name and reader of each session of a file: of the trials of NWB, or of what columns beside the spikes separate.

    Args:
        file: The file.
        trials: Whether trials are sessions; otherwise the file is one.

    Raises:
        DataError: A file with trials is damaged.
        ImportError: The library for it is not installed.
    """
    if file.suffix.lower() == ".nwb":
        return nwb_sessions(file, trials)
    load = _rows_with_sessions(file) if trials else None
    return [(file.stem, partial(read_file, file))] if load is None else sessions_of_rows(file.stem, str(file), load)


def _rows_with_sessions(file: Path) -> Callable[[], Rows] | None:
    """Reads the rows of a file, if names of its columns or arrays say that they separate sessions."""
    reader = READERS.get(file.suffix.lower())
    if reader is read_text:
        return partial(rows_of_table, file) if not is_nest(file) and table_separates_sessions(file) else None
    if reader is read_npz:
        names = names_of_arrays(file)
        separated = _pair_in(names) is not None and any(map(separates_sessions, names))
        return partial(rows_of_npz, file) if separated else None
    if reader is read_mat:
        return partial(rows_of_mat, file) if mat_separates_sessions(file) else None
    return None
