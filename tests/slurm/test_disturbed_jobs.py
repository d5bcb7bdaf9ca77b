"""What may happen to batch jobs, their processes, and the process that submits them, on a real SLURM."""

from __future__ import annotations

import signal
import time
from contextlib import suppress

import psutil
import pytest

from neuro_mod.config.cluster import load_cluster
from neuro_mod.errors import FailedItemsError
from neuro_mod.execution import jobs
from neuro_mod.execution.jobs import Execution
from tests.helpers.disturbing import schedulers
from tests.helpers.folders import data_in, n_finished
from tests.helpers.processes import NEURO_MOD, run_python, start_python, wait_until
from tests.helpers.shared import CONFIGS, SMALL, write_config
from tests.helpers.studies import CLUSTER, ended, left_behind, log, repeats, write_cluster
from tests.helpers.tiny_job import TinyJob

pytestmark = pytest.mark.slurm


@pytest.fixture
def cluster_file(tmp_path):
    return lambda **changes: write_cluster(tmp_path / "cluster.yaml", **changes)


@pytest.fixture
def serial(tmp_path):
    """Data of a study that is done on this machine."""

    def do(*arguments):
        folder = tmp_path / "serial"
        assert run_python(*arguments, folder).returncode == 0
        return data_in(folder)

    return do


def start(slurm, *arguments):
    return start_python(*arguments, **slurm.environment)


def assert_nothing_is_left(slurm, folder):
    wait_until(lambda: not slurm.jobs(), seconds=20)
    assert not left_behind(folder)


def processes(part):
    """Processes of batch jobs with a part in their command, by the time at which they began."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if any(part in word for word in process.cmdline()):
                found.append(process)
    return sorted(found, key=lambda process: process.create_time())


def jobs_of(slurm, state):
    return [line.split()[0] for line in slurm.jobs() if line.endswith(state)]


SWEEP = """\
name: levels
config: {config}
seed: 1
repeats: 2
parameters:
  arousal.level: [0.1, 0.3]
"""
PERTURBATION = {"rate": {"params": [6.0], "involved_clusters": [["E0", "E1"]], "vectors": [[1, -1]]}}


@pytest.mark.parametrize(
    ("command", "options"),
    [("perturb", ("--trials", 3, "--baseline-duration", 0.1)), ("compare", ("--trials", 2)), ("sweep", ())],
)
def test_studies_of_all_kinds_in_jobs_of_two_cores(slurm, cluster_file, serial, tmp_path, command, options):
    file = write_config(tmp_path / "config.yaml", SMALL | {"perturbation": PERTURBATION})
    if command == "sweep":
        file = tmp_path / "sweep.yaml"
        file.write_text(SWEEP.format(config=CONFIGS / "snn_test_run.yaml"))
    study = (*NEURO_MOD, command, file, *options, "--out")
    ended(start(slurm, *study, tmp_path / "out", "--cluster", cluster_file(cores=2, jobs=1)))
    assert data_in(tmp_path / "out") == serial(*study)
    assert_nothing_is_left(slurm, tmp_path / "out")


def test_what_is_cancelled_killed_or_held_is_done_again_elsewhere(slurm, cluster_file, tmp_path):
    n, folder = 60, tmp_path / "a study, 5 %"
    process = start(slurm, *repeats(folder, n, 20.0), "--cluster", cluster_file())

    def at(n_done):
        wait_until(lambda: n_finished(folder) >= n_done, process, seconds=120)

    for n_done in (2, 5, 8):
        at(n_done)
        slurm.ask("scancel", "--user=root")
    at(12)
    processes("multiprocessing.spawn")[-1].kill()  # a worker, which its nanny replaces
    wait_until(lambda: "try 1 of 3, failed in worker job_" in log(folder), process)
    at(18)
    processes("distributed.cli.dask_worker")[-1].kill()  # the nanny itself
    at(24)
    stepd = [process for process in processes("slurmstepd") if ".batch]" not in process.name()]
    stepd[-1].kill()
    at(30)
    (held,) = wait_until(lambda: jobs_of(slurm, "RUNNING"))[:1]
    slurm.ask("scontrol", "requeuehold", held)
    ended(process)
    assert "memory" in log(folder) and "is done again: " in log(folder) and "CANCELLED" in log(folder)
    assert_nothing_is_left(slurm, folder)
    alone = tmp_path / "serial"
    assert run_python(*repeats(alone, n, 20.0), "--parallel").returncode == 0
    assert data_in(folder) == data_in(alone)


def test_a_scheduler_that_is_killed_ends_the_study(slurm, cluster_file, tmp_path):
    folder = tmp_path / "out"
    process = start(slurm, *repeats(folder, 100, 10.0), "--cluster", cluster_file())
    wait_until(lambda: n_finished(folder) > 2, process)
    (scheduler,) = schedulers(process.pid)
    scheduler.kill()
    said = ended(process, 2)
    assert "the connection to the Dask scheduler at tls://" in said and "rerun the command to resume" in said
    assert_nothing_is_left(slurm, folder)


def test_jobs_of_a_killed_driver_leave_the_queue_also_those_that_wait(slurm, cluster_file, tmp_path):
    folder = tmp_path / "out"
    study = (*repeats(folder, 30, 10.0), "--cluster", cluster_file(jobs=4))
    process = start(slurm, *study)
    wait_until(lambda: n_finished(folder) > 2 and jobs_of(slurm, "PENDING"), process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    wait_until(lambda: not slurm.jobs(), seconds=15)
    wait_until(lambda: not left_behind(folder), seconds=20)
    ended(start(slurm, *study))
    assert n_finished(folder) == 30
    assert_nothing_is_left(slurm, folder)


def test_jobs_of_a_driver_and_its_scheduler_that_were_both_killed_are_cancelled_by_the_next(
    slurm, cluster_file, tmp_path
):
    folder = tmp_path / "out"
    study = (*repeats(folder, 20, 10.0), "--cluster", cluster_file(jobs=4))
    process = start(slurm, *study)
    wait_until(lambda: n_finished(folder) > 2 and jobs_of(slurm, "PENDING"), process)
    before = {line.split()[0] for line in slurm.jobs()}
    (scheduler,) = schedulers(process.pid)
    process.send_signal(signal.SIGSTOP)  # it cannot cancel them first
    scheduler.kill()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert left_behind(folder)
    process = start(slurm, *study)
    wait_until(lambda: not before & {line.split()[0] for line in slurm.jobs()}, process)
    ended(process)
    assert_nothing_is_left(slurm, folder)


def test_sigterm_leaves_no_job(slurm, cluster_file, tmp_path):
    folder = tmp_path / "out"
    process = start(slurm, *repeats(folder, 100, 10.0), "--cluster", cluster_file())
    wait_until(lambda: n_finished(folder) > 2, process)
    process.send_signal(signal.SIGTERM)
    begin = time.monotonic()
    assert "rerun the command to resume" in ended(process, 130)
    assert_nothing_is_left(slurm, folder)
    assert time.monotonic() - begin < 10


def test_two_studies_at_once_do_not_disturb_each_other(slurm, cluster_file, tmp_path):
    file = cluster_file(jobs=1)
    studies = [start(slurm, *repeats(tmp_path / name, n), "--cluster", file) for name, n in (("a", 3), ("b", 40))]
    for study in studies:
        ended(study)
    assert n_finished(tmp_path / "a") == 3 and n_finished(tmp_path / "b") == 40
    assert_nothing_is_left(slurm, tmp_path / "b")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"setup": ["echo no such module >&2", "exit 3"]}, ("before a worker began an item", "no such module")),
        ({"directives": ["--nodelist=nowhere"]}, ("slurm does not accept a job: sbatch: error:", "node name")),
        ({"directives": ["--no-such-option"]}, ("slurm does not accept a job: sbatch:", "no-such-option")),
    ],
)
def test_jobs_that_cannot_begin_are_said(slurm, cluster_file, tmp_path, changes, words):
    said = ended(start(slurm, *repeats(tmp_path / "out", 2), "--cluster", cluster_file(**changes)), 2)
    assert all(word in said for word in words), said
    assert_nothing_is_left(slurm, tmp_path / "out")


def test_what_setup_prints_does_no_harm(slurm, cluster_file, tmp_path):
    changes = {"setup": ["echo loaded; echo a warning >&2", "false", "export SOMETHING='100 %'"]}
    ended(start(slurm, *repeats(tmp_path / "out", 2), "--cluster", cluster_file(**changes)))
    assert_nothing_is_left(slurm, tmp_path / "out")


@pytest.fixture
def in_jobs(slurm, monkeypatch):
    """Does tiny work in batch jobs of one core."""
    for name, value in slurm.environment.items():
        monkeypatch.setenv(name, value)

    def do(job, folder, **changes):
        execution = Execution("slurm", cluster=load_cluster(CLUSTER | changes))
        return jobs.run(job, folder, execution)

    return do


def test_an_item_that_needs_more_memory_than_its_job_has_fails_alone(slurm, in_jobs, tmp_path):
    job = TinyJob(4, fates={2: "fills memory"})
    with pytest.raises(FailedItemsError, match="1 item failed"):
        in_jobs(job, tmp_path / "out", memory="400 MB", jobs=1)
    said = log(tmp_path / "out")
    assert (
        said.count("item 2 (seed 1002), try ") == said.count(", try ") == 3
        and "if memory ran out, set more memory" in said
    )
    assert n_finished(tmp_path / "out") == 3
    assert_nothing_is_left(slurm, tmp_path / "out")
