"""Ctrl-C and SIGTERM, which is then the same; a wish that is looked at where nothing is half done."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class StopWish:
    """Whether somebody wants the work to stop."""

    def __init__(self) -> None:
        self._heard = self._noting = False

    def __bool__(self) -> bool:
        return self._heard

    @contextmanager
    def noted(self) -> Iterator[None]:
        """The first signal that comes meanwhile is only noted."""
        self._noting = True
        try:
            yield
        finally:
            self._noting = False

    def hear(self, *_: Any) -> None:
        """Handle a signal.

        Raises:
            KeyboardInterrupt: It is not only noted.
        """
        if self._heard or not self._noting:
            raise KeyboardInterrupt
        self._heard = True


@contextmanager
def stop_wish() -> Iterator[StopWish]:
    """Take SIGTERM as Ctrl-C, which interrupts at once except where it is `StopWish.noted`.

    Outside the main thread, which alone hears signals, nobody wishes anything.

    Yields:
        The wish, false until one was noted.
    """
    wish = StopWish()
    if threading.current_thread() is not threading.main_thread():
        yield wish
        return

    before = {number: signal.signal(number, wish.hear) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield wish
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
