"""Data from programs, in the form that YAML would have given, and as text."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np


def plain(value: Any) -> Any:
    """Copy nested data: mappings to dictionaries with text keys, tuples to lists, numpy to Python."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def canonical_text(value: Any) -> str:
    """Data on one line, the same for equal data: the whole number 5 and the real number 5.0 are both ``5``.

    Raises:
        ValueError: A number is not finite, or there is something else than plain data.
    """
    try:
        return json.dumps(_whole(plain(value)), sort_keys=True, ensure_ascii=False, allow_nan=False)
    except TypeError as error:
        raise ValueError(str(error)) from None


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _whole(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_whole(each) for each in value]
    return int(value) if isinstance(value, float) and math.isfinite(value) and value.is_integer() else value
