"""The code that runs in the workers of a Dask cluster."""

from __future__ import annotations

import os
import re
import shutil
import threading
import time
from pathlib import Path
from typing import Any

from dask.context import thread_state
from distributed import WorkerPlugin, get_worker

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

    Args:
        name: Of the task.
        packed: The task.
    """

    def __init__(self, name: str, packed: bytes):
        self.name = name
        self._packed = packed

    def setup(self, worker: Any) -> None:
        """Called by Dask in each worker."""
        _tasks[self.name] = unpack(self._packed)

    def teardown(self, worker: Any) -> None:
        """Called by Dask when the plugin is removed."""
        _tasks.pop(self.name, None)


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


def log_name(name: Any) -> str:
    """The name of a worker as a file name."""
    return re.sub(r"[^\w.-]+", "_", str(name))
