"""The log of a job, kept in its folder."""

from __future__ import annotations

import logging
from pathlib import Path

from neuro_mod.execution.executors.worker_log import append_line


class JobLog:
    """Logs events, and appends them to a file, with times in UTC, whatever the levels of the loggers.

    Args:
        logger: Through which it logs.
        path: The file; failing to write it has no other effect.
    """

    def __init__(self, logger: logging.Logger, path: Path):
        self._logger, self._path = logger, path

    def log(self, level: int, message: str) -> None:
        """Log an event."""
        self._logger.log(level, message)
        append_line(self._path, logging.getLevelName(level), message)

    def note(self, message: str) -> None:
        """Log a detail: to the file, and for debugging."""
        self._logger.debug(message)
        append_line(self._path, "INFO", message)
