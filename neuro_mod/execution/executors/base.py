"""Where many items are done: what threads, processes and a Dask cluster have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neuro_mod.execution.progress import Progress

#: Calculates something from an argument. It calls a function with the simulated seconds done so far, now and then,
#: which raises `Stopped` where the work is no longer wanted.
Task = Callable[[Any, Progress], Any]


class Stopped(Exception):  # noqa: N818 -- nothing went wrong
    """A task that was told to stop."""


class WorkerDied(RuntimeError):  # noqa: N818 -- it says what happened
    """The worker of an item ended while it did it: it was killed, ran out of memory, or crashed."""


@dataclass(frozen=True)
class Completion:
    """How one try of an item ended.

    Args:
        index: Which item, as it was submitted.
        result: What the task returned.
        error: What it raised instead, or `WorkerDied`; None if it did not.
        traceback: Of the error, as it was in the worker.
        worker: Name of the worker, which is also that of its log.
        wall_seconds: How long the try took.
    """

    index: int
    result: Any = None
    error: Exception | None = None
    traceback: str = ""
    worker: str = ""
    wall_seconds: float = 0.0


class Executor(ABC):
    """Workers that do one item at a time each. What they hold ends with `stop`.

    Args:
        task: What to do with an argument.
        n_workers: How many workers.
        logs: Folder in which each worker keeps a log of its own; None for no logs.
        progress: Called in the thread that waits, with an index and the simulated seconds of that item so far, where
            workers can tell.
    """

    def __init__(self, task: Task, n_workers: int, logs: Path | None, progress: Callable[[int, float], None]):
        self._task = task
        self._n_workers = n_workers
        self._logs = logs
        self._progress = progress

    @classmethod  # noqa: B027 -- threads take anything
    def check(cls, task: Task, argument: Any) -> None:
        """Make sure that a task and an argument can get to a worker, before anything runs.

        Raises:
            InputError: They cannot; the message names the part that is to blame.
        """

    @property
    def capacity(self) -> int:
        """How many items may be under way at once: one for each worker, so that no finished one waits unsaved."""
        return self._n_workers

    @abstractmethod
    def submit(self, index: int, argument: Any, name: str) -> None:
        """Give an item to a worker that has none.

        Args:
            index: Comes back with its completion.
            argument: Of the task.
            name: What logs call the item.
        """

    @abstractmethod
    def wait(self, timeout: float) -> list[Completion]:
        """Outcomes that have not been handed over, as soon as there are any, or none after so many seconds."""

    @abstractmethod
    def stop(self) -> list[Completion]:
        """End all workers, at once where they can be ended; to do it twice is fine.

        Returns:
            Outcomes that had come but were not handed over.
        """
