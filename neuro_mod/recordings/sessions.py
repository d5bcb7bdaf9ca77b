"""Finding the sessions in a folder, a file, or objects in memory; each is read when it is needed."""

from __future__ import annotations

import logging
import math
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from glob import has_magic
from itertools import groupby, starmap
from operator import index
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuro_mod.checks import user_path
from neuro_mod.errors import DataError
from neuro_mod.populations import Populations
from neuro_mod.recordings.conventions import Conventions, has_unit
from neuro_mod.recordings.files import READERS, sessions_of_file
from neuro_mod.recordings.neo_objects import is_neo, neo_sessions
from neuro_mod.recordings.nest import (
    Recorder,
    holds_spikes,
    read_nest,
    recorder_of,
    warn_of_missing_threads,
    warn_of_populations,
)
from neuro_mod.recordings.pairs import pair_of, with_usual_names
from neuro_mod.recordings.readings import Reading, checked, reading_of_arrays, reading_of_dense
from neuro_mod.recordings.rows import (
    NONE_VARY,
    Rows,
    differing,
    refuse_unknown,
    rows_of,
    separates_sessions,
    sessions_of_rows,
)
from neuro_mod.recordings.saved import spike_arrays, spikes_from
from neuro_mod.recordings.spikes import SpikeEvents, is_step
from neuro_mod.recordings.stimuli import RunStimulus, stimulus_in
from neuro_mod.recordings.tables import rows_of_frame
from neuro_mod.recordings.trains import are_trains, reading_of_trains
from neuro_mod.recordings.windows import SAME
from neuro_mod.recordings.written import Unchanged, check_written, run_folder
from neuro_mod.storage.names import CLUSTERS, DATA, PAIRED_SPIKES, REPEATED_CLUSTERS, RUN
from neuro_mod.storage.reading import read_json

_LOG = logging.getLogger(__name__)
#: Files of a folder without spikes that a message names at most.
_MAX_SHOWN = 3


@dataclass(frozen=True)
class Session:
    """One recording.

    Args:
        name: Its name.
        read: Reads its spikes, given conventions.
        file: Its file, or the first; None if it is in memory.
        further: Its other files, if each thread of the simulator wrote one.
        unchanged: Makes sure of its files; None if it is in memory.
        stimulus: The stimulus of its run; None where that is not known.
    """

    name: str
    read: Callable[[Conventions], Reading]
    file: Path | None = None
    further: tuple[Path, ...] = ()
    unchanged: Unchanged | None = None
    stimulus: RunStimulus | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """All its files."""
        return () if self.file is None else (self.file, *self.further)

    @property
    def run(self) -> Path | None:
        """Folder of the run that wrote its file; None of others."""
        written = self.file is not None and self.unchanged is not None and self.unchanged.wrote(self.file)
        return run_folder(self.file) if self.file is not None and written else None

    @property
    def sha256_as_written(self) -> str | None:
        """SHA-256 of its file, which was read and found to be as its run wrote it; None of others."""
        return None if self.file is None or self.unchanged is None else self.unchanged.sha256_of(self.file)

    @property
    def where(self) -> str:
        """Its name in messages: its file, and which of several sessions in it."""
        if self.file is None:
            return self.name
        several = self.name.startswith(f"{self.file.stem}, ")
        return f"{self.file}{self.name.removeprefix(self.file.stem)}" if several else str(self.file)


@dataclass(frozen=True)
class Description:
    """Properties of spikes from the metadata of their run.

    Args:
        where: The file of the metadata, or their name in messages.
        delta_t: Time step in seconds.
        populations: The layout of cluster space.
        own_networks: Whether each session has a network of its own.
        stimulus: The stimulus; None where that is not known.
    """

    where: str
    delta_t: float
    populations: Populations
    own_networks: bool = False
    stimulus: RunStimulus | None = None


@dataclass(frozen=True)
class Sessions:
    """Recordings of one network, or of networks with the same clusters.

    Args:
        sessions: The sessions.
        description: Description of all of them, if there is one.
        clusters: Files beside them with the clusters of the neurons.
    """

    sessions: tuple[Session, ...]
    description: Description | None = None
    clusters: tuple[Path, ...] = ()


def open_sessions(data: Any, name: str = "session 0", trials: bool = True) -> Sessions:
    """Find the sessions of a folder, a file, or results in memory; no spikes are read yet.

    Args:
        data: See `Analyzer`.
        name: Name of a session in memory.
        trials: Whether trials, of NWB or in columns beside the spikes, are sessions.

    Raises:
        DataError: It holds no spikes.
        FileNotFoundError: There is no such file or folder.
    """
    opened = _opened(data, name, trials)
    return replace(opened, sessions=_threads_joined(opened.sessions))


def _opened(data: Any, name: str, trials: bool) -> Sessions:
    if isinstance(data, str | os.PathLike):
        files = matching(user_path(data))
        return _on_disk(files[0], trials) if len(files) == 1 else _several(files, trials)
    if is_neo(data):
        return Sessions(tuple(starmap(Session, neo_sessions(data, name))))
    if isinstance(data, list) and not are_trains(data) and not all(isinstance(entry, int | float) for entry in data):
        return _several(data, trials)
    described = _described(data)
    return Sessions(_with_stimulus(_in_memory(name, data, trials), described), described)


def matching(path: Path) -> list[Path]:
    """The file or folder, or those that match a pattern such as ``run/spikes_*.csv``, in the order of their numbers.

    Raises:
        FileNotFoundError: There is none.
    """
    if path.exists():
        return [path]
    pattern = str(path.relative_to(path.anchor))
    found = sorted(Path(path.anchor).glob(pattern), key=_by_number) if has_magic(pattern) else []
    if not found:
        raise FileNotFoundError(f"{path}: no such file or folder")
    return found


def _on_disk(path: Path, trials: bool) -> Sessions:
    files = _files_of(path) if path.is_dir() else [path]
    return _of_run(run_folder(path), files, trials, whole=path.is_dir())


def _of_run(run: Path, files: Sequence[Path], trials: bool, *, whole: bool) -> Sessions:
    """The sessions in files of one run, or beside no run; `whole` if these are all its files of spikes."""
    description = _read_description(run / RUN) if os.path.lexists(run / RUN) else None
    clusters = tuple(run / name for name in (REPEATED_CLUSTERS, CLUSTERS) if os.path.lexists(run / name))
    unchanged = Unchanged(check_written(run, files, whole=whole))
    sessions = [
        Session(name, unchanged.reader([file], read), file, unchanged=unchanged)
        for file in files
        for name, read in sessions_of_file(file, trials)
    ]
    return Sessions(_with_stimulus(sessions, description), description, clusters)


def _with_stimulus(sessions: Iterable[Session], description: Description | None) -> tuple[Session, ...]:
    return tuple(replace(each, stimulus=None if description is None else description.stimulus) for each in sessions)


def _threads_joined(sessions: Iterable[Session]) -> tuple[Session, ...]:
    """The sessions, of which those that the threads of one recorder of NEST wrote are one."""
    joined: dict[Any, list[Session]] = {}
    for number, session in enumerate(sessions):
        recorder = None if session.file is None or session.further else recorder_of(session.file)
        joined.setdefault(number if recorder is None else recorder, []).append(session)
    warn_of_populations(key for key in joined if isinstance(key, Recorder))
    return tuple(_one_session(key, each) for key, each in joined.items())


def _one_session(recorder: Any, threads: Sequence[Session]) -> Session:
    if not isinstance(recorder, Recorder):
        return threads[0]
    files = [thread.file for thread in threads if thread.file is not None]
    warn_of_missing_threads(recorder, files)
    if len(files) == 1:
        return threads[0]
    name = recorder.name.rstrip("-_") or threads[0].name
    unchanged = Unchanged({})
    read = unchanged.reader(files, partial(read_nest, files))
    return Session(name, read, files[0], tuple(files[1:]), unchanged)


def _files_of(folder: Path) -> list[Path]:
    for place in (folder, folder / DATA):
        files = [file for file in place.glob("spikes*") if file.suffix.lower() in READERS]
        files = sorted(files or filter(holds_spikes, place.glob("*")), key=_by_number)
        twice = [stem for stem, count in Counter(file.stem for file in files).items() if count > 1]
        if twice:
            raise DataError(f"{place}: {', '.join(twice)} in several formats found; expected one file for each session")
        if {Path(name).name for name in PAIRED_SPIKES.values()} <= {file.name for file in files}:
            raise DataError(f"{place}: runs with and without a perturbation found; expected sessions of one experiment")
        if files:
            return files
    names = sorted(each.name for each in folder.iterdir())
    found = ", ".join(names[:_MAX_SHOWN]) + (", ..." if len(names) > _MAX_SHOWN else "") or "nothing"
    raise DataError(f"{folder}: {found} found; expected files spikes*{{{', '.join(READERS)}}} in it or in {DATA}/")


def _by_number(file: Path) -> tuple[str, str]:
    """Sorts ``spikes_2`` before ``spikes_10``."""
    return re.sub(r"\d+", lambda digits: digits[0].zfill(20), str(file)), str(file)


def _read_description(file: Path) -> Description | None:
    metadata = read_json(file)
    explored = metadata.get("explored") if isinstance(metadata, Mapping) else None
    if isinstance(explored, Mapping) and explored.get("changes_within"):
        n = explored["changes_within"]
        _LOG.warning("%s: parameters were changed %s times within these spikes; they are of no single network", file, n)
    return _description(str(file), metadata)


def _description(where: str, metadata: Any) -> Description | None:
    if not isinstance(metadata, Mapping) or "populations" not in metadata:
        return None
    try:
        layout = metadata["populations"]
        (e, i), (e_background, i_background) = layout["cluster_sizes"], layout["background_sizes"]
        sizes = [index(size) for size in (layout["n_clusters"], e, i, e_background, i_background)]
        delta_t = float(metadata["delta_t"])
        if min(sizes) < 0 or not is_step(delta_t):
            raise ValueError(f"populations of {sizes} neurons and steps of {delta_t} s")
        n_clusters, e, i, e_background, i_background = sizes
        populations = Populations(n_clusters, (e, i), (e_background, i_background))
        own_networks = metadata.get("fix_network") is False
        return Description(where, delta_t, populations, own_networks, stimulus_in(metadata))
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{where} is damaged: {error!r}") from error


def _several(data: Sequence[Any], trials: bool) -> Sessions:
    opened = []
    for run, group in groupby(enumerate(data), lambda entry: _run_of_file(entry[1])):
        if run is None:
            opened += [_opened(each, f"session {number}", trials) for number, each in group]
        else:  # what a run says about its files is read once
            opened.append(_of_run(run, [user_path(each) for _, each in group], trials, whole=False))
    sessions = tuple(session for each in opened for session in each.sessions)
    descriptions = [each.description for each in opened if each.description is not None]
    for other in descriptions[1:]:
        same_step = math.isclose(other.delta_t, descriptions[0].delta_t, rel_tol=SAME)
        if not same_step or other.populations != descriptions[0].populations:
            raise DataError(f"{other.where}: another network or time step than in {descriptions[0].where} found")
    described = descriptions[0] if descriptions else None
    return Sessions(sessions, described, tuple(file for each in opened for file in each.clusters))


def _run_of_file(data: Any) -> Path | None:
    """The folder of the run of a single file; None of a folder, a pattern, or what is in memory."""
    path = user_path(data) if isinstance(data, str | os.PathLike) else None
    return run_folder(path) if path is not None and path.is_file() else None


def _in_memory(name: str, data: Any, trials: bool) -> tuple[Session, ...]:
    spikes = _spikes_of(data)
    separating = _separating_results(data, spikes) if trials else ()
    rows = _rows_in_memory(name, spikes)
    if rows is not None and trials and rows.separating:
        return tuple(starmap(Session, sessions_of_rows(name, name, lambda: rows)))
    read = _reader_in_memory(name, spikes, type(data).__name__) if rows is None else partial(rows.reading, where=name)

    def checked_read(conventions: Conventions) -> Reading:
        refuse_unknown(separating, conventions, name, NONE_VARY)
        return read(conventions)

    return (Session(name, checked_read),)


def _separating_results(data: Any, spikes: Any) -> tuple[str, ...]:
    """Names of arrays beside the spikes of results that separate sessions, whatever these spikes are."""
    if spikes is data or not isinstance(data, Mapping):
        return ()
    counted = spikes[0] if isinstance(spikes, tuple) and spikes else spikes
    length = (len(counted) if hasattr(counted, "__len__") else 0,)
    found = {str(key): _column(values) for key, values in data.items() if separates_sessions(key)}
    return differing({key: column for key, column in found.items() if column is not None and column.shape == length})


def _rows_in_memory(name: str, spikes: Any) -> Rows | None:
    """Times and neurons of a mapping or a frame, and what stands beside them; None if the spikes are something else."""
    if isinstance(spikes, pd.DataFrame) and any(isinstance(column, str) for column in spikes.columns):
        return rows_of_frame(spikes, name)
    if not isinstance(spikes, Mapping) or are_trains(spikes) or (pair := pair_of(spikes)) is None:
        return None
    arrays = {key: _array(values) for key, values in with_usual_names(spikes, pair).items()}
    beside = {str(key): _column(values) for key, values in spikes.items() if key not in pair.known}
    return rows_of(arrays, {key: column for key, column in beside.items() if column is not None}, pair.unit)


def _reader_in_memory(name: str, spikes: Any, kind: str) -> Callable[[Conventions], Reading]:
    if are_trains(spikes):
        return partial(reading_of_trains, spikes, where=name)
    if isinstance(spikes, SpikeEvents):
        arrays = spike_arrays(spikes)
        return lambda conventions: checked(spikes_from(arrays, name), None, conventions, name)
    if isinstance(spikes, tuple) and len(spikes) == 2:
        times, neurons = spikes
        arrays = {"times": _array(times), "neurons": _array(neurons)}
        return lambda conventions: reading_of_arrays(arrays, conventions, name)
    if hasattr(spikes, "__array__"):
        dense = np.asarray(spikes)
        return lambda conventions: reading_of_dense(dense, conventions, name)
    raise DataError(
        f"{name}: a Python {kind} found; expected a folder or file, SpikeEvents, results of a run, a "
        "pair (times, neurons), a pandas frame or mapping of both, a list or mapping of the times of each neuron, a "
        "boolean array (n_steps, n_neurons), a Neo segment or block, or a list of these, one for each session"
    )


def _column(values: Any) -> NDArray[Any] | None:
    """What may stand beside times and neurons; None if it is no sequence of numbers or text."""
    if isinstance(values, str | bytes | Mapping) or not hasattr(values, "__len__"):
        return None
    try:
        return np.asarray(values)
    except ValueError:  # sequences of different lengths
        return np.array(list(map(str, values)))


def _array(values: Any) -> Any:
    """An array; one with a unit, or a mask, keeps it."""
    return values if has_unit(values) or isinstance(values, np.ma.MaskedArray) else np.asarray(values)


def _spikes_of(data: Any) -> Any:
    """The spikes of results: of a stager (a mapping), or of the engine (an attribute)."""
    if isinstance(data, Mapping) and "spikes" in data:
        return data["spikes"]
    return getattr(data, "spikes", data)


def _described(data: Any) -> Description | None:
    if not isinstance(data, Mapping) or "metadata" not in data:
        return None
    return _description("the metadata of the results", data["metadata"])
