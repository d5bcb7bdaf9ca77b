"""Activations, tables of clusters and states of an analyzer, and numbers of states that several analyses share."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neuro_mod import QUANTITIES, Analyzer, InputError, shared_states
from neuro_mod.core.spiking_net.analysis.states.activity import tables_of_activity
from tests.helpers.known_states import CLUSTERS, STEP, drawn_sessions, regular
from tests.helpers.semi_markov import BIN, SemiMarkov, poisson_spikes


@pytest.fixture(scope="module")
def analyzer():
    return Analyzer(drawn_sessions(8.0, 4.0, 6.0), CLUSTERS, n_excitatory_clusters=3)


WINDOWS = [(None, None), (0.5, 3.75), (-3.0, None)]


@pytest.mark.parametrize("window", WINDOWS)
def test_tables_are_those_of_the_activity(analyzer, window):
    """The activity is detected in whole sessions, and cut."""
    t_from, t_to = window
    tables = tables_of_activity(
        [analyzer.get_cluster_activity(session) for session in range(3)], BIN, minimal_duration=0.05
    ).within(t_from, t_to)
    activations, intervals = (ask(t_from, t_to) for ask in (analyzer.activations, analyzer.intervals))
    assert len(activations) > 20
    for found, expected in ((activations, tables.known_activations), (intervals, tables.intervals)):
        for column in ("session", "cluster", "duration", "censored_start", "censored_end", "censored"):
            np.testing.assert_allclose(found[column], expected[column], atol=1e-9)
    occupancy = activations.groupby("cluster")["duration"].sum() / tables.durations.sum()
    assert np.allclose(analyzer.occupancy(t_from, t_to)["occupancy"], occupancy)
    numbers = analyzer.quantities(t_from, t_to)
    for name, quantity in QUANTITIES.items():
        expected = np.nan if name == "time_reassigned" else quantity.value(tables)
        if window != (None, None) or name != "time_reassigned":
            assert numbers.at[name, "value"] == pytest.approx(expected, nan_ok=True)


def test_quantities_are_those_that_were_known_before(analyzer):
    found = analyzer.quantities()["value"]
    assert found["mean_lifespan_sec"] == pytest.approx(analyzer.get_mean_lifespan(), rel=1e-12)
    kaplan_meier = analyzer.get_mean_lifespan(estimator="kaplan_meier")
    assert found["mean_lifespan_kaplan_meier_sec"] == pytest.approx(kaplan_meier, rel=1e-12)
    assert found["n_states"] == analyzer.get_num_states()
    assert found["time_reassigned"] == pytest.approx(analyzer.reassigned, rel=1e-12)
    states = analyzer.get_attractors_data()
    table = analyzer.state_table()
    for mine, other in {
        "visits": "occurrences",
        "probability": "probability",
        "mean_lifespan_sec": "mean_lifespan",
        "mean_lifespan_kaplan_meier_sec": "mean_lifespan_kaplan_meier",
        "mean_rate_hz": "mean_rate",
    }.items():
        np.testing.assert_allclose(table[mine], states[other], rtol=1e-12)
    assert table["state"].tolist() == analyzer.get_unique_attractors()


def test_known_activations_of_poisson_neurons():
    """Detection shifts edges by about a bin, and misses few activations of at least 50 ms."""
    network = SemiMarkov(n_clusters=4, activation=0.4, interval=0.6, activation_shape=9.0, interval_shape=9.0)
    active = network.activity(8, 12.0, seed=3)
    spikes = [poisson_spikes(each, 30, 60.0, 2.0, seed) for seed, each in enumerate(active)]
    labels = np.repeat(np.arange(4), 30)
    found = Analyzer(spikes, labels, method="threshold", high_hz=31, kernel_width_ms=10).quantities()
    true = {
        "occupancy": 0.4,
        "active_clusters_detected": 1.6,
        "mean_activation_kaplan_meier_sec": 0.4,
        "mean_interval_kaplan_meier_sec": 0.6,
        "activation_rate_hz": 1.0,
    }
    for name, value in true.items():
        assert abs(found.at[name, "value"] - value) < 3 * found.at[name, "standard_error"] < 0.1 * max(value, 1)


def test_rates_in_states():
    """Neurons fire like clocks; the kernel leaves the middle of a visit alone, but blurs its edges."""
    spikes = regular(((0,), 2.0), ((1, 2), 2.0), ((), 2.0), active_hz=50.0)
    analyzer = Analyzer(spikes, np.repeat(np.arange(3), 10), method="threshold", high_hz=20, kernel_width_ms=5)
    rates = analyzer.get_state_rates(states=[(1, 2), (0,), (), (2,)])
    assert rates.columns.tolist() == [0, 1, 2] and rates.index.tolist() == [0, 1, 2, 3]
    assert rates.to_numpy()[:3] == pytest.approx(np.array([[2, 50, 50], [50, 2, 2], [2, 2, 2]]), abs=1)
    assert rates.iloc[3].isna().all()
    assert analyzer.get_state_rates().index.tolist() == analyzer.state_table().index.tolist()
    later = analyzer.get_state_rates(t_from=2.5)
    assert later.loc[analyzer.state_table(t_from=2.5)["state"].tolist().index((1, 2))].tolist() == pytest.approx(
        [2, 50, 50], abs=1
    )


def test_states_of_several_analyses_have_one_numbering():
    one, other = (
        Analyzer(regular(*visits), np.repeat(np.arange(3), 10), method="threshold", high_hz=20)
        for visits in (
            (((0,), 0.5), ((1,), 0.5), ((0,), 0.5)),
            (((1,), 0.5), ((), 0.5), ((0, 2), 0.5), ((1,), 0.5)),
        )
    )
    states = shared_states(one, other)
    assert states == [(), (0,), (1,), (0, 2)] and shared_states(one, other, empty_state=False) == states[1:]
    counts = one.get_transition_counts(states=states) + other.get_transition_counts(states=states)
    assert counts[states.index((0,)), states.index((1,))] == 1 and counts.sum() == 5
    matrix = one.get_transition_matrix(states=states)
    own = one.get_transition_matrix()
    assert matrix[1:3, 1:3].tolist() == own.tolist() and np.isnan(matrix[[0, 3]]).all()
    probabilities = other.get_attractor_probs(states=states)
    assert probabilities[states.index((0,))] == 0 and probabilities.sum() == pytest.approx(1)
    assert other.state_table(states=states)["probability"].to_numpy() == pytest.approx(probabilities)
    assert one.get_attractor_probs(states=["1", "0"]).tolist() == one.get_attractor_probs()[::-1].tolist()


@pytest.mark.parametrize(
    ("states", "message"),
    [
        ([(0,), (0,)], r'states: "0" found; expected each state once'),
        ([(0,)], r'transitions: "\S+" found; expected only the given states'),
        ([(7,)], r"state: \[7\] found; expected a tuple of distinct labels"),
    ],
)
def test_states_that_cannot_be_rows(analyzer, states, message):
    with pytest.raises(InputError, match=message):
        analyzer.get_transition_counts(states=states)


def test_answers_are_copies(analyzer):
    for ask in (analyzer.activations, analyzer.intervals):
        before = ask()
        changed = ask()
        changed.loc[:, "start"] = 99.0
        pd.testing.assert_frame_equal(ask(), before)


def test_empty_sessions():
    spikes = np.zeros((0, 4), bool)
    empty = Analyzer([spikes, spikes], [0, 0, 1, 1], STEP)
    assert len(empty.activations()) == len(empty.intervals()) == len(empty.state_table()) == 0
    assert empty.occupancy().isna().all(axis=None) and len(empty.cluster_table()) == 2
    assert empty.quantities()["value"].drop("n_states").isna().all()
