from __future__ import annotations

import errno
import io
import json
import os

import pytest

from neuro_mod.errors import StorageError
from neuro_mod.execution import jobs
from tests.helpers.disturbing import assert_complete, keys, tries, undisturbed
from tests.helpers.folders import data_in
from tests.helpers.tiny_job import TinyJob

N_ITEMS = 12


class Disk:
    """Counts what is asked of a disk that would need space, and has none left after so many times."""

    def __init__(self, monkeypatch, n_left):
        self.n_left, self.n_asked = n_left, 0
        self._open, self._mkdir = io.open, os.mkdir
        monkeypatch.setattr(io, "open", self.open)
        monkeypatch.setattr(os, "mkdir", self.mkdir)
        for name in ("fsync", "replace"):
            monkeypatch.setattr(os, name, self.asked(getattr(os, name)))

    def ask(self):
        self.n_asked += 1
        if self.n_asked > self.n_left:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def asked(self, function):
        def asking(*arguments):
            self.ask()
            return function(*arguments)

        return asking

    def mkdir(self, path, *arguments):
        if not os.path.isdir(path):  # noqa: PTH112
            self.ask()
        return self._mkdir(path, *arguments)

    def open(self, file, mode="r", buffering=-1, encoding=None, errors=None, newline=None):
        if not set(mode) & set("wa"):
            return self._open(file, mode, buffering, encoding, errors, newline)
        self.ask()
        raw = _OnDisk(file, mode.replace("b", ""))
        raw.disk = self
        if buffering == 0:
            return raw
        buffered = io.BufferedWriter(raw)
        return buffered if "b" in mode else io.TextIOWrapper(buffered, encoding, errors, newline)


class _OnDisk(io.FileIO):
    disk: Disk

    def write(self, content):
        try:
            self.disk.ask()
        except OSError:
            super().write(memoryview(content)[: len(content) // 2])  # what still had space
            raise
        return super().write(content)


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    return undisturbed(tmp_path_factory.mktemp("undisturbed") / "run", N_ITEMS)


@pytest.fixture(scope="module")
def n_places(tmp_path_factory):
    """How often a whole run asks for space before the manifest, the last file, is there."""
    with pytest.MonkeyPatch.context() as patched:
        disk = Disk(patched, float("inf"))
        jobs.run(TinyJob(N_ITEMS), tmp_path_factory.mktemp("counted") / "run")
    assert disk.n_asked >= 200
    return disk.n_asked - 4  # one more or less: the manifest may need one more buffer


def assert_whole(folder, expected):
    """Whatever has its final name is as it would be in the end, or says less, but is whole."""
    assert not list(folder.rglob("*.partial"))
    for path in (path for path in (folder / "data").glob("*") if path.name != "sums.json"):
        assert path.read_bytes() == expected[f"data/{path.name}"]
    for path in [*folder.glob("data/sums.json"), *folder.glob("metadata/*.json")]:
        json.loads(path.read_text())
    ledger = folder / "metadata/finished.jsonl"
    assert not ledger.exists() or ledger.read_bytes().count(b"\n") == len(keys(folder))
    for key in keys(folder):
        for suffix in ("json", "txt"):
            assert (folder / f"data/{key.replace(' ', '_')}.{suffix}").exists()


@pytest.mark.parametrize("number", [10, pytest.param(200, marks=pytest.mark.large)])
def test_a_full_disk_leaves_nothing_half_and_the_job_resumes_when_there_is_space(tmp_path, expected, n_places, number):
    for place in sorted({round(k * (n_places - 1) / (number - 1)) for k in range(number)}):
        folder, trace = tmp_path / f"{place}", tmp_path / f"trace_{place}"
        work = TinyJob(N_ITEMS, trace=str(trace))
        with pytest.MonkeyPatch.context() as patched:
            Disk(patched, place)
            with pytest.raises(StorageError, match=rf"{folder}.*No space left on device"):
                jobs.run(work, folder)
        if folder.exists():
            assert_whole(folder, expected)
        n_finished = len(keys(folder))
        assert len(tries(trace)) <= n_finished + 1
        assert jobs.run(work, folder)["n_finished"] == N_ITEMS
        assert f"{n_finished} of {N_ITEMS} items finished" in (folder / "metadata/run.log").read_text()
        assert len(tries(trace)) <= N_ITEMS + 1
        assert_complete(folder, expected, N_ITEMS)


@pytest.mark.parametrize("executor", ["thread", "process"])
def test_nothing_runs_on_when_the_disk_is_full(tmp_path, monkeypatch, executor, expected):
    append = jobs.ledger.Ledger.append

    def full(self, entry):
        if len(keys(tmp_path / "run")) == 4:
            raise StorageError("no space")
        append(self, entry)

    trace = tmp_path / "trace"
    work = TinyJob(N_ITEMS, trace=str(trace))
    with monkeypatch.context() as patched:
        patched.setattr(jobs.ledger.Ledger, "append", full)
        with pytest.raises(StorageError, match="no space") as caught:
            jobs.run(work, tmp_path / "run", jobs.Execution(executor, 2))
    assert caught.value.__notes__ == ["4 of 12 items finished; rerun the command to resume"]
    # those under way when the fifth could not be saved: one for each worker, and one that waited for a thread
    assert len(tries(trace)) <= 4 + 2 + (executor == "thread")
    assert "StorageError: no space; 4 of 12 items" in (tmp_path / "run/metadata/run.log").read_text()
    jobs.run(work, tmp_path / "run")
    assert data_in(tmp_path / "run") == expected
