"""What threads, processes and a Dask cluster have in common as executors of items."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from neuro_mod.execution.progress import Progress

#: Computes a result from an argument. Now and then it calls a function with the simulated seconds done so far, which
#: raises `Stopped` where the result is no longer wanted.
Task = Callable[[Any, Progress], Any]


class Stopped(Exception):  # noqa: N818 -- nothing went wrong
    """A task was told to stop."""


class WorkerDied(RuntimeError):  # noqa: N818 -- it says what happened
    """The worker of an item ended during it: it was killed, ran out of memory, or crashed."""


class WorkerLost(WorkerDied):
    """The worker of an item ended for a reason that is not the item's: its job was cancelled, or its time was over."""


@dataclass(frozen=True)
class Completion:
    """How one try of an item ended.

    Args:
        index: Which item, as submitted.
        result: What the task returned.
        error: What it raised instead, or `WorkerDied`; None if it succeeded.
        traceback: Of the error, from the worker.
        worker: Name of the worker and of its log.
        wall_seconds: How long the try took.
    """

    index: int
    result: Any = None
    error: Exception | None = None
    traceback: str = ""
    worker: str = ""
    wall_seconds: float = 0.0


class Executor(ABC):
    """Workers that do one item at a time each, until `stop`.

    Args:
        task: Computes the result of an argument.
        n_workers: Number of workers.
        logs: Folder for the log of each worker; None for no logs.
        progress: Called in the thread that waits, with an index and the simulated seconds of that item so far, where
            workers report them.
    """

    #: Whether tasks, arguments and results are pickled, as workers are not threads of this process.
    pickles: ClassVar[bool] = False
    #: How many items are not done yet; whoever submits them keeps it up to date.
    n_left: int = 1

    def __init__(self, task: Task, n_workers: int, logs: Path | None, progress: Callable[[int, float], None]):
        self._task = task
        self._n_workers = n_workers
        self._logs = logs
        self._progress = progress

    @property
    def capacity(self) -> int:
        """How many items may be under way; finished results wait nowhere."""
        return self._n_workers

    @property
    def waits_for(self) -> str:
        """Why no item may be under way while `capacity` is 0."""
        return ""

    @abstractmethod
    def submit(self, index: int, argument: Any, name: str) -> None:
        """Give an item to an idle worker.

        Args:
            index: Returned with its completion.
            argument: Argument of the task.
            name: What logs call the item.
        """

    @abstractmethod
    def wait(self, timeout: float) -> list[Completion]:
        """New completions, as soon as there are any, or none after so many seconds."""

    @abstractmethod
    def stop(self) -> list[Completion]:
        """End all workers, at once where possible; calling it again does nothing.

        Returns:
            Completions that `wait` has not returned.
        """
