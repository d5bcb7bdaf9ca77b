"""The latest results of something that is asked for again and again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Any


class Latest:
    """The latest results by name, each made once, also where threads ask for it at the same time.

    Args:
        size: How many are kept.
    """

    def __init__(self, size: int):
        self._size, self._lock = size, threading.Lock()
        self._made: dict[Hashable, Any] = {}

    def get(self, name: Hashable, make: Callable[[], Any]) -> Any:
        """A result, made if it is not among the latest ones.

        Args:
            name: All that the result depends on.
            make: Makes it.
        """
        with self._lock:
            self._made[name] = made = self._made.pop(name) if name in self._made else make()
            while len(self._made) > self._size:
                self._made.pop(next(iter(self._made)))
        return made

    def __reduce__(self) -> tuple[type[Latest], tuple[int]]:
        """Results are not sent to other processes."""
        return Latest, (self._size,)
