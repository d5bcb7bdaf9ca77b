"""A Dask scheduler, and other processes of Dask, that end with this process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import final

from dask import config

from neuro_mod.execution.executors import dask_worker
from neuro_mod.execution.executors.core_limit import ONE_THREAD

#: Seconds that a scheduler has to start.
_PATIENCE = 60.0


@final
class Scheduler:
    """A Dask scheduler.

    Args:
        folder: For its files; it is removed if this process is killed.
        *arguments: Options of ``dask scheduler``.

    Raises:
        RuntimeError: It does not start.
    """

    def __init__(self, folder: Path, *arguments: str):
        file, log = folder / "scheduler.json", folder / "scheduler.log"
        where = ("--port", "0", "--scheduler-file", str(file))
        self._process = start_process("scheduler", *where, *arguments, folder=folder, log=log)
        try:
            #: Where it listens.
            self.address: str = self._wait_for_address(file, log)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Kill it; calling it again does nothing."""
        self._process.kill()
        self._process.wait()

    def _wait_for_address(self, file: Path, log: Path) -> str:
        deadline = time.monotonic() + _PATIENCE
        while self._process.poll() is None and time.monotonic() < deadline:
            with suppress(OSError, ValueError):
                return json.loads(file.read_text())["address"]
            time.sleep(0.05)
        raise RuntimeError(f"the Dask scheduler of this machine does not start: {log.read_text()[-2000:]}")


def start_process(what: str, *arguments: str, folder: Path, log: Path) -> subprocess.Popen[bytes]:
    """Start a process of Dask that ends with this one.

    Args:
        what: ``scheduler`` or ``worker``.
        *arguments: Options.
        folder: Removed if this process is killed.
        log: Where its messages go.
    """
    command = [sys.executable, "-m", f"distributed.cli.dask_{what}", "--no-dashboard"]
    environment = os.environ | ONE_THREAD | {
        "PYTHONPATH": python_path(),
        "DASK_INTERNAL_INHERIT_CONFIG": config.serialize(config.merge(config.config, _SETTINGS)),
        dask_worker.PARENT: str(os.getpid()),
        dask_worker.FOLDER: str(folder),
    }  # fmt: skip
    with log.open("wb") as output:
        return subprocess.Popen(
            [*command, "--preload", dask_worker.__name__, *arguments],
            stdin=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,  # a terminal must not send them Ctrl-C
            stdout=output,
            stderr=output,
        )


def python_path() -> str:
    """Where this process imports from, for ``PYTHONPATH``."""
    return os.pathsep.join(path or os.curdir for path in sys.path)


#: Deaths of workers are counted here, not by Dask; workers keep logs of their own.
_SETTINGS = {
    "distributed": {
        "scheduler": {"allowed-failures": 0, "worker-ttl": "2 minutes"},
        "admin": {"log-length": 100, "low-level-log-length": 100},
    },
    "logging": {"distributed": "critical"},
}
