"""The configurations that a sweep keeps beside its results."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from neuro_mod.execution.jobs import JobFolder
from neuro_mod.storage.names import CONFIGS


def save_configs(folder: JobFolder, texts: Iterable[tuple[str, str]], pattern: str) -> None:
    """Save configurations, and remove those of others that were there before.

    Args:
        folder: Where to.
        texts: Path within the folder and content of each.
        pattern: What the names of all of this kind match.

    Raises:
        StorageError: The disk is full, say.
    """
    names = set()
    for name, text in texts:
        _save_if_new(folder, name, text)
        names.add(Path(name).name)
    for file in (folder.path / CONFIGS).glob(pattern):
        if file.name not in names:
            file.unlink()


def _save_if_new(folder: JobFolder, name: str, text: str) -> None:
    """Save a text that is not there yet: to look is ten times as fast as to write, which waits for the disk."""
    try:
        same = (folder.path / name).read_bytes() == text.encode(errors="backslashreplace")
    except OSError:
        same = False
    if same:
        folder.keep(name)
    else:
        folder.save_text(name, text)
