"""Numeric arrays in MATLAB files of level 5 (versions 5 to 7), read with validation of all sizes.

SciPy's reader crashes the process on unknown numeric types.

References:
    MathWorks, MAT-File Format (R2023b), chapter 1, Level 5 MAT-files.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

_HEADER = 128
#: The last two bytes of the header, and the byte order that they indicate.
_ORDERS = {b"IM": "<", b"MI": ">"}
_INT8, _INT32, _UINT32, _MATRIX, _COMPRESSED = 1, 5, 6, 14, 15
#: Types of the elements that hold numbers.
_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_CLASSES = (
    *("cell", "struct", "object", "char", "sparse", "double", "single", "int8", "uint8", "int16", "uint16", "int32"),
    *("uint32", "int64", "uint64", "function", "opaque"),
)
_COMPLEX, _LOGICAL = 0x800, 0x200
#: Most bytes of the name or the dimensions of an array.
_MAX_NAMED = 4096
#: Bytes of a compressed element that are taken from the file together.
_PIECE = 2**16


class _Bytes:
    """The bytes of an element, one after the other."""

    def __init__(self, read: Callable[[int], bytes], size: int, order: str):
        self.read, self.left, self.order = read, size, order

    def take(self, n: int) -> bytes:
        if n > self.left:
            raise ValueError("an element is larger than its container")
        found = self.read(n)
        if len(found) < n:
            raise ValueError("it is cut short")
        self.left -= n
        return found

    def numbers(self, n: int, dtype: str) -> NDArray[Any]:
        return np.frombuffer(self.take(n), self.order + dtype)

    def tag(self) -> tuple[int, int]:
        """Type and size of an element whose content follows."""
        kind, size = self.numbers(8, "u4").tolist()
        return kind, size

    def element(self, kinds: dict[int, str], most: int) -> NDArray[Any]:
        """The numbers of an element of one of these types, of at most this many bytes."""
        size, kind = divmod(int(self.numbers(4, "u4")[0]), 2**16)
        unit = 4 if size else 8  # a small element has its size and type in 4 bytes, and its content in the next 4
        most = min(most, 4) if size else most
        size = size or int(self.numbers(4, "u4")[0])
        if kind not in kinds or size > most:
            raise ValueError(f"an invalid element of type {kind} and {size} bytes")
        found = self.numbers(size, kinds[kind])
        self.take(min(-size % unit, self.left))
        return found


class _Array(NamedTuple):
    """An array of a file; its numbers are the remaining bytes."""

    name: str
    shape: tuple[int, ...]
    kind: str
    content: _Bytes


def list_arrays(file: Path) -> list[tuple[str, tuple[int, ...], str]]:
    """Name, shape and class of each array; the class of complex numbers is called ``complex``.

    Raises:
        ValueError: The file is damaged.
    """
    with file.open("rb") as stream:
        return [array[:3] for array in _arrays(stream)]


def load_arrays(file: Path, names: list[str]) -> dict[str, NDArray[Any]]:
    """Read arrays of real numbers, in the types in which they are stored.

    Raises:
        ValueError: The file is damaged.
    """
    with file.open("rb") as stream:
        return {array.name: _numbers(array) for array in _arrays(stream) if array.name in names}


def load_cell(file: Path, name: str, most: int) -> list[tuple[str, NDArray[Any]]]:
    """Read a cell array: the class of each cell, and its numbers if they are real.

    Args:
        file: The file.
        name: Name of the cell array.
        most: Bytes that its cells may take together.

    Raises:
        ValueError: The file is damaged, or the cells are larger.
    """
    with file.open("rb") as stream:
        cells = next(array for array in _arrays(stream) if array.name == name)
        found, size = [], 0
        for _ in range(math.prod(cells.shape)):
            kind, numbers = _cell(cells.content)
            size += 8 * numbers.size
            if size > most:
                raise ValueError(f"cells of more than {most} bytes")
            found.append((kind, numbers))
        cells.content.read(1)
        return found


def _cell(content: _Bytes) -> tuple[str, NDArray[Any]]:
    """Class and numbers of the next cell."""
    kind, size = content.tag()
    if kind != _MATRIX:
        raise ValueError(f"an element of type {kind} in a cell")
    if not size:
        return "double", np.zeros((0, 0))
    inner = _Bytes(content.take, size, content.order)
    array = _opened(inner)
    real = array.kind not in ("cell", "struct", "object", "char", "sparse", "function", "opaque", "complex", "logical")
    n = math.prod(array.shape)
    numbers = inner.element(_TYPES, 8 * n).reshape(array.shape, order="F") if real and n else np.zeros((0, 0))
    inner.take(inner.left)
    return array.kind, numbers


def _arrays(stream: BinaryIO) -> Iterator[_Array]:
    """The arrays of a file; the numbers of each are to be read before the next."""
    order = _ORDERS.get(stream.read(_HEADER)[126:])
    if order is None:
        raise ValueError("it has no MATLAB header")
    end = stream.seek(0, 2)
    start, seen = _HEADER, set[str]()
    while start < end:
        stream.seek(start)
        whole = _Bytes(stream.read, end - start, order)
        kind, size = whole.tag()
        if size > whole.left:
            raise ValueError("it is cut short")
        if kind == _COMPRESSED:
            whole = _Bytes(_unpacked(stream, size), 8, order)
            kind, unpacked = whole.tag()
        else:
            unpacked = size
        if kind != _MATRIX:
            raise ValueError(f"an element of type {kind} where there are only arrays")
        array = _opened(_Bytes(whole.read, unpacked, order))
        if array.name and array.name in seen:
            raise ValueError(f"duplicate variable {array.name}")
        seen.add(array.name)
        yield array
        start += 8 + size


def _unpacked(stream: BinaryIO, left: int) -> Callable[[int], bytes]:
    """A function that unpacks the next bytes of a stream, no more than requested."""
    unpacker = zlib.decompressobj()

    def read(n: int) -> bytes:
        nonlocal left
        found = bytearray()
        while len(found) < n and not unpacker.eof:
            packed = unpacker.unconsumed_tail
            if not packed:
                packed = stream.read(min(left, _PIECE))
                left -= len(packed)
            piece = unpacker.decompress(packed, n - len(found))
            if not piece and not packed:
                break
            found += piece
        return bytes(found)

    return read


def _opened(content: _Bytes) -> _Array:
    flags = content.element({_UINT32: "u4"}, 8)
    kind = int(flags[0]) & 0xFF if len(flags) == 2 else 0
    if not 0 < kind <= len(_CLASSES):
        raise ValueError("an array without a class")
    if _CLASSES[kind - 1] == "opaque":  # the content is not documented
        return _Array("", (), "opaque", content)
    shape = content.element({_INT32: "i4"}, _MAX_NAMED).tolist()
    if len(shape) < 2 or min(shape) < 0:
        raise ValueError(f"an array of shape {tuple(shape)}")
    name = content.element({_INT8: "u1"}, _MAX_NAMED).tobytes().decode("latin1")
    shown = "complex" if flags[0] & _COMPLEX else "logical" if flags[0] & _LOGICAL else _CLASSES[kind - 1]
    return _Array(name, tuple(shape), shown, content)


def _numbers(array: _Array) -> NDArray[Any]:
    n = math.prod(array.shape)
    if not n:
        return np.zeros(array.shape)
    numbers = array.content.element(_TYPES, 8 * n)
    array.content.read(1)  # of compressed numbers, the checksum at their end is verified
    return numbers.reshape(array.shape, order="F")
