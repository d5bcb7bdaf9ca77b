"""Items in batch jobs of a batch system that is three shell scripts."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from collections import deque
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from neuro_mod.config.cluster import load_cluster
from neuro_mod.errors import ClusterLostError, NoWorkersError
from neuro_mod.execution import jobs
from neuro_mod.execution.executors.base import WorkerDied
from neuro_mod.execution.executors.batch import cluster as batch_cluster
from neuro_mod.execution.executors.batch import keeper as keeping
from neuro_mod.execution.executors.batch.cluster import BatchCluster
from neuro_mod.execution.jobs import Execution
from tests.helpers import processes
from tests.helpers.disturbing import driver, tries
from tests.helpers.folders import data_in, n_finished
from tests.helpers.processes import wait_until
from tests.helpers.studies import left_behind, log
from tests.helpers.tiny_job import TinyJob

CLUSTER = {"scheduler": "slurm", "walltime": 600, "cores": 1, "memory": "1 GB", "jobs": 2}

SBATCH = """
cd {state}
number=$(ls jobs | wc -l)
script=jobs/$number.sh
cp "$1" $script; sed -n 's/^#SBATCH -J //p' $script > jobs/$number.name
setsid sh $script > jobs/$number.out 2>&1 < /dev/null &
echo $! > running/$number
echo "Submitted batch job $number"
"""
SQUEUE = """
cd {state}/running
for number in *; do
    [ -e "$number" ] || continue
    kill -0 $(cat $number) 2> /dev/null && echo "$number|RUNNING|10:00|None" || rm -f $number
done
"""
SCONTROL = """
for number; do :; done
state=COMPLETED
[ -e {state}/cancelled/$number ] && state=CANCELLED
[ -e {state}/running/$number ] && state=RUNNING
echo "JobId=$number JobState=$state Reason=None RunTime=00:10:00 ExitCode=0:0 NodeList=here"
"""
SCANCEL = """
cd {state}/running
case "$1" in --name=*) set -- *;; esac
for number; do
    [ -e "$number" ] || continue
    touch ../cancelled/$number; kill -s KILL -- -$(cat $number) 2> /dev/null; rm -f $number
done
"""


class FakeSlurm:
    """Starts jobs as processes.

    Args:
        folder: For its programs and its state.
    """

    def __init__(self, folder: Path):
        self.bin, self.state = folder / "bin", folder / "state"
        for path in (self.bin, *(self.state / name for name in ("jobs", "running", "cancelled"))):
            path.mkdir(parents=True)
        for name, script in (("sbatch", SBATCH), ("squeue", SQUEUE), ("scontrol", SCONTROL), ("scancel", SCANCEL)):
            self.program(name, script.replace("{state}", str(self.state)))

    def program(self, name: str, script: str) -> None:
        (self.bin / name).write_text(f"#!/bin/sh\n{script}\n")
        (self.bin / name).chmod(0o755)

    def running(self) -> dict[str, psutil.Process]:
        """The shells of jobs, by their number."""
        found = {}
        for file in sorted((self.state / "running").iterdir()):
            try:
                found[file.name] = psutil.Process(int(file.read_text()))
            except (OSError, ValueError, psutil.NoSuchProcess):
                continue
        return found


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    fake = FakeSlurm(tmp_path)
    monkeypatch.setenv("PATH", str(fake.bin), prepend=os.pathsep)
    monkeypatch.setitem(processes.ENVIRONMENT, "PATH", f"{fake.bin}{os.pathsep}{processes.ENVIRONMENT['PATH']}")
    yield fake
    for process in fake.running().values():
        os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture
def quick(monkeypatch):
    for name in ("_WAITING_INTERVAL", "_WORKING_INTERVAL", "_FRESH"):
        monkeypatch.setattr(keeping, name, 0.2)
    monkeypatch.setattr(batch_cluster, "_INTERVAL", 0.1)
    monkeypatch.setattr(batch_cluster, "_LOST", 0.5)


def execution(**changes):
    return Execution("slurm", cluster=load_cluster(CLUSTER | changes.pop("cluster", {})), **changes)


def workers_of(process):
    return [child for child in process.children(recursive=True) if "spawn_main" in " ".join(child.cmdline())]


@pytest.mark.large
def test_items_are_done_whoever_kills_their_workers_or_cancels_their_jobs(slurm, quick, tmp_path):
    folder, trace = tmp_path / "out", tmp_path / "trace"

    def disturb():
        wait_until(lambda: n_finished(folder) >= 2)
        workers_of(next(iter(slurm.running().values())))[0].kill()
        wait_until(lambda: "try 1 of 3" in log(folder))
        enough = n_finished(folder) + 3
        # some item is under way, besides the tries of those that are done and of the killed one
        wait_until(lambda: n_finished(folder) >= enough and len(tries(trace)) > n_finished(folder) + 1)
        subprocess.run(["scancel", "--name="], check=True)

    disturbance = threading.Thread(target=disturb)
    disturbance.start()
    jobs.run(TinyJob(24, seconds=0.3, trace=str(trace)), folder, execution())
    disturbance.join()
    said = log(folder)
    assert re.search(r"try 1 of 3, failed in worker job_0: WorkerDied: job_0 is gone: it was killed", said)
    assert re.search(r"is done again: job_\d is gone: job \d ended: CANCELLED", said) and "try 2" not in said
    assert 25 <= len(tries(trace)) <= 27
    jobs.run(TinyJob(24), tmp_path / "serial")
    assert data_in(folder) == data_in(tmp_path / "serial")
    assert not slurm.running() and not left_behind(folder)


@pytest.fixture
def of_two_workers():
    """An executor of which only the state is there: workers a and b, of which a does item 0."""
    executor, given_up = object.__new__(BatchCluster), list[bool]()
    info = {"workers": {at: {"name": f"job_{number}", "status": "running"} for number, at in enumerate("ab")}}
    client = SimpleNamespace(status="running", scheduler_info=lambda **_: info)
    future = SimpleNamespace(done=lambda: False, cancel=lambda *, force: given_up.append(force))
    keeper = SimpleNamespace(
        update=lambda *_: None, may_begin=lambda *_: True, begin=lambda *_: True, end_of=lambda *_: ("", True)
    )
    executor.__dict__.update(
        _client=client, _keeper=keeper, _workers={}, _ready=set(), _dead=set(), _free=[], _latest_seconds=deque(),
        _places={0: ("a", "job_0")}, _futures={0: future}, _gone_since={}, _looked_at=float("-inf"), _n_workers=9,
        given_up=given_up, info=info["workers"],
    )  # fmt: skip
    return executor


def test_a_worker_that_is_paused_goes_on_with_its_item_and_gets_no_other(of_two_workers, monkeypatch):
    monkeypatch.setattr(batch_cluster, "_INTERVAL", 0.0)
    monkeypatch.setattr(batch_cluster, "_LOST", 0.0)
    for worker in of_two_workers.info.values():
        worker["status"] = "paused"
    assert [of_two_workers.capacity for _ in range(3)] == [1, 1, 1] and not of_two_workers.given_up
    del of_two_workers.info["a"]
    wait_until(lambda: of_two_workers.capacity and of_two_workers.given_up)


def test_a_worker_that_died_gets_no_item_although_the_scheduler_does_not_know_yet(of_two_workers, monkeypatch):
    monkeypatch.setattr(batch_cluster, "_INTERVAL", 0.0)
    assert of_two_workers.capacity == 2 and of_two_workers._free == ["b"]
    assert of_two_workers._placement(1) == {"workers": ["b"], "allow_other_workers": False}
    error = of_two_workers._left_place(0, WorkerDied("gone"), 1.0)
    assert str(error).startswith("job_0 is gone: it was killed or crashed; if memory ran out")
    assert of_two_workers.capacity == 1 and of_two_workers._free == []
    of_two_workers.info["a again"] = of_two_workers.info.pop("a")
    assert of_two_workers.capacity == 2 and of_two_workers._free == ["a again"]


def test_a_result_that_went_with_its_worker_is_not_waited_for(of_two_workers):
    asked = []

    def result(timeout):
        asked.append(timeout)
        if len(asked) == 3:
            lost.status = "lost"
        raise TimeoutError

    lost = SimpleNamespace(status="finished", result=result)
    with pytest.raises(TimeoutError):
        of_two_workers._fetch(lost)
    assert asked == [1.0] * 3
    assert of_two_workers._fetch(SimpleNamespace(status="finished", result=lambda timeout: b"result")) == b"result"


@pytest.mark.parametrize(
    ("number", "code"), [pytest.param(signal.SIGINT, 130, marks=pytest.mark.slow), (signal.SIGKILL, -9)]
)
def test_nothing_is_left_of_a_driver_that_is_stopped_or_killed(slurm, tmp_path, number, code):
    folder = tmp_path / "out"
    what = {"n_items": 500, "seconds": 0.1}
    with driver(folder, what, executor="slurm", cluster=CLUSTER | {"jobs": 1}) as process:
        wait_until(lambda: n_finished(folder) > 2, process)
        process.send_signal(number)
        assert process.wait(timeout=30) == code
        wait_until(lambda: not slurm.running(), seconds=20)
        wait_until(lambda: not left_behind(folder), seconds=20)


def test_a_refusal_is_in_the_words_of_the_batch_system(slurm, tmp_path):
    slurm.program("sbatch", "echo 'sbatch: error: invalid partition specified: nowhere' >&2; exit 1")
    with pytest.raises(ClusterLostError, match="slurm does not accept a job: sbatch: error: invalid partition spec"):
        jobs.run(TinyJob(2), tmp_path / "out", execution())
    assert not left_behind(tmp_path / "out")


def test_a_slow_submission_is_said_and_limited(slurm, tmp_path, monkeypatch):
    slurm.program("sbatch", "exec sleep 60")
    monkeypatch.setattr(keeping, "_SLOW", 0.5)
    monkeypatch.setattr(keeping, "_GRACE", 0.5)
    begin = time.monotonic()
    with pytest.raises(NoWorkersError, match=r"no worker for 2 s: no job is queued; sbatch has not answered for \d s"):
        jobs.run(TinyJob(2), tmp_path / "out", execution(wait_for_workers=1.5))
    assert time.monotonic() - begin < 15 and not left_behind(tmp_path / "out")
