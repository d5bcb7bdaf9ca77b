"""Gives items to workers, saves what comes back, and tries again what fails."""

from __future__ import annotations

import logging
import traceback
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from neuro_mod.errors import ConfigError, InputError, StorageError
from neuro_mod.execution.executors import start_executor
from neuro_mod.execution.executors.base import Completion, Executor
from neuro_mod.execution.jobs.folder import JobFolder
from neuro_mod.execution.jobs.job import Execution, Item, Job
from neuro_mod.execution.jobs.log import JobLog
from neuro_mod.execution.jobs.outcome import Failure, Outcome
from neuro_mod.execution.jobs.signals import StopWish
from neuro_mod.execution.progress import ItemProgress, items_shown
from neuro_mod.storage.names import WORKER_LOGS

#: How often an item is tried.
TRIES = 3
#: Errors that would come again.
_LASTING = (InputError, ConfigError)
#: Seconds between two looks at whether to stop.
_INTERVAL = 0.1


class Driver:
    """Does the items of some work that its folder does not have yet.

    An item that failed is tried again after the others, and for the last time while nothing else runs: it may have
    wanted more memory than there was beside them.

    Args:
        job: Whose items.
        items: All of them.
        folder: Where they are saved.
        outcome: Told what becomes of them.
        log: Likewise.
        execution: How they are done.
        wish: Whether to stop.
    """

    def __init__(
        self,
        job: Job,
        items: Sequence[Item],
        folder: JobFolder,
        outcome: Outcome,
        log: JobLog,
        execution: Execution,
        wish: StopWish,
    ):
        self._job, self._items, self._folder = job, items, folder
        self._outcome, self._log, self._execution, self._wish = outcome, log, execution, wish
        self._waiting = deque(index for index, item in enumerate(items) if item.key not in folder.done)
        self._again: deque[int] = deque()
        #: How often items that are not finished were tried.
        self._tries: dict[int, int] = {}
        self._under_way: set[int] = set()

    def do(self, n_workers: int) -> None:
        """Do them.

        Raises:
            InputError: The executor cannot be started.
            StorageError: A result cannot be saved.
        """
        if self._outcome.complete:
            return
        seconds = sum(item.simulated_seconds for item in self._items if item.key not in self._folder.done)
        counts = (self._outcome.n_items, self._outcome.n_before)
        with items_shown(self._job.nouns[1], *counts, seconds, shown=self._execution.progress) as progress:
            executor = start_executor(
                self._execution.executor,
                self._job.task,
                n_workers,
                self._folder.path / WORKER_LOGS,
                progress.advanced,
                self._execution.address,
            )
            with self._wish.noted():
                self._work_with(executor, progress)
        self._outcome.interrupted = bool(self._wish)

    def _work_with(self, executor: Executor, progress: ItemProgress) -> None:
        """Work, and save what else has come in the end if it can be saved."""
        can_save = True
        try:
            self._work_through(executor, progress)
        except StorageError:
            can_save = False
            raise
        finally:
            for completion in executor.stop():
                if can_save and completion.error is None:
                    self._take(completion, progress)

    def _work_through(self, executor: Executor, progress: ItemProgress) -> None:
        while self._waiting or self._again or self._under_way:
            if self._wish or (self._outcome.failures and self._execution.on_error == "stop"):
                return
            while len(self._under_way) < executor.capacity and (index := self._next()) is not None:
                item = self._items[index]
                executor.submit(index, item.argument, item.name)
                self._under_way.add(index)
            for completion in executor.wait(_INTERVAL):
                self._take(completion, progress)
            progress.refresh()

    def _next(self) -> int | None:
        """The next item that may begin now."""
        if any(map(self._has_last_try, self._under_way)):
            return None
        if not self._again or (self._waiting and self._execution.on_error == "continue"):
            return self._waiting.popleft() if self._waiting else None
        if self._has_last_try(self._again[0]) and self._under_way:
            return None
        return self._again.popleft()

    def _has_last_try(self, index: int) -> bool:
        return self._tries.get(index) == TRIES - 1

    def _take(self, completion: Completion, progress: ItemProgress) -> None:
        """Save what an item returned, or see to it that it is tried again."""
        item = self._items[completion.index]
        self._under_way.discard(completion.index)
        about: Mapping[str, Any] = {}
        if completion.error is None:
            try:
                about = self._folder.finished(item.key, lambda files: self._job.save(files, item, completion.result))
            except StorageError:
                raise
            except Exception as error:
                completion = replace(completion, error=error, traceback=traceback.format_exc())
        if completion.error is not None:
            progress.advanced(completion.index, 0.0)
            self._failed(item, completion, completion.error)
            return
        self._tries.pop(completion.index, None)
        self._outcome.n_now += 1
        self._outcome.took(item.name, completion.wall_seconds)
        progress.finished(completion.index, item.simulated_seconds)
        words = self._job.in_words(about)
        self._log.note(f"{item.label}: {words}{'; ' if words else ''}{completion.wall_seconds:.2f} s")

    def _failed(self, item: Item, completion: Completion, error: Exception) -> None:
        tries = self._tries[completion.index] = self._tries.get(completion.index, 0) + 1
        text = "; ".join([f"{type(error).__name__}: {error}", *getattr(error, "__notes__", ())])
        last = tries == TRIES or isinstance(error, _LASTING)
        self._log.log(
            logging.ERROR if last else logging.WARNING,
            f"{item.label}, try {tries} of {TRIES}, failed in worker {completion.worker}: {text}",
        )
        self._log.note(completion.traceback)
        if last:
            self._outcome.failures.append(Failure(item.key, item.name, item.seed, tries, text))
        else:
            self._again.append(completion.index)
