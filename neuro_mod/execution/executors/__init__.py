"""Where items are computed: one after the other, in threads, in processes, or on a Dask cluster."""

from neuro_mod.errors import ClusterLostError
from neuro_mod.execution.executors.base import Completion, Executor, Stopped, Task, WorkerDied, WorkerLost
from neuro_mod.execution.executors.choice import (
    EXECUTORS,
    check_address,
    check_cluster,
    check_task,
    choose_executor,
    choose_workers,
    on_this_machine,
    pickles,
    start_executor,
)

__all__ = [
    "EXECUTORS",
    "ClusterLostError",
    "Completion",
    "Executor",
    "Stopped",
    "Task",
    "WorkerDied",
    "WorkerLost",
    "check_address",
    "check_cluster",
    "check_task",
    "choose_executor",
    "choose_workers",
    "on_this_machine",
    "pickles",
    "start_executor",
]
