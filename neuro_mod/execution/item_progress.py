"""Progress of many items: a bar on a terminal, a plain line now and then in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from neuro_mod.execution.progress import LOG_INTERVAL

#: Shows the state of the items.
_Show = Callable[["ItemProgress"], None]


class ItemProgress:
    """Counts items and simulated seconds; the time left follows from finished items alone.

    Args:
        noun: What items are called.
        n_items: How many there are.
        n_before: How many of them were finished before.
        seconds: Simulated seconds of the others together.
        show: Called whenever something has changed.
    """

    def __init__(self, noun: str, n_items: int, n_before: int, seconds: float, show: _Show = lambda _: None):
        self.noun, self.n_items, self.seconds = noun, n_items, seconds
        self.n_done = self._n_before = n_before
        self._seconds_finished = 0.0
        self._under_way: dict[int, float] = {}
        self._begin = time.monotonic()
        self._show = show

    @property
    def seconds_done(self) -> float:
        """Simulated seconds since the beginning, those of items under way too."""
        return min(self._seconds_finished + sum(self._under_way.values()), self.seconds)

    @property
    def seconds_left(self) -> float | None:
        """Wall-clock seconds to go, if the other items take as long as those finished; None before the first."""
        n_now = self.n_done - self._n_before
        return (time.monotonic() - self._begin) / n_now * (self.n_items - self.n_done) if n_now else None

    def advanced(self, index: int, seconds: float) -> None:
        """An item under way has come so far."""
        self._under_way[index] = seconds
        self._show(self)

    def finished(self, index: int, seconds: float) -> None:
        """An item of so many simulated seconds is finished."""
        self._under_way.pop(index, None)
        self._seconds_finished += seconds
        self.n_done += 1
        self._show(self)

    def waited(self) -> None:
        """Time has passed."""
        self._show(self)

    def in_words(self) -> str:
        """How far the work is, in a line."""
        left = self.seconds_left
        simulated = f", {self.seconds_done:.2f} of {self.seconds:g} s simulated" if self.seconds else ""
        about = "" if left is None else f", about {left:.0f} s left"
        return f"{self.n_done} of {self.n_items} {self.noun} done{simulated}{about}"


@contextmanager
def items_shown(
    noun: str, n_items: int, n_before: int, seconds: float, *, shown: bool = True, log_interval: float = LOG_INTERVAL
) -> Iterator[ItemProgress]:
    """Show on stderr how far many items are, and when they will be done.

    Args:
        noun: What items are called.
        n_items: How many there are.
        n_before: How many of them were finished before.
        seconds: Simulated seconds of the others together.
        shown: Whether anything is shown at all.
        log_interval: Wall-clock seconds between two lines where stderr is no terminal.

    Yields:
        What to tell the progress to.
    """
    counts = (noun, n_items, n_before, seconds)
    if not shown or sys.stderr is None:  # closed, as under a daemon
        yield ItemProgress(*counts)
    elif sys.stderr.isatty():
        with _bar(n_items) as show:
            yield ItemProgress(*counts, show)
    else:
        yield ItemProgress(*counts, _lines(log_interval))


@contextmanager
def _bar(n_items: int) -> Iterator[_Show]:
    from rich.console import Console  # noqa: PLC0415 -- only where there is a terminal
    from rich.progress import BarColumn, Progress, TextColumn  # noqa: PLC0415

    with Progress(BarColumn(), TextColumn("{task.description}"), console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=n_items)
        yield lambda items: progress.update(task, completed=items.n_done, description=items.in_words())


def _lines(interval: float) -> _Show:
    last = time.monotonic()

    def show(items: ItemProgress) -> None:
        nonlocal last
        if time.monotonic() - last >= interval:
            last = time.monotonic()
            print(items.in_words(), file=sys.stderr, flush=True)  # noqa: T201

    return show
