from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from benchmarks.synthetic_sessions import Chain, Firing, active_at, synthetic_sessions
from neuro_mod.core.spiking_net.analysis.detection import DETECTORS, Gain, Threshold, TwoState, detector
from neuro_mod.core.spiking_net.analysis.detection.mixture import fit_mixture
from neuro_mod.core.spiking_net.analysis.rates import ACTIVE_RATE, smoothed_rates

EVERY = [*(detector(method) for method in DETECTORS), Threshold(20, 8), Gain(0.0), TwoState(0.0, 0.0)]
every_detector = pytest.mark.parametrize("method", EVERY, ids=str)


def column(*rates):
    return np.array(rates, float)[:, None]


@pytest.fixture(scope="module")
def session():
    """Rates of a session of a known chain of states, and which clusters are active."""
    chain, firing = Chain.drawn(10, n_states=12, most_active=3, seed=3), Firing(n_clusters=10, cluster_size=40)
    (spikes,), visits = synthetic_sessions(chain, firing, n_sessions=1, duration=8.0, seed=4)
    times, rates = smoothed_rates(spikes, firing.cluster_of_neuron, 10)
    return rates, active_at(visits, times, 10)


def test_gain_is_above_the_mean_of_the_cluster():
    rates = np.column_stack([[0.0, 0, 0, 40], [30.0, 30, 30, 30], [10.0, 10, 30, 30]])  # means 10, 30, 20
    found = Gain(10.0).detect(rates)
    np.testing.assert_array_equal(found.thresholds, [20, 40, 30])
    assert found.active.sum(axis=0).tolist() == [1, 0, 0]  # to exceed is more than to reach
    assert not found.fitted


@pytest.mark.parametrize(("part", "found"), [(0.6, True), (0.8, False)])
def test_gain_loses_clusters_that_are_active_most_of_the_time(part, found):
    n = 100
    rates = np.where(np.arange(n) < part * n, 40.0, 5.0)[:, None]  # limit by hand: 1 - 10 / 35 = 0.71
    assert Gain(10.0).detect(rates).active.any() == found


def test_threshold_is_the_rate_above_which_metadata_counts_clusters():
    found = Threshold().detect(column(ACTIVE_RATE, ACTIVE_RATE + 0.1, 0))
    assert found.active[:, 0].tolist() == [False, True, False] and found.thresholds.tolist() == [ACTIVE_RATE]


def test_hysteresis_keeps_runs_that_reach_the_high_threshold():
    rates = column(12, 9, 11, 25, 12, 10, 12, 15, 12, 3, 21)
    kept = [False, False, True, True, True, False, False, False, False, False, True]
    assert Threshold(20.0, 10.0).detect(rates).active[:, 0].tolist() == kept


def test_hysteresis_does_not_cross_clusters():
    rates = np.column_stack([column(15, 15, 15), column(15, 25, 15)])
    assert Threshold(20.0, 10.0).detect(rates).active.tolist() == [[False, True]] * 3


def test_two_states_of_known_rates():
    rng = np.random.default_rng(0)
    upper = rng.random((4000, 6)) < 0.1
    rates = (np.where(upper, np.sqrt(45.0), np.sqrt(5.0)) + 0.3 * rng.standard_normal(upper.shape)) ** 2
    found = TwoState().detect(rates)  # medians of squares are squares of medians
    assert found.fitted and (found.active == upper).all()
    np.testing.assert_allclose(found.thresholds, 25.0, rtol=1e-2)


@pytest.mark.parametrize("rate", [3.0, 30.0])
def test_one_state_is_judged_by_the_absolute_rate(rate):
    rng = np.random.default_rng(1)
    rates = (np.sqrt(rate) + 0.2 * rng.standard_normal((2000, 5))) ** 2
    found = TwoState().detect(rates)
    assert not found.fitted and found.thresholds.tolist() == [ACTIVE_RATE] * 5
    assert found.active.all() if rate > ACTIVE_RATE else not found.active.any()


def test_what_counts_as_two_states_is_a_choice():
    rates = np.repeat(column(20, 30), 50, axis=0)
    assert not TwoState().detect(rates).fitted  # less than twice the rate
    assert TwoState(least_ratio=1.5).detect(rates).thresholds.tolist() == [25.0]
    assert not TwoState(least_difference_hz=11.0, least_ratio=1.0).detect(rates).fitted
    assert TwoState(otherwise_hz=35.0).detect(rates).thresholds.tolist() == [35.0]


@pytest.mark.parametrize("share", [0.5, 0.05, 0.002])
def test_mixture_of_known_parts(share):
    edges = np.linspace(0, 10, 257)
    density = (1 - share) * np.diff(norm(2, 0.4).cdf(edges)) + share * np.diff(norm(7, 0.7).cdf(edges))
    fitted = fit_mixture(density / density.sum(), edges)
    np.testing.assert_allclose(fitted.weight, [1 - share, share], rtol=1e-2)
    np.testing.assert_allclose(fitted.mean, [2, 7], rtol=1e-2)
    np.testing.assert_allclose(fitted.deviation, [0.4, 0.7], rtol=2e-2)


@pytest.mark.parametrize(
    ("method", "parameters", "least"),
    [("two_state", {}, 0.97), ("threshold", {}, 0.96), ("gain", {}, 0.9)],
)
def test_known_states_are_recovered(session, method, parameters, least):
    """Around each switch a kernel of 25 ms leaves some samples open: states last 0.4 s."""
    rates, truth = session
    assert (detector(method, **parameters).detect(rates).active == truth).all(axis=1).mean() > least


@pytest.mark.parametrize(("active_hz", "least"), [(20.0, 0.94), (15.0, 0.9)])
def test_two_states_are_found_wherever_they_lie(active_hz, least):
    chain, firing = Chain.drawn(10, 12, 3, seed=3), Firing(10, 60, active_hz)
    (spikes,), visits = synthetic_sessions(chain, firing, n_sessions=1, duration=8.0, seed=5)
    times, rates = smoothed_rates(spikes, firing.cluster_of_neuron, 10)
    found = TwoState().detect(rates)
    assert found.fitted and (found.active == active_at(visits, times, 10)).all(axis=1).mean() > least


def test_a_single_state_is_not_split():
    firing = Firing(n_clusters=10, cluster_size=40)
    (spikes,), _ = synthetic_sessions(Chain(((),), np.zeros((1, 1))), firing, n_sessions=1, duration=5.0, seed=1)
    found = TwoState().detect(smoothed_rates(spikes, firing.cluster_of_neuron, 10)[1])
    assert not found.fitted and not found.active.any()


@every_detector
def test_a_silent_cluster_changes_nothing_else(session, method):
    rates, _ = session
    alone, more = method.detect(rates), method.detect(np.insert(rates, 4, 0.0, axis=1))
    np.testing.assert_array_equal(np.delete(more.active, 4, axis=1), alone.active)
    np.testing.assert_array_equal(np.delete(more.thresholds, 4), alone.thresholds)
    assert more.fitted == alone.fitted and not more.active[:, 4].any()


@every_detector
def test_clusters_may_be_ordered_at_will(session, method):
    rates, _ = session
    order = np.random.default_rng(2).permutation(rates.shape[1])
    one, other = method.detect(rates), method.detect(rates[:, order])
    np.testing.assert_array_equal(other.active, one.active[:, order])
    np.testing.assert_array_equal(other.thresholds, one.thresholds[order])


@every_detector
def test_time_has_no_direction(session, method):
    rates, _ = session
    one, other = method.detect(rates), method.detect(rates[::-1])
    np.testing.assert_array_equal(other.active[::-1], one.active)
    np.testing.assert_allclose(other.thresholds, one.thresholds, rtol=1e-12)


@every_detector
@pytest.mark.parametrize("shape", [(0, 3), (5, 0), (0, 0)])
def test_nothing_to_detect(method, shape):
    found = method.detect(np.zeros(shape))
    assert found.active.shape == shape and found.thresholds.shape == shape[1:] and not found.fitted
    assert found.active.dtype == bool and found.thresholds.dtype == np.float64


@every_detector
def test_silence_is_not_active(method):
    found = method.detect(np.zeros((40, 3)))
    assert not found.active.any() and not found.fitted


@every_detector
def test_clusters_without_neurons_are_never_active(method):
    rates = np.column_stack([np.full(40, np.nan), np.repeat([4.0, 50.0], 20)])
    with_them, without = method.detect(rates), method.detect(rates[:, 1:])
    assert not with_them.active[:, 0].any()
    np.testing.assert_array_equal(with_them.active[:, 1:], without.active)


@pytest.mark.parametrize("method", [Threshold(), TwoState(), TwoState(0.0, 0.0)], ids=str)
def test_constant_activity_is_active(method):
    rates = np.full((40, 3), 50.0, np.float32)
    assert method.detect(rates).active.all()
    rates[7, 1] = np.nextafter(rates[7, 1], 60)
    assert method.detect(rates).active.all()


def test_one_sample():
    rates = np.array([[4.0, 50.0, 4.0]])
    assert not Gain().detect(rates).active.any()  # it is its own mean
    for method in (Threshold(), TwoState()):
        assert method.detect(rates).active.tolist() == [[False, True, False]]


@pytest.mark.parametrize(
    ("method", "parameters", "message"),
    [
        ("gain", {"threshold_hz": -1.0}, "threshold_hz is -1.0"),
        ("gain", {"threshold_hz": np.nan}, "threshold_hz is nan"),
        ("threshold", {"high_hz": -1.0}, "high_hz is -1.0"),
        ("threshold", {"high_hz": 10.0, "low_hz": 11.0}, "low_hz is 11.0"),
        ("two_state", {"least_difference_hz": np.inf}, "least_difference_hz is inf"),
        ("two_state", {"least_ratio": -2.0}, "least_ratio is -2.0"),
        ("gain", {"high_hz": 3.0}, "'high_hz' is no parameter of the method 'gain'; valid: threshold_hz"),
        ("gians", {}, "method is 'gians'; valid: gain, threshold, two_state"),
    ],
)
def test_what_cannot_be_is_refused(method, parameters, message):
    with pytest.raises(ValueError, match=message):
        detector(method, **parameters)
