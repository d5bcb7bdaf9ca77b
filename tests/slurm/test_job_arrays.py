"""A sweep without a driver: shards in a job array on a real SLURM, joined afterwards."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from tests.helpers.folders import data_in, n_finished
from tests.helpers.processes import ENVIRONMENT, NEURO_MOD, run_python, wait_until
from tests.helpers.shared import CONFIGS, ROOT

pytestmark = pytest.mark.slurm

N_SHARDS = 6
#: 36 runs of half a second or more each.
SWEEP = f"""\
config: {CONFIGS / "snn_test_run.yaml"}
set: {{init_params.duration_sec: 60, settings.plot: false}}
parameters: {{arousal.level: {{from: 0.0, to: 0.5, n: 6}}}}
repeats: 6
measures: [rates]
keep_spikes: true
"""


def submit(slurm, script: Path, array: str) -> str:
    """Submit some tasks; returns the number of the array."""
    return slurm.ask("sbatch", "--parsable", f"--array={array}", f"--output={script.parent}/%A_%a.out", str(script))


def tasks(slurm, array: str) -> dict[int, str]:
    """State of each task that waits or runs, by its number; those that wait together have none."""
    lines = (line.split("|") for line in slurm.ask("squeue", "-h", "-r", "-o", "%F|%K|%T").splitlines())
    return {int(task): state for number, task, state in lines if number == array}


def test_a_sweep_in_a_job_array_of_six_is_joined_whatever_happens_to_its_tasks(slurm, tmp_path):
    file, study, serial = tmp_path / "sweep.yaml", tmp_path / "study", tmp_path / "serial"
    file.write_text(SWEEP)
    command = [sys.executable, *NEURO_MOD, "sweep", str(file), "--out", str(study), "--executor", "serial"]
    script = tmp_path / "array.sh"
    environment = "\n".join(f"export {name}={shlex.quote(ENVIRONMENT[name])}" for name in ("PYTHONPATH", "PATH"))
    shard = f"{shlex.join(command)} --shard $SLURM_ARRAY_TASK_ID/{N_SHARDS}"
    script.write_text(
        f"#!/bin/bash\n#SBATCH --cpus-per-task=1 --mem=1G --time=5 --requeue --signal=B:TERM@30\ncd {ROOT}\n"
        f"{environment}\nexec {shard}\n"
    )

    def folder(task: int) -> Path:
        return study / "shards" / f"{task}_of_{N_SHARDS}"

    array = submit(slurm, script, f"1-{N_SHARDS}")
    wait_until(lambda: n_finished(folder(1)) and n_finished(folder(2)))
    slurm.ask("scancel", f"{array}_1")
    slurm.ask("scontrol", "requeue", f"{array}_2")
    wait_until(lambda: tasks(slurm, array).keys() <= {2}, seconds=120)
    slurm.ask("scancel", f"{array}_2")  # it would begin again only after some minutes
    wait_until(lambda: not slurm.jobs())

    found = run_python(*NEURO_MOD, "gather", study)
    assert found.returncode == 3 and "with --array=1-2; gather again" in found.stderr
    assert 24 < n_finished(study) < 36

    again = submit(slurm, script, "1,2")
    wait_until(lambda: not tasks(slurm, again), seconds=120)
    joined = run_python(*NEURO_MOD, "gather", study)
    assert joined.returncode == 0, joined.stderr
    assert run_python(*NEURO_MOD, "sweep", file, "--out", serial).returncode == 0
    assert data_in(study) == data_in(serial) and not (study / "shards").exists()
    assert (study / "results.csv").read_bytes() == (serial / "results.csv").read_bytes()
    assert not slurm.jobs()
