"""What commands that run a job have in common: their folder, the log on stderr, and SIGTERM, which acts like Ctrl-C."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from neuro_mod.choices import OnError
from neuro_mod.cli.options import print_json, print_shard

if TYPE_CHECKING:
    from neuro_mod.config import Experiment
    from neuro_mod.execution.jobs import Execution, Job


def results_folder(out: Path | None, experiment: Experiment, suffix: str) -> Path:
    """``--out``, or the folder that the settings name, with the suffix.

    Raises:
        InputError: The settings say that nothing is saved.
    """
    from neuro_mod.errors import InputError

    settings = experiment.settings
    if out is None and not settings.save:
        raise InputError("settings.save: false found; expected true, or a folder for results with --out")
    return out or settings.folder.with_name(f"{settings.sim_name}{suffix}")


def execution_of(
    executor: str | None,
    max_workers: int | None,
    address: str | None,
    cluster_file: Path | None,
    wait_for_workers: float | None,
    on_error: OnError,
    force: bool,
    shard: str | None,
) -> Execution:
    """How a command does its items, as its options say; a cluster file implies its batch system.

    Raises:
        InputError: Options contradict each other, or the cluster file is not valid.
    """
    from neuro_mod.execution.jobs import Execution

    cluster, default = None, "thread"
    if cluster_file is not None:
        from neuro_mod.config.cluster import load_cluster

        cluster = load_cluster(cluster_file)
        default = cluster.scheduler
    how = (executor or default, max_workers, address, on_error, force)
    return Execution(*how, progress=True, cluster=cluster, wait_for_workers=wait_for_workers, shard=shard)


def run_job(
    job: Job, folder: Path, execution: Execution, as_json: bool, print_summary: Callable[[Mapping[str, Any]], None]
) -> None:
    """Run a job and print its results, also if some are missing because items failed or the job was interrupted."""
    from neuro_mod.errors import FailedItemsError, Interrupted
    from neuro_mod.execution import jobs

    incomplete = None
    with long_work():
        try:
            metadata: Mapping[str, Any] = jobs.run(job, folder, execution)
        except (FailedItemsError, Interrupted) as error:
            incomplete, metadata = error, error.metadata
    if as_json:
        print_json(metadata)
    elif "shard" in metadata:
        print_shard(metadata, folder)
    elif metadata.get("n_trials"):
        print_summary(metadata)
    if incomplete is not None:
        raise incomplete


@contextmanager
def long_work() -> Iterator[None]:
    """Send the log of the package to stderr, and treat SIGTERM like Ctrl-C."""
    logger, handler = logging.getLogger("neuro_mod"), _Stderr()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))
    level, heard = logger.level, None
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    if threading.current_thread() is threading.main_thread():
        heard = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        if heard is not None:
            signal.signal(signal.SIGTERM, heard)


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to the current stderr, which a progress bar replaces: lines appear above it."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        self.stream = sys.stderr
        super().emit(record)
