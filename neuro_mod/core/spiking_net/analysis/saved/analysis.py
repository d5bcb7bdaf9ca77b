"""An analysis on the disk: tables that any program opens, rates, and a description with the hashes of everything.

Files are written beside those of an earlier analysis and take their places together, the description last: a folder
without it holds no analysis.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuro_mod.core.spiking_net.analysis.findings.sessions import (
    Findings,
    Progress,
    SessionRates,
    SessionSummary,
    analysed_sessions,
    assembled,
)
from neuro_mod.core.spiking_net.analysis.findings.settings import AnalysisSettings
from neuro_mod.core.spiking_net.analysis.states.names import parse_state, state_name
from neuro_mod.core.spiking_net.analysis.states.state_statistics import states_table
from neuro_mod.core.spiking_net.analysis.states.transitions import transition_probabilities, transition_table
from neuro_mod.core.spiking_net.analysis.states.visits import OCCURRENCES
from neuro_mod.errors import DataError
from neuro_mod.recordings.conventions import Conventions
from neuro_mod.recordings.layout import ClusterLayout
from neuro_mod.recordings.opening import SpikeSource
from neuro_mod.storage.locking import locked
from neuro_mod.storage.reading import naming, read_arrays, read_json, sha256_of
from neuro_mod.storage.writing import write_arrays, write_whole

DESCRIPTION = "analysis.json"
VISITS = "occurrences.csv"
MOVES = "transitions.csv"
STATES = "states.csv"
PROBABILITIES = "transition_probabilities.csv"
RATES = "cluster_rates.npz"
LAYOUT = "clusters.npz"

#: Changes whenever older versions could not read the files any more.
_FORMAT = 1
_PACKAGES = ("neuro_mod", "numpy", "scipy", "pandas")
_NEW = ".new"
_LAYOUT_ARRAYS = ("labels", "of_neuron", "defines_states")
_STATE_COLUMNS = ("state", "from_state", "to_state")


class AnalysisFolder:
    """A folder into which an analysis is written.

    All files are written beside those of an earlier analysis, and take their places together at the end.

    Args:
        path: The folder, which exists.
    """

    def __init__(self, path: Path):
        self.path = path
        self._files: dict[str, dict[str, Any]] = {}

    def save(self, name: str, write: Callable[[IO[bytes]], Any]) -> None:
        """Write one file, whole or not at all.

        Raises:
            StorageError: The disk is full, say.
        """
        written = self._beside(name)
        write_whole(written, write)
        self._files[name] = {"bytes": written.stat().st_size, "sha256": sha256_of(written)}

    def save_table(self, name: str, table: pd.DataFrame) -> None:
        """Write a table as CSV; states by their names."""
        named = {column: table[column].map(state_name) for column in _STATE_COLUMNS if column in table}
        text = table.assign(**named).to_csv(index=False, lineterminator="\n")
        self.save(name, lambda file: file.write(text.encode()))

    def save_arrays(self, name: str, arrays: Iterable[tuple[str, Any]]) -> None:
        """Write arrays to an ``.npz`` file, one after the other."""
        self.save(name, lambda file: write_arrays(file, arrays))

    def finish(self, findings: Findings, parts: Mapping[str, Any]) -> list[Path]:
        """Put all files in their places, with a description of the analysis and its parts; returns the files."""
        about = _described(findings) | {**parts, "files": dict(self._files)}
        text = json.dumps(about | {"checksum": _checksum(about)}, indent=2, allow_nan=False) + "\n"
        self.save(DESCRIPTION, lambda file: file.write(text.encode()))
        for name in (DESCRIPTION, *_earlier_files(self.path)):
            (self.path / name).unlink(missing_ok=True)
        for name in self._files:
            self._beside(name).replace(self.path / name)
        return [self.path / name for name in self._files]

    def clean(self) -> None:
        """Remove what was written and has not found its place, now or by a process that was killed."""
        for left in self.path.glob(f".*{_NEW}*"):
            left.unlink(missing_ok=True)

    def _beside(self, name: str) -> Path:
        return self.path / f".{name}{_NEW}"


@contextmanager
def analysis_folder(path: Path) -> Iterator[AnalysisFolder]:
    """A folder into which this process alone writes an analysis.

    Raises:
        StorageError: It cannot be written to, or another process writes to it.
    """
    with locked(path):
        folder = AnalysisFolder(path)
        folder.clean()
        try:
            yield folder
        finally:
            with suppress(OSError):
                folder.clean()


#: Write more to the folder of an analysis, and return what the description is to say about it, by name.
Parts = Mapping[str, Callable[[AnalysisFolder, Findings], Any]]


def write(path: Path, findings: Findings, parts: Parts) -> list[Path]:
    """Write findings, and what else belongs to the analysis, to a folder.

    Returns:
        The files.

    Raises:
        StorageError: The folder cannot be written to, or the disk is full.
    """
    indices = range(len(findings.sessions))
    with analysis_folder(path) as folder:
        folder.save_arrays(RATES, ((rates_name(index), findings.rates(index).rates) for index in indices))
        return _complete(folder, findings, parts)


def write_while_finding(
    path: Path, source: SpikeSource, settings: AnalysisSettings, report: Progress, parts: Parts
) -> tuple[list[Path], Findings]:
    """Find the states of all sessions and write them, in one pass over the spikes.

    Returns:
        The files, and what was found.

    Raises:
        StorageError: The folder cannot be written to, or the disk is full.
        DataError: The spikes of a session are damaged, or contradict what is known about all of them.
    """
    found: list[tuple[SessionSummary, pd.DataFrame]] = []

    def rates() -> Iterator[tuple[str, NDArray[np.float32]]]:
        for session in analysed_sessions(source, settings, report):
            digest = None if session.summary.file is None else sha256_of(session.summary.file)
            found.append((replace(session.summary, sha256=digest), session.visits))
            yield rates_name(len(found) - 1), session.rates.rates

    with analysis_folder(path) as folder:
        folder.save_arrays(RATES, rates())
        findings = assembled(source, settings, [summary for summary, _ in found], [visits for _, visits in found])
        return _complete(folder, findings, parts), findings


def _complete(folder: AnalysisFolder, findings: Findings, parts: Parts) -> list[Path]:
    visits, layout = findings.occurrences, findings.layout
    moves = transition_table(visits)
    folder.save_table(VISITS, visits)
    folder.save_table(MOVES, moves)
    folder.save_table(PROBABILITIES, transition_probabilities(moves))
    folder.save_table(STATES, states_table(visits, sum(session.duration for session in findings.sessions)))
    folder.save_arrays(LAYOUT, ((name, getattr(layout, name)) for name in _LAYOUT_ARRAYS))
    return folder.finish(findings, {name: add(folder, findings) for name, add in parts.items()})


class SavedAnalysis:
    """An analysis that was written by `AnalysisFolder`; every file is checked against its hash before it is used.

    Args:
        path: The folder.

    Raises:
        DataError: A file is missing or damaged; the message names it.
        FileNotFoundError: There is no such folder, or no analysis in it.
    """

    def __init__(self, path: Path):
        self.path = path
        self.description = _read_description(path / DESCRIPTION)
        with naming(path / DESCRIPTION):
            for name, about in self.description["files"].items():
                _check_file(path / name, about)

    def findings(self) -> Findings:
        """What was found."""
        about = self.description
        with naming(self.path / DESCRIPTION):
            settings = AnalysisSettings(**about["settings"])
            sessions = tuple(_session(each) for each in about["sessions"])
            conventions = Conventions(**about["conventions"])
        layout = ClusterLayout(**read_arrays(self.path / LAYOUT, _LAYOUT_ARRAYS))
        visits, rates = self.table(VISITS, OCCURRENCES), partial(self._rates, sessions)
        return Findings(layout, settings, conventions, sessions, visits, rates)

    def table(self, name: str, kinds: Mapping[str, type]) -> pd.DataFrame:
        """A table whose columns are of these kinds."""
        with naming(self.path / name):
            table = pd.read_csv(self.path / name, dtype=str, keep_default_na=False)
            columns = {column: _parsed(table[column].tolist(), kind) for column, kind in kinds.items()}
            return pd.DataFrame(columns).astype(dict(kinds))

    def _rates(self, sessions: tuple[SessionSummary, ...], index: int) -> SessionRates:
        name = rates_name(index)
        return SessionRates(read_arrays(self.path / RATES, (name,))[name], sessions[index].bin_width)


def _parsed(column: list[str], kind: type) -> pd.Series:
    read: Callable[[str], Any] = {
        object: parse_state,
        np.bool_: {"True": True, "False": False}.__getitem__,
        np.float64: lambda text: float(text or "nan"),
    }.get(kind, kind)
    return pd.Series([read(text) for text in column], dtype=kind)


def rates_name(index: int) -> str:
    """Name of the array with the rates of a session."""
    return f"session_{index:05d}"


def _described(findings: Findings) -> dict[str, Any]:
    settings = asdict(findings.settings)
    return {
        "format": _FORMAT,
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {"python": platform.python_version()} | {name: metadata.version(name) for name in _PACKAGES},
        "settings": settings,
        "conventions": asdict(findings.conventions),
        "sessions": [_session_described(session) for session in findings.sessions],
    }


def _session_described(session: SessionSummary) -> dict[str, Any]:
    thresholds = [float(each) if np.isfinite(each) else None for each in session.thresholds]
    file = None if session.file is None else str(session.file)
    return asdict(replace(session, thresholds=np.empty(0))) | {"file": file, "thresholds": thresholds}


def _session(about: dict[str, Any]) -> SessionSummary:
    thresholds = np.array([np.nan if each is None else each for each in about["thresholds"]])
    file = None if about["file"] is None else Path(about["file"])
    return SessionSummary(**about | {"file": file, "thresholds": thresholds})


def _read_description(file: Path) -> dict[str, Any]:
    if not file.exists():
        raise FileNotFoundError(f"{file.parent} holds no analysis: there is no {file.name} in it")
    about = read_json(file)
    if not isinstance(about, dict) or about.pop("checksum", None) != _checksum(about):
        raise DataError(f"{file} is damaged: its checksum is not that of its content")
    if about.get("format") != _FORMAT:
        raise DataError(f"{file}: an analysis of format {about.get('format')}; this version reads format {_FORMAT}")
    return about


def _earlier_files(folder: Path) -> list[str]:
    """Files of an analysis in a folder; none where there is no whole one, and nothing that is no plain name."""
    try:
        names = list(_read_description(folder / DESCRIPTION)["files"])
    except (OSError, KeyError, TypeError):
        return []
    return [name for name in names if name == Path(name).name]


def _checksum(about: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()


def _check_file(file: Path, about: Mapping[str, Any]) -> None:
    if not file.exists():
        raise DataError(f"{file} is missing")
    if file.stat().st_size != about["bytes"] or sha256_of(file) != about["sha256"]:
        raise DataError(f"{file} is damaged: its content is not what was written")
