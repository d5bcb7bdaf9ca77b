"""Arguments that have to be whole numbers."""

from __future__ import annotations

import numpy as np


def check_whole(name: str, value: object, least: int) -> None:
    """Refuse what is no whole number, or too small.

    Args:
        name: The argument, for the message.
        value: What it is.
        least: The least that is valid.

    Raises:
        ValueError: The message says what is valid.
    """
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < least:
        raise ValueError(f"{name} is {value!r}; valid: a whole number, {least} or more")
