"""Values on which results depend, as data that are equal for equal values."""

from __future__ import annotations

import copyreg
import hashlib
import inspect
import json
from collections.abc import Callable
from enum import Enum
from functools import cached_property
from types import FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from neuro_mod.config.plain import plain
from neuro_mod.errors import InputError
from neuro_mod.storage.values import DEPTH, NotPlainError, value_arrays

_DIGITS = 16
#: Characters of data that are shown as they are.
_SHOWN = 1000
#: What an array with labels has besides its numbers.
_LABELS = ("index", "columns")


def describe(value: Any, name: str, code: Callable[[FunctionType], Any]) -> Any:
    """A value as data for JSON, equal for equal values; a hash of it where it is long.

    Args:
        value: The value.
        name: What messages call the value.
        code: Describes the code of a function.

    Raises:
        InputError: It has a part of which nobody can tell whether it is the same.
    """
    return _Description(code).of(value, name)


def short_hash(*parts: str | bytes) -> str:
    """A hash of texts and bytes: ``sha256 0123456789abcdef``."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode(errors="backslashreplace") if isinstance(part, str) else part)
        digest.update(b"\0")
    return f"sha256 {digest.hexdigest()[:_DIGITS]}"


def content_of(cell: Any) -> Any:
    """The value of a variable of an enclosing function; None before it has one."""
    try:
        return cell.cell_contents
    except ValueError:
        return None


class _Description:
    """Walks through a value; what it meets again, as in a cycle, it calls by its number.

    Args:
        code: Describes the code of a function.
        met: Number of what was met already, by its id, and the thing itself, so that the id stays its own.
        depth: How deep this is within the whole.
    """

    def __init__(
        self, code: Callable[[FunctionType], Any], met: dict[int, tuple[int, Any]] | None = None, depth: int = 0
    ):
        self._code, self._met, self._depth = code, {} if met is None else met, depth

    def of(self, value: Any, name: str) -> Any:
        """Describe a value, given what to call it."""
        try:
            return _of_plain(value)
        except NotPlainError:
            pass
        if id(value) in self._met:
            return f"number {self._met[id(value)][0]} again"
        if self._depth > DEPTH:
            raise InputError(f"{name} is nested more than {DEPTH} deep; expected data that are less deep")
        self._met[id(value)] = (len(self._met), value)
        self._depth += 1
        parts = self._parts(value, name)
        self._depth -= 1
        text = json.dumps(parts)
        return parts if len(text) <= _SHOWN else short_hash(text)

    def _parts(self, value: Any, name: str) -> Any:
        if type(value) in (list, tuple, dict) or isinstance(value, set | frozenset):
            return self._collection(value, name)
        if isinstance(value, type | ModuleType):
            return _name(value)
        if isinstance(value, Enum):
            return [_name(type(value)), value.name, self.of(value.value, f"{name}.value")]
        if callable(value):
            return self._callable(value, name)
        return self._array(value, name) if hasattr(type(value), "__array__") else self._object(value, name)

    def _collection(self, value: Any, name: str) -> Any:
        if isinstance(value, dict):
            return [[self.of(key, f"a key of {name}"), self.of(value[key], f"{name}[{key!r}]")] for key in value]
        if isinstance(value, list | tuple):
            return [self.of(part, f"{name}[{k}]") for k, part in enumerate(value)]
        # the order differs from process to process: no part may depend on those before
        each = [_Description(self._code, dict(self._met), self._depth).of(part, name) for part in value]
        return [_name(type(value)), sorted(map(json.dumps, each))]

    def _callable(self, value: Any, name: str) -> Any:
        if isinstance(value, MethodType):
            return [self.of(value.__func__, name), self.of(value.__self__, f"{name}.__self__")]
        if isinstance(value, FunctionType):
            return self._function(value, name)
        within = getattr(value, "py_func", None) or inspect.unwrap(value)  # of what is compiled or cached
        return self._function(within, name) if isinstance(within, FunctionType) else self._object(value, name)

    def _function(self, function: FunctionType, name: str) -> Any:
        cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
        variables = {variable: self.of(content_of(cell), f"{variable} of {name}") for variable, cell in cells}
        defaults = self.of([function.__defaults__, function.__kwdefaults__], f"defaults of {name}")
        return [self._code(function), variables, defaults]

    def _array(self, value: Any, name: str) -> Any:
        """An array or a tensor; of one with labels, the labels too."""
        try:
            here = value.detach().cpu() if hasattr(value, "detach") else value
            array = np.asarray(here)
        except Exception as error:
            raise _unknown(value, name) from error
        labels = [getattr(value, label, None) for label in _LABELS]
        parts = [self.of(label, f"labels of {name}") for label in labels if hasattr(type(label), "__array__")]
        numbers = self.of(array.tolist() if array.dtype.hasobject else array, name)
        return [_name(type(value)), str(array.dtype), list(array.shape), numbers, *parts]

    def _object(self, value: Any, name: str) -> Any:
        """An object: what `copy` would make another of."""
        try:
            reduce = copyreg.dispatch_table.get(type(value))
            reduced: Any = reduce(value) if reduce else value.__reduce_ex__(4)
        except Exception as error:
            raise _unknown(value, name) from error
        if isinstance(reduced, str):
            return f"{type(value).__module__}.{reduced}"
        whole: list[Any] = [*reduced, None, None, None][:5]
        maker, arguments, state, items = *whole[:3], whole[3:]
        parts = [_name(type(value)), _name(maker), self.of(arguments, name)]
        for attributes in state if isinstance(state, tuple) else (state,):
            if isinstance(attributes, dict):
                kept = {key: each for key, each in attributes.items() if not _is_cached(value, key)}
                parts.append({str(key): self.of(each, f"{name}.{key}") for key, each in kept.items()})
            else:
                parts.append(self.of(attributes, name))
        return [*parts, *(self.of(list(each), name) for each in items if each is not None)]


def _of_plain(value: Any) -> Any:
    arrays = value_arrays(value)
    try:
        text = json.dumps(plain(value), allow_nan=False)
    except (TypeError, ValueError):
        text = ""
    if text and len(text) <= _SHOWN:
        return json.loads(text)
    return short_hash(*(part for name, array in arrays.items() for part in (f"{name} {array.dtype}", array.tobytes())))


def _is_cached(value: Any, name: Any) -> bool:
    return isinstance(getattr(type(value), str(name), None), cached_property)


def _name(value: Any) -> str:
    if isinstance(value, ModuleType):
        return value.__name__
    return f"{value.__module__}.{getattr(value, '__qualname__', type(value).__qualname__)}"


def _unknown(value: Any, name: str) -> InputError:
    return InputError(
        f"{name} is a {_name(type(value))}: nobody can tell whether it is the same next time; "
        "expected plain data, arrays, functions, or objects that consist of these"
    )
