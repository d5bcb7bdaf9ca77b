"""The command for spikes without cluster labels, and its options of the hidden Markov model."""

from __future__ import annotations

import json
import sys
from functools import partial

import numpy as np
import pytest

from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
from tests.helpers.assemblies import switching
from tests.helpers.trains import STEP, bernoulli

SESSIONS, TRUTH = switching(3, 8, background=4)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Sessions as tables of spike times, as of a recording."""
    folder = tmp_path_factory.mktemp("recorded")
    for index, session in enumerate(SESSIONS):
        rows = [f"{time:.4f},{neuron}" for time, neuron in zip(session.times, session.neurons, strict=True)]
        (folder / f"spikes_{index}.csv").write_text("\n".join(["time,neuron", *rows]) + "\n")
    return folder


@pytest.fixture
def analyze(neuro_mod, recorded):
    return partial(neuro_mod, "analyze", recorded, "--dt", STEP, "--duration", 6)


def test_without_labels_the_option_is_named(analyze, recorded, tmp_path):
    code, printed, errors = analyze("--out", tmp_path / "none")
    assert code == 2 and not printed and not (tmp_path / "none").exists()
    assert f"{recorded}" in errors and "no cluster labels found" in errors and "--find-assemblies" in errors


def test_assemblies_are_found_saved_and_drawn(analyze, tmp_path):
    code, printed, errors = analyze("--find-assemblies", "--out", tmp_path)
    assert code == 0, errors
    words = " ".join(printed.split())
    assert "clusters 4, of which 3 define states, from assemblies" in words
    assert "assemblies 3, of 24 of 28 neurons; mean silhouette 0.9" in words and "stability 1 " in words
    assert np.load(tmp_path / "assemblies.npy").tolist() == TRUTH.tolist()
    assert (tmp_path / "assemblies.csv").read_text().startswith("neuron,assembly,explained,silhouette\n0,0,0.")
    assert (tmp_path / "plots/assemblies.png").read_bytes().startswith(b"\x89PNG")
    expected = Analyzer(SESSIONS, TRUTH, STEP)
    assert Analyzer.load_analysis(tmp_path).occurrences().equals(expected.occurrences())


def test_options_reach_the_search(analyze, tmp_path):
    options = ("--n-assemblies", 2, "--assembly-bin", 100, "--n-neurons", 30, "--no-plot", "--json")
    code, printed, errors = analyze("--find-assemblies", *options, "--out", tmp_path)
    assert code == 0, errors
    found = json.loads(printed)
    assert found["n_neurons"] == 30 and found["assemblies"]["n_assemblies"] == 2
    assert found["assemblies"]["bin_width"] == pytest.approx(0.1)


def test_without_scikit_learn_the_stability_is_left_out(analyze, tmp_path, monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "sklearn.metrics", None)
    code, printed, errors = analyze("--find-assemblies", "--no-plot", "--out", tmp_path)
    assert code == 0 and 'pip install "neuro_mod[hmm]"' in caplog.text, errors
    assert "stability - (" in " ".join(printed.split())
    assert np.isnan(Analyzer.load_analysis(tmp_path).assemblies.stability)


def test_units_bins_and_starts_reach_the_model(analyze, tmp_path):
    np.save(tmp_path / "labels.npy", TRUTH)
    options = ("--clusters", tmp_path / "labels.npy", "--units", "neurons", "--bin", 50, "--n-restarts", 2)
    code, printed, errors = analyze(
        *options, "--hidden-markov", 3, "--max-restarts", 3, "--no-plot", "--out", tmp_path / "a"
    )
    assert code == 0, errors
    model = Analyzer.load_analysis(tmp_path / "a").hidden_markov
    settings = model.settings
    assert (settings.units, settings.bin_width, settings.n_restarts, settings.max_restarts) == ("neurons", 0.05, 2, 3)
    assert model.unit_labels.tolist() == list(range(24)) and "from the counts of single neurons" in printed
    table = (tmp_path / "a/hidden_markov_states.csv").read_text().splitlines()
    assert table[0].startswith("state,visited,initial_probability,rate_hz_0,") and table[1].startswith("S0,True,")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--n-assemblies", 2), "--n-assemblies: 2 found; expected no value without --find-assemblies"),
        (("--assembly-bin", 20), "--assembly-bin: 20.0 found; expected no value without --find-assemblies"),
        (("--units", "neurons"), '--units: "neurons" found; expected no value without --hidden-markov'),
        (("--bin", 20), "--bin: 20.0 found; expected no value without --hidden-markov"),
        (("--n-restarts", 2), "--n-restarts: 2 found; expected no value without --hidden-markov"),
        (("--find-assemblies", "--cluster-sizes", "28"), "--cluster-sizes"),
        (("--find-assemblies", "--assembly-bin", 9000), "bin_width: 9.0 found; expected at most"),
        (("--n-neurons", 3, "--find-assemblies"), "neurons: 0 to 27 found; expected 0 to 2, for 3 neurons"),
        (("--n-neurons", 3, "--cluster-sizes", "28"), "--n-neurons: 3 found; expected 28"),
    ],
    ids=str,
)
def test_refusals(analyze, tmp_path, options, message):
    code, _, errors = analyze(*options, "--out", tmp_path / "none")
    assert code == 2 and message in " ".join(errors.split())
    assert not (tmp_path / "none").exists()


def test_independent_neurons_are_not_analysed(neuro_mod, tmp_path):
    np.save(tmp_path / "silent.npy", np.zeros((1000, 5), bool))
    _, _, errors = neuro_mod("analyze", tmp_path / "silent.npy", "--dt", STEP, "--find-assemblies")
    assert "no assembly found; expected correlated neurons (the counts of no neuron vary)" in errors
    np.save(tmp_path / "spikes.npy", np.asarray(bernoulli(1, 4000, 20, 0.02)))
    code, _, errors = neuro_mod("analyze", tmp_path / "spikes.npy", "--dt", STEP, "--find-assemblies")
    assert code == 2 and "no assembly found; expected correlated neurons (largest eigenvalue" in errors
