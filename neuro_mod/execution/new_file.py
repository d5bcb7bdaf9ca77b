"""Writes a text that the user named a file for."""

from __future__ import annotations

from pathlib import Path

from neuro_mod.errors import invalid
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
    if path.exists() and not replace:
        raise invalid(place, str(path), "the name of a new file", "--force replaces this one")
    write_whole(path, lambda file: file.write(text.encode()))
