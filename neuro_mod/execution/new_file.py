"""Writes texts that the user named a file or folder for."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from neuro_mod.errors import StorageError, invalid
from neuro_mod.storage.writing import write_whole


def write_new(path: Path, text: str, *, replace: bool, place: str = "--out") -> None:
    """Write a text whole or not at all.

    Args:
        path: The file.
        text: Its content.
        replace: Whether an existing file is replaced.
        place: The argument that named the file, for the message.

    Raises:
        InputError: The file exists.
        StorageError: It could not be written.
    """
    try:
        write_whole(path, lambda file: file.write(text.encode()), new=not replace)
    except FileExistsError:
        raise invalid(place, str(path), "the name of a new file", "--force replaces this one") from None


def write_all_new(folder: Path, texts: Mapping[str, str], place: str) -> None:
    """Write several files into a folder, all or none of them.

    Args:
        folder: The folder; made if it does not exist.
        texts: Content by name.
        place: The argument that named the folder, for the message.

    Raises:
        InputError: The folder has one of the files, or another process is writing them.
        StorageError: They could not be written.
    """
    missing = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = "it is a file" if isinstance(error, FileExistsError) else error.strerror
        raise StorageError(f"cannot write to the folder {folder}: {reason}") from error
    written: list[Path] = []
    try:
        if there := _there(folder, texts):
            raise _has(folder, there, texts, place)
        for name, text in texts.items():
            try:
                write_whole(folder / name, lambda file, text=text: file.write(text.encode()), new=True)
            except FileExistsError:
                raise _has(folder, [name], texts, place) from None
            written.append(folder / name)
    except BaseException:
        with suppress(OSError):
            for path in written:
                path.unlink()
            if missing:
                folder.rmdir()
        raise


def _there(folder: Path, names: Iterable[str]) -> list[str]:
    return [name for name in names if os.path.lexists(folder / name)]


def _has(folder: Path, there: list[str], texts: Mapping[str, str], place: str) -> Exception:
    expected = f"a folder without {', '.join(texts)}"
    return invalid(place, str(folder), expected, f"it has {', '.join(there)}, which is not replaced")
