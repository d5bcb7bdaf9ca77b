"""The ground truth of other tests has to be true itself."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.synthetic_sessions import Chain, Firing, active_at, synthetic_sessions

CHAIN = Chain(
    ((0,), (1,), (2, 3), ()),
    np.array([[0, 0.8, 0.2, 0], [0, 0, 0.5, 0.5], [1, 0, 0, 0], [0.5, 0, 0.5, 0]]),
    lifespan=0.2,
    shape=4.0,
)
FIRING = Firing(n_clusters=4, cluster_size=5, active_hz=50.0, inactive_hz=2.0)


@pytest.fixture(scope="module")
def drawn():
    return synthetic_sessions(CHAIN, FIRING, n_sessions=3, duration=100.0, seed=7)


def test_visits_fill_each_session(drawn):
    _, visits = drawn
    for _, own in visits.groupby("session"):
        assert own["start"].iloc[0] == 0 and own["end"].iloc[-1] == 100
        np.testing.assert_array_equal(own["start"].to_numpy()[1:], own["end"].to_numpy()[:-1])
        assert own["censored"].to_numpy().nonzero()[0].tolist() == [0, len(own) - 1]


def test_durations_are_gamma_distributed(drawn):
    whole = drawn[1].query("not censored")["duration"]
    assert whole.mean() == pytest.approx(0.2, rel=0.05)
    assert whole.std() / whole.mean() == pytest.approx(1 / np.sqrt(4), rel=0.08)  # about 1500 visits


def test_transitions_have_their_probabilities(drawn):
    state = pd.Categorical(drawn[1]["state"].map(str), [str(state) for state in CHAIN.states]).codes
    same = np.diff(drawn[1]["session"]) == 0
    counts = np.zeros((4, 4))
    np.add.at(counts, (state[:-1][same], state[1:][same]), 1)
    np.testing.assert_allclose(counts / counts.sum(axis=1, keepdims=True), CHAIN.transitions, atol=0.06)


def test_neurons_fire_at_the_rate_of_their_state(drawn):
    spikes, visits = drawn
    active = active_at(visits[visits["session"] == 1], (np.arange(100_000) + 0.5) * 1e-3, 4)
    dense = np.asarray(spikes[1]).reshape(100_000, 4, 5).sum(axis=2)
    assert dense[active].mean() / (5 * 1e-3) == pytest.approx(50, rel=0.03)
    assert dense[~active].mean() / (5 * 1e-3) == pytest.approx(2, rel=0.05)
    silent = visits["state"].map(len) == 0
    assert visits["mean_rate"][silent].isna().all()
    np.testing.assert_allclose(visits["mean_rate"][~silent], 50.0)


def test_same_seed_same_spikes_and_sessions_do_not_depend_on_their_number(drawn):
    again, visits = synthetic_sessions(CHAIN, FIRING, n_sessions=2, duration=100.0, seed=7)
    for one, other in zip(drawn[0], again, strict=False):
        assert one.steps.tobytes() == other.steps.tobytes() and one.neurons.tobytes() == other.neurons.tobytes()
    pd.testing.assert_frame_equal(drawn[1].query("session < 2"), visits)
