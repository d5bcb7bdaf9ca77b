"""Runs a job: what is finished stays finished, whatever happens."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from typing import Any

from neuro_mod.checks import output_path
from neuro_mod.errors import InputError, StorageError
from neuro_mod.execution.executors import check_address, check_cluster, check_task, choose_workers
from neuro_mod.execution.jobs.attempt import Attempt
from neuro_mod.execution.jobs.driver import Driver
from neuro_mod.execution.jobs.folder import JobFolder
from neuro_mod.execution.jobs.job import Execution, Job
from neuro_mod.execution.jobs.log import JobLog
from neuro_mod.execution.jobs.outcome import Outcome
from neuro_mod.execution.jobs.signals import stop_request
from neuro_mod.execution.progress import Quantity, progress_shown
from neuro_mod.storage.locking import locked
from neuro_mod.storage.names import CONFIG, LOG, MANIFEST

_LOG = logging.getLogger(__name__)
_CHECKED = Quantity("checked", "finished items")


def run(job: Job, path: str | os.PathLike[str], execution: Execution | None = None) -> dict[str, Any]:
    """Compute the unfinished items of a job, and save each item as it is done.

    Args:
        job: The items, and what becomes of their results.
        path: Folder for the results; items of this job that it already has are not computed again.
        execution: How the job is done.

    Returns:
        The content of ``run.json``, and under ``files`` the files that belong to no single item.

    Raises:
        InputError: An argument is not valid, the folder holds another job, or the task cannot be sent to workers.
        StorageError: The folder is in use or cannot be written to, or the disk is full; finished items stay.
        ClusterLostError: The Dask scheduler is lost, or jobs of a batch system do not work; finished items stay.
        NoWorkersError: No worker took an item for as long as `execution` says; finished items stay.
        FailedItemsError: Some items failed three times; all others are saved.
        Interrupted: Ctrl-C or SIGTERM; the finished items are saved.
        KeyboardInterrupt: The same before the first item or after the last, or for the second time.
    """
    execution, path, items = execution or Execution(), output_path(path), job.items
    if not items:
        raise InputError(f"no {job.nouns[1]} found; expected at least one")
    n_workers = choose_workers(execution.executor, execution.max_workers, len(items), execution.address)
    check_task(execution.executor, job.task, items[0].argument)
    check_cluster(execution.executor, execution.cluster)
    check_address(execution.address)
    with locked(path), stop_request() as request:
        folder = JobFolder(path, job.identity, kinds=job.kinds, force=execution.force)
        _scan(folder, execution.progress)
        _check_others(job, folder, execution.force)
        outcome = Outcome(path, job.nouns, len(items), sum(item.key in folder.done for item in items))
        folder.begin()
        log = JobLog(_LOG, path / LOG)
        how = {"executor": execution.executor, "max_workers": n_workers, "threads_per_worker": 1}
        attempt = Attempt(job, folder, outcome, how)
        try:
            _begin(job, folder, outcome, log, f"executor {execution.executor}, {_describe(execution, n_workers)}")
            attempt.save()
            Driver(job, items, folder, outcome, log, execution, request).do(n_workers)
            about = job.conclude(folder, outcome)
            _end(outcome, log)
            folder.keep(LOG)
            metadata = attempt.save(about)
            folder.finish()
        except BaseException as error:
            error.add_note(f"{outcome.summary()}; rerun the command to resume")
            log.log(
                logging.ERROR,
                "; ".join([": ".join(filter(None, (type(error).__name__, str(error)))), *error.__notes__]),
            )
            with suppress(StorageError):
                attempt.save()
            raise
    metadata["files"] = [str(path / name) for name in (*folder.records, MANIFEST)]
    outcome.raise_if_incomplete(metadata)
    return metadata


def _describe(execution: Execution, n_workers: int) -> str:
    cluster = execution.cluster
    if cluster is None:
        return f"{n_workers} at once"
    n_jobs = cluster.job_limits[1]
    return f"up to {n_jobs} {'job' if n_jobs == 1 else 'jobs'} of {cluster.cores} cores"


def _scan(folder: JobFolder, shown: bool) -> None:
    """Check finished items, which takes a while if there are many."""
    with progress_shown(folder.n_lines, quantity=_CHECKED, shown=shown) as advanced:
        folder.scan(advanced)


def _check_others(job: Job, folder: JobFolder, force: bool) -> None:
    """Remove or refuse finished items that were not asked for, where the folder must not hold others."""
    others = folder.done - {item.key for item in job.items}
    if others and not job.keeps_others:
        if not force:
            found = f"{len(others)} other {job.nouns[len(others) != 1]}"
            raise InputError(
                f"{folder.path}: {found} found; expected only those asked for now, which are fewer or have other "
                "seeds; ask for all, choose another folder, or remove the others with --force (force=True)"
            )
        folder.remove(others)


def _begin(job: Job, folder: JobFolder, outcome: Outcome, log: JobLog, how: str) -> None:
    for fault in folder.damaged:
        log.log(logging.WARNING, f"{fault}: will be rerun")
    for remark in (f"{outcome.summary()}; {how}", *job.remarks()):
        log.log(logging.INFO, remark)
    folder.save_text(CONFIG, job.config)
    job.prepare(folder)


def _end(outcome: Outcome, log: JobLog) -> None:
    if len(outcome.slowest) > 1:
        slowest = ", ".join(f"{name} ({seconds:.1f} s)" for seconds, name in sorted(outcome.slowest)[::-1])
        log.log(logging.INFO, f"slowest: {slowest}")
    for failure in outcome.failures:
        log.log(logging.ERROR, f"failed: {failure.summary()}")
    level = logging.INFO if outcome.complete else logging.WARNING
    state = "interrupted" if outcome.interrupted else "complete" if outcome.complete else "incomplete"
    log.log(level, f"{state}: {outcome.summary()} and saved in {outcome.folder}")
