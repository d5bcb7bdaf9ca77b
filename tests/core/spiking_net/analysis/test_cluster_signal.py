"""d', signal and reliability of clusters: closed forms of Poisson counts, and responses that are known."""

from __future__ import annotations

import numpy as np
import pytest

from neuro_mod import Analyzer, InputError
from tests.helpers.trains import STEP, bernoulli, events


def poisson_sessions(n_epochs, low=0.02, high=0.06, n_neurons=6, seed=0):
    """All neurons fire at a low rate, from 0.2 s on the first half of them at a high one; probabilities in a step."""
    chance = np.full((400, n_neurons), low)
    chance[200:, : n_neurons // 2] = high
    random = np.random.default_rng(seed)
    return [events(random.random(chance.shape) < chance) for _ in range(n_epochs)]


def epochs_of(sessions, clusters=(0, 0, 0, 1, 1, 1), **options):
    return Analyzer(sessions, clusters=clusters).epochs(0.2, 0.2, 0.2, **options)


def test_d_prime_of_poisson_counts():
    """Of the counts of one neuron, ``T (b - a) / sqrt(T (a (1 - a) + b (1 - b)) / 2)``; of three, times sqrt(3).

    Its variance over n epochs is about ``2 / n + d'**2 / (4 n)``.
    """
    low, high, n = 0.02, 0.06, 400
    single = 200 * (high - low) / np.sqrt(200 * (low * (1 - low) + high * (1 - high)) / 2)
    epochs = epochs_of(poisson_sessions(n, low, high))
    for units, factor, n_on in (("neurons", 1.0, 3), ("clusters", np.sqrt(3), 1)):
        found = epochs.d_prime(units, (0, 0.2))["d_prime"].to_numpy()
        expected = factor * single
        assert np.all(np.abs(found[:n_on] - expected) < 4 * np.sqrt((2 + expected**2 / 4) / n))
        assert np.all(np.abs(found[n_on:]) < 4 * np.sqrt(2 / n))


def test_d_prime_as_by_hand():
    sessions = [bernoulli(seed, 400, 6, 0.05) for seed in range(8)]
    conditions = list("abababab")
    epochs = epochs_of(sessions, conditions=conditions)
    counts = np.array([np.asarray(each)[210:260].sum(axis=0) for each in sessions])
    before = np.array([np.asarray(each)[100:150].sum(axis=0) for each in sessions])
    found = epochs.d_prime("neurons", (0.01, 0.06), baseline=(-0.1, -0.05))
    spread = np.sqrt((counts.var(axis=0, ddof=1) + before.var(axis=0, ddof=1)) / 2)
    np.testing.assert_allclose(found["d_prime"], (counts.mean(axis=0) - before.mean(axis=0)) / spread)
    a, b = counts[::2], counts[1::2]
    spread = np.sqrt((a.var(axis=0, ddof=1) + b.var(axis=0, ddof=1)) / 2)
    found = epochs.d_prime("neurons", (0.01, 0.06), conditions=("a", "b"))
    np.testing.assert_allclose(found["d_prime"], (b.mean(axis=0) - a.mean(axis=0)) / spread)
    with pytest.raises(InputError, match=r"conditions: .* found; expected two conditions, without a baseline"):
        epochs.d_prime(conditions=["a"])
    with pytest.raises(InputError, match=r"baseline: .* expected begin and end from -0.2 to 0.2 s"):
        epochs.d_prime(window=(0, 0.2), baseline=(-0.5, 0))


def steady(rates, n_neurons=6, n_steps=400):
    """A session without chance: all neurons of the cluster k fire every so many steps, before and from 0.2 s on."""
    dense = np.zeros((n_steps, n_neurons), bool)
    for cluster, (before, after) in enumerate(rates):
        inside = slice(3 * cluster, 3 * cluster + 3)
        dense[0:200:before, inside] = dense[200::after, inside] = True
    return events(dense)


def test_signal_and_reliability_of_known_responses():
    """Cluster 0 rises from 50 to 100 Hz in three of four epochs, and falls to 25 Hz in the other; cluster 1 stays."""
    sessions = [steady([(20, 10 if k else 40), (10, 10)]) for k in range(4)]
    signal = epochs_of(sessions).signal([0], window=(0, 0.2))
    clusters = signal.clusters.set_index("cluster")
    np.testing.assert_allclose(clusters["signal_hz"], [(50 * 3 - 25) / 4, 0])
    np.testing.assert_allclose(clusters["reliability"], [0.75, 0])
    np.testing.assert_array_equal(clusters["targeted"], [1, 0])
    assert clusters["standard_error"][0] == pytest.approx(np.std([50, 50, 50, -25], ddof=1) / 2)
    assert clusters["signal_to_noise"][0] == pytest.approx(31.25 / 37.5)
    assert np.isnan(clusters["signal_to_noise"][1])
    groups = signal.groups
    assert groups.index.tolist() == ["targeted", "other", "difference"]
    np.testing.assert_allclose(groups["signal_hz"], [31.25, 0, 31.25])
    np.testing.assert_allclose(groups["reliability"], [0.75, 0, 0.75])
    assert epochs_of(sessions).signal([0], (0, 0.2), threshold_hz=60).groups["reliability"]["targeted"] == 0


def test_each_condition_may_target_its_own_clusters():
    sessions = [steady([(20, 10), (20, 20)]), steady([(20, 20), (20, 10)])]
    epochs = epochs_of(sessions, conditions=["left", "right"])
    groups = epochs.signal({"left": [0], "right": [1]}, window=(0, 0.2)).groups
    np.testing.assert_allclose(groups["signal_hz"], [50, 0, 50])
    wrong = epochs.signal({"left": [1], "right": [0]}, window=(0, 0.2)).groups
    np.testing.assert_allclose(wrong["signal_hz"], [0, 50, -50])
    with pytest.raises(InputError, match="expected clusters of each condition"):
        epochs.signal({"left": [0]})


def test_the_baseline_is_that_of_all_epochs():
    """As a chance fluctuation before the event is no response: two epochs of 25 and 100 Hz before, and 50 Hz after."""
    epochs = epochs_of([steady([(40, 20), (10, 10)]), steady([(10, 20), (10, 10)])])
    row = epochs.signal([0], window=(0, 0.2)).clusters.iloc[0]
    assert row["signal_hz"] == pytest.approx(50 - 62.5) and row["reliability"] == 0


def test_targets_that_are_refused():
    epochs = epochs_of([steady([(20, 10), (10, 10)])] * 2)
    with pytest.raises(InputError, match="targeted: nothing found; expected labels of clusters"):
        epochs.signal()
    with pytest.raises(
        InputError, match=r"targeted: \[7\] found; expected labels of clusters that define states, 0, 1"
    ):
        epochs.signal([0, 7])
    everything = epochs.signal([0, 1]).groups
    assert np.isnan(everything["signal_hz"]["other"]) and np.isnan(everything["signal_hz"]["difference"])


def test_a_single_epoch():
    signal = epochs_of([steady([(20, 10), (10, 10)])]).signal([0])
    assert signal.clusters["signal_hz"][0] == pytest.approx(50) and signal.clusters["standard_error"].isna().all()
    assert epochs_of([steady([(20, 10), (10, 10)])]).d_prime()["d_prime"].isna().all()
    assert STEP == 1e-3  # of the rates above
