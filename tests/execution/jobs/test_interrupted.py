from __future__ import annotations

import json
import os
import signal
import subprocess
import time

import pytest

from neuro_mod.errors import Interrupted
from neuro_mod.execution import jobs
from neuro_mod.execution.jobs import Execution, JobFolder
from neuro_mod.execution.jobs.signals import stop_request
from tests.helpers.disturbing import assert_all_end, assert_complete, children, driver, keys, tries, undisturbed
from tests.helpers.folders import n_finished, run_json
from tests.helpers.processes import wait_until
from tests.helpers.tiny_job import TinyJob

#: Executors and how drivers are told to stop: a terminal and a scheduler tell the whole group, `kill` one process.
WAYS = [
    ("process", signal.SIGINT, os.killpg),
    pytest.param("process", signal.SIGTERM, os.killpg, marks=pytest.mark.large),
    pytest.param("process", signal.SIGINT, os.kill, marks=pytest.mark.large),
    pytest.param("process", signal.SIGTERM, os.kill, marks=pytest.mark.slow),
    pytest.param("thread", signal.SIGINT, os.killpg, marks=pytest.mark.slow),
    ("serial", signal.SIGTERM, os.kill),
    pytest.param("dask", signal.SIGINT, os.killpg, marks=pytest.mark.slow),
    pytest.param("dask", signal.SIGTERM, os.kill, marks=pytest.mark.large),
]


@pytest.mark.parametrize(("executor", "number", "send"), WAYS)
def test_who_is_interrupted_keeps_what_is_finished_and_leaves_nobody_behind(tmp_path, executor, number, send):
    folder, trace = tmp_path / "run", tmp_path / "trace"
    what = {"n_items": 4, "trace": str(trace), "fates": {3 if executor == "serial" else 2: "sleeps"}}
    workers = None if executor == "serial" else 2
    with driver(folder, what, executor=executor, max_workers=workers) as process:
        wait_until(lambda: n_finished(folder) == 3)
        wait_until(lambda: len(tries(trace)) == 4)
        below = children(process.pid)
        assert bool(below) == (executor in {"process", "dask"})
        send(process.pid, number)
        assert_all_end(below)
        _, said = process.communicate(timeout=20)
        assert process.returncode == 130, said
    assert f"interrupted; 3 of 4 items finished and saved in {folder}; rerun the command to resume\n" in said
    assert said.count("3 of 4 items finished") == 1
    assert "Traceback" not in said and "leaked" not in said
    about = run_json(folder)
    assert (about["interrupted"], about["n_finished"], about["n_concluded"]) == (True, 3, 3)
    assert len(keys(folder)) == 3
    jobs.run(TinyJob(4, trace=str(trace)), folder)
    assert len(tries(trace)) == 5
    assert_complete(folder, undisturbed(tmp_path / "undisturbed", 4), 4)


def test_the_second_ctrl_c_does_not_wait_for_threads(tmp_path):
    what = {"n_items": 2, "fates": {1: "sleeps"}}
    with driver(tmp_path, what, executor="thread", max_workers=2) as process:
        wait_until(lambda: n_finished(tmp_path) == 1)
        process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 130 and "interrupted;" not in said and "ERROR" not in said
    assert "KeyboardInterrupt; 1 of 2 items finished" in (tmp_path / "metadata/run.log").read_text()
    assert run_json(tmp_path)["n_finished"] == 1
    assert jobs.run(TinyJob(2), tmp_path)["n_finished_before"] == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_while_finished_items_are_checked_loses_none(tmp_path, monkeypatch, number):
    trace = tmp_path / "trace"
    work, folder = TinyJob(6, trace=str(trace)), tmp_path / "run"
    jobs.run(work, folder)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    handlers = [signal.getsignal(kind) for kind in (signal.SIGINT, signal.SIGTERM)]
    with monkeypatch.context() as patched:
        patched.setattr(JobFolder, "_fault", lambda *_: signal.raise_signal(number))
        with pytest.raises(KeyboardInterrupt):
            jobs.run(work, folder)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert [signal.getsignal(kind) for kind in (signal.SIGINT, signal.SIGTERM)] == handlers
    assert jobs.run(work, folder)["n_finished"] == 6 and len(tries(trace)) == 6


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_while_concluding_interrupts_at_once(tmp_path, monkeypatch, number):
    trace = tmp_path / "trace"
    work, folder = TinyJob(3, trace=str(trace)), tmp_path / "run"
    with monkeypatch.context() as patched:
        patched.setattr(TinyJob, "conclude", lambda *_: signal.raise_signal(number))
        with pytest.raises(KeyboardInterrupt):
            jobs.run(work, folder)
    about = run_json(folder)
    assert about["n_finished"] == 3 and about["concluded"] is False
    assert not (folder / "metadata/manifest.json").exists()
    assert jobs.run(work, folder)["concluded"] is True and len(tries(trace)) == 3
    assert_complete(folder, undisturbed(tmp_path / "undisturbed", 3), 3)


@pytest.mark.parametrize(
    ("place", "executor"),
    [
        ("data/item_1.json", "serial"),
        ("data/item_1.txt", "process"),
        pytest.param("data/item_1.json", "process", marks=pytest.mark.slow),
        pytest.param("data/item_1.txt", "serial", marks=pytest.mark.slow),
    ],
)
def test_a_second_ctrl_c_while_an_item_is_saved_leaves_no_half_of_it(tmp_path, monkeypatch, place, executor):
    save = jobs.folder.Files.save

    def interrupted(self, name, write):
        def write_and_interrupt(file):
            time.sleep(0.5)  # two signals at once are one
            signal.raise_signal(signal.SIGINT)
            write(file)

        if name == place:
            signal.raise_signal(signal.SIGINT)
            return save(self, name, write_and_interrupt)
        return save(self, name, write)

    with monkeypatch.context() as patched:
        patched.setattr(jobs.folder.Files, "save", interrupted)
        with pytest.raises(KeyboardInterrupt):
            jobs.run(TinyJob(3), tmp_path / "run", Execution(executor, 1))
    assert keys(tmp_path / "run") == ["item 0"]
    # a thread goes on to save its item; results of processes are saved by the thread that is interrupted
    assert executor == "serial" or not (tmp_path / "run" / place).exists()
    assert not list((tmp_path / "run").rglob("*.partial"))
    jobs.run(TinyJob(3), tmp_path / "run")
    assert_complete(tmp_path / "run", undisturbed(tmp_path / "undisturbed", 3), 3)


def test_a_first_ctrl_c_while_an_item_is_saved_lets_it_be_saved(tmp_path, monkeypatch):
    save = TinyJob.save

    def interrupted(self, files, item, result):
        signal.raise_signal(signal.SIGINT)
        return save(self, files, item, result)

    monkeypatch.setattr(TinyJob, "save", interrupted)
    with pytest.raises(Interrupted, match="interrupted; 1 of 3 items finished") as caught:
        jobs.run(TinyJob(3), tmp_path)
    assert caught.value.finished.interrupted and keys(tmp_path) == ["item 0"]
    assert json.loads((tmp_path / "data/sums.json").read_text()).keys() == {"item 0"}


def test_ctrl_c_while_the_last_item_is_saved_is_heard(tmp_path, monkeypatch):
    save = TinyJob.save

    def interrupted(self, files, item, result):
        if item.key == "item 2":
            signal.raise_signal(signal.SIGINT)
        return save(self, files, item, result)

    monkeypatch.setattr(TinyJob, "save", interrupted)
    with pytest.raises(Interrupted, match="3 of 3 items finished"):
        jobs.run(TinyJob(3), tmp_path)
    said = jobs.run(TinyJob(3), tmp_path)
    assert said["interrupted"] is False and said["n_finished"] == 3


def test_only_the_first_signal_is_deferred_and_only_where_asked():
    before = signal.getsignal(signal.SIGTERM)
    with stop_request() as request:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        assert not request
        with request.deferred():
            signal.raise_signal(signal.SIGTERM)
            assert request
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGTERM) is before
