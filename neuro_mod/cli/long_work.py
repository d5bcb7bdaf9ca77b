"""What commands that run a job have in common: the log goes to stderr, and SIGTERM interrupts like Ctrl-C."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


@contextmanager
def long_work() -> Iterator[None]:
    """Send the log of the package to stderr, and treat SIGTERM like Ctrl-C."""
    logger, handler = logging.getLogger("neuro_mod"), _Stderr()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))
    level, heard = logger.level, None
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    if threading.current_thread() is threading.main_thread():
        heard = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        if heard is not None:
            signal.signal(signal.SIGTERM, heard)


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to what stderr is at the time: above a progress bar, not into it."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        self.stream = sys.stderr
        super().emit(record)
