"""Events as options name them."""

from __future__ import annotations

from typing import Any


def given_events(text: str) -> Any:
    """Events for `Analyzer.epochs` from an option: times, or what names them (a stimulus or a file).

    Raises:
        InputError: It is empty.
    """
    from neuro_mod.errors import invalid

    if not text.strip():
        raise invalid("--events", text, "stimulus, times in seconds such as 0.5,1.0, or a CSV file")
    parts = text.split(",")
    try:
        return [float(part) for part in parts]
    except ValueError:
        return text
