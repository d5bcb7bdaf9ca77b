from __future__ import annotations

import json
import logging

import numpy as np
import pytest

from neuro_mod import Analyzer
from neuro_mod.config import load_experiment
from neuro_mod.core.random import Stream
from neuro_mod.errors import InputError
from neuro_mod.execution import Repeater
from neuro_mod.execution.repeats.repeater import saved_seeds
from neuro_mod.execution.stagers import StageSNNSimulation
from neuro_mod.recordings.saved import load_spikes, save_dense
from neuro_mod.recordings.spikes import SpikeEvents
from neuro_mod.storage.names import MAX_REPEATS, repeat_rates, repeat_spikes
from neuro_mod.storage.run_folder import RunFolder
from tests.helpers.folders import arrays_in, data_in, files_in, run_json
from tests.helpers.processes import run_python
from tests.helpers.shared import SMALL

#: Two targets, one with drawn vectors.
PERTURBED = SMALL | {
    "perturbation": {
        "rate": {"involved_clusters": [[0, 1]], "params": [0.3]},
        "threshold": {"vectors": [[1, -1]], "involved_clusters": [[0, 1]], "params": [0.1]},
    }
}


def spikes_of(folder, index):
    return np.load(folder / f"data/spikes_{index:04d}.npy")


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
        names = [file(index) for index in range(MAX_REPEATS)]
        assert names == sorted(names)


def test_spikes_as_events_are_the_same_spikes(tmp_path):
    for spike_format in ("dense", "events"):
        Repeater(SMALL, 2).execute(tmp_path / spike_format, plot_arg="none", spike_format=spike_format)
    for index in range(2):
        events = load_spikes(tmp_path / f"events/data/spikes_{index:04d}.npz")
        np.testing.assert_array_equal(events, spikes_of(tmp_path / "dense", index))
    assert not list((tmp_path / "events").rglob("spikes*.npy"))
    dense, events = (Analyzer(tmp_path / each) for each in ("dense", "events"))
    np.testing.assert_array_equal(dense.get_cluster_spike_rate(1), events.get_cluster_spike_rate(1))
    with pytest.raises(InputError, match="spike_format: nothing -> 'events'"):
        Repeater(SMALL, 2).execute(tmp_path / "dense", plot_arg="none", spike_format="events")
    with pytest.raises(InputError, match='spike_format: "sparse" found; expected one of dense, events'):
        Repeater(SMALL, 2).execute(tmp_path / "other", spike_format="sparse")


def test_what_is_saved(tmp_path):
    returned = Repeater(PERTURBED, 4).execute(tmp_path)
    of_repeats = {f"data/{kind}" for k in range(4) for kind in (f"spikes_{k:04d}.npy", f"rates_{k:04d}.npz")}
    of_repeats |= {f"plots/{name}_{k:04d}.png" for k in range(3) for name in ("raster", "cluster_rates")}
    of_all = {
        "clusters.npy",
        "metadata/config.yaml",
        "metadata/perturbations.npz",
        "metadata/seeds.txt",
        "metadata/plan.json",
        "metadata/finished.jsonl",
        "metadata/run.json",
        "metadata/run.log",
        "metadata/logs/worker_0.log",
        "metadata/manifest.json",
        "plots/perturbations.png",
        "plots/effective_parameters.png",
    }
    assert files_in(tmp_path) == of_repeats | of_all
    assert set(returned["files"]) == {str(tmp_path / name) for name in of_all}
    manifest = json.loads((tmp_path / "metadata/manifest.json").read_text())
    assert set(manifest["files"]) | {"metadata/manifest.json"} == files_in(tmp_path)


def test_what_is_said_about_the_run(tmp_path):
    Repeater(PERTURBED, 2).execute(tmp_path, plot_arg="none")
    run = run_json(tmp_path)
    assert run["n_finished"] == 2 and run["interrupted"] is False and run["versions"]["numpy"] == np.__version__
    assert {"threshold", "rate"} == set(run["perturbations"]) and run["machine"]["usable_cores"] >= 1
    assert [repeat["repeat"] for repeat in run["repeats"]] == [0, 1]
    assert run["wall_seconds"] > 0
    for repeat in run["repeats"]:
        assert all(seconds > 0 for seconds in repeat["wall_seconds"].values())
    log = (tmp_path / "metadata/run.log").read_text().splitlines()
    assert all(line.startswith("20") for line in log)
    assert "0 of 2 repeats finished" in log[0] and "2 of 2 repeats finished" in log[-1]
    for repeat in run["repeats"]:
        mean = repeat["mean_rates_by_kind_hz"]["E clusters"]
        assert any(f"(seed {repeat['random_seed']}): E clusters {mean:.2f} Hz" in line for line in log)


def test_a_repeat_is_one_run_of_the_stager_and_can_be_run_again_from_what_is_saved(tmp_path):
    Repeater(PERTURBED, 2, random_seed=5).execute(tmp_path, plot_arg="none")
    clusters = np.load(tmp_path / "clusters.npy")
    for index, seed in enumerate(saved_seeds(tmp_path)):
        outputs = StageSNNSimulation(tmp_path / "metadata/config.yaml", seed).run()
        saved = spikes_of(tmp_path, index)
        assert saved.dtype == bool and saved.shape == (400, 60) and saved.any()
        assert np.array_equal(saved, np.asarray(outputs["spikes"]))
        rates = arrays_in(tmp_path / f"data/rates_{index:04d}.npz")
        assert np.array_equal(rates["rates"], outputs["rates"])
        assert np.array_equal(rates["spike_counts"], saved.sum(axis=0))
        assert run_json(tmp_path)["repeats"][index]["mean_rates_hz"] == outputs["metadata"]["mean_rates_hz"]
        assert np.array_equal(clusters, outputs["clusters"])
    again = Repeater(tmp_path / "metadata/config.yaml", 2)
    assert list(again.seeds) == saved_seeds(tmp_path)


def test_a_fixed_network_under_other_noise(tmp_path):
    repeater = Repeater(SMALL, 2, random_seed=5, fix_network=True)
    repeater.execute(tmp_path, plot_arg="none")
    stager = StageSNNSimulation(SMALL, 5)
    runs = [stager.run(noise_seed=seed) for seed in repeater.seeds]
    for index, run in enumerate(runs):
        assert np.array_equal(spikes_of(tmp_path, index), np.asarray(run["spikes"]))
    assert np.array_equal(runs[0]["weights"], runs[1]["weights"])
    assert not np.array_equal(spikes_of(tmp_path, 0), spikes_of(tmp_path, 1))
    assert not np.array_equal(
        spikes_of(tmp_path, 0), np.asarray(StageSNNSimulation(SMALL, repeater.seeds[0]).run()["spikes"])
    )
    said = run_json(tmp_path)["repeats"]
    assert [repeat["noise_seed"] for repeat in said] == list(repeater.seeds)
    assert {repeat["random_seed"] for repeat in said} == {5}


def test_given_seeds_are_used_in_their_order(tmp_path):
    (tmp_path / "seeds.txt").write_text("12\n5\n")
    repeater = Repeater(SMALL, seeds=saved_seeds(tmp_path / "seeds.txt"))
    assert repeater.seeds == (12, 5)
    repeater.execute(tmp_path / "run", plot_arg="none")
    assert saved_seeds(tmp_path / "run") == [12, 5]
    assert np.array_equal(spikes_of(tmp_path / "run", 1), np.asarray(StageSNNSimulation(SMALL, 5).run()["spikes"]))
    with pytest.raises(InputError, match=r"n_repeats: 3 found; .* from 1 to 2; there are 2 seeds"):
        Repeater(SMALL, 3, seeds=[12, 5])


@pytest.mark.parametrize(
    ("text", "message"),
    [("1\n-2\n", 'seed 2: "-2" found'), ("", "nothing found"), ("1\n2.5", 'seed 2: "2.5" found'), (None, "No such")],
)
def test_seeds_that_are_none(tmp_path, text, message):
    if text is not None:
        (tmp_path / "seeds.txt").write_text(text)
    with pytest.raises(InputError, match=message):
        saved_seeds(tmp_path / "seeds.txt")


@pytest.fixture(scope="module")
def one_by_one(tmp_path_factory):
    folder = tmp_path_factory.mktemp("one_by_one")
    Repeater(SMALL, 5).execute(folder, plot_arg="none")
    return data_in(folder)


@pytest.mark.parametrize(
    ("executor", "workers"),
    [
        *(("thread", n) for n in (1, 2, 4)),
        ("process", 1),
        *(pytest.param("process", n, marks=pytest.mark.large) for n in (2, 4)),
    ],
)
def test_executors_and_workers_give_the_same_bytes(tmp_path, one_by_one, executor, workers):
    said = Repeater(SMALL, 5).execute(tmp_path, executor=executor, max_workers=workers, plot_arg="none")
    assert (said["executor"], said["max_workers"], said["n_finished"]) == (executor, workers, 5)
    assert data_in(tmp_path) == one_by_one and len(one_by_one) == 10


@pytest.mark.parametrize("shape", [(0, 3), (7, 5), (8, 5), (3, 0), (4, 50)])
def test_a_dense_file_is_what_numpy_saves(tmp_path, monkeypatch, shape):
    monkeypatch.setattr("neuro_mod.recordings.saved._DENSE_PIECE", 20)
    dense = Stream(1, "test").uniform(np.arange(shape[0]), shape[1]).reshape(shape) < 0.3
    steps, neurons = (index.astype(np.int32) for index in np.nonzero(dense))
    path = save_dense(RunFolder(tmp_path / "run"), SpikeEvents(steps, neurons, *shape, 1e-3), "data/a.npy")
    np.save(tmp_path / "b.npy", dense)
    assert path.read_bytes() == (tmp_path / "b.npy").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"executor": "mpi"}, '"mpi" found; expected one of serial, thread, process, dask'),
        ({"executor": "thread", "max_workers": 0}, "max_workers: 0 found; expected a whole number of at least 1"),
        ({"executor": "thread", "max_workers": 1.5}, "max_workers: 1.5 found"),
        ({"max_workers": 2}, "with the executor serial; choose thread, process or dask"),
        ({"executor": "process", "address": "tcp://a:1"}, "none with the executor process; choose dask"),
        ({"on_error": "ignore"}, "continue, stop"),
        ({"plot_arg": "rasters"}, "spikes, rates, voltage, perturbations, parameters, all, none"),
        ({"dtype": "float16"}, "float32, float64"),
    ],
)
def test_bad_arguments(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        Repeater(SMALL, 2).execute(tmp_path / "run", **arguments)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("n_repeats", [0, -1, 2.5, "3", None, MAX_REPEATS + 1])
def test_a_number_of_repeats_is_a_whole_number_from_1(n_repeats):
    with pytest.raises(InputError, match=r"n_repeats: .* found; expected a whole number from 1"):
        Repeater(SMALL, n_repeats)


@pytest.mark.parametrize("executor", ["process", pytest.param("thread", marks=pytest.mark.large)])
def test_a_script_needs_no_main_guard_and_warnings_are_seen(tmp_path, executor):
    """They go to stderr, as Python does by default, and to the log of the worker."""
    config = SMALL | {"stimulus": {"onsets": [5.0], "amplitude": 60.0}}
    (tmp_path / "script.py").write_text(
        "from neuro_mod.execution import Repeater\n"
        f"Repeater({config!r}, 1).execute({str(tmp_path / 'run')!r}, executor={executor!r}, plot_arg='none')\n"
    )
    done = run_python(tmp_path / "script.py")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("reaches no neuron") == 1
    assert (tmp_path / "run/metadata/logs/worker_0.log").read_text().count("reaches no neuron") == 1
    assert run_json(tmp_path / "run")["n_finished"] == 1


def test_the_log_changes_no_level_and_is_complete(tmp_path):
    logger = logging.getLogger("neuro_mod")
    before = logger.level, list(logger.handlers)
    assert not logger.isEnabledFor(logging.INFO)
    Repeater(SMALL, 1).execute(tmp_path, plot_arg="none")
    assert (logger.level, logger.handlers) == before
    assert f"saved in {tmp_path}" in (tmp_path / "metadata/run.log").read_text()


@pytest.mark.parametrize(
    ("seeds", "message"),
    [([3, -1], r"seeds\[1\]: -1 found"), ([5, 6, 5], r"seeds\[2\]: 5 found; expected distinct seeds")],
)
def test_seeds_are_whole_numbers_and_differ(seeds, message):
    with pytest.raises(InputError, match=message):
        Repeater(SMALL, seeds=seeds)
