"""Studies on a real SLURM while its jobs are cancelled, requeued, and run out of time."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from datetime import datetime
from itertools import pairwise

import pytest

from neuro_mod.storage.names import LOG, WORKER_LOGS
from tests.helpers.folders import data_in, n_finished
from tests.helpers.processes import start_python, wait_until
from tests.helpers.shared import ROOT
from tests.helpers.studies import ended, repeats

pytestmark = pytest.mark.slurm


def start(slurm, *arguments):
    return start_python(*arguments, **slurm.environment)


def test_what_slurm_refuses_is_said_at_once(slurm, cluster_file, tmp_path):
    for changes, words in (
        ({"queue": "nowhere"}, "invalid partition specified"),
        ({"memory": "900 GB"}, "Requested node configuration is not available"),
    ):
        begin = time.monotonic()
        process = start(slurm, *repeats(tmp_path / "out", 2), "--cluster", cluster_file(**changes))
        assert re.search(words, ended(process, 2), re.IGNORECASE)
        assert time.monotonic() - begin < 30 and not slurm.jobs()


def test_a_queue_that_starts_no_job_is_said_with_its_reason(slurm, cluster_file, tmp_path):
    options = ("--cluster", cluster_file(queue="closed"), "--wait-for-workers", 12)
    said = ended(start(slurm, *repeats(tmp_path / "out", 2), *options), 4)
    assert "0 of 2 repeats done" in said and "pending (PartitionDown)" in said and "rerun the command" in said
    assert not slurm.jobs()


def test_nodes_without_the_package_end_the_study_with_what_they_print(slurm, cluster_file, tmp_path):
    said = ended(start(slurm, *repeats(tmp_path / "out", 2), "--cluster", cluster_file(python="/usr/bin/python3")), 2)
    assert "3 jobs in a row ended before a worker began an item" in said and "No module named" in said
    assert not slurm.jobs()


def test_ctrl_c_leaves_no_job(slurm, cluster_file, tmp_path):
    arguments = (*repeats(tmp_path / "out", 200), "--cluster", cluster_file())
    process = start(slurm, *arguments)
    wait_until(lambda: n_finished(tmp_path / "out") > 3, process)
    process.send_signal(signal.SIGINT)
    begin = time.monotonic()
    said = ended(process, 130)
    wait_until(lambda: not slurm.jobs(), seconds=10)
    assert time.monotonic() - begin < 10 and "rerun the command to resume" in said
    assert 3 < (n_saved := n_finished(tmp_path / "out")) < 200
    said = ended(start(slurm, *arguments))
    assert f"{n_saved} of 200 repeats finished" in said and "complete: 200 of 200" in said and not slurm.jobs()


def test_a_study_goes_on_whatever_happens_to_its_jobs(slurm, cluster_file, tmp_path):
    n, folder = 120, tmp_path / "out"
    # a repeat takes 2 s or more, so that the minute of the jobs passes more than once
    arguments = (*repeats(folder, n, 150.0), "--cluster", cluster_file(walltime="00:01:00"))
    process = start(slurm, *arguments)

    def at(n_done):
        wait_until(lambda: n_finished(folder) >= n_done, process, seconds=120)

    def running():
        return [line.split()[0] for line in slurm.jobs() if line.endswith("RUNNING")]

    at(3)
    slurm.ask("scancel", wait_until(running)[0])
    at(10)
    slurm.ask("scontrol", "requeue", wait_until(running)[0])
    at(18)
    slurm.ask("scontrol", "update", f"NodeName={slurm.host}", "State=DRAIN", "Reason=test")
    wait_until(lambda: "no worker for" in (folder / LOG).read_text(), process, seconds=120)
    slurm.ask("scontrol", "update", f"NodeName={slurm.host}", "State=RESUME")
    at(26)
    slurm.stop("slurmctld")
    time.sleep(10)
    slurm.start("slurmctld")
    at(40)
    process.send_signal(signal.SIGKILL)
    before, killed_at = process.communicate()[1], n_finished(folder)
    process = start(slurm, *arguments)
    said = ended(process)
    assert f"{n} of {n} repeats finished" in said and killed_at < n
    wait_until(lambda: not slurm.jobs(), seconds=10)
    jobs = re.findall(r"job (\d+) submitted", before + said)
    assert sum(seconds_run(slurm, job) > 40 for job in jobs) >= 2
    check_log(folder, n)
    serial = tmp_path / "serial"
    ended(start_python(*repeats(serial, n, 150.0), "--parallel"))
    assert data_in(folder) == data_in(serial)


def seconds_run(slurm, job):
    hours, minutes, seconds = re.search(
        r"RunTime=(\d+):(\d+):(\d+)", slurm.ask("scontrol", "show", "job", job)
    ).groups()
    return (int(hours) * 60 + int(minutes)) * 60 + int(seconds)


def check_log(folder, n):
    """No item is begun more often than ends of jobs and of the driver explain, and it is never silent for long."""
    lines = (folder / LOG).read_text().splitlines()
    n_begun = sum(file.read_text().count(" begins\n") for file in (folder / WORKER_LOGS).glob("*.log"))
    n_again = sum("is done again" in line for line in lines)
    assert n <= n_begun <= n + n_again + 2  # two were under way when the driver was killed
    times = [datetime.fromisoformat(line.split()[0]) for line in lines]
    restarted = next(place for place, line in enumerate(lines) if place and "executor slurm" in line)
    silent = [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
    assert max(silent[: restarted - 1] + silent[restarted:]) < 36


def test_workers_with_another_version_of_the_package_end_the_study(slurm, cluster_file, tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import neuro_mod\nneuro_mod.__version__ = '9.9'")
    changes = {"python": sys.executable, "setup": [f"export PYTHONPATH={tmp_path}{os.pathsep}{ROOT}"]}
    said = ended(start(slurm, *repeats(tmp_path / "out", 2), "--cluster", cluster_file(**changes)), 2)
    assert '"9.9" found; expected' in said and "3 jobs in a row ended" in said and not slurm.jobs()
