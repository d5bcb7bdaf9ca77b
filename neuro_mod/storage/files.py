"""Files of a folder of results, each written whole."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import IO, Any, cast

import numpy as np

from neuro_mod.errors import StorageError
from neuro_mod.storage.names import CONFIGS, DATA, IN_ROOT, METADATA, PLOTS, UNFINISHED, WORKER_LOGS
from neuro_mod.storage.reading import sha256_of
from neuro_mod.storage.writing import HashedFile, write_arrays, write_whole

#: Subfolders of every folder of results.
FOLDERS = (DATA, PLOTS, METADATA)

#: Size and SHA-256 of a file, as manifests have them.
Record = dict[str, Any]


class Files:
    """Writes files into a folder, and enters their names into its list of unfinished files.

    Args:
        path: The folder.
        settled: As for `write_whole`, for all files.
    """

    def __init__(self, path: Path, *, settled: bool = True):
        self.path, self._settled = path, settled
        #: Of the files written so far, by their path within the folder.
        self.records: dict[str, Record] = {}

    def save(self, name: str, write: Callable[[IO[bytes]], object]) -> Path:
        """Write one file.

        Args:
            name: Path within the folder.
            write: Writes the content to an open binary file.

        Returns:
            The path of the file.

        Raises:
            StorageError: The file cannot be written, for example on a full disk; no partial file has the final name.
        """
        enter(self.path, name)
        known: tuple[int, str] | None = None

        def write_hashed(file: IO[bytes]) -> None:
            nonlocal known
            hashed = HashedFile(file)
            write(cast("IO[bytes]", hashed))
            known = hashed.finish()

        path = write_whole(self.path / name, write_hashed, settled=self._settled)
        self.records[name] = {"bytes": known[0], "sha256": known[1]} if known else record_of(path)
        return path

    def save_text(self, name: str, text: str) -> Path:
        """Write a text file as `save` does."""
        return self.save(name, lambda file: file.write(text.encode(errors="backslashreplace")))

    def save_json(self, name: str, content: Any) -> Path:
        """Write a JSON file as `save` does.

        Raises:
            ValueError: A number is not finite, which JSON does not have.
        """
        return self.save_text(name, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")

    def save_table(self, name: str, rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = ()) -> Path:
        """Write rows with the same keys to a CSV file as `save` does; `columns` are the header of an empty table."""
        text = io.StringIO()
        writer = csv.DictWriter(text, rows[0].keys() if rows else columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return self.save_text(name, text.getvalue())

    def save_arrays(self, name: str, in_turn: Iterable[tuple[str, Any]] = (), /, **arrays: Any) -> Path:
        """Write arrays to an ``.npz`` file as `save` does; those of `in_turn` need not be in memory together."""
        return self.save(name, lambda file: write_arrays(file, chain(in_turn, arrays.items())))

    def save_array(self, name: str, array: Any) -> Path:
        """Write one array to an ``.npy`` file as `save` does."""
        return self.save(name, lambda file: np.save(file, array, allow_pickle=False))


def enter(path: Path, name: str) -> None:
    """Enter the name of a file that is about to be written into the list, and make the folder of the file.

    Raises:
        StorageError: The folder cannot be written to.
    """
    try:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        with (path / UNFINISHED).open("a", encoding="utf-8") as unfinished:
            unfinished.write(f"{name}\n")
    except OSError as error:
        raise StorageError(f"cannot write {path / name}: {error.strerror}: {error.filename}") from error


def record_of(path: Path) -> Record:
    """Size and SHA-256 of a file."""
    return {"bytes": path.stat().st_size, "sha256": sha256_of(path)}


def is_record(value: object) -> bool:
    """Whether something that was read from a file is a size and a SHA-256."""
    return isinstance(value, dict) and type(value.get("bytes")) is int and isinstance(value.get("sha256"), str)


def fault_of(path: Path, record: Record, *, content: bool = True) -> str:
    """What is wrong with a file, given what it was when it was written; empty if nothing is.

    Args:
        path: The file.
        record: What `record_of` returned.
        content: Whether to read it, too; otherwise only its size is compared.
    """
    with suppress(OSError):
        size = path.stat().st_size
        if size != record["bytes"]:
            return f"has {size} bytes; expected {record['bytes']}"
        return "has changed since it was written" if content and record_of(path) != record else ""
    return "is missing"


def is_ours(name: Path) -> bool:
    """Whether a name that was read from a file is that of a plain file in one of our folders."""
    folders = [Path(folder) for folder in (*FOLDERS, CONFIGS, WORKER_LOGS)]
    return name.name != ".." and (name.parent in folders or str(name) in IN_ROOT)
