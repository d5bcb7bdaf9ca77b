"""One writer at a time in a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from neuro_mod.errors import StorageError

try:
    import fcntl
except ImportError:  # not on Windows, where two writers are not told apart
    fcntl = None

_LOCK = ".lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes that ask likewise out of a folder; the lock ends with its process, however that ends.

    Args:
        folder: The folder; made if it does not exist.

    Raises:
        StorageError: Another process is in it, or it cannot be written to.
    """
    path = folder / _LOCK
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        reason = "it is a file" if folder.is_file() else error.strerror
        raise StorageError(f"cannot write to the folder {folder}: {reason}") from error
    try:
        if not _is_ours(handle, path):
            raise StorageError(f"another process is writing to {folder}; wait for it, or choose another folder")
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
    finally:
        os.close(handle)


def _is_ours(handle: int, path: Path) -> bool:
    """Whether this process got the lock, and nobody has removed its file in the meantime."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(handle), path.stat())
    except (BlockingIOError, FileNotFoundError):
        return False
