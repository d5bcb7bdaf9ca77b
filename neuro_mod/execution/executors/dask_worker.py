"""The code that runs in the workers of a Dask cluster."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
import threading
import time
from collections.abc import Awaitable, Collection
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import psutil
from dask.context import thread_state
from distributed import WorkerPlugin, get_worker

from neuro_mod import __version__
from neuro_mod.errors import InputError, invalid
from neuro_mod.execution.executors import left_jobs
from neuro_mod.execution.executors.base import Stopped
from neuro_mod.execution.executors.core_limit import CoreLimit
from neuro_mod.execution.executors.item import do_item
from neuro_mod.execution.executors.processes import wait_for_parent
from neuro_mod.execution.executors.sending import pack_outcome, unpack
from neuro_mod.execution.executors.worker_log import WorkerLog

#: Name of the environment variable with the id of the process that started the workers of this machine.
PARENT = "NEURO_MOD_PARENT"
#: Name of the environment variable with the folder of their files.
FOLDER = "NEURO_MOD_DASK_FOLDER"
#: Seconds within which a batch system accepts a job that was being submitted as the parent was killed.
_SUBMITTING = 10.0

_tasks: dict[str, Any] = {}
_core_limits: list[CoreLimit] = []


def dask_setup(_: Any) -> None:
    """Called by Dask as a scheduler or a worker starts; one of this machine ends with the process that started it."""
    if PARENT in os.environ:
        threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    wait_for_parent(int(os.environ[PARENT]))
    folder = Path(os.environ[FOLDER])
    cancelling = left_jobs.noted(folder)
    left_jobs.run(cancelling)
    shutil.rmtree(folder, ignore_errors=True)
    if cancelling:  # once more, as the parent may have been submitting a job
        time.sleep(_SUBMITTING)
        left_jobs.run(cancelling)
    os._exit(1)


class TaskPlugin(WorkerPlugin):
    """Sends a task to all workers, also those that start later.

    A worker that starts later ends itself if it cannot load the task, or has another version of this package, which may
    give other bytes.

    Args:
        name: Of the task, and of the events that say why a worker ended itself.
        packed: The task.
        present: Addresses of the workers that are there already; they go on, and Dask raises their errors where the
            plugin is registered.
    """

    def __init__(self, name: str, packed: bytes, present: Collection[str] = ()):
        self.name = name
        self._packed, self._present, self._version = packed, present, __version__

    def setup(self, worker: Any) -> Awaitable[None] | None:
        """Called by Dask in each worker.

        Raises:
            Exception: The worker was there before, and has another version of this package or cannot load the task.
        """
        try:
            if self._version != __version__:
                expected = f"{self._version}, the version that submits the items"
                raise invalid(f"neuro_mod of a worker on {platform.node()}", __version__, expected)
            _tasks[self.name] = unpack(self._packed)
        except Exception as error:
            if worker.address in self._present:
                raise
            return self._end(worker, error)
        return None

    def teardown(self, worker: Any) -> None:
        """Called by Dask when the plugin is removed."""
        _tasks.pop(self.name, None)

    async def _end(self, worker: Any, error: Exception) -> None:
        """End the process of a worker before it takes an item; Dask would ignore an exception."""
        said = str(error)
        if not isinstance(error, InputError):
            said = f"a worker on {platform.node()} cannot load the task ({type(error).__name__}: {said})"
        print(said, file=sys.stderr, flush=True)  # noqa: T201 -- for the output of its job
        worker.log_event(self.name, said)
        await worker.batched_stream.close()  # which sends the event
        os._exit(1)


def work(task_name: str, index: int, packed: bytes, name: str, logs: Path | None) -> bytes:
    """Do one item in a worker.

    Args:
        task_name: Name of the task's plugin.
        index: Of the item.
        packed: Argument of the task.
        name: What the log calls the item.
        logs: Folder of the logs.

    Returns:
        The completion, packed.
    """
    if not _core_limits:
        _core_limits.append(CoreLimit())
    _core_limits[0].renew()
    worker, key = get_worker(), thread_state.key

    def task(argument: bytes, report: Any) -> Any:
        return _tasks[task_name](unpack(argument), report)

    def report(_: float) -> None:
        state = worker.state.tasks.get(key)
        if state is None or state.state == "cancelled":
            raise Stopped

    return pack_outcome(do_item(task, index, packed, name, report, WorkerLog(logs, log_name(worker.name))))


class Place(NamedTuple):
    """Where a task runs.

    Args:
        memory: Bytes that its worker may use; 0 for any number.
        job_seconds: Seconds since its batch job, or whatever else started the worker, began.
    """

    memory: int
    job_seconds: float


def this_place() -> Place:
    """Where the task that calls it runs."""
    processes = [process for process in psutil.Process().parents() if _session(process.pid) == os.getsid(0)]
    began = min(process.create_time() for process in [psutil.Process(), *processes])
    return Place(int(get_worker().memory_manager.memory_limit or 0), time.time() - began)


def _session(process: int) -> int | None:
    with suppress(OSError):
        return os.getsid(process)
    return None


def log_name(name: Any) -> str:
    """The name of a worker as a file name."""
    return re.sub(r"[^\w.-]+", "_", str(name))
