"""Batch jobs of a process that was killed: a file in its folder says how they are cancelled."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

_FILE = "cancel.json"
#: All that such a command may be: a program of a batch system, and the name or the numbers of jobs.
_CANCELS = re.compile(r"scancel --name=neuro_mod-[0-9a-f]{8}|(scancel|qdel|bkill|condor_rm)( \d+[\w.\[\]]*)+")
#: Seconds that cancelling may take.
_PATIENCE = 20.0


def note(folder: Path, command: Sequence[str]) -> None:
    """Note the command that cancels the jobs of this process, if the disk has room for it.

    Args:
        folder: Of its files.
        command: Program and arguments.
    """
    new = folder / f"{_FILE}.new"
    with suppress(OSError):
        new.write_text(json.dumps(list(command)))
        new.replace(folder / _FILE)


def noted(folder: Path) -> list[str]:
    """The command that was noted; empty if there is none, or the file says anything but to cancel such jobs."""
    with suppress(OSError, ValueError):
        command = json.loads((folder / _FILE).read_text())
        if isinstance(command, list) and _CANCELS.fullmatch(" ".join(map(str, command))):
            return list(map(str, command))
    return []


def run(command: Sequence[str]) -> bool:
    """Run a command that cancels jobs, if there is one; returns whether it succeeded."""
    if not command:
        return True
    with suppress(OSError, subprocess.TimeoutExpired):
        ended = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE, check=False,
            start_new_session=True,
        )  # fmt: skip
        return ended.returncode == 0
    return False
