"""What commands that do many items have in common: what happens goes to stderr, and Ctrl-C ends them in order."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

import typer

from neuro_mod.cli.failures import INTERRUPTED, with_notes


@contextmanager
def long_work() -> Iterator[None]:
    """Log to stderr what the package says; SIGTERM is Ctrl-C, which says what is saved and ends with exit code 130."""
    logger, handler = logging.getLogger("neuro_mod"), _Stderr()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))
    level, heard = logger.level, None
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    if threading.current_thread() is threading.main_thread():
        heard = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt as interruption:
        typer.echo(with_notes(interruption, str(interruption) or "interrupted"), err=True)
        raise typer.Exit(INTERRUPTED) from None
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
