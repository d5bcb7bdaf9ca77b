from __future__ import annotations

import json
from functools import partial

import numpy as np
import pandas as pd
import pytest

from neuro_mod import Analyzer
from neuro_mod.core.spiking_net.analysis.events.epochs import Epochs
from neuro_mod.recordings.saved import spike_arrays
from tests.core.spiking_net.analysis.test_decoding import tuned

OPTIONS = ("--events", 0.2, "--before", 0.1, "--after", 0.1, "--dt", 1e-3, "--folds", 3)


@pytest.fixture
def decode(neuro_mod):
    return partial(neuro_mod, "decode")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Two folders of sessions of other conditions, and the clusters of their neurons."""
    root = tmp_path_factory.mktemp("recorded")
    sessions, conditions = tuned(20, 2)
    for number, (spikes, condition) in enumerate(zip(sessions, conditions, strict=True)):
        folder = root / condition.replace(" ", "_")
        folder.mkdir(exist_ok=True)
        np.savez(folder / f"spikes_{number}.npz", **spike_arrays(spikes))
    np.save(root / "clusters.npy", np.arange(12) // 3)
    return root


def folders_of(recorded):
    return [recorded / "tone_0", recorded / "tone_1"]


def test_folders_of_conditions(decode, recorded, tmp_path):
    what = (*folders_of(recorded), "--conditions", "low,high", "--clusters", recorded / "clusters.npy", *OPTIONS)
    code, printed, errors = decode(*what, "--n-neurons", 6, "--n-ensembles", 3, "--out", tmp_path)
    assert code == 0, errors
    for words in ("2: low, high", "20 epochs of 20 sessions", "6 in each of 3 ensembles", "100 ms; 3 folds"):
        assert words in printed
    analyzer = Analyzer(folders_of(recorded), clusters=recorded / "clusters.npy")
    epochs = analyzer.epochs(0.2, 0.1, 0.1, conditions=["low"] * 10 + ["high"] * 10)
    expected = epochs.decode(6, 100, 50, n_ensembles=3, folds=3).table
    found = pd.read_csv(tmp_path / "decoding.csv")
    pd.testing.assert_frame_equal(found[expected.columns], expected)
    for name in ("decoding.json", "decoding_ensembles.csv", "plots/decoding.png"):
        assert (tmp_path / name).exists() and str(tmp_path / name) in printed


def test_json(decode, recorded, tmp_path):
    what = (*folders_of(recorded), "--conditions", "low,high", "--clusters", recorded / "clusters.npy", *OPTIONS)
    code, printed, _ = decode(*what, "--out", tmp_path, "--no-plot", "--json")
    found = json.loads(printed)
    assert code == 0 and found["n_neurons"] == 12 and found["options"]["n_ensembles"] == 1
    assert found["accuracy"][0]["standard_error"] is None and found["accuracy"][0]["chance"] == 0.5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "--condition, --conditions: both or none found; expected one"),
        (("--conditions", "a,b", "--condition", "c"), "--condition, --conditions: both or none found"),
        (("--conditions", "a,b", "--by", "c"), '--by: "c" found; expected no value with --conditions'),
        (("--conditions", "a,b"), "--out: nothing found; expected a folder for the results"),
        (("--condition", "a"), "DIR: a list of 2 entries found; expected one folder of a sweep"),
        (("--conditions", "a", "--out", "x"), "--conditions: ["),
        (("--conditions", "a,a", "--out", "x", *OPTIONS), "conditions: only 'a' found; expected at least 2"),
        (("--conditions", "a,b", "--out", "x", *OPTIONS, "--folds", 11), "folds: 11 folds but 10 epochs of condition"),
        (("--conditions", "a,b", "--out", "x", "--dt", 1e-3), "no description of a stimulus found beside the spikes"),
    ],
    ids=str,
)
def test_bad_input_is_one_clear_message(decode, recorded, tmp_path, options, message):
    what = [tmp_path / "x" if each == "x" else each for each in options]
    code, printed, errors = decode(*folders_of(recorded), "--clusters", recorded / "clusters.npy", *what)
    assert code == 2 and not printed and message in errors and not (tmp_path / "x").exists()


@pytest.mark.parametrize(("option", "value"), [("--clusters", "labels.npy"), ("--dt", 1e-3)])
def test_what_a_sweep_has_is_not_given(decode, tmp_path, option, value):
    code, printed, errors = decode(tmp_path, "--condition", "tone", option, value)
    assert code == 2 and not printed
    assert f"{option}: " in errors and "expected no value with --condition, as the sweep has it" in errors


def test_spaces_between_conditions(decode, recorded, tmp_path):
    what = (*folders_of(recorded), "--conditions", "low, high", "--clusters", recorded / "clusters.npy", *OPTIONS)
    code, printed, _ = decode(*what, "--n-neurons", 3, "--n-ensembles", 1, "--out", tmp_path, "--no-plot", "--json")
    assert code == 0 and json.loads(printed)["conditions"] == ["low", "high"]


def test_without_scikit_learn(decode, recorded, tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "sklearn", None)
    what = (*folders_of(recorded), "--conditions", "a,b", "--clusters", recorded / "clusters.npy", *OPTIONS)
    code, printed, errors = decode(*what, "--out", tmp_path / "out")
    assert code == 2 and 'pip install "neuro_mod[decoding]"' in errors and not printed


def test_ctrl_c(decode, recorded, tmp_path, monkeypatch):
    """After the first of several ensembles; an earlier decoding stays."""
    what = (*folders_of(recorded), "--conditions", "a,b", "--clusters", recorded / "clusters.npy", *OPTIONS)
    assert decode(*what, "--no-plot", "--out", tmp_path)[0] == 0
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}

    class Interrupting(Epochs):
        def decode(self, *args, report, **options):
            def interrupted(done, total):
                report(done, total)
                raise KeyboardInterrupt

            return super().decode(*args, report=interrupted, **options)

    monkeypatch.setattr("neuro_mod.core.spiking_net.analysis.events.epochs.Epochs", Interrupting)
    code, printed, errors = decode(*what, "--n-neurons", 3, "--out", tmp_path)
    assert code == 130 and f"interrupted; no new decoding in {tmp_path}" in errors and not printed
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before
