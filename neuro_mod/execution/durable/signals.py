"""Ctrl-C and SIGTERM as a wish, which is looked at where nothing is half done."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class StopWish:
    """Whether somebody wants the work to stop."""

    def __init__(self) -> None:
        #: The signal that said so.
        self.signal: signal.Signals | None = None

    def __bool__(self) -> bool:
        return self.signal is not None


@contextmanager
def stop_wish() -> Iterator[StopWish]:
    """Take Ctrl-C and SIGTERM as a wish to stop; the second one interrupts at once.

    Outside the main thread, which alone hears signals, nobody wishes anything.

    Yields:
        The wish, false until it comes.
    """
    wish = StopWish()
    if threading.current_thread() is not threading.main_thread():
        yield wish
        return

    def heard(number: int, _: Any) -> None:
        if wish:
            raise KeyboardInterrupt
        wish.signal = signal.Signals(number)

    before = {number: signal.signal(number, heard) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield wish
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
