from __future__ import annotations

import json
import signal

import pytest

from neuro_mod.errors import FailedItemsError, InputError, StorageError
from neuro_mod.execution import jobs
from neuro_mod.execution.jobs import Execution, JobFolder
from neuro_mod.storage.run_folder import RunFolder
from tests.helpers.disturbing import assert_complete, drive, driver, keys, tries, undisturbed
from tests.helpers.folders import data_in, n_finished
from tests.helpers.processes import wait_until
from tests.helpers.tiny_job import TinyJob


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_finished_items_are_not_rerun(tmp_path):
    trace = tmp_path / "trace"
    jobs.run(TinyJob(6, trace=str(trace)), tmp_path / "run")
    about = jobs.run(TinyJob(9, trace=str(trace)), tmp_path / "run", Execution("thread", 2))
    assert (about["n_finished_before"], about["n_finished"]) == (6, 9)
    assert "6 of 9 items finished" in (tmp_path / "run/metadata/run.log").read_text()
    assert sorted(tries(trace)) == list(range(9))
    assert_complete(tmp_path / "run", undisturbed(tmp_path / "undisturbed", 9), 9)


def test_the_second_process_says_so_and_the_first_is_unharmed(tmp_path):
    folder, trace = tmp_path / "run", tmp_path / "trace"
    log = folder / "metadata/run.log"
    what = {"n_items": 3, "fates": {1: "sleeps"}, "trace": str(trace)}
    with driver(folder, what, executor="process", max_workers=2) as first:
        # the log tells of an item after the ledger does
        wait_until(lambda: n_finished(folder) == 2 and len(tries(trace)) == 3 and log.read_text().count(": sum ") == 2)
        before = contents(folder)
        code, said = drive(folder, what)
        assert code == 2 and f"another process is writing to {folder}" in said
        with pytest.raises(StorageError, match="another process"):
            jobs.run(TinyJob(3, root_seed=2), folder, Execution(force=True))
        assert contents(folder) == before and first.poll() is None
        first.send_signal(signal.SIGTERM)
        assert first.wait(20) == 130
    assert jobs.run(TinyJob(3), folder)["n_finished_before"] == 2
    assert len(tries(trace)) == 3


def test_results_of_another_job_are_refused_with_the_difference(tmp_path):
    jobs.run(TinyJob(3), tmp_path)
    before = contents(tmp_path)
    with pytest.raises(InputError, match=r"(?s)results of another job; .*--force .*:\n  root.seed: 1 -> 2$"):
        jobs.run(TinyJob(3, root_seed=2), tmp_path)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("killed", [False, True])
def test_force_leaves_nothing_of_the_other_work(tmp_path, killed, monkeypatch):
    folder = tmp_path / "run"
    jobs.run(TinyJob(9), folder)
    if killed:  # the manifest is not there, and the log and a file of the work as a whole are
        with monkeypatch.context() as patched:
            patched.setattr(TinyJob, "conclude", lambda *_: _[1].save_text("plots/only_then.txt", "old") and 1 / 0)
            with pytest.raises(ZeroDivisionError):
                jobs.run(TinyJob(10), folder)
        assert (folder / "plots/only_then.txt").exists() and not (folder / "metadata/manifest.json").exists()
    (folder / "notes.txt").write_text("mine")
    jobs.run(TinyJob(2, root_seed=2), folder, Execution(force=True))
    jobs.run(TinyJob(2, root_seed=2), tmp_path / "fresh")
    assert data_in(folder) == data_in(tmp_path / "fresh")
    assert contents(folder).keys() == contents(tmp_path / "fresh").keys() | {"notes.txt"}
    log = (folder / "metadata/run.log").read_text()
    assert "0 of 2 items finished" in log and "of 9" not in log


def test_items_that_are_not_asked_for_stay_where_they_may(tmp_path):
    jobs.run(TinyJob(5), tmp_path)
    about = jobs.run(TinyJob(2), tmp_path)
    assert (about["n_items"], about["n_finished"], about["n_concluded"]) == (2, 2, 5)
    assert "2 of 2 items finished" in (tmp_path / "metadata/run.log").read_text()
    assert len(keys(tmp_path)) == 5


def test_items_that_are_not_asked_for_are_refused_where_they_may_not_stay(tmp_path, caplog):
    jobs.run(TinyJob(5), tmp_path)
    (tmp_path / "analysis").mkdir()
    (tmp_path / "analysis/states.csv").write_text("of 5 items")
    work = TinyJob(2, keeps_others=False)
    with pytest.raises(InputError, match=r"3 other items found; .*--force"):
        jobs.run(work, tmp_path)
    assert len(keys(tmp_path)) == 5
    jobs.run(work, tmp_path, Execution(force=True))
    assert keys(tmp_path) == ["item 0", "item 1"]
    assert not (tmp_path / "data/item_2.json").exists() and not (tmp_path / "analysis").exists()
    (said,) = (message for message in caplog.messages if "results that were not asked for removed" in message)
    assert {"data/item_2.json", "data/item_4.txt", "analysis/states.csv"} <= set(said.split("removed: ")[1].split(", "))


def test_a_folder_of_another_run_is_refused_either_way(tmp_path):
    single = RunFolder(tmp_path / "single")
    single.save_text("data/result.txt", "one")
    single.finish()
    with pytest.raises(InputError, match="holds the results of another run"):
        jobs.run(TinyJob(2), tmp_path / "single")
    jobs.run(TinyJob(2), tmp_path / "single", Execution(force=True))
    assert not (tmp_path / "single/data/result.txt").exists()
    with pytest.raises(InputError, match="results of many runs found"):
        RunFolder(tmp_path / "single")


def test_a_ledger_without_plan_is_of_another_run(tmp_path):
    jobs.run(TinyJob(2), tmp_path)
    (tmp_path / "metadata/plan.json").unlink()
    with pytest.raises(InputError, match=r"plan\.json is missing, so the results cannot be identified"):
        jobs.run(TinyJob(2), tmp_path)


@pytest.mark.parametrize("place", ["run", "run/data", "run/metadata", "run/metadata/plan.json"])
def test_where_nothing_can_be_written_it_is_said_before_anything_runs(tmp_path, place):
    trace, blocked = tmp_path / "trace", tmp_path / place
    blocked.parent.mkdir(parents=True, exist_ok=True)
    if place.endswith("plan.json"):
        blocked.mkdir()
    else:
        blocked.write_text("a file")
    with pytest.raises((StorageError, InputError), match=str(tmp_path / "run")):
        jobs.run(TinyJob(2, trace=str(trace)), tmp_path / "run")
    assert tries(trace) == []


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"executor": "mpi"}, 'executor: "mpi" found; expected one of serial, thread, process, dask'),
        ({"executor": "thread", "max_workers": 0}, "max_workers: 0 found; expected a whole number of at least 1"),
        ({"max_workers": 2}, "max_workers: 2 found; expected 1 with the executor serial"),
        (
            {"address": "tcp://a:1"},
            'address: "tcp://a:1" found; expected none with the executor serial',
        ),
        ({"on_error": "retry"}, 'on_error: "retry" found; expected one of continue, stop'),
    ],
)
def test_bad_arguments_leave_no_folder(tmp_path, how, message):
    with pytest.raises(ValueError, match=message):
        jobs.run(TinyJob(2), tmp_path / "run", Execution(**how))
    assert not (tmp_path / "run").exists()


def test_what_cannot_be_sent_leaves_no_folder(tmp_path):
    work = TinyJob(2)
    work.fates[0] = open  # no name of a fate
    work.fates[1] = (line for line in [])
    with pytest.raises(InputError, match=r"the task cannot be sent to worker processes: .*fates\[1\] is a generator"):
        jobs.run(work, tmp_path / "run", Execution("process"))
    assert not (tmp_path / "run").exists()


def test_a_ledger_names_no_file_elsewhere(tmp_path):
    """What it names is removed by force, so that it must be in a folder of ours."""
    (tmp_path / "precious.txt").write_text("mine")
    (tmp_path / "run/data").mkdir(parents=True)
    jobs.run(TinyJob(1), tmp_path / "run")
    folder = JobFolder(tmp_path / "run", TinyJob().identity)
    for name in ("../precious.txt", str(tmp_path / "precious.txt"), "data/../../precious.txt"):
        folder._ledger.append(jobs.ledger.Entry(name, {name: {"bytes": 4, "sha256": "0"}}, {}))
    folder.scan()
    assert folder.done == {"item 0"} and sum("is not a name of a result file" in fault for fault in folder.damaged) == 3
    folder.remove({"item 0"})
    jobs.run(TinyJob(1, root_seed=2), tmp_path / "run", Execution(force=True))
    assert (tmp_path / "precious.txt").read_text() == "mine"


def test_the_manifest_has_all_files_with_their_sizes(tmp_path):
    said = jobs.run(TinyJob(3), tmp_path)
    files = json.loads((tmp_path / "metadata/manifest.json").read_text())["files"]
    assert files.keys() | {"metadata/manifest.json"} == contents(tmp_path).keys()
    for name, record in files.items():
        assert record["bytes"] == len(contents(tmp_path)[name]), name
    assert {str(tmp_path / f"data/item_{k}.json") for k in range(3)}.isdisjoint(said["files"])
    assert str(tmp_path / "data/sums.json") in said["files"]


def test_files_of_an_item_that_is_not_finished_do_not_stay(tmp_path, monkeypatch):
    """Whoever looks at all data files must not find those of items that are not in the ledger."""

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("neuro_mod.execution.jobs.ledger.Ledger.append", killed)
        with pytest.raises(KeyboardInterrupt):
            jobs.run(TinyJob(1), tmp_path)
    orphans = set((tmp_path / "data").glob("item_*"))
    (mine := tmp_path / "data/mine.txt").write_text("not of ours")
    with pytest.raises(FailedItemsError):
        jobs.run(TinyJob(1, fates={0: "is not valid"}), tmp_path)
    assert len(orphans) == 2 and not any(orphan.exists() for orphan in orphans) and mine.exists()


def test_a_damaged_file_does_not_stay_where_its_item_fails(tmp_path):
    jobs.run(TinyJob(2), tmp_path)
    (tmp_path / "metadata/manifest.json").unlink()
    (tmp_path / "data/item_0.json").write_bytes(b"damaged")
    with pytest.raises(FailedItemsError):
        jobs.run(TinyJob(2, fates={0: "is not valid", 1: "is not valid"}), tmp_path)
    assert {path.name for path in (tmp_path / "data").glob("item_*")} == {"item_1.json", "item_1.txt"}


def test_force_leaves_nothing_of_other_work_that_was_cut_short(tmp_path, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("neuro_mod.execution.jobs.ledger.Ledger.append", killed)
        with pytest.raises(KeyboardInterrupt):
            jobs.run(TinyJob(3), tmp_path)
    (tmp_path / "data/item_0.json").rename(tmp_path / "data/item_1.json")  # as if it had come to that
    with (tmp_path / "metadata/.unfinished").open("a") as journal:
        journal.write("data/item_1.json\n")
    jobs.run(TinyJob(1, root_seed=7), tmp_path, Execution(force=True))
    assert {path.name for path in (tmp_path / "data").glob("item_*")} == {"item_0.json", "item_0.txt"}


def test_a_rerun_that_finds_nothing_to_do_is_not_an_attempt(tmp_path):
    first = jobs.run(TinyJob(2), tmp_path, Execution("thread", 2))
    again = jobs.run(TinyJob(2), tmp_path)
    assert again["executor"] == "thread" and again["started"] == first["started"] and again["earlier_attempts"] == []


def test_force_removes_only_what_was_written_and_says_so(tmp_path, caplog):
    jobs.run(TinyJob(2), tmp_path)
    mine = ("configs/mine.yaml", "metadata/logs/mine.log", "data/mine.csv", "metadata/notes.txt")
    for name in mine:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("mine")
    jobs.run(TinyJob(1, root_seed=2), tmp_path, Execution(force=True))
    assert all((tmp_path / name).read_text() == "mine" for name in mine)
    (said,) = (record.message for record in caplog.records if "results of another job removed" in record.message)
    removed = set(said.split("removed: ")[1].split(", "))
    assert {"data/item_0.json", "data/item_1.json", "metadata/plan.json", "metadata/logs/worker_0.log"} <= removed
    assert not removed & set(mine) and not (tmp_path / "data/item_1.json").exists()
