"""The log of each worker, in a file of its own."""

from __future__ import annotations

import logging
import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from copy import copy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

_NAME = "neuro_mod"
_FIRST_LINE = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ [A-Z]+ ")


def append_line(path: Path, level: str, message: str) -> None:
    """Append a line with the time in UTC to a log, if it can be written."""
    with suppress(OSError), _opened(path) as file:
        file.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {level} {message.rstrip()}\n")


def _opened(path: Path) -> TextIO:
    return path.open("a", encoding="utf-8", errors="backslashreplace")


def is_worker_log(path: Path) -> bool:
    """Whether a file has the form of a log of this module."""
    with suppress(OSError), path.open("rb") as file:
        return bool(_FIRST_LINE.match(file.read(100)))
    return False


class WorkerLog:
    """A log file; each line is on the disk as soon as it is written.

    Args:
        folder: Where it is kept; None for no file.
        worker: Name of the worker and of the file.
    """

    def __init__(self, folder: Path | None, worker: str):
        self.worker = worker
        self._path = None if folder is None else folder / f"{worker}.log"

    def write(self, level: str, message: str) -> None:
        """Append a line."""
        if self._path is not None:
            append_line(self._path, level, message)

    def opened(self) -> TextIO | None:
        """The file, open for appending; None where there is none."""
        with suppress(OSError):
            return None if self._path is None else _opened(self._path)
        return None

    @contextmanager
    def kept(self, name: str) -> Iterator[None]:
        """Meanwhile, also keep log records of this package (from INFO) and warnings that this thread causes.

        Args:
            name: What the user is told about where warnings come from.
        """
        if self._path is None:
            yield
            return
        _ROUTER.add(self, name)
        try:
            yield
        finally:
            _ROUTER.remove()


class _Router(logging.Handler):
    """Sends records of threads to their logs, and to the handlers that would have received them anyway.

    While any log is kept, it replaces the handlers of this package, so that records below the user's level are shown
    nowhere else. There, warnings are shown after the name of the item that they come from.
    """

    def __init__(self) -> None:
        super().__init__()
        self._logs: dict[int, tuple[WorkerLog, str]] = {}
        self._changing = threading.Lock()
        self._before = logging.Logger(_NAME)
        self._level = logging.NOTSET
        self._show_warning = warnings.showwarning

    def add(self, log: WorkerLog, name: str) -> None:
        with self._changing:
            if not self._logs:
                self._install()
            self._logs[threading.get_ident()] = log, name

    def remove(self) -> None:
        with self._changing:
            del self._logs[threading.get_ident()]
            if not self._logs:
                self._uninstall()

    def emit(self, record: logging.LogRecord) -> None:
        log, name = self._logs.get(record.thread or 0, (None, ""))
        if record.levelno >= logging.INFO and log is not None:
            log.write(record.levelname, record.getMessage())
        of_the_user = logging.getLogger(record.name).getEffectiveLevel() != logging.INFO
        if of_the_user or record.levelno >= self._level:
            self._before.callHandlers(_named(record, name) if name and record.levelno >= logging.WARNING else record)

    def _install(self) -> None:
        logger = logging.getLogger(_NAME)
        self._level = logger.getEffectiveLevel()
        self._before.parent, self._before.handlers = logger.parent, logger.handlers
        self._before.propagate, self._before.level = logger.propagate, logger.level
        logger.handlers, logger.propagate = [self], False
        logger.setLevel(min(self._level, logging.INFO))
        self._show_warning, warnings.showwarning = warnings.showwarning, self._warn

    def _uninstall(self) -> None:
        logger = logging.getLogger(_NAME)
        logger.handlers = self._before.handlers + [handler for handler in logger.handlers if handler is not self]
        logger.propagate = self._before.propagate
        logger.setLevel(self._before.level)
        if warnings.showwarning == self._warn:
            warnings.showwarning = self._show_warning

    def _warn(self, message: Any, category: Any, *place: Any) -> None:
        log, _ = self._logs.get(threading.get_ident(), (None, ""))
        if log is not None:
            log.write("WARNING", f"{category.__name__}: {message}")
        self._show_warning(message, category, *place)


def _named(record: logging.LogRecord, name: str) -> logging.LogRecord:
    """The record with a name before its message."""
    named = copy(record)
    named.msg, named.args = f"{name}: {record.getMessage()}", None
    return named


_ROUTER = _Router()
