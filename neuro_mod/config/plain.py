"""Plain data: mappings, lists, strings, numbers, booleans and None, made from Python objects and written as text."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

_PLAIN = re.compile(r"[A-Za-z_][\w./-]*")
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


def plain(value: Any) -> Any:
    """Copy nested data as YAML would give it: mappings to dictionaries with text keys, tuples to lists, no NumPy."""
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
        ValueError: A number is not finite, or a value is not plain data.
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


def to_yaml(data: Mapping[str, Any]) -> str:
    """Readable YAML: sections as blocks, lists on one line.

    Args:
        data: Keys are plain words; values are mappings, lists or tuples, strings, numbers, booleans or None.
    """
    return "\n".join(_lines(data, "")) + "\n"


def flow(value: Any) -> str:
    """A scalar or a list as YAML on one line."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case int() | float():
            return repr(value)
        case str():
            unquoted = _PLAIN.fullmatch(value) and value.lower() not in _WORDS
            return value if unquoted else json.dumps(value, ensure_ascii=False)
        case _:
            return f"[{', '.join(map(flow, value))}]"


def _lines(data: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, value in data.items():
        if isinstance(value, Mapping):
            yield f"{indent}{key}:" if value else f"{indent}{key}: {{}}"
            yield from _lines(value, indent + "  ")
        elif isinstance(value, list | tuple) and value and all(isinstance(item, list | tuple) for item in value):
            yield f"{indent}{key}:"
            yield from (f"{indent}  - {flow(item)}" for item in value)
        else:
            yield f"{indent}{key}: {flow(value)}".rstrip()
