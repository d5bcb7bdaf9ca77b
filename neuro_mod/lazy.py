"""Public names of a package that are loaded on first use."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any


def lazy_names(package: str, public: Mapping[str, Sequence[str]]) -> tuple[list[str], Callable[[str], Any]]:
    """Names of a package, and what loads them.

    Args:
        package: Its name, for messages.
        public: The names by the module that defines them.

    Returns:
        The names, and a function to be ``__getattr__`` of the package.
    """
    homes = {name: module for module, names in public.items() for name in names}

    def load(name: str) -> Any:
        if name in homes:
            return getattr(import_module(homes[name]), name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return list(homes), load
