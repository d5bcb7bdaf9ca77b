"""What programs of SLURM print, from programs that print what the tests say."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from neuro_mod.execution.executors import left_jobs
from neuro_mod.execution.executors.batch import queue as queues
from neuro_mod.execution.executors.batch.programs import ProgramError, output_of
from neuro_mod.execution.executors.batch.queue import Ended, QueuedJob, QueueSilentError, queue_of


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Writes a program that is found before any other of its name."""
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    def write(name, script):
        file = tmp_path / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)
        return file

    return write


@pytest.fixture
def slurm():
    return queue_of("slurm")


def shown(program, *lines):
    program("squeue", "cat <<'END'\n" + "\n".join(lines) + "\nEND")


def test_jobs_that_wait_and_run_with_their_times_and_reasons(slurm, program):
    shown(
        program,
        "7|PENDING|10:00|Resources",
        "8|RUNNING|1-02:03:04|None",
        "9|PENDING|1:00:00|(Nodes required for job are DOWN | DRAINED)",
        "10|RUNNING|59|None",
        "11|RUNNING|UNLIMITED|None",
        "12|RUNNING|NOT_SET|None",
        "13|RUNNING|INVALID|None",
        "14|COMPLETING|2:00|None",
        "a line of a site's own",
        "",
    )
    assert slurm.jobs("x") == {
        "7": QueuedJob("PENDING", "Resources", None),
        "8": QueuedJob("RUNNING", "", 93784.0),
        "9": QueuedJob("PENDING", "(Nodes required for job are DOWN | DRAINED)", None),
        "10": QueuedJob("RUNNING", "", 59.0),
        "11": QueuedJob("RUNNING", "", None),
        "12": QueuedJob("RUNNING", "", None),
        "13": QueuedJob("RUNNING", "", 0.0),
        "14": QueuedJob("COMPLETING", "", None),
    }
    shown(program)
    assert slurm.jobs("x") == {}


def test_the_queue_is_asked_for_the_jobs_of_one_name_whatever_the_user_prefers_to_see(slurm, program, monkeypatch):
    monkeypatch.setenv("SQUEUE_STATES", "RUNNING")
    program("squeue", 'echo "$* $SQUEUE_STATES" >&2; exit 1')
    with pytest.raises(QueueSilentError, match=r"squeue: --all --noheader --name=mine --format=%i\|%T\|%L\|%r$"):
        slurm.jobs("mine")
    assert slurm.cancelling("mine") == ("scancel", "--name=mine")


def test_a_program_that_fails_hangs_or_is_missing_is_silence(slurm, program, monkeypatch, tmp_path):
    program("squeue", "echo 'squeue: error: Unable to contact slurm controller' >&2; exit 1")
    with pytest.raises(QueueSilentError, match=r"^squeue: error: Unable to contact slurm controller$"):
        slurm.jobs("x")
    program("squeue", "exit 3")
    with pytest.raises(QueueSilentError, match=r"^squeue: exit code 3$"):
        slurm.jobs("x")
    monkeypatch.setattr(queues, "_PATIENCE", 0.4)
    program("squeue", "exec sleep 30")
    begin = time.monotonic()
    with pytest.raises(QueueSilentError, match=r"^squeue does not answer within 0 s$"):
        slurm.jobs("x")
    assert time.monotonic() - begin < 5
    (tmp_path / "squeue").unlink()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(QueueSilentError, match=r"^squeue cannot be started: No such file or directory$"):
        slurm.jobs("x")


ENDS = [
    ("JobState=TIMEOUT Reason=TimeLimit ExitCode=0:9", "TIMEOUT", "TIMEOUT (TimeLimit, signal 9, on n1)"),
    ("JobState=COMPLETING Reason=TimeLimit ExitCode=0:0", "TIMEOUT", "TIMEOUT (TimeLimit, on n1)"),
    ("JobState=COMPLETING Reason=OutOfMemory ExitCode=0:125", "OUT_OF_MEMORY", None),
    ("JobState=COMPLETING Reason=None ExitCode=0:0", "COMPLETING", "COMPLETING (on n1)"),
    ("JobState=FAILED Reason=NonZeroExitCode ExitCode=3:0", "FAILED", "FAILED (NonZeroExitCode, exit code 3, on n1)"),
    ("JobState=CANCELLED Reason=None ExitCode=0:15", "CANCELLED", "CANCELLED (signal 15, on n1)"),
    ("", "ENDED", "ENDED (on n1)"),
]


@pytest.mark.parametrize(("line", "state", "said"), ENDS)
def test_how_a_job_ended(slurm, program, line, state, said):
    program("scontrol", f"echo 'JobId=7 JobName=x {line} RunTime=00:01:23 NodeList=n1 Comment=(null)'")
    ended = slurm.ended("7")
    assert (ended.state, ended.run_seconds) == (state, 83.0)
    assert said is None or ended.summary == f"job 7 ended: {said}"


def test_a_job_that_ended_long_ago_is_not_silence(slurm, program):
    program("scontrol", "echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1")
    assert slurm.ended("7") == Ended("ENDED", "job 7 ended")
    program("scontrol", "echo 'slurm_load_jobs error: Unable to contact slurm controller' >&2; exit 1")
    with pytest.raises(QueueSilentError, match="Unable to contact"):
        slurm.ended("7")


def test_other_batch_systems_are_asked_nothing(program):
    for name in ("pbs", "lsf", "sge", "htcondor"):
        queue = queue_of(name)
        assert not queue.answers and queue.jobs("x") == {} and queue.cancelling("x") == ()
        assert queue.ended("7").state == "ENDED"


def test_ctrl_c_on_the_terminal_does_not_reach_a_program(program, tmp_path):
    program("submit", f"echo begun > {tmp_path}/begun; sleep 0.5; echo 'job 7'")
    code = "import sys; from neuro_mod.execution.executors.batch.programs import output_of\n"
    code += "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); print(output_of(['submit'], 10))"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True, env=os.environ
    )
    while not (tmp_path / "begun").exists():
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    assert process.communicate()[0].strip() == "job 7"


def test_what_a_program_prints_that_is_no_text_is_shown_nevertheless(program):
    program("submit", r"printf '\377 no' >&2; exit 1")
    with pytest.raises(ProgramError, match=r"^submit: . no$"):
        output_of(["submit"], 5.0)


def test_a_note_says_how_the_jobs_of_a_killed_process_are_cancelled(program, tmp_path, monkeypatch):
    program("scancel", f'echo "$@" >> {tmp_path}/cancelled; exit "$STATUS"')
    assert left_jobs.noted(tmp_path) == [] and left_jobs.run([])
    left_jobs.note(tmp_path, ["scancel", "1"])
    left_jobs.note(tmp_path, ["scancel", "1", "2"])
    monkeypatch.setenv("STATUS", "0")
    assert left_jobs.run(left_jobs.noted(tmp_path)) and (tmp_path / "cancelled").read_text() == "1 2\n"
    monkeypatch.setenv("STATUS", "1")
    assert not left_jobs.run(left_jobs.noted(tmp_path)) and not left_jobs.run(["no such program"])
    left_jobs.note(tmp_path / "missing", ["scancel"])


@pytest.mark.parametrize(
    "command",
    [
        ["rm", "-r", "/"],
        ["scancel", "--user=me"],
        ["scancel", "--name=others"],
        ["scancel", "--name=neuro_mod-0123abcd", "--signal=KILL"],
        ["/tmp/scancel", "1"],
        ["qdel", "-a"],
        ["qdel", "1; rm -r /"],
        ["qdel"],
        "scancel 1",
        {"scancel": 1},
        5,
    ],
)
def test_a_note_that_says_anything_else_is_not_obeyed(tmp_path, command):
    (tmp_path / "cancel.json").write_text(json.dumps(command))
    assert left_jobs.noted(tmp_path) == []
