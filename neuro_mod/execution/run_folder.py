"""The folder of a run: which files it has, and how they get there whole or not at all."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from neuro_mod.core.spiking_net.spikes import SpikeEvents
from neuro_mod.storage.names import DATA, MANIFEST, METADATA, PLOTS, REPEATED_CLUSTERS
from neuro_mod.storage.writing import PARTIAL, PIECE, StorageError, write_arrays, write_whole

#: Files written so far, one a line; it is there only until the manifest is.
_JOURNAL = f"{METADATA}/.unfinished"


class RunFolder:
    """The folder of one run, with subfolders for data, plots and metadata.

    Files of an earlier run in the same folder are removed when the first new one is written, so that one folder never
    shows two runs. The manifest, with sizes and SHA-256 of all files, is written last.

    Args:
        path: The folder; made if it does not exist.

    Raises:
        StorageError: It cannot be written to.
    """

    def __init__(self, path: str | os.PathLike[str]):
        self.path = Path(path)
        self._hashes: dict[str, dict[str, Any]] = {}
        try:
            for name in (DATA, PLOTS, METADATA):
                (self.path / name).mkdir(parents=True, exist_ok=True)
                probe = self.path / name / f".writable{PARTIAL}"
                probe.write_bytes(b"")
                probe.unlink()
        except OSError as error:
            raise StorageError(f"cannot write to the output folder {self.path}: {error.strerror}") from error

    def save(self, name: str, write: Callable[[IO[bytes]], None]) -> Path:
        """Write one file.

        Args:
            name: Path within the folder.
            write: Writes the content to an open binary file.

        Returns:
            The path of the file.

        Raises:
            StorageError: The disk is full, say; there is no partial file under the final name.
        """
        path = self.path / name
        try:
            if not self._hashes:
                self._clear()
            with (self.path / _JOURNAL).open("a") as journal:
                journal.write(f"{name}\n")
        except OSError as error:
            raise StorageError(f"cannot write {path}: {error.strerror}: {error.filename}") from error
        write_whole(path, write)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        self._hashes[name] = {"bytes": path.stat().st_size, "sha256": digest}
        return path

    def save_text(self, name: str, text: str) -> Path:
        """Write a text file as `save` does."""
        return self.save(name, lambda file: _write(file, text.encode(errors="backslashreplace")))

    def save_json(self, name: str, content: Any) -> Path:
        """Write a JSON file as `save` does.

        Raises:
            ValueError: A number is not finite, which JSON does not have.
        """
        return self.save_text(name, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")

    def save_table(self, name: str, rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = ()) -> Path:
        """Write rows with the same keys to a CSV file as `save` does; `columns` are the header where there is none."""
        text = io.StringIO()
        writer = csv.DictWriter(text, rows[0].keys() if rows else columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return self.save_text(name, text.getvalue())

    def save_arrays(self, name: str, **arrays: Any) -> Path:
        """Write arrays to an ``.npz`` file as `save` does."""
        return self.save(name, lambda file: write_arrays(file, arrays.items()))

    def save_array(self, name: str, array: Any) -> Path:
        """Write one array to an ``.npy`` file as `save` does."""
        return self.save(name, lambda file: np.save(file, array, allow_pickle=False))

    def save_dense(self, name: str, spikes: SpikeEvents) -> Path:
        """Write spikes as a boolean array ``(n_steps, n_neurons)`` to an ``.npy`` file as `save` does."""
        return self.save(name, lambda file: _write_dense(file, spikes))

    def finish(self) -> list[Path]:
        """Write the manifest and return the paths of all files."""
        text = json.dumps({"files": self._hashes}, indent=2) + "\n"
        write_whole(self.path / MANIFEST, lambda file: _write(file, text.encode()))
        (self.path / _JOURNAL).unlink(missing_ok=True)
        return [self.path / name for name in (*self._hashes, MANIFEST)]

    def _clear(self) -> None:
        """Remove what an earlier run left, finished or not: the files it wrote, and partial ones."""
        for name in (*_written_before(self.path), MANIFEST, _JOURNAL):
            (self.path / name).unlink(missing_ok=True)
        for folder in (".", DATA, PLOTS, METADATA):
            for partial in (self.path / folder).glob(f".*{PARTIAL}"):
                partial.unlink(missing_ok=True)


def _write_dense(file: IO[bytes], spikes: SpikeEvents) -> None:
    """Write what `np.save` writes for the dense array, which never is in memory as a whole."""
    header = {"descr": npy.dtype_to_descr(np.dtype(bool)), "fortran_order": False, "shape": spikes.shape}
    npy.write_array_header_1_0(file, header)
    height = max(1, PIECE // max(1, spikes.n_neurons))
    for begin in range(0, spikes.n_steps, height):
        end = min(begin + height, spikes.n_steps)
        first, last = np.searchsorted(spikes.steps, np.array([begin, end], spikes.steps.dtype))
        steps, neurons = spikes.steps[first:last] - begin, spikes.neurons[first:last]
        file.write(np.asarray(replace(spikes, steps=steps, neurons=neurons, n_steps=end - begin)).tobytes())


def _write(file: IO[bytes], content: bytes) -> None:
    file.write(content)


def _written_before(folder: Path) -> list[str]:
    """Files in manifest and journal; whatever is not a plain name in one of the subfolders, or ours, is passed over."""
    names: list[Path] = []
    with suppress(OSError, ValueError, KeyError, TypeError):
        names += [Path(name) for name in json.loads((folder / MANIFEST).read_text())["files"]]
    with suppress(OSError, ValueError):
        names += [Path(name) for name in (folder / _JOURNAL).read_text().splitlines()]
    folders = [Path(folder) for folder in (DATA, PLOTS, METADATA)]
    ours = [name for name in names if name.parent in folders or name == Path(REPEATED_CLUSTERS)]
    return [str(name) for name in ours if name.name != ".."]
