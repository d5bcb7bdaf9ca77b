"""Plain values as arrays, and back exactly: numbers, text, lists, dictionaries and NumPy arrays, without pickle."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from neuro_mod.storage.reading import naming, read_arrays

_Arrays = dict[str, NDArray[Any]]

#: How deep values may be nested.
DEPTH = 50
#: The array that tells how a value is built from the others: JSON as bytes. What JSON does not have stands there as a
#: list of a tag and its content: ``["tuple", [1, 2]]``; lists themselves are tagged.
_STRUCTURE = "structure"
#: Whole numbers that stand in JSON as they are; Python refuses to read longer ones.
_MAX = 2**63


class NotPlainError(TypeError):
    """A value has a part that is not plain; the message names the part and says what is plain."""


def value_arrays(value: Any, name: str = "result") -> dict[str, NDArray[Any]]:
    """A value as arrays for an ``.npz`` file; `value_of` is the way back.

    Args:
        value: None, bool, int, float, complex, str, bytes, NumPy scalars and arrays without objects, and lists, tuples
            and dictionaries of these.
        name: What messages call the value.

    Raises:
        NotPlainError: There is something else in it.
    """
    arrays: _Arrays = {}
    structure = _node(value, name, arrays, 0)
    text = json.dumps(structure, separators=(",", ":"))
    return {_STRUCTURE: np.frombuffer(text.encode(), np.uint8)} | arrays


def value_of(arrays: Mapping[str, NDArray[Any]]) -> Any:
    """The value that `value_arrays` took apart.

    Raises:
        Exception: The arrays are something else.
    """
    return _value(json.loads(arrays[_STRUCTURE].tobytes()), arrays)


def read_value(file: Path) -> Any:
    """The value in an ``.npz`` file.

    Raises:
        DataError: The file is damaged, or holds something else.
    """
    with naming(file):
        return value_of(read_arrays(file))


def _node(value: Any, name: str, arrays: _Arrays, depth: int) -> Any:
    """A value as JSON has it, given what to call it; arrays are put aside."""
    if depth > DEPTH:
        raise NotPlainError(f"{name} is nested more than {DEPTH} deep, or within itself")
    kind = type(value)
    if value is None or kind in (bool, str):
        return value
    if kind in (int, float, complex):
        return _number(value)
    if kind in (list, tuple):
        return [kind.__name__, [_node(part, f"{name}[{k}]", arrays, depth + 1) for k, part in enumerate(value)]]
    if kind is dict:
        return ["dict", list(_entries(value, name, arrays, depth + 1))]
    if kind is bytes:
        return ["bytes", _put(np.frombuffer(value, np.uint8), arrays)]
    return _numpy(value, name, arrays)


def _number(value: complex) -> Any:
    if isinstance(value, int):
        return value if abs(value) < _MAX else ["int", hex(value)]
    if isinstance(value, float):
        return value if math.isfinite(value) else ["float", repr(value)]
    return ["complex", [_number(value.real), _number(value.imag)]]


def _numpy(value: Any, name: str, arrays: _Arrays) -> list[Any]:
    if type(value) is np.ndarray and _fits(value.dtype):
        return ["array", _put(value, arrays)]
    if isinstance(value, np.generic) and (value.dtype.itemsize == 0 or _fits(value.dtype)):
        whole = [value.dtype.str, value.tobytes().hex()]
        return ["scalar", whole if value.dtype.names is None else _put(value, arrays)]
    raise _not_plain(value, name)


def _entries(value: dict[Any, Any], name: str, arrays: _Arrays, depth: int) -> Iterator[list[Any]]:
    for key, part in value.items():
        yield [
            _node(key, f"the key {key!r} of {name}", arrays, depth),
            _node(part, f"{name}[{key!r}]", arrays, depth),
        ]


def _put(array: Any, arrays: _Arrays) -> str:
    name = f"array_{len(arrays)}"
    arrays[name] = np.asarray(array)
    return name


def _fits(dtype: np.dtype[Any]) -> bool:
    """Whether an ``.npy`` file can hold arrays of a type, and they come back as they were."""
    if dtype.hasobject or dtype.metadata:
        return False
    header = io.BytesIO()
    try:
        npy.write_array_header_1_0(header, npy.header_data_from_array_1_0(np.empty(0, dtype)))
        header.seek(len(npy.MAGIC_PREFIX) + 2)
        return npy.read_array_header_1_0(header)[2] == dtype
    except ValueError:  # field names in other scripts, or too many of them
        return False


def _not_plain(value: Any, name: str) -> NotPlainError:
    kind = type(value)
    if isinstance(value, np.ndarray | np.generic):
        what = f"a NumPy {kind.__name__} of type {value.dtype}"
    else:
        what = f"a {kind.__qualname__ if kind.__module__ == 'builtins' else f'{kind.__module__}.{kind.__qualname__}'}"
    return NotPlainError(f"{name} is {what}; return numbers, strings, lists, dicts or NumPy arrays")


def _value(node: Any, arrays: Mapping[str, NDArray[Any]]) -> Any:
    if isinstance(node, list):
        tag, content = node
        return _TAGS[tag](content, arrays)
    if isinstance(node, dict):
        raise ValueError("it holds no value that was saved here")
    return node


def _parts(content: Any, arrays: Mapping[str, NDArray[Any]]) -> list[Any]:
    return [_value(part, arrays) for part in content]


def _scalar(content: Any, arrays: Mapping[str, NDArray[Any]]) -> Any:
    if isinstance(content, str):
        return arrays[content].copy()[()]
    dtype, digits = np.dtype(content[0]), bytes.fromhex(content[1])
    if dtype.hasobject or len(digits) < dtype.itemsize:
        raise ValueError(f"{content} is no number")
    return np.ndarray((), dtype, digits)[()]  # an empty text has a byte or more


_TAGS: dict[str, Callable[[Any, Mapping[str, NDArray[Any]]], Any]] = {
    "int": lambda digits, _: int(digits, 16),
    "float": lambda text, _: float(text),
    "complex": lambda parts, arrays: complex(*_parts(parts, arrays)),
    "list": _parts,
    "tuple": lambda parts, arrays: tuple(_parts(parts, arrays)),
    "dict": lambda entries, arrays: {_value(key, arrays): _value(part, arrays) for key, part in entries},
    "bytes": lambda name, arrays: arrays[name].tobytes(),
    "array": lambda name, arrays: arrays[name].copy(),  # one that can be written to
    "scalar": _scalar,
}
