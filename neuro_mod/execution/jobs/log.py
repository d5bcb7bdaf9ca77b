"""What is said during a run, kept in its folder."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path


class JobLog:
    """Logs what happens in a run, and appends it to a file, with times in UTC, whatever the levels of the loggers.

    Args:
        logger: Through which it logs.
        path: The file. Where it cannot be written, nothing else suffers.
    """

    def __init__(self, logger: logging.Logger, path: Path):
        self._logger = logger
        self._path = path

    def log(self, level: int, message: str) -> None:
        """Log an event of the run."""
        self._logger.log(level, message)
        self._append(level, message)

    def info(self, message: str) -> None:
        """Log an event of the run that is as it should be."""
        self.log(logging.INFO, message)

    def note(self, message: str) -> None:
        """Log what is of interest only to those who look for it: to the file, and for debugging."""
        self._logger.debug(message)
        self._append(logging.INFO, message)

    def _append(self, level: int, message: str) -> None:
        line = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {logging.getLevelName(level)} {message.rstrip()}\n"
        with suppress(OSError), self._path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(line)
