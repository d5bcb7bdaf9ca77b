"""Messages from the page: what may come at all, and how often."""

from __future__ import annotations

import json
import math
import time
from typing import Any

#: Bytes of a message, and entries of a list in it.
MAX_BYTES = 64 * 1024
_MAX_ENTRIES = 4096
#: Whole numbers are below this.
_MAX_INTEGER = 2**53
#: Messages a second that may come in the long run, and at once: a slider sends 60 a second, and so do frames seen.
RATE, BURST = 400.0, 1200.0


class UnreadableError(ValueError):
    """A message that no page of ours sends."""


def read_message(text: str) -> dict[str, Any]:
    """A command: a flat mapping with its name as ``do``, whose values are plain or lists of plain ones.

    Raises:
        UnreadableError: It is anything else.
    """
    try:
        message = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise UnreadableError("no JSON") from None
    if not isinstance(message, dict) or not isinstance(message.get("do"), str):
        raise UnreadableError("no command")
    for value in message.values():
        values = value if isinstance(value, list) else [value]
        if len(values) > _MAX_ENTRIES or not all(map(_is_plain, values)):
            raise UnreadableError("no plain values")
    return message


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def _is_plain(value: Any) -> bool:
    if isinstance(value, int):
        return abs(value) < _MAX_INTEGER
    return value is None or isinstance(value, str) or (isinstance(value, float) and math.isfinite(value))


class Rate:
    """How often messages come."""

    def __init__(self) -> None:
        self._left, self._last = BURST, time.monotonic()

    def allows(self) -> bool:
        """Whether one more may come now."""
        now = time.monotonic()
        self._left = min(BURST, self._left + RATE * (now - self._last))
        self._last = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
