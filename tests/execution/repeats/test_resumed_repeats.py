"""What becomes of repeats that are interrupted, fail, or come to a folder that has some already."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import time

import numpy as np
import pytest

from neuro_mod.errors import FailedItemsError, InputError, Interrupted, StorageError
from neuro_mod.execution import Repeater
from neuro_mod.execution.repeats import job as repeats
from neuro_mod.execution.stagers import StageSNNSimulation
from neuro_mod.storage.locking import locked
from neuro_mod.storage.names import FINISHED
from tests.helpers.folders import data_in, files_in, run_json
from tests.helpers.shared import SMALL


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    Repeater(SMALL, 6).execute(folder, plot_arg="none")
    return data_in(folder)


@pytest.fixture
def simulated(monkeypatch):
    """Seeds of the runs that are simulated."""
    run, seeds = StageSNNSimulation.run, []

    def counted(self, **options):
        seeds.append(self.random_seed)
        return run(self, **options)

    monkeypatch.setattr(StageSNNSimulation, "run", counted)
    return seeds


def log_of(folder):
    return (folder / "metadata/run.log").read_text()


def test_more_repeats_leave_the_earlier_as_they_are(tmp_path, simulated, undisturbed):
    Repeater(SMALL, 4).execute(tmp_path, plot_arg="none")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "data").iterdir()}
    repeater = Repeater(SMALL, 6)
    said = repeater.execute(tmp_path, plot_arg="none")
    assert data_in(tmp_path) == undisturbed and simulated == list(repeater.seeds)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert "4 of 6 repeats finished" in log_of(tmp_path)
    assert [about["repeat"] for about in said["repeats"]] == list(range(6)) and said["n_finished_before"] == 4
    assert [attempt["n_finished"] for attempt in run_json(tmp_path)["earlier_attempts"]] == [4]


def test_finished_repeats_are_not_rerun(tmp_path, simulated):
    Repeater(SMALL, 2).execute(tmp_path, plot_arg="none")
    simulated.clear()
    said = Repeater(SMALL, 2).execute(tmp_path, plot_arg="none")
    assert not simulated and "2 of 2 repeats finished" in log_of(tmp_path) and len(said["repeats"]) == 2


def test_damaged_repeats_are_named_and_rerun(tmp_path, simulated, undisturbed):
    repeater = Repeater(SMALL, 6)
    repeater.execute(tmp_path, plot_arg="none")
    simulated.clear()
    (tmp_path / "data/spikes_0001.npy").write_bytes(undisturbed["data/spikes_0001.npy"][:-1])
    (tmp_path / "data/rates_0004.npz").unlink()
    repeater.execute(tmp_path, plot_arg="none")
    assert data_in(tmp_path) == undisturbed and simulated == [repeater.seeds[1], repeater.seeds[4]]
    assert "spikes_0001.npy has " in log_of(tmp_path) and "rates_0004.npz is missing" in log_of(tmp_path)


def test_a_repeat_of_which_the_ledger_keeps_text_for_a_number_is_rerun(tmp_path, simulated):
    repeater = Repeater(SMALL, 2)
    before = repeater.execute(tmp_path, plot_arg="none")["repeats"]
    simulated.clear()
    lines = (tmp_path / FINISHED).read_bytes().splitlines()
    text = re.sub(rb'"random_seed": \d+', b'"random_seed": "abc"', lines[1].split(b" ", 1)[1])
    lines[1] = hashlib.sha256(text).hexdigest()[:16].encode() + b" " + text
    (tmp_path / FINISHED).write_bytes(b"\n".join(lines) + b"\n")
    said = repeater.execute(tmp_path, plot_arg="none")
    assert simulated == [repeater.seeds[1]] and "random_seed is damaged" in log_of(tmp_path)
    assert [about["random_seed"] for about in said["repeats"]] == [about["random_seed"] for about in before]


def test_fewer_repeats_are_refused_unless_forced(tmp_path, simulated):
    Repeater(SMALL, 3).execute(tmp_path)
    before = data_in(tmp_path)
    with pytest.raises(InputError, match=r"2 other repeats found; .* --force"):
        Repeater(SMALL, 1).execute(tmp_path)
    assert data_in(tmp_path) == before
    simulated.clear()
    Repeater(SMALL, 1).execute(tmp_path, force=True)
    kept = {name for name in files_in(tmp_path) if name.startswith(("data", "plots"))}
    assert kept == {
        "data/spikes_0000.npy",
        "data/rates_0000.npz",
        "plots/raster_0000.png",
        "plots/cluster_rates_0000.png",
    }
    assert not simulated


def test_another_configuration_is_refused_with_the_difference_unless_forced(tmp_path):
    Repeater(SMALL, 2).execute(tmp_path)
    before = data_in(tmp_path)
    changed = Repeater(SMALL, 1, overrides=["arousal.level=0.125", "init_params.duration_sec=0.1"], fix_network=True)
    with pytest.raises(InputError) as refused:
        changed.execute(tmp_path)
    for line in ("fix_network: False -> True", "config.arousal.level: 0.3 -> 0.125", "duration_sec: 0.2 -> 0.1"):
        assert line in str(refused.value)
    assert "--force" in str(refused.value) and data_in(tmp_path) == before
    changed.execute(tmp_path, force=True, plot_arg="none")
    assert set(data_in(tmp_path)) == {"data/spikes_0000.npy", "data/rates_0000.npz"}
    assert not list((tmp_path / "plots").iterdir()) and run_json(tmp_path)["n_finished"] == 1


def test_what_does_not_change_results_may_differ(tmp_path, simulated):
    Repeater(SMALL, 2).execute(tmp_path, executor="thread")
    simulated.clear()
    changed = Repeater(SMALL, 2, overrides=["settings.sim_name=other", "settings.plot_format=pdf"])
    changed.execute(tmp_path, plot_arg="none")
    assert not simulated


def test_other_seeds_are_refused(tmp_path):
    Repeater(SMALL, seeds=[1, 2]).execute(tmp_path, plot_arg="none")
    with pytest.raises(InputError, match="1 other repeat found; expected only those asked for now"):
        Repeater(SMALL, seeds=[1, 3]).execute(tmp_path, plot_arg="none")


def test_one_run_and_repeats_do_not_share_a_folder(tmp_path):
    Repeater(SMALL, 1).execute(tmp_path / "repeats", plot_arg="none")
    with pytest.raises(InputError, match="results of many runs found"):
        StageSNNSimulation(SMALL).execute("none", out=tmp_path / "repeats")
    StageSNNSimulation(SMALL).execute("none", out=tmp_path / "one")
    with pytest.raises(InputError, match="holds the results of another run"):
        Repeater(SMALL, 1).execute(tmp_path / "one", plot_arg="none")
    Repeater(SMALL, 1).execute(tmp_path / "one", plot_arg="none", force=True)
    assert set(data_in(tmp_path / "one")) == {"data/spikes_0000.npy", "data/rates_0000.npz"}


def test_one_process_at_a_time(tmp_path):
    with locked(tmp_path), pytest.raises(StorageError, match="another process is writing to"):
        Repeater(SMALL, 1).execute(tmp_path)
    Repeater(SMALL, 1).execute(tmp_path, plot_arg="none")


@pytest.mark.parametrize("executor", ["serial", "thread"])
def test_a_failing_repeat_is_tried_three_times_and_the_others_go_on(tmp_path, monkeypatch, undisturbed, executor):
    repeater, tries = Repeater(SMALL, 6), []
    run = StageSNNSimulation.run

    def failing(self, **options):
        if self.random_seed == repeater.seeds[2]:
            tries.append(self.random_seed)
            raise FloatingPointError("too much")
        return run(self, **options)

    monkeypatch.setattr(StageSNNSimulation, "run", failing)
    with pytest.raises(FailedItemsError) as caught:
        repeater.execute(tmp_path, executor=executor, plot_arg="none")
    assert len(tries) == 3
    assert f"repeat 2 (seed {repeater.seeds[2]}): FloatingPointError: too much" in str(caught.value)
    said = run_json(tmp_path)
    assert caught.value.metadata["repeats"] == said["repeats"] and said["interrupted"] is False
    assert [repeat["repeat"] for repeat in said["repeats"]] == [0, 1, 3, 4, 5]
    assert [(failure["name"], failure["tries"]) for failure in said["failures"]] == [("repeat 2", 3)]
    assert 'raise FloatingPointError("too much")' in log_of(tmp_path)
    monkeypatch.undo()
    repeater.execute(tmp_path, plot_arg="none")
    assert data_in(tmp_path) == undisturbed and run_json(tmp_path)["failures"] == []


def test_on_error_stop_begins_no_other(tmp_path, monkeypatch):
    repeater = Repeater(SMALL, 6)
    run = StageSNNSimulation.run

    def failing(self, **options):
        if self.random_seed == repeater.seeds[1]:
            raise FloatingPointError("too much")
        return run(self, **options)

    monkeypatch.setattr(StageSNNSimulation, "run", failing)
    with pytest.raises(FailedItemsError, match="1 of 6 repeats finished"):
        repeater.execute(tmp_path, on_error="stop", plot_arg="none")
    assert set(data_in(tmp_path)) == {"data/spikes_0000.npy", "data/rates_0000.npz"}


def test_what_is_impossible_in_a_process_is_said_once_for_each_repeat(tmp_path):
    repeater = Repeater(SMALL, 2, overrides=["external_currents.nu_ext_baseline=1e9"])
    with pytest.raises(FailedItemsError, match="external spikes in each step") as caught:
        repeater.execute(tmp_path, executor="process", max_workers=1)
    assert [failure.tries for failure in caught.value.outcome.failures] == [1, 1]
    assert not data_in(tmp_path) and run_json(tmp_path)["repeats"] == []


@pytest.mark.parametrize("executor", ["serial", "thread"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_while_a_repeat_is_saved_keeps_it_whole(tmp_path, monkeypatch, undisturbed, executor, number):
    save_rates = repeats.save_rates

    def interrupted(*arguments):
        os.kill(os.getpid(), number)
        return save_rates(*arguments)

    monkeypatch.setattr(repeats, "save_rates", interrupted)
    with pytest.raises(Interrupted, match=r"of 6 repeats finished and saved in .*; rerun the command to resume"):
        Repeater(SMALL, 6).execute(tmp_path, executor=executor, max_workers=1, plot_arg="none")
    said = run_json(tmp_path)
    assert said["interrupted"] is True and said["n_finished"] == len(said["repeats"]) >= 1
    assert len(data_in(tmp_path)) == 2 * said["n_finished"]
    assert "interrupted" in log_of(tmp_path)
    monkeypatch.undo()
    Repeater(SMALL, 6).execute(tmp_path, plot_arg="none")
    assert data_in(tmp_path) == undisturbed


def test_the_second_ctrl_c_does_not_wait(tmp_path, monkeypatch, undisturbed):
    save_rates, calls = repeats.save_rates, []

    def interrupted(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            signal.raise_signal(signal.SIGINT)
            time.sleep(0.5)  # two at once are one
            signal.raise_signal(signal.SIGINT)
        return save_rates(*arguments)

    monkeypatch.setattr(repeats, "save_rates", interrupted)
    with pytest.raises(KeyboardInterrupt) as caught:
        Repeater(SMALL, 6).execute(tmp_path, plot_arg="none")
    assert caught.value.__notes__ == ["1 of 6 repeats finished; rerun the command to resume"]
    monkeypatch.undo()
    Repeater(SMALL, 6).execute(tmp_path, plot_arg="none")
    assert data_in(tmp_path) == undisturbed


def test_a_full_disk_is_said_and_nothing_runs_on(tmp_path, monkeypatch, simulated, undisturbed):
    save_dense = repeats.save_dense

    def full(files, spikes, name):
        if "0001" in name:
            raise StorageError("cannot write it")
        return save_dense(files, spikes, name)

    monkeypatch.setattr(repeats, "save_dense", full)
    repeater = Repeater(SMALL, 6)
    with pytest.raises(StorageError, match="cannot write it"):
        repeater.execute(tmp_path, plot_arg="none")
    assert simulated == list(repeater.seeds[:2]) and "data/spikes_0001.npy" not in files_in(tmp_path)
    monkeypatch.undo()
    repeater.execute(tmp_path, plot_arg="none")
    assert data_in(tmp_path) == undisturbed


def test_a_finished_repeat_is_what_its_files_are(tmp_path):
    """A repeat without a line in the ledger is done again, whatever files it left."""
    Repeater(SMALL, 2).execute(tmp_path, plot_arg="none")
    before = data_in(tmp_path)
    ledger = tmp_path / "metadata/finished.jsonl"
    ledger.write_bytes(ledger.read_bytes()[:-5])
    np.save(tmp_path / "data/spikes_0001.npy", np.zeros(3))
    Repeater(SMALL, 2).execute(tmp_path, plot_arg="none")
    assert data_in(tmp_path) == before
