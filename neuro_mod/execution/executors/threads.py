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
        self._items: dict[int, SimpleQueue[_Item | None]] = {}
        self._threads: list[threading.Thread] = []
        self._core_limit = CoreLimit()

    def submit(self, index: int, argument: Any, name: str) -> None:
        """See `Executor.submit`."""
        slot = self._occupy(index)
        if slot not in self._items:
            self._items[slot] = SimpleQueue()
            thread = threading.Thread(target=self._work, args=(slot,), name=f"worker_{slot}", daemon=True)
            thread.start()
            self._threads.append(thread)
        self._items[slot].put((index, argument, name))

    def stop(self) -> list[Completion]:
        """See `Executor.stop`."""
        self._stopping.set()
        for items in self._items.values():
            items.put(None)
        deadline = time.monotonic() + _PATIENCE
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._core_limit.lift()
        return self._left()

    def _work(self, slot: int) -> None:
        log = WorkerLog(self._logs, f"worker_{slot}")
        while (item := self._items[slot].get()) is not None:
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
