"""What is said during a run, kept for its folder."""

from __future__ import annotations

import logging
import time
from typing import Any, Self

_PACKAGE = logging.getLogger("neuro_mod")


class RunLog(logging.Handler):
    """Keeps the lines that the package logs, with times in UTC, while it is used as a context.

    What is said through the log itself is kept whatever the level of the loggers; this changes no logger's level.

    Args:
        logger: Through which it speaks.
    """

    def __init__(self, logger: logging.Logger):
        super().__init__(logging.INFO)
        self._logger = logger
        self._lines: list[str] = []
        formatter = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%SZ")
        formatter.converter = time.gmtime
        self.setFormatter(formatter)

    def __enter__(self) -> Self:
        _PACKAGE.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        _PACKAGE.removeHandler(self)

    @property
    def text(self) -> str:
        """All lines so far."""
        return "".join(f"{line}\n" for line in self._lines)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record."""
        self._lines.append(self.format(record))

    def info(self, message: str, *values: Any) -> None:
        """Log an event of the run."""
        self.say(logging.INFO, message, *values)

    def say(self, level: int, message: str, *values: Any) -> None:
        """Log an event of the run at some level."""
        if self._logger.isEnabledFor(level):
            self._logger.log(level, message, *values)
        else:
            self.handle(self._logger.makeRecord(self._logger.name, level, "", 0, message, values, None))
