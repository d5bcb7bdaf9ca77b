"""The means by which theory is checked are themselves right: exact steps, intervals cut short, means over networks."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.large_networks import GROUPS
from benchmarks.simulated_states import read_simulated
from benchmarks.spike_trains import Trains
from tests.core.mean_field.make_coloured_noise_points import Point, exact_steps, statistics

POINTS = [Point(0.8, 0.5), Point(0.8, 0.5, tau_synaptic=20e-3), Point(0.8, 0.5, tau_synaptic=0.1e-3)]


def moved(covariance, step):
    """Covariance of (V, x) after a step."""
    _, decay_v, decay_x, into_v, sd_v, with_v, rest = step
    drift = np.array([[decay_v, into_v], [0, decay_x]])
    factor = np.array([[sd_v, 0], [with_v, rest]])
    return drift @ covariance @ drift.T + factor @ factor.T


@pytest.mark.parametrize("point", POINTS, ids=["ours", "equal time constants", "nearly white"])
def test_two_exact_steps_are_one_of_twice_the_length(point):
    once, twice = exact_steps(point, np.array([0.3e-3, 0.6e-3]))
    start = np.array([[0.2, 1.0], [1.0, 30.0]])
    np.testing.assert_allclose(moved(moved(start, once), once), moved(start, twice), rtol=1e-9)


@pytest.mark.parametrize("point", POINTS, ids=["ours", "equal time constants", "nearly white"])
def test_exact_steps_keep_the_stationary_covariance(point):
    """Of the neuron without threshold: ``<xx> = s^2 / (2 tau_s tau_m)``, ``<Vx> = <xx> T``, ``<VV> = <Vx> tau_m``."""
    tau_m, tau_s = point.tau_membrane, point.tau_synaptic
    xx = point.sigma**2 / (2 * tau_s * tau_m)
    vx = xx * tau_s * tau_m / (tau_s + tau_m)
    stationary = np.array([[vx * tau_m, vx], [vx, xx]])
    (step,) = exact_steps(point, np.array([0.3e-3]))
    np.testing.assert_allclose(moved(stationary, step), stationary, rtol=1e-9)


def test_statistics_of_poisson_trains():
    intervals = np.random.default_rng(0).exponential(0.1, (50, 2000))
    rate, rate_error, cv, cv_error = statistics(intervals)
    assert rate_error == pytest.approx(10 / np.sqrt(intervals.size), rel=0.4)
    assert abs(rate - 10) < 4 * rate_error
    assert abs(cv - 1) < 4 * cv_error < 0.05


@pytest.mark.parametrize(("rate", "cv"), [(1.0, 1.0), (1.0, 0.8), (7.0, 0.8), (50.0, 0.25)])
def test_cv_of_intervals_from_three_seconds(rate, cv):
    """Gamma renewal processes seen from some time on; at 1 Hz a third of the second moment is from unseen intervals."""
    rng, duration, n = np.random.default_rng(1), 3.0, 2000
    times = np.cumsum(rng.gamma(cv**-2, cv**2 / rate, (n, int(rate * 40) + 40)), axis=1) - 20
    neurons, spikes = np.nonzero((times >= 0) & (times < duration))
    bounds = np.concatenate([[0], np.cumsum(np.bincount(neurons, minlength=n))])
    trains = Trains(times[neurons, spikes], bounds, duration)
    assert trains.cv_pooled(np.arange(n)) == pytest.approx(cv, rel=0.04)
    within = trains.cv_within(np.arange(n))
    assert within == pytest.approx(cv, rel=0.02) if rate > 20 else np.isnan(within)


def test_means_over_networks_are_weighted_by_time(tmp_path):
    names = [f"{what} {group}" for what in ("rate", "cv within", "cv pooled") for group in GROUPS]
    head = ["config", "k", "h_ms", "n_active", "held", "lost_after_s", "counted_s", *names]
    row = ["published", "1", "0.5", "3", "0"]
    lines = [[*row, "0.2", "1", *["1"] * len(names)], [*row, "0.4", "3", *["2"] * len(names)]]
    (tmp_path / "some.csv").write_text("\n".join(",".join(each) for each in [head, *lines]) + "\n")
    (found,) = read_simulated(tmp_path / "some.csv").values()
    assert found.rates["I active"].mean == pytest.approx(1.75)
    assert found.rates["I active"].error == pytest.approx(np.sqrt(2 * ((0.25 * 0.75) ** 2 + (0.75 * 0.25) ** 2)))
    assert (found.n_networks, found.n_held, found.lifetime) == (2, 0, pytest.approx(0.3))
