"""States of the last seconds, against `Analyzer` on the same spikes."""

import json

import numpy as np
import pytest

from neuro_mod import Analyzer, StageSNNSimulation
from neuro_mod.core.spiking_net.analysis.rates.rates import binned_rates, population_counts
from neuro_mod.errors import InputError
from neuro_mod.explorer.statistics import LEAST, UNKNOWN, Statistics
from neuro_mod.populations import Populations

BIN = 0.01
POPULATIONS = Populations(2, (10, 5), (4, 2))


@pytest.fixture(scope="module")
def run():
    """20 s of the network `small`: its results, populations, and rates in bins of 10 ms."""
    stager = StageSNNSimulation("small", overrides=["init_params.duration_sec=20", "settings.plot=false"])
    outputs = stager.run()
    populations = stager.experiment.populations
    spikes = outputs["spikes"]
    counts = population_counts(spikes, populations.of_neuron, populations.total, round(BIN / spikes.delta_t))
    with np.errstate(invalid="ignore"):
        return outputs, populations, binned_rates(counts, populations.sizes, BIN)


@pytest.fixture(scope="module")
def statistics(run):
    _, populations, rates = run
    found = Statistics(populations, BIN)
    for piece in np.array_split(rates, 37):
        found.add(piece)
    return found


def test_equal_to_analyzer_with_the_same_bins(run, statistics):
    analyzer = Analyzer(run[0], sampling_ms=1e3 * BIN)
    message, table = statistics.message(), analyzer.cluster_table()
    assert message["seconds"] == 20
    assert message["threshold"] == pytest.approx(analyzer.sessions[0].thresholds[0], rel=1e-6)
    np.testing.assert_allclose(message["occupancy"], table["occupancy"], atol=1e-9)
    np.testing.assert_allclose(np.array(message["mean_activation"], float), table["mean_activation_sec"], atol=1e-9)
    assert message["n_active"] == pytest.approx(analyzer.quantities()["value"]["active_clusters_detected"])
    states = analyzer.state_table().sort_values("probability", ascending=False, kind="stable").head(8)
    assert [tuple(each["clusters"]) for each in message["states"]] == states["state"].tolist()
    for given, column in (("share", "probability"), ("mean_duration", "mean_lifespan_sec"), ("visits", "visits")):
        values = np.array([each[given] for each in message["states"]], float)
        np.testing.assert_allclose(values, states[column].to_numpy(float), atol=1e-9)


def test_close_to_analyzer_with_its_own_bins(run, statistics):
    # Ends of activations lie on bins of 10 in place of 5 ms, and activations near the shortest that count may be lost.
    analyzer = Analyzer(run[0])
    message, table = statistics.message(), analyzer.cluster_table()
    np.testing.assert_allclose(message["occupancy"], table["occupancy"], atol=0.005)
    clearly = table["activations"] > 5
    assert clearly.any()
    assert message["threshold"] == pytest.approx(analyzer.sessions[0].thresholds[0], rel=0.01)
    means = np.array(message["mean_activation"], float)[clearly]
    np.testing.assert_allclose(means, table["mean_activation_sec"][clearly], rtol=0.05)
    assert message["states"][0]["clusters"] == list(analyzer.state_table().sort_values("probability")["state"].iloc[-1])


def test_active_clusters_are_those_of_the_analyzer_but_for_the_newest(run, statistics):
    begin, active = statistics.active()
    activations = Analyzer(run[0], sampling_ms=1e3 * BIN, minimal_lifespan_ms=0).activations()
    expected = np.zeros(active.shape, np.uint8)
    for row in activations.itertuples():
        expected[round(row.start / BIN) : round(row.end / BIN), row.cluster] = 1
    assert begin == 0
    assert (active[-8:] == UNKNOWN).all()
    np.testing.assert_array_equal(active[:-8], expected[:-8])


def test_json_holds_the_message(statistics):
    json.dumps(statistics.message(), allow_nan=False)
    json.dumps(Statistics(POPULATIONS).message(), allow_nan=False)


def test_what_is_known_does_not_depend_on_pieces(run):
    _, populations, rates = run
    one, many = Statistics(populations, BIN, 5.0), Statistics(populations, BIN, 5.0)
    one.add(rates)
    for row in rates:
        many.add(row[None])
    assert one.message() == many.message()
    assert one.active()[0] == many.active()[0] == pytest.approx(15)
    np.testing.assert_array_equal(one.active()[1], many.active()[1])


def test_only_the_window_counts(run):
    _, populations, rates = run
    whole, window = Statistics(populations, BIN, 5.0), Statistics(populations, BIN, 5.0)
    whole.add(rates[:700])
    whole.add(rates[700:1000])
    window.add(rates[500:1000])
    assert whole.message() == window.message()
    assert whole.active()[0] == pytest.approx(5)


def test_nothing_is_known_of_too_little_data():
    statistics = Statistics(POPULATIONS, BIN)
    statistics.add(np.full((round(LEAST / BIN) - 1, POPULATIONS.total), 3.0))
    begin, active = statistics.active()
    assert begin == 0
    assert (active == UNKNOWN).all()
    assert statistics.message()["occupancy"] == [None, None]
    assert statistics.message()["states"] == []
    statistics.add(np.full((1, POPULATIONS.total), 3.0))
    assert statistics.message()["occupancy"] == [0, 0]


def test_the_rest_of_a_silent_network_is_known():
    statistics = Statistics(POPULATIONS, BIN)
    statistics.add(np.zeros((400, POPULATIONS.total)))
    assert statistics.message()["states"] == [{"clusters": [], "share": 1.0, "mean_duration": None, "visits": 1}]


def test_active_now():
    statistics = Statistics(POPULATIONS, BIN)
    rates = np.full((400, POPULATIONS.total), 2.0)
    rates[200:, 1] = 60.0
    statistics.add(rates)
    assert statistics.message()["active"] == [1]
    assert statistics.message()["occupancy"] == pytest.approx([0, 0.5])


def test_clear_begins_anew():
    statistics = Statistics(POPULATIONS, BIN, 3.0)
    statistics.add(np.full((700, POPULATIONS.total), 60.0))
    statistics.clear()
    assert statistics.active()[0] == 0
    assert statistics.active()[1].shape == (0, 2)
    assert statistics.message()["seconds"] == 0


def test_wrong_arguments_are_refused():
    with pytest.raises(InputError, match=r"rates: shape \(3, 2\)"):
        Statistics(POPULATIONS).add(np.zeros((3, 2)))
    with pytest.raises(InputError, match="bin, window"):
        Statistics(POPULATIONS, 0.0)
