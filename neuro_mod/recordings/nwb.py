"""Spikes in NWB files (Neurodata Without Borders).

References:
    Rübel et al. (2022) The Neurodata Without Borders ecosystem for neurophysiological data science. eLife 11:e78362.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache, partial
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.checks import user_path
from neuro_mod.errors import DataError, InputError, invalid
from neuro_mod.optional import optional
from neuro_mod.recordings.conventions import Conventions
from neuro_mod.recordings.readings import Reading, labels_of_neurons, reading_of_units
from neuro_mod.recordings.rows import NONE_VARY, differing, refuse_unknown, separates_sessions
from neuro_mod.recordings.spikes import SpikeEvents
from neuro_mod.recordings.trains import trains_of
from neuro_mod.recordings.windows import SAME
from neuro_mod.storage.reading import MAX_UNPACKED, naming
from neuro_mod.storage.writing import write_whole

_LOG = logging.getLogger(__name__)
#: What messages expect beside spike times.
_EXPECTED = f"a table of trials, or {NONE_VARY}"
#: Columns with an entry for each spike that separate nothing, of NWB, the Allen Institute and the IBL.
_OF_SPIKES = (
    *("spike_times", "obs_intervals", "electrodes", "waveforms"),
    *("spike_amplitudes", "spike_depths", "spike_distances_from_probe_tip"),
    *("spike_amplitudes_uv", "spike_relative_depths_um"),
)


def to_nwb(
    spikes: SpikeEvents,
    labels: ArrayLike | None = None,
    *,
    description: str = "Spikes of a network of leaky integrate-and-fire neurons",
    identifier: str | None = None,
    begin: datetime | None = None,
) -> Any:
    """A ``pynwb.NWBFile`` in memory with the spikes of one session as its table of units.

    Units are neurons, silent ones included, with the columns ``spike_times``, ``obs_intervals`` (the session) and,
    given labels, ``cluster``; the resolution is the time step.

    Args:
        spikes: Spikes of one session.
        labels: Label of each neuron's cluster, shape ``(n_neurons,)``.
        description: Of the session.
        identifier: Globally unique identifier of the file; by default a random UUID.
        begin: Start of the session, with a time zone; by default now.

    Raises:
        ImportError: PyNWB is not installed.
        InputError: These are no `SpikeEvents`, or there is not one label for each neuron, or there are no neurons, or
            `begin` is no time.

    Examples:
        >>> import numpy as np
        >>> from neuro_mod import SpikeEvents, to_nwb
        >>> spikes = SpikeEvents(np.array([0, 2, 2]), np.array([1, 0, 3]), n_steps=40, n_neurons=5, delta_t=0.5e-3)
        >>> file = to_nwb(spikes, labels=[0, 0, 1, 1, 1], description="Five neurons")
        >>> len(file.units), file.units.colnames
        (5, ('cluster', 'spike_times', 'obs_intervals'))
    """
    trains, pynwb = trains_of(spikes), optional("pynwb", "nwb")
    if not trains:
        raise InputError("spikes: 0 neurons found; expected at least one unit")
    if not isinstance(begin, datetime | None):
        raise invalid("begin", begin, "a datetime with a time zone")
    content = pynwb.NWBFile(
        session_description=description,
        identifier=identifier or str(uuid4()),
        session_start_time=begin or datetime.now(UTC),
    )
    content.units = _units(pynwb, spikes, trains, None if labels is None else labels_of_neurons(spikes, labels))
    return content


def write_nwb(path: str | os.PathLike[str], spikes: SpikeEvents, labels: ArrayLike | None = None, **about: Any) -> Path:
    """Write the spikes of one session to an NWB file, whole or not at all, see `to_nwb`.

    Args:
        path: The file; an existing one is replaced.
        spikes: Spikes of one session.
        labels: Label of each neuron's cluster, shape ``(n_neurons,)``.
        **about: ``description``, ``identifier`` and ``begin``, as for `to_nwb`.

    Returns:
        The file.

    Raises:
        ImportError: PyNWB is not installed.
        StorageError: The file could not be written.
        InputError: As for `to_nwb`.

    Examples:
        >>> import numpy as np
        >>> from neuro_mod import Analyzer, SpikeEvents, write_nwb
        >>> spikes = SpikeEvents(np.array([0, 2, 2]), np.array([1, 0, 3]), n_steps=40, n_neurons=5, delta_t=0.5e-3)
        >>> file = write_nwb("spikes.nwb", spikes, labels=[0, 0, 1, 1, 1])
        >>> Analyzer(file).n_sessions
        1
    """
    pynwb, h5py = optional("pynwb", "nwb"), optional("h5py", "nwb")
    path = user_path(path)
    try:
        content = to_nwb(spikes, labels, **about)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    memory = BytesIO()  # HDF5 does not survive a full disk
    with h5py.File(memory, "w") as file, pynwb.NWBHDF5IO(file=file, mode="w") as stream:
        stream.write(content)
    write_whole(path, lambda opened: opened.write(memory.getbuffer()))
    return path


def _units(
    pynwb: Any, spikes: SpikeEvents, trains: Sequence[NDArray[np.float64]], labels: NDArray[np.int64] | None
) -> Any:
    units = pynwb.misc.Units(name="units", description="neurons", resolution=spikes.delta_t)
    if labels is not None:
        units.add_column("cluster", "label of the neuron's cluster")
    for neuron, times in enumerate(trains):
        about = {} if labels is None else {"cluster": int(labels[neuron])}
        units.add_unit(spike_times=times, obs_intervals=[[0.0, spikes.duration]], **about)
    return units


def read_nwb(file: Path, conventions: Conventions | None = None) -> Reading:
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

    Examples:
        >>> from pathlib import Path
        >>> import numpy as np
        >>> from neuro_mod import SpikeEvents, read_nwb, write_nwb
        >>> spikes = SpikeEvents(np.array([0, 2, 2]), np.array([1, 0, 3]), n_steps=40, n_neurons=5, delta_t=0.5e-3)
        >>> file = write_nwb("spikes.nwb", spikes, labels=[0, 0, 1, 1, 1])
        >>> reading = read_nwb(Path("spikes.nwb"))
        >>> len(reading.spikes), reading.labels.tolist()
        (3, [0, 0, 1, 1, 1])
    """
    where, conventions = str(file), conventions or Conventions()
    units = _load(Path(file))
    refuse_unknown(units.unknown, conventions, where, _EXPECTED)
    return reading_of_units(
        units.times, units.counts, units.span, conventions.at_resolution(units.resolution), where, units.labels
    )


def nwb_sessions(file: Path, trials: bool = True) -> list[tuple[str, Callable[[Conventions], Reading]]]:
    """Name and reader of each session of an NWB file: its trials, or the pieces in which all units were observed.

    A file without trials and pieces is one session, see `read_nwb`. Times are counted from the start of each session. A
    warning says how many spikes are outside of all sessions.

    Args:
        file: The file.
        trials: Whether the trials are sessions, if there are any.

    Raises:
        DataError: The file is damaged, or trials overlap or were not observed.
        ImportError: PyNWB is not installed.
    """
    kind, pieces = _pieces(file, trials)
    if not len(pieces):
        return [(file.stem, partial(read_nwb, file))]
    load = lru_cache(maxsize=1)(partial(_load, file, pieces))

    def read(number: int, conventions: Conventions) -> Reading:
        units, (begin, end) = load(), pieces[number]
        inside = (units.times >= begin) & _until(units.times, end, pieces)
        neurons = np.repeat(np.arange(len(units.counts)), units.counts)[inside]
        counts = np.bincount(neurons, minlength=len(units.counts))
        conventions = conventions.at_resolution(units.resolution)
        where = f"{file}, {kind} {number}"
        unknown = [name for name in units.unknown if kind != "trial" or not separates_sessions(name)]
        refuse_unknown(unknown, conventions, where, _EXPECTED)
        return reading_of_units(units.times[inside], counts, (begin, end), conventions, where, units.labels)

    return [(f"{file.stem}, {kind} {number}", partial(read, number)) for number in range(len(pieces))]


class _Units(NamedTuple):
    """The table of units: times of one after the other, number of spikes of each, and begin and end of the session."""

    times: NDArray[Any]
    counts: NDArray[np.int64]
    span: tuple[float, float | None]
    labels: NDArray[Any] | None
    resolution: float | None
    #: Names of columns that may separate the spikes of a unit, or units that were recorded at different times.
    unknown: list[str]


def _load(file: Path, pieces: NDArray[Any] | None = None) -> _Units:
    """Read the table of units; without pieces, all are to have been observed at the same time."""
    pynwb = optional("pynwb", "nwb")
    where = str(file)
    with naming(file), pynwb.NWBHDF5IO(where, "r", load_namespaces=True) as stream:
        units = stream.read().units
        if units is None or "spike_times" not in units.colnames:
            raise DataError(f"{where}: no spike_times of units found; expected a table of units")
        times, counts = _ragged(units["spike_times"], where)
        span = _span(units, where) if pieces is None else (0.0, None)
        labels = _content(units["cluster"], where) if "cluster" in units.colnames else None
        resolution = units.resolution
        unknown = _unknown(units, counts, where)
    if pieces is not None:
        inside = np.zeros(len(times), bool)
        for begin, end in pieces:
            inside |= (times >= begin) & _until(times, end, pieces)
        if not inside.all():
            left = np.count_nonzero(~inside)
            _LOG.warning("%s: %d of %d spikes are outside of the %d sessions", where, left, len(times), len(pieces))
    return _Units(times, counts, span, labels, resolution, unknown)


def _unknown(units: Any, counts: NDArray[np.int64], where: str) -> list[str]:
    """Columns with an entry for each spike that vary, and those that separate sessions and differ between units."""
    found = {}
    for name in units.colnames:
        column = units[name]
        if name in _OF_SPIKES or hasattr(column, "table"):
            continue
        if not hasattr(column, "target"):
            if separates_sessions(name):
                found[name] = _content(column, where)
        elif not hasattr(column.target, "target"):
            content, lengths = _ragged(column, where)
            if np.array_equal(lengths, counts) and content.ndim == 1:
                found[name] = content
    return [name for name, column in found.items() if differing({name: column})]


def _until(times: NDArray[Any], end: float, pieces: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether times are in a piece that ends then; a spike at its very end belongs to a piece that begins there."""
    return times < end if end in pieces[:, 0] else times <= end


def _pieces(file: Path, trials: bool) -> tuple[str, NDArray[np.float64]]:
    """What the sessions of a file are called, and begin and end of each, shape ``(n_sessions, 2)``; none for one."""
    pynwb = optional("pynwb", "nwb")
    where = str(file)
    with naming(file), pynwb.NWBHDF5IO(where, "r", load_namespaces=True) as stream:
        content = stream.read()
        units, table = content.units, content.trials if trials else None
        observed = counts = np.empty((0, 2))
        if units is not None and "obs_intervals" in units.colnames:
            observed, counts = _ragged(units["obs_intervals"], where)
        if table is not None and len(table):
            found = np.column_stack([_content(table[name], where) for name in ("start_time", "stop_time")])
            trials_found = _apart("trials", found.astype(np.float64), where)
            _check_observed(trials_found, observed, counts, where)
            return "trial", trials_found
    same = len(counts) > 0 and counts[0] > 1 and (counts == counts[0]).all()
    by_unit = observed.reshape(len(counts), -1, 2) if same else np.empty((1, 0, 2))
    alike = np.allclose(by_unit, by_unit[:1], rtol=SAME, atol=0)
    return "interval", _apart("obs_intervals", by_unit[0] if alike else np.empty((0, 2)), where)


def _apart(what: str, pieces: NDArray[Any], where: str) -> NDArray[Any]:
    """Pieces that have a length and do not overlap.

    Raises:
        DataError: They do.
    """
    begins, ends = pieces[np.argsort(pieces[:, 0], kind="stable")].T
    if not (np.isfinite(pieces).all() and (ends > begins).all()):
        raise DataError(f"{where}: {what}: one without a length found; expected times that end after they begin")
    if (begins[1:] < ends[:-1] * (1 - SAME)).any():
        hint = "; give trials=False (--no-trials)" if what == "trials" else ""
        raise DataError(f"{where}: {what} that overlap found; expected one after the other{hint}")
    return pieces


def _check_observed(trials: NDArray[Any], observed: NDArray[Any], counts: NDArray[Any], where: str) -> None:
    for number, (begin, end) in enumerate(trials if len(counts) else ()):
        covers = (observed[:, 0] <= begin + SAME * end) & (observed[:, 1] >= end * (1 - SAME))
        if not np.bincount(np.repeat(np.arange(len(counts)), counts), covers, len(counts)).all():
            raise DataError(
                f"{where}: trial {number} from {begin:g} to {end:g} s found; expected trials within the obs_intervals "
                "of all units"
            )


def _span(units: Any, where: str) -> tuple[float, float | None]:
    """Begin and end of the session in seconds."""
    if "obs_intervals" not in units.colnames:
        return 0.0, None
    intervals, counts = _ragged(units["obs_intervals"], where)
    if (counts != 1).any() or not np.allclose(intervals, intervals[:1], rtol=SAME, atol=0):
        raise DataError(f"{where}: obs_intervals: several intervals found; expected the same for all units")
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
