"""Workers of this machine: each has a slot, which is free or has one item under way."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from neuro_mod.execution.executors.base import Executor, Outcome, Stopped, Task

#: Makes an outcome of what has come.
Take = Callable[[], Outcome]


class SlotExecutor(Executor):
    """Workers with numbers. Who ends an item puts a function that makes its outcome into the queue ``_arrived``.

    Args:
        task: As for `Executor`.
        n_workers: As for `Executor`.
        logs: As for `Executor`.
        progress: As for `Executor`.
    """

    def __init__(self, task: Task, n_workers: int, logs: Path | None, progress: Callable[[int, float], None]):
        super().__init__(task, n_workers, logs, progress)
        self._arrived: SimpleQueue[Take] = SimpleQueue()
        self._simulated: dict[int, float] = {}
        self._slots: dict[int, int] = {}
        self._taken: list[Outcome] = []

    @abstractmethod
    def _begin(self, slot: int, index: int, argument: Any, name: str) -> None: ...

    def submit(self, index: int, argument: Any, name: str) -> None:
        """See `Executor.submit`; takes the first free slot, so that no more workers start than are needed."""
        busy = set(self._slots.values())
        slot = next(slot for slot in range(self._n_workers) if slot not in busy)
        self._slots[index] = slot
        self._begin(slot, index, argument, name)

    def wait(self, timeout: float) -> list[Outcome]:
        """See `Executor.wait`."""
        with suppress(Empty):
            self._take(self._arrived.get(timeout=timeout))
            while True:
                self._take(self._arrived.get_nowait())
        for index, seconds in self._simulated.copy().items():
            self._progress(index, seconds)
        return self._hand_over()

    def _take(self, take: Take) -> None:
        outcome = take()
        self._taken.append(outcome)
        self._simulated.pop(outcome.index, None)
        self._slots.pop(outcome.index, None)

    def _hand_over(self) -> list[Outcome]:
        taken, self._taken = self._taken, []
        return taken

    def _left(self) -> list[Outcome]:
        """What has come until the stop, but for items that were told to."""
        with suppress(Empty):
            while True:
                self._take(self._arrived.get_nowait())
        return [outcome for outcome in self._hand_over() if not isinstance(outcome.error, Stopped)]
