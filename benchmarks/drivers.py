"""Time what the driver of a study does for each item, with up to hundreds of Dask workers.

Run ``python -m benchmarks.drivers`` from the root of the repository. Items compute nothing, so that all of the time is
overhead; each saves a small file, or the spikes of 2.5 s of the default network, as ``repeat`` does. The workers are
single-threaded Dask workers, many in one process each, on this machine, and compete with the driver for its cores.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.default_network import load_default
from benchmarks.report import describe_machine, describe_versions, markdown_table, publish
from neuro_mod.execution import jobs
from neuro_mod.execution.jobs import Execution, Item, Job
from neuro_mod.recordings.saved import save_dense, save_spikes
from neuro_mod.recordings.spikes import SpikeEvents

_PER_PROCESS = 50
_SECONDS = (0.1, 1.0, 10.0, 60.0)
_STARTING = 120.0
#: Items that save spikes, which are large.
_N_SPIKES = 400


class Cost(NamedTuple):
    """Of one study.

    Args:
        what: What an item saves.
        workers: Number of workers.
        items: Number of items.
        seconds: Wall-clock seconds.
        processor: Seconds of processor time of the driver.
        megabytes: Most memory of the driver so far.
        files: Files in the folder at the end.
        syncs: Calls of fsync during the study.
    """

    what: str
    workers: int
    items: int
    seconds: float
    processor: float
    megabytes: float
    files: int
    syncs: int


class _TinyJob(Job):
    nouns = ("item", "items")

    def __init__(self, n_items: int, what: str):
        items = [Item(f"item {index}", f"item {index}", index) for index in range(n_items)]
        super().__init__("tiny", load_default(), items, _TASKS[what], {})
        self._what = what

    def prepare(self, folder: jobs.JobFolder) -> None:
        del folder

    def save(self, files: Any, item: Item, result: Any) -> Mapping[str, Any]:
        name = f"data/item_{item.argument:06d}"
        if self._what == _TEXT:
            files.save_text(f"{name}.txt", f"{result}\n")
        elif self._what == _EVENTS:
            save_spikes(files, result, f"{name}.npz")
        else:
            save_dense(files, result, f"{name}.npy")
        return {}

    def conclude(self, folder: jobs.JobFolder, outcome: jobs.Outcome) -> Mapping[str, Any]:
        del folder, outcome
        return {}


def _echo(argument: int, report: Any) -> int:
    del report
    return argument


def _spikes(argument: int, report: Any) -> SpikeEvents:
    """As many spikes as the default network has in 2.5 s."""
    del report
    n_steps, n_neurons, n_spikes = 5_000, 2_000, 40_000
    cells = np.sort(np.random.default_rng(argument).choice(n_steps * n_neurons, n_spikes, replace=False))
    steps, neurons = (part.astype(np.int32) for part in np.divmod(cells, n_neurons))
    return SpikeEvents(steps, neurons, n_steps, n_neurons, 0.5e-3)


_TEXT, _EVENTS, _DENSE = "a line", "spikes, events", "spikes, dense"
_TASKS = {_TEXT: _echo, _EVENTS: _spikes, _DENSE: _spikes}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.drivers", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--items", type=int, nargs="+", default=[2_000, 20_000])
    parser.add_argument("--workers", type=int, nargs="+", default=[2, 20, 200])
    parser.add_argument("--out", type=Path, help="write the report to this Markdown file too")
    parser.add_argument("--host-workers", nargs=2, metavar=("ADDRESS", "N"), help=argparse.SUPPRESS)
    parser.add_argument("--one", nargs=4, metavar=("ADDRESS", "WHAT", "WORKERS", "ITEMS"), help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.host_workers:
        asyncio.run(_host(chosen.host_workers[0], int(chosen.host_workers[1])))
        return
    if chosen.one:
        address, what, n_workers, n_items = chosen.one
        print(json.dumps(_measure(address, what, int(n_workers), int(n_items))))
        return
    machine, costs = describe_machine(), []
    for n_workers in chosen.workers:
        with _workers(n_workers) as address:
            cases = [(_TEXT, n) for n in chosen.items] + [(what, _N_SPIKES) for what in (_EVENTS, _DENSE)]
            for what, n_items in cases:
                one = ("--one", address, what, str(n_workers), str(n_items))
                printed = subprocess.run(_again(*one), capture_output=True, text=True, check=True).stdout
                costs.append(Cost(*json.loads(printed)))
    publish(_report(costs, machine), chosen.out)


def _report(costs: Sequence[Cost], machine: str) -> str:
    header = ["an item saves", "workers", "items", "items/s", "ms/item", "ms of the driver", "peak MB", "files/item"]
    rows = [
        [
            cost.what,
            f"{cost.workers}",
            f"{cost.items:,}",
            f"{cost.items / cost.seconds:.0f}",
            f"{cost.seconds / cost.items * 1e3:.2f}",
            f"{cost.processor / cost.items * 1e3:.2f}",
            f"{cost.megabytes:.0f}",
            f"{cost.files / cost.items:.2f}",
            f"{cost.syncs}",
        ]
        for cost in costs
    ]
    of_item = {what: max(cost.processor / cost.items for cost in costs if cost.what == what) for what in _TASKS}
    useful = [[f"{seconds:g} s", *(f"{seconds / each:,.0f}" for each in of_item.values())] for seconds in _SECONDS]
    notes = [
        f"Machine: {machine}. {describe_versions(('dask', 'distributed'))}.",
        "Scheduler, workers and driver share the cores of this machine: items per second are a lower bound.",
        "ms of the driver: of its processor. The largest of each kind tells how many workers a driver with "
        "a core of its own keeps busy (second table).",
    ]
    tables = [markdown_table([*header, "fsyncs"], rows), markdown_table(["an item takes", *of_item], useful)]
    return "\n\n".join([*tables, "\n".join(f"- {note}" for note in notes)])


def _measure(address: str, what: str, n_workers: int, n_items: int) -> Cost:
    syncs = 0
    sync = os.fsync

    def counted(file: Any) -> None:
        nonlocal syncs
        syncs += 1
        sync(file)

    os.fsync = counted
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "study"
        jobs.run(_TinyJob(2 * n_workers, what), path, Execution("dask", n_workers, address))  # imports, connections
        syncs, path = 0, Path(folder) / "measured"
        begin, before = time.perf_counter(), time.process_time()
        jobs.run(_TinyJob(n_items, what), path, Execution("dask", n_workers, address))
        seconds, processor = time.perf_counter() - begin, time.process_time() - before
        files = sum(1 for file in path.rglob("*") if file.is_file())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Cost(what, n_workers, n_items, seconds, processor, peak, files, syncs)


@contextmanager
def _workers(n_workers: int) -> Any:
    """A scheduler and workers; yields its address."""
    from distributed import Client

    folder = Path(tempfile.mkdtemp())
    file, processes = folder / "scheduler.json", list[subprocess.Popen[bytes]]()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    scheduler = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--no-dashboard", "--host", "127.0.0.1"]
    try:
        processes.append(subprocess.Popen([*scheduler, "--port", "0", "--scheduler-file", str(file)], **quiet))
        while not file.exists():
            time.sleep(0.1)
        address = json.loads(file.read_text())["address"]
        for first in range(0, n_workers, _PER_PROCESS):
            number = min(_PER_PROCESS, n_workers - first)
            processes.append(subprocess.Popen(_again("--host-workers", address, str(number)), **quiet))
        with Client(address) as client:
            client.wait_for_workers(n_workers, timeout=_STARTING)
        yield address
    finally:
        for process in processes:
            process.kill()
            process.wait()


async def _host(address: str, n_workers: int) -> None:
    from distributed import Worker

    workers = [Worker(address, nthreads=1, memory_limit=0, dashboard=False) for _ in range(n_workers)]
    await asyncio.gather(*workers)
    await asyncio.gather(*(worker.finished() for worker in workers))


def _again(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "benchmarks.drivers", *arguments]


if __name__ == "__main__":
    main()
