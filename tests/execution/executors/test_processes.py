"""What becomes of worker processes, seen from outside of the process that started them."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from neuro_mod.execution.executors import WorkerDied
from tests.helpers.processes import start_python, wait_until

UNGUARDED = """
import os, sys, time
from pathlib import Path
from neuro_mod.execution.executors import start_executor

class Sweep:
    def step(self, argument, report):
        (Path({folder!r}) / f"begun_{{argument}}").write_text(str(os.getpid()))
        while {forever} :
            time.sleep(0.01)
        return Sweep

(Path({folder!r}) / f"main_{{os.getpid()}}").touch()
executor = start_executor({name!r}, Sweep().step, 2, None, lambda *_: None)
try:
    for index in range(2):
        while executor.capacity <= index:
            time.sleep(0.05)
        executor.submit(index, index, "item")
    left = 2
    while left:
        for completion in executor.wait(0.1):
            if completion.error is not None:
                raise completion.error
            assert completion.result is Sweep
            left -= 1
finally:
    executor.stop()
print("done")
"""

BOTH = pytest.mark.parametrize("name", ["process", pytest.param("dask", marks=pytest.mark.slow)])


def _script(folder: Path, name: str, forever: bool) -> subprocess.Popen[str]:
    (script := folder / "script.py").write_text(UNGUARDED.format(folder=str(folder), name=name, forever=forever))
    return start_python(script, TMPDIR=str(folder))


def _busy_family(driver: subprocess.Popen[str], folder: Path) -> list[psutil.Process]:
    """All descendants, once both workers are in the midst of an item."""

    def both_are_busy() -> bool:
        pids = [file.read_text() for file in folder.glob("begun_*")]
        return len(pids) == 2 and "" not in pids

    wait_until(both_are_busy, driver)
    return psutil.Process(driver.pid).children(recursive=True)


def _left(family: list[psutil.Process]) -> list[psutil.Process]:
    return psutil.wait_procs(family, timeout=5.0)[1]


def test_a_crash_of_compiled_code_is_in_the_log_of_its_worker(drive, tmp_path):
    def task(_, __):
        import ctypes

        ctypes.string_at(0)

    (completion,) = drive("process", task, [0], logs=tmp_path)
    assert isinstance(completion.error, WorkerDied) and "SIGSEGV" in str(completion.error)
    text = (tmp_path / "worker_0.log").read_text()
    parts = ("item 0 begins", "Segmentation fault", "in task", "SIGSEGV")
    assert sorted(parts, key=text.index) == list(parts)


@BOTH
def test_an_unguarded_script_runs_once_and_is_quiet(tmp_path, name):
    said, complained = _script(tmp_path, name, forever=False).communicate(timeout=60)
    assert (said, complained) == ("done\n", "")
    assert len(list(tmp_path.glob("main_*"))) == 1


@BOTH
def test_workers_end_with_a_parent_that_is_killed(tmp_path, name):
    driver = _script(tmp_path, name, forever=True)
    family = _busy_family(driver, tmp_path)
    driver.kill()
    driver.wait()
    assert len(family) >= 2 and _left(family) == []
    assert list(tmp_path.glob("neuro_mod-dask-*")) == []
    driver.communicate()


@BOTH
def test_ctrl_c_in_a_terminal_reaches_the_driver_alone_which_ends_all(tmp_path, name):
    driver = _script(tmp_path, name, forever=True)
    family = _busy_family(driver, tmp_path)
    os.killpg(driver.pid, signal.SIGINT)
    _, complained = driver.communicate(timeout=10)
    assert driver.returncode != 0 and _left(family) == []
    assert list(tmp_path.glob("neuro_mod-dask-*")) == []
    # of one process alone; a traceback more where it strikes while another exception is handled
    assert complained.count("KeyboardInterrupt") == 1 and complained.endswith("KeyboardInterrupt\n"), complained
