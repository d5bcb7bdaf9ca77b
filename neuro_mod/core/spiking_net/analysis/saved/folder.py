"""The folder of an analysis: its files, and a description with the hashes of all of them.

Files are written beside those of an earlier analysis and take their places together, the description last: a folder
without it holds no analysis.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd

from neuro_mod.core.spiking_net.analysis.states.names import parse_state, state_name
from neuro_mod.errors import DataError
from neuro_mod.storage.files import Files, record_of
from neuro_mod.storage.locking import locked
from neuro_mod.storage.names import ANALYSIS_DESCRIPTION
from neuro_mod.storage.reading import naming, read_json
from neuro_mod.storage.run_folder import remove_analysis
from neuro_mod.storage.writing import write_whole

#: Changes whenever older versions could not read the files any more.
FORMAT = 1
_NEW = ".new"
_STATE_COLUMNS = ("state", "from_state", "to_state")


class AnalysisFolder(Files):
    """A folder into which an analysis is written.

    Args:
        path: The folder.
        check: Raises `DataError` if the spikes are not any more those that were analysed.
    """

    def __init__(self, path: Path, check: Callable[[], None]):
        super().__init__(path)
        self._check = check
        self._placed = False

    def save(self, name: str, write: Callable[[IO[bytes]], object]) -> Path:
        """Write one file beside that of an earlier analysis, see `Files.save`."""
        self.records[name] = record_of(write_whole(self._beside(name), write))
        return self.path / name

    def save_frame(self, name: str, table: pd.DataFrame) -> Path:
        """Write a table as CSV; states by their names."""
        named = {column: table[column].map(state_name) for column in _STATE_COLUMNS if column in table}
        return self.save_text(name, table.assign(**named).to_csv(index=False, lineterminator="\n"))

    def finish(self, description: Mapping[str, Any]) -> list[Path]:
        """Put all files in their places, with a description of the analysis; returns the files."""
        about = {**description, "files": dict(self.records)}
        text = json.dumps(about | {"checksum": _checksum(about)}, indent=2, allow_nan=False) + "\n"
        self.save_text(ANALYSIS_DESCRIPTION, text)
        self._check()
        self._placed = True
        for name in (ANALYSIS_DESCRIPTION, *_earlier_files(self.path)):
            (self.path / name).unlink(missing_ok=True)
        for name in self.records:
            self._beside(name).replace(self.path / name)
        return [self.path / name for name in self.records]

    def check(self) -> None:
        """Make sure of the spikes once everything is in place; if they were replaced, nothing of the analysis stays."""
        try:
            self._check()
        except DataError:
            if self._placed:
                remove_analysis(self.path)
            raise

    def clean(self) -> None:
        """Remove files that never reached their places, also those of a process that was killed."""
        for left in self.path.glob(f".*{_NEW}*"):
            left.unlink(missing_ok=True)

    def _beside(self, name: str) -> Path:
        return self.path / f".{name}{_NEW}"


@contextmanager
def analysis_folder(path: Path, check: Callable[[], None] = lambda: None) -> Iterator[AnalysisFolder]:
    """A folder into which this process alone writes an analysis.

    Args:
        path: The folder.
        check: As for `AnalysisFolder`.

    Raises:
        StorageError: It cannot be written to, or another process writes to it.
        DataError: The spikes were replaced meanwhile; nothing of the analysis stays.
    """
    try:
        with locked(path):
            folder = AnalysisFolder(path, check)
            folder.clean()
            try:
                yield folder
            finally:
                with suppress(OSError):
                    folder.clean()
                folder.check()  # also after an error, of which it may be the cause
    finally:
        with suppress(OSError):  # there are files, unless nothing came of the analysis
            path.rmdir()


class SavedAnalysis:
    """An analysis in its folder; every file is checked against its hash before it is used.

    Args:
        path: The folder.

    Raises:
        DataError: There is no analysis, or a file is missing or damaged; the message names it.
    """

    def __init__(self, path: Path):
        self.path = path
        self.description = _read_description(path / ANALYSIS_DESCRIPTION)
        with naming(path / ANALYSIS_DESCRIPTION):
            for name, record in self.description["files"].items():
                _check_file(path / name, record)

    def has(self, name: str) -> bool:
        """Whether the analysis has this file, which those of earlier versions may lack."""
        return name in self.description["files"]

    def table(self, name: str, kinds: Mapping[str, type]) -> pd.DataFrame:
        """A table whose columns are of these kinds."""
        with naming(self.path / name):
            table = pd.read_csv(self.path / name, dtype=str, keep_default_na=False)
            columns = {column: _parsed(table[column].tolist(), kind) for column, kind in kinds.items()}
            return pd.DataFrame(columns)


def _parsed(column: list[str], kind: type) -> pd.Series:
    read: Callable[[str], Any] = {
        object: parse_state,
        np.bool_: {"True": True, "False": False}.__getitem__,
        np.float64: lambda text: float(text or "nan"),
        tuple: lambda text: tuple(map(float, text.split())),
    }.get(kind, kind)
    return pd.Series([read(text) for text in column], dtype=object if kind is tuple else kind)


def _read_description(file: Path) -> dict[str, Any]:
    if not file.exists():
        raise DataError(f"{file.parent}: no {file.name} found; expected the folder of a saved analysis")
    about = read_json(file)
    if not isinstance(about, dict) or about.pop("checksum", None) != _checksum(about):
        raise DataError(f"{file} is damaged: its checksum is not that of its content")
    if about.get("format") != FORMAT:
        raise DataError(f"{file}: format {about.get('format')} found; expected format {FORMAT}")
    return about


def _earlier_files(folder: Path) -> list[str]:
    """Files of an earlier analysis in a folder; none where it is not whole, and plain names alone."""
    try:
        names = list(_read_description(folder / ANALYSIS_DESCRIPTION)["files"])
    except (OSError, KeyError, TypeError):
        return []
    return [name for name in names if name == Path(name).name]


def _checksum(about: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()


def _check_file(file: Path, record: Mapping[str, Any]) -> None:
    if not file.exists():
        raise DataError(f"{file} is missing")
    if record_of(file) != {name: record[name] for name in ("bytes", "sha256")}:
        raise DataError(f"{file} is damaged: its content is not what was written")
