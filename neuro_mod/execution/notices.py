"""Warnings that concern every run of a job, and are logged once."""

from __future__ import annotations

import logging

_LOG = logging.getLogger(__name__)
_logged: set[str] = set()


def warn_once(message: str) -> None:
    """Log a warning, unless this process has logged it before."""
    if message not in _logged:
        _logged.add(message)
        _LOG.warning("%s", message)
