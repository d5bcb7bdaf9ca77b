"""The ledger of finished items: a line each, with hashes by which what a crash of the machine cut short is found."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neuro_mod.errors import StorageError
from neuro_mod.storage.files import Record, is_record
from neuro_mod.storage.writing import write_whole

_CHECK_DIGITS = 16


@dataclass(frozen=True)
class Entry:
    """A finished item.

    Args:
        key: Of the item.
        files: Size and SHA-256 of its files, by name.
        about: Other plain data about it.
    """

    key: str
    files: Mapping[str, Record]
    about: Mapping[str, Any]


class Ledger:
    """A file with a line for each finished item, appended once its files are complete.

    Args:
        path: The file; it need not exist.
    """

    def __init__(self, path: Path):
        self.path = path

    def append(self, entry: Entry) -> None:
        """Append an item.

        Raises:
            StorageError: The disk is full, say; a partial line is removed.
        """
        line = _line(entry)
        try:
            with self.path.open("ab", buffering=0) as file:
                before = file.tell()
                try:
                    if file.write(line) < len(line):
                        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                except BaseException:
                    file.truncate(before)
                    raise
        except OSError as error:
            raise StorageError(f"cannot write {self.path}: {error.strerror or error}") from error

    def __iter__(self) -> Iterator[Entry]:
        """All undamaged entries, in the order in which they were made."""
        for entry in self.lines():
            if entry is not None:
                yield entry

    def lines(self) -> Iterator[Entry | None]:
        """The same, with None for each line that is damaged or cut short."""
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            return
        with file:
            for line in file:
                yield _entry(line)

    def rewrite(self, entries: Iterable[Entry]) -> None:
        """Replace all entries.

        Raises:
            StorageError: The disk is full, say.
        """
        write_whole(self.path, lambda file: file.writelines(map(_line, entries)))


def _line(entry: Entry) -> bytes:
    content = {"item": entry.key, "files": dict(entry.files), "about": dict(entry.about)}
    text = json.dumps(content, ensure_ascii=False, allow_nan=False).encode()
    return _check(text) + b" " + text + b"\n"


def _entry(line: bytes) -> Entry | None:
    check, _, text = line.rstrip(b"\n").partition(b" ")
    if not line.endswith(b"\n") or check != _check(text):
        return None
    try:
        content = json.loads(text)
        entry = Entry(content["item"], content["files"], content["about"])
        return entry if _is_sound(entry) else None
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _is_sound(entry: Entry) -> bool:
    """Whether everything in an entry is of its kind."""
    kinds = isinstance(entry.key, str) and isinstance(entry.files, dict) and isinstance(entry.about, dict)
    return kinds and all(map(is_record, entry.files.values()))


def _check(text: bytes) -> bytes:
    return hashlib.sha256(text).hexdigest()[:_CHECK_DIGITS].encode()
