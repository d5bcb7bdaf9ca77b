from __future__ import annotations

from collections import Counter

import pytest

from neuro_mod.errors import FailedItemsError, InputError
from neuro_mod.execution import jobs
from neuro_mod.execution.jobs import Execution
from tests.helpers.disturbing import drive, keys, tries, undisturbed
from tests.helpers.folders import data_in, run_json
from tests.helpers.tiny_job import TinyJob, numbers

#: How often an item is tried, and what is said, by what becomes of it.
IN_A_PROCESS = {
    "exits": (3, "the worker process was killed or crashed (EXIT(7))"),
    "crashes": (3, "the worker process was killed or crashed (SIGSEGV(-11))"),
    "is killed": (3, "the worker process was killed or crashed (SIGKILL(-9))"),
    "returns a lock": (1, "the result cannot be sent from its worker"),
}
ANYWHERE = {
    "returns a function": (3, "TypeError: Object of type function is not JSON serializable"),
    "leaves": (3, "RuntimeError: the task raised SystemExit"),
    "divides": (3, "ZeroDivisionError: division by zero"),
    "wants memory": (3, "MemoryError: too much"),
    "is not valid": (1, "InputError: never valid"),
}
#: Each replaced worker takes seconds here.
IN_DASK = {"crashes": (3, "of the Dask cluster was killed or crashed"), "divides": ANYWHERE["divides"]}


def assert_listed(folder, report, fates, expected):
    """All failed items are in `run.json` and in the log, with their seeds."""
    assert {failure.key for failure in report.failures} == {f"item {index}" for index in fates}
    listed = run_json(folder)
    assert listed["n_finished"] == listed["n_items"] - len(fates) == listed["n_concluded"]
    log = (folder / "metadata/run.log").read_text()
    for failure in listed["failures"]:
        index = int(failure["key"].split()[1])
        n_tries, message = expected[fates[index]]
        assert (failure["seed"], failure["tries"]) == (1000 + index, n_tries)
        assert message in failure["error"]
        assert f"failed: item {index} (seed {1000 + index}): {failure['error'].strip()}" in log
        assert f"item {index} (seed {1000 + index}), try {n_tries} of 3, failed in worker worker_" in log


@pytest.mark.parametrize(
    ("executor", "expected"),
    [
        ("process", {name: IN_A_PROCESS[name] for name in ("crashes", "returns a lock")} | ANYWHERE),
        pytest.param("process", IN_A_PROCESS | ANYWHERE, marks=pytest.mark.large),
        ("thread", ANYWHERE),
        ("serial", ANYWHERE),
        pytest.param("dask", IN_DASK, marks=pytest.mark.large),
    ],
)
def test_items_that_always_crash_are_listed_and_all_others_done(tmp_path, executor, expected):
    fates = {2 * index: fate for index, fate in enumerate(expected)}
    n_items, trace, folder = 2 * len(fates), tmp_path / "trace", tmp_path / "run"
    work = TinyJob(n_items, trace=str(trace), fates=fates)
    execution = Execution(executor, None if executor == "serial" else 3)
    with pytest.raises(FailedItemsError) as caught:
        jobs.run(work, folder, execution)
    assert str(caught.value).startswith(f"{len(fates)} items failed:\n  item ")
    assert f"{len(fates)} of {n_items} items finished and saved in {folder}" in str(caught.value)
    assert sorted(keys(folder)) == sorted(f"item {index}" for index in range(1, n_items, 2))
    assert_listed(folder, caught.value.outcome, fates, expected)
    assert Counter(tries(trace)) == {
        index: expected[fates[index]][0] if index in fates else 1 for index in range(n_items)
    }
    work.fates.clear()
    assert jobs.run(work, folder)["n_finished"] == n_items  # tried again when rerun
    assert data_in(folder) == undisturbed(tmp_path / "undisturbed", n_items)


def test_the_exit_code_says_that_items_failed(tmp_path):
    code, said = drive(tmp_path, {"n_items": 3, "fates": {1: "crashes"}}, executor="process", max_workers=2)
    assert code == 3 and "1 item failed:\n  item 1 (seed 1001): WorkerDied" in said


@pytest.mark.parametrize("executor", ["process", "thread", "serial"])
def test_an_item_that_works_the_second_time_has_not_failed(tmp_path, executor, monkeypatch):
    save = TinyJob.save
    faults = [ValueError("first"), ValueError("second")]

    def failing(self, files, item, result):
        if item.key == "item 1" and faults:
            raise faults.pop()
        return save(self, files, item, result)

    monkeypatch.setattr(TinyJob, "save", failing)
    about = jobs.run(TinyJob(3), tmp_path, Execution(executor))
    assert about["n_finished"] == 3 and about["failures"] == []
    assert "item 1 (seed 1001), try 2 of 3, failed" in (tmp_path / "metadata/run.log").read_text()


def test_what_failed_is_tried_after_the_others_and_for_the_last_time_alone(tmp_path):
    trace, n_items = tmp_path / "trace", 8
    work = TinyJob(n_items, trace=str(trace), fates={0: "divides", 3: "divides"})
    with pytest.raises(FailedItemsError):
        jobs.run(work, tmp_path / "run")
    assert tries(trace) == [*range(n_items), 0, 3, 0, 3]
    trace.unlink()
    work = TinyJob(n_items, trace=str(trace), fates={0: "divides", 3: "divides"}, seconds=0.02)
    with pytest.raises(FailedItemsError):
        jobs.run(work, tmp_path / "threads", Execution("thread", 4))
    logs = [path.read_text() for path in (tmp_path / "threads/metadata/logs").iterdir()]
    events = sorted(line for log in logs for line in log.splitlines() if "item" in line)
    assert sum("begins" in line for line in events) == n_items + 4
    assert tries(trace)[-2:] in ([0, 3], [3, 0])


def test_on_error_stop_stops(tmp_path):
    trace = tmp_path / "trace"
    work = TinyJob(10, trace=str(trace), fates={2: "divides"})
    with pytest.raises(FailedItemsError, match="1 item failed:\n  item 2") as caught:
        jobs.run(work, tmp_path / "run", Execution(on_error="stop"))
    assert tries(trace) == [0, 1, 2, 2, 2] and caught.value.outcome.n_finished == 2
    assert keys(tmp_path / "run") == ["item 0", "item 1"]
    work.fates.clear()
    assert jobs.run(work, tmp_path / "run")["n_finished"] == 10
    assert tries(trace)[5:] == list(range(2, 10))


def test_many_failures_are_counted_and_the_first_named(tmp_path):
    work = TinyJob(25, fates=dict.fromkeys(range(25), "is not valid"))
    with pytest.raises(FailedItemsError, match=r"(?s)25 items failed:\n  item 0 .*item 19 .*\n  and 5 more\n0 of 25"):
        jobs.run(work, tmp_path)
    assert len(run_json(tmp_path)["failures"]) == 25


def test_numbers_that_json_does_not_have_are_a_failure_of_their_item(tmp_path, monkeypatch):
    monkeypatch.setattr(TinyJob, "save", lambda *_: {"sum": float("nan")})
    with pytest.raises(FailedItemsError, match=r"item 0 .*not JSON compliant"):
        jobs.run(TinyJob(1), tmp_path)
    assert keys(tmp_path) == []


def test_nothing_to_do_is_refused(tmp_path):
    with pytest.raises(InputError, match="no items found; expected at least one"):
        jobs.run(TinyJob(0), tmp_path / "run")
    assert not (tmp_path / "run").exists() and len(numbers(1)) == 32
