"""Reading files without trusting them: no pickle, and no header believed before it agrees with the size of the file."""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from neuro_mod.errors import DataError, MissingFileError

#: Bytes that the compressed arrays of a file may unpack to together.
MAX_UNPACKED = 2**32
#: Bytes of the length of a header, by the version of the format.
_WIDTHS = {(1, 0): 2, (2, 0): 4}


#: Shape and type of each array of a file.
KindsOfArrays = dict[str, tuple[tuple[int, ...], np.dtype[Any]]]


@contextmanager
def naming(file: Path) -> Iterator[None]:
    """Whatever goes wrong while a file is read becomes a `DataError` that names it.

    Raises:
        DataError: Libraries each have their own words for a damaged file; these are passed on. Or it is no file: a
            folder, a link to nothing, or a pipe, which would be waited for.
        MissingFileError: There is none.
    """
    if os.path.lexists(file) and not file.is_file():
        raise DataError(f"{file} is no regular file{', but a link to nothing' if not file.exists() else ''}")
    try:
        yield
    except (DataError, MemoryError, ImportError):
        raise
    except FileNotFoundError:
        raise MissingFileError(f"{file}: no such file") from None
    except Exception as error:
        raise DataError(f"{file} is damaged or not what it should be: {error}") from error


def read_arrays(file: Path, names: Sequence[str] | None = None) -> dict[str, NDArray[Any]]:
    """Read arrays of an ``.npz`` file.

    Args:
        file: The file.
        names: Which arrays; all by default.

    Raises:
        DataError: The file is damaged, lacks an array, or holds Python objects.
    """
    with naming(file), zipfile.ZipFile(file) as archive:
        chosen = _names(archive) if names is None else names
        wanted = {f"{name}.npy" for name in chosen}
        size = sum(info.file_size for info in archive.infolist() if info.filename in wanted)
        if size > max(MAX_UNPACKED, file.stat().st_size):
            raise ValueError(f"it unpacks to {size / 1e9:.1f} GB; save it uncompressed")
        return {name: _read_member(archive, f"{name}.npy") for name in chosen}


def names_of_arrays(file: Path) -> list[str]:
    """Names of the arrays of an ``.npz`` file.

    Raises:
        DataError: It is none.
    """
    with naming(file), zipfile.ZipFile(file) as archive:
        return _names(archive)


def kinds_of_arrays(file: Path) -> KindsOfArrays:
    """Shape and type of each array of an ``.npz`` file, also of those that hold Python objects; none is read.

    Raises:
        DataError: The file is damaged.
    """
    with naming(file), zipfile.ZipFile(file) as archive:
        members = set(archive.namelist())
        return {name: _kind_of_member(archive, f"{name}.npy") for name in _names(archive) if f"{name}.npy" in members}


def map_array(file: Path) -> NDArray[Any]:
    """The array of an ``.npy`` file, which stays on the disk until it is looked at.

    Raises:
        DataError: The file is damaged, or holds Python objects.
    """
    with naming(file):
        with file.open("rb") as stream:
            shape, _, dtype = _read_header(stream)
            _check_size(dtype, shape, file.stat().st_size - stream.tell())
        if 0 in shape:
            return np.zeros(shape, dtype)
        return np.load(file, mmap_mode="r", allow_pickle=False)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} found, which JSON does not have")


def read_json(file: Path) -> Any:
    """The content of a JSON file.

    Raises:
        DataError: It is none.
    """
    with naming(file):
        return json.loads(file.read_text(encoding="utf-8"), parse_constant=_refuse_constant)


def sha256_of(*files: Path) -> str:
    """SHA-256 of the content of a file, or of several one after the other."""
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            hashlib.file_digest(stream, lambda: digest)
    return digest.hexdigest()


def _names(archive: zipfile.ZipFile) -> list[str]:
    return [name.removesuffix(".npy") for name in archive.namelist()]


def _kind_of_member(archive: zipfile.ZipFile, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    with archive.open(name) as member:
        shape, _, dtype = _read_header(member)
    return shape, dtype


def _read_member(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    """One array, once its header has been found to agree with the size of its file."""
    info = archive.getinfo(name)
    with archive.open(name) as member:
        shape, fortran, dtype = _read_header(member)
        _check_size(dtype, shape, info.file_size - member.tell())
        content = member.read()
    return np.frombuffer(content, dtype).reshape(shape, order="F" if fortran else "C")


def _read_header(stream: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    if stream.read(len(npy.MAGIC_PREFIX)) != npy.MAGIC_PREFIX:
        raise ValueError("it is not what numpy.save writes")
    version = tuple(stream.read(2))
    width = _WIDTHS.get(version)
    if width is None:
        raise ValueError(f"arrays of version {version} are not read")
    length = stream.read(width)
    return _parsed_header(version, length + stream.read(int.from_bytes(length, "little")))


@lru_cache(maxsize=64)
def _parsed_header(version: tuple[int, ...], header: bytes) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, order and type; files of the same kind have many headers in common."""
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    return read(io.BytesIO(header))


def _check_size(dtype: np.dtype[Any], shape: tuple[int, ...], n_bytes: int) -> None:
    if dtype.hasobject:
        raise ValueError("it holds Python objects, which are not read")
    if n_bytes != dtype.itemsize * int(np.prod(shape, dtype=object)):
        raise ValueError(f"an array of shape {shape} and type {dtype} does not have {n_bytes} bytes")
