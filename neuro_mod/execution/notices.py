"""Warnings that concern every run of a job, and are logged once; what was said about response tables."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from neuro_mod.core.table_watch import TableProgress, tables_watched

_LOG = logging.getLogger(__name__)
_logged: set[str] = set()
_left_out = ContextVar("_left_out", default=False)


def warn_once(message: str) -> None:
    """Log a warning, unless this process has logged it before."""
    if message not in _logged and not _left_out.get():
        _logged.add(message)
        _LOG.warning("%s", message)


@contextmanager
def warnings_left_out() -> Iterator[None]:
    """Log none of these warnings, and do not count them as logged, as what runs is no result."""
    token = _left_out.set(True)
    try:
        yield
    finally:
        _left_out.reset(token)


@contextmanager
def notices_kept() -> Iterator[list[str]]:
    """Log what is wrong with response tables, and keep it in a list, for metadata."""
    kept: list[str] = []

    def watch(told: TableProgress | str) -> None:
        if isinstance(told, str) and told not in kept:
            kept.append(told)
            warn_once(told)

    with tables_watched(watch):
        yield kept
