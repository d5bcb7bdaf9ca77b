"""Does work on many items: what is finished stays finished, whatever happens."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from neuro_mod.errors import InputError, StorageError
from neuro_mod.execution.executors import check_task, choose_workers
from neuro_mod.execution.jobs.attempt import Attempt
from neuro_mod.execution.jobs.driver import Driver
from neuro_mod.execution.jobs.folder import JobFolder
from neuro_mod.execution.jobs.job import Execution, Job
from neuro_mod.execution.jobs.log import JobLog
from neuro_mod.execution.jobs.outcome import Outcome
from neuro_mod.execution.jobs.signals import stop_wish
from neuro_mod.execution.progress import Quantity, progress_shown
from neuro_mod.storage.locking import locked
from neuro_mod.storage.names import CONFIG, LOG, MANIFEST

_LOG = logging.getLogger(__name__)
_CHECKED = Quantity("checked", "finished items")


def run(job: Job, path: str | os.PathLike[str], execution: Execution | None = None) -> dict[str, Any]:
    """Compute the unfinished items of a job, and save each item as it is done.

    Args:
        job: The items, and what becomes of their results.
        path: Folder for the results; what it already has of this work is not done again.
        execution: How it is done.

    Returns:
        What ``run.json`` says, and under ``files`` the files that belong to no single item.

    Raises:
        InputError: An argument is not valid, the folder holds something else, or the work cannot be sent to workers.
        StorageError: The folder is in use or cannot be written to, or the disk is full; finished items stay.
        ClusterLostError: The Dask scheduler is gone; finished items stay.
        FailedItemsError: Some items failed three times; all others are saved.
        Interrupted: Ctrl-C or SIGTERM; the finished items are saved.
        KeyboardInterrupt: The same before the first item or after the last, or for the second time.
    """
    execution, path, items = execution or Execution(), Path(path), job.items
    if not items:
        raise InputError(f"there are no {job.nouns[1]} to do")
    n_workers = choose_workers(execution.executor, execution.max_workers, len(items), execution.address)
    check_task(execution.executor, job.task, items[0].argument)
    with locked(path), stop_wish() as wish:
        folder = JobFolder(path, job.identity, force=execution.force)
        _scan(folder, execution.progress)
        _check_others(job, folder, execution.force)
        outcome = Outcome(path, job.nouns, len(items), sum(item.key in folder.done for item in items))
        folder.begin()
        log = JobLog(_LOG, path / LOG)
        how = {"executor": execution.executor, "max_workers": n_workers, "threads_per_worker": 1}
        attempt = Attempt(job, folder, outcome, how)
        try:
            _begin(job, folder, outcome, log, f"executor {execution.executor}, {n_workers} at once")
            attempt.save()
            Driver(job, items, folder, outcome, log, execution, wish).do(n_workers)
            about = job.conclude(folder, outcome)
            _end(outcome, log)
            folder.keep(LOG)
            metadata = attempt.save(about)
            folder.finish()
        except BaseException as error:
            error.add_note(f"{outcome.in_words()}; the same command goes on")
            log.log(logging.ERROR, "; ".join([f"{type(error).__name__}: {error}", *error.__notes__]))
            with suppress(StorageError):
                attempt.save()
            raise
    metadata["files"] = [str(path / name) for name in (*folder.records, MANIFEST)]
    outcome.raise_if_incomplete(metadata)
    return metadata


def _scan(folder: JobFolder, shown: bool) -> None:
    """Look at what is there, which takes a while where there is much."""
    with progress_shown(folder.n_lines, quantity=_CHECKED, shown=shown) as advanced:
        folder.scan(advanced)


def _check_others(job: Job, folder: JobFolder, force: bool) -> None:
    """Finished items that are not asked for may be in the way."""
    others = folder.done - {item.key for item in job.items}
    if others and not job.keeps_others:
        if not force:
            raise InputError(
                f"{folder.path} holds {len(others)} {job.nouns[len(others) != 1]} not asked for now: more of "
                "them, or with other seeds; ask for all of them, choose another folder, or --force (force=True) to "
                "remove these"
            )
        folder.remove(others)


def _begin(job: Job, folder: JobFolder, outcome: Outcome, log: JobLog, how: str) -> None:
    for fault in folder.damaged:
        log.log(logging.WARNING, f"{fault}: done again")
    log.info(f"{outcome.n_before} of {outcome.n_items} {outcome.nouns[1]} are done; {how}")
    for remark in job.remarks():
        log.info(remark)
    folder.save_text(CONFIG, job.config)
    job.prepare(folder)


def _end(outcome: Outcome, log: JobLog) -> None:
    if len(outcome.slowest) > 1:
        log.info(
            "slowest: " + ", ".join(f"{name} ({seconds:.1f} s)" for seconds, name in sorted(outcome.slowest)[::-1])
        )
    for failure in outcome.failures:
        log.log(logging.ERROR, f"failed: {failure.in_words}")
    level = logging.INFO if outcome.complete else logging.WARNING
    reason = "interrupted" if outcome.interrupted else "finished" if outcome.complete else "ended"
    log.log(level, f"{reason}: {outcome.in_words()} and saved in {outcome.folder}")
