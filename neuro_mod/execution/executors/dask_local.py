"""A Dask cluster of this machine: a scheduler and workers, each a process that ends with this one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, final

from dask import config

from neuro_mod.execution.executors import dask_worker
from neuro_mod.execution.executors.core_limit import ONE_THREAD

#: Seconds that the scheduler has to begin.
_PATIENCE = 60.0


@final
class LocalCluster:
    """Dask's own is not used: it imports the user's script again in each worker.

    Args:
        n_workers: How many workers, of one thread each.

    Raises:
        RuntimeError: The scheduler does not start.
    """

    def __init__(self, n_workers: int):
        self._folder = Path(tempfile.mkdtemp(prefix="neuro_mod-dask-"))
        self._workers: dict[int, subprocess.Popen[bytes]] = {}
        self._n_workers = n_workers
        file = self._folder / "scheduler.json"
        log = self._folder / "scheduler.log"
        with log.open("wb") as output:
            port = ("--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file))
            self._scheduler = self._start("scheduler", *port, output=output)
        try:
            #: Of the scheduler.
            self.address: str = self._wait_for_address(file, log)
        except BaseException:
            self.close()
            raise
        self.revive()

    def revive(self) -> None:
        """Start workers in the place of those that have ended."""
        for slot in range(self._n_workers):
            if (worker := self._workers.get(slot)) is None or worker.poll() is not None:
                folder = ("--local-directory", str(self._folder / f"worker_{slot}"))
                what = ("--name", f"worker_{slot}", "--nthreads", "1", "--no-nanny", "--memory-limit", "0")
                self._workers[slot] = self._start("worker", self.address, *what, *folder)

    def close(self) -> None:
        """Kill all processes and remove their files; to do it twice is fine."""
        processes = [*self._workers.values(), self._scheduler]
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self, what: str, *arguments: str, output: IO[bytes] | None = None) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{what}", "--no-dashboard"]
        settings = {"distributed": {"scheduler": {"allowed-failures": 0}}, "logging": {"distributed": "critical"}}
        environment = os.environ | ONE_THREAD | {
            "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path),
            "DASK_INTERNAL_INHERIT_CONFIG": config.serialize(config.merge(config.config, settings)),
            dask_worker.PARENT: str(os.getpid()),
        }  # fmt: skip
        return subprocess.Popen(
            [*command, "--preload", dask_worker.__name__, *arguments],
            stdin=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,  # Ctrl-C in a terminal is not for them
            stdout=output,
            stderr=output,
        )

    def _wait_for_address(self, file: Path, log: Path) -> str:
        deadline = time.monotonic() + _PATIENCE
        while self._scheduler.poll() is None and time.monotonic() < deadline:
            with suppress(OSError, ValueError):
                return json.loads(file.read_text())["address"]
            time.sleep(0.05)
        raise RuntimeError(f"the Dask scheduler of this machine does not start: {log.read_text()[-2000:]}")
