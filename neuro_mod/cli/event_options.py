"""Events as options name them."""

from __future__ import annotations

from typing import Any


def given_events(text: str) -> Any:
    """Events for `Analyzer.epochs` from an option: times, or what names them (a stimulus or a file)."""
    parts = text.split(",")
    try:
        return [float(part) for part in parts]
    except ValueError:
        return text
