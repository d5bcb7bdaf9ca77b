"""Job whose items are done in an instant; `main` does it in a process of its own, which may be killed."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from neuro_mod.config.cluster import load_cluster
from neuro_mod.errors import ClusterLostError, FailedItemsError, InputError, StorageError
from neuro_mod.execution import jobs
from neuro_mod.execution.jobs import Execution, Item, Job


def numbers(seed: int) -> list[float]:
    """What an item is to calculate."""
    return [byte / 7 for byte in hashlib.sha256(f"numbers of {seed}".encode()).digest()]


def _wait(seconds: float, report: Any) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        report(0.0)
        time.sleep(min(seconds, 0.01))


def _raise(error: Exception) -> None:
    raise error


def _product() -> float:
    """In its last bits it depends on how many threads BLAS shares it among."""
    many = np.sin(np.arange(200_000.0))
    return float(many @ many)


def _fill_memory() -> list[bytearray]:
    """Takes 2 GB within some seconds."""
    taken: list[bytearray] = []
    while len(taken) < 100:
        taken.append(bytearray(b"full" * 5_000_000))
        time.sleep(0.1)
    return taken


#: What may become of an item. It comes in the way of the calculation.
FATES = {
    "exits": lambda: os._exit(7),
    "crashes": lambda: signal.raise_signal(signal.SIGSEGV),
    "is killed": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "leaves": sys.exit,
    "divides": lambda: 1 / 0,
    "wants memory": lambda: _raise(MemoryError("too much")),
    "is not valid": lambda: _raise(InputError("never valid")),
    "returns a lock": threading.Lock,
    "returns a function": lambda: numbers,
    "multiplies": lambda: [_product()],
    "sleeps": lambda: time.sleep(60),
    "fills memory": _fill_memory,
}


@dataclass(frozen=True)
class Calculate:
    """The task. A line with its number is appended to the trace for each try of an item."""

    trace: str | None
    seconds: float
    fates: dict[int, str]

    def __call__(self, argument: tuple[int, int], report: Any) -> Any:
        index, seed = argument
        if self.trace is not None:
            handle = os.open(self.trace, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            os.write(handle, b"%d\n" % index)
            os.close(handle)
        _wait(self.seconds, report)
        fate = self.fates.get(index)
        return FATES[fate]() if fate else numbers(seed)


class _Items(Sequence[Item]):
    def __init__(self, n_items: int, root_seed: int):
        self._n_items, self._root = n_items, root_seed

    def __len__(self) -> int:
        return self._n_items

    def __getitem__(self, index: Any) -> Any:
        if not 0 <= index < self._n_items:
            raise IndexError(index)
        seed = 1000 * self._root + index
        return Item(f"item {index}", f"item {index}", (index, seed), seed, 0.5)


@dataclass
class TinyJob(Job):
    """Items that calculate a few numbers from their seed."""

    n_items: int = 10
    root_seed: int = 1
    trace: str | None = None
    #: How long an item takes.
    seconds: float = 0.0
    #: What happens to items, by their number.
    fates: dict[int, str] = field(default_factory=dict)
    keeps_others: bool = True
    kinds = {"sum": float}  # noqa: RUF012
    #: File for what the driver holds of the machine meanwhile.
    gauge: str | None = None

    @property
    def items(self) -> Sequence[Item]:
        return _Items(self.n_items, self.root_seed)

    @property
    def task(self) -> Calculate:
        return Calculate(self.trace, self.seconds, self.fates)

    @property
    def identity(self) -> dict[str, Any]:
        return {"kind": "tiny", "root": {"seed": self.root_seed}}

    @property
    def config(self) -> str:
        return f"seed: {self.root_seed}\n"

    @property
    def description(self) -> dict[str, Any]:
        return {"described": True}

    def prepare(self, folder: jobs.JobFolder) -> None:
        folder.save_text("data/prepared.txt", f"{self.root_seed}\n")

    def save(self, files: Any, item: Item, result: Any) -> dict[str, Any]:
        index = item.argument[0]
        if self.gauge is not None and index % (self.n_items // 40) == 0:
            self._read_gauges(Path(self.gauge))
        files.save_json(f"data/item_{index}.json", result)
        files.save_text(f"data/item_{index}.txt", f"ä{sum(result)}\n")
        return {"item": index, "sum": sum(result)}

    def _read_gauges(self, file: Path) -> None:
        process = psutil.Process()
        now = [time.monotonic(), process.memory_info().rss, process.num_fds()]
        with file.open("a") as lines:
            lines.write(json.dumps(now) + "\n")

    def summary(self, about: Any) -> str:
        return f"sum {about['sum']}"

    def conclude(self, folder: jobs.JobFolder, outcome: jobs.Outcome) -> dict[str, Any]:
        sums = {entry.key: entry.about["sum"] for entry in folder.entries()}
        folder.save_json("data/sums.json", dict(sorted(sums.items())))
        return {"n_concluded": len(sums)}


def main() -> None:
    """Do work as the JSON in the arguments says, with the exit codes of the command line."""
    folder, what, how = sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3])
    if "cluster" in how:
        how["cluster"] = load_cluster(how["cluster"])
    what["fates"] = {int(index): fate for index, fate in what.get("fates", {}).items()}
    try:
        jobs.run(TinyJob(**what), Path(folder), Execution(**how))
    except KeyboardInterrupt as stopped:
        _end(130, stopped)
    except FailedItemsError as failed:
        _end(3, failed)
    except (InputError, StorageError, ClusterLostError) as error:
        _end(2, error)


def _end(code: int, error: BaseException) -> None:
    sys.stderr.write(f"{error}\n")
    sys.exit(code)
