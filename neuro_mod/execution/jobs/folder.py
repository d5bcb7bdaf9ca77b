"""The folder of a job: results of items as they finish, and checks of those of earlier attempts."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import UnionType
from typing import Any

from neuro_mod.errors import DataError, InputError, StorageError
from neuro_mod.execution.executors.worker_log import is_worker_log
from neuro_mod.execution.jobs.ledger import Entry, Ledger
from neuro_mod.execution.jobs.updating import Updating
from neuro_mod.execution.progress import Counted, progress_shown
from neuro_mod.storage.differences import differences, in_lines
from neuro_mod.storage.files import Files, Record, enter, fault_of, is_ours, record_of
from neuro_mod.storage.names import ANALYSIS, DATA, FINISHED, JOB, LOG, MANIFEST, PLAN, PLOTS, WORKER_LOGS
from neuro_mod.storage.run_folder import (
    close_run,
    holds_run,
    make_folders,
    read_plan,
    remove_analysis,
    remove_run,
    reopen_run,
)
from neuro_mod.storage.writing import link_whole, write_whole

_LOG = logging.getLogger(__name__)
#: What to do about results of another job.
_WAYS = "choose another folder (--out), or remove its results with --force (force=True)"
#: Folders of the files of items.
_OF_ITEMS = (Path(DATA), Path(PLOTS))
_CHECKED = Counted("checked", "finished items")


class JobFolder(Files):
    """The folder of a job. Only one process may write to it, see `storage.locking.locked`.

    What `save` writes belongs to the job as a whole; the files of an item are written by `files_of_item`. Nobody waits
    until these are on the disk: the end of a process loses none, but a crash of the machine may cut the latest short.
    They are found by their hashes, and their items are rerun.

    Args:
        path: The folder; made if it does not exist.
        identity: Of the job, see `Job.identity`.
        kinds: Of what is kept about items, see `Job.kinds`.
        updating: Of the job, see `Job.updating`.
        revise: Whether parts of the plan may be replaced, see `Updating.revisable`.
        hints: Of the job, see `Job.hints`.
        force: Remove results of another job instead of refusing.
        ways: What the message says that can be done about these.

    Raises:
        InputError: It holds results of another job; the message shows the difference.
        StorageError: It cannot be written to.
    """

    def __init__(
        self,
        path: Path,
        identity: Mapping[str, Any],
        *,
        kinds: Mapping[str, type | UnionType] | None = None,
        updating: Updating | None = None,
        revise: bool = False,
        hints: Mapping[str, str] | None = None,
        force: bool = False,
        ways: str = _WAYS,
    ):
        super().__init__(path)
        self._kinds, self._updating, self._hints = kinds or {}, updating, hints or {}
        self._revisable: Collection[str] = updating.revisable if updating and revise else ()
        self._ledger = Ledger(path / FINISHED)
        #: The plan that the folder had before; empty if it had none.
        self._before: Mapping[str, Any] = {}
        #: Keys of finished items.
        self.done: set[str] = set()
        #: Unfinished items that have to be brought up to date only, by key, with the files that are needed for it.
        self.outdated: dict[str, Entry] = {}
        #: Keys of items that the ledger has twice, first as they were before they were brought up to date.
        self._updated: set[str] = set()
        #: Why items whose files are damaged count as unfinished.
        self.damaged: list[str] = []
        self._faulty: list[str] = []
        self._identity: dict[str, Any] = json.loads(json.dumps(identity, allow_nan=False))
        if reason := self._reason_to_refuse(ways):
            if not force:
                raise InputError(reason)
            removed = ", ".join(self.remove_all()) or "none"
            _LOG.warning("%s: results of another job removed: %s", self.path, removed)

    def begin(self) -> None:
        """Prepare the folder for new results.

        Raises:
            StorageError: The folder cannot be written to.
        """
        make_folders(self.path)
        write_whole(self.path / PLAN, lambda file: file.write(json.dumps(self._identity, indent=2).encode()))
        self._unlink(self._faulty)
        reopen_run(self.path, {name for entry in self.entries() for name in entry.files})
        enter(self.path, PLAN)
        self.keep(PLAN)

    def remove(self, keys: set[str]) -> None:
        """Remove finished items, their files, and an analysis of these; a warning names the files.

        Raises:
            StorageError: The folder cannot be written to.
        """
        kept = [entry for entry in self.entries() if entry.key not in keys]
        gone = [name for entry in self.entries() if entry.key in keys for name in entry.files]
        self._ledger.rewrite(kept)
        self._unlink(gone)
        gone += [f"{ANALYSIS}/{name}" for name in remove_analysis(self.path / ANALYSIS)]
        self.done -= keys
        _LOG.warning("%s: results that were not asked for removed: %s", self.path, ", ".join(gone) or "none")

    def remove_all(self) -> list[str]:
        """Remove everything that a job wrote here, so that what is left can be identified until the end.

        Returns:
            The names of the files.

        Raises:
            StorageError: They cannot be removed.
        """
        of_items = [name for entry in self.entries() for name in entry.files]
        ledger = [FINISHED] if (self.path / FINISHED).exists() else []
        self._unlink(ledger)
        return ledger + remove_run(self.path, [*of_items, LOG, *self._worker_logs(), PLAN, JOB], last=(PLAN, JOB))

    @property
    def n_lines(self) -> int:
        """How many lines of finished items `scan` checks."""
        return sum(1 for _ in self._ledger.lines())

    def scan(self, progress: Callable[[int], None] = lambda _: None) -> None:
        """Check the files of finished items; items with damaged or missing files count as unfinished.

        Args:
            progress: Called with the number of items checked so far.

        Raises:
            StorageError: The disk is full, say.
        """
        latest = self._latest_lines()
        kept: dict[int, bool] = {}  # whether the entry of a line has changed
        n_lines = 0
        for n_lines, entry in enumerate(self._ledger.lines(), 1):
            progress(n_lines)
            if entry is None:
                self.damaged.append(f"{self.path / FINISHED}: line {n_lines} is damaged")
            elif entry.key not in self.done and latest.get(entry.key, n_lines) == n_lines:
                revised = self._revised(entry)
                fault = self._fault(revised)
                if not fault and self._is_complete(revised) and revised == entry:
                    self.done.add(entry.key)
                    kept[n_lines] = False
                elif updatable := self._updatable(revised):
                    self.outdated[entry.key] = updatable
                    kept[n_lines] = updatable != entry
                else:
                    self.damaged.append(fault or f"{self.path / FINISHED}: {entry.key} is incomplete")
                    self._faulty += entry.files
        if len(kept) < n_lines or any(kept.values()):
            lines = enumerate(self._ledger.lines(), 1)
            self._ledger.rewrite(
                self.outdated.get(entry.key, entry) for number, entry in lines if entry is not None and number in kept
            )

    def sound(self, keys: Container[str]) -> set[str]:
        """Those of these keys whose items are finished and undamaged; the lock need not be held."""
        return {
            entry.key
            for entry in self.entries()
            if entry.key in keys and not self._fault(entry) and self._is_complete(entry)
        }

    def _latest_lines(self) -> dict[str, int]:
        """The last line of the ledger about each item, where items may have been brought up to date."""
        if self._updating is None:
            return {}
        return {entry.key: n for n, entry in enumerate(self._ledger.lines(), 1) if entry is not None}

    def _revised(self, entry: Entry) -> Entry:
        """An entry without what is no longer asked for, if it was made under another plan."""
        if self._updating is None or not self._revisable or self._fault_of_about(entry):
            return entry
        return replace(entry, about=self._updating.valid(entry.about, self._before))

    def _is_complete(self, entry: Entry) -> bool:
        return self._updating is None or self._updating.is_complete(entry)

    def _updatable(self, entry: Entry) -> Entry | None:
        """An entry with the files by which its item can be brought up to date; None if it has to be done again."""
        if self._updating is None or self._fault_of_about(entry):
            return None
        needed = {name: entry.files[name] for name in self._updating.needed(entry.files)}
        return None if not needed or self._fault_of_files(needed) else replace(entry, files=needed)

    def files_of_item(self) -> Files:
        """Writes the files of one item, in any thread; an entry with them, given to `finished`, finishes it."""
        return Files(self.path, settled=False)

    def finished(self, entry: Entry) -> None:
        """Enter an item, all files of which are complete, into the ledger.

        Raises:
            StorageError: The disk is full, say; the item is not finished.
        """
        self._ledger.append(entry)
        self.done.add(entry.key)
        if self.outdated.pop(entry.key, None):
            self._updated.add(entry.key)

    def take(self, other: JobFolder, entry: Entry) -> None:
        """Take over a finished item of another folder, whose files were checked, by links where these are possible.

        Raises:
            StorageError: The disk is full, say; the item is not finished.
        """
        for name in entry.files:
            enter(self.path, name)
            link_whole(other.path / name, self.path / name)
        self.finished(entry)

    def take_log(self, other: JobFolder, name: str) -> None:
        """Copy the log of another folder, under a name, to those of workers.

        Raises:
            StorageError: The disk is full, say.
        """
        if is_worker_log(log := other.path / LOG):
            self.save(f"{WORKER_LOGS}/{name}.log", lambda file: file.write(log.read_bytes()))

    def settle(self) -> None:
        """Wait until the list of finished items is on the disk, so that a crash of the machine does not harm it.

        Raises:
            StorageError: The disk is full, say.
        """
        self._ledger.rewrite(self.entries())

    def entries(self) -> Iterator[Entry]:
        """The finished items, and the outdated ones, read from the ledger, in the order in which they finished."""
        before = set(self._updated)
        for entry in self._ledger:
            if entry.key in before:
                before.remove(entry.key)
            else:
                yield entry

    def keep(self, name: str) -> None:
        """Add a file to the manifest that was not written by `save`."""
        if (self.path / name).is_file():
            self.records[name] = record_of(self.path / name)

    def discard(self, name: str) -> None:
        """Remove a file of an earlier attempt that is not written again.

        Raises:
            StorageError: It cannot be removed.
        """
        self._unlink([name])

    def finish(self) -> None:
        """Write the manifest of all files.

        Raises:
            StorageError: The disk is full, say.
        """
        if self._updated:
            self._ledger.rewrite(self.entries())
            self._updated.clear()
        for name in [FINISHED, *self._worker_logs()]:
            self.keep(name)
        write_whole(self.path / MANIFEST, lambda file: file.writelines(self._manifest()))
        close_run(self.path)

    def _manifest(self) -> Iterator[bytes]:
        separator = b'{"files": {\n'
        for records in (self.records, *(entry.files for entry in self.entries())):
            for name, record in records.items():
                yield separator + f"{json.dumps(name)}: {json.dumps(record)}".encode()
                separator = b",\n"
        yield b"\n}}\n"

    def _reason_to_refuse(self, ways: str) -> str:
        """Why the results of this job cannot be saved here; empty if they can."""
        try:
            before = read_plan(self.path)
        except DataError as error:
            return f"{error}; {ways}"
        if before is None:
            if (self.path / FINISHED).exists():
                return f"{self.path / PLAN} is missing, so the results cannot be identified; {ways}"
            return f"{self.path} holds the results of another run; {ways}" if holds_run(self.path) else ""
        self._before = before
        kept, asked = ({k: v for k, v in plan.items() if k not in self._revisable} for plan in (before, self._identity))
        if not (found := differences(kept, asked)):
            return ""
        held = "job" if before.get("what") == self._identity.get("what") else "run"
        hints = {hint for key, hint in self._hints.items() if kept.get(key) != asked.get(key)}
        return "\n".join([f"{self.path} holds the results of another {held}; {ways}:", in_lines(found), *hints])

    def _unlink(self, names: Iterable[str]) -> None:
        try:
            for name in names:
                if is_ours(Path(name)):
                    (self.path / name).unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(f"cannot remove {error.filename}: {error.strerror}") from error

    def _fault(self, entry: Entry) -> str:
        """What is wrong with the files of an entry; empty if nothing is."""
        if not entry.files:
            return f"{self.path / FINISHED}: {entry.key} has no files"
        return self._fault_of_about(entry) or self._fault_of_files(entry.files)

    def _fault_of_about(self, entry: Entry) -> str:
        wrong = [name for name, kind in self._kinds.items() if not isinstance(entry.about.get(name), kind)]
        return f"{self.path / FINISHED}: {entry.key}: {', '.join(wrong)} is damaged" if wrong else ""

    def _fault_of_files(self, files: Mapping[str, Record]) -> str:
        for name, record in files.items():
            ours = is_ours(Path(name)) and Path(name).parent in _OF_ITEMS
            fault = fault_of(self.path / name, record) if ours else "is not a name of a result file"
            if fault:
                return f"{self.path / name} {fault}"
        return ""

    def _worker_logs(self) -> list[str]:
        folder = self.path / WORKER_LOGS
        return [f"{WORKER_LOGS}/{file.name}" for file in sorted(folder.glob("*.log")) if is_worker_log(file)]


def scan_shown(folder: JobFolder, shown: bool) -> None:
    """Check finished items, which takes a while if there are many, and show the progress."""
    with progress_shown(folder.n_lines, quantity=_CHECKED, shown=shown) as advanced:
        folder.scan(advanced)
