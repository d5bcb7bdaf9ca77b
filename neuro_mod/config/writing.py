"""Plain data to readable YAML: sections as blocks, lists on one line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_PLAIN = re.compile(r"[A-Za-z_][\w./-]*")
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


def to_yaml(data: Mapping[str, Any]) -> str:
    """Write nested mappings of scalars and lists.

    Args:
        data: Keys are plain words; values are mappings, lists or tuples, strings, numbers, booleans or None.
    """
    return "\n".join(_lines(data, "")) + "\n"


def flow(value: Any) -> str:
    """Write a scalar or a list on one line."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case int() | float():
            return repr(value)
        case str():
            plain = _PLAIN.fullmatch(value) and value.lower() not in _WORDS
            return value if plain else json.dumps(value, ensure_ascii=False)
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
