"""What is said during a run, kept for its folder."""

from __future__ import annotations

import logging
from datetime import UTC, datetime


class RunLog:
    """Logs what happens in a run, and keeps its lines, with times in UTC, whatever the levels of the loggers.

    Args:
        logger: Through which it logs.
    """

    def __init__(self, logger: logging.Logger):
        self._logger = logger
        self._lines: list[str] = []

    @property
    def text(self) -> str:
        """All lines so far."""
        return "".join(self._lines)

    def log(self, level: int, message: str) -> None:
        """Log an event of the run."""
        self._logger.log(level, message)
        self._lines.append(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {logging.getLevelName(level)} {message}\n")

    def info(self, message: str) -> None:
        """Log an event of the run that is as it should be."""
        self.log(logging.INFO, message)
