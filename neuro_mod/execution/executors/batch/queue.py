"""What the batch system says about jobs: whether they wait, and why; how long they may run; how they ended."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from neuro_mod.errors import NeuroModError

#: Seconds that a program of the batch system has to answer.
_PATIENCE = 20.0


class QueuedJob(NamedTuple):
    """A job in the queue.

    Args:
        state: ``PENDING``, ``RUNNING``, ...
        reason: Why it waits; empty if it does not.
        seconds_left: Until its time limit; None if there is none, or it does not run.
    """

    state: str
    reason: str
    seconds_left: float | None


class Ended(NamedTuple):
    """How a job ended.

    Args:
        state: ``COMPLETED``, ``CANCELLED``, ``TIMEOUT``, ...; ``ENDED`` if the batch system no longer knows.
        summary: For messages.
    """

    state: str
    summary: str


class QueueSilentError(NeuroModError, RuntimeError):
    """The batch system does not answer, as while its controller is restarted."""


class Queue:
    """A batch system that tells nothing about jobs here: of these, only what their workers show is known."""

    #: The program that shows the queue to the user.
    program = ""
    #: Whether `jobs` knows anything.
    answers = False

    def jobs(self, name: str) -> Mapping[str, QueuedJob]:
        """The jobs of a name that wait or run, by their number.

        Raises:
            QueueSilentError: It does not answer.
        """
        del name
        return {}

    def ended(self, number: str) -> Ended:
        """How a job ended that no longer is in the queue."""
        return Ended("ENDED", f"job {number} ended")

    def cancel(self, name: str) -> None:
        """Cancel all jobs of a name, as far as that is possible without their numbers."""


class SlurmQueue(Queue):
    """The queue of SLURM."""

    program, answers = "squeue", True

    def jobs(self, name: str) -> Mapping[str, QueuedJob]:
        """See `Queue.jobs`."""
        lines = _output("squeue", "--noheader", f"--name={name}", "--format=%i|%T|%L|%r").splitlines()
        found = (line.strip().split("|", 3) for line in lines if line.count("|") >= 3)
        return {
            number: QueuedJob(state, "" if reason == "None" else reason, _seconds(left) if state == "RUNNING" else None)
            for number, state, left, reason in found
        }

    def ended(self, number: str) -> Ended:
        """See `Queue.ended`."""
        with suppress(QueueSilentError):
            about = dict(re.findall(r"(\w+)=(\S+)", _output("scontrol", "--oneliner", "show", "job", number)))
            state = about.get("JobState", "ENDED")
            code, _, signal = about.get("ExitCode", "").partition(":")
            details = [
                about.get("Reason", "None") if about.get("Reason") != "None" else "",
                f"exit code {code}" if code not in {"", "0"} else "",
                f"signal {signal}" if signal not in {"", "0"} else "",
                f"on {about['NodeList']}" if about.get("NodeList", "(null)") != "(null)" else "",
            ]
            more = ", ".join(filter(None, details))
            return Ended(state, f"job {number} ended: {state}{f' ({more})' if more else ''}")
        return super().ended(number)

    def cancel(self, name: str) -> None:
        """See `Queue.cancel`."""
        with suppress(QueueSilentError):
            _output("scancel", f"--name={name}")


#: By the name of the batch system; the others of `Batch` are asked nothing.
QUEUES: dict[str, type[Queue]] = {"slurm": SlurmQueue}


def queue_of(scheduler: str) -> Queue:
    """The queue of a batch system."""
    return QUEUES.get(scheduler, Queue)()


def _output(*command: str) -> str:
    try:
        ended = subprocess.run(
            command, capture_output=True, text=True, timeout=_PATIENCE, start_new_session=True, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise QueueSilentError(f"{command[0]} does not answer: {error}") from error
    if ended.returncode:
        said = (ended.stderr or ended.stdout).strip().splitlines()
        raise QueueSilentError(f"{command[0]}: {said[-1] if said else f'exit code {ended.returncode}'}")
    return ended.stdout


def _seconds(text: str) -> float | None:
    """Seconds of a time as SLURM writes it, ``[DAYS-][[HOURS:]MINUTES:]SECONDS``; None if it is none."""
    if not re.fullmatch(r"(\d+-)?(\d+:){0,2}\d+", text):
        return None
    days, _, clock = text.rpartition("-")
    parts: Sequence[str] = clock.split(":")
    return int(days or 0) * 86400 + sum(int(part) * 60**power for power, part in enumerate(reversed(parts)))
