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
    """Within four standard errors: relative to the values, 0.5 / sqrt(n) of the mean, sqrt(0.625 / n) of the CV.

    The latter is by linearisation, with the skewness 1 and the excess kurtosis 1.5 of a gamma distribution of shape 4.
    """
    whole = drawn[1].query("not censored")["duration"]
    assert whole.mean() == pytest.approx(0.2, rel=4 * 0.5 / np.sqrt(len(whole)))
    assert whole.std() / whole.mean() == pytest.approx(1 / np.sqrt(4), rel=4 * np.sqrt(0.625 / len(whole)))


def test_transitions_have_their_probabilities(drawn):
    """Within four binomial standard errors; what is impossible never happens."""
    state = pd.Categorical(drawn[1]["state"].map(str), [str(state) for state in CHAIN.states]).codes
    same = np.diff(drawn[1]["session"]) == 0
    counts = np.zeros((4, 4))
    np.add.at(counts, (state[:-1][same], state[1:][same]), 1)
    leaving, expected = counts.sum(axis=1, keepdims=True), CHAIN.transitions
    assert (np.abs(counts / leaving - expected) <= 4 * np.sqrt(expected * (1 - expected) / leaving)).all()


def test_neurons_fire_at_the_rate_of_their_state(drawn):
    """Within four standard errors of a Poisson count."""
    spikes, visits = drawn
    active = active_at(visits[visits["session"] == 1], (np.arange(100_000) + 0.5) * 1e-3, 4)
    dense = np.asarray(spikes[1]).reshape(100_000, 4, 5).sum(axis=2)
    for spikes_of_kind, rate in ((dense[active], 50), (dense[~active], 2)):
        tolerance = 4 / np.sqrt(spikes_of_kind.sum())
        assert spikes_of_kind.mean() / (5 * 1e-3) == pytest.approx(rate, rel=tolerance)
    silent = visits["state"].map(len) == 0
    assert visits["mean_rate"][silent].isna().all()
    np.testing.assert_allclose(visits["mean_rate"][~silent], 50.0)


def test_same_seed_same_spikes_and_sessions_do_not_depend_on_their_number(drawn):
    again, visits = synthetic_sessions(CHAIN, FIRING, n_sessions=2, duration=100.0, seed=7)
    for one, other in zip(drawn[0], again, strict=False):
        assert one.steps.tobytes() == other.steps.tobytes() and one.neurons.tobytes() == other.neurons.tobytes()
    pd.testing.assert_frame_equal(drawn[1].query("session < 2"), visits)
