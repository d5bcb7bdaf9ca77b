"""Recordings without cluster labels: what works, what is refused, and how to go on with assemblies."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neuro_mod import Analyzer, Assemblies, SpikeEvents
from neuro_mod.errors import DataError, InputError
from neuro_mod.execution.analysis.pictures import drawings_of_analysis
from neuro_mod.execution.analysis.summary import describe_analysis
from neuro_mod.storage import names
from tests.helpers.assemblies import switching

SESSIONS, TRUTH = switching(4, 8, background=5)


@pytest.fixture
def unlabelled():
    return Analyzer(SESSIONS)


@pytest.fixture(scope="module")
def found():
    return Analyzer(SESSIONS).find_assemblies(n_resamples=2)


def test_neurons_can_be_analysed(unlabelled):
    labelled = Analyzer(SESSIONS, TRUTH)
    assert repr(unlabelled).startswith("Analyzer: 4 sessions of 37 neurons, no cluster labels\n")
    assert not unlabelled.layout.has_clusters and labelled.layout.has_clusters
    pd.testing.assert_frame_equal(
        unlabelled.neuron_table().drop(columns="cluster"), labelled.neuron_table().drop(columns="cluster")
    )
    assert (unlabelled.neuron_table()["cluster"] == -1).all()
    np.testing.assert_array_equal(unlabelled.count_correlations(), labelled.count_correlations())
    np.testing.assert_array_equal(unlabelled.fano_factors().mean, labelled.fano_factors().mean)
    np.testing.assert_array_equal(unlabelled.firing_rates().overall, labelled.firing_rates().overall)
    np.testing.assert_array_equal(unlabelled.get_neuron_spike_rate(1, [3]), labelled.get_neuron_spike_rate(1, [3]))
    assert unlabelled.spikes(2) is not None and unlabelled.n_sessions == 4 and unlabelled.labels_from == ""


def test_all_neurons_are_units_of_a_hidden_markov_model(unlabelled):
    model = unlabelled.fit_hidden_markov(6, units="neurons", n_restarts=1, max_restarts=1)
    assert model.unit_labels.tolist() == list(range(37)) and model.rates.shape == (6, 37)
    with pytest.raises(InputError, match="no cluster labels found"):
        unlabelled.agreement()


NEED_CLUSTERS = {
    "states": lambda a: a.occurrences(),
    "lifetimes": lambda a: a.get_mean_lifespan(),
    "a state": lambda a: a.get_life_spans((0,)),
    "rates": lambda a: a.get_cluster_spike_rate(),
    "activity": lambda a: a.get_cluster_activity(),
    "sessions": lambda a: a.sessions,
    "correlations": lambda a: a.cluster_correlations(),
    "hidden states": lambda a: a.fit_hidden_markov(2),
    "saving": lambda a: a.save_analysis("nowhere"),
}


@pytest.mark.parametrize("call", NEED_CLUSTERS.values(), ids=NEED_CLUSTERS)
def test_what_needs_clusters_says_so(unlabelled, call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    advice = r"give clusters=\.\.\., or use find_assemblies\(\) and with_clusters\(\)$"
    with pytest.raises(InputError, match=f"^session 0: no cluster labels found; {advice}"):
        call(unlabelled)
    assert not list(tmp_path.iterdir())


def test_assemblies_become_the_clusters(unlabelled, found):
    assert isinstance(found, Assemblies) and found.labels.tolist() == TRUTH.tolist()
    analyzer, expected = unlabelled.with_clusters(found), Analyzer(SESSIONS, TRUTH)
    assert analyzer.layout.state_labels.tolist() == expected.layout.state_labels.tolist() == [0, 1, 2, 3]
    assert analyzer.labels_from == "assemblies" and analyzer.assemblies is found
    pd.testing.assert_frame_equal(analyzer.occurrences(), expected.occurrences())
    assert set(analyzer.get_unique_attractors()) == set(expected.get_unique_attractors())
    by_labels = unlabelled.with_clusters(TRUTH)
    assert by_labels.labels_from == "clusters" and by_labels.assemblies is None
    assert by_labels.occurrences().equals(expected.occurrences())


def test_settings_are_kept_and_labels_of_the_data_are_not():
    labels = np.roll(TRUTH, 8)
    spikes = [{"times": each.times, "neurons": each.neurons, "clusters": labels} for each in SESSIONS]
    given = Analyzer(spikes, dt=1e-3, duration=6.0, method="gain", minimal_lifespan_ms=80)
    assert given.layout.of_each_neuron.tolist() == labels.tolist()
    other = given.with_clusters(given.find_assemblies(n_resamples=0))
    assert other.settings == given.settings and other.layout.of_each_neuron.tolist() == TRUTH.tolist()
    assert len(other.occurrences()) > 10
    assert given.layout.of_each_neuron.tolist() == labels.tolist()


def test_refused_clusters(unlabelled, found):
    with pytest.raises(InputError, match="clusters: -1 for each neuron found; expected a neuron that is in a cluster"):
        unlabelled.with_clusters(np.full(37, -1))
    with pytest.raises(InputError, match="number of cluster labels: 36 found; expected 37"):
        unlabelled.with_clusters(TRUTH[1:])
    with pytest.raises(InputError, match="expected an integer for each neuron"):
        unlabelled.with_clusters(TRUTH / 2)


def test_they_are_saved_with_the_analysis(unlabelled, found, tmp_path):
    analyzer = unlabelled.with_clusters(found)
    analyzer.save_analysis(tmp_path)
    assert np.load(tmp_path / names.ASSEMBLY_LABELS).tolist() == TRUTH.tolist()
    loaded = Analyzer.load_analysis(tmp_path)
    for name in (
        "labels",
        "eigenvalues",
        "explained",
        "silhouettes",
        "upper_bound",
        "stability",
        "bin_width",
        "n_bins",
    ):
        np.testing.assert_array_equal(getattr(loaded.assemblies, name), getattr(found, name))
    pd.testing.assert_frame_equal(loaded.assemblies.scores, found.scores)
    assert describe_analysis(loaded)["assemblies"] == describe_analysis(analyzer)["assemblies"]
    assert "assemblies" in drawings_of_analysis(analyzer) and "assemblies" not in drawings_of_analysis(loaded)
    loaded.save_analysis(tmp_path / "again")
    assert Analyzer.load_analysis(tmp_path / "again").assemblies.n_assemblies == 4
    Analyzer(SESSIONS, TRUTH).save_analysis(tmp_path)  # in place of it
    assert Analyzer.load_analysis(tmp_path).assemblies is None and not (tmp_path / names.ASSEMBLY_LABELS).exists()


def test_saved_labels_are_the_labels_of_another_analysis(found, tmp_path):
    np.save(tmp_path / "assemblies.npy", found.labels)
    analyzer = Analyzer(SESSIONS, tmp_path / "assemblies.npy")
    assert analyzer.layout.state_labels.tolist() == [0, 1, 2, 3]
    assert Analyzer(SESSIONS, found.labels, state_clusters="all").layout.state_labels.tolist() == [-1, 0, 1, 2, 3]
    assert Analyzer(SESSIONS, found.labels, n_excitatory_clusters=2).layout.state_labels.tolist() == [0, 1]
    with pytest.raises(InputError, match="n_excitatory_clusters: 5 found; expected a whole number from 1 to 4"):
        Analyzer(SESSIONS, found.labels, n_excitatory_clusters=5)


def test_the_number_of_neurons_is_that_of_all_sessions_or_given():
    """In spike times, neuron 3 fires in the second session alone, neuron 4 never."""
    data = [([0.1, 0.2], [0, 1]), ([0.1, 0.3], [2, 3])]
    assert Analyzer(data, duration=1.0).neuron_table()["n_spikes"].tolist() == [1, 1, 1, 1]
    assert Analyzer(data, duration=1.0, n_neurons=5).neuron_table()["n_spikes"].tolist() == [1, 1, 1, 1, 0]
    assert Analyzer(data, [0, 0, 1, 1, 1], duration=1.0, n_neurons=5).layout.n_neurons == 5
    few = Analyzer(data, duration=1.0, n_neurons=3)
    with pytest.raises(DataError, match="neurons: 2 to 3 found; expected 0 to 2, for 3 neurons given or in other"):
        few.neuron_table()
    with pytest.raises(InputError, match=r"n_neurons: 5 found; expected 4, as there are cluster labels \(clusters\)"):
        Analyzer(data, [0, 0, 1, 1], duration=1.0, n_neurons=5)
    with pytest.raises(InputError, match="n_neurons: -1 found"):
        Analyzer(data, n_neurons=-1)


def test_sessions_of_other_numbers_of_neurons_are_refused():
    steps = np.zeros(1, np.int32)
    sessions = [SpikeEvents(steps, steps, 1000, n, 1e-3) for n in (3, 4)]
    with pytest.raises(DataError, match="n_neurons: 3 found; expected 4 as given or in other sessions"):
        Analyzer(sessions).neuron_table()


def test_a_saved_analysis_has_no_spikes_to_find_assemblies_in(unlabelled, found, tmp_path):
    unlabelled.with_clusters(found).save_analysis(tmp_path)
    loaded = Analyzer.load_analysis(tmp_path)
    for call in (loaded.find_assemblies, lambda: loaded.with_clusters(found)):
        with pytest.raises(InputError, match="a saved analysis holds no spikes"):
            call()
