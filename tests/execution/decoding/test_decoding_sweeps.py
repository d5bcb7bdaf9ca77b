"""Decoding over the runs of a sweep, and of folders: which runs are trials of which condition, and common noise."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from neuro_mod import Analyzer, DataError, InputError, run_sweep
from neuro_mod.core.spiking_net.analysis.events.decoding import Decoding
from neuro_mod.execution.decoding.decode import DecodingOptions, _after_event, decode_trials
from neuro_mod.execution.decoding.save import decode_and_save
from neuro_mod.execution.decoding.trials import trials_of_folders, trials_of_sweep
from neuro_mod.execution.repeats.repeater import Repeater
from neuro_mod.storage.names import RESULTS_TABLE, RUN
from tests.helpers.platforms import POSIX_ONLY
from tests.helpers.shared import SMALL

STIMULUS = {"onsets": [0.1], "duration_sec": 0.1, "stimulated_clusters_prob": 1, "stimulated_neuron_prob": 1}
OPTIONS = DecodingOptions(before=0.08, after=0.08, window=0.04, step=0.02, n_neurons=10, n_ensembles=3, folds=3)


def swept(folder, **changes):
    described = {
        "config": SMALL | {"stimulus": STIMULUS},
        "set": {"settings.plot": False},
        "parameters": {"stimulus.amplitude": [1.0, 60.0], "arousal.level": [0.0, 0.3]},
        "repeats": 6,
        "fix_network": True,
        "keep_spikes": True,
        "measures": ["rates"],
    }
    run_sweep(described | changes, folder)
    return folder


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    """With the same noise in all conditions of a repeat."""
    return swept(tmp_path_factory.mktemp("sweep"))


def test_the_runs_of_a_condition_are_its_trials(sweep):
    table = pd.read_csv(sweep / RESULTS_TABLE)
    first, second = trials_of_sweep(sweep, "stimulus.amplitude", "arousal.level", "stimulus")
    assert (first.by, second.by) == (0.0, 0.3) and first.network is None
    rows = table[table["arousal.level"] == 0.3]
    assert second.conditions == rows["stimulus.amplitude"].tolist() == [1.0] * 6 + [60.0] * 6
    assert second.events == [[0.1]] * 12 and len(set(second.noise)) == 6
    for session, name in enumerate(rows["spikes"]):
        with np.load(sweep / name) as saved:
            np.testing.assert_array_equal(second.analyzer.spikes(session).steps, saved["steps"])
    assert second.analyzer.layout.state_labels.tolist() == [0, 1, 2]
    (everything,) = trials_of_sweep(sweep, "stimulus.amplitude", None, [0.1])
    assert everything.analyzer.n_sessions == 24 and everything.events == [0.1]


def test_trials_of_one_network_are_no_reason_to_warn(tmp_path, caplog):
    conditions = {"none": {"stimulus.amplitude": 0.0}, "tone": {"stimulus.amplitude": 60.0}}
    run_sweep(
        {"config": SMALL | {"stimulus": STIMULUS}, "set": {"settings.plot": False}, "keep_spikes": True}
        | {"conditions": conditions, "networks": 2, "trials": 3, "measures": ["rates"]},
        tmp_path,
    )
    found = decode_trials(trials_of_sweep(tmp_path, "condition", None, "stimulus"), OPTIONS)
    assert found.about["n_networks"] == 2 and "networks of their own" not in caplog.text


def test_numbers_are_those_of_epochs(sweep):
    trials = trials_of_sweep(sweep, "stimulus.amplitude", "arousal.level", "stimulus")
    done = []
    found = decode_trials(trials, OPTIONS, "arousal.level", lambda n, total: done.append((n, total)))
    assert done == [(n, 6) for n in range(1, 7)]
    for value, group in zip((0.0, 0.3), trials, strict=True):
        epochs = group.analyzer.epochs(0.1, 0.08, 0.08, conditions=group.conditions)
        expected = epochs.decode(10, 40, 20, n_ensembles=3, folds=3, groups=group.noise)
        rows = found.in_time[found.in_time["arousal.level"] == value].reset_index(drop=True)
        pd.testing.assert_frame_equal(rows[expected.table.columns], expected.table)
        ensembles = found.ensembles[found.ensembles["arousal.level"] == value].reset_index(drop=True)
        pd.testing.assert_frame_equal(ensembles[expected.ensembles.columns], expected.ensembles)
        after = found.after_event[found.after_event["arousal.level"] == value].iloc[0]
        late = expected.accuracy[:, expected.times > 0.0199].mean(axis=1)
        assert after["accuracy"] == pytest.approx(late.mean())
        assert after["standard_error"] == pytest.approx(late.std(ddof=1) / np.sqrt(3))
        assert after["peak_accuracy"] == expected.table["accuracy"].max() > 0.9
    assert found.about["n_sessions"] == 24 and found.about["conditions"] == ["1.0", "60.0"]


def test_only_windows_after_the_event_are_averaged():
    """Of 0.1 s: those in the middle of which is 0.05 s and later; the best of all may be an earlier one."""
    times, accuracy = np.array([-0.05, 0.0, 0.05, 0.1]), np.array([[0.9, 0.1, 0.4, 0.6], [0.9, 0.1, 0.5, 0.7]])
    neurons, confusion = np.zeros((2, 1), int), np.zeros((4, 2, 2))
    decoding = Decoding(times, accuracy, neurons, ("a", "b"), 0.5, confusion)
    found = _after_event([decoding], False, 0.1)
    assert found["accuracy"] == pytest.approx(0.55) and found["n"] == 2
    assert found["standard_error"] == pytest.approx(0.05)  # of 0.5 and 0.6
    assert (found["peak_accuracy"], found["peak_time"]) == (0.9, -0.05)
    assert np.isnan(_after_event([decoding], False, 0.3)["accuracy"])
    networks = _after_event([decoding, replace(decoding, accuracy=accuracy + 0.2)], True, 0.1)
    assert networks["accuracy"] == pytest.approx(0.65) and networks["standard_error"] == pytest.approx(0.1)


def test_runs_with_the_same_noise_are_never_divided_between_training_and_testing(sweep):
    """Before the stimulus they are equal: if divided, each would be taken for its twin under the other condition."""
    (first, _) = trials_of_sweep(sweep, "stimulus.amplitude", "arousal.level", "stimulus")
    before = decode_trials([first], OPTIONS).in_time["accuracy"][:3]
    np.testing.assert_array_equal(before, 0.5)  # one of two equal epochs is right
    epochs = first.analyzer.epochs(0.1, 0.08, 0.08, conditions=first.conditions)
    assert epochs.decode(folds=3, window_ms=40, step_ms=20).table["accuracy"][:3].mean() < 0.4
    with pytest.raises(InputError, match=r"groups: .* found; expected one for each of 12 epochs"):
        epochs.decode(groups=[1])
    with pytest.raises(InputError, match="folds: 3 folds but 2 groups of epochs found; expected at most as many"):
        epochs.decode(folds=3, groups=[0] * 6 + [1] * 6)


@POSIX_ONLY
def test_networks_are_decoded_one_by_one(sweep, tmp_path):
    """Of which the table of a sweep has a column: errors are over networks, each of which has its own trials."""
    (tmp_path / "data").symlink_to(sweep / "data")
    (tmp_path / "configs").symlink_to(sweep / "configs")
    table = pd.read_csv(sweep / RESULTS_TABLE)
    table["network"] = table["repeat"] // 3
    table.to_csv(tmp_path / RESULTS_TABLE, index=False)
    trials = trials_of_sweep(tmp_path, "stimulus.amplitude", "arousal.level", "stimulus")
    assert [(each.by, each.network) for each in trials] == [(0.0, 0), (0.0, 1), (0.3, 0), (0.3, 1)]
    assert all(each.analyzer.n_sessions == 6 for each in trials)
    found = decode_trials(trials, OPTIONS, "arousal.level")
    of_networks = found.ensembles.groupby(["arousal.level", "network", "time"])["accuracy"].mean()
    errors = of_networks.groupby(["arousal.level", "time"]).sem().to_numpy()
    np.testing.assert_allclose(found.in_time["standard_error"], errors, atol=1e-12)
    assert set(found.in_time["n"]) == {2} and found.about["n_networks"] == 2


def test_files_are_written_whole_and_replaced(sweep, tmp_path):
    trials = trials_of_sweep(sweep, "stimulus.amplitude", "arousal.level", "stimulus")
    about = decode_and_save(trials, tmp_path / "out", OPTIONS, "arousal.level", sources={"folders": ["here"]})
    assert {file.name for file in (tmp_path / "out/plots").iterdir()} == {"decoding.png", "decoding_by.png"}
    saved = json.loads((tmp_path / "out/decoding.json").read_text())
    assert saved["accuracy"] == about["accuracy"] and saved["sources"] == {"folders": ["here"]}
    table = pd.read_csv(tmp_path / "out/decoding.csv")
    assert list(table.columns) == ["arousal.level", "time", "accuracy", "standard_error", "chance", "n"]
    first = (tmp_path / "out/decoding.csv").read_bytes()
    decode_and_save(trials[:1], tmp_path / "out", OPTIONS, sources={}, look=None)
    assert not list((tmp_path / "out/plots").iterdir())  # those of the earlier decoding are gone
    assert "arousal.level" not in pd.read_csv(tmp_path / "out/decoding.csv")
    decode_and_save(trials, tmp_path / "out", OPTIONS, "arousal.level", sources={}, look=None)
    assert (tmp_path / "out/decoding.csv").read_bytes() == first
    with pytest.raises(InputError, match="holds the results of a run"):
        decode_and_save(trials, sweep, OPTIONS, sources={})


def test_sweeps_that_cannot_be_decoded(sweep, tmp_path):
    with pytest.raises(InputError, match='--condition: "amplitude" found; expected one of stimulus'):
        trials_of_sweep(sweep, "amplitude", None, "stimulus")
    with pytest.raises(InputError, match=r"no results\.csv found; expected the folder of a sweep"):
        trials_of_sweep(tmp_path, "arousal.level", None, "stimulus")
    with pytest.raises(InputError, match=r"--events: .* found; expected stimulus, or times in seconds, of a sweep"):
        trials_of_sweep(sweep, "arousal.level", None, "events.csv")
    trials = trials_of_sweep(sweep, "arousal.level", "arousal.level", "stimulus")
    with pytest.raises(InputError, match=r"only 0.0 found; expected at least 2 conditions") as error:
        decode_trials(trials, OPTIONS, "arousal.level")
    assert error.value.__notes__ == ["at arousal.level 0.0"]
    table = pd.read_csv(sweep / RESULTS_TABLE)
    table.drop(columns="spikes").to_csv(tmp_path / RESULTS_TABLE)
    with pytest.raises(InputError, match="a sweep without spikes found; expected one with keep_spikes: true"):
        trials_of_sweep(tmp_path, "arousal.level", None, "stimulus")
    table.to_csv(tmp_path / RESULTS_TABLE)
    with pytest.raises(DataError, match="which is no file of spikes of the sweep"):
        trials_of_sweep(tmp_path, "arousal.level", None, "stimulus")


def test_a_network_for_each_run_is_refused(tmp_path):
    few = {"parameters": {"arousal.level": [0.0, 0.3]}, "repeats": 1, "fix_network": False}
    folder = swept(tmp_path / "sweep", **few)
    with pytest.raises(InputError, match="a network of its own for each run found; expected fix_network: true"):
        trials_of_sweep(folder, "arousal.level", None, "stimulus")


def test_without_a_stimulus_times_are_needed(tmp_path):
    folder = swept(tmp_path, config=SMALL, parameters={"arousal.level": [0.0, 0.3]}, repeats=1)
    with pytest.raises(InputError, match=r"point_0000\.yaml: no stimulus\.onsets found; expected onsets, or times"):
        trials_of_sweep(folder, "arousal.level", None, "stimulus")
    (trials,) = trials_of_sweep(folder, "arousal.level", None, [0.1])
    assert trials.conditions == [0.0, 0.3]


def test_folders_of_one_condition_each(tmp_path):
    """Two folders of repeats with the same seeds have the same noise."""
    for name, amplitude in (("low", 1.0), ("high", 60.0)):
        config = SMALL | {"stimulus": STIMULUS | {"amplitude": amplitude}, "settings": {"plot": False}}
        Repeater(config, 3, fix_network=True).execute(tmp_path / name)
    folders = [tmp_path / "low", tmp_path / "high"]
    (trials,) = trials_of_folders(folders, ["low", "high"], "stimulus", None, None)
    assert trials.conditions == ["low"] * 3 + ["high"] * 3
    assert trials.noise[:3] == trials.noise[3:] and len(set(trials.noise)) == 3
    described = json.loads((tmp_path / "low" / RUN).read_text())
    assert trials.noise[:3] == [each["noise_seed"] for each in described["repeats"]]
    found = decode_trials([trials], DecodingOptions(0.08, 0.08, 0.04, 0.04, folds=3, n_ensembles=1))
    assert found.in_time["accuracy"].tolist()[:2] == [0.5, 0.5] and found.in_time["accuracy"].max() == 1
    with pytest.raises(InputError, match=r"--conditions: .* found; expected one for each of 2 folders"):
        trials_of_folders(folders, ["low"], "stimulus", None, None)
    assert Analyzer(folders).epochs("stimulus", 0.05, 0.05).targeted == (0, 1, 2)
