"""Processes that tests start and wait for."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.shared import ROOT

#: `python` and `neuro-mod` are those of the tests, and the package is the one in this checkout.
ENVIRONMENT = os.environ | {
    "PYTHONPATH": str(ROOT),
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
}
#: Seconds within which anything here happens on a busy machine, and within which processes that were stopped end.
PATIENCE, AFTER_THE_END = 60.0, 5.0
NEURO_MOD = ("-m", "neuro_mod")


def run_command(*command: object, cwd: Path | None = None, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [*map(str, command)],
        cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, timeout=3 * PATIENCE, check=False, **options,
    )  # fmt: skip


def run_python(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run Python to its end."""
    return run_command(sys.executable, *arguments, **options)


def start_python(*arguments: object, **environment: str) -> subprocess.Popen[str]:
    """Start Python in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, *map(str, arguments)],
        env=ENVIRONMENT | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_until(
    condition: Callable[[], Any], process: subprocess.Popen[str] | None = None, seconds: float = PATIENCE
) -> Any:
    """Wait for a condition to hold, while a process runs if one is given, and return what it gave."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert process is None or process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(2e-3)
    return found


def assert_group_ends(group: int) -> None:
    """No process of a group is left, after a moment for the last to end."""
    deadline = time.monotonic() + AFTER_THE_END
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(2e-3)
    pytest.fail("processes are left")
