"""Job scripts of the batch systems, and what their programs answer."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import stat
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from neuro_mod.config.cluster import load_cluster
from neuro_mod.errors import InputError, StorageError
from neuro_mod.execution.executors.batch import cluster as batch_cluster
from neuro_mod.execution.executors.batch import submission as submitting
from neuro_mod.execution.executors.batch.submission import Submission, SubmissionError

WHAT = {"walltime": 5400, "cores": 2, "memory": "3 GB", "jobs": 1, "setup": ["module load python", "source 'my env'"]}
MORE = {
    "slurm": {"queue": "long", "account": "lab", "directives": ["--qos=high"]},
    "pbs": {"queue": "long", "account": "lab", "directives": ["-m e"]},
    "lsf": {"queue": "long", "account": "lab", "directives": ["-x"]},
    "sge": {"queue": "long", "account": "lab", "directives": ["-pe smp 2"]},
    "htcondor": {"disk": "2 GB", "directives": ["+WantFlocking = true"]},
}
LINES = {
    "slurm": [
        "#SBATCH -J study", '#SBATCH -o "{logs}/study-%J.out"', '#SBATCH -e "{logs}/study-%J.err"', "#SBATCH -p long",
        "#SBATCH -A lab", "#SBATCH --cpus-per-task=2", "#SBATCH --mem=2861M", "#SBATCH -t 1:30:00",
        "#SBATCH --qos=high",
    ],
    "pbs": [
        "#PBS -N study", "#PBS -q long", "#PBS -A lab", "#PBS -l select=1:ncpus=2:mem=2862MB",
        "#PBS -l walltime=1:30:00", "#PBS -m e", "#PBS -o {logs}/",
    ],
    "lsf": ["#BSUB -J study", "#BSUB -q long", '#BSUB -P "lab"', "#BSUB -n 2", "#BSUB -W 1:30", "#BSUB -x"],
    "sge": ["#$ -N study", "#$ -q long", "#$ -P lab", "#$ -l h_rt=1:30:00", "#$ -pe smp 2", "#$ -o {logs}/"],
    "htcondor": [
        "MY.DaskWorkerCores = 2", "MY.DaskWorkerMemory = 3000000000", "MY.DaskWorkerDisk = 2000000000",
        "+WantFlocking = true",
    ],
}  # fmt: skip
PROGRAMS = {"slurm": "sbatch", "pbs": "qsub", "lsf": "bsub", "sge": "qsub", "htcondor": "condor_submit"}
ANSWERS = {
    "slurm": ("Submitted batch job 12", "12"),
    "pbs": ("12.server", "12"),
    "lsf": ("Job <12> is submitted to default queue <normal>.", "12"),
    "sge": ('Your job 12 ("study") has been submitted', "12"),
    "htcondor": ("1 job(s) submitted to cluster 12.", "12.0"),
}


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Writes a program that is found before any other of its name."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)

    def write(name, script):
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)

    return write


@pytest.fixture
def submission(tmp_path):
    def make(scheduler, logs="logs", **changes):
        folder = tmp_path / logs
        keys = folder / ".cluster-x"
        keys.mkdir(parents=True)
        cluster = load_cluster({"scheduler": scheduler, **WHAT, **MORE[scheduler], **changes})
        return Submission(cluster, "tls://10.0.0.1:8786", batch_cluster._new_keys(keys), "study", folder)

    return make


def script_of(submission, program, scheduler, tmp_path):
    """What the batch system was given."""
    reads = "cat" if scheduler == "lsf" else 'cat "$1"'
    program(PROGRAMS[scheduler], f"{reads} > {tmp_path}/script; echo '{ANSWERS[scheduler][0]}'")
    assert submission.submit("job_3") == ANSWERS[scheduler][1]
    return (tmp_path / "script").read_text()


@pytest.mark.parametrize("scheduler", PROGRAMS)
def test_a_job_asks_for_what_the_cluster_file_says(submission, program, tmp_path, scheduler):
    script = script_of(submission(scheduler), program, scheduler, tmp_path)
    for line in LINES[scheduler]:
        assert line.format(logs=tmp_path / "logs") in script.splitlines(), script
    text = script.replace("''", "'") if scheduler == "htcondor" else script  # quotes are written twice there
    worker = text.index("-m distributed.cli.dask_worker tls://10.0.0.1:8786 --name job_3 --nthreads 1")
    order = ["module load python", "source 'my env'", "export OMP_NUM_THREADS=1", "export PYTHONPATH="]
    places = [text.index(line) for line in order]
    assert places == sorted(places) and places[-1] < worker
    assert "export DASK_DISTRIBUTED__WORKER__MEMORY__PAUSE=False" in text
    command = shlex.split(text[worker:].splitlines()[0].rstrip('"').rstrip("'"))
    options = dict(pairwise(command))
    assert options["--preload"] == "neuro_mod.execution.executors.dask_worker" and "--nanny" in command
    assert options["--nworkers"] == "2" and options["--memory-limit"] == "1.40GiB" and options["--protocol"] == "tls://"
    for name in ("ca-file", "cert", "key"):
        assert Path(options[f"--tls-{name}"]).read_text().startswith("-----BEGIN")


def test_paths_with_spaces_and_percent_signs(submission, program, tmp_path):
    script = script_of(submission("slurm", "my study, 5 %"), program, "slurm", tmp_path)
    assert f'#SBATCH -o "{tmp_path}/my study, 5 %%/study-%J.out"' in script
    command = shlex.split(script.splitlines()[-1])
    assert command[command.index("--tls-key") + 1].startswith(f"{tmp_path}/my study, 5 %/.cluster-x/")
    with pytest.raises(InputError, match="pbs needs a folder for results without spaces and % in its path"):
        submission("pbs", "another study")


def test_an_interpreter_and_an_interface_of_the_nodes(submission, program, tmp_path):
    own = submission("slurm", python="$HOME/env/bin/python", interface="ib0")
    script = script_of(own, program, "slurm", tmp_path)
    assert "\n$HOME/env/bin/python -m distributed" in script and "--interface ib0" in script
    assert "PYTHONPATH" not in script


@pytest.mark.parametrize("scheduler", PROGRAMS)
def test_a_refusal_is_that_of_the_program(submission, program, scheduler):
    program(PROGRAMS[scheduler], "cat > /dev/null; echo 'no: such queue' >&2; exit 1")
    with pytest.raises(SubmissionError) as refused:
        submission(scheduler).submit("job_0")
    assert str(refused.value) == f"{PROGRAMS[scheduler]}: no: such queue" and not refused.value.is_busy


@pytest.mark.parametrize(
    ("said", "is_busy"),
    [
        ("sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)", True),
        ("sbatch: error: Batch job submission failed: Socket timed out on send/recv operation", True),
        ("qsub: cannot connect to server (errno=111)", True),
        ("sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying", True),
        ("sbatch: error: Invalid account; contact support@example.org", False),
        ("sbatch: error: Batch job submission failed: Invalid partition specified", False),
    ],
)
def test_which_refusals_may_pass(submission, program, said, is_busy):
    program("sbatch", f"echo '{said}' >&2; exit 1")
    with pytest.raises(SubmissionError) as refused:
        submission("slurm").submit("job_0")
    assert refused.value.is_busy is is_busy


def test_a_program_that_is_missing_hangs_or_answers_nonsense(submission, program, monkeypatch, tmp_path):
    own = submission("slurm")
    program("sbatch", "echo welcome")
    with pytest.raises(SubmissionError, match="sbatch: Could not parse job id"):
        own.submit("job_0")
    program("sbatch", "exec sleep 30")
    monkeypatch.setattr(submitting, "_SUBMITTING", 0.4)
    with pytest.raises(SubmissionError, match="sbatch does not answer") as refused:
        own.submit("job_0")
    assert refused.value.is_busy
    monkeypatch.setattr(submitting, "_SUBMITTING", 60)
    own.give_up()
    with pytest.raises(SubmissionError, match="no longer wanted"):
        own.submit("job_0")
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    with pytest.raises(SubmissionError, match="sbatch cannot be started: No such file or directory"):
        submission("slurm", "other").submit("job_0")


def test_what_a_job_printed_is_found_by_its_number(submission, tmp_path):
    own = submission("slurm")
    for name, text in (
        ("study-12.err", "\n".join(map(str, range(30)))), ("study-12.out", "out"), ("study-112.err", "no"),
        ("job_12.log", "no"), ("study-120.err", "no"),
    ):  # fmt: skip
        (tmp_path / "logs" / name).write_text(text)
    assert own.output("12").split() == [*map(str, range(19, 30)), "out"]
    assert own.output("12", 1) == "out" and own.output("13") == ""
    (tmp_path / "logs" / "12.server.ER").write_text("of PBS")
    assert "of PBS" in own.output("12", 99)


def test_cancelling_names_all_numbers_and_may_fail(submission, program, tmp_path):
    program("qdel", f'echo "$@" >> {tmp_path}/cancelled; exit 1')
    submission("pbs").cancel(["1.server", "2.server"])
    assert (tmp_path / "cancelled").read_text() == "1.server 2.server\n"


def test_ctrl_c_is_handled_as_before_dask_jobqueue_was_loaded():
    code = (
        "import signal; before = signal.getsignal(signal.SIGINT), signal.signal\n"
        "from neuro_mod.execution.executors.batch.submission import _load, _JOBS\n"
        "[_load(name) for name in _JOBS]\n"
        "assert (signal.getsignal(signal.SIGINT), signal.signal) == before and before[0] is signal.default_int_handler"
    )
    handler = signal.getsignal(signal.SIGINT)
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert signal.getsignal(signal.SIGINT) == handler


def test_keys_are_for_the_user_alone(tmp_path):
    security = batch_cluster._new_keys(tmp_path)
    files = list(tmp_path.iterdir())
    assert len(files) == 7 and all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)
    assert security.require_encryption and re.match("-----BEGIN", (tmp_path / "tls_worker_key.pem").read_text())
    with pytest.raises(StorageError, match=r"cannot write .*tls_ca_file\.pem: File exists"):
        batch_cluster._new_keys(tmp_path)


def test_what_an_earlier_process_left_is_removed_and_its_jobs_are_cancelled(tmp_path, program):
    left = tmp_path / "logs" / ".cluster-old"
    left.mkdir(parents=True)
    (left / "cancel.json").write_text(json.dumps(["scancel", "--name=neuro_mod-0123abcd"]))
    program("scancel", f'echo "$@" >> {tmp_path}/cancelled')
    folder = batch_cluster._folder(tmp_path / "logs")
    assert (tmp_path / "cancelled").read_text() == "--name=neuro_mod-0123abcd\n" and not left.exists()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"cannot write .*file: Not a directory"):
        batch_cluster._folder(tmp_path / "file")
