"""A Dask cluster on this machine: a scheduler and workers, processes that end with this one."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import final

from neuro_mod.execution.executors.dask_scheduler import Scheduler, start_process

#: Seconds between two checks whether a worker has ended.
_WATCH_INTERVAL = 0.1
#: A worker that ends within so many seconds of its start without finishing an item died quickly; after so many quick
#: deaths it is not started again.
_QUICK, _MAX_QUICK_DEATHS = 10.0, 5
#: Seconds until the next start after one quick death, doubled by each further one, and at most.
_FIRST_PAUSE, _MAX_PAUSE = 0.5, 5.0


def slot_resource(slot: int) -> dict[str, float]:
    """The Dask resource with which an item gets the worker with this number, or its replacement, for itself.

    Dask counts the death of a worker against all items that wait for it, not only the one it was doing.
    """
    return {f"slot_{slot}": 1}


@final
class LocalCluster:
    """A scheduler and workers; that of Dask would import the user's script again in each worker.

    Args:
        n_workers: How many workers, of one thread each.

    Raises:
        RuntimeError: The scheduler does not start.
    """

    def __init__(self, n_workers: int):
        self._folder = Path(tempfile.mkdtemp(prefix="neuro_mod-dask-"))
        self._scheduler: Scheduler | None = None
        self._workers: dict[int, subprocess.Popen[bytes]] = {}
        self._started_at, self._start_at = [0.0] * n_workers, [0.0] * n_workers
        self._quick_deaths = [0] * n_workers
        self._n_workers = n_workers
        #: Why workers do not start, once that is certain.
        self.failure: str | None = None
        self._closing = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        try:
            self._scheduler = Scheduler(self._folder, "--host", "127.0.0.1")
            #: Of the scheduler.
            self.address: str = self._scheduler.address
            self._revive()
            self._watcher.start()
        except BaseException:
            self.close()
            raise

    def has_worked(self, slot: int) -> None:
        """Note that the worker with this number had an item, so that its death is not a failure to start."""
        self._quick_deaths[slot], self._start_at[slot] = 0, 0.0

    def close(self) -> None:
        """Kill all processes and remove their files; calling it again does nothing."""
        self._closing.set()
        if self._watcher.is_alive():
            self._watcher.join()
        for process in self._workers.values():
            process.kill()
        if self._scheduler is not None:
            self._scheduler.close()
        for process in self._workers.values():
            process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _revive(self) -> None:
        for slot in range(self._n_workers):
            if (worker := self._workers.get(slot)) is not None and worker.poll() is not None:
                del self._workers[slot]
                self._note_death(slot)
            if slot not in self._workers and time.monotonic() >= self._start_at[slot]:
                folder = ("--local-directory", str(self._folder / f"worker_{slot}"))
                what = ("--name", f"worker_{slot}", "--nthreads", "1", "--no-nanny", "--memory-limit", "0")
                alone = ("--resources", " ".join(f"{name}={amount}" for name, amount in slot_resource(slot).items()))
                self._started_at[slot] = time.monotonic()
                self._workers[slot] = self._start("worker", self.address, *what, *folder, *alone, log=self._log(slot))

    def _note_death(self, slot: int) -> None:
        now = time.monotonic()
        if now - self._started_at[slot] > _QUICK:
            self.has_worked(slot)
            return
        self._quick_deaths[slot] += 1
        if self._quick_deaths[slot] < _MAX_QUICK_DEATHS:
            self._start_at[slot] = now + min(_FIRST_PAUSE * 2 ** (self._quick_deaths[slot] - 1), _MAX_PAUSE)
            return
        self._start_at[slot] = float("inf")
        lines = self._log(slot).read_text(errors="replace").strip().splitlines()
        self.failure = f"workers of this machine do not start: {lines[-1] if lines else 'no message'}"

    def _log(self, slot: int) -> Path:
        return self._folder / f"worker_{slot}.log"

    def _watch(self) -> None:
        """Replace workers that have ended."""
        while not self._closing.wait(_WATCH_INTERVAL):
            with suppress(OSError):  # out of memory, say: try again later
                self._revive()

    def _start(self, what: str, *arguments: str, log: Path) -> subprocess.Popen[bytes]:
        return start_process(what, *arguments, folder=self._folder, log=log)
