"""From a configuration to results on disk."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neuro_mod.execution.repeats.repeater import Repeater

__all__ = ["Repeater"]


def __getattr__(name: str) -> Any:
    """Load what is asked for: a part of this package needs not all of it."""
    if name in __all__:
        return getattr(import_module("neuro_mod.execution.repeats.repeater"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
