"""Progress of long work: a bar on a terminal, a plain line now and then in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: Seconds between two lines in a log.
LOG_INTERVAL = 10.0

#: Called with the simulated seconds done so far.
Report = Callable[[float], None]


@contextmanager
def simulation_progress(total: float, *, shown: bool = True, log_interval: float = LOG_INTERVAL) -> Iterator[Report]:
    """Show on stderr how far a simulation is and when it will be done.

    Args:
        total: Simulated seconds in all.
        shown: Whether anything is shown at all.
        log_interval: Wall-clock seconds between two lines where stderr is no terminal.

    Yields:
        A function to call with the simulated seconds done.
    """
    if not shown or sys.stderr is None:  # closed, as under a daemon
        yield lambda _: None
    elif sys.stderr.isatty():
        with _bar(total) as report:
            yield report
    else:
        yield _lines(total, log_interval)


@contextmanager
def _bar(total: float) -> Iterator[Report]:
    from rich.console import Console  # noqa: PLC0415 -- only where there is a terminal
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.2f}/{task.total:g} s"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("simulating", total=total)
        yield lambda done: progress.update(task, completed=done)


def _lines(total: float, interval: float) -> Report:
    start = last = time.monotonic()

    def report(done: float) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= interval and 0 < done < total:
            last = now
            remaining = (now - start) * (total - done) / done
            print(f"simulated {done:.2f} of {total:g} s, about {remaining:.0f} s left", file=sys.stderr, flush=True)  # noqa: T201

    return report
