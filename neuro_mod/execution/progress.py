"""Progress of long computations: a bar on a terminal or in a notebook, a line at intervals in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from neuro_mod.execution.compilation_shown import compilation_shown
from neuro_mod.execution.terminal import bars_are_shown, bars_shown

#: Seconds between two lines in a log.
LOG_INTERVAL = 10.0

#: Called with how much is done so far.
Progress = Callable[[float], None]
#: Shows how much is done, and the text that a function gives.
_Show = Callable[[float, Callable[[], str]], None]


class Counted(NamedTuple):
    """What progress is measured in: ``simulated 0.50 of 2.5 s``."""

    done: str
    unit: str
    digits: int = 0


SIMULATED = Counted("simulated", "s", 2)


@contextmanager
def progress_shown(
    total: float, *, quantity: Counted = SIMULATED, shown: bool = True, log_interval: float = LOG_INTERVAL
) -> Iterator[Progress]:
    """Show the progress of a computation and the remaining time on stderr.

    Args:
        total: How much there is to do in all, such as simulated seconds.
        quantity: What it is measured in.
        shown: Whether anything is shown at all.
        log_interval: Wall-clock seconds between two lines where stderr is not a terminal.

    Yields:
        A function to call with how much is done.

    Examples:
        >>> from neuro_mod import StageSNNSimulation, progress_shown
        >>> with progress_shown(0.1, shown=False) as report:  # shown=True: a line on stderr
        ...     outputs = StageSNNSimulation("small").run(duration_sec=0.1, progress=report)
    """
    begin = time.monotonic()

    def text(done: float) -> str:
        nonlocal begin
        if not done:  # all before was preparation
            begin = time.monotonic()
        left = (time.monotonic() - begin) * (total - done) / done if 0 < done < total else None
        return f"{quantity.done} {done:.{quantity.digits}f} of {total:g} {quantity.unit}{_remaining(left)}"

    with _display(total, shown, log_interval) as show:
        yield lambda done: show(done, lambda: text(done))


class ItemProgress:
    """Counts items and simulated seconds; the remaining time is estimated from finished items alone.

    Args:
        noun: What items are called.
        n_items: How many there are.
        n_before: How many of them were finished before.
        seconds: Simulated seconds of the others in total.
        show: Called after each change.
    """

    def __init__(self, noun: str, n_items: int, n_before: int, seconds: float, show: _Show = lambda *_: None):
        self.noun, self.n_items, self.seconds = noun, n_items, seconds
        self.n_done = self._n_before = n_before
        self._seconds_finished = 0.0
        self._under_way: dict[int, float] = {}
        self._begin = time.monotonic()
        self._n_begun, self._preparing = 0, ""
        self._still_since: float | None = None
        self._reason = ""
        self._show = show

    @property
    def seconds_done(self) -> float:
        """Simulated seconds since the beginning, including items under way."""
        return min(self._seconds_finished + sum(self._under_way.values()), self.seconds)

    @property
    def seconds_left(self) -> float | None:
        """Remaining wall-clock seconds if the other items take as long as those finished; None before the first."""
        n_now = self.n_done - self._n_before
        return (time.monotonic() - self._begin) / n_now * (self.n_items - self.n_done) if n_now else None

    def advanced(self, index: int, seconds: float) -> None:
        """Note how far an item under way is."""
        self._under_way[index] = seconds
        self.refresh()

    def finished(self, index: int, seconds: float) -> None:
        """Note that an item of so many simulated seconds is finished."""
        self._under_way.pop(index, None)
        self._seconds_finished += seconds
        self.n_done += 1
        self.refresh()

    def prepares(self, what: str) -> None:
        """Note what is done before the first items begin."""
        self._preparing = what
        self.refresh()

    def under_way(self, n_items: int) -> None:
        """Note how many items workers have, which may not say how far they are."""
        self._n_begun, self._preparing = n_items, ""

    def stands_still(self, reason: str) -> float:
        """Note that nothing is under way, and why; returns the seconds for which that has lasted."""
        now = time.monotonic()
        self._still_since, self._reason = self._still_since or now, reason
        return now - self._still_since

    def goes_on(self) -> None:
        """Note that something is under way; the time without does not count for the remaining time."""
        if self._still_since is not None:
            self._begin += time.monotonic() - self._still_since
            self._still_since = None

    def refresh(self) -> None:
        """Show the progress again, as time has passed."""
        self._show(self.n_done, self.describe)

    def describe(self) -> str:
        """The progress in a line."""
        done = f"{self.n_done} of {self.n_items} {self.noun} done"
        if self._preparing:
            return f"{done}, {self._preparing}"
        if self._still_since is not None:  # the reason needs the width of the terminal
            return f"{done}, no worker for {time.monotonic() - self._still_since:.0f} s: {self._reason}"
        if self.n_done == self.n_items:
            taken = time.monotonic() - self._begin
            in_all = f", {self.seconds:g} s simulated" if self.seconds else ""
            return f"{done} in {taken:.0f} s{in_all}" if taken >= 1 else f"{done}{in_all}"
        simulated = f", {self.seconds_done:.2f} of {self.seconds:g} s simulated" if self.seconds else ""
        if self._n_begun and not self._under_way:
            simulated = f", {self._n_begun} under way{simulated}"
        return f"{done}{simulated}{_remaining(self.seconds_left)}"


@contextmanager
def items_shown(
    noun: str, n_items: int, n_before: int, seconds: float, *, shown: bool = True, log_interval: float = LOG_INTERVAL
) -> Iterator[ItemProgress]:
    """Show on stderr how many items are finished, and the remaining time; arguments as for `ItemProgress`.

    Yields:
        The progress, to be updated as items advance or finish.
    """
    with _display(n_items, shown, log_interval) as show:
        yield ItemProgress(noun, n_items, n_before, seconds, show)


def _remaining(seconds: float | None) -> str:
    return "" if seconds is None else f", about {seconds:.0f} s left"


@contextmanager
def _display(total: float, shown: bool, log_interval: float) -> Iterator[_Show]:
    if not shown or sys.stderr is None:  # closed, as under a daemon
        yield lambda *_: None
        return
    with compilation_shown():
        if bars_are_shown():
            with bars_shown() as bars:
                yield _bar(bars, total)
        else:
            yield _lines(log_interval)


def _bar(bars: Any, total: float) -> _Show:
    task: Any = None

    def show(done: float, text: Callable[[], str]) -> None:
        nonlocal task
        described = text()
        if task is None:  # not before there is something to say: compilation may come first
            task = bars.add_task(described, total=total)
        bars.update(task, completed=done, description=described)

    return show


def _lines(interval: float) -> _Show:
    last = time.monotonic()

    def show(_: float, text: Callable[[], str]) -> None:
        nonlocal last
        if time.monotonic() - last >= interval:
            last = time.monotonic()
            print(text(), file=sys.stderr, flush=True)  # noqa: T201

    return show
