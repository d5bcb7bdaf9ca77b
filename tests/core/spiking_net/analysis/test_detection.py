from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from benchmarks.synthetic_sessions import Chain, Firing, active_at, synthetic_sessions
from neuro_mod.core.spiking_net.analysis.detection import DETECTORS, Gain, NetworkGain, Threshold, TwoState, detector
from neuro_mod.core.spiking_net.analysis.detection.mixture import fit_mixture
from neuro_mod.core.spiking_net.analysis.rates.rates import ACTIVE_RATE, KERNEL_WIDTH, SAMPLING, smoothed_rates

EVERY = [*(detector(method) for method in DETECTORS), Threshold(20, 8), Gain(0.0), TwoState(0.0, 0.0)]
every_detector = pytest.mark.parametrize("method", EVERY, ids=str)


def column(*rates):
    return np.array(rates, float)[:, None]


@pytest.fixture(scope="module")
def session():
    """Rates of a session of a known chain of states with their times, which clusters are active, and the visits."""
    chain, firing = Chain.drawn(10, n_states=12, most_active=3, seed=3), Firing(n_clusters=10, cluster_size=40)
    (spikes,), visits = synthetic_sessions(chain, firing, n_sessions=1, duration=8.0, seed=4)
    times, rates = smoothed_rates(spikes, firing.cluster_of_neuron, 10)
    return times, rates, active_at(visits, times, 10), visits


def test_gain_is_above_the_mean_of_the_cluster():
    rates = np.column_stack([[0.0, 0, 0, 40], [30.0, 30, 30, 30], [10.0, 10, 30, 30]])  # means 10, 30, 20
    found = Gain(10.0).detect(rates)
    np.testing.assert_array_equal(found.thresholds, [20, 40, 30])
    assert found.active.sum(axis=0).tolist() == [1, 0, 0]  # to exceed is more than to reach
    assert not found.fitted


def test_network_gain_is_above_the_mean_of_the_recording():
    rates = np.column_stack([[0.0, 0, 0, 40], [30.0, 30, 31.5, 30]])
    found = NetworkGain().in_recording(lambda: np.array([20.0, 30.0])).detect(rates)
    np.testing.assert_array_equal(found.thresholds, [21, 31])
    np.testing.assert_array_equal(found.active, rates > [21, 31])
    again = NetworkGain().with_thresholds(found.thresholds).detect(rates[:2])
    np.testing.assert_array_equal(again.active, found.active[:2])


@pytest.mark.parametrize("method", [method for method in DETECTORS if method != "network_gain"])
def test_no_other_method_needs_the_recording(method):
    def means():
        raise AssertionError

    each = detector(method)
    assert each.in_recording(means) is each is each.with_thresholds(np.zeros(2))


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


def wrong_samples(active, truth, times, visits):
    """Samples whose state is wrong, and which of them lie more than three kernel widths from every switch."""
    switches = visits["start"].to_numpy()[1:]
    wrong = (active != truth).any(axis=1)
    return wrong, wrong & (np.abs(times[:, None] - switches).min(axis=1) > 3 * KERNEL_WIDTH), len(switches)


@pytest.mark.parametrize("method", DETECTORS)
def test_known_states_are_recovered(session, method):
    """Far from switches all are right, and a switch costs less time than the kernel is wide.

    `network_gain` has 10 Hz here, and one session, so that it is `gain`.

    A rate r of n neurons smoothed with a Gaussian of width s has a standard deviation of sqrt(r / (n 2 sqrt(pi) s)),
    3.4 Hz for 40 neurons at 40 Hz. Thresholds lie 5 of them and more below that; that of `gain` only for clusters that
    are active in less than a fifth of the time: 40 - (5 + 35 / 5 + 10) = 18 Hz.
    """
    times, rates, truth, visits = session
    above = {"threshold_hz": 10.0} if method == "network_gain" else {}
    active = detector(method, **above).detect(rates).active
    rare = truth.mean(axis=0) < 0.2
    chosen = rare if method in ("gain", "network_gain") else np.ones(10, bool)
    assert np.count_nonzero(truth.any(axis=0) & rare) > 2
    wrong, far, n_switches = wrong_samples(active[:, chosen], truth[:, chosen], times, visits)
    assert not far.any() and wrong.sum() * SAMPLING < n_switches * KERNEL_WIDTH


@pytest.mark.parametrize(("active_hz", "size"), [(20.0, 60), (15.0, 100)])
def test_two_states_are_found_wherever_they_lie(active_hz, size):
    """As above; half way between 5 Hz and these rates is 4 standard deviations from them."""
    chain, firing = Chain.drawn(10, 12, 3, seed=3), Firing(10, size, active_hz)
    (spikes,), visits = synthetic_sessions(chain, firing, n_sessions=1, duration=8.0, seed=5)
    times, rates = smoothed_rates(spikes, firing.cluster_of_neuron, 10)
    found = TwoState().detect(rates)
    wrong, far, n_switches = wrong_samples(found.active, active_at(visits, times, 10), times, visits)
    assert found.fitted and not far.any() and wrong.sum() * SAMPLING < n_switches * KERNEL_WIDTH


def test_a_single_state_is_not_split():
    firing = Firing(n_clusters=10, cluster_size=40)
    (spikes,), _ = synthetic_sessions(Chain(((),), np.zeros((1, 1))), firing, n_sessions=1, duration=5.0, seed=1)
    found = TwoState().detect(smoothed_rates(spikes, firing.cluster_of_neuron, 10)[1])
    assert not found.fitted and not found.active.any()


@every_detector
def test_a_silent_cluster_changes_nothing_else(session, method):
    rates = session[1]
    alone, more = method.detect(rates), method.detect(np.insert(rates, 4, 0.0, axis=1))
    np.testing.assert_array_equal(np.delete(more.active, 4, axis=1), alone.active)
    np.testing.assert_array_equal(np.delete(more.thresholds, 4), alone.thresholds)
    assert more.fitted == alone.fitted and not more.active[:, 4].any()


@every_detector
def test_clusters_may_be_ordered_at_will(session, method):
    rates = session[1]
    order = np.random.default_rng(2).permutation(rates.shape[1])
    one, other = method.detect(rates), method.detect(rates[:, order])
    np.testing.assert_array_equal(other.active, one.active[:, order])
    np.testing.assert_array_equal(other.thresholds, one.thresholds[order])


@every_detector
def test_time_has_no_direction(session, method):
    rates = session[1]
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
        ("gain", {"threshold_hz": -1.0}, "threshold_hz: -1.0 found"),
        ("gain", {"threshold_hz": np.nan}, "threshold_hz: nan found"),
        ("gain", {"threshold_hz": None}, "threshold_hz: nothing found"),
        ("gain", {"threshold_hz": "8"}, "threshold_hz: .8. found"),
        ("threshold", {"high_hz": None}, "high_hz: nothing found"),
        ("threshold", {"high_hz": None, "low_hz": 5.0}, "high_hz: nothing found"),
        ("two_state", {"otherwise_hz": None}, "otherwise_hz: nothing found; expected a finite number of at least 0"),
        ("threshold", {"high_hz": -1.0}, "high_hz: -1.0 found"),
        ("threshold", {"high_hz": 10.0, "low_hz": 11.0}, "low_hz: 11.0 found; expected at most high_hz, 10"),
        ("two_state", {"least_difference_hz": np.inf}, "least_difference_hz: inf found"),
        ("two_state", {"least_ratio": -2.0}, "least_ratio: -2.0 found"),
        (
            "gain",
            {"high_hz": 3.0},
            "parameters: .high_hz. found; expected one of threshold_hz, of the method gain; help",
        ),
        ("gians", {}, "method: .gians. found; expected one of gain, network_gain, threshold, two_state"),
    ],
)
def test_what_cannot_be_is_refused(method, parameters, message):
    with pytest.raises(ValueError, match=message):
        detector(method, **parameters)
