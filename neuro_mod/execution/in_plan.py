"""Values on which results depend, as plans hold them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from neuro_mod.config.plain import plain
from neuro_mod.storage.values import value_arrays

#: Longest text of a value that is kept as it is, instead of its hash; and digits of such a hash.
_MAX_SHOWN, _DIGITS = 1000, 16


def data_or_hash(value: Any, name: str) -> Any:
    """A value as data for JSON, equal for equal values; a hash where it is long.

    Args:
        value: Plain data and arrays, see `storage.values.value_arrays`.
        name: Its name in messages.

    Raises:
        NotPlainError: It is something else.
    """
    arrays = value_arrays(value, name)
    try:
        text = json.dumps(plain(value), allow_nan=False)
    except (TypeError, ValueError):
        text = ""
    if text and len(text) <= _MAX_SHOWN:
        return json.loads(text)
    parts = [part for key, array in arrays.items() for part in (f"{key} {array.dtype}".encode(), array.tobytes())]
    return f"sha256 {hashlib.sha256(bytes(1).join([*parts, b''])).hexdigest()[:_DIGITS]}"
