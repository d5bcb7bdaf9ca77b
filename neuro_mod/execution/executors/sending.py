"""Sending objects between processes: whether they can be pickled, and which part cannot."""

from __future__ import annotations

import functools
import types
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import cloudpickle

from neuro_mod.errors import InputError
from neuro_mod.execution.executors.base import Completion, Task

#: How deep to search for the part that cannot be pickled.
_DEPTH = 8


def pack_task(task: Task) -> bytes:
    """A task as bytes that any worker can `unpack`, also one defined in a script or a notebook."""
    return cloudpickle.dumps(task)


def pack_outcome(completion: Completion) -> bytes:
    """A completion as bytes; a result that cannot be pickled becomes an error that says so."""
    try:
        packed = cloudpickle.dumps(completion)
        if completion.error is not None:
            cloudpickle.loads(packed)  # errors whose constructor differs from that of `Exception` fail here
    except Exception as failure:
        if completion.error is not None:
            error = RuntimeError(f"{type(completion.error).__name__}: {completion.error}")
        else:
            error = InputError(
                f"the result cannot be sent from its worker: {_blame('result', completion.result, failure)}"
            )
        return cloudpickle.dumps(
            replace(completion, result=None, error=error, traceback=completion.traceback or str(error))
        )
    return packed


def unpack(packed: bytes) -> Any:
    """The object that this process, or one of its workers, packed."""
    return cloudpickle.loads(packed)


def check_sendable(task: Task, argument: Any) -> None:
    """Refuse a task or an argument that cannot be sent to a worker.

    Raises:
        InputError: The message names the part that cannot be sent.
    """
    for what, value in (("task", task), ("argument", argument)):
        if (failure := _failure(value)) is not None:
            raise InputError(
                f"the {what} cannot be sent to worker processes: {_blame(_name(value, what), value, failure)}; "
                "keep it out of the object, or choose the executor thread"
            ) from failure


def _failure(value: Any) -> Exception | None:
    try:
        cloudpickle.dumps(value)
    except Exception as failure:
        return failure
    return None


def _blame(path: str, value: Any, failure: Exception) -> str:
    """The innermost part that cannot be pickled."""
    for _ in range(_DEPTH):
        unfit = ((f, *part) for part in _parts(path, value) if (f := _failure(part[1])) is not None)
        if (found := next(unfit, None)) is None:
            break
        failure, path, value = found
    kind = type(value)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return f"{path} is a {name} ({failure})"


def _name(value: Any, default: str) -> str:
    if isinstance(value, functools.partial):
        return _name(value.func, default)
    if isinstance(value, types.MethodType):
        return type(value.__self__).__name__
    return getattr(value, "__name__", default)


def _parts(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The parts of a value, with the names by which users know them."""
    if isinstance(value, functools.partial):
        yield path, value.func
        yield from ((f"argument {k} of {path}", part) for k, part in enumerate(value.args))
        yield from ((f"argument {name} of {path}", part) for name, part in value.keywords.items())
    elif isinstance(value, types.MethodType):
        yield path, value.__self__
    elif isinstance(value, types.FunctionType):
        yield from _variables(value)
    elif isinstance(value, dict):
        yield from ((f"{path}[{key!r}]", part) for key, part in value.items())
    elif isinstance(value, list | tuple | set | frozenset):
        yield from ((f"{path}[{k}]", part) for k, part in enumerate(value))
    else:
        yield from ((f"{path}.{name}", part) for name, part in getattr(value, "__dict__", {}).items())
        slots = (name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ()))
        yield from ((f"{path}.{name}", getattr(value, name)) for name in slots if hasattr(value, name))
        methods = ((name, each) for kind in type(value).__mro__ for name, each in vars(kind).items())
        yield from ((f"{path}.{name}", each) for name, each in methods if isinstance(each, types.FunctionType))


def _variables(function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:  # not assigned yet
            continue
    yield from ((f"default of {function.__name__}", part) for part in function.__defaults__ or ())
    used = function.__code__.co_names
    yield from ((name, function.__globals__[name]) for name in used if name in function.__globals__)
