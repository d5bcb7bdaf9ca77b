"""Kernels are compiled before workers of this machine start."""

from __future__ import annotations

import pytest

from neuro_mod.config import load_experiment
from neuro_mod.execution import jobs
from neuro_mod.execution.jobs import Execution
from neuro_mod.execution.stagers import compiling
from tests.helpers.shared import SMALL
from tests.helpers.tiny_job import TinyJob


@pytest.fixture
def simulated(monkeypatch):
    """Seconds and precisions that are simulated to compile."""
    runs: list[tuple[float, str]] = []

    def run(_, duration_sec, dtype, **__):
        runs.append((duration_sec, dtype))

    monkeypatch.setattr(compiling.StageSNNSimulation, "run", run)
    return runs


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_step_is_simulated_in_the_precision_of_the_workers(monkeypatch, simulated, dtype):
    monkeypatch.setattr(compiling, "KERNELS_NOT_SAVED", [])
    compiling.compile_for_workers(load_experiment(SMALL), dtype)
    assert simulated == [(0.0005, dtype)]


def test_the_step_warns_of_nothing(monkeypatch, caplog):
    """Of a run of one step, what is said of runs would be wrong."""
    monkeypatch.setattr(compiling, "KERNELS_NOT_SAVED", [])
    compiling.compile_for_workers(load_experiment(SMALL | {"stimulus": {"onsets": [0.1], "amplitude": 60.0}}))
    assert not caplog.messages


def test_nothing_is_compiled_where_it_cannot_be_saved(monkeypatch, simulated):
    monkeypatch.setattr(compiling, "KERNELS_NOT_SAVED", ["read-only"])
    compiling.compile_for_workers(load_experiment(SMALL))
    assert simulated == []


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
