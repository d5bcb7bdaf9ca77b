"""Kernels are compiled before workers of this machine start, and only if there are none."""

from __future__ import annotations

import pytest

from neuro_mod.config import load_experiment
from neuro_mod.core.compilation import is_saved
from neuro_mod.execution import jobs
from neuro_mod.execution.jobs import Execution
from neuro_mod.execution.stagers import compiling
from tests.helpers.shared import SMALL
from tests.helpers.tiny_job import TinyJob


@pytest.fixture
def simulated(monkeypatch):
    """Seconds that are simulated to compile."""
    seconds: list[float] = []
    monkeypatch.setattr(compiling.StageSNNSimulation, "run", lambda _, duration_sec, **__: seconds.append(duration_sec))
    return seconds


@pytest.mark.parametrize("saved", [True, False])
def test_a_step_is_simulated_if_there_are_no_kernels(monkeypatch, simulated, saved):
    monkeypatch.setattr(compiling, "is_saved", lambda *_: saved)
    monkeypatch.setattr(compiling, "KERNELS_NOT_SAVED", [])
    compiling.compile_for_workers(load_experiment(SMALL))
    assert simulated == [] if saved else simulated == [0.0005]


def test_nothing_is_compiled_where_it_cannot_be_saved(monkeypatch, simulated):
    monkeypatch.setattr(compiling, "is_saved", lambda *_: False)
    monkeypatch.setattr(compiling, "KERNELS_NOT_SAVED", ["read-only"])
    compiling.compile_for_workers(load_experiment(SMALL))
    assert simulated == []


def test_saved_kernels_are_files_of_a_folder_for_this_version(monkeypatch, tmp_path):
    monkeypatch.setenv("NEURO_MOD_CACHE_DIR", str(tmp_path))
    package = tmp_path / "engine"
    package.mkdir()
    assert not is_saved(package, "advance")
    from neuro_mod.core.compilation import cache_folder

    (cache_folder(package) / "engine_1").mkdir(parents=True)
    (cache_folder(package) / "engine_1/kernel.advance-18.py311.1.nbc").touch()
    assert is_saved(package, "advance") and not is_saved(package, "draw_counts")


@pytest.mark.parametrize(("executor", "compiles"), [("process", True), ("thread", False), ("serial", False)])
def test_jobs_compile_before_workers_of_this_machine_start(monkeypatch, tmp_path, executor, compiles):
    """The executor that starts is another one, which is there at once."""
    happened: list[str] = []
    start = jobs.driver.start_executor

    def started(_, *given):
        happened.append("starts")
        return start("serial", *given)

    monkeypatch.setattr(jobs.driver, "start_executor", started)
    monkeypatch.setattr(TinyJob, "compile", lambda _: happened.append("compiles"))
    jobs.run(TinyJob(1), tmp_path, Execution(executor))
    assert happened == ["compiles"] * compiles + ["starts"]
