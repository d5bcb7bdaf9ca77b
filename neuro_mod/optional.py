"""Import of optional libraries."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def optional(module: str, extra: str) -> Any:
    """Import a module that comes with an extra.

    Args:
        module: Its full name.
        extra: The extra of this package.

    Raises:
        ImportError: It is not installed; the message says how to install it. Or something that it needs is not.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        name, *_ = module.split(".")
        if (error.name or "").split(".")[0] != name:
            raise
        raise ImportError(f'this needs {name}, which is not installed: pip install "neuro_mod[{extra}]"') from None
