"""One try of an item, wherever it is done."""

from __future__ import annotations

import time
import traceback
from typing import Any

from neuro_mod.execution.executors.base import Outcome, Task
from neuro_mod.execution.progress import Report


def do_item(task: Task, index: int, argument: Any, report: Report, worker: str) -> Outcome:
    """Try an item.

    Args:
        task: What to do.
        index: Of the item.
        argument: Of the task.
        report: As for the task.
        worker: Name of the worker.

    Returns:
        How it ended, whatever it raised.
    """
    start = time.monotonic()
    result, error, text = None, None, ""
    try:
        result = task(argument, report)
    except BaseException as raised:  # a task that exits ends itself, not its worker
        text = traceback.format_exc()
        error = raised.with_traceback(None) if isinstance(raised, Exception) else _as_exception(raised)
    return Outcome(index, result, error, text, worker, time.monotonic() - start)


def _as_exception(raised: BaseException) -> Exception:
    return RuntimeError(f"the task raised {type(raised).__name__}: {raised}")
