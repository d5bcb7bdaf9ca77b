"""Whether the files of a run are those that it wrote, and stay so while they are analysed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, Future
from pathlib import Path

from neuro_mod.errors import DataError
from neuro_mod.recordings.conventions import Conventions
from neuro_mod.recordings.readings import Reading
from neuro_mod.storage.files import Record, fault_of
from neuro_mod.storage.names import CLUSTERS, CONFIG, DATA, IN_ROOT, LOG, MANIFEST, METADATA, REPEATED_CLUSTERS, RUN
from neuro_mod.storage.run_folder import is_unfinished, read_manifest

_LOG = logging.getLogger(__name__)

#: Small files that say what the spikes are.
_ABOUT = (RUN, CONFIG, CLUSTERS, REPEATED_CLUSTERS)
#: Folders whose files are results; figures and logs may be edited.
_RESULTS = (DATA, METADATA)
#: Size of a file in bytes, and the time of its last change in nanoseconds.
_Stamp = tuple[int, int]


def check_written(run: Path, files: Sequence[Path], *, whole: bool) -> dict[Path, Record]:
    """Refuse the spikes of a folder whose files are not those in its manifest; sizes alone where files are large.

    Args:
        run: The folder of a run; others have no manifest, and pass.
        files: Files of spikes in it.
        whole: Whether these are all of its files, and the others must be there too.

    Returns:
        Size and hash of each of the files of spikes that the run wrote, for `Unchanged`.

    Raises:
        DataError: A file is missing, has changed, or was not written by the run; or the manifest is damaged.
    """
    records = read_manifest(run)
    if records is None:
        if is_unfinished(run):
            _LOG.warning("%s: the run was cut short, or goes on: results may be missing; rerun it to complete it", run)
        return {}
    places = {file: _absolute(file) for file in files}
    asked = set(places.values())
    written = {run / name: record for name, record in records.items()}
    several = whole and len(files) > 1
    for name, record in records.items():
        place = run / name
        about, read = name in _ABOUT, place in asked
        if not (about or read or (whole and _is_result(name))):
            continue
        if fault := fault_of(place, record, content=about):
            raise _not_as_written(place, fault, run, others=whole and not about and (several or not read))
    own = {file: written[place] for file, place in places.items() if place in written}
    for file in (file for file in files if file not in own):
        if whole:
            raise _not_as_written(file, "is not one of the files of the run", run, others=several)
        _LOG.warning("%s: the run beside it did not write it; its time step and clusters are used all the same", file)
    return own


def check_file(file: Path, *, of_run: bool) -> None:
    """Refuse a file of a run that is not as the run wrote it.

    Args:
        file: The file.
        of_run: Whether the run must have written it.

    Raises:
        DataError: It is missing, has changed, or was not written by the run; or the manifest is damaged.
    """
    run = run_folder(file)
    records = read_manifest(run)
    if records is None:
        return
    own = [record for name, record in records.items() if run / name == _absolute(file)]
    fault = fault_of(file, own[0]) if own else "is not one of the files of the run" if of_run else ""
    if fault:
        raise _not_as_written(file, fault, run)


class Unchanged:
    """Files of spikes that must be as their run wrote them, and stay as they were when they were first read.

    Args:
        written: Size and hash of those that a run wrote.
    """

    def __init__(self, written: Mapping[Path, Record]):
        self._written = written
        #: Size and time of the last change of those that were read.
        self._seen: dict[Path, _Stamp] = {}
        #: What is found about those that are examined before they are read.
        self._begun: dict[Path, Future[tuple[_Stamp | None, str]]] = {}

    def reader(self, files: Sequence[Path], read: Callable[[Conventions], Reading]) -> Callable[[Conventions], Reading]:
        """A reader of files that makes sure of them, before and after."""

        def checked(conventions: Conventions) -> Reading:
            self._check(files)
            try:
                return read(conventions)
            finally:  # a file that was replaced meanwhile may look damaged
                self._check(files)

        return checked

    def begin(self, files: Iterable[Path], executor: Executor) -> None:
        """Examine files that will be read next; only large ones take time."""
        for file in files:
            if file in self._written and file not in self._seen and file not in self._begun:
                self._begun[file] = executor.submit(_examined, file, self._written[file])

    def wrote(self, file: Path) -> bool:
        """Whether a run wrote the file."""
        return file in self._written

    def sha256_of(self, file: Path) -> str | None:
        """SHA-256 of a file that was read and that its run wrote; None of others."""
        return self._written[file]["sha256"] if file in self._written and file in self._seen else None

    def check(self) -> None:
        """Make sure that the files that were read are still the same.

        Raises:
            DataError: One was replaced or removed.
        """
        self._check(list(self._seen))

    def _check(self, files: Iterable[Path]) -> None:
        for file in files:
            now, seen = _stamp(file), self._seen.get(file)
            if now == seen is not None:
                continue
            fault = self._fault(file, now)
            if fault and seen is None and not self._rewritten(file):
                raise _not_as_written(file, fault, run_folder(file))
            if fault:
                what = "its run" if file in self._written else "it"
                raise DataError(f"{file} {fault}: {what} was replaced while it was analysed; analyze it again")
            if now is not None:
                self._seen[file] = now

    def _rewritten(self, file: Path) -> bool:
        """Whether the run of a file that it wrote has been replaced, or is about to be."""
        run = run_folder(file)
        now = read_manifest(run) or {}
        return self._written[file] not in [record for name, record in now.items() if run / name == _absolute(file)]

    def _fault(self, file: Path, now: _Stamp | None) -> str:
        if file in self._written:
            begun = self._begun.pop(file, None)
            examined, fault = (None, "") if begun is None else begun.result()
            return fault if examined == now is not None else fault_of(file, self._written[file])
        missing = not file.exists()  # if it was never there, its reader says so
        return "" if file not in self._seen else "is missing" if missing else "has changed since it was first read"


def run_folder(path: Path) -> Path:
    """The folder of a run, given this folder, that of its data, or a file of spikes in either."""
    path = _absolute(path)
    folder = path if path.is_dir() else path.parent
    return folder.parent if folder.name == DATA else folder


def _absolute(path: Path) -> Path:
    """A path whose parents can be told by its parts: an absolute one without ``..``; symbolic links may stay."""
    path = path.absolute()
    if ".." not in path.parts:
        return path
    return path.resolve() if path.name == ".." else path.parent.resolve() / path.name


def _examined(file: Path, record: Record) -> tuple[_Stamp | None, str]:
    """Size and time of the last change of a file, and what is wrong with it since then."""
    return _stamp(file), fault_of(file, record)


def _stamp(file: Path) -> _Stamp | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def _is_result(name: str) -> bool:
    return name != LOG and (str(Path(name).parent) in _RESULTS or name in IN_ROOT)


def _not_as_written(file: Path, fault: str, run: Path, *, others: bool = False) -> DataError:
    """An error about a file of a run; `others` if other files of spikes can be read without it."""
    ways = [
        "rerun what made the folder",
        *(["name files of spikes to read only these"] if others else []),
        "copy spikes that you trust into a folder of their own and give their clusters",
    ]
    return DataError(f"{file} {fault}, as {run / MANIFEST} shows; {', or '.join(ways)}")
