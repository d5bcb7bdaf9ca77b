"""Variation of intervals: closed forms for geometric, gamma-distributed and regular ones, and loops over spikes."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import beta

from neuro_mod.core.spiking_net.analysis.neurons.intervals import interval_statistics
from neuro_mod.recordings.spikes import SpikeEvents
from tests.helpers.trains import STEP, bernoulli, events, gamma, uneven

#: A mean over neurons may lie this many standard errors off.
SIGMAS = 4


def assert_mean(values, expected):
    """The mean of independent values is the expected one, within `SIGMAS` standard errors."""
    error = values.std(ddof=1) / np.sqrt(len(values))
    assert error < 0.01  # else it is no test
    assert abs(values.mean() - expected) < SIGMAS * error


def slow_statistics(sessions, min_intervals):
    """One neuron and one interval at a time."""
    rows = []
    for neuron in range(sessions[0].n_neurons):
        trains = [np.flatnonzero(np.asarray(session)[:, neuron]) for session in sessions]
        intervals = [[b - a for a, b in pairwise(train)] for train in trains]
        pooled = [interval for of_session in intervals for interval in of_session]
        enough = [each for each in intervals if len(each) >= min_intervals]
        pairs = [2 * abs(b - a) / (b + a) for each in intervals for a, b in pairwise(each)]
        defined = len(pooled) >= min_intervals
        rows.append(
            (
                sum(map(len, trains)),
                len(pooled),
                np.std(pooled) / np.mean(pooled) if defined else np.nan,
                np.mean([np.std(each) / np.mean(each) for each in enough]) if enough else np.nan,
                np.mean(pairs) if defined and pairs else np.nan,
            )
        )
    return [np.array(column) for column in zip(*rows, strict=True)]


def columns(found):
    return [found.n_spikes, found.n_intervals, found.cv_pooled, found.cv_per_session, found.cv2]


def assert_as_slow(sessions, min_intervals=2):
    found = columns(interval_statistics(sessions, min_intervals=min_intervals))
    for ours, slow in zip(found, slow_statistics(sessions, min_intervals), strict=True):
        np.testing.assert_allclose(ours, slow, rtol=1e-12)


@pytest.mark.parametrize("min_intervals", [2, 3, 10])
def test_as_one_interval_at_a_time(min_intervals):
    assert_as_slow(uneven(1), min_intervals)


@given(st.lists(arrays(bool, st.tuples(st.integers(1, 12), st.just(2))), min_size=1, max_size=4))
def test_small_sessions_as_one_interval_at_a_time(dense):
    assert_as_slow([events(each) for each in dense])


def test_poisson():
    """A spike with chance p in each step: geometric intervals, CV = sqrt(1-p); CV2 is summed over its distribution."""
    p = 0.02
    found = interval_statistics([bernoulli(seed, 50_000, 40, p) for seed in range(3)])
    sums = np.arange(2, 5000)  # of two intervals, of chance (s-1) p^2 (1-p)^(s-2), the first uniform on 1..s-1
    cv2 = (2 * p**2 * (1 - p) ** (sums - 2) / sums * ((sums - 1) ** 2 // 2)).sum()
    assert_mean(found.cv_pooled, np.sqrt(1 - p))
    assert_mean(found.cv_per_session, np.sqrt(1 - p))
    assert_mean(found.cv2, cv2)
    assert cv2 == pytest.approx(1, abs=0.03)
    assert_mean(found.rate * STEP, p)


@pytest.mark.parametrize("shape", [2.0, 4.0])
def test_gamma(shape):
    """CV = 1/sqrt(k); I/(I+I') is beta-distributed, whose mean absolute deviation is known (Johnson & Kotz)."""
    found = interval_statistics([gamma(seed, 200_000, 20, mean_steps=200, shape=shape) for seed in range(2)])
    assert_mean(found.cv_pooled, 1 / np.sqrt(shape))
    assert_mean(found.cv2, 8 * shape ** (2 * shape) / (beta(shape, shape) * (2 * shape) ** (2 * shape + 1)))


def test_regular():
    dense = np.zeros((1000, 2), bool)
    dense[::7, 0] = dense[3::13, 1] = True
    found = interval_statistics([events(dense)] * 2)
    for variation in columns(found)[2:]:
        np.testing.assert_array_equal(variation, 0)


def test_rates_that_differ_between_sessions_add_to_the_pooled_variation_only():
    """Regular, with intervals of 10 in one session and 30 in the other, as many of each: CV 10/20."""
    slow, fast = np.zeros((301, 1), bool), np.zeros((101, 1), bool)
    slow[::30] = fast[::10] = True
    found = interval_statistics([events(slow), events(fast)])
    assert found.n_intervals == 20
    assert found.cv_pooled == pytest.approx(0.5)
    assert found.cv_per_session == found.cv2 == 0


def test_spikes_of_two_sessions_are_never_joined():
    one = np.zeros((50, 1), bool)
    one[20] = True
    found = interval_statistics([events(one)] * 5)
    assert found.n_spikes == 5
    assert found.n_intervals == 0
    assert np.isnan([found.cv_pooled, found.cv_per_session, found.cv2]).all()


def test_the_order_of_sessions_changes_nothing():
    sessions = uneven(2)
    one, other = (interval_statistics(each) for each in (sessions, sessions[::-1]))
    for a, b in zip(columns(one), columns(other), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-14)
    assert one.duration == pytest.approx(2.95) == other.duration


def test_a_window_is_the_same_as_sessions_of_its_length():
    sessions = uneven(3)
    parts = [events(np.asarray(session)[-500:-100]) for session in sessions]
    found = interval_statistics(sessions, t_from=-0.5, t_to=-0.1)
    for a, b in zip(columns(found), columns(interval_statistics(parts)), strict=True):
        np.testing.assert_array_equal(a, b)
    assert found.duration == pytest.approx(1.2)


def test_spikes_in_one_step():
    """Intervals 0, 0, 4 and 4: CV 1; pairs (0, 0), (0, 4) and (4, 4) vary by 0, 2 and 0. The other has 0."""
    steps, neurons = np.array([3, 3, 3, 5, 5, 5, 7, 11], np.int32), np.array([0, 0, 0, 1, 1, 1, 0, 0], np.int32)
    found = interval_statistics([SpikeEvents(steps, neurons, 20, 2, STEP)])
    np.testing.assert_allclose(found.cv_pooled, [1, np.nan])
    np.testing.assert_allclose(found.cv2, [2 / 3, 0])


def test_steps_of_any_integer_type():
    spikes = uneven(1)[0]
    other = replace(spikes, steps=spikes.steps.astype(np.uint16), neurons=spikes.neurons.astype(np.uint8))
    for a, b in zip(*(columns(interval_statistics([each])) for each in (spikes, other)), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("shape", [(500, 3), (1, 1)])
def test_silence(shape):
    found = interval_statistics([events(np.zeros(shape, bool))])
    np.testing.assert_array_equal(found.rate, np.zeros(shape[1]))
    assert np.isnan([found.cv_pooled, found.cv_per_session, found.cv2]).all()


@pytest.mark.parametrize("min_intervals", [1, 0, -3])
def test_one_interval_does_not_vary(min_intervals):
    with pytest.raises(ValueError, match=rf"min_intervals: {min_intervals} found; .* of at least 2"):
        interval_statistics(uneven(1), min_intervals=min_intervals)
