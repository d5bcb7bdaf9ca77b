"""Items on workers in the jobs of a batch system."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, final
from uuid import uuid4

from distributed import Security

from neuro_mod.errors import ClusterLostError, InputError, StorageError
from neuro_mod.execution.executors.base import Completion, Task, WorkerDied, WorkerLost
from neuro_mod.execution.executors.batch.keeper import MAX_FAILED, Keeper
from neuro_mod.execution.executors.batch.queue import queue_of
from neuro_mod.execution.executors.batch.submission import Submission, SubmissionError
from neuro_mod.execution.executors.dask_cluster import DaskCluster
from neuro_mod.execution.executors.dask_scheduler import Scheduler

if TYPE_CHECKING:
    from neuro_mod.config.cluster import Cluster

#: Seconds between two looks at the workers.
_INTERVAL = 1.0
#: Seconds after which an item whose worker is gone is lost, if Dask has not said so.
_LOST = 5.0
#: How many of the latest items tell how long the next may take; the first on each worker compiles kernels.
_N_LATEST = 20


@final
class BatchCluster(DaskCluster):
    """Items on workers in jobs that are submitted as they are needed, see `Keeper`.

    A worker gets one item at a time, and none that it may not finish before the time limit of its job. Connections are
    encrypted, and nobody else has the keys.

    Args:
        task: As for `Executor`.
        n_workers: As for `Executor`.
        logs: Folder that the nodes see too: for the output of the jobs, and the keys of their connections.
        progress: As for `Executor`.
        cluster: The jobs.
        max_failed_jobs: As for `Keeper`.

    Raises:
        InputError: The batch system refuses the first job.
    """

    def __init__(
        self,
        task: Task,
        n_workers: int,
        logs: Path | None,
        progress: Callable[[int, float], None],
        cluster: Cluster,
        max_failed_jobs: int = MAX_FAILED,
    ):
        assert logs is not None
        self._workers: dict[str, str] = {}
        self._places: dict[int, tuple[str, str, float]] = {}
        self._gone_since: dict[int, float] = {}
        self._looked_at, self._latest_seconds = float("-inf"), deque[float](maxlen=_N_LATEST)
        self._keeper: Keeper | None = None
        self._scheduler: Scheduler | None = None
        self._begun = False
        try:
            self._folder = Path(tempfile.mkdtemp(prefix=".cluster-", dir=logs))
        except OSError as error:
            raise StorageError(f"cannot write {logs}: {error.strerror}") from error
        try:
            with ThreadPoolExecutor(1) as elsewhere:  # Ctrl-C in the midst of it would lose the number of the job
                elsewhere.submit(self._begin, task, n_workers, logs, progress, cluster, max_failed_jobs).result()
        except BaseException:
            if self._begun:
                self.stop()
            self._end()
            raise

    def _begin(
        self,
        task: Task,
        n_workers: int,
        logs: Path,
        progress: Callable[[int, float], None],
        cluster: Cluster,
        max_failed_jobs: int,
    ) -> None:
        name, security = f"neuro_mod-{uuid4().hex[:8]}", _new_keys(self._folder)
        options = ("--protocol", "tls", *_options(security, "scheduler"))
        if cluster.interface:
            options = (*options, "--interface", cluster.interface)
        self._scheduler = Scheduler(self._folder, *options)
        submission = Submission(cluster, self._scheduler.address, security, name, logs)
        try:
            self._keeper = Keeper(cluster, submission, queue_of(cluster.scheduler), name, max_failed_jobs)
        except SubmissionError as error:
            raise InputError(f"{cluster.scheduler} does not accept a job: {error}") from error
        super().__init__(task, n_workers, logs, progress, self._scheduler.address, security)
        self._begun = True

    @property
    def capacity(self) -> int:
        """See `Executor.capacity`: workers that have an item, and those that may begin one."""
        self._look()
        return min(len(self._places) + len(self._idle()), self._n_workers)

    @property
    def waits_for(self) -> str:
        """See `Executor.waits_for`."""
        return "; ".join(filter(None, [self._keeper.waits_for if self._keeper else "", self._refused]))

    def wait(self, timeout: float) -> list[Completion]:
        """See `Executor.wait`."""
        self._look()
        return super().wait(timeout)

    def _placement(self, index: int) -> dict[str, Any]:
        address = self._idle()[0]
        self._places[index] = (address, self._workers[address], time.monotonic())
        return {"workers": [address], "allow_other_workers": False}

    def _idle(self) -> list[str]:
        busy = {address for address, _, _ in self._places.values()}
        keeper = self._keeper
        return [at for at, name in self._workers.items() if at not in busy and keeper and keeper.may_begin(at, name)]

    def _look(self) -> None:
        """Count workers, and give up items whose workers are gone."""
        now = time.monotonic()
        if now - self._looked_at < _INTERVAL or self._connected.status != "running":
            return
        self._looked_at = now
        with suppress(OSError, TimeoutError):
            found: Any = self._connected.scheduler_info(n_workers=-1)
            ready = {at: about for at, about in found["workers"].items() if about.get("status") == "running"}
            self._workers = {at: str(about["name"]) for at, about in ready.items()}
        busy = [address for address, _, _ in self._places.values()]
        assert self._keeper is not None
        self._keeper.update(self._workers, busy, self.n_left, max(self._latest_seconds, default=0.0))
        for index, (address, _, _) in list(self._places.items()):
            future = self._futures.get(index)
            if address in self._workers or future is None or future.done():
                self._gone_since.pop(index, None)
            elif now - self._gone_since.setdefault(index, now) > _LOST:
                future.cancel(force=True)  # which is the end of it, see `_left_place`

    def _check_workers(self) -> None:
        assert self._keeper is not None
        if self._keeper.failure is not None:
            raise ClusterLostError("; ".join(filter(None, [self._refused, self._keeper.failure])))

    def _left_place(self, index: int, error: Exception | None, seconds: float) -> Exception | None:
        _, worker, _ = self._places.pop(index)
        self._gone_since.pop(index, None)
        if error is None:
            self._latest_seconds.append(seconds)
        if not isinstance(error, WorkerDied) or self._keeper is None:
            return error
        why, is_its_own = self._keeper.end_of(worker, seconds)
        if not is_its_own:
            return WorkerLost(f"{worker} is gone: {why}")
        return WorkerDied(f"{worker} was killed or crashed{f': {why}' if why else '; did memory run out?'}")

    def _close(self) -> None:
        super()._close()
        self._end()

    def _end(self) -> None:
        """Cancel all jobs, and remove the keys; calling it again does nothing."""
        if self._keeper is not None:
            self._keeper.close()
        if self._scheduler is not None:
            self._scheduler.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _new_keys(folder: Path) -> Security:
    """Keys of the connections, in files that only this user can read, which the nodes need."""
    made = Security.temporary()
    files: dict[str, str] = {}
    for field in ("tls_ca_file", *(f"tls_{role}_{part}" for role in _ROLES for part in ("cert", "key"))):
        file = folder / f"{field}.pem"
        with open(file, "x", opener=lambda path, flags: os.open(path, flags, 0o600)) as opened:
            opened.write(getattr(made, field))
        files[field] = str(file)
    return Security(require_encryption=True, **files)


def _options(security: Security, role: str) -> list[str]:
    """The keys of a role as options of a program of Dask."""
    keys = security.get_tls_config_for_role(role)
    return [part for name in ("ca_file", "cert", "key") for part in (f"--tls-{name.replace('_', '-')}", keys[name])]


_ROLES = ("client", "scheduler", "worker")
