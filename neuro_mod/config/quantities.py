"""Quantities: numbers with a unit, as in ``20 ms``, where a parameter has a unit of time or frequency."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from neuro_mod.errors import KeyPath

#: By SI unit: powers of ten of the units in which a value may be written.
_POWERS = {"s": {"s": 0, "ms": -3, "us": -6, "µs": -6, "μs": -6}, "Hz": {"Hz": 0, "kHz": 3}}
_NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?"
_QUANTITY = re.compile(rf"\s*({_NUMBER})\s*([^\W\d]+)\s*")


def in_si(value: Any, unit: str) -> Any:
    """The number of a quantity in the SI unit of a parameter: 0.02 for ``20 ms``; any other value as it is.

    Args:
        value: The value as written.
        unit: SI unit of the parameter; may be empty.
    """
    quantity = number_and_unit(value)
    power = _POWERS.get(unit, {}).get(quantity[1]) if quantity else None
    return value if quantity is None or power is None else float(quantity[0].scaleb(power))


def number_and_unit(value: Any) -> tuple[Decimal, str] | None:
    """The number and the unit of a quantity, whatever the unit is; None if a value is not a quantity."""
    match = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    return (Decimal(match[1]), match[4]) if match else None


def all_in_si(data: Any, unit_of: Callable[[KeyPath], str], path: KeyPath = ()) -> Any:
    """Nested plain data with the numbers of all quantities in SI units.

    Args:
        data: Mappings and lists; not modified.
        unit_of: The SI unit of the parameter at a key path; called for what may be a quantity.
        path: Key path of the data.
    """
    if isinstance(data, dict):
        return {key: all_in_si(value, unit_of, (*path, key)) for key, value in data.items()}
    if isinstance(data, list):
        return [all_in_si(value, unit_of, (*path, index)) for index, value in enumerate(data)]
    is_quantity = isinstance(data, str) and _QUANTITY.fullmatch(data)
    return in_si(data, unit_of(path)) if is_quantity else data


def units_of(unit: str) -> tuple[str, ...]:
    """The units in which a parameter may be written, given its SI unit; none if it must be a number."""
    return tuple(_POWERS.get(unit, ()))


def pattern(unit: str) -> str:
    """Regular expression (ECMA 262) of quantities with a given SI unit."""
    return rf"^\s*{_NUMBER}\s*({'|'.join(units_of(unit))})\s*$"
