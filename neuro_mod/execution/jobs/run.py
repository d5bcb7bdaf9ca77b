"""Does work on many items: what is finished stays finished, whatever happens."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from neuro_mod.config import InputError
from neuro_mod.execution.executors import check_task, choose_workers
from neuro_mod.execution.jobs.attempt import Session
from neuro_mod.execution.jobs.driver import Driver
from neuro_mod.execution.jobs.folder import DurableFolder
from neuro_mod.execution.jobs.job import Execution, Work
from neuro_mod.execution.jobs.log import RunLog
from neuro_mod.execution.jobs.outcome import Report
from neuro_mod.execution.jobs.signals import stop_wish
from neuro_mod.execution.progress import Work as Counted
from neuro_mod.execution.progress import progress_shown
from neuro_mod.storage.locking import locked
from neuro_mod.storage.names import CONFIG, LOG, MANIFEST
from neuro_mod.storage.writing import StorageError

_LOG = logging.getLogger(__name__)
_CHECKED = Counted("checking", "checked", "finished items", 0)


def run(work: Work, path: str | os.PathLike[str], execution: Execution | None = None) -> dict[str, Any]:
    """Do what is missing of some work, and save each item as it is done.

    Args:
        work: The items, and what becomes of their results.
        path: Folder for the results; what it already has of this work is not done again.
        execution: How it is done.

    Returns:
        What ``run.json`` says, and under ``files`` the files that belong to no single item.

    Raises:
        InputError: An argument is not valid, the folder holds something else, or the work cannot be sent to workers.
        StorageError: The folder is in use or cannot be written to, or the disk is full; finished items stay.
        ClusterLostError: The Dask scheduler is gone; finished items stay.
        FailedItemsError: Some items failed three times; all others are saved.
        ItemsInterrupted: Ctrl-C or SIGTERM; the finished items are saved.
        KeyboardInterrupt: The same before the first item or after the last, or for the second time.
    """
    execution, path, items = execution or Execution(), Path(path), work.items
    if not items:
        raise InputError(f"there are no {work.nouns[1]} to do")
    n_workers = choose_workers(execution.executor, execution.max_workers, len(items), execution.address)
    check_task(execution.executor, work.task, items[0].argument)
    with locked(path), stop_wish() as wish:
        folder = DurableFolder(path, work.identity, force=execution.force)
        _scan(folder, execution.progress)
        _check_others(work, folder, execution.force)
        report = Report(path, work.nouns, len(items), sum(item.key in folder.done for item in items))
        folder.begin()
        log = RunLog(_LOG, path / LOG)
        how = {"executor": execution.executor, "max_workers": n_workers, "threads_per_worker": 1}
        session = Session(work, folder, report, how)
        try:
            _begin(work, folder, report, log, f"executor {execution.executor}, {n_workers} at once")
            session.save()
            Driver(work, items, folder, report, log, execution, wish).do(n_workers)
            about = work.conclude(folder, report)
            _end(report, log)
            folder.keep(LOG)
            metadata = session.save(about)
            folder.finish()
        except BaseException as error:
            error.add_note(f"{report.in_words()}; the same command goes on")
            log.log(logging.ERROR, "; ".join([f"{type(error).__name__}: {error}", *error.__notes__]))
            with suppress(StorageError):
                session.save()
            raise
    metadata["files"] = [str(path / name) for name in (*folder.records, MANIFEST)]
    report.raise_if_incomplete(metadata)
    return metadata


def _scan(folder: DurableFolder, shown: bool) -> None:
    """Look at what is there, which takes a while where there is much."""
    with progress_shown(folder.n_lines, work=_CHECKED, shown=shown) as report:
        folder.scan(report)


def _check_others(work: Work, folder: DurableFolder, force: bool) -> None:
    """Finished items that are not asked for may be in the way."""
    others = folder.done - {item.key for item in work.items}
    if others and not work.keeps_others:
        if not force:
            raise InputError(
                f"{folder.path} holds {len(others)} {work.nouns[len(others) != 1]} not asked for now: more of "
                "them, or with other seeds; ask for all of them, choose another folder, or --force (force=True) to "
                "remove these"
            )
        folder.remove(others)


def _begin(work: Work, folder: DurableFolder, report: Report, log: RunLog, how: str) -> None:
    for fault in folder.damaged:
        log.log(logging.WARNING, f"{fault}: done again")
    log.info(f"{report.n_before} of {report.n_items} {report.nouns[1]} are done; {how}")
    for remark in work.remarks():
        log.info(remark)
    folder.save_text(CONFIG, work.config)
    work.prepare(folder)


def _end(report: Report, log: RunLog) -> None:
    if len(report.slowest) > 1:
        log.info("slowest: " + ", ".join(f"{name} ({seconds:.1f} s)" for seconds, name in sorted(report.slowest)[::-1]))
    for failure in report.failures:
        log.log(logging.ERROR, f"failed: {failure.in_words}")
    level = logging.INFO if report.complete else logging.WARNING
    reason = "interrupted" if report.interrupted else "finished" if report.complete else "ended"
    log.log(level, f"{reason}: {report.in_words()} and saved in {report.folder}")
