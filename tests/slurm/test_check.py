"""``neuro-mod cluster check`` on a real SLURM."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from tests.helpers.processes import NEURO_MOD, start_python, wait_until
from tests.helpers.shared import ROOT

pytestmark = pytest.mark.slurm


@pytest.fixture
def check(slurm, tmp_path):
    """Checks a file to the end, with a folder of its own for results; returns what is printed."""
    folder = tmp_path / "results"
    folder.mkdir()

    def run(file, *options, code=0):
        process = start(slurm, file, "--out", folder, *options)
        out, err = process.communicate(timeout=200)
        assert process.returncode == code, out + err
        wait_until(lambda: not slurm.jobs(), seconds=10)
        assert not list(folder.iterdir())
        return out, err

    return run


def start(slurm, *arguments):
    return start_python(*NEURO_MOD, "cluster", "check", *arguments, **slurm.environment)


def test_a_good_file(check, cluster_file, slurm):
    out, err = check(cluster_file(cores=os.cpu_count()), "--json")
    said = json.loads(out)
    assert said["works"] and said["n_workers"] == os.cpu_count() and "job" in err
    assert [finding["topic"] for finding in said["findings"]] == [
        *("job", "node", "versions", "folder", "kernels", "clock", "simulation")
    ]
    assert {finding["level"] for finding in said["findings"]} == {"ok"}
    assert said["seen"]["host"].startswith(slurm.host) and said["start_seconds"] < 60
    out, _ = check(cluster_file())
    assert out.startswith("job         accepted by slurm; ") and out.endswith("\na study would work\n")


def test_a_wrong_partition_is_refused_in_the_words_of_slurm(check, cluster_file):
    out, err = check(cluster_file(queue="nowhere"), code=2)
    assert out == "" and "invalid partition specified" in err.lower()


def test_a_job_that_does_not_start_is_said_with_its_reason(check, cluster_file):
    _, err = check(cluster_file(queue="closed"), "--wait-for-workers", 10, code=4)
    assert "no worker for 10 s: 1 job pending (PartitionDown)" in err
    assert "0 of 1 checks done, no worker for" in err


def test_a_python_without_the_package_is_said_after_one_job(check, cluster_file):
    out, err = check(cluster_file(python="/usr/bin/python3"), "--json", code=2)
    said = json.loads(out)
    assert not said["works"] and "a job ended before a worker began an item" in said["failure"]
    assert "No module named" in said["failure"] and err.count("submitted") == 1


def test_another_version_of_the_package_is_an_error_that_names_both(check, cluster_file, tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import neuro_mod\nneuro_mod.__version__ = '9.9'")
    setup = [f"export PYTHONPATH={tmp_path}{os.pathsep}{ROOT}"]
    _, err = check(cluster_file(python=sys.executable, setup=setup), code=2)
    assert '"9.9" found; expected' in err and err.count("submitted") == 1


@pytest.mark.skipif(shutil.which("unshare") is None, reason="no unshare")
def test_a_folder_that_the_node_does_not_see_is_named(slurm, cluster_file, tmp_path):
    folder, file = tmp_path / "results", cluster_file()
    folder.mkdir()
    command = [sys.executable, *NEURO_MOD, "cluster", "check", str(file), "--out", str(folder)]
    elsewhere = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none "$0" && exec "$@"', str(folder)]
    environment = os.environ | slurm.environment | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*elsewhere, *command], env=environment, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 2, done.stderr
    assert f"does the node see {folder}, and may it write there?" in done.stderr
    wait_until(lambda: not slurm.jobs(), seconds=10)


@pytest.mark.parametrize("seconds", [0.5, 1.5, 2.0, 2.5, 3.0, 6.0])
def test_ctrl_c_leaves_nothing_in_the_queue(slurm, cluster_file, tmp_path, seconds):
    process = start(slurm, cluster_file(queue="closed"), "--out", tmp_path)
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    begin = time.monotonic()
    _, err = process.communicate(timeout=60)
    # interrupted within an import, Python ends by the signal itself, which shells show as 130 too
    assert process.returncode in {130, -signal.SIGINT}, err
    assert time.monotonic() - begin < 10
    time.sleep(2)
    assert not slurm.jobs() and not list(tmp_path.glob(".neuro_mod-*"))
