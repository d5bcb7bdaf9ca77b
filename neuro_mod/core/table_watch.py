"""Tells who wants to know how far the computation of a response table is, and what went wrong with a saved one."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple


class TableProgress(NamedTuple):
    """How far a table is.

    Attributes:
        name: Which table, in words.
        done: Points that are solved.
        total: All points; the table is finished when ``done`` equals it.
    """

    name: str
    done: int
    total: int


class TableWarning(UserWarning):
    """Something about a response table that a user should know."""


#: What a table takes.
HOW_LONG = "half a minute to a minute on two cores"
#: Called with the progress of a table, in the thread that asked for it, or with a sentence about a table.
Watcher = Callable[[TableProgress | str], None]

_WATCHERS: list[Watcher] = []
_LOG = logging.getLogger(__name__)


@contextmanager
def tables_watched(watcher: Watcher) -> Iterator[None]:
    """Call a function while response tables are computed, and with sentences that otherwise become warnings."""
    _WATCHERS.append(watcher)
    try:
        yield
    finally:
        _WATCHERS.remove(watcher)


def tell(progress: TableProgress) -> None:
    """Tell all watchers how far a table is; where there are none, its beginning is logged."""
    for watcher in tuple(_WATCHERS):
        watcher(progress)
    if not _WATCHERS and progress.done == 1:
        _LOG.warning("computing the response table for %s, once: %s", progress.name, HOW_LONG)


def say(sentence: str) -> None:
    """Tell all watchers a sentence; warn where there are none."""
    for watcher in tuple(_WATCHERS):
        watcher(sentence)
    if not _WATCHERS:
        warnings.warn(sentence, TableWarning, stacklevel=2)
