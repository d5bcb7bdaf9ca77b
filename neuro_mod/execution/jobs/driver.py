"""Does the unfinished items of a job, and saves what comes back."""

from __future__ import annotations

import logging
import traceback
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, final

from neuro_mod.errors import DataError, StorageError
from neuro_mod.execution.executors import Completion, on_this_machine, pickles, start_executor
from neuro_mod.execution.jobs.folder import JobFolder
from neuro_mod.execution.jobs.job import Execution, Item, Job
from neuro_mod.execution.jobs.log import JobLog
from neuro_mod.execution.jobs.loop import Loop
from neuro_mod.execution.jobs.outcome import Failure, Outcome
from neuro_mod.execution.jobs.saving import Saver
from neuro_mod.execution.jobs.signals import StopRequest
from neuro_mod.execution.progress import ItemProgress, items_shown
from neuro_mod.storage.names import WORKER_LOGS

MAX_TRIES = 3


@final
class Driver(Loop):
    """Does the items of a job that its folder does not have yet.

    Args:
        job: The job.
        items: Its items.
        folder: Where results are saved.
        outcome: Updated as items finish or fail.
        log: The log of the job.
        execution: How the job is done.
        request: Whether to stop.
    """

    def __init__(
        self,
        job: Job,
        items: Sequence[Item],
        folder: JobFolder,
        outcome: Outcome,
        log: JobLog,
        execution: Execution,
        request: StopRequest,
    ):
        waiting = (index for index, item in enumerate(items) if item.key not in folder.done)
        super().__init__(items, waiting, MAX_TRIES, execution.on_error, execution.wait_for_workers)
        self._job, self._folder, self._outcome, self._log = job, folder, outcome, log
        self._execution, self._request = execution, request
        self._saver = Saver(job, folder)
        self._in_threads = not pickles(execution.executor)
        self._to_draw = deque[Completion]()

    def do(self, n_workers: int) -> None:
        """Do them.

        Raises:
            InputError: The executor cannot be started.
            StorageError: A result cannot be saved.
        """
        if self._outcome.complete:
            return
        seconds = sum(self._items[index].simulated_seconds for index in self._waiting)
        counts = (self._outcome.n_items, self._outcome.n_finished)
        with items_shown(self._job.nouns[1], *counts, seconds, shown=self._execution.progress) as progress:
            anew = any(self._items[index].key not in self._folder.outdated for index in self._waiting)
            if anew and on_this_machine(self._execution.executor, self._execution.address):
                self._job.compile()
            progress.prepares(f"starting {n_workers} worker{'s' * (n_workers > 1)}")
            executor = start_executor(
                self._execution.executor,
                self._saver.compute if self._in_threads else self._job.task,
                n_workers,
                self._folder.path / WORKER_LOGS,
                progress.advanced,
                self._execution.address,
                self._execution.cluster,
            )
            with self._request.deferred():
                self.run(executor, progress)
        self._outcome.interrupted = bool(self._request)

    @property
    def _stopping(self) -> bool:
        return bool(self._request or (self._outcome.failures and self._on_error == "stop"))

    def _argument(self, item: Item) -> Any:
        outdated, updating = self._folder.outdated.get(item.key), self._job.updating
        if outdated is not None and updating is not None:
            try:
                item = replace(item, argument=updating.argument(item.argument, outdated, self._folder.path))
            except DataError as error:  # it was damaged since it was checked
                self._log.log(logging.WARNING, f"{error}: {item.label} is done again")
        return item if self._in_threads else item.argument

    def _more_to_do(self) -> bool:
        return super()._more_to_do() or bool(self._to_draw)

    def _receive(self, completion: Completion, progress: ItemProgress) -> None:
        """Receive a completion; one that is to be drawn waits until there is time."""
        is_saved = completion.error is None and not isinstance(completion.result, StorageError)
        if is_saved and self._job.is_drawn(self._items[completion.index]):
            self._under_way.discard(completion.index)
            self._to_draw.append(completion)
        else:
            super()._receive(completion, progress)

    def _use_idle_time(self, progress: ItemProgress) -> bool:
        if not self._to_draw:
            return False
        super()._receive(self._to_draw.popleft(), progress)
        return True

    def _take(self, item: Item, completion: Completion) -> Completion:
        try:
            saved = completion.result if self._in_threads else self._saver.save(item, completion.result)
            if isinstance(saved, StorageError):
                raise saved
            entry = self._saver.draw(item, saved)
            self._folder.finished(entry)
        except StorageError:
            raise
        except Exception as error:
            return replace(completion, error=error, traceback=traceback.format_exc())
        self._outcome.n_now += 1
        self._outcome.took(item.name, completion.wall_seconds)
        summary = self._job.summary(entry.about)
        self._log.note(f"{item.label}: {summary}{'; ' if summary else ''}{completion.wall_seconds:.2f} s")
        return completion

    def _stands_still(self, seconds: float, reason: str) -> None:
        self._log.log(logging.WARNING, f"no worker for {seconds:.0f} s: {reason}")

    def _lost(self, item: Item, completion: Completion) -> None:
        self._log.log(logging.INFO, f"{item.label} is done again: {completion.error}")

    def _failed(self, item: Item, error: Exception, completion: Completion, n_tries: int, final: bool) -> None:
        text = "; ".join([f"{type(error).__name__}: {error}", *getattr(error, "__notes__", ())])
        self._log.log(
            logging.ERROR if final else logging.WARNING,
            f"{item.label}, try {n_tries} of {MAX_TRIES}, failed in worker {completion.worker}: {text}",
        )
        self._log.note(completion.traceback)
        if final:
            self._outcome.failures.append(Failure(item.key, item.name, item.seed, n_tries, text))
