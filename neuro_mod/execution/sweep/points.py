"""What a point of a sweep is known by, and the seed of each run there."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from neuro_mod.config.plain import canonical_text
from neuro_mod.core.random import Stream
from neuro_mod.errors import InputError, show


def point_key(values: Mapping[str, Any]) -> str:
    """The text that stands for a point of a sweep, the same for equal values whatever their order.

    Args:
        values: What the point sets, by key: ``{"external_currents.nu_ext_baseline[0]": 7.5}``. A whole number and the
            equal real number are alike, and so are NumPy's and Python's.

    Returns:
        One line: ``arousal.level=0.25 external_currents.nu_ext_baseline[0]=7.5``.

    Raises:
        InputError: A value is not finite, or is no plain data.
    """
    return " ".join(f"{key}={_text(key, value)}" for key, value in sorted(values.items()))


def point_seed(root_seed: int, key: str, repeat: int) -> int:
    """Seed of one run of a sweep, which no other point or repeat changes.

    Args:
        root_seed: Seed of the sweep.
        key: That of the point, see `point_key`.
        repeat: Counted from 0.
    """
    return Stream(root_seed, f"sweep {key}", (repeat,)).derived_seed


def point_name(key: str) -> str:
    """A name for the files of a point that stays the same when there are more points.

    Args:
        key: That of the point, see `point_key`.
    """
    return hashlib.blake2b(key.encode(errors="backslashreplace"), digest_size=8).hexdigest()


def repeat_of(item_key: str) -> int:
    """The repeat, counted from 0, in the key of an item of a sweep: a point and ``repeat 3``."""
    return int(item_key.rsplit(" ", 1)[1])


def _text(key: str, value: Any) -> str:
    try:
        return canonical_text(value)
    except ValueError:
        raise InputError(f"{key}: {show(value)} cannot be a value of a sweep; expected plain finite values") from None
