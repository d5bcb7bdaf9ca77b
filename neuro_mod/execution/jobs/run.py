"""Runs a job: what is finished stays finished, whatever happens."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from neuro_mod.checks import output_path
from neuro_mod.errors import InputError, MissingItemsError, StorageError
from neuro_mod.execution.executors import check_address, check_cluster, check_task, choose_workers
from neuro_mod.execution.jobs.attempt import Attempt
from neuro_mod.execution.jobs.driver import Driver
from neuro_mod.execution.jobs.folder import JobFolder, scan_shown
from neuro_mod.execution.jobs.job import Execution, Item, Job
from neuro_mod.execution.jobs.log import JobLog
from neuro_mod.execution.jobs.outcome import Outcome
from neuro_mod.execution.jobs.shard import Shard
from neuro_mod.execution.jobs.shards import Shards, finished_elsewhere, found_shards
from neuro_mod.execution.jobs.signals import stop_request
from neuro_mod.storage.locking import locked
from neuro_mod.storage.names import CONFIG, JOB, LOG, MANIFEST

_LOG = logging.getLogger(__name__)


def run(
    job: Job, path: str | os.PathLike[str], execution: Execution | None = None, *, only_join: bool = False
) -> dict[str, Any]:
    """Compute the unfinished items of a job, and save each item as it is done.

    Items that shards in the folder have finished are taken over first. A shard does its part of the items that the
    folder does not have, in a folder of its own, and leaves what follows from all items to whoever joins the shards.

    Args:
        job: The items, and what becomes of their results.
        path: Folder for the results; items of this job that it already has are not computed again.
        execution: How the job is done.
        only_join: Join the shards, and compute nothing.

    Returns:
        The content of ``run.json``, and under ``files`` the files that belong to no single item.

    Raises:
        InputError: An argument is not valid, the folder holds another job, or the task cannot be sent to workers.
        StorageError: The folder is in use or cannot be written to, or the disk is full; finished items stay.
        ClusterLostError: The Dask scheduler is lost, or jobs of a batch system do not work; finished items stay.
        NoWorkersError: No worker took an item for as long as `execution` says; finished items stay.
        FailedItemsError: Some items failed three times; all others are saved.
        MissingItemsError: Shards that are only to be joined have not finished all items.
        Interrupted: Ctrl-C or SIGTERM; the finished items are saved.
        KeyboardInterrupt: The same before the first item or after the last, or for the second time.
    """
    execution, study, items = execution or Execution(), output_path(path), job.items
    if not items:
        raise InputError(f"no {job.nouns[1]} found; expected at least one")
    shard = Shard.parse(execution.shard) if execution.shard else None
    path, items = (study, items) if shard is None else (shard.within(study), shard.items(items))
    n_workers = choose_workers(execution.executor, execution.max_workers, max(1, len(items)), execution.address)
    check_task(execution.executor, job.task, job.items[0].argument)
    check_cluster(execution.executor, execution.cluster)
    check_address(execution.address)
    elsewhere = set[str]() if shard is None else finished_elsewhere(study, shard, job)
    with locked(path), stop_request() as request:
        folder = JobFolder(
            path,
            job.identity,
            kinds=job.kinds,
            updating=job.updating,
            revise=shard is None and not only_join,
            hints=job.hints,
            force=execution.force,
        )
        scan_shown(folder, execution.progress)
        _check_others(job, items, folder, execution.force)
        folder.done |= elsewhere
        outcome = Outcome(path, job.nouns, len(items), sum(item.key in folder.done for item in items))
        log = JobLog(_LOG, path / LOG)
        shards = Shards(study, [] if shard else found_shards(study), job, log)
        if not execution.force:
            shards.check_job()
        folder.begin()
        how = {"executor": execution.executor, "max_workers": n_workers, "threads_per_worker": 1}
        attempt = Attempt(job, folder, outcome, how, shards.attempts())
        with _failure_noted(outcome, log, attempt):
            outcome.n_now += shards.join(folder, execution, only=only_join)
            if only_join:
                shards.check_complete(folder.done)
            _begin(job, shard, folder, outcome, log, _describe(execution, n_workers))
            attempt.save()
            Driver(job, items, folder, outcome, log, execution, request).do(n_workers)
            about = job.conclude(folder, outcome) if shard is None else {"shard": str(shard)}
            _end(outcome, log)
            folder.keep(LOG)
            metadata = attempt.save(about)
            folder.finish()
        if outcome.complete:
            shards.remove_joined(folder)
    metadata["files"] = [str(path / name) for name in (*folder.records, MANIFEST)]
    outcome.raise_if_incomplete(metadata)
    return metadata


def _describe(execution: Execution, n_workers: int) -> str:
    at_once, cluster = f"{n_workers} at once", execution.cluster
    if cluster is not None:
        (_, n_jobs), n_cores = cluster.job_limits, cluster.cores
        at_once = f"up to {n_jobs} job{'s' * (n_jobs > 1)} of {n_cores} core{'s' * (n_cores > 1)}"
    return f"executor {execution.executor}, {at_once}"


@contextmanager
def _failure_noted(outcome: Outcome, log: JobLog, attempt: Attempt) -> Iterator[None]:
    """Whatever ends a job early is logged, with how far it got; Ctrl-C only in the file, as it is no error."""
    try:
        yield
    except MissingItemsError as error:
        log.note(str(error))
        raise
    except BaseException as error:
        error.add_note(f"{outcome.summary()}; rerun the command to resume")
        told = "; ".join([": ".join(filter(None, (type(error).__name__, str(error)))), *error.__notes__])
        if isinstance(error, KeyboardInterrupt):
            log.note(told)
        else:
            log.log(logging.ERROR, told)
        with suppress(StorageError):
            attempt.save()
        raise


def _check_others(job: Job, items: Sequence[Item], folder: JobFolder, force: bool) -> None:
    """Remove or refuse finished items that were not asked for, where the folder must not hold others."""
    others = folder.done - {item.key for item in items}
    if others and not job.keeps_others:
        if not force:
            found = f"{len(others)} other {job.nouns[len(others) != 1]}"
            raise InputError(
                f"{folder.path}: {found} found; expected only those asked for now, which are fewer or have other "
                "seeds; ask for all, choose another folder (--out), or remove the others with --force (force=True)"
            )
        folder.remove(others)


def _begin(job: Job, shard: Shard | None, folder: JobFolder, outcome: Outcome, log: JobLog, how: str) -> None:
    for fault in folder.damaged:
        log.log(logging.WARNING, f"{fault}: will be rerun")
    if folder.outdated and job.updating is not None:
        log.log(logging.INFO, job.updating.summary(len(folder.outdated)))
    part = f"shard {shard}, {len(job.items)} {job.nouns[1]} in all: " if shard else ""
    for remark in (f"{part}{outcome.summary()}; {how}", *job.remarks()):
        log.log(logging.INFO, remark)
    folder.save_text(CONFIG, job.config)
    if shard is None:
        job.prepare(folder)
    else:
        folder.save_json(JOB, job.arguments)


def _end(outcome: Outcome, log: JobLog) -> None:
    if len(outcome.slowest) > 1:
        slowest = ", ".join(f"{name} ({seconds:.1f} s)" for seconds, name in sorted(outcome.slowest)[::-1])
        log.log(logging.INFO, f"slowest: {slowest}")
    for failure in outcome.failures:
        log.log(logging.ERROR, f"failed: {failure.summary()}")
    saved = f"{outcome.summary()} and saved in {outcome.folder}"
    if outcome.interrupted:
        log.note(f"interrupted: {saved}")  # the error that follows says it
    elif outcome.complete:
        log.log(logging.INFO, f"complete: {saved}")
    else:
        log.log(logging.WARNING, f"incomplete: {saved}")
