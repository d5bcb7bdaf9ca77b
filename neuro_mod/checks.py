"""Checks of arguments; the messages say what is valid."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np

from neuro_mod.errors import invalid


def check_choice(name: str, value: object, choices: object) -> None:
    """Refuse a value that is not one of the named alternatives.

    Args:
        name: The argument, for the message.
        value: Its value.
        choices: One of the types of `neuro_mod.choices`.

    Raises:
        InputError: The message lists the alternatives.
    """
    if value not in get_args(choices):
        raise invalid(name, value, f"one of {', '.join(get_args(choices))}")


def check_positive(name: str, value: float) -> None:
    """Refuse a number that is not above 0.

    Raises:
        InputError: It is 0, negative or NaN.
    """
    if not value > 0:
        raise invalid(name, float(value), "above 0")


def whole_number(name: str, value: Any, minimum: int, maximum: int | None = None, hint: str = "") -> int:
    """An argument as a whole number within bounds.

    Args:
        name: The argument, for the message.
        value: Its value.
        minimum: Smallest valid value.
        maximum: Largest valid value; None for no limit.
        hint: Added to the message.

    Raises:
        InputError: It is not a whole number, or out of bounds.
    """
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if whole and minimum <= value and (maximum is None or value <= maximum):
        return int(value)
    bounds = f"of at least {minimum}" if maximum is None else f"from {minimum} to {maximum}"
    raise invalid(name, int(value) if whole else value, f"a whole number {bounds}", hint)
