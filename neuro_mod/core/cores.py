"""Cores: how many there are, and linear algebra on a single one."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits

_LOCK = threading.Lock()
#: Who is within `one_thread` now, and the limit that they share.
_within: list[threadpool_limits] = []
_count = 0


def n_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def one_thread() -> Iterator[None]:
    """Linear algebra of this process on one thread: the same bytes everywhere, and fast where matrices are small.

    The earlier limit returns when the last of overlapping callers, in whichever threads, has left.
    """
    global _count  # noqa: PLW0603 -- the limit is one of the process
    with _LOCK:
        if not _count:
            _within.append(threadpool_limits(1))
        _count += 1
    try:
        yield
    finally:
        with _LOCK:
            _count -= 1
            if not _count:
                _within.pop().restore_original_limits()
