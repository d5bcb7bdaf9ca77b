"""Items in processes of this machine, one pool for each worker, so that a killed worker costs only its item."""

from __future__ import annotations

import faulthandler
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, final

import loky
from loky.backend import get_context
from loky.process_executor import BrokenProcessPool, ShutdownExecutorError

from neuro_mod.execution.executors.base import Completion, Stopped, Task, WorkerDied
from neuro_mod.execution.executors.core_limit import ONE_THREAD
from neuro_mod.execution.executors.item import do_item
from neuro_mod.execution.executors.queued import QueuedExecutor
from neuro_mod.execution.executors.sending import pack_outcome, pack_task, unpack
from neuro_mod.execution.executors.worker_log import WorkerLog

#: Seconds between two checks of a worker whether its parent is alive.
_PARENT_INTERVAL = 0.25
#: Seconds that the thread which sends items to a worker has to end after it.
_FEEDER_PATIENCE = 1.0


@final
class Processes(QueuedExecutor):
    """Items in processes; task, arguments and results are pickled. Only finished items report progress.

    Arguments as for `Executor`.
    """

    pickles = True

    def __init__(self, task: Task, n_workers: int, logs: Path | None, progress: Callable[[int, float], None]):
        super().__init__(task, n_workers, logs, progress)
        self._packed = pack_task(task)
        self._pools: dict[int, loky.ProcessPoolExecutor] = {}
        self._stopping = False

    def submit(self, index: int, argument: Any, name: str) -> None:
        """See `Executor.submit`."""
        slot = self._occupy(index)
        packed = pack_task(argument)
        start = time.monotonic()
        try:
            future = self._submit(slot, index, packed, name)
        except BrokenProcessPool:  # its worker was killed while idle
            _end(self._pools.pop(slot))
            future = self._submit(slot, index, packed, name)
        future.add_done_callback(lambda future: self._arrived.put(partial(self._outcome, future, slot, index, start)))

    def stop(self) -> list[Completion]:
        """See `Executor.stop`; kills the workers."""
        self._stopping = True
        ending = [threading.Thread(target=_end, args=(pool,)) for pool in self._pools.values()]
        self._pools = {}
        for thread in ending:
            thread.start()
        for thread in ending:
            thread.join()
        return self._left()

    def _submit(self, slot: int, index: int, packed: bytes, name: str) -> Future[bytes]:
        with _sigint_blocked():
            if slot not in self._pools:
                self._pools[slot] = loky.ProcessPoolExecutor(
                    max_workers=1,
                    context=get_context("loky"),
                    timeout=None,
                    initializer=_initialize,
                    initargs=(self._packed, self._logs, f"worker_{slot}", os.getpid()),
                    env=ONE_THREAD,
                )
            return self._pools[slot].submit(_work, index, packed, name)

    def _outcome(self, future: Future[bytes], slot: int, index: int, start: float) -> Completion:
        failed = partial(Completion, index, worker=f"worker_{slot}", wall_seconds=time.monotonic() - start)
        try:
            return unpack(future.result())
        except (BrokenProcessPool, ShutdownExecutorError) as ended:
            error = Stopped() if self._stopping else _death(ended)
            WorkerLog(self._logs, f"worker_{slot}").write("ERROR", str(error) or "the worker was stopped")
            if (pool := self._pools.pop(slot, None)) is not None:
                _end(pool)
        except Exception as raised:  # the result cannot be unpacked, or memory ran out here
            error = raised.with_traceback(None)
        return failed(error=error, traceback=f"{type(error).__name__}: {error}")


def _death(ended: Exception) -> WorkerDied:
    found = re.search(r"exit codes of the workers are \{(.+)\}", str(ended))
    how = f" ({found[1]})" if found else ""
    return WorkerDied(
        f"the worker process was killed or crashed{how}; if memory ran out, choose fewer workers or smaller items"
    )


def _end(pool: loky.ProcessPoolExecutor) -> None:
    feeder = getattr(pool._call_queue, "_thread", None)
    pool.shutdown(wait=True, kill_workers=True)
    if feeder is not None:  # it may hold semaphores; Python warns of these if it ends meanwhile
        feeder.join(_FEEDER_PATIENCE)


@contextmanager
def _sigint_blocked() -> Iterator[None]:
    """Processes that begin meanwhile block Ctrl-C, which a terminal sends to all, until they handle it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Worker:
    """The state of a worker process."""

    packed: bytes
    task: Any = None
    log: WorkerLog


def _initialize(packed: bytes, logs: Path | None, worker: str, parent: int) -> None:
    """Prepare a worker process: it ignores Ctrl-C (its parent stops it), and ends with its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    if sys.stderr is None:  # closed, as under a daemon; NumPy 2.0 looks at it when SciPy imports all of it
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 -- as long as the process
    threading.Thread(target=_end_with_parent, args=(parent,), daemon=True).start()
    loky.process_executor._MAX_MEMORY_LEAK_SIZE = float("inf")  # loky takes large items for a memory leak
    _Worker.packed, _Worker.log = packed, WorkerLog(logs, worker)
    if (file := _Worker.log.opened()) is not None:  # shows where compiled code crashed
        faulthandler.enable(file)


def wait_for_parent(parent: int) -> None:
    """Wait until the parent process has ended.

    Args:
        parent: Its id.
    """
    while os.getppid() == parent or os.name == "nt":
        time.sleep(_PARENT_INTERVAL)


def _end_with_parent(parent: int) -> None:
    wait_for_parent(parent)
    os._exit(1)


def _work(index: int, packed: bytes, name: str) -> bytes:
    """Do one item in a worker process."""

    def task(argument: bytes, report: Callable[[float], None]) -> Any:
        _Worker.task = _Worker.task or unpack(_Worker.packed)
        return _Worker.task(unpack(argument), report)

    return pack_outcome(do_item(task, index, packed, name, lambda _: None, _Worker.log))
