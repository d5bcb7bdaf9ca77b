"""The shards of a study: begun beside one another, and joined in the folder of the study."""

from __future__ import annotations

import logging
import shlex
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from neuro_mod.errors import DataError, FolderInUseError, InputError, MissingItemsError
from neuro_mod.execution.jobs.attempt import attempts_in
from neuro_mod.execution.jobs.folder import JobFolder, scan_shown
from neuro_mod.execution.jobs.job import Execution, Job
from neuro_mod.execution.jobs.log import JobLog
from neuro_mod.execution.jobs.shard import Shard
from neuro_mod.storage.files import FOLDERS
from neuro_mod.storage.locking import locked
from neuro_mod.storage.names import RUN, SHARDS, shard_numbers
from neuro_mod.storage.reading import read_json
from neuro_mod.storage.run_folder import read_plan

#: Missing items of a shard, and shards, that a message names at most.
_ITEMS, _SHARDS = 3, 20
#: What to do about results of another job.
_WAYS = "choose another folder, or remove this one"
#: The program, and its commands that have shards.
_PROGRAM, _COMMANDS = "neuro-mod", ("repeat", "sweep", "perturb", "compare")


def found_shards(study: Path) -> list[Shard]:
    """The shards that have a folder in that of the study, in order."""
    try:
        names = [entry.name for entry in (study / SHARDS).iterdir() if entry.is_dir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(Shard(found[1], found[0]) for name in names if (found := shard_numbers(name)))


def check_totals(study: Path, shards: Sequence[Shard]) -> None:
    """Refuse shards of different divisions of a study.

    Raises:
        InputError: The message says what can be done.
    """
    totals = sorted({shard.total for shard in shards})
    if len(totals) > 1:
        raise InputError(
            f"{study / SHARDS}: shards of {' and of '.join(map(str, totals))} found; expected shards of one number; "
            "the command without --shard joins them all, and does what is missing"
        )


def finished_elsewhere(study: Path, shard: Shard, job: Job) -> set[str]:
    """Keys of those items of a shard that the folder of its study has already; nothing is changed there.

    Raises:
        InputError: That folder holds another job, or is divided into another number of shards.
    """
    check_totals(study, [*found_shards(study), shard])
    folder = JobFolder(study, job.identity, kinds=job.kinds, updating=job.updating, hints=job.hints, ways=_WAYS)
    return folder.sound({item.key for item in shard.items(job.items)})


@dataclass
class Shards:
    """The shards in the folder of a study, to be joined there.

    Args:
        study: The folder.
        found: The shards that are there.
        job: The job.
        log: The log of the study.
    """

    study: Path
    found: Sequence[Shard]
    job: Job
    log: JobLog
    #: Why items of shards are missing, where it is known.
    _reasons: dict[Shard, str] = field(default_factory=dict, init=False)

    def attempts(self) -> list[dict[str, Any]]:
        """Attempts at the shards, as ``run.json`` lists them."""
        return [
            {"shard": str(shard)}
            | {name: value for name, value in attempt.items() if name not in ("shard", "concluded")}
            for shard in self.found
            for attempt in attempts_in(shard.within(self.study))
        ]

    def check_job(self) -> None:
        """Refuse shards of another job.

        Raises:
            InputError: The message shows the difference.
        """
        for shard in self.found:
            JobFolder(shard.within(self.study), self.job.identity, hints=self.job.hints, ways=_WAYS)

    def join(self, folder: JobFolder, execution: Execution, *, only: bool) -> int:
        """Take over the finished items of the job that the folder does not have yet.

        Args:
            folder: The folder of the study.
            execution: Whether results of another job are removed from the folders of shards, and progress is shown.
            only: Leave a shard to which another process is writing for later, instead of refusing.

        Returns:
            How many items were taken over.

        Raises:
            InputError: A shard holds results of another job.
            FolderInUseError: Another process is writing to a shard.
            StorageError: The disk is full, say.
        """
        wanted = {item.key for item in self.job.items} - folder.done if self.found else set[str]()
        n_before = len(folder.done)
        for shard in self.found:
            path = shard.within(self.study)
            try:
                with self._opened(path, force=execution.force) as part:
                    scan_shown(part, execution.progress)
                    self._note_damage(shard, part)
                    for entry in part.entries():
                        if entry.key in wanted and entry.key not in folder.done:
                            folder.take(part, entry)
                    folder.take_log(part, path.name)
            except FolderInUseError:
                if not only:
                    raise
                self._reasons[shard] = "another process is writing to it"
        n_joined = len(folder.done) - n_before
        if self.found:
            self.log.log(logging.INFO, f"{n_joined} {self.job.nouns[n_joined != 1]} taken over from {SHARDS}/")
        return n_joined

    def check_complete(self, done: Container[str]) -> None:
        """Refuse to go on if items are missing.

        Args:
            done: Keys of the finished items.

        Raises:
            MissingItemsError: The message says which, and how to do them.
        """
        total = self.found[0].total if self.found else 1
        missing: dict[Shard, list[str]] = {}
        for shard in (Shard(total, number) for number in range(1, total + 1)):
            if names := [item.name for item in shard.items(self.job.items) if item.key not in done]:
                missing[shard] = names
        if not missing:
            return
        n_missing, n_items = sum(map(len, missing.values())), len(self.job.items)
        lines = [f"  shard {shard}{self._reason(shard)}: {_listed(names, _ITEMS)}" for shard, names in missing.items()]
        lines[_SHARDS:] = [f"  and {len(lines) - _SHARDS} more shards"] if len(lines) > _SHARDS else []
        message = "\n".join(
            [
                f"{self.study}: {n_missing} of {n_items} {self.job.nouns[1]} are missing, in {len(missing)} of {total} "
                "shards:",
                *lines,
                *self._how_to_do(list(missing)),
            ]
        )
        raise MissingItemsError(message, {str(shard): names for shard, names in missing.items()})

    def remove_joined(self, folder: JobFolder) -> None:
        """Remove the shards all of whose finished items the study has for good; files that are not ours stay."""
        if self.found:
            folder.settle()
        for shard in self.found:
            path = shard.within(self.study)
            with suppress(FolderInUseError), self._opened(path) as part:
                if all(entry.key in folder.done for entry in part.entries()):
                    part.remove_all()
            _remove_empty(path)
            if path.exists():
                self.log.log(logging.WARNING, f"{path} stays, as it has other files, or items that were not asked for")
        _remove_empty(self.study / SHARDS)

    @contextmanager
    def _opened(self, path: Path, *, force: bool = False) -> Iterator[JobFolder]:
        with locked(path):
            yield JobFolder(path, self.job.identity, kinds=self.job.kinds, force=force)

    def _note_damage(self, shard: Shard, part: JobFolder) -> None:
        for fault in part.damaged:
            self.log.log(logging.WARNING, f"{fault}: not taken over")
        if part.damaged:
            self._reasons[shard] = f"{len(part.damaged)} damaged"

    def _reason(self, shard: Shard) -> str:
        begun = shard in self.found and read_plan(shard.within(self.study)) is not None
        reason = self._reasons.get(shard, "" if begun else "not begun")
        return reason and f" ({reason})"

    def _how_to_do(self, missing: Sequence[Shard]) -> list[str]:
        """Lines that say how to do shards: with the command that began another one, or in words."""
        array = f"--array={_ranges([shard.number for shard in missing])}"
        commands = (_command_in(shard.within(self.study)) for shard in self.found)
        known = next((command for command in commands if command), None)
        if known is None:
            shown = f'--shard {missing[0]} (shard="{missing[0]}" in Python){", ..." if len(missing) > 1 else ""}'
            return [f"to do them, rerun what began the others with {shown}, or a job array with {array}; gather again"]
        lines = [f"  {shlex.join([*known, '--shard', str(shard)])}" for shard in missing[:_SHARDS]]
        return [f"to do them, run these, or a job array with {array}, and gather again:", *lines]


def _listed(names: Sequence[str], n_shown: int) -> str:
    more = f" and {len(names) - n_shown} more" if len(names) > n_shown else ""
    return f"{', '.join(names[:n_shown])}{more}"


def _ranges(numbers: Sequence[int]) -> str:
    """Rising numbers as SLURM writes them: ``1-3,7``."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][-1] + 1:
            ranges[-1][1:] = [number]
        else:
            ranges.append([number])
    return ",".join("-".join(map(str, ends)) for ends in ranges)


def _command_in(folder: Path) -> list[str] | None:
    """The command of ours that began a shard, without the shard, only to be shown; None if it was another program."""
    try:
        command = read_json(folder / RUN)["command"]
    except (FileNotFoundError, DataError, TypeError, KeyError):
        return None
    if not isinstance(command, list) or not all(isinstance(part, str) and part.isprintable() for part in command):
        return None
    program, *arguments = command or [""]
    if Path(program).name != _PROGRAM or not arguments or arguments[0] not in _COMMANDS:
        return None
    kept = [
        part
        for before, part in pairwise(["", *arguments])
        if "--shard" not in (before, part) and not part.startswith("--shard=")
    ]
    return [_PROGRAM, *kept]


def _remove_empty(folder: Path) -> None:
    for name in (*FOLDERS, "."):
        with suppress(OSError):  # it is not empty, or does not exist
            (folder / name).rmdir()
