"""Processes that tests start, and files from which tests learn how far these are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helpers.shared import ROOT

ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}
#: Seconds in which anything here happens, and between two looks at whether it has.
_PATIENCE, _INTERVAL = 60.0, 0.02


def run_python(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run Python to its end."""
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=cwd, env=ENVIRONMENT, check=False)


def start_python(*arguments: object) -> subprocess.Popen[str]:
    """Start Python in a process group of its own."""
    command = [sys.executable, *map(str, arguments)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT, start_new_session=True
    )


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[str] | None = None) -> None:
    """Wait for something to happen while a process runs."""
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        assert process is None or process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(_INTERVAL)


def n_finished(folder: Path) -> int:
    """How many items a folder says are finished."""
    ledger = folder / "metadata/finished.jsonl"
    return ledger.read_bytes().count(b"\n") if ledger.exists() else 0


def run_json(folder: Path) -> dict:
    """What a folder says about its run."""
    return json.loads((folder / "metadata/run.json").read_text())


def files_in(folder: Path) -> set[str]:
    """All files, by their path within the folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def data_in(folder: Path) -> dict[str, bytes]:
    """Bytes of the results."""
    return {name: (folder / name).read_bytes() for name in files_in(folder) if name.startswith("data/")}


def assert_all_ended(group: int) -> None:
    """No process of a group is left, after a moment for the last to go."""
    deadline = time.monotonic() + 5.0
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(_INTERVAL)
    pytest.fail("processes are left")
