"""Items on workers in the jobs of a batch system."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, final
from uuid import uuid4

from distributed import Future, Security

from neuro_mod.errors import ClusterLostError, StorageError
from neuro_mod.execution.executors import left_jobs
from neuro_mod.execution.executors.base import Completion, Task, WorkerDied, WorkerLost
from neuro_mod.execution.executors.batch.keeper import MAX_FAILED, Keeper
from neuro_mod.execution.executors.batch.queue import queue_of
from neuro_mod.execution.executors.batch.submission import Submission
from neuro_mod.execution.executors.dask_cluster import DaskCluster
from neuro_mod.execution.executors.dask_scheduler import Scheduler
from neuro_mod.execution.executors.dask_worker import log_name

if TYPE_CHECKING:
    from neuro_mod.config.cluster import Cluster

#: Seconds between two looks at the workers.
_INTERVAL = 1.0
#: Seconds after which an item whose worker is gone is lost, if Dask has not said so.
_LOST = 5.0
#: How many of the latest items tell how long the next may take; the first on each worker compiles kernels.
_N_LATEST = 20
#: How many times the interval a result has to arrive.
_FETCHING = 60
#: Of the name of the folder for keys and files of the scheduler.
_PREFIX = ".cluster-"
_ROLES = ("client", "scheduler", "worker")


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
        StorageError: The folder cannot be written to.
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
        #: Names of workers by their address.
        self._workers: dict[str, str] = {}
        #: Addresses of those that are ready for an item, of those that have just died, and of those that may begin one.
        self._ready, self._dead, self._free = set[str](), set[str](), list[str]()
        #: Address and name of the worker of each item.
        self._places: dict[int, tuple[str, str]] = {}
        self._gone_since: dict[int, float] = {}
        self._looked_at, self._latest_seconds = float("-inf"), deque[float](maxlen=_N_LATEST)
        self._keeper: Keeper | None = None
        self._scheduler: Scheduler | None = None
        name = f"neuro_mod-{uuid4().hex[:8]}"
        self._folder = _folder(logs)
        try:
            security = _new_keys(self._folder)
            options = ("--protocol", "tls", *_options(security, "scheduler"))
            if cluster.interface:
                options = (*options, "--interface", cluster.interface)
            self._scheduler = Scheduler(self._folder, *options)
            submission = Submission(cluster, self._scheduler.address, security, name, logs)
            note = partial(left_jobs.note, self._folder)
            self._keeper = Keeper(cluster, submission, queue_of(cluster.scheduler), name, note, max_failed_jobs)
            super().__init__(task, n_workers, logs, progress, self._scheduler.address, security)
        except BaseException:
            self._end()
            raise

    @property
    def capacity(self) -> int:
        """See `Executor.capacity`: workers that have an item, and those that may begin one."""
        self._look()
        self._free = self._idle()
        return min(len(self._places) + len(self._free), self._n_workers)

    @property
    def waits_for(self) -> str:
        """See `Executor.waits_for`."""
        return "; ".join(filter(None, [self._keeper.waits_for if self._keeper else "", self._refused]))

    def wait(self, timeout: float) -> list[Completion]:
        """See `Executor.wait`."""
        self._look()
        return super().wait(timeout)

    def _placement(self, index: int) -> dict[str, Any]:
        keeper = self._jobs
        # one that has just lost its job gets the item nevertheless, which is done again
        address = next((at for at in self._free if keeper.begin(at, self._workers[at])), self._free[0])
        self._places[index] = address, self._workers[address]
        return {"workers": [address], "allow_other_workers": False}

    def _fetch(self, future: Future) -> bytes:
        """See `DaskCluster._fetch`; if the worker is gone, nobody computes the result again."""
        for _ in range(_FETCHING):
            with suppress(TimeoutError):
                return future.result(timeout=_INTERVAL)
            if future.status != "finished":
                break
        raise TimeoutError

    def _idle(self) -> list[str]:
        busy = {address for address, _ in self._places.values()}
        ready = (at for at in self._workers if at in self._ready and at not in busy | self._dead)
        return [at for at in ready if self._jobs.may_begin(at, self._workers[at])]

    def _look(self) -> None:
        """Count workers, and give up items whose workers are gone."""
        now = time.monotonic()
        if now - self._looked_at < _INTERVAL or self._connected.status != "running":
            return
        self._looked_at = now
        with suppress(OSError, TimeoutError):
            found: Any = self._connected.scheduler_info(n_workers=-1)
            self._workers = {at: str(about["name"]) for at, about in found["workers"].items()}
            self._ready = {at for at, about in found["workers"].items() if about.get("status") == "running"}
            self._dead &= self._workers.keys()
        busy = [address for address, _ in self._places.values()]
        n_left = min(self.n_left, self._n_workers)
        self._jobs.update(self._workers, busy, n_left, max(self._latest_seconds, default=0.0))
        for index, (address, _) in self._places.items():
            future = self._futures.get(index)
            if address in self._workers or future is None or future.done():
                self._gone_since.pop(index, None)
            elif now - self._gone_since.setdefault(index, now) > _LOST:
                future.cancel(force=True)  # which is the end of it, see `_left_place`

    @property
    def _jobs(self) -> Keeper:
        assert self._keeper is not None
        return self._keeper

    def _check_workers(self) -> None:
        if self._jobs.failure is not None:
            raise ClusterLostError("; ".join(filter(None, [self._refused, self._jobs.failure])))

    def _worker_of(self, index: int) -> str:
        return log_name(self._places[index][1])

    def _left_place(self, index: int, error: Exception | None, seconds: float) -> Exception | None:
        address, worker = self._places.pop(index)
        self._gone_since.pop(index, None)
        if error is None:
            self._latest_seconds.append(seconds)
        if not isinstance(error, WorkerDied):
            return error
        self._dead.add(address)  # the scheduler may not know yet
        why, is_its_own = self._jobs.end_of(worker, seconds)
        if not is_its_own:
            return WorkerLost(f"{worker} is gone: {why}")
        memory = "it was killed or crashed; if memory ran out, set more memory for a job, or choose smaller items"
        return WorkerDied(f"{worker} is gone: {why or memory}")

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


def _folder(logs: Path) -> Path:
    """A new folder for files that are needed only meanwhile.

    Earlier ones are there if the machine crashed; their jobs are cancelled, and they are removed.
    """
    try:
        for left in logs.glob(f"{_PREFIX}*"):
            left_jobs.run(left_jobs.noted(left))
            shutil.rmtree(left, ignore_errors=True)
        return Path(tempfile.mkdtemp(prefix=_PREFIX, dir=logs))
    except OSError as error:
        raise StorageError(f"cannot write {logs}: {error.strerror}") from error


def _new_keys(folder: Path) -> Security:
    """Keys of the connections, in files that only this user can read, which the nodes need."""
    made = Security.temporary()
    files: dict[str, str] = {}
    for field in ("tls_ca_file", *(f"tls_{role}_{part}" for role in _ROLES for part in ("cert", "key"))):
        file = folder / f"{field}.pem"
        try:
            with open(file, "x", opener=lambda path, flags: os.open(path, flags, 0o600)) as opened:
                opened.write(getattr(made, field))
        except OSError as error:
            raise StorageError(f"cannot write {file}: {error.strerror}") from error
        files[field] = str(file)
    return Security(require_encryption=True, **files)


def _options(security: Security, role: str) -> list[str]:
    """The keys of a role as options of a program of Dask."""
    keys = security.get_tls_config_for_role(role)
    return [part for name in ("ca_file", "cert", "key") for part in (f"--tls-{name.replace('_', '-')}", keys[name])]
