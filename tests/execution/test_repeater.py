from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time

import numpy as np
import pytest
from shared import ROOT, SMALL

from neuro_mod.config import InputError, load_experiment
from neuro_mod.core.random import Stream
from neuro_mod.core.spiking_net.spikes import SpikeEvents
from neuro_mod.execution import Repeater
from neuro_mod.execution.executors import EXECUTORS
from neuro_mod.execution.run_folder import RunFolder
from neuro_mod.execution.stagers import StageSNNSimulation
from neuro_mod.storage.names import MOST_REPEATS, repeat_rates, repeat_spikes
from neuro_mod.storage.writing import StorageError

#: Two targets, one with drawn vectors.
PERTURBED = SMALL | {
    "perturbation": {
        "rate": {"involved_clusters": [[0, 1]], "params": [0.3]},
        "threshold": {"vectors": [[1, -1]], "involved_clusters": [[0, 1]], "params": [0.1]},
    }
}


def files_in(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def results_in(folder):
    """Bytes of the files that are the same however a run is executed."""
    names = {name for name in files_in(folder) if name.startswith("data/")}
    return {name: (folder / name).read_bytes() for name in (*names, "clusters.npy", "metadata/seeds.txt")}


def run_json(folder):
    return json.loads((folder / "metadata/run.json").read_text())


def test_seeds_follow_from_root_seed_and_number_alone():
    few, many = Repeater(SMALL, 2, random_seed=7), Repeater(SMALL, 50, random_seed=7)
    assert many.seeds[:2] == few.seeds and len(set(many.seeds)) == 50
    assert few.seeds[1] == Stream(7, "repeat", (1,)).derived_seed
    assert Repeater(SMALL, 2, overrides=["settings.random_seed=7"]).seeds == few.seeds
    assert Repeater(SMALL, 2, random_seed=8).seeds != few.seeds


def test_the_perturbation_is_the_same_in_every_repeat():
    repeater = Repeater(PERTURBED, 2)
    once = load_experiment(PERTURBED).timed_perturbations
    for index in range(2):
        experiment = StageSNNSimulation(repeater.experiment, repeater.seeds[index]).experiment
        assert experiment.settings.random_seed == repeater.seeds[index]
        assert experiment.perturbation.threshold.seed is None
        for target, perturbation in experiment.timed_perturbations.items():
            assert np.array_equal(perturbation.at(0.0), once[target].at(0.0))


def test_files_of_repeats_are_in_order_by_name():
    for file in (repeat_spikes, repeat_rates):
        names = [file(index) for index in range(MOST_REPEATS)]
        assert names == sorted(names)


def test_what_is_saved(tmp_path):
    returned = Repeater(PERTURBED, 2).execute(tmp_path)
    assert files_in(tmp_path) == {
        "clusters.npy",
        "data/spikes_0000.npy",
        "data/spikes_0001.npy",
        "data/rates_0000.npz",
        "data/rates_0001.npz",
        "metadata/config.yaml",
        "metadata/perturbations.npz",
        "metadata/seeds.txt",
        "metadata/run.json",
        "metadata/run.log",
        "metadata/manifest.json",
        "plots/raster.png",
        "plots/cluster_rates.png",
        "plots/perturbations.png",
        "plots/effective_parameters.png",
    }
    assert {str(tmp_path / name) for name in files_in(tmp_path)} == set(returned["files"])
    manifest = json.loads((tmp_path / "metadata/manifest.json").read_text())
    assert set(manifest["files"]) | {"metadata/manifest.json"} == files_in(tmp_path)
    run = run_json(tmp_path)
    assert run["n_finished"] == 2 and run["interrupted"] is False and run["versions"]["numpy"] == np.__version__
    assert [repeat["repeat"] for repeat in run["repeats"]] == [0, 1]
    for about in (run, *run["repeats"]):
        assert all(seconds > 0 for seconds in about["wall_seconds"].values())
    log = (tmp_path / "metadata/run.log").read_text().splitlines()
    assert len(log) == 6 and "repeat 1 (seed " in log[4] and log[4][:2] == "20"
    assert "perturbation of threshold: " in log[1] + log[2]


def test_a_repeat_is_one_run_of_the_stager_and_can_be_run_again_from_what_is_saved(tmp_path):
    Repeater(PERTURBED, 2, random_seed=5).execute(tmp_path, plot_arg="none")
    seeds = [int(line) for line in (tmp_path / "metadata/seeds.txt").read_text().splitlines()]
    clusters = np.load(tmp_path / "clusters.npy")
    for index, seed in enumerate(seeds):
        outputs = StageSNNSimulation(tmp_path / "metadata/config.yaml", seed).run()
        saved = np.load(tmp_path / f"data/spikes_{index:04d}.npy")
        assert saved.dtype == bool and saved.shape == (400, 60) and saved.any()
        assert np.array_equal(saved, np.asarray(outputs["spikes"]))
        rates = np.load(tmp_path / f"data/rates_{index:04d}.npz")
        assert np.array_equal(rates["rates"], outputs["rates"])
        assert np.array_equal(rates["spike_counts"], saved.sum(axis=0))
        assert run_json(tmp_path)["repeats"][index]["mean_rates_hz"] == outputs["metadata"]["mean_rates_hz"]
        assert np.array_equal(clusters, outputs["clusters"])
    again = Repeater(tmp_path / "metadata/config.yaml", 1)
    assert again.seeds[0] == seeds[0]


def test_executors_and_workers_give_the_same_bytes(tmp_path):
    repeater = Repeater(SMALL, 5)
    ways = [("serial", None), ("thread", 1), ("thread", 3), ("process", 2)]
    results = []
    for number, (executor, workers) in enumerate(ways):
        said = repeater.execute(tmp_path / str(number), executor=executor, max_workers=workers, plot_arg="none")
        assert said["executor"] == executor and said["n_finished"] == 5
        results.append(results_in(tmp_path / str(number)))
    assert all(result == results[0] for result in results) and len(results[0]) == 12


@pytest.mark.parametrize("shape", [(0, 3), (7, 5), (8, 5), (3, 0), (4, 50)])
def test_a_dense_file_is_what_numpy_saves(tmp_path, monkeypatch, shape):
    monkeypatch.setattr("neuro_mod.execution.run_folder.PIECE", 20)
    dense = Stream(1, "test").uniform(np.arange(shape[0]), shape[1]).reshape(shape) < 0.3
    steps, neurons = (index.astype(np.int32) for index in np.nonzero(dense))
    path = RunFolder(tmp_path / "run").save_dense("data/a.npy", SpikeEvents(steps, neurons, *shape, 1e-3))
    np.save(tmp_path / "b.npy", dense)
    assert path.read_bytes() == (tmp_path / "b.npy").read_bytes()


def test_fewer_repeats_in_the_same_folder_leave_nothing_of_the_earlier(tmp_path):
    Repeater(SMALL, 3).execute(tmp_path, plot_arg="none")
    Repeater(SMALL, 1).execute(tmp_path, plot_arg="none")
    assert "data/spikes_0000.npy" in files_in(tmp_path) and "data/spikes_0001.npy" not in files_in(tmp_path)
    StageSNNSimulation(SMALL).execute("none", out=tmp_path)
    assert "clusters.npy" not in files_in(tmp_path)


@pytest.mark.parametrize("executor", ["serial", "thread"])
def test_a_failing_repeat_is_named_and_the_finished_ones_stay(tmp_path, monkeypatch, executor):
    repeater = Repeater(SMALL, 4)
    run = StageSNNSimulation.run

    def failing(self, **options):
        if self.random_seed == repeater.seeds[2]:
            raise FloatingPointError("too much")
        return run(self, **options)

    monkeypatch.setattr(StageSNNSimulation, "run", failing)
    with pytest.raises(FloatingPointError, match="too much") as caught:
        repeater.execute(tmp_path, executor=executor, max_workers=1, plot_arg="none")
    assert caught.value.__notes__ == [f"in repeat 2 (seed {repeater.seeds[2]})"]
    said = run_json(tmp_path)
    finished = [repeat["repeat"] for repeat in said["repeats"]]
    assert finished[:2] == [0, 1] and 2 not in finished and said["interrupted"] is True
    for index in finished:
        assert np.load(tmp_path / f"data/spikes_{index:04d}.npy").any()
    assert "too much; in repeat 2" in (tmp_path / "metadata/run.log").read_text()


def test_a_failure_in_a_process_reaches_the_user_and_earlier_results_stay(tmp_path):
    Repeater(SMALL, 1).execute(tmp_path, plot_arg="none")
    before = results_in(tmp_path)
    repeater = Repeater(SMALL, 2, overrides=["external_currents.nu_ext_baseline=1e9"])
    with pytest.raises(InputError, match="external spikes in each step") as caught:
        repeater.execute(tmp_path, executor="process", max_workers=1)
    assert caught.value.__notes__[-1].startswith("in repeat 0 (seed ")
    assert results_in(tmp_path) == before


@pytest.mark.parametrize("executor", ["serial", "thread"])
def test_ctrl_c_while_a_repeat_is_saved_keeps_it_whole(tmp_path, monkeypatch, executor):
    from neuro_mod.execution import repeat_files

    save_rates, calls = repeat_files.save_rates, []

    def interrupted(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return save_rates(*arguments)

    monkeypatch.setattr(repeat_files, "save_rates", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Repeater(SMALL, 4).execute(tmp_path, executor=executor, max_workers=1, plot_arg="none")
    said = run_json(tmp_path)
    assert said["interrupted"] is True and said["n_finished"] >= 2
    names = {f"data/{kind}" for index in range(4) for kind in (f"spikes_{index:04d}.npy", f"rates_{index:04d}.npz")}
    assert len(files_in(tmp_path) & names) == 2 * said["n_finished"]
    assert "interrupted" in (tmp_path / "metadata/run.log").read_text()


def test_ctrl_c_while_drawing_does_not_draw_again(tmp_path, monkeypatch):
    def interrupted(*_):  # an interrupted import of Matplotlib cannot be taken up again
        assert not (tmp_path / "metadata/run.json").exists()
        raise KeyboardInterrupt

    monkeypatch.setattr("neuro_mod.execution.repeat_files.save_plots", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Repeater(SMALL, 2).execute(tmp_path)
    assert run_json(tmp_path)["n_finished"] >= 1 and not list((tmp_path / "plots").iterdir())


def test_a_full_disk_is_said_and_nothing_runs_on(tmp_path, monkeypatch):
    save_dense = RunFolder.save_dense

    def full(self, name, spikes):
        if "0001" in name:
            raise StorageError("cannot write it")
        return save_dense(self, name, spikes)

    monkeypatch.setattr(RunFolder, "save_dense", full)
    with pytest.raises(StorageError, match="cannot write it"):
        Repeater(SMALL, 4).execute(tmp_path, plot_arg="none")
    assert run_json(tmp_path)["n_finished"] == 1 and "data/spikes_0001.npy" not in files_in(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"executor": "dask"}, "'dask'; valid: serial, thread, process"),
        ({"executor": "thread", "max_workers": 0}, "max_workers is 0; expected a whole number from 1"),
        ({"executor": "thread", "max_workers": 1.5}, "max_workers is 1.5"),
        ({"max_workers": 2}, "the executor serial has one; choose thread or process"),
        ({"plot_arg": "rasters"}, "spikes, rates, voltage, perturbations, parameters, all, none"),
        ({"dtype": "float16"}, "float32, float64"),
    ],
)
def test_bad_arguments(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        Repeater(SMALL, 2).execute(tmp_path / "run", **arguments)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("n_repeats", [0, -1, 2.5, "3", None, MOST_REPEATS + 1])
def test_a_number_of_repeats_is_a_whole_number_from_1(n_repeats):
    with pytest.raises(InputError, match=r"n_repeats is .*; expected a whole number from 1"):
        Repeater(SMALL, n_repeats)


@pytest.mark.parametrize("executor", ["thread", "process"])
def test_warnings_of_a_repeat_go_to_stderr_as_python_does_by_default(tmp_path, executor):
    config = SMALL | {"stimulus": {"onsets": [5.0], "amplitude": 60.0}}
    code = (
        "from neuro_mod.execution import Repeater\n"
        "if __name__ == '__main__':\n"
        f"    Repeater({config!r}, 1).execute({str(tmp_path / 'run')!r}, executor={executor!r}, plot_arg='none')\n"
    )
    (script := tmp_path / "script.py").write_text(code)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=120, env=environment, check=False
    )
    assert done.returncode == 0 and done.stderr.count("reaches no neuron") == 1, done.stderr


def test_the_log_changes_no_level_and_is_complete(tmp_path):
    logger = logging.getLogger("neuro_mod")
    before = logger.level, list(logger.handlers)
    assert not logger.isEnabledFor(logging.INFO)
    Repeater(SMALL, 1).execute(tmp_path, plot_arg="none")
    assert (logger.level, logger.handlers) == before
    assert "finished; saved in" in (tmp_path / "metadata/run.log").read_text()


@pytest.mark.parametrize("executor", ["serial", "thread"])
def test_stopped_tasks_end_and_finished_ones_are_handed_over_once(executor):
    def task(argument, report):
        while argument == "long":
            report(1.0)
            time.sleep(1e-3)
        return argument

    seen = {}
    running = EXECUTORS[executor](task, ["short", *["long"] * 9], 2, seen.__setitem__)
    taken = running.outcomes()
    assert next(taken).result == "short"
    assert [outcome.index for outcome in running.stop()] == [0]  # its taking had not ended
    assert running.stop() == running.stop()
