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
        ImportError: It is not installed; the message says how to install it.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        name = module.split(".", maxsplit=1)[0]
        raise ImportError(f'this needs {name}, which is not installed: pip install "neuro_mod[{extra}]"') from error
