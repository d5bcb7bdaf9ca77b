"""Tells who wants to know when kernels are being compiled; needs no compiler itself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: Called with the name of a kernel when its compilation begins, and with None when it has ended, or with `STOPPED` when
#: Ctrl-C or an error has ended it.
Watcher = Callable[[str | None], None]
STOPPED = ""

_WATCHERS: list[Watcher] = []
_compiling: threading.Thread | None = None


@contextmanager
def compilation_watched(watcher: Watcher) -> Iterator[None]:
    """Call a function when a kernel is compiled, in whichever thread, instead of loaded from the cache.

    Args:
        watcher: The function. Only one kernel is compiled at a time.
    """
    _WATCHERS.append(watcher)
    try:
        yield
    finally:
        _WATCHERS.remove(watcher)


def tell(name: str | None) -> None:
    """Tell all watchers that the compilation of a kernel begins, or that it has ended or was stopped."""
    global _compiling  # noqa: PLW0603 -- only one kernel is compiled at a time
    _compiling = threading.current_thread() if name else None
    for watcher in tuple(_WATCHERS):
        watcher(name)


def compiled_elsewhere() -> bool:
    """Whether another thread is compiling a kernel."""
    return _compiling is not None and _compiling is not threading.current_thread()
