"""Drivers of tiny work in processes of their own, what disturbs them, and what they leave."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from neuro_mod.execution import jobs
from neuro_mod.execution.jobs.ledger import Ledger
from neuro_mod.storage.names import FINISHED
from tests.helpers.folders import data_in, run_json
from tests.helpers.processes import AFTER_THE_END, PATIENCE, start_python, wait_until
from tests.helpers.tiny_job import TinyJob, numbers


@contextmanager
def driver(folder: Path, what: dict[str, Any], **how: Any) -> Iterator[subprocess.Popen[str]]:
    """A process in a group of its own that does tiny work."""
    code = "from tests.helpers import tiny_job; tiny_job.main()"
    process = start_python("-c", code, folder, json.dumps(what), json.dumps(how))
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def drive(folder: Path, what: dict[str, Any], **how: Any) -> tuple[int, str]:
    """Exit code and stderr of a driver that is left alone."""
    with driver(folder, what, **how) as process:
        _, said = process.communicate(timeout=4 * PATIENCE)
        return process.returncode, said


def children(pid: int) -> list[psutil.Process]:
    """All processes below one."""
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).children(recursive=True)
    return []


def workers(pid: int) -> list[psutil.Process]:
    """Worker processes below one: they do the work, other children only look after it."""
    return [child for child in children(pid) if _runs_module(child, "popen_loky_posix", "distributed.cli.dask_worker")]


def schedulers(pid: int) -> list[psutil.Process]:
    """Dask schedulers below one."""
    return [child for child in children(pid) if _runs_module(child, "distributed.cli.dask_scheduler")]


def _runs_module(process: psutil.Process, *names: str) -> bool:
    with suppress(psutil.NoSuchProcess):
        return any(argument.endswith(names) for argument in process.cmdline())
    return False


def assert_all_end(processes: list[psutil.Process]) -> None:
    wait_until(lambda: not any(map(_runs, processes)), seconds=AFTER_THE_END)


def _runs(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def tries(trace: Path) -> list[int]:
    """The item of each try so far."""
    return [int(line) for line in trace.read_text().split()] if trace.exists() else []


def keys(folder: Path) -> list[str]:
    return [entry.key for entry in Ledger(folder / FINISHED)]


def undisturbed(folder: Path, n_items: int) -> dict[str, bytes]:
    """The results of a run that nothing happened to, and that calculated what it should."""
    jobs.run(TinyJob(n_items), folder)
    found = data_in(folder)
    for index in range(n_items):
        assert json.loads(found[f"data/item_{index}.json"]) == numbers(1000 + index)
    return found


def assert_complete(folder: Path, expected: dict[str, bytes], n_items: int) -> None:
    """Everything is there once, and as it would be had nothing happened."""
    assert sorted(keys(folder)) == sorted(f"item {index}" for index in range(n_items))
    assert data_in(folder) == expected
    assert json.loads((folder / "metadata/manifest.json").read_text())["files"].keys() >= expected.keys()
    assert run_json(folder)["n_finished"] == n_items
