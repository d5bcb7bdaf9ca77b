"""How what is to be saved differs from what a folder holds."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

_ABSENT = object()
#: Differences that are shown, at most.
_SHOWN = 12


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Differences between two nested mappings, one line each: ``key: 1 -> 2``."""
    old, new = _flat(before), _flat(now)
    return [
        f"{key}: {_show(old.get(key, _ABSENT))} -> {_show(new.get(key, _ABSENT))}"
        for key in {**old, **new}
        if old.get(key, _ABSENT) != new.get(key, _ABSENT)
    ]


def in_lines(found: list[str]) -> str:
    """Differences as indented lines for a message."""
    more = [f"  and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
    return "\n".join([*(f"  {line}" for line in islice(found, _SHOWN)), *more])


def _flat(value: Any, key: str = "") -> dict[str, Any]:
    """Entries of nested mappings and lists by their full keys, written as in overrides."""
    if isinstance(value, Mapping) and (value or not key):
        parts = {f"{key}.{name}" if key else str(name): entry for name, entry in value.items()}
    elif isinstance(value, list | tuple) and value:
        parts = {f"{key}[{place}]": entry for place, entry in enumerate(value)}
    else:
        return {key: [] if isinstance(value, tuple) else value}
    return {name: entry for part, inner in parts.items() for name, entry in _flat(inner, part).items()}


def _show(value: Any) -> str:
    return "nothing" if value is _ABSENT else repr(value)
