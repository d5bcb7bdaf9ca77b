"""The loop that submits items to workers and waits for them: for jobs in a folder, and for results in memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from neuro_mod.checks import whole_number
from neuro_mod.choices import OnError
from neuro_mod.errors import InputError, Interrupted, NoWorkersError, StorageError
from neuro_mod.execution.executors import Completion, Executor, Task, WorkerLost, choose_workers, start_executor
from neuro_mod.execution.jobs.job import Item
from neuro_mod.execution.progress import ItemProgress, items_shown

#: Seconds between two checks whether to stop.
_INTERVAL = 0.1
#: Seconds after which it is noted that no worker takes an item, again and again.
_SILENCE = 30.0

Gathered = TypeVar("Gathered")


class Loop(ABC):
    """Keeps workers busy until all items are done.

    An item that failed is tried again after the others, and for the last time while nothing else runs: it may have
    needed more memory than the others left.

    Args:
        items: All items.
        waiting: Indices of those to do, in order.
        max_tries: How often an item is tried; an `InputError` is final.
        on_error: With ``stop``, an item that failed is tried again before the others.
        patience: Seconds for which no worker may take an item; None for any time.
    """

    def __init__(
        self,
        items: Sequence[Item],
        waiting: Iterable[int],
        max_tries: int,
        on_error: OnError,
        patience: float | None = None,
    ):
        self._items, self._max_tries, self._on_error = items, max_tries, on_error
        self._waiting, self._again = deque(waiting), deque[int]()
        #: How often unfinished items were tried.
        self._tries: dict[int, int] = {}
        self._under_way: set[int] = set()
        self._patience, self._said_at = patience, 0.0

    @property
    def _stopping(self) -> bool:
        """Whether to begin no other item, and not to wait for those under way."""
        return False

    @abstractmethod
    def _take(self, item: Item, completion: Completion) -> Completion:
        """Keep a result; returns the completion, with an error if that is not possible."""

    def _argument(self, item: Item) -> Any:
        """Argument of the task."""
        return item.argument

    def _more_to_do(self) -> bool:
        """Whether anything is left."""
        return bool(self._waiting or self._again or self._under_way)

    def _use_idle_time(self, progress: ItemProgress) -> bool:
        """Do something that can wait, as nothing has arrived; returns whether there was anything."""
        del progress
        return False

    def _lost(self, item: Item, completion: Completion) -> None:  # noqa: B027 -- optional
        """Note that an item has to be done again, which is no fault of its own."""

    @abstractmethod
    def _failed(self, item: Item, error: Exception, completion: Completion, n_tries: int, final: bool) -> None:
        """Note that a try failed."""

    def run(self, executor: Executor, progress: ItemProgress) -> None:
        """Do the items; what has arrived by the end is taken too, unless results cannot be saved."""
        can_save, hurried = True, False
        try:
            while self._more_to_do() and not self._stopping:
                executor.n_left = len(self._waiting) + len(self._again) + len(self._under_way)
                while len(self._under_way) < executor.capacity and (index := self._next()) is not None:
                    executor.submit(index, self._argument(self._items[index]), self._items[index].name)
                    self._under_way.add(index)
                progress.under_way(len(self._under_way))
                completions = executor.wait(_INTERVAL if self._under_way or self._waiting or self._again else 0)
                for completion in completions:
                    self._receive(completion, progress)
                progress.under_way(len(self._under_way))
                if not completions:
                    self._use_idle_time(progress)
                self._watch(executor, progress)
                progress.refresh()
        except StorageError:
            can_save = False
            raise
        except KeyboardInterrupt:
            hurried = True
            raise
        finally:
            for completion in executor.stop():
                if can_save and completion.error is None:
                    self._receive(completion, progress)
            while can_save and not hurried and self._use_idle_time(progress):
                continue

    def _watch(self, executor: Executor, progress: ItemProgress) -> None:
        """Notice that items wait although none is under way, as no worker takes one, and show why.

        Raises:
            NoWorkersError: That has lasted too long.
        """
        if self._under_way or not (self._waiting or self._again) or executor.capacity:
            progress.goes_on()
            self._said_at = 0.0
            return
        reason = executor.waits_for
        seconds = progress.stands_still(reason)
        if seconds >= self._said_at + _SILENCE:
            self._said_at = seconds
            self._stands_still(seconds, reason)
        if self._patience is not None and seconds > self._patience:
            raise NoWorkersError(f"no worker for {seconds:.0f} s: {reason}")

    def _stands_still(self, seconds: float, reason: str) -> None:  # noqa: B027 -- optional
        """Note that no worker has taken an item for so many seconds."""

    def _next(self) -> int | None:
        """The next item that may begin now."""
        if any(map(self._has_last_try, self._under_way)):
            return None
        if not self._again or (self._waiting and self._on_error == "continue"):
            return self._waiting.popleft() if self._waiting else None
        if self._has_last_try(self._again[0]) and self._under_way:
            return None
        return self._again.popleft()

    def _has_last_try(self, index: int) -> bool:
        return index in self._tries and self._tries[index] == self._max_tries - 1

    def _receive(self, completion: Completion, progress: ItemProgress) -> None:
        index, item = completion.index, self._items[completion.index]
        self._under_way.discard(index)
        if completion.error is None:
            completion = self._take(item, completion)
        if completion.error is None:
            self._tries.pop(index, None)
            progress.finished(index, item.simulated_seconds)
            return
        progress.advanced(index, 0.0)
        if isinstance(completion.error, WorkerLost):
            self._lost(item, completion)
            self._waiting.appendleft(index)
            return
        n_tries = self._tries[index] = self._tries.get(index, 0) + 1
        final = n_tries == self._max_tries or isinstance(completion.error, InputError)
        self._failed(item, completion.error, completion, n_tries, final)
        if not final:
            self._again.append(index)


def compute_in_memory(
    items: Sequence[Item],
    task: Task,
    gather: Callable[[Mapping[int, Any]], Gathered],
    *,
    noun: str,
    n_threads: int | None = None,
    progress: bool = False,
) -> Gathered:
    """Do items in threads, each once, and keep the results in memory.

    Args:
        items: The items.
        task: Does an item, given its argument.
        gather: Makes one object of the results by index.
        noun: What items are called.
        n_threads: How many are done at once; None for one for each core.
        progress: Show the progress on stderr.

    Raises:
        InputError: ``n_threads`` is out of bounds.
        Interrupted: On Ctrl-C, with what `gather` made of the finished items.
        Exception: What an item raised, with a note of its name and seed; the others are stopped.
    """
    if n_threads is not None:
        whole_number("n_threads", n_threads, 1)
    loop = _InMemory(items, range(len(items)), 1, "stop")
    seconds = sum(item.simulated_seconds for item in items)
    with items_shown(noun, len(items), 0, seconds, shown=progress) as shown:
        n_workers = choose_workers("thread", n_threads, len(items))
        executor = start_executor("thread", task, n_workers, None, shown.advanced)
        try:
            loop.run(executor, shown)
        except KeyboardInterrupt:
            message = f"interrupted; {len(loop.results)} of {len(items)} {noun} finished"
            raise Interrupted(message, gather(loop.results)) from None
    return gather(loop.results)


class _InMemory(Loop):
    def __init__(self, *arguments: Any):
        super().__init__(*arguments)
        self.results: dict[int, Any] = {}

    def _take(self, item: Item, completion: Completion) -> Completion:
        self.results[completion.index] = completion.result
        return completion

    def _failed(self, item: Item, error: Exception, completion: Completion, n_tries: int, final: bool) -> None:
        del completion, n_tries, final
        error.add_note(f"in {item.label}")
        raise error
