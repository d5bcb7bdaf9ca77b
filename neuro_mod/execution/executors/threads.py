"""Items in threads of this process; the compiled loop releases the GIL."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any, final

from neuro_mod.execution.executors.base import Completion, Stopped, Task
from neuro_mod.execution.executors.core_limit import CoreLimit
from neuro_mod.execution.executors.item import do_item
from neuro_mod.execution.executors.queued import QueuedExecutor
from neuro_mod.execution.executors.worker_log import WorkerLog

#: Seconds that threads have to end after `stop`.
_PATIENCE = 3.0

_Item = tuple[int, Any, str]


@final
class Threads(QueuedExecutor):
    """Items in daemon threads; one that never reports cannot be stopped, and ends with the process.

    Arguments as for `Executor`.
    """

    def __init__(self, task: Task, n_workers: int, logs: Path | None, progress: Callable[[int, float], None]):
        super().__init__(task, n_workers, logs, progress)
        self._stopping = threading.Event()
        self._items: SimpleQueue[_Item | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._core_limit = CoreLimit()

    @property
    def capacity(self) -> int:
        """See `Executor.capacity`; one more waits, so that the thread that ends first has something to do at once."""
        return self._n_workers + (self._n_workers > 1)

    def submit(self, index: int, argument: Any, name: str) -> None:
        """See `Executor.submit`."""
        self._items.put((index, argument, name))
        if len(self._threads) < self._n_workers:
            worker = f"worker_{len(self._threads)}"
            self._threads.append(threading.Thread(target=self._work, args=(worker,), name=worker, daemon=True))
            self._threads[-1].start()

    def stop(self) -> list[Completion]:
        """See `Executor.stop`."""
        self._stopping.set()
        for _ in self._threads:
            self._items.put(None)
        deadline = time.monotonic() + _PATIENCE
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._core_limit.lift()
        return self._left()

    def _work(self, worker: str) -> None:
        log = WorkerLog(self._logs, worker)
        while (item := self._items.get()) is not None and not self._stopping.is_set():
            completion = self._try(log, *item)
            self._arrived.put(lambda completion=completion: completion)
            del item, completion  # so that nothing stays in memory until the next one

    def _try(self, log: WorkerLog, index: int, argument: Any, name: str) -> Completion:
        def report(seconds: float) -> None:
            if self._stopping.is_set():
                raise Stopped
            self._simulated[index] = seconds

        self._core_limit.renew()
        return do_item(self._task, index, argument, name, report, log)
