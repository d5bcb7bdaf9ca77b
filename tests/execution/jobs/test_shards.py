"""Parts of a job in folders of their own, joined: as if they had been done at once, whatever happens to them."""

from __future__ import annotations

import json
import os
import signal
from itertools import chain, islice, permutations
from pathlib import Path

import pytest

from neuro_mod.errors import (
    FailedItemsError,
    FolderInUseError,
    InputError,
    Interrupted,
    MissingItemsError,
    StorageError,
)
from neuro_mod.execution import jobs
from neuro_mod.execution.jobs import Execution
from neuro_mod.execution.jobs.folder import JobFolder
from neuro_mod.execution.jobs.ledger import Entry
from neuro_mod.execution.jobs.shard import Shard
from neuro_mod.storage.files import fault_of
from neuro_mod.storage.locking import locked
from neuro_mod.storage.names import shard_numbers
from neuro_mod.storage.writing import link_whole
from tests.helpers.disturbing import assert_complete, driver, keys, tries, undisturbed
from tests.helpers.folders import data_in, files_in, n_finished, run_json
from tests.helpers.platforms import POSIX_ONLY
from tests.helpers.processes import wait_until
from tests.helpers.tiny_job import TinyJob

N = 10


@pytest.fixture(autouse=True)
def no_git(monkeypatch):
    """Asking git takes longer than these jobs."""
    monkeypatch.setattr("neuro_mod.execution.provenance.git_state", lambda _: None)


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    return undisturbed(tmp_path_factory.mktemp("undisturbed"), N)


def do(study, *numbers, of, job=None, **how):
    for number in numbers:
        jobs.run(job or TinyJob(N), study, Execution(shard=f"{number}/{of}", **how))


def join(study, job=None, **how):
    return jobs.run(job or TinyJob(N), study, Execution(**how), only_join=True)


def log_of(folder):
    return (folder / "metadata/run.log").read_text()


@pytest.mark.parametrize(
    "text", ["0/20", "21/20", "x", "", "3", "3/", "/20", "3/20/", "-1/2", "1/0", "٣/20", "1/100000", 3]
)
def test_what_is_no_shard_is_refused_with_what_is(text):
    with pytest.raises(InputError, match=r"K/N with K from 1 to N, and N up to 99999, such as 3/20; .* from 1"):
        Execution(shard=text)


def test_shards_divide_the_items():
    items = list(range(11))
    parts = [list(Shard(4, number).items(items)) for number in (1, 2, 3, 4)]
    assert parts[2] == [2, 6, 10] and sorted(chain(*parts)) == items
    assert list(Shard(20, 12).items(items)) == [] and Shard(4, 3).items(items)[1:] == [6, 10]


def test_names_of_folders_are_read_as_they_are_written(tmp_path):
    assert Shard.parse("3/20").within(tmp_path) == tmp_path / "shards/03_of_20"
    assert shard_numbers("03_of_20") == (3, 20)
    assert not any(
        map(shard_numbers, ("3_of_20", "00_of_20", "21_of_20", "003_of_20", "../03_of_20", "03_of_20 ", "x"))
    )


@pytest.mark.parametrize(("of", "orders"), [(1, 1), (2, 2), (3, 3), (7, 1), (13, 1)])
def test_joined_shards_are_one_run_whatever_their_order(tmp_path, expected, of, orders):
    for order in islice(permutations(range(of, 0, -1)), orders):
        study = tmp_path / "".join(map(str, order))
        do(study, *order, of=of)
        assert set(files_in(study)) == {name for name in files_in(study) if name.startswith("shards/")}
        said = join(study)
        assert_complete(study, expected, N)
        assert said["n_concluded"] == N and said["interrupted"] is False
        assert not (study / "shards").exists() and not list(study.rglob(".*"))


def test_a_serial_run_has_the_same_ledger_plan_and_names(tmp_path):
    jobs.run(TinyJob(N), tmp_path / "one")
    do(tmp_path / "two", 2, 1, of=2)
    join(tmp_path / "two")
    one, two = (tmp_path / name for name in ("one", "two"))
    manifests = [json.loads((each / "metadata/manifest.json").read_text())["files"] for each in (one, two)]
    logs = {f"metadata/logs/{number}_of_2.log" for number in (1, 2)}
    assert manifests[1].keys() - logs == manifests[0].keys() - {"metadata/logs/worker_0.log"}
    with_times = ("metadata/run", "metadata/logs", "metadata/finished")
    same = [name for name in manifests[0] if not name.startswith(with_times)]
    assert {name: manifests[0][name] for name in same} == {name: manifests[1][name] for name in same}
    lines = [sorted((each / "metadata/finished.jsonl").read_text().splitlines()) for each in (one, two)]
    assert lines[0] == lines[1]
    assert (one / "metadata/plan.json").read_bytes() == (two / "metadata/plan.json").read_bytes()


def test_attempts_and_logs_of_shards_are_kept(tmp_path):
    do(tmp_path, 1, 2, of=2)
    do(tmp_path, 2, of=2)  # which finds nothing to do, and does not count
    said = join(tmp_path)
    assert [(each["shard"], each["n_finished"]) for each in said["earlier_attempts"]] == [("1/2", 5), ("2/2", 5)]
    assert said["n_finished_before"] == 0 and said["n_finished"] == N
    assert "shard 2/2, 10 items in all: 0 of 5 items" in (tmp_path / "metadata/logs/2_of_2.log").read_text()


def test_a_shard_is_resumed(tmp_path, expected):
    trace, study = tmp_path / "trace", tmp_path / "study"
    part = study / "shards/2_of_2"
    with driver(study, {"n_items": N, "trace": str(trace), "fates": {9: "sleeps"}}, shard="2/2") as process:
        wait_until(lambda: n_finished(part) == 4, process)
        wait_until(lambda: len(tries(trace)) == 5, process)
        process.kill()
    assert keys(part) == ["item 1", "item 3", "item 5", "item 7"]
    do(study, 1, 2, of=2, job=TinyJob(N, trace=str(trace)))
    assert tries(trace) == [1, 3, 5, 7, 9, 0, 2, 4, 6, 8, 9]
    join(study)
    assert_complete(study, expected, N)


def test_shards_run_beside_one_another_but_each_only_once(tmp_path, expected):
    what = {"n_items": N, "seconds": 0.01}
    with driver(tmp_path, what, shard="1/2") as first, driver(tmp_path, what, shard="2/2") as second:
        assert [process.wait(60) for process in (first, second)] == [0, 0]
    with locked(tmp_path / "shards/1_of_2"):
        with pytest.raises(FolderInUseError, match=r"another process is writing to .*1_of_2"):
            do(tmp_path, 1, of=2)
        with pytest.raises(MissingItemsError, match=r"shard 1/2 \(another process is writing to it\): item 0"):
            join(tmp_path)
        with pytest.raises(FolderInUseError):
            jobs.run(TinyJob(N), tmp_path)
    join(tmp_path)
    assert_complete(tmp_path, expected, N)


def test_gaps_are_named_and_nothing_is_concluded(tmp_path, expected):
    do(tmp_path, 1, 3, of=4)
    with pytest.raises(MissingItemsError) as caught:
        join(tmp_path)
    for words in (
        "5 of 10 items are missing, in 2 of 4 shards:",
        "shard 2/4 (not begun): item 1, item 5, item 9\n",
        "shard 4/4 (not begun): item 3, item 7\n",
        "rerun what began the others with --shard 2/4",
        "--array=2,4",
    ):
        assert words in str(caught.value)
    assert caught.value.missing == {"2/4": ["item 1", "item 5", "item 9"], "4/4": ["item 3", "item 7"]}
    assert caught.value.exit_code == 3 and "item 7" in log_of(tmp_path)
    assert not (tmp_path / "data/sums.json").exists() and not (tmp_path / "metadata/manifest.json").exists()
    do(tmp_path, 2, 4, of=4)
    join(tmp_path)
    assert_complete(tmp_path, expected, N)


def test_many_gaps_are_named_in_few_lines(tmp_path):
    do(tmp_path, 5, of=40, job=TinyJob(40))
    with pytest.raises(MissingItemsError) as caught:
        join(tmp_path, TinyJob(40))
    said = str(caught.value)
    assert "  shard 21/40 (not begun): item 20\n  and 19 more shards\n" in said and "--array=1-4,6-40;" in said
    assert len(caught.value.missing) == 39 and len(said.splitlines()) == 23


def test_a_failed_item_is_a_gap(tmp_path):
    with pytest.raises(FailedItemsError, match="1 item failed"):
        do(tmp_path, 1, of=2, job=TinyJob(N, fates={2: "divides"}))
    do(tmp_path, 2, of=2)
    with pytest.raises(MissingItemsError, match="1 of 10 items are missing, in 1 of 2 shards:\n  shard 1/2: item 2\n"):
        join(tmp_path)


@pytest.mark.parametrize("damage", [lambda file: file.write_bytes(b"?"), lambda file: file.unlink()])
def test_a_damaged_file_is_not_taken_over(tmp_path, expected, damage):
    do(tmp_path, 1, 2, of=2)
    damage(tmp_path / "shards/2_of_2/data/item_3.json")
    with pytest.raises(MissingItemsError, match=r"shard 2/2 \(1 damaged\): item 3\n"):
        join(tmp_path)
    assert "data/item_3.json" not in files_in(tmp_path) and "not taken over" in log_of(tmp_path)
    do(tmp_path, 2, of=2)
    join(tmp_path)
    assert_complete(tmp_path, expected, N)


def test_names_in_the_ledger_of_a_shard_lead_nowhere_else(tmp_path):
    do(tmp_path, 1, 2, of=2)
    part = JobFolder(tmp_path / "shards/2_of_2", TinyJob(N).identity)
    first = next(part.entries())
    for name in ("../../data/x.json", "metadata/plan.json", "/etc/hostname", "results.csv"):
        record = first.files["data/item_1.json"]
        part._ledger.rewrite([Entry(first.key, {name: record}, first.about)])
        with pytest.raises(MissingItemsError, match="1 damaged"):
            join(tmp_path)
    assert json.loads((tmp_path / "metadata/plan.json").read_text())["kind"] == "tiny"


def test_a_shard_of_another_job_is_refused_before_anything_is_written(tmp_path):
    do(tmp_path, 1, of=2)
    do(tmp_path, 2, of=2, job=TinyJob(N, root_seed=2))
    for call in (join, lambda study: jobs.run(TinyJob(N), study)):
        with pytest.raises(InputError, match=r"2_of_2 holds the results of another.*\n  root.seed: 2 -> 1"):
            call(tmp_path)
    assert not (tmp_path / "metadata").exists()
    jobs.run(TinyJob(N), tmp_path, Execution(force=True))
    assert not (tmp_path / "shards").exists()


def test_another_number_of_shards_is_refused(tmp_path, expected):
    do(tmp_path, 1, of=2)
    with pytest.raises(
        InputError, match=r"shards of 2 and of 3 found; expected shards of one number; .*without --shard"
    ):
        do(tmp_path, 1, of=3)
    jobs.run(TinyJob(N), tmp_path)
    assert_complete(tmp_path, expected, N)


def test_a_shard_leaves_out_what_the_study_has(tmp_path, expected):
    trace = tmp_path / "trace"
    study = tmp_path / "study"
    jobs.run(TinyJob(4), study)
    (study / "data/item_2.json").write_bytes(b"?")
    do(study, 1, 2, of=2, job=TinyJob(N, trace=str(trace)))
    assert sorted(tries(trace)) == [2, 4, 5, 6, 7, 8, 9]
    join(study)
    assert_complete(study, expected, N)
    with pytest.raises(InputError, match="holds the results of another"):
        do(study, 1, of=2, job=TinyJob(N, root_seed=2), force=True)


def test_a_run_without_shards_joins_them_and_does_the_rest(tmp_path, expected):
    trace, study = tmp_path / "trace", tmp_path / "study"
    do(study, 2, of=3)
    said = jobs.run(TinyJob(N, trace=str(trace)), study)
    assert sorted(tries(trace)) == [0, 2, 3, 5, 6, 8, 9] and said["n_finished"] == N
    assert_complete(study, expected, N)
    assert not (study / "shards").exists()


def test_shards_with_items_that_were_not_asked_for_stay(tmp_path):
    do(tmp_path, 1, 2, of=2)
    jobs.run(TinyJob(4), tmp_path)
    assert len(keys(tmp_path)) == 4 and len(keys(tmp_path / "shards/1_of_2")) == 5
    assert "stays, as it has other files, or items that were not asked for" in log_of(tmp_path)


def test_files_that_are_not_ours_stay(tmp_path, expected):
    do(tmp_path, 1, 2, of=2)
    for name in ("shards/1_of_2/data/mine.txt", "shards/notes.txt", "shards/2_of_2x/mine.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("mine")
    join(tmp_path)
    left = {name for name in files_in(tmp_path) if name.startswith("shards")}
    assert left == {"shards/1_of_2/data/mine.txt", "shards/notes.txt", "shards/2_of_2x/mine.txt"}
    assert_complete(tmp_path, expected, N)


def test_where_links_are_not_possible_files_are_copied(tmp_path, expected, monkeypatch):
    def refuse(*_):
        raise OSError

    monkeypatch.setattr("pathlib.Path.hardlink_to", refuse)
    do(tmp_path, 1, 2, of=2)
    join(tmp_path)
    assert_complete(tmp_path, expected, N)


@POSIX_ONLY
def test_a_link_is_whole_and_replaces_what_was_there(tmp_path):
    source, path = tmp_path / "source", tmp_path / "path"
    source.write_text("new")
    path.write_text("old")
    for _ in range(2):
        link_whole(source, path)
        assert path.read_text() == "new" and path.samefile(source) and files_in(tmp_path) == {"source", "path"}
    (tmp_path / "link").symlink_to(source)
    link_whole(tmp_path / "link", tmp_path / "copy")
    assert (tmp_path / "copy").read_text() == "new" and not (tmp_path / "copy").is_symlink()


def killed(call):
    """Whether a process of its own that makes a call is killed meanwhile."""
    child = os.fork()
    if child == 0:
        try:
            call()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


@pytest.mark.parametrize(("place", "n_calls"), [("finished", 0), ("finished", 4), ("take_log", 2), ("finish", 0)])
def test_a_gathering_that_is_killed_anywhere_continues(tmp_path, expected, monkeypatch, place, n_calls):
    do(tmp_path, 1, 2, 3, of=3)
    method, calls = getattr(JobFolder, place), []

    def killing(self, *arguments):
        if len(calls) == n_calls:
            os.kill(os.getpid(), signal.SIGKILL)
        calls.append(arguments)
        return method(self, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr(JobFolder, place, killing)
        assert killed(lambda: join(tmp_path)) and killed(lambda: join(tmp_path))
    join(tmp_path)
    assert_complete(tmp_path, expected, N)
    assert not (tmp_path / "shards").exists()


@pytest.mark.parametrize("n_removed", [0, 9, 15, 16, 17])
def test_a_removal_of_shards_that_is_killed_anywhere_continues(tmp_path, monkeypatch, n_removed):
    do(tmp_path, 1, of=1, job=TinyJob(5))
    files = len(files_in(tmp_path))
    removed, unlink = [], Path.unlink

    def killing(self, *arguments, **options):
        if "1_of_1" in self.parts and self.exists() and self.name != ".lock":
            if len(removed) == n_removed:
                os.kill(os.getpid(), signal.SIGKILL)
            removed.append(self)
        unlink(self, *arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", killing)
        assert killed(lambda: join(tmp_path, TinyJob(5))) == (n_removed < files)
    assert len(files_in(tmp_path / "shards")) == files - n_removed + 1 - (n_removed == files)
    join(tmp_path, TinyJob(5))
    assert_complete(tmp_path, undisturbed(tmp_path / "undisturbed", 5), 5)
    assert not (tmp_path / "shards").exists() and "not taken over" not in log_of(tmp_path)


def test_ctrl_c_while_shards_are_joined(tmp_path, expected, monkeypatch):
    do(tmp_path, 1, 2, of=2)
    finished = JobFolder.finished

    def interrupted(self, entry):
        finished(self, entry)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(JobFolder, "finished", interrupted)
    with pytest.raises(KeyboardInterrupt) as caught:
        join(tmp_path)
    assert caught.value.__notes__ == ["0 of 10 items finished; rerun the command to resume"]
    monkeypatch.undo()
    join(tmp_path)
    assert_complete(tmp_path, expected, N)


def test_ctrl_c_while_joined_shards_are_removed(tmp_path, expected, monkeypatch):
    def interrupted(_):
        raise KeyboardInterrupt

    do(tmp_path, 1, 2, of=2)
    with monkeypatch.context() as patched:
        patched.setattr(JobFolder, "remove_all", interrupted)
        with pytest.raises(KeyboardInterrupt):
            join(tmp_path)
    files = json.loads((tmp_path / "metadata/manifest.json").read_text())["files"]
    assert not any(fault_of(tmp_path / name, record) for name, record in files.items())
    join(tmp_path)
    assert_complete(tmp_path, expected, N)
    assert not (tmp_path / "shards").exists()


def test_a_full_disk_is_said_and_the_shards_stay(tmp_path, expected, monkeypatch):
    def full(*_):
        raise StorageError("cannot write it")

    do(tmp_path, 1, 2, of=2)
    before = data_in(tmp_path / "shards/1_of_2")
    monkeypatch.setattr("neuro_mod.execution.jobs.folder.link_whole", full)
    with pytest.raises(StorageError, match="cannot write it"):
        join(tmp_path)
    monkeypatch.undo()
    assert data_in(tmp_path / "shards/1_of_2") == before
    join(tmp_path)
    assert_complete(tmp_path, expected, N)


def test_an_interrupted_shard_says_so(tmp_path, monkeypatch):
    finished = JobFolder.finished

    def interrupted(self, entry):
        signal.raise_signal(signal.SIGTERM)
        finished(self, entry)

    monkeypatch.setattr(JobFolder, "finished", interrupted)
    with pytest.raises(Interrupted, match=r"of 5 items finished and saved in .*1_of_2; rerun the command to resume"):
        do(tmp_path, 1, of=2)
    assert run_json(tmp_path / "shards/1_of_2")["interrupted"] is True
