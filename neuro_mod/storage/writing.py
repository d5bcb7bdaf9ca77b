"""Writing files whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import io
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
_PIECE = 2**22
#: Bytes of a file that are held in memory until they are complete.
_IN_MEMORY = 2**20


class HashedFile(io.RawIOBase):
    """A file to write to that computes size and SHA-256 of its content on the way.

    The beginning stays in memory, where archives may go back and complete it, until it is large or `finish` is called.

    Args:
        file: Takes what is written.
    """

    def __init__(self, file: IO[bytes]):
        self._file, self._digest, self._size = file, hashlib.sha256(), 0
        self._beginning: io.BytesIO | None = io.BytesIO()

    def finish(self) -> tuple[int, str] | None:
        """Write what is still in memory.

        Returns:
            Size and SHA-256 of all that was written; None if it was not written in order.
        """
        if self._beginning is not None:
            (beginning, self._beginning), at = (self._beginning, None), self._beginning.tell()
            with beginning.getbuffer() as content:
                self.write(content)
            self.seek(at)
        return None if self._size < 0 else (self._size, self._digest.hexdigest())

    def write(self, content: Any, /) -> int:
        """Write bytes, all of them."""
        if self._beginning is not None:
            length = self._beginning.write(content)
            if self._beginning.tell() > _IN_MEMORY:
                self.finish()
            return length
        length = memoryview(content).nbytes
        self._file.write(content)
        if self._size >= 0:
            self._digest.update(content)
            self._size += length
        return length

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move to another place; beyond the beginning, the rest is not hashed."""
        if self._beginning is not None:
            return self._beginning.seek(offset, whence)
        before = self._file.tell()
        after = self._file.seek(offset, whence)
        if after != before:
            self._size = -1
        return after

    def tell(self) -> int:
        """The present place."""
        return (self._file if self._beginning is None else self._beginning).tell()

    def writable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True


def write_whole(path: Path, write: Callable[[IO[bytes]], object], *, settled: bool = True, new: bool = False) -> Path:
    """Write a file whole or not at all.

    Args:
        path: The file; an existing one is replaced.
        write: Writes the content to an open binary file.
        settled: Wait until it is on the disk, so that a crash of the machine does not harm it.
        new: Whether an existing file is left alone instead, also one that another process writes meanwhile.

    Returns:
        The path.

    Raises:
        StorageError: It could not be written.
        FileExistsError: With `new`, it exists.
    """
    partial = _partial(path)
    try:
        with partial.open("wb") as file:
            write(file)
            file.flush()
            if settled:
                os.fsync(file.fileno())
        return _named_new(partial, path) if new else partial.replace(path)
    except OSError as error:
        if error.errno is None or (new and isinstance(error, FileExistsError)):  # raised by `write`, not by the disk
            raise
        reason = error.strerror or str(error)
        if error.errno == errno.ENOENT and not path.parent.exists():
            reason = f"folder {path.parent} does not exist"
        elif error.errno == errno.ENOSPC:
            reason += f" ({_free_space(path.parent)} free)"
        raise StorageError(f"cannot write {path}: {reason}") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def _named_new(partial: Path, path: Path) -> Path:
    try:
        path.hardlink_to(partial)  # unlike a change of name, never replaces a file
    except OSError:
        if os.path.lexists(path):
            raise FileExistsError(f"{path} exists") from None
        partial.replace(path)  # where links are not possible
    return path


def link_whole(source: Path, path: Path) -> None:
    """Give a file another name, or copy it where links are not possible; whole or not at all.

    Args:
        source: The file.
        path: The other name; a file that has it is replaced.

    Raises:
        StorageError: It could not be written.
    """
    partial = _partial(path)
    try:
        if source.is_symlink():
            raise OSError("a link to the link would not last")
        partial.hardlink_to(source)
        partial.replace(path)  # leaves both names where they are links to the same file already
    except OSError:
        with source.open("rb") as content:
            write_whole(path, lambda file: shutil.copyfileobj(content, file))
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def _partial(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}{PARTIAL}")


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
                for start in range(0, len(flat), _PIECE):
                    member.write(flat[start : start + _PIECE].tobytes())
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
