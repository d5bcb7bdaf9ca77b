"""Files that a user names are new, whole, and all there or none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from neuro_mod.errors import InputError, StorageError
from neuro_mod.execution import new_file
from neuro_mod.execution.new_file import write_all_new, write_new
from neuro_mod.storage.writing import write_whole
from tests.helpers.platforms import POSIX_ONLY

TEXTS = {"a.txt": "first\n", "b.txt": "zweite Datei: Größe\n"}


def content(folder: Path) -> dict[str, str]:
    return {entry.name: entry.read_text(encoding="utf-8") for entry in folder.iterdir()}


def no_links(*_: object) -> None:
    raise OSError(1, "Operation not permitted")


@pytest.mark.parametrize("links", [True, False], ids=["links", "no links"])
def test_an_existing_file_is_kept(tmp_path, monkeypatch, links) -> None:
    if not links:
        monkeypatch.setattr(Path, "hardlink_to", no_links)
    path = tmp_path / "x.yaml"
    write_new(path, "one\n", replace=False)
    with pytest.raises(InputError, match="--force replaces this one"):
        write_new(path, "two\n", replace=False)
    with pytest.raises(FileExistsError):
        write_whole(path, lambda file: file.write(b"three"), new=True)
    assert content(tmp_path) == {"x.yaml": "one\n"}
    write_new(path, "two\n", replace=True)
    assert content(tmp_path) == {"x.yaml": "two\n"}


@POSIX_ONLY
def test_a_broken_link_is_kept(tmp_path) -> None:
    (tmp_path / "x").symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileExistsError):
        write_whole(tmp_path / "x", lambda file: file.write(b"text"), new=True)
    assert (tmp_path / "x").is_symlink()


def test_all_files(tmp_path) -> None:
    write_all_new(tmp_path / "new" / "folder", TEXTS, "DIR")
    assert content(tmp_path / "new" / "folder") == TEXTS


@pytest.mark.parametrize("name", TEXTS)
def test_another_process_writes_one_of_them_meanwhile(tmp_path, monkeypatch, name) -> None:
    """After the first look at the folder."""
    (tmp_path / name).write_text("of the other\n")
    monkeypatch.setattr(new_file, "_there", lambda *_: [])
    with pytest.raises(InputError, match=f"it has {name}, which is not replaced"):
        write_all_new(tmp_path, TEXTS, "DIR")
    assert content(tmp_path) == {name: "of the other\n"}


@pytest.mark.parametrize("existed", [True, False])
def test_none_is_left_when_one_fails(tmp_path, monkeypatch, existed) -> None:
    folder = tmp_path / "study"
    if existed:
        folder.mkdir()

    def full(file: int) -> None:
        if (folder / "a.txt").exists():
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match=r"cannot write .*b.txt: No space left on device"):
        write_all_new(folder, TEXTS, "DIR")
    assert folder.exists() == existed
    assert not existed or content(folder) == {}
