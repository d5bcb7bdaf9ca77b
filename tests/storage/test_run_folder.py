from __future__ import annotations

import errno
import hashlib
import json
import os

import pytest

from neuro_mod.errors import StorageError
from neuro_mod.storage.names import MANIFEST
from neuro_mod.storage.run_folder import RunFolder


def files_in(folder):
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    return names - {"metadata/.unfinished"}


def test_manifest_has_sizes_and_hashes_and_comes_last(tmp_path):
    folder = RunFolder(tmp_path)
    folder.save_text("data/a.txt", "some text")
    assert files_in(tmp_path) == {"data/a.txt"}
    folder.finish()
    manifest = json.loads((tmp_path / MANIFEST).read_text())
    assert manifest["files"] == {"data/a.txt": {"bytes": 9, "sha256": hashlib.sha256(b"some text").hexdigest()}}


@pytest.mark.parametrize("failing", ["fsync", "write"])
def test_a_full_disk_leaves_the_old_file_and_no_partial_one(tmp_path, monkeypatch, failing):
    folder = RunFolder(tmp_path)
    folder.save_text("data/a.txt", "old")

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if failing == "fsync":
        monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match=r"a\.txt: No space left on device \(.* MB free\)"):
        folder.save("data/a.txt", full if failing == "write" else lambda file: file.write(b"new"))
    assert files_in(tmp_path) == {"data/a.txt"} and (tmp_path / "data/a.txt").read_text() == "old"


def test_an_interrupt_while_writing_leaves_no_partial_file(tmp_path):
    def interrupted(file):
        file.write(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        RunFolder(tmp_path).save("data/a.txt", interrupted)
    assert not files_in(tmp_path)


def test_what_a_killed_run_left_is_cleared_away(tmp_path):
    RunFolder(tmp_path)
    (tmp_path / "data/.spikes.npz.123.partial").write_bytes(b"half")
    RunFolder(tmp_path).save_text("data/a.txt", "new")
    assert files_in(tmp_path) == {"data/a.txt"}


@pytest.mark.parametrize("name", ["../outside.txt", "data/../../outside.txt", "/tmp/outside.txt", "data/..", "x/y/z"])
def test_a_manifest_can_name_no_file_outside_the_folder(tmp_path, name):
    outside = tmp_path / "outside.txt"
    outside.write_text("precious")
    folder = RunFolder(tmp_path / "run")
    (tmp_path / "run" / MANIFEST).write_text(json.dumps({"files": {name: {}}}))
    folder.save_text("data/a.txt", "new")
    assert outside.read_text() == "precious"


@pytest.mark.parametrize("manifest", ["", "[]", "{}", '{"files": 3}', '{"files": [1]}', "\x00"])
def test_a_damaged_manifest_is_no_obstacle(tmp_path, manifest):
    folder = RunFolder(tmp_path)
    (tmp_path / MANIFEST).write_text(manifest)
    folder.save_text("data/a.txt", "new")
    assert files_in(tmp_path) == {"data/a.txt"}


def test_what_an_unfinished_run_wrote_is_cleared_away(tmp_path):
    killed = RunFolder(tmp_path)
    killed.save_text("data/voltage.npz", "old")
    (tmp_path / "data/notes.txt").write_text("mine")
    RunFolder(tmp_path).save_text("data/spikes.npz", "new")
    assert files_in(tmp_path) == {"data/spikes.npz", "data/notes.txt"}


def test_a_folder_where_a_file_was_is_named(tmp_path):
    folder = RunFolder(tmp_path)
    folder.save_text("data/a.txt", "old")
    folder.finish()
    (tmp_path / "data/a.txt").unlink()
    (tmp_path / "data/a.txt").mkdir()
    with pytest.raises(StorageError, match=r"a\.txt"):
        RunFolder(tmp_path).save_text("data/a.txt", "new")


def test_text_that_is_no_unicode_is_written_all_the_same(tmp_path):
    assert RunFolder(tmp_path).save_text("data/a.txt", "n\udcff").read_bytes() == b"n\\udcff"


def test_json_without_numbers_that_it_does_not_have(tmp_path):
    folder = RunFolder(tmp_path)
    for value in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="not JSON compliant"):
            folder.save_json("metadata/run.json", {"rate": value})
    assert not (tmp_path / "metadata/run.json").exists()
