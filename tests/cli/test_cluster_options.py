"""Options of commands that run a job: which go together, and what is said without workers."""

from __future__ import annotations

import pytest
import yaml

from neuro_mod.execution.executors.dask_scheduler import Scheduler
from tests.helpers.shared import write_config

SLURM = {"scheduler": "slurm", "walltime": "00:10:00", "cores": 1, "memory": "1 GB"}


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    return write_config(tmp_path_factory.mktemp("configs") / "small.yaml")


@pytest.fixture
def cluster_file(tmp_path):
    (tmp_path / "cluster.yaml").write_text(yaml.safe_dump(SLURM))
    return tmp_path / "cluster.yaml"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--executor", "slurm"], ["cluster: missing", "--cluster FILE", "neuro-mod cluster init slurm writes one"]),
        (["--executor", "pbs"], ["neuro-mod cluster init pbs writes one"]),
        (["--cluster", "FILE", "--executor", "thread"], ["none with the executor thread", "choose slurm"]),
        (["--cluster", "FILE", "--executor", "dask"], ["none with the executor dask", "choose slurm"]),
        (["--cluster", "FILE", "--executor", "pbs"], ['cluster: "slurm" found; expected pbs']),
        (["--cluster", "FILE", "--address", "tcp://10.0.0.1:8786"], ["none with the executor slurm", "choose dask"]),
        (["--cluster", "missing.yaml"], ["missing.yaml"]),
        (["--executor", "thread", "--wait-for-workers", "0"], ["--wait-for-workers: 0.0 found"]),
        (["--executor", "thread", "--wait-for-workers", "soon"], ['"soon" found; expected seconds']),
    ],
)
@pytest.mark.parametrize("command", ["repeat", "compare"])
def test_options_that_contradict_each_other(neuro_mod, config, cluster_file, tmp_path, command, options, words):
    options = [cluster_file if option == "FILE" else option for option in options]
    done = neuro_mod(command, config, "--out", tmp_path / "out", *options)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert all(word in done.stderr for word in words), done.stderr
    assert not (tmp_path / "out").exists()


def test_a_scheduler_without_workers_is_said_and_waited_for_as_long_as_the_user_likes(neuro_mod, config, tmp_path):
    scheduler = Scheduler(tmp_path, "--host", "127.0.0.1")
    try:
        options = ("--executor", "dask", "--address", scheduler.address, "--wait-for-workers", "1500 ms")
        done = neuro_mod("repeat", config, "--n-repeats", 2, "--out", tmp_path / "out", *options)
    finally:
        scheduler.close()
    assert done.returncode == 4
    reason = f"the Dask scheduler at {scheduler.address} has no workers"
    assert f"no worker for 2 s: {reason}" in done.stderr
    assert "0 of 2 repeats finished; rerun the command to resume" in done.stderr
