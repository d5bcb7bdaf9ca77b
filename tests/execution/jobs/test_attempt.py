from __future__ import annotations

import json
import sys
from datetime import datetime

import pytest

from neuro_mod.errors import FailedItemsError
from neuro_mod.execution import jobs
from neuro_mod.execution.jobs import Execution
from tests.helpers.folders import run_json
from tests.helpers.tiny_job import TinyJob

SLURM = {"SLURM_JOB_ID": "4711", "SLURM_ARRAY_TASK_ID": "3", "SLURM_CLUSTER_NAME": "jureca"}


def test_who_did_it_when_on_what(tmp_path, monkeypatch):
    for name, value in (SLURM | {"SLURM_PASSWORD": "secret", "OMP_NUM_THREADS": "1"}).items():
        monkeypatch.setenv(name, value)
    said = jobs.run(TinyJob(3), tmp_path, Execution("thread", 2))
    found = run_json(tmp_path)
    assert {key: value for key, value in said.items() if key != "files"} == found
    assert found["slurm"] == SLURM
    assert found["machine"]["threads"]["OMP_NUM_THREADS"] == "1" and found["machine"]["host"]
    assert datetime.fromisoformat(found["started"]) <= datetime.fromisoformat(found["ended"])
    assert found["command"] == sys.argv and found["versions"]["python"] == sys.version.split()[0]
    assert (found["executor"], found["max_workers"], found["n_finished_before"]) == ("thread", 2, 0)
    assert found["described"] is True and found["concluded"] is True and found["earlier_attempts"] == []
    assert [item["wall_seconds"] for item in found["slowest"]] == sorted(
        (item["wall_seconds"] for item in found["slowest"]), reverse=True
    )


def test_the_log_of_a_complete_job(tmp_path):
    jobs.run(TinyJob(3), tmp_path)
    log = (tmp_path / "metadata/run.log").read_text().splitlines()
    assert "0 of 3 items finished; executor serial, 1 at once" in log[0]
    assert "item 0 (seed 1000): sum " in log[1] and log[1].endswith(" s")
    assert " slowest: item " in log[-2]
    assert log[-1].endswith(f"complete: 3 of 3 items finished and saved in {tmp_path}")


def test_a_log_of_each_worker(tmp_path):
    jobs.run(TinyJob(8, seconds=0.01), tmp_path, Execution("thread", 2))
    logs = {path.name: path.read_text() for path in (tmp_path / "metadata/logs").iterdir()}
    assert logs.keys() == {"worker_0.log", "worker_1.log"}
    assert sum(log.count(" begins") for log in logs.values()) == 8
    manifest = json.loads((tmp_path / "metadata/manifest.json").read_text())["files"]
    assert {f"metadata/logs/{name}" for name in logs} <= manifest.keys()


def test_earlier_attempts_are_remembered(tmp_path, monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "1")
    with pytest.raises(FailedItemsError):
        jobs.run(TinyJob(4, fates={1: "divides"}), tmp_path)
    monkeypatch.setenv("SLURM_JOB_ID", "2")
    with pytest.raises(FailedItemsError):
        jobs.run(TinyJob(4, fates={1: "is not valid"}), tmp_path, Execution("thread", 2))
    monkeypatch.delenv("SLURM_JOB_ID")
    jobs.run(TinyJob(6), tmp_path)
    found = run_json(tmp_path)
    assert found["n_finished_before"] == 3 and found["n_finished"] == 6 and found["failures"] == []
    first, second = found["earlier_attempts"]
    assert [s["slurm"] for s in (first, second, found)] == [{"SLURM_JOB_ID": "1"}, {"SLURM_JOB_ID": "2"}, None]
    assert [s["executor"] for s in (first, second)] == ["serial", "thread"]
    assert [(s["n_finished_before"], s["n_finished"]) for s in (first, second)] == [(0, 3), (3, 3)]
    assert first["started"] <= first["ended"] <= second["ended"] <= found["ended"]


def test_attempts_of_version_0_1_are_remembered(tmp_path):
    jobs.run(TinyJob(2), tmp_path)
    before = run_json(tmp_path)
    before["earlier_sessions"] = [dict(before, started="2020")]
    del before["earlier_attempts"]
    (tmp_path / "metadata/run.json").write_text(json.dumps(before))
    jobs.run(TinyJob(3), tmp_path)
    assert [attempt["started"] for attempt in run_json(tmp_path)["earlier_attempts"]] == ["2020", before["started"]]


@pytest.mark.parametrize("content", ["", "{", "[]", "3", '{"earlier_attempts": 3}', '{"earlier_attempts": ["a"]}'])
def test_earlier_attempts_that_cannot_be_read_are_forgotten(tmp_path, content):
    jobs.run(TinyJob(2), tmp_path)
    (tmp_path / "metadata/run.json").write_text(content)
    assert jobs.run(TinyJob(2), tmp_path)["n_finished_before"] == 2
