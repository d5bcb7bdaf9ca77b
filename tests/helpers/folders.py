"""What run folders hold."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import numpy as np

from neuro_mod.storage.names import FINISHED


def files_in(folder: Path) -> set[str]:
    """All files, by their path within the folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def data_in(folder: Path) -> dict[str, bytes]:
    """Bytes of the results."""
    return {name: (folder / name).read_bytes() for name in files_in(folder) if name.startswith("data/")}


def run_json(folder: Path) -> dict:
    """Metadata of the run."""
    return json.loads((folder / "metadata/run.json").read_text())


def n_finished(folder: Path) -> int:
    """Lines of the ledger, also while another process writes it."""
    with suppress(FileNotFoundError):
        return (folder / FINISHED).read_bytes().count(b"\n")
    return 0


def arrays_in(file: Path) -> dict[str, np.ndarray]:
    """The arrays of a file; it does not stay open."""
    with np.load(file) as saved:
        return dict(saved)
