"""The runs of a sweep as sessions to analyse."""

from __future__ import annotations

import json

import numpy as np
import pytest

from neuro_mod import StageSNNSimulation, run_sweep, sweep_runs
from neuro_mod.errors import DataError, InputError
from neuro_mod.recordings.saved import load_spikes
from tests.helpers.shared import SMALL

LEVEL = "arousal.level"
STIMULUS = {"stimulus.onsets": [0.05, 0.1], "stimulus.amplitude": 100.0, "init_params.duration_sec": 0.2}
SWEEP = {
    "config": SMALL | {"settings": {"plot": False, "random_seed": 7}},
    "set": STIMULUS,
    "parameters": {LEVEL: [0.5, 0.0]},
    "conditions": {"1": {"stimulus.clusters": [1]}, "NA": {"stimulus.clusters": [0, 2]}},
    "networks": 2,
    "trials": 2,
    "keep_spikes": True,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("sweep")
    run_sweep(SWEEP, place)
    return place


def test_rows_and_files(folder):
    runs = sweep_runs(folder)
    assert len(runs) == len(runs.table) == 16
    assert runs.varied == ("condition", LEVEL)
    assert sorted(set(runs.table["condition"])) == ["1", "NA"]  # names, not a number and nothing
    assert sorted(set(runs.table[LEVEL])) == [0.0, 0.5]
    assert all(file.is_file() and file.parent == folder / "data" for file in runs.files)
    assert "16 runs of" in repr(runs) and LEVEL in repr(runs)


def test_chosen_runs_are_the_sessions(folder):
    runs = sweep_runs(folder).select({"condition": "NA", LEVEL: 0.5, "network": 1})
    assert runs.table["trial"].tolist() == [0, 1]
    analyzer = runs.analyzer(method="gain", threshold_hz=0.0, minimal_lifespan_ms=0.0)
    assert analyzer.settings.method == "gain"
    for session, name in enumerate(runs.table["spikes"]):
        expected, found = load_spikes(folder / name), analyzer.spikes(session)
        assert np.array_equal(found.steps, expected.steps) and np.array_equal(found.neurons, expected.neurons)


def test_trials_of_one_network_can_be_compared(folder, caplog):
    """Their neurons are the same; those of several networks are compared with a warning."""
    runs = sweep_runs(folder)
    for part, n_sessions in ((runs.select({"network": 1}), 8), (runs, 16)):
        caplog.clear()
        part.epochs(before=0.05, after=0.05).fano(50, 50)
        assert part.analyzer(method="network_gain").n_sessions == n_sessions
        assert ("networks of their own" in caplog.text) == (n_sessions == 16)


def test_runs_of_the_same_noise_are_decoded_in_the_same_fold(folder):
    """They are equal until the stimulus: if one of a pair were trained, the other would be taken for it."""
    runs = sweep_runs(folder).select({"network": 0, LEVEL: 0.0})
    epochs = runs.epochs("condition", before=0.05, after=0.05)
    found, seeds = (
        epochs.decode(window_ms=50, step_ms=50, folds=2, groups=each).accuracy for each in (None, [1, 1, 2, 2] * 2)
    )
    assert np.array_equal(found, seeds)


def test_every_run_belongs_to_one_part(folder):
    runs = sweep_runs(folder)
    one = dict(runs.by(LEVEL))
    assert [*one] == [0.0, 0.5] and {len(part) for part in one.values()} == {8}
    several = list(runs.by(LEVEL, "network"))
    assert [value for value, _ in several] == [(0.0, 0), (0.0, 1), (0.5, 0), (0.5, 1)]
    assert sorted(file for _, part in several for file in part.files) == sorted(runs.files)


def test_epochs_are_around_the_onsets_of_each_run(folder):
    runs = sweep_runs(folder).select({LEVEL: 0.5, "network": 0})
    epochs = runs.epochs("condition", before=0.01, after=0.04)
    assert len(epochs) == 2 * len(runs) and epochs.conditions == tuple(dict.fromkeys(runs.table["condition"]))
    _, counts = epochs.counts(bin_ms=50.0)
    rows = runs.table.to_dict("records")
    assert not epochs.own_networks and sweep_runs(folder).epochs(before=0.01, after=0.04).own_networks
    for number, (row, onset) in enumerate((row, onset) for row in rows for onset in (0.05, 0.1)):
        spikes = load_spikes(folder / row["spikes"]).between(onset - 0.01, onset + 0.04)
        assert counts[number, 0].tolist() == np.add.reduceat(spikes.sum(axis=0)[:30], [0, 10, 20]).tolist()
        assert epochs.events["condition"][number] == row["condition"]


def test_stimulated_clusters_are_those_of_the_simulation(folder, tmp_path):
    assert sweep_runs(folder).stimulated("condition") == {"1": (1,), "NA": (0, 2)}
    drawn = SWEEP | {"conditions": {str(seed): {"stimulus.seed": seed} for seed in range(3)}, "trials": 1}
    run_sweep(drawn | {"networks": 1}, tmp_path)
    runs = sweep_runs(tmp_path)
    found = runs.stimulated("condition")
    assert len(set(found.values())) > 1
    for value, part in runs.by("condition"):
        config = tmp_path / f"configs/point_{part.table['point'].iloc[0]:04d}.yaml"
        stimulus = StageSNNSimulation(config).run(0.01)["stimulus"]
        reached = np.unique(np.repeat([0, 1, 2], 10)[stimulus.gain[:30] > 0])
        assert found[value] == tuple(reached.tolist())


def test_clusters_that_each_network_draws_are_not_told(tmp_path):
    onsets = {"set": {"stimulus.onsets": [0.05]}}
    conditions = {"on": {"stimulus.amplitude": 100.0}, "off": {"stimulus.amplitude": 0.0}}
    run_sweep(SWEEP | onsets | {"conditions": conditions, "trials": 1}, tmp_path)
    assert sweep_runs(tmp_path).select({"condition": "off"}).stimulated("condition") == {"off": ()}
    with pytest.raises(InputError, match=r"stimulus.seed: nothing found; expected a seed, or stimulus.clusters"):
        sweep_runs(tmp_path).stimulated("condition")


def test_clusters_that_differ_within_a_value_are_refused(folder):
    with pytest.raises(InputError, match=r"arousal.level: 0.0 found; expected the same stimulated clusters"):
        sweep_runs(folder).stimulated(LEVEL)


def test_a_fixed_network_draws_the_clusters_of_its_seed(tmp_path):
    sweep = {key: value for key, value in SWEEP.items() if key not in {"conditions", "networks", "trials"}}
    run_sweep(sweep | {"fix_network": True, "noise": "independent", "repeats": 1}, tmp_path)
    ((_, a), (_, b)) = sweep_runs(tmp_path).stimulated(LEVEL).items()
    stimulus = StageSNNSimulation(tmp_path / "configs/point_0000.yaml").run(0.01)["stimulus"]
    assert a == b == tuple(np.unique(np.repeat([0, 1, 2], 10)[stimulus.gain[:30] > 0]).tolist())


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda runs: runs.select({"arousal": 0}), 'column: "arousal" found; expected one of point, '),
        (lambda runs: runs.select({LEVEL: 0.3}), r"arousal.level: 0.3 found; expected one of 0.0, 0.5"),
        (lambda runs: list(runs.by("level")), 'column: "level" found; expected one of point, '),
        (lambda runs: runs.epochs("stimulus"), 'column: "stimulus" found; expected one of point, '),
    ],
)
def test_unknown_columns_and_values(folder, use, message):
    with pytest.raises(InputError, match=message):
        use(sweep_runs(folder))


def test_no_stimulus_has_no_epochs(tmp_path):
    run_sweep(SWEEP | {"set": {}, "conditions": {"a": {}}, "networks": 1, "trials": 1}, tmp_path)
    with pytest.raises(InputError, match=r"point_0000\.yaml: no stimulus\.onsets found; expected onsets"):
        sweep_runs(tmp_path).epochs()


def test_folders_that_are_no_sweeps_with_spikes(tmp_path):
    with pytest.raises(InputError, match=r"no results.csv found; expected the folder of a sweep"):
        sweep_runs(tmp_path)
    run_sweep(SWEEP | {"keep_spikes": False, "networks": 1, "trials": 1}, tmp_path)
    with pytest.raises(InputError, match="expected one with keep_spikes: true"):
        sweep_runs(tmp_path)


def test_no_path_is_taken_from_the_table(folder, tmp_path):
    (tmp_path / "data").mkdir()
    text = (folder / "results.csv").read_text()
    (tmp_path / "results.csv").write_text(text.replace("data/spikes_", f"{folder}/data/spikes_"))
    with pytest.raises(DataError, match="which is no file of spikes of the sweep"):
        sweep_runs(tmp_path)
    assert json.loads((folder / "metadata/run.json").read_text())["n_points"] == 4
