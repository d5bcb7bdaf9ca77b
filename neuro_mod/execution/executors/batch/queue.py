"""What the batch system says about jobs: whether they wait, and why; how long they may run; how they ended."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from neuro_mod.errors import NeuroModError
from neuro_mod.execution.executors.batch.programs import ProgramError, output_of

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
        state: ``COMPLETED``, ``CANCELLED``, ``TIMEOUT``, ...; ``RUNNING`` if it has not ended; ``ENDED`` if the batch
            system no longer knows.
        summary: For messages.
        run_seconds: How long it ran since it was last started, if that is known.
    """

    state: str
    summary: str
    run_seconds: float | None = None


class QueueSilentError(NeuroModError, RuntimeError):
    """The batch system does not answer, as while its controller is restarted."""


class Queue:
    """A batch system that tells nothing about jobs here: of these, only what their workers show is known."""

    #: Whether `jobs` and `ended` know anything.
    answers = False

    def jobs(self, name: str) -> Mapping[str, QueuedJob]:
        """The jobs of a name that wait, run, or are about to end, by their number.

        Raises:
            QueueSilentError: It does not answer.
        """
        del name
        return {}

    def ended(self, number: str) -> Ended:
        """How a job ended that no longer is in the queue.

        Raises:
            QueueSilentError: It does not answer.
        """
        return Ended("ENDED", f"job {number} ended")

    def cancelling(self, name: str) -> Sequence[str]:
        """The command that cancels all jobs of a name; empty if their numbers are needed."""
        del name
        return ()


class SlurmQueue(Queue):
    """The queue of SLURM."""

    answers = True

    def jobs(self, name: str) -> Mapping[str, QueuedJob]:
        """See `Queue.jobs`."""
        # --all: partitions may be hidden
        lines = _answer("squeue", "--all", "--noheader", f"--name={name}", "--format=%i|%T|%L|%r").splitlines()
        found = (line.strip().split("|", 3) for line in lines if line.count("|") >= 3)
        return {
            number: QueuedJob(state, "" if reason == "None" else reason, _seconds_left(state, left))
            for number, state, left, reason in found
        }

    def ended(self, number: str) -> Ended:
        """See `Queue.ended`."""
        try:
            said = _answer("scontrol", "--oneliner", "show", "job", number)
        except QueueSilentError as error:
            if _FORGOTTEN in str(error):
                return super().ended(number)
            raise
        about = {key: value for key, value in re.findall(r"(\w+)=(\S+)", said) if value not in _NOTHING}
        state, reason = about.get("JobState", "ENDED"), about.get("Reason", "")
        if state == "COMPLETING":  # for some seconds, until all its processes have ended
            state = _STATES.get(reason, state)
        code, _, signal = about.get("ExitCode", "").partition(":")
        details = [
            reason,
            f"exit code {code}" if code not in {"", "0"} else "",
            f"signal {signal}" if signal not in {"", "0"} else "",
            f"on {about['NodeList']}" if "NodeList" in about else "",
        ]
        more = ", ".join(filter(None, details))
        summary = f"job {number} ended: {state}{f' ({more})' if more else ''}"
        return Ended(state, summary, seconds_of(about.get("RunTime", "")))

    def cancelling(self, name: str) -> Sequence[str]:
        """See `Queue.cancelling`."""
        return "scancel", f"--name={name}"


#: What scontrol says of a job that ended too long ago.
_FORGOTTEN = "Invalid job id"
#: How it writes that there is nothing to say.
_NOTHING = frozenset({"None", "(null)"})
#: The states in which jobs end, by the reasons that scontrol gives.
_STATES = {"TimeLimit": "TIMEOUT", "OutOfMemory": "OUT_OF_MEMORY", "NonZeroExitCode": "FAILED", "NodeDown": "NODE_FAIL"}

#: By the name of the batch system; the others of `BatchSystem` are asked nothing.
QUEUES: dict[str, type[Queue]] = {"slurm": SlurmQueue}


def queue_of(scheduler: str) -> Queue:
    """The queue of a batch system."""
    return QUEUES.get(scheduler, Queue)()


def _answer(*command: str) -> str:
    try:
        return output_of(command, _PATIENCE)
    except ProgramError as error:
        raise QueueSilentError(str(error)) from error


def _seconds_left(state: str, text: str) -> float | None:
    if state != "RUNNING":
        return None
    return 0.0 if text == "INVALID" else seconds_of(text)  # as SLURM writes a time below 0


def seconds_of(text: str) -> int | None:
    """Seconds of a time as SLURM writes it, ``[DAYS-][[HOURS:]MINUTES:]SECONDS``; None if it is none."""
    if not re.fullmatch(r"(\d+-)?(\d+:){0,2}\d+", text):
        return None
    days, _, clock = text.rpartition("-")
    parts: Sequence[str] = clock.split(":")
    return int(days or 0) * 86400 + sum(int(part) * 60**power for power, part in enumerate(reversed(parts)))
