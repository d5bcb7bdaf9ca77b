"""Calls of the programs of a batch system."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from threading import Event

from neuro_mod.errors import NeuroModError

#: Seconds between two looks whether a call is still wanted.
_INTERVAL = 0.2
#: Settings of the user that would change what squeue shows.
_NOT_OURS = "SQUEUE_"


class ProgramError(NeuroModError, RuntimeError):
    """A program of the batch system failed; the message is what it printed, after its name.

    Args:
        message: What it printed.
        answered: Whether it ended by itself.
    """

    def __init__(self, message: str, answered: bool = True):
        super().__init__(message)
        self.answered = answered


def output_of(command: Sequence[str], patience: float, unwanted: Event | None = None, name: str = "") -> str:
    """What a program prints on its standard output.

    Ctrl-C on the terminal does not reach it: it might have submitted a job, whose number would be lost.

    Args:
        command: Program and arguments.
        patience: Seconds after which it is killed.
        unwanted: Kills it, too.
        name: Of the program in messages; by default that of the command.

    Raises:
        ProgramError: It cannot be started, does not end in time, or fails.
    """
    name = name or command[0]
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env={key: value for key, value in os.environ.items() if not key.startswith(_NOT_OURS)},
            start_new_session=True,
        )
    except OSError as error:
        raise ProgramError(f"{name} cannot be started: {error.strerror}") from error
    left = patience
    while left > 0 and not (unwanted is not None and unwanted.is_set()):
        with suppress(subprocess.TimeoutExpired):
            out, err = process.communicate(timeout=_INTERVAL)
            break
        left -= _INTERVAL
    else:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # and what it started, which would keep its output open
        process.communicate()
        why = "is no longer wanted" if left > 0 else f"does not answer within {patience:.0f} s"
        raise ProgramError(f"{name} {why}", answered=False)
    if process.returncode:
        said = " ".join((err.strip() or out).split())
        raise ProgramError(f"{name}: {said.removeprefix(f'{name}: ') or f'exit code {process.returncode}'}")
    return out
