"""The folder of a run: its manifest, and the removal of what an earlier run left."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from neuro_mod.errors import DataError, InputError, MissingFileError, StorageError
from neuro_mod.storage.files import FOLDERS, Files, Record, is_ours, is_record
from neuro_mod.storage.names import (
    ANALYSIS,
    ANALYSIS_FIGURES,
    ANALYSIS_FILES,
    CONFIGS,
    DATA,
    FINISHED,
    MANIFEST,
    PARTIAL,
    PLAN,
    PLOTS,
    UNFINISHED,
    WORKER_LOGS,
)
from neuro_mod.storage.reading import read_json
from neuro_mod.storage.writing import write_whole

_LOG = logging.getLogger(__name__)

#: Files that a message names at most.
_MAX_SHOWN = 2


class RunFolder(Files):
    """The folder of one run, with subfolders for data, plots and metadata.

    Files of an earlier run in the same folder are removed when the first new one is written, so that one folder never
    shows two runs. The manifest, with sizes and SHA-256 of all files, is written last.

    Args:
        path: The folder; made if it does not exist.
        plan: What the results depend on, plain data; written before all else.
        force: Other results are replaced: a warning names all files that are removed, and not only those of an
            analysis, which a rerun of the same does not write again.

    Raises:
        InputError: It holds the results of many runs, which are not removed for one.
        StorageError: It cannot be written to.
    """

    def __init__(self, path: str | os.PathLike[str], plan: Mapping[str, Any] | None = None, *, force: bool = False):
        super().__init__(Path(path))
        self._plan = plan
        self._force = force
        if (self.path / FINISHED).exists():
            raise InputError(
                f"{path}: results of many runs found; expected an empty folder or one with a single run; choose "
                "another folder (--out), or remove it"
            )
        make_folders(self.path)

    def save(self, name: str, write: Callable[[IO[bytes]], object]) -> Path:
        """Write one file, see `Files.save`."""
        if not self.records:
            self._remove_earlier()
            if self._plan is not None:
                text = json.dumps(self._plan, indent=2) + "\n"
                super().save(PLAN, lambda file: file.write(text.encode()))
        return super().save(name, write)

    def _remove_earlier(self) -> None:
        removed = [name for name in remove_run(self.path) if self._force or name.startswith(f"{ANALYSIS}/")]
        if removed:
            what = "earlier results" if self._force else "analysis of the earlier results"
            _LOG.warning("%s: %s removed: %s", self.path, what, ", ".join(removed))

    def finish(self) -> list[Path]:
        """Write the manifest and return the paths of all files."""
        text = json.dumps({"files": self.records}, indent=2) + "\n"
        write_whole(self.path / MANIFEST, lambda file: file.write(text.encode()))
        close_run(self.path)
        return [self.path / name for name in (*self.records, MANIFEST)]


def make_folders(path: Path) -> None:
    """Make the subfolders, and make sure that they can be written to.

    Raises:
        StorageError: They cannot.
    """
    try:
        for name in FOLDERS:
            (path / name).mkdir(parents=True, exist_ok=True)
            probe = path / name / f".writable{PARTIAL}"
            probe.write_bytes(b"")
            probe.unlink()
    except OSError as error:
        raise StorageError(f"cannot write to the folder {path}: {error.strerror}") from error


def holds_run(path: Path) -> bool:
    """Whether a run left files in a folder, finished or not."""
    return any((path / name).exists() for name in (MANIFEST, UNFINISHED))


def is_unfinished(path: Path) -> bool:
    """Whether a run that left files in a folder was cut short, or goes on."""
    return (path / UNFINISHED).exists() and not (path / MANIFEST).exists()


def file_in_run(path: Path, name: str, pattern: str, hint: str) -> Path:
    """A file of a single run, given the file or the folder of the run.

    Args:
        path: Either of them.
        name: Of the file within the folder.
        pattern: Of files that a folder of many runs has instead.
        hint: What to do with these; may be empty.

    Raises:
        MissingFileError: The folder has no such file; the message says what it has.
    """
    if not path.is_dir() or os.path.lexists(path / name):
        return path / name if path.is_dir() else path
    found = [str(file.relative_to(path)) for file in sorted(path.glob(pattern))]
    if not found:
        raise MissingFileError(f"{path}: no {name} found; expected the folder of a run, or a file")
    names = ", ".join(found[:_MAX_SHOWN]) + (f" and {len(found) - _MAX_SHOWN} more" if len(found) > _MAX_SHOWN else "")
    raise MissingFileError(f"{path}: {names} found; expected the folder of a single run, with {name}; {hint}")


def read_plan(path: Path) -> dict[str, Any] | None:
    """What the results in a folder depend on; None where that was not written down.

    Raises:
        DataError: The file is damaged.
    """
    try:
        plan = read_json(path / PLAN)
    except FileNotFoundError:
        return None
    if not isinstance(plan, dict):
        raise DataError(f"{path / PLAN} is damaged")
    return plan


def read_manifest(path: Path) -> dict[str, Record] | None:
    """Size and SHA-256 of each file of a folder by its name, when they were written; None without a manifest.

    Raises:
        DataError: The manifest is damaged.
    """
    if not os.path.lexists(path / MANIFEST):
        return None
    manifest = read_json(path / MANIFEST)
    files = manifest.get("files") if isinstance(manifest, dict) else None
    if not isinstance(files, dict) or not all(map(is_record, files.values())):
        raise DataError(f"{path / MANIFEST} is damaged")
    return files


def remove_run(path: Path, others: Iterable[str] = (), last: Sequence[str] = ()) -> list[str]:
    """Remove what an earlier run left, finished or not: the files it wrote, and partial ones.

    Args:
        path: The folder.
        others: Names of further files that it wrote; those outside our folders are passed over.
        last: Those that are removed after all others.

    Returns:
        The names of the files that were removed.

    Raises:
        StorageError: They cannot be removed.
    """
    names = dict.fromkeys([*_written_before(path), *(name for name in others if is_ours(Path(name)))])
    present = [name for name in names if (path / name).exists()]
    _remove(path, [*(name for name in present if name not in last), MANIFEST, UNFINISHED])
    # after the spikes: an analysis that goes on finds them gone once its files are in place
    analysis = remove_analysis(path / ANALYSIS)
    for folder in (WORKER_LOGS, CONFIGS):
        with suppress(OSError):  # it has files of the user, or does not exist
            (path / folder).rmdir()
    _remove(path, [name for name in present if name in last])
    return [*present, *(f"{ANALYSIS}/{name}" for name in analysis)]


def remove_analysis_figures(folder: Path) -> list[str]:
    """Remove the figures of an analysis in its folder, also of one that was cut short; returns the names."""
    figures = [figure for name in ANALYSIS_FIGURES for figure in (folder / PLOTS).glob(f"{name}.*")]
    partial = [figure for name in ANALYSIS_FIGURES for figure in (folder / PLOTS).glob(f".{name}.*{PARTIAL}")]
    for figure in (*figures, *partial):
        figure.unlink(missing_ok=True)
    return sorted(f"{PLOTS}/{figure.name}" for figure in figures)


def remove_analysis(folder: Path) -> list[str]:
    """Remove an analysis whose spikes are replaced, and its folders if nothing else is there; returns the names."""
    names = [name for name in ANALYSIS_FILES if (folder / name).exists()]
    for name in ANALYSIS_FILES:
        (folder / name).unlink(missing_ok=True)
    names += remove_analysis_figures(folder)
    for each in (folder / PLOTS, folder):
        with suppress(OSError):  # it has files of the user, or does not exist
            each.rmdir()
    return names


def reopen_run(path: Path, kept: Container[str]) -> None:
    """Turn the manifest of an earlier run back into the list of unfinished files, and remove partial ones.

    Args:
        path: The folder.
        kept: Files of data that stay; others that the run wrote belong to no finished item, and are removed.

    Raises:
        StorageError: The folder cannot be written to.
    """
    written = dict.fromkeys(_written_before(path))
    names = "".join(f"{name}\n" for name in written)
    write_whole(path / UNFINISHED, lambda file: file.write(names.encode()))
    _remove(path, [MANIFEST, *(name for name in written if Path(name).parent == Path(DATA) and name not in kept)])


def close_run(path: Path) -> None:
    """Remove the list of unfinished files: the manifest has its names."""
    _remove(path, [UNFINISHED])


def _remove(path: Path, names: list[str]) -> None:
    """Remove files, and all partial ones."""
    try:
        for name in names:
            (path / name).unlink(missing_ok=True)
        for folder in (".", *FOLDERS, CONFIGS):
            for partial in (path / folder).glob(f".*{PARTIAL}"):
                partial.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(f"cannot remove {error.filename}: {error.strerror}") from error


def _written_before(folder: Path) -> list[str]:
    """Files in manifest and list; names outside our folders are passed over."""
    names: list[Path] = []
    with suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
        names += [Path(name) for name in json.loads((folder / MANIFEST).read_text())["files"]]
    with suppress(OSError, ValueError):
        names += [Path(name) for name in (folder / UNFINISHED).read_text(encoding="utf-8").splitlines()]
    return [name.as_posix() for name in names if is_ours(name)]
