"""What all executors share: completions wait in a queue until `Executor.wait` collects them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue

from neuro_mod.execution.executors.base import Completion, Executor, Stopped, Task

#: Makes a completion from what has arrived, in the thread that waits.
Take = Callable[[], Completion]


class QueuedExecutor(Executor):
    """The end of each item puts a function that makes its completion into the queue ``_arrived``.

    Arguments as for `Executor`.
    """

    def __init__(self, task: Task, n_workers: int, logs: Path | None, progress: Callable[[int, float], None]):
        super().__init__(task, n_workers, logs, progress)
        self._arrived: SimpleQueue[Take] = SimpleQueue()
        self._simulated: dict[int, float] = {}
        self._slots: dict[int, int] = {}
        self._taken: list[Completion] = []

    def wait(self, timeout: float) -> list[Completion]:
        """See `Executor.wait`."""
        for take in self._come(timeout):
            self._take(take)
        for index, seconds in self._simulated.copy().items():
            self._progress(index, seconds)
        return self._hand_over()

    def _come(self, timeout: float | None = None) -> Iterator[Take]:
        with suppress(Empty):
            if timeout is not None:
                yield self._arrived.get(timeout=timeout)
            while True:
                yield self._arrived.get_nowait()

    def _take(self, take: Take) -> None:
        completion = take()
        self._taken.append(completion)
        self._simulated.pop(completion.index, None)
        self._slots.pop(completion.index, None)

    def _hand_over(self) -> list[Completion]:
        taken, self._taken = self._taken, []
        return taken

    def _left(self) -> list[Completion]:
        """Completions that arrived before the stop, but for items that it ended."""
        for take in self._come():
            self._take(take)
        return [completion for completion in self._hand_over() if not isinstance(completion.error, Stopped)]

    def _occupy(self, index: int) -> int:
        """The first idle worker, so that no more start than are needed."""
        busy = set(self._slots.values())
        self._slots[index] = next(slot for slot in range(self._n_workers) if slot not in busy)
        return self._slots[index]
