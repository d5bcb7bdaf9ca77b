"""Folders of kernels that are no longer used are removed, and nothing else."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from neuro_mod.core.kernel_folders import MAX_UNUSED, open_folder, remove_unused
from tests.helpers.platforms import POSIX_ONLY

NEW = "kernels-00112233445566ff"


def folder_of(base: Path, name: str, days: float, files: tuple[str, ...] = ("k.f-1.py311.nbi", "k.f-1.py311.1.nbc")):
    folder = base / name
    (folder / "engine_0a").mkdir(parents=True)
    for file in files:
        (folder / "engine_0a" / file).write_bytes(b"x")
    set_age(folder, days)
    return folder


def set_age(folder: Path, days: float) -> None:
    then = time.time() - days * 24 * 3600
    os.utime(folder, (then, then))


def test_making_a_folder_removes_those_unused_for_a_month(tmp_path):
    old = folder_of(tmp_path, "kernels-0123456789abcdef", 31, ("k.f-1.py311.nbi", "k.f-1.py311.1.nbc.tmp.12ab"))
    used = folder_of(tmp_path, "kernels-fedcba9876543210", 29)
    open_folder(tmp_path / NEW)
    assert {path.name for path in tmp_path.iterdir()} == {NEW, used.name}
    assert not old.exists()


def test_use_keeps_a_folder(tmp_path):
    folder = folder_of(tmp_path, "kernels-0123456789abcdef", 31)
    open_folder(folder)
    assert time.time() - folder.stat().st_mtime < 60
    open_folder(tmp_path / NEW)
    assert folder.exists()


@pytest.mark.parametrize("name", ["kernels-mine", "kernels-0123456789ABCDEF", "kernels-0123456789abcdef0", "data"])
def test_folders_of_other_names_stay(tmp_path, name):
    folder = folder_of(tmp_path, name, 100)
    open_folder(tmp_path / NEW)
    assert len(list((folder / "engine_0a").iterdir())) == 2


def test_files_of_others_stay(tmp_path):
    folder = folder_of(tmp_path, "kernels-0123456789abcdef", 100, ("k.f-1.py311.nbi", "notes.txt"))
    (folder / "mine.txt").write_text("")
    set_age(folder, 100)
    remove_unused(tmp_path)
    assert [path.name for path in (folder / "engine_0a").iterdir()] in (["notes.txt"], ["k.f-1.py311.nbi", "notes.txt"])
    assert (folder / "mine.txt").exists()


@POSIX_ONLY
def test_links_are_not_followed(tmp_path):
    elsewhere = folder_of(tmp_path / "elsewhere", "kernels-0123456789abcdef", 100)
    base = tmp_path / "base"
    base.mkdir()
    (base / elsewhere.name).symlink_to(elsewhere)
    inner = base / "kernels-aaaaaaaaaaaaaaaa"
    inner.mkdir()
    (inner / "engine").symlink_to(elsewhere / "engine_0a")
    set_age(inner, 100)
    set_age(elsewhere, 100)
    remove_unused(base)
    assert len(list((elsewhere / "engine_0a").iterdir())) == 2


def test_many_processes_may_remove_at_once(tmp_path):
    for number in range(20):
        folder_of(tmp_path, f"kernels-{number:016x}", 40)
    assert MAX_UNUSED < 40 * 24 * 3600
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(partial(remove_unused), [tmp_path] * 8))
    assert not list(tmp_path.iterdir())


def test_a_base_that_cannot_be_read_is_no_obstacle(tmp_path):
    remove_unused(tmp_path / "missing")
