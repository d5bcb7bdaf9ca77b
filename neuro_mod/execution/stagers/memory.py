"""Whether something fits into memory, known before it is tried."""

from __future__ import annotations

import os

from neuro_mod.errors import InputError


def demand_memory(n_bytes: float, what: str, remedy: str) -> None:
    """Refuse what would not fit.

    Args:
        n_bytes: How much is needed.
        what: What needs it, a plural.
        remedy: What to do instead.

    Raises:
        InputError: It is more than the machine has.
    """
    if n_bytes > _physical_memory():
        raise InputError(f"{what} would need {n_bytes / 1e9:.3g} GB of memory; {remedy}")


def _physical_memory() -> float:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return float("inf")
