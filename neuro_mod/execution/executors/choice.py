"""The choice of an executor and of the number of its workers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from neuro_mod.checks import whole_number
from neuro_mod.choices import BatchSystem
from neuro_mod.core.cores import n_cores
from neuro_mod.errors import InputError, invalid
from neuro_mod.execution.executors.base import Executor, Task
from neuro_mod.optional import optional

if TYPE_CHECKING:
    from neuro_mod.config.cluster import Cluster

_BATCH_SYSTEMS: tuple[str, ...] = get_args(BatchSystem)
#: The executors by name: their module and class, loaded where one is chosen.
EXECUTORS: dict[str, tuple[str, str]] = {
    "serial": ("threads", "Threads"),
    "thread": ("threads", "Threads"),
    "process": ("processes", "Processes"),
    "dask": ("dask_cluster", "DaskCluster"),
    **dict.fromkeys(_BATCH_SYSTEMS, ("batch.cluster", "BatchCluster")),
}


def check_executor(name: str) -> None:
    """Refuse a name that is not one of `EXECUTORS`.

    Raises:
        InputError: The message lists them.
    """
    if name not in EXECUTORS:
        raise invalid("executor", name, f"one of {', '.join(EXECUTORS)}")


def choose_executor(executor: str | None, parallel: bool) -> str:
    """The executor that two arguments name: the given one, else ``thread`` if `parallel` and ``serial`` if not.

    Raises:
        InputError: They contradict each other.
    """
    if parallel and executor == "serial":
        raise invalid("executor", executor, "thread, process or dask with --parallel (parallel=True)")
    return executor or ("thread" if parallel else "serial")


def choose_workers(executor: str, max_workers: int | None, n_items: int, address: str | None = None) -> int:
    """How many items are done at once, at most.

    Args:
        executor: One of `EXECUTORS`.
        max_workers: The most; None for one for each core of this machine, or for all workers of a cluster beyond it.
        n_items: Number of items.
        address: Of an existing cluster.

    Raises:
        InputError: The executor is unknown or has no address, or the number is not possible.
    """
    check_executor(executor)
    if address is not None and executor != "dask":
        raise invalid("address", address, f"none with the executor {executor}", "choose dask")
    if max_workers is not None:
        whole_number("max_workers", max_workers, 1)
    if executor == "serial":
        if (max_workers or 1) > 1:
            raise invalid("max_workers", max_workers, "1 with the executor serial", "choose thread, process or dask")
        return 1
    if max_workers is None:
        if address is not None or executor in _BATCH_SYSTEMS:
            return n_items
        max_workers = n_cores()
    return min(int(max_workers), n_items)


def start_executor(
    name: str,
    task: Task,
    n_workers: int,
    logs: Path | None,
    progress: Callable[[int, float], None],
    address: str | None = None,
    cluster: Cluster | None = None,
    **options: Any,
) -> Executor:
    """Start an executor; the caller stops it.

    Args:
        name: One of `EXECUTORS`.
        task: As for `Executor`.
        n_workers: See `choose_workers`.
        logs: As for `Executor`.
        progress: As for `Executor`.
        address: Of an existing Dask scheduler, or a path to its file; None for a cluster of this machine.
        cluster: Jobs of a batch system, see `check_cluster`.
        **options: Other arguments of the executor.

    Raises:
        InputError: There is no such executor, it needs a library that is not installed, or no scheduler answers at
            the address.
    """
    kind = _load(name)
    if logs is not None:
        logs = logs.absolute()  # workers may be elsewhere
        with suppress(OSError):
            logs.mkdir(parents=True, exist_ok=True)
    options |= {} if address is None else {"address": address}
    options |= {} if cluster is None else {"cluster": cluster}
    return kind(task, n_workers, logs, progress, **options)


def check_address(address: str | None) -> None:
    """Refuse the address of a Dask scheduler that does not answer, before anything runs.

    Args:
        address: As for `start_executor`.

    Raises:
        InputError: No scheduler answers there, or the library is not installed.
    """
    if address is not None:
        _load("dask")
        import_module(f"neuro_mod.execution.executors.{EXECUTORS['dask'][0]}").check_address(address)


def check_cluster(name: str, cluster: Cluster | None) -> None:
    """Refuse a batch system without the description of its jobs, or one for another executor.

    Raises:
        InputError: The message says what is missing.
    """
    if name not in _BATCH_SYSTEMS:
        if cluster is not None:
            hint = f"choose {cluster.scheduler}"
            raise invalid("cluster", cluster.scheduler, f"none with the executor {name}", hint)
    elif cluster is None:
        hint = f"neuro-mod cluster init {name} writes one"
        raise InputError(f"cluster: missing; expected a cluster file for {name} (--cluster FILE, cluster=); {hint}")
    elif cluster.scheduler != name:
        raise invalid("cluster", cluster.scheduler, name, "the scheduler of the cluster file is another one")


def check_task(name: str, task: Task, argument: Any) -> None:
    """Refuse a task or an argument that cannot be sent to the workers of an executor, before anything runs.

    Raises:
        InputError: The message names the part that cannot be sent; or the current folder has been removed.
    """
    if name == "process" and not _has_folder():
        raise invalid("executor", name, "serial or thread", "the current folder has been removed")
    if pickles(name):
        from neuro_mod.execution.executors.sending import check_sendable  # noqa: PLC0415 -- threads need no cloudpickle

        check_sendable(task, argument)


def pickles(name: str) -> bool:
    """Whether the workers of an executor are other processes, to which everything is sent, not threads of this one."""
    return _load(name).pickles


def on_this_machine(name: str, address: str | None) -> bool:
    """Whether the workers of an executor are other processes of this machine."""
    return pickles(name) and name not in _BATCH_SYSTEMS and address is None


def _has_folder() -> bool:
    """Whether the current folder, in which processes start, still exists."""
    try:
        Path.cwd()
    except FileNotFoundError:
        return False
    return True


def _load(name: str) -> type[Executor]:
    check_executor(name)
    if name == "dask" or name in _BATCH_SYSTEMS:
        try:
            optional("distributed", "dask")
        except ImportError as error:
            raise InputError(f"executor: {error}") from error
    module, kind = EXECUTORS[name]
    return getattr(import_module(f"neuro_mod.execution.executors.{module}"), kind)
