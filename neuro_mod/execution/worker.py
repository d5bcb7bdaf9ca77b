"""What a worker process does."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from typing import Any

from neuro_mod.execution.progress import Report

#: Calculates something from an argument; calls a function with the simulated seconds done so far, now and then, which
#: raises `Stopped` where the work is no longer wanted.
Task = Callable[[Any, Report], Any]

_stop: Any = None


class Stopped(Exception):  # noqa: N818 -- nothing went wrong
    """A task that was told to stop."""


def initialize(stop: Any) -> None:
    """Prepare a worker process: deaf to Ctrl-C (its parent stops it), and gone when its parent is.

    Args:
        stop: An event that is set when the work is no longer wanted.
    """
    global _stop  # noqa: PLW0603 -- the state of the process
    _stop = stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_end_with_parent, daemon=True).start()


def call(task: Task, argument: Any) -> Any:
    """Do one task in a worker process.

    Args:
        task: What to do.
        argument: With what.

    Returns:
        The result.

    Raises:
        Stopped: The work is no longer wanted.
    """

    def report(_: float) -> None:
        if _stop.is_set():
            raise Stopped

    report(0.0)
    return task(argument, report)


def _end_with_parent() -> None:
    """Wait for the end of the parent, however it came about: nobody would wait for the results any more."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
