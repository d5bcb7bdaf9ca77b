"""Ctrl-C, and SIGTERM, which is treated the same: a request to stop, obeyed where nothing is half done."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class StopRequest:
    """Whether a job was asked to stop."""

    def __init__(self) -> None:
        self._received = self._deferring = False

    def __bool__(self) -> bool:
        return self._received

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Only note the first signal that arrives meanwhile."""
        self._deferring = True
        try:
            yield
        finally:
            self._deferring = False

    def receive(self, *_: Any) -> None:
        """Handle a signal.

        Raises:
            KeyboardInterrupt: It is not deferred.
        """
        if self._received or not self._deferring:
            raise KeyboardInterrupt
        self._received = True


@contextmanager
def stop_request() -> Iterator[StopRequest]:
    """Treat SIGTERM like Ctrl-C, which interrupts at once except where it is `StopRequest.deferred`.

    Outside the main thread, which alone receives signals, the request stays false.

    Yields:
        The request, false until a signal was deferred.
    """
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return

    before = {number: signal.signal(number, request.receive) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
