"""Synthetic sessions whose states are known: what the hidden Markov model says about them, and what is kept on disk."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest

from benchmarks.synthetic_sessions import Chain, Firing, synthetic_sessions
from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
from neuro_mod.core.spiking_net.analysis.hidden_markov.agreement import agreement
from neuro_mod.core.spiking_net.analysis.saved.folder import _checksum
from neuro_mod.errors import DataError
from neuro_mod.execution.analysis.summary import describe_analysis

FIRING = Firing(n_clusters=4, cluster_size=10)
CHAIN = Chain.drawn(4, 3, 2, seed=1, lifespan=0.5)
FILES = {f"hidden_markov{end}" for end in (".npz", "_occurrences.csv", "_transitions.csv", "_scores.csv")}


@pytest.fixture(scope="module")
def sessions():
    return synthetic_sessions(CHAIN, FIRING, n_sessions=3, duration=10.0, seed=2)


def opened(sessions, **settings):
    return Analyzer(list(sessions[0]), FIRING.cluster_of_neuron + 5, **settings)


@pytest.fixture(scope="module")
def analyzer(sessions):
    found = opened(sessions)
    found.fit_hidden_markov(range(1, 6), n_restarts=2, seed=4)
    return found


@pytest.fixture(scope="module")
def kept(analyzer, tmp_path_factory):
    folder = tmp_path_factory.mktemp("kept")
    analyzer.save_analysis(folder)
    return folder


@pytest.fixture
def folder(kept, tmp_path):
    """A copy of a saved analysis that may be damaged."""
    return shutil.copytree(kept, tmp_path / "analysis")


def same(one, other):
    assert one.settings == other.settings
    for name in ("unit_labels", "rates", "initial_probabilities", "transition_matrix", "durations"):
        a, b = getattr(one, name), getattr(other, name)
        assert a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    pd.testing.assert_frame_equal(one.scores, other.scores, check_exact=True)
    pd.testing.assert_frame_equal(one.visits, other.visits, check_exact=True)
    assert len(one.posteriors) == len(other.posteriors)
    assert all(
        a.dtype == b.dtype and np.array_equal(a, b) for a, b in zip(one.posteriors, other.posteriors, strict=True)
    )
    assert one.log_likelihood == other.log_likelihood and one.bic == other.bic
    return True


def test_finds_the_states_the_spikes_were_drawn_from(analyzer, sessions):
    """In a bin of 20 ms, ten neurons fire 8 spikes when active and 1 when not: hardly a bin is unclear but at edges.

    With visits of 0.5 s, a bin of 20 ms at each edge is 4 % of the time.
    """
    model = analyzer.hidden_markov
    assert model.n_fitted == model.n_states == len(CHAIN.states) and not model.most_was_chosen
    assert model.assigned > 0.9
    truth = agreement(model.visits, sessions[1], model.durations)
    assert truth.adjusted_mutual_information > 0.9 and truth.adjusted_rand_index > 0.9
    match = truth.matches
    assert (match["fraction"] > 0.95).all() and set(match["state"]) == set(CHAIN.states)
    for hidden, state in match["state"].items():  # 5 Hz and 40 Hz; some of the bins at the edges are mixed
        active = np.isin(np.arange(4), state)
        np.testing.assert_allclose(model.rates_hz[hidden], np.where(active, 40, 5), atol=2.5)
        whole = np.mean(np.where(active, 40, 5))
        assert model.get_attractor_data(hidden)["mean_rate"] == pytest.approx(whole, rel=0.1)
        of_state = sessions[1].loc[[each == state for each in sessions[1]["state"]]]
        assert model.get_attractor_prob(hidden) == pytest.approx(of_state["duration"].sum() / 30, abs=0.04)
    assert model.unit_labels.tolist() == [5, 6, 7, 8]


def test_agrees_with_the_states_of_active_clusters(analyzer):
    found = analyzer.agreement()
    assert found.adjusted_mutual_information > 0.9 and found.adjusted_rand_index > 0.9 and found.assigned > 0.9
    by_hand = agreement(analyzer.hidden_markov.occurrences(), analyzer.occurrences(), [10.0, 10.0, 10.0])
    assert by_hand.adjusted_rand_index == found.adjusted_rand_index
    assert {len(state) for state in found.seconds.columns} <= {0, 1, 2}


def test_only_clusters_that_define_states_count(sessions):
    analyzer = opened(sessions, state_clusters=[6, 8])
    model = analyzer.fit_hidden_markov(2, n_restarts=1)
    assert model.unit_labels.tolist() == [6, 8] and model.rates_hz.shape == (2, 2)


def test_neurons_as_units(sessions):
    """Clusters are sums of their neurons: states of the one and the other are the same."""
    analyzer = opened(sessions, state_clusters=[5, 6, 8])
    by_cluster = analyzer.fit_hidden_markov(3, n_restarts=2)
    model = analyzer.fit_hidden_markov(3, units="neurons", n_restarts=2)
    assert analyzer.hidden_markov is model and model.settings.units == "neurons"
    assert model.unit_labels.tolist() == [*range(20), *range(30, 40)] and model.rates_hz.shape == (3, 30)
    found = agreement(model.visits, by_cluster.visits, model.durations)
    assert found.adjusted_rand_index > 0.95
    for state, match in found.matches["state"].items():
        averages = model.rates_hz[state].reshape(3, 10).mean(axis=1)
        np.testing.assert_allclose(averages, by_cluster.rates_hz[match], atol=0.5)


def test_default_numbers_fit_into_the_bins(sessions):
    analyzer = Analyzer([(np.array([0.1, 0.3]), np.array([0, 39]))], FIRING.cluster_of_neuron, duration=0.5)
    fits = []
    model = analyzer.fit_hidden_markov(n_restarts=1, max_restarts=1, report=lambda *each: fits.append(each))
    assert model.settings.numbers == (2, 3, 4, 6, 8, 12, 16, 24)  # of 25 bins
    assert fits == [(done, 8) for done in range(1, 9)]


def test_windows_reach_the_end_of_sessions_whose_last_bin_is_not_complete(sessions, tmp_path):
    analyzer = opened(sessions)
    model = analyzer.fit_hidden_markov(3, bin_ms=19, n_restarts=1)  # 526 bins are 9.994 s
    assert model.durations.tolist() == analyzer.durations.tolist()
    assert model.occurrences(t_to=9.996).equals(model.visits) and model.visits["end"].max() == 526 * 0.019
    analyzer.save_analysis(tmp_path)
    assert same(Analyzer.load_analysis(tmp_path).hidden_markov, model)


def test_settings_are_kept(sessions):
    chosen = {"criterion": "cross_validation", "seed": 9, "n_restarts": 1, "n_folds": 2, "least_posterior": 0.95}
    model = opened(sessions).fit_hidden_markov((2, 3), bin_ms=40, least_duration_ms=120, **chosen)
    said = asdict(model.settings)
    further = {"bin_width": 0.04, "numbers": (2, 3), "least_duration": 0.12, "units": "clusters", "max_restarts": 4}
    assert said == further | chosen
    assert model.scores["held_out"].notna().all() and model.occurrences()["duration"].min() >= 0.12 - 1e-9


def test_saving_and_loading_is_the_identity(analyzer, folder):
    assert {file.name for file in folder.iterdir()} > FILES
    loaded = Analyzer.load_analysis(folder)
    assert same(loaded.hidden_markov, analyzer.hidden_markov)
    assert loaded.agreement().seconds.equals(analyzer.agreement().seconds)
    assert (
        loaded.hidden_markov.get_transition_matrix().tolist() == analyzer.hidden_markov.get_transition_matrix().tolist()
    )
    loaded.save_analysis(folder / "again")
    assert same(Analyzer.load_analysis(folder / "again").hidden_markov, analyzer.hidden_markov)


def test_models_of_earlier_versions_are_read(sessions, analyzer, tmp_path):
    """They had neither the columns on starts, nor a largest number of them, nor all parameters of the model."""
    columns = ["lowest_log_likelihood", "n_starts", "n_best", "log_likelihoods"]
    model = replace(analyzer.hidden_markov, scores=analyzer.hidden_markov.scores.drop(columns=columns))
    earlier = opened(sessions)
    earlier.hidden_markov = model
    earlier.save_analysis(tmp_path)
    about = json.loads((tmp_path / "analysis.json").read_text())
    del about["checksum"], about["hidden_markov"]["settings"]["max_restarts"]
    del about["hidden_markov"]["starts"], about["hidden_markov"]["all_starts"], about["hidden_markov"]["all_states"]
    (tmp_path / "analysis.json").write_text(json.dumps(about | {"checksum": _checksum(about)}))
    loaded = Analyzer.load_analysis(tmp_path)
    without = replace(model, initial_probabilities=np.full(model.n_fitted, np.nan))
    assert same(loaded.hidden_markov, replace(without, settings=replace(model.settings, max_restarts=2)))
    assert describe_analysis(loaded)["hidden_markov"]["starts"] == []


def test_what_the_files_say(analyzer, folder):
    model, about = analyzer.hidden_markov, json.loads((folder / "analysis.json").read_text())
    assert set(about["files"]) > FILES
    said = about["hidden_markov"]
    assert said["settings"]["numbers"] == [1, 2, 3, 4, 5] and said["settings"]["seed"] == 4
    assert said["n_states"] == 3 and said["bic"] == model.bic and said["assigned"] == model.assigned
    assert said["agreement"]["adjusted_rand_index"] == analyzer.agreement().adjusted_rand_index
    moves = pd.read_csv(folder / "hidden_markov_transitions.csv")
    assert moves["from_state"].tolist() == [f"S{state}" for state in model.transitions()["from_state"]]
    with np.load(folder / "hidden_markov.npz") as arrays:
        assert np.array_equal(arrays["posteriors_00002"], model.posteriors[2])


def test_fitting_after_a_first_save(sessions, tmp_path):
    analyzer = opened(sessions)
    assert analyzer.hidden_markov is None
    with pytest.raises(ValueError, match="hidden_markov: nothing found; expected a model"):
        analyzer.agreement()
    analyzer.save_analysis(tmp_path)
    assert Analyzer.load_analysis(tmp_path).hidden_markov is None
    model = analyzer.fit_hidden_markov(2, n_restarts=1)
    analyzer.save_analysis(tmp_path)
    assert same(Analyzer.load_analysis(tmp_path).hidden_markov, model)
    opened(sessions).save_analysis(tmp_path)  # another analysis, without a model
    assert Analyzer.load_analysis(tmp_path).hidden_markov is None
    assert not FILES & {file.name for file in tmp_path.iterdir()}


@pytest.mark.parametrize("name", sorted(FILES))
def test_damaged_files_are_refused_by_name(folder, name):
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(DataError, match=name):
        Analyzer.load_analysis(folder)


def test_without_scikit_learn_all_but_the_agreement_works(sessions, tmp_path, monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "sklearn.metrics", None)
    analyzer = opened(sessions)
    model = analyzer.fit_hidden_markov(3, n_restarts=1)
    analyzer.save_analysis(tmp_path)
    assert 'pip install "neuro_mod[hmm]"' in caplog.text
    assert json.loads((tmp_path / "analysis.json").read_text())["hidden_markov"]["agreement"] is None
    loaded = Analyzer.load_analysis(tmp_path)
    assert same(loaded.hidden_markov, model)
    with pytest.raises(ImportError, match="sklearn"):
        loaded.agreement()


def test_refusals(sessions, folder):
    with pytest.raises(ValueError, match="saved analysis"):
        Analyzer.load_analysis(folder).fit_hidden_markov(2)
    analyzer = opened(sessions)
    for options, message in (
        ({"units": "columns"}, "clusters, neurons"),
        ({"bin_ms": 0.3}, "bin_width"),
        ({"bin_ms": 20_000}, "session's length"),
        ({"criterion": "aic"}, "bic, cross_validation"),
        ({"n_states": 2.5}, "whole number"),
        ({"n_states": 10_000}, "from 1 to 1500"),
    ):
        with pytest.raises(ValueError, match=message):
            analyzer.fit_hidden_markov(**{"n_states": 2, **options})
    assert analyzer.hidden_markov is None


def test_both_say_what_they_are_in_a_line(analyzer):
    sessions, neurons = analyzer.n_sessions, analyzer.layout.n_neurons
    assert repr(analyzer).startswith(f"Analyzer: {sessions} sessions of {neurons} neurons\n")
    assert "active by            two_state;" in repr(analyzer)
    assert repr(analyzer.hidden_markov).startswith(f"HiddenMarkov({analyzer.hidden_markov.n_states} states in ")
    assert len(repr(analyzer.hidden_markov)) < 120
