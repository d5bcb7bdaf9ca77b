"""Folders of compiled kernels: one for each version of their code, and the removal of those no longer used."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from pathlib import Path

#: What the name of a folder begins with; a hash follows.
PREFIX = "kernels-"
#: Seconds after which a folder that no process has used is removed.
MAX_UNUSED = 30 * 24 * 3600
#: The date of a folder, which says when it was last used, is at most this many seconds behind.
_PRECISION = 24 * 3600

_OURS = re.compile(rf"{PREFIX}[0-9a-f]{{16}}")
#: What Numba writes: an index, compiled code, and either of them before it is complete.
_NUMBAS = re.compile(r".+\.nb[ic](\.tmp\.\w+)?")


def open_folder(folder: Path) -> None:
    """Make a folder of kernels, or note that it is used. Where one is made, old ones beside it are removed.

    Raises:
        OSError: It cannot be made.
    """
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        with suppress(OSError):  # others may own it
            if _unused_for(folder) > _PRECISION:
                folder.touch()
    else:
        remove_unused(folder.parent)


def remove_unused(base: Path) -> None:
    """Remove folders of kernels that no process has used for `MAX_UNUSED`, but no files of others within them.

    Another process that needs such a folder after all compiles again.
    """
    with suppress(OSError):
        for folder in base.glob(f"{PREFIX}*"):
            if _OURS.fullmatch(folder.name) and not folder.is_symlink() and _unused_for(folder) > MAX_UNUSED:
                _remove(folder)


def _unused_for(folder: Path) -> float:
    return time.time() - folder.stat().st_mtime


def _remove(folder: Path) -> None:
    with suppress(OSError):  # files of others, or another process removes it, too
        for inner in folder.iterdir():
            for file in () if inner.is_symlink() else inner.iterdir():
                if _NUMBAS.fullmatch(file.name):
                    file.unlink(missing_ok=True)
            inner.rmdir()
        folder.rmdir()
