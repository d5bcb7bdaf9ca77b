"""On which code of the user results depend: what a method runs, as far as it can be followed by name."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from contextlib import suppress
from types import CodeType, FunctionType, SimpleNamespace
from typing import Any

from neuro_mod.execution.sweep.described import content_of, describe, short_hash

_PACKAGE = "neuro_mod."
#: Data outside of objects that count.
_CONSTANTS = (bool, int, float, str, type(None))


def versions_of(owner: object, method: str) -> dict[str, Any]:
    """Versions of a method and of all that it uses of its object and of the module in which it is written.

    That is: methods, attributes that are data, and functions and constants beside the class; likewise for what these
    functions use. Code of other modules is not looked at.

    Args:
        owner: The object.
        method: Name of the method.

    Returns:
        Plain data by name: ``{"code of MySweep._step": "sha256 ...", "MySweep.threshold": 3}``.
    """
    found: dict[str, Any] = {}
    _attribute(owner, method, found)
    return found


def described(value: Any, name: str) -> Any:
    """A value as data for JSON, equal for equal values; a hash of it where it is long.

    Args:
        value: Plain data, arrays and tensors, functions, and objects that consist of these.
        name: What messages call the value.

    Raises:
        InputError: It has a part of which nobody can tell whether it is the same.
    """
    return describe(value, name, _code_alone)


def _code_alone(function: FunctionType) -> dict[str, Any]:
    """Versions of a function that belongs to no object."""
    found: dict[str, Any] = {}
    _function(SimpleNamespace(), function, found)
    return found


def _attribute(owner: object, name: str, found: dict[str, Any]) -> None:
    """Follow what an object calls by a name, where that is the user's."""
    kind = type(owner)
    if name in vars(owner):
        found[f"{kind.__name__}.{name}"] = described(vars(owner)[name], f"{kind.__name__}.{name}")
        return
    for each in kind.__mro__:
        if name in vars(each) and each is not object and not each.__module__.startswith(_PACKAGE):
            value = vars(each)[name]
            value = getattr(value, "fget", None) or getattr(value, "func", None) or value  # properties
            value = inspect.unwrap(getattr(value, "__func__", value))  # static and class methods
            if isinstance(value, FunctionType):
                _function(owner, value, found)
            else:
                label = f"{each.__name__}.{name}"
                found[label] = described(value, label)


def _function(owner: object, function: FunctionType, found: dict[str, Any]) -> None:
    label = f"code of {function.__qualname__.rpartition('<locals>.')[2]}"
    if label in found:
        return
    found[label] = _version(function)
    for name in sorted({name for code in _codes(function.__code__) for name in code.co_names}):
        if not name.startswith("__"):
            _attribute(owner, name, found)
            _neighbour(owner, name, function.__globals__.get(name), function, found)
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        if name != "__class__":
            _neighbour(owner, name, content_of(cell), function, found)


def _neighbour(owner: object, name: str, value: Any, function: FunctionType, found: dict[str, Any]) -> None:
    """Follow a variable beside a function, if it is a function of the same module or a constant."""
    unwrapped = inspect.unwrap(value) if isinstance(value, FunctionType) else None
    if isinstance(unwrapped, FunctionType) and unwrapped.__globals__ is function.__globals__:
        _function(owner, unwrapped, found)
    elif isinstance(value, _CONSTANTS) and value is not None:
        found[name] = described(value, name)


def _version(function: FunctionType) -> str:
    """A hash of the source without comments, or of the compiled code where there is no source: what is typed in."""
    if function.__name__ == "<lambda>":  # its source is that of the whole statement
        return short_hash(*(_compiled(code) for code in _codes(function.__code__)))
    try:
        source = textwrap.dedent(inspect.getsource(function)).strip()
    except (OSError, TypeError):
        return short_hash(*(_compiled(code) for code in _codes(function.__code__)))
    with suppress(SyntaxError):
        source = ast.unparse(ast.parse(source))
    return short_hash(source)


def _compiled(code: CodeType) -> str:
    """What code does, without where it stands."""
    constants = [_constant(each) for each in code.co_consts if not isinstance(each, CodeType)]
    return repr((code.co_code, code.co_names, code.co_varnames, code.co_freevars, constants))


def _constant(value: Any) -> str:
    return repr(sorted(map(repr, value))) if isinstance(value, frozenset) else repr(value)


def _codes(code: CodeType) -> Iterator[CodeType]:
    """The code of a function, and of those within it."""
    yield code
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _codes(each)
