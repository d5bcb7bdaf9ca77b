"""Writing files whole or not at all."""

from __future__ import annotations

import mmap
import os
import shutil
import zipfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from neuro_mod.errors import StorageError
from neuro_mod.storage.names import PARTIAL

#: Entries of an array that are written at once.
PIECE = 2**22


def write_whole(path: Path, write: Callable[[IO[bytes]], object]) -> Path:
    """Write a file whole or not at all.

    Args:
        path: The file; an existing one is replaced.
        write: Writes the content to an open binary file.

    Returns:
        The path.

    Raises:
        StorageError: It could not be written.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}{PARTIAL}")
    try:
        with partial.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        return partial.replace(path)
    except OSError as error:
        if error.errno is None:  # raised by `write`, not by the disk
            raise
        free = _free_space(path.parent)
        raise StorageError(f"cannot write {path}: {error.strerror or error} ({free} free)") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def write_arrays(file: IO[bytes], arrays: Iterable[tuple[str, Any]]) -> None:
    """Write what `np.savez` writes, piece by piece: a mapped array is never in memory as a whole."""
    with zipfile.ZipFile(file, "w") as archive:
        for name, value in arrays:
            array = np.asanyarray(value, order="C")
            if array.dtype.hasobject:
                raise TypeError(f"{name} holds Python objects, which are not saved")
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                npy.write_array_header_1_0(member, npy.header_data_from_array_1_0(array))
                flat = array.reshape(-1)
                for start in range(0, len(flat), PIECE):
                    member.write(flat[start : start + PIECE].tobytes())
                    _release(array)


def _release(array: NDArray[Any]) -> None:
    """Return the memory behind a mapped file to the system; it is read again when it is needed."""
    mapping = getattr(array, "_mmap", None)
    if mapping is not None and hasattr(mmap, "MADV_DONTNEED"):
        mapping.madvise(mmap.MADV_DONTNEED)


def _free_space(folder: Path) -> str:
    try:
        return f"{shutil.disk_usage(folder).free / 1e6:,.1f} MB"
    except OSError:
        return "unknown space"
