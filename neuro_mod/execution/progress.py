"""Progress of long work: a bar on a terminal, a plain line now and then in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

#: Seconds between two lines in a log.
LOG_INTERVAL = 10.0

#: Called with how much is done so far.
Report = Callable[[float], None]


class Work(NamedTuple):
    """What is being done, and how it is counted."""

    doing: str
    done: str
    unit: str
    digits: int


SIMULATION = Work("simulating", "simulated", "s", 2)


@contextmanager
def progress_shown(
    total: float, *, work: Work = SIMULATION, shown: bool = True, log_interval: float = LOG_INTERVAL
) -> Iterator[Report]:
    """Show on stderr how far long work is and when it will be done.

    Args:
        total: How much there is to do in all, such as simulated seconds.
        work: What is done.
        shown: Whether anything is shown at all.
        log_interval: Wall-clock seconds between two lines where stderr is no terminal.

    Yields:
        A function to call with how much is done.
    """
    if not shown or sys.stderr is None:  # closed, as under a daemon
        yield lambda _: None
    elif sys.stderr.isatty():
        with _bar(total, work) as report:
            yield report
    else:
        yield _lines(total, work, log_interval)


@contextmanager
def _bar(total: float, work: Work) -> Iterator[Report]:
    from rich.console import Console  # noqa: PLC0415 -- only where there is a terminal
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn(f"{{task.completed:.{work.digits}f}}/{{task.total:g}} {work.unit}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(work.doing, total=total)
        yield lambda done: progress.update(task, completed=done)


def _lines(total: float, work: Work, interval: float) -> Report:
    start = last = time.monotonic()

    def report(done: float) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= interval and 0 < done < total:
            last = now
            remaining = (now - start) * (total - done) / done
            amount = f"{work.done} {done:.{work.digits}f} of {total:g} {work.unit}"
            print(f"{amount}, about {remaining:.0f} s left", file=sys.stderr, flush=True)  # noqa: T201

    return report
