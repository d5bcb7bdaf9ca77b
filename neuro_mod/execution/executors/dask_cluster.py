"""Items on a Dask cluster: an existing one, or one started on this machine."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

from distributed import Client, Future, KilledWorker, Security
from distributed.comm.core import CommClosedError, connect

from neuro_mod.checks import user_path
from neuro_mod.errors import ClusterLostError, InputError, invalid
from neuro_mod.execution.executors.base import Completion, Stopped, Task, WorkerDied
from neuro_mod.execution.executors.dask_local import LocalCluster, slot_resource
from neuro_mod.execution.executors.dask_worker import TaskPlugin, log_name, work
from neuro_mod.execution.executors.queued import QueuedExecutor
from neuro_mod.execution.executors.sending import pack_task, unpack

#: Seconds for a scheduler to answer, for workers of this machine to start, and for the connection to close.
_CONNECTING, _FIRST_WORKER, _CLOSING = 10.0, 60.0, 2.0
#: Seconds for the result of a finished item to arrive, or to be computed again if its worker died meanwhile.
_FETCHING = 60.0
#: Seconds between two counts of workers.
_COUNT_INTERVAL = 1.0

_LOG = logging.getLogger(__name__)


class DaskCluster(QueuedExecutor):
    """Items on as many worker threads as the cluster has at the moment.

    Args:
        task: As for `Executor`.
        n_workers: How many items are under way at once, at most.
        logs: As for `Executor`; workers must see the folder too.
        progress: As for `Executor`.
        address: Of a scheduler, or a path to its file (``.json``); None to start a cluster on this machine.
        security: Keys for the connections; by default as Dask is configured.

    Raises:
        InputError: No scheduler answers at the address, or a worker cannot load this package.
        ClusterLostError: Workers of this machine do not start.
    """

    pickles = True

    def __init__(
        self,
        task: Task,
        n_workers: int,
        logs: Path | None,
        progress: Callable[[int, float], None],
        address: str | None = None,
        security: Security | None = None,
    ):
        super().__init__(task, n_workers, logs, progress)
        self._name = f"neuro_mod-{uuid4().hex}"
        self._futures: dict[int, Future] = {}
        self._count = count()
        self._capacity, self._counted_at = 0, float("-inf")
        self._stopped, self._refused = False, ""
        self._quiet = _quiet()
        self._quiet.__enter__()
        self._local: LocalCluster | None = None
        self._client: Client | None = None
        try:
            if address is None:
                self._local = LocalCluster(n_workers)
                address = self._local.address
            self._address = address
            direct = self._local is not None
            self._client = Client(
                check_address(address, security),
                timeout=_CONNECTING,
                set_as_default=False,
                direct_to_workers=direct,
                security=security,
            )
            self._bring_task()
        except BaseException:
            self.stop()
            raise

    @property
    def capacity(self) -> int:
        """See `Executor.capacity`; follows the cluster as workers come and go."""
        if self._local is not None:
            return self._n_workers
        now = time.monotonic()
        if now - self._counted_at > _COUNT_INTERVAL and self._connected.status == "running":
            with suppress(OSError, TimeoutError):  # `wait` reports a lost scheduler
                n_threads: Any = self._connected.nthreads()
                self._capacity = sum(n_threads.values())
            self._counted_at = now
        return min(self._capacity, self._n_workers)

    def submit(self, index: int, argument: Any, name: str) -> None:
        """See `Executor.submit`."""
        packed, key = pack_task(argument), f"{self._name}-{next(self._count)}"
        placement = self._placement(index)
        start = time.monotonic()
        item = (self._name, index, packed, name, self._logs)
        future = self._connected.submit(work, *item, key=key, pure=False, **placement)
        self._futures[index] = future
        future.add_done_callback(lambda future: self._arrived.put(partial(self._outcome, future, index, start)))

    def wait(self, timeout: float) -> list[Completion]:
        """See `Executor.wait`.

        Raises:
            ClusterLostError: The scheduler is lost, or workers of this machine do not start.
        """
        completions = super().wait(timeout)
        if not completions and self._connected.status != "running":
            raise self._lost()
        if not completions:
            self._check_workers()
        return completions

    def stop(self) -> list[Completion]:
        """See `Executor.stop`; on an existing cluster, items end when they next report."""
        if self._stopped:
            return []
        self._stopped = True
        try:
            return self._left() if self._client is not None else []
        finally:
            self._close()

    @property
    def waits_for(self) -> str:
        """See `Executor.waits_for`."""
        refused = f"; {self._refused}" if self._refused else ""
        return f"the Dask scheduler at {self._address} has no workers yet{refused}"

    def _placement(self, index: int) -> dict[str, Any]:
        """Where Dask does an item, as options of `Client.submit`."""
        return {} if self._local is None else {"resources": slot_resource(self._occupy(index))}

    def _worker_of(self, index: int) -> str:
        """The name of the worker that has an item; empty if that is not known."""
        del index
        return ""

    def _left_place(self, index: int, error: Exception | None, seconds: float) -> Exception | None:
        """Note that the place of an item is free; returns what its end means, if it failed."""
        del seconds
        if self._local is not None:
            self._local.has_worked(self._slots[index])
        return error

    @property
    def _connected(self) -> Client:
        assert self._client is not None
        return self._client

    def _lost(self) -> ClusterLostError:
        return ClusterLostError(f"the connection to the Dask scheduler at {self._address} is lost")

    def _check_workers(self) -> None:
        if self._local is not None and self._local.failure is not None:
            raise ClusterLostError(self._local.failure)

    def _wait_for_workers(self) -> None:
        deadline = time.monotonic() + _FIRST_WORKER
        while time.monotonic() < deadline:
            with suppress(TimeoutError):
                return self._connected.wait_for_workers(self._n_workers, timeout=_COUNT_INTERVAL)
            self._check_workers()
        raise InputError(f"no Dask worker started within {_FIRST_WORKER:.0f} s")

    def _bring_task(self) -> None:
        client = self._connected
        if self._local is not None:
            self._wait_for_workers()
        present: Any = client.nthreads()
        if self._local is None and not present:
            _LOG.info("%s; items begin as workers arrive", self.waits_for)
        client.subscribe_topic(self._name, self._note_refusal)
        try:
            client.register_plugin(TaskPlugin(self._name, pack_task(self._task), tuple(present)))
        except Exception as error:
            reason = "the workers of the Dask cluster cannot load the task; do they have the same packages?"
            raise InputError(f"{reason} ({type(error).__name__}: {error})") from error

    def _note_refusal(self, event: tuple[float, str]) -> None:
        _, self._refused = event
        _LOG.warning("%s", self._refused)

    def _outcome(self, future: Future, index: int, start: float) -> Completion:
        self._futures.pop(index, None)
        worker, seconds = self._worker_of(index), time.monotonic() - start
        try:
            completion: Completion = unpack(self._fetch(future))
        except (CancelledError, CommClosedError, TimeoutError) as gone:
            if self._stopped:
                error = Stopped()
            elif self._connected.status != "running":
                raise self._lost() from gone
            elif isinstance(gone, TimeoutError):
                future.cancel(force=True)
                error = WorkerDied(f"the result of a finished item did not arrive within {_FETCHING:.0f} s")
            else:
                error = WorkerDied("the worker of the item is gone")
        except KilledWorker as killed:
            worker = log_name(killed.last_worker.name)
            self._counted_at = float("-inf")
            error = WorkerDied(
                f"{worker} of the Dask cluster was killed or crashed; if memory ran out, choose fewer workers or "
                "smaller items"
            )
        except Exception as raised:  # the result cannot be unpacked, or the worker cannot load what it needs
            error = raised.with_traceback(None)
        else:
            self._left_place(index, None, seconds)
            return completion
        found = self._left_place(index, error, seconds)
        return Completion(index, None, found, f"{type(found).__name__}: {found}", worker, seconds)

    def _fetch(self, future: Future) -> bytes:
        """The result of a finished item.

        Raises:
            TimeoutError: It does not arrive.
        """
        return future.result(timeout=_FETCHING)

    def _close(self) -> None:
        """Cancel items and remove the task, as far as the cluster still answers."""
        if self._client is not None:
            if self._local is None and self._client.status == "running":
                with suppress(Exception):
                    self._client.cancel(list(self._futures.values()), force=True)
                    self._client.unregister_worker_plugin(self._name)
            self._futures = {}
            with suppress(Exception):
                self._client.close()
        if self._local is not None:
            self._local.close()
        self._quiet.__exit__(None, None, None)


def check_address(address: str, security: Security | None = None) -> str:
    """Refuse an address at which no scheduler answers; a client that fails to connect cannot be closed at once.

    Args:
        address: As for `DaskCluster`.
        security: As for `DaskCluster`.

    Returns:
        The address, that in the file of the scheduler if it is one.

    Raises:
        InputError: The message says why.
    """
    file = user_path(address)
    if address.endswith(".json") and not file.is_file():
        raise invalid("address", address, "an existing scheduler file")
    try:
        found = json.loads(file.read_text())["address"] if address.endswith(".json") else address
        with _quiet(), ThreadPoolExecutor(1) as elsewhere:  # this thread may have a loop of its own, as in a notebook
            elsewhere.submit(asyncio.run, _greet(found, security or Security())).result()
    except Exception as error:  # Dask has many for an address that it cannot read
        reason = str(error) or type(error).__name__
        raise InputError(f"no Dask scheduler answers at {address!r} within {_CONNECTING:.0f} s: {reason}") from error
    return found


async def _greet(address: str, security: Security) -> None:
    connection = await connect(address, timeout=_CONNECTING, **security.get_connection_args("client"))
    connection.abort()


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence Dask, which logs lost connections and killed workers; here they become completions."""
    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client")]  # with levels of their own
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
