"""One try of an item, in any worker."""

from __future__ import annotations

import time
import traceback
from typing import Any

from neuro_mod.execution.executors.base import Completion, Stopped, Task
from neuro_mod.execution.executors.worker_log import WorkerLog
from neuro_mod.execution.progress import Progress


def do_item(task: Task, index: int, argument: Any, name: str, report: Progress, log: WorkerLog) -> Completion:
    """Try an item.

    Args:
        task: The task.
        index: Of the item.
        argument: Argument of the task.
        name: What the log calls the item.
        report: Second argument of the task.
        log: Of the worker.

    Returns:
        How it ended, whatever it raised.
    """
    log.write("INFO", f"{name} begins")
    start = time.monotonic()
    result, error, text = None, None, ""
    with log.kept(name):
        try:
            result = task(argument, report)
        except BaseException as raised:  # a task that exits does not end its worker
            text = traceback.format_exc()
            error = raised.with_traceback(None) if isinstance(raised, Exception) else _as_exception(raised)
    seconds = time.monotonic() - start
    if error is None:
        log.write("INFO", f"{name} ended after {seconds:.2f} s")
    elif isinstance(error, Stopped):
        log.write("WARNING", f"{name} was stopped after {seconds:.2f} s")
    else:
        log.write("ERROR", f"{name} failed after {seconds:.2f} s\n{text.rstrip()}")
    return Completion(index, result, error, text, log.worker, seconds)


def _as_exception(raised: BaseException) -> Exception:
    return RuntimeError(f"the task raised {type(raised).__name__}: {raised}")
