"""One writer at a time in a folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from neuro_mod.errors import FolderInUseError, StorageError

_LOCK = ".lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes that call this out of a folder; the lock ends with its process, however that ends.

    Args:
        folder: The folder; made if it does not exist.

    Raises:
        FolderInUseError: Another process holds it.
        StorageError: It cannot be written to.
    """
    from filelock import FileLock, Timeout  # noqa: PLC0415 -- costs 50 ms, and most commands lock nothing

    path = folder / _LOCK
    lock = FileLock(path, timeout=0)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        message = f"another process is writing to {folder}; wait for it, or choose another folder"
        raise FolderInUseError(message) from None
    except OSError as error:
        reason = "it is a file" if isinstance(error, FileExistsError) else error.strerror
        raise StorageError(f"cannot write to the folder {folder}: {reason}") from error
    try:
        yield
    finally:
        with suppress(OSError):  # not possible on Windows, where release removes the file
            path.unlink()  # before release, so that a process that has opened it sees that it is unlinked, and fails
        lock.release()
