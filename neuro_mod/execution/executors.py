"""Where many tasks run: one after the other, in threads, or in processes."""

from __future__ import annotations

import signal
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from typing import Any

import numpy as np

from neuro_mod.config import InputError
from neuro_mod.core.spiking_net.engine.batch import n_cores
from neuro_mod.execution import worker
from neuro_mod.execution.worker import Stopped, Task

#: Seconds between two reports of progress.
_REPORT_INTERVAL = 0.1


@dataclass(frozen=True)
class Outcome:
    """How a task ended.

    Args:
        index: Place of its argument among the arguments.
        result: What it returned.
        error: What it raised instead, or None.
    """

    index: int
    result: Any = None
    error: Exception | None = None


class Executor(ABC):
    """Does a task with many arguments in a pool of workers, which look now and then whether they are to stop.

    Args:
        task: What to do: a function of the argument and of a function to report simulated seconds to.
        arguments: With what. Arguments are taken as they are needed, so that few results exist at once.
        max_workers: How many tasks run at once, at most; with one, outcomes come in the order of the arguments.
        progress: Called in this thread, now and then, with the index of a task and its simulated seconds so far.
    """

    _pool: ThreadPoolExecutor | ProcessPoolExecutor
    #: An event.
    _stop: Any

    def __init__(
        self, task: Task, arguments: Sequence[Any], max_workers: int, progress: Callable[[int, float], None]
    ) -> None:
        self._task = task
        self._arguments = enumerate(arguments)
        self._max_workers = max_workers
        self._progress = progress
        self._pending: dict[Future[Any], int] = {}
        self._simulated: dict[int, float] = {}

    def outcomes(self) -> Iterator[Outcome]:
        """Do the tasks, and hand over each outcome as it comes."""
        self._fill()
        while self._pending:
            done, _ = wait(self._pending, timeout=_REPORT_INTERVAL, return_when=FIRST_COMPLETED)
            for index, seconds in list(self._simulated.items()):
                self._progress(index, seconds)
            for future in sorted(done, key=self._pending.__getitem__):
                yield self._outcome(future)
                self._simulated.pop(self._pending.pop(future), None)
                self._fill()

    def stop(self) -> list[Outcome]:
        """Stop the tasks under way and wait until they have; to do it twice is fine.

        Returns:
            The successful outcomes that were not handed over, or whose taking was interrupted.
        """
        self._stop.set()
        self._pool.shutdown(cancel_futures=True)
        ended = (future for future in self._pending if not future.cancelled())
        return [self._outcome(future) for future in ended if future.exception() is None]

    @abstractmethod
    def _submit(self, index: int, argument: Any) -> Future[Any]: ...

    def _fill(self) -> None:
        for index, argument in islice(self._arguments, 2 * self._max_workers - len(self._pending)):
            self._pending[self._submit(index, argument)] = index

    def _outcome(self, future: Future[Any]) -> Outcome:
        error = future.exception()
        if error is None:
            return Outcome(self._pending[future], future.result())
        if not isinstance(error, Exception):
            raise error
        if isinstance(error, BrokenExecutor):
            error.add_note(
                "A worker ended abruptly: was there not enough memory, or does a script lack "
                "`if __name__ == '__main__':` around what it does?"
            )
        return Outcome(self._pending[future], error=error)


class _Threads(Executor):
    """Tasks in threads; the compiled loop lets the others run meanwhile."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(self._max_workers, thread_name_prefix="task")

    def _submit(self, index: int, argument: Any) -> Future[Any]:
        def report(seconds: float) -> None:
            if self._stop.is_set():
                raise Stopped
            self._simulated[index] = seconds

        return self._pool.submit(self._task, argument, report)


class _Processes(Executor):
    """Tasks in processes; task, arguments and results must be picklable.

    Progress is that of finished tasks alone, and what a task logs goes to the stderr of its process.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        context = get_context("spawn")
        self._stop = context.Event()
        self._pool = ProcessPoolExecutor(
            self._max_workers, mp_context=context, initializer=worker.initialize, initargs=(self._stop,)
        )

    def _submit(self, index: int, argument: Any) -> Future[Any]:
        with _sigint_blocked():
            return self._pool.submit(worker.call, self._task, argument)


@contextmanager
def _sigint_blocked() -> Iterator[None]:
    """Processes that begin meanwhile do not hear Ctrl-C, which a terminal sends to all, until they are ready for it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


#: The kinds of executors by name; serial is one thread, see `choose_workers`.
EXECUTORS: dict[str, type[Executor]] = {"serial": _Threads, "thread": _Threads, "process": _Processes}


def choose_workers(executor: str, max_workers: int | None, n_tasks: int) -> int:
    """How many tasks run at once.

    Args:
        executor: One of `EXECUTORS`.
        max_workers: The most; None for one for each core.
        n_tasks: Number of tasks.

    Raises:
        InputError: The executor is unknown, or the number is not possible.
    """
    if executor not in EXECUTORS:
        raise InputError(f"executor is {executor!r}; valid: {', '.join(EXECUTORS)}")
    if max_workers is not None and (not isinstance(max_workers, int | np.integer) or max_workers < 1):
        raise InputError(f"max_workers is {max_workers!r}; expected a whole number from 1")
    if executor == "serial":
        if (max_workers or 1) > 1:
            parallel = " or ".join(name for name in EXECUTORS if name != "serial")
            raise InputError(f"max_workers is {max_workers}, but the executor serial has one; choose {parallel}")
        return 1
    return min(n_cores() if max_workers is None else int(max_workers), n_tasks)
