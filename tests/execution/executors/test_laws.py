"""What is true of every executor."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
import warnings
from typing import get_args

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from neuro_mod.choices import BatchSystem
from neuro_mod.errors import InputError
from neuro_mod.execution.executors import EXECUTORS, Stopped, WorkerDied, check_task, choose_workers
from tests.helpers.processes import wait_until

NAMES = [name for name in EXECUTORS if name not in get_args(BatchSystem)]
DASK = pytest.param("dask", marks=pytest.mark.slow)
#: Dask takes longest, and is among the slow tests but for its main laws.
EVERY = pytest.mark.parametrize("name", [DASK if name == "dask" else name for name in NAMES])
MAIN_LAW_OF_EVERY = pytest.mark.parametrize("name", NAMES)
SENDING = pytest.mark.parametrize("name", ["process", DASK])
IN_THREADS = pytest.mark.parametrize("name", ["serial", "thread"])


@MAIN_LAW_OF_EVERY
def test_each_item_has_one_outcome_with_its_result(drive, name):
    def task(argument, report):
        report(1.0)
        time.sleep(0.02 * (argument % 2))  # so that they end in another order
        return np.full(3, argument) ** 2

    completions = drive(name, task, range(9))
    assert [completion.index for completion in completions] == list(range(9))
    assert all(
        (completion.result == completion.index**2).all() and completion.error is None for completion in completions
    )
    workers = {completion.worker for completion in completions}
    assert workers <= {"worker_0", "worker_1"} and (len(workers) == 1 or name != "serial")
    assert all(completion.wall_seconds >= 0.02 for completion in completions[1::2])


@MAIN_LAW_OF_EVERY
def test_what_a_task_raises_is_an_outcome_with_its_traceback_and_the_others_go_on(drive, name):
    class OddError(Exception):
        def __init__(self, one, two):
            super().__init__(one)

    def task(argument, _):
        if argument == 1:
            raise ValueError("deliberate")
        if argument == 2:
            raise SystemExit(4)
        if argument == 3:
            raise OddError(1, 2)
        if argument == 4:
            raise KeyboardInterrupt
        return argument

    completions = drive(name, task, range(7))
    assert [completion.result for completion in completions if completion.error is None] == [0, 5, 6]
    assert type(completions[1].error) is ValueError and str(completions[1].error) == "deliberate"
    for completion, said in zip(
        completions[1:5], ("deliberate", "SystemExit: 4", "OddError", "KeyboardInterrupt"), strict=True
    ):
        assert isinstance(completion.error, Exception) and completion.result is None
        assert said in completion.traceback and "in task" in completion.traceback


@SENDING
def test_a_result_that_cannot_be_sent_is_an_error_that_names_it(drive, name):
    completions = drive(name, lambda argument, _: {"a": [1, threading.Lock()]} if argument else "fine", [0, 1, 0])
    assert [completion.result for completion in completions] == ["fine", None, "fine"]
    assert isinstance(completions[1].error, InputError) and "result['a'][1] is a _thread.lock" in str(
        completions[1].error
    )


@EVERY
def test_large_arguments_and_results_arrive_whole(drive, name):
    (completion,) = drive(name, lambda argument, _: argument + 1, [np.arange(1_000_000)])
    np.testing.assert_array_equal(completion.result, np.arange(1, 1_000_001))


@EVERY
def test_items_use_one_core_each_whatever_they_load(drive, name):
    def task(_, __):
        import numpy as np
        import scipy.linalg

        scipy.linalg.eigh(np.eye(3))
        return [library["num_threads"] for library in threadpool_info()]

    before = threadpool_info()
    for completion in drive(name, task, range(4)):
        assert completion.index < 2 or (set(completion.result) == {1} and len(completion.result) > 0), completion.result
    after = {library["filepath"]: library["num_threads"] for library in threadpool_info()}
    assert all(after[library["filepath"]] == library["num_threads"] for library in before)


@MAIN_LAW_OF_EVERY
def test_stopping_ends_what_is_under_way_and_hands_over_what_has_come(started, name, tmp_path):
    def task(argument, report):
        if argument == "short":
            return 7
        argument.touch()
        try:
            while True:
                report(1.0)
                time.sleep(1e-3)
        except Stopped:
            argument.with_name("told").touch()
            raise

    executor = started(name, task)
    executor.submit(0, "short", "short")
    wait_until(lambda: not executor._arrived.empty())
    if name != "serial":
        executor.submit(1, tmp_path / "begun", "long")
        wait_until((tmp_path / "begun").exists)
    assert [(completion.index, completion.result) for completion in executor.stop()] == [(0, 7)]
    assert executor.stop() == []
    if name in ("thread", "dask"):
        wait_until((tmp_path / "told").exists)


@EVERY
def test_progress_is_that_of_items_under_way(started, name, tmp_path):
    def task(_, report):
        report(2.5)
        end = time.monotonic() + 60.0
        while not (tmp_path / "go").exists() and time.monotonic() < end:
            time.sleep(1e-3)

    seen = []
    executor = started(name, task, progress=lambda index, seconds: seen.append((index, seconds)))
    executor.submit(4, None, "item")
    if name in ("serial", "thread"):
        wait_until(lambda: executor.wait(0.01) == [] and bool(seen))
    (tmp_path / "go").touch()
    wait_until(lambda: bool(executor.wait(0.1)))
    assert set(seen) <= {(4, 2.5)}


@SENDING
def test_a_killed_worker_is_the_outcome_of_its_item_alone(drive, name):
    def task(argument, _):
        if argument == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        if argument == 2:
            os._exit(3)
        time.sleep(0.01)
        return argument

    completions = drive(name, task, range(8), alone=True)
    assert [completion.index for completion in completions if isinstance(completion.error, WorkerDied)] == [1, 2]
    assert [completion.result for completion in completions if completion.error is None] == [0, 3, 4, 5, 6, 7]
    if name == "process":
        assert "SIGKILL" in str(completions[1].error) and "EXIT(3)" in str(completions[2].error)
    assert "memory" in str(completions[1].error)


@EVERY
def test_each_worker_keeps_a_log(drive, name, tmp_path):
    def task(argument, _):
        logging.getLogger("neuro_mod.some").info("told by %s", argument)
        logging.getLogger("neuro_mod.some").debug("not told")
        if argument == 1:
            raise ValueError("deliberate")
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("strange", UserWarning, stacklevel=1)

    logger = logging.getLogger("neuro_mod")
    before = logger.level, list(logger.handlers), logger.propagate, warnings.showwarning
    with warnings.catch_warnings(record=True) as shown:
        drive(name, task, range(4), logs=tmp_path / "logs")
    assert before == (logger.level, logger.handlers, logger.propagate, warnings.showwarning)
    if name in ("serial", "thread"):
        assert [str(warning.message) for warning in shown] == ["strange"] * 3
    files = sorted((tmp_path / "logs").iterdir())
    assert {file.name for file in files} <= {"worker_0.log", "worker_1.log"}
    lines = [line for file in files for line in file.read_text().splitlines()]
    for index in range(4):
        for said in (f"INFO item {index} begins", f"INFO told by {index}"):
            assert sum(said in line for line in lines) == 1, said
    assert sum("WARNING UserWarning: strange" in line for line in lines) == 3
    assert sum("ended after" in line for line in lines) == 3
    text = "\n".join(lines)
    assert "ERROR item 1 failed after" in text and "\nValueError: deliberate" in text and "not told" not in text


@IN_THREADS
def test_records_below_the_level_of_the_user_go_to_the_log_alone(drive, name, tmp_path, caplog):
    def task(_, __):
        logging.getLogger("neuro_mod.some").info("quiet")
        logging.getLogger("neuro_mod.some").warning("loud")

    drive(name, task, [0], logs=tmp_path)
    assert [record.message for record in caplog.records] == ["item 0: loud"]
    log = (tmp_path / "worker_0.log").read_text()
    assert "INFO quiet" in log and "WARNING loud" in log


@EVERY
def test_a_log_that_cannot_be_written_fails_no_item(drive, name, tmp_path):
    (tmp_path / "logs").write_text("a file in the way")
    (completion,) = drive(name, lambda argument, _: argument, [5], logs=tmp_path / "logs")
    assert completion.result == 5


class _Sweep:
    def __init__(self):
        self.lock = threading.Lock()

    def step(self, argument, _):
        return argument


@SENDING
def test_what_cannot_be_sent_is_named_before_anything_runs(name):
    sweep = _Sweep()
    expected = r"the task cannot be sent to worker processes: sweep\.lock is a _thread\.lock"
    with pytest.raises(InputError, match=expected):
        check_task(name, lambda argument, report: (argument, sweep.step(argument, report)), 1)
    with pytest.raises(InputError, match=r"_Sweep\.lock is a _thread\.lock.*choose the executor thread"):
        check_task(name, sweep.step, 1)
    with pytest.raises(InputError, match=r"the argument cannot be sent .*argument\['a'\]\[0\] is a _thread\.lock"):
        check_task(name, lambda *_: None, {"a": [threading.Lock()]})
    check_task(name, lambda *_: None, {"a": 1})


@IN_THREADS
def test_threads_take_anything(name):
    check_task(name, _Sweep().step, threading.Lock())


@IN_THREADS
def test_a_task_that_raises_stopped_by_itself_failed(drive, name):
    def task(_, __):
        raise Stopped

    (completion,) = drive(name, task, [0])
    assert isinstance(completion.error, Stopped)


def test_numbers_of_workers():
    assert choose_workers("serial", None, 9) == choose_workers("serial", 1, 9) == 1
    assert choose_workers("thread", 4, 9) == 4 and choose_workers("process", 4, 3) == 3
    assert choose_workers("dask", None, 900, address="tcp://somewhere:8786") == 900
    with pytest.raises(InputError, match='executor: "mpi" found; expected one of serial, thread, process, dask'):
        choose_workers("mpi", None, 9)
    with pytest.raises(InputError, match="1 with the executor serial; choose thread, process or dask"):
        choose_workers("serial", 2, 9)
    with pytest.raises(InputError, match="max_workers: 0 found; expected a whole number of at least 1"):
        choose_workers("thread", 0, 9)
