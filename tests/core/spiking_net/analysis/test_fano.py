"""Fano factors: closed forms for Poisson, gamma and regular processes, and a loop over dense counts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from neuro_mod.core.spiking_net.analysis.neurons.fano import COUNT_WINDOWS, fano_factors
from tests.helpers.trains import STEP, bernoulli, events, gamma, uneven


def slow_factors(sessions, width, ddof=1):
    means, variances = [], []
    for session in map(np.asarray, sessions):
        n_windows = len(session) // width
        if n_windows > 1:
            counts = np.array([session[k * width : (k + 1) * width].sum(axis=0) for k in range(n_windows)])
            means.append(counts.mean(axis=0))
            variances.append(counts.var(axis=0, ddof=ddof))
    nothing = np.full(sessions[0].n_neurons, np.nan)
    mean, variance = (np.mean(values, axis=0) if values else nothing for values in (means, variances))
    return np.array([v / m if m > 0 else np.nan for v, m in zip(variance, mean, strict=True)])


def test_as_one_window_at_a_time():
    sessions, widths = uneven(1), [1, 7, 100, 400, 700, 701]
    found = fano_factors(sessions, [width * STEP for width in widths])
    slow = [slow_factors(sessions, width) for width in widths]
    np.testing.assert_allclose(found.per_neuron, slow, rtol=1e-12)
    np.testing.assert_allclose(found.mean[:-1], [np.nanmean(each) for each in slow[:-1]])
    np.testing.assert_array_equal(found.n_sessions, [3, 3, 3, 2, 1, 0])
    assert np.isnan(found.mean[-1])


def test_the_denominator_can_be_the_number_of_windows():
    sessions = uneven(1)
    found = fano_factors(sessions, [7 * STEP, 400 * STEP], ddof=0).per_neuron
    np.testing.assert_allclose(found, [slow_factors(sessions, width, ddof=0) for width in (7, 400)], rtol=1e-12)
    with pytest.raises(ValueError, match="ddof: 2 found; expected a whole number from 0 to 1"):
        fano_factors(sessions, ddof=2)


@given(st.lists(arrays(bool, st.tuples(st.integers(1, 12), st.just(2))), min_size=1, max_size=4), st.integers(1, 6))
def test_small_sessions_as_one_window_at_a_time(dense, width):
    sessions = [events(each) for each in dense]
    expected = [slow_factors(sessions, width)]
    np.testing.assert_allclose(fano_factors(sessions, [width * STEP]).per_neuron, expected, rtol=1e-12, atol=1e-15)


def test_poisson():
    """The counts are binomial: F = 1 - p. Of m windows a factor has a variance of about 2 / (m - 1)."""
    p, n_neurons, n_steps, sessions = 0.02, 100, 20_000, 5
    found = fano_factors([bernoulli(seed, n_steps, n_neurons, p) for seed in range(sessions)])
    np.testing.assert_array_equal(found.windows, COUNT_WINDOWS)
    for width, factor in zip(COUNT_WINDOWS, found.mean, strict=True):
        n_windows = n_steps * STEP / width
        assert abs(factor - (1 - p)) < 4 * np.sqrt(2 / (n_windows - 1) / sessions / n_neurons)


def test_of_a_poisson_process_short_sessions_have_no_bias():
    """Twenty spikes fall into 20 of 4000 steps, and so into m = 4 windows.

    The count of a window is hypergeometric; as the counts add up to 20, their variance with m - 1 in the denominator is
    in expectation m / (m - 1) times that of one count.
    """
    n_steps, n_spikes, m, n_neurons = 4000, 20, 4, 3000
    dense = np.random.default_rng(1).permuted(np.tile(np.arange(n_steps) < n_spikes, (n_neurons, 1)), axis=1)
    found = fano_factors([events(dense.T)], [n_steps // m * STEP]).per_neuron[0]
    variance = n_spikes * (1 / m) * (1 - 1 / m) * (n_steps - n_spikes) / (n_steps - 1)
    expected = variance * m / (m - 1) / (n_spikes / m)
    error = found.std() / np.sqrt(n_neurons)
    assert error < 0.02
    assert abs(found.mean() - expected) < 4 * error
    assert expected == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("shape", [2.0, 5.0])
def test_gamma(shape):
    """Var N(T) / E N(T) = 1/k + (1 - 1/k^2) / (6 E N(T)) for long T (Cox 1962, section 4.5)."""
    spikes = [gamma(seed, 300_000, 20, mean_steps=100, shape=shape) for seed in range(2)]
    found = fano_factors(spikes, [1.0, 2.0])
    mean_count = np.array([10, 20])
    expected = 1 / shape + (1 - shape**-2) / (6 * mean_count)
    error = found.per_neuron.std(axis=1, ddof=1) / np.sqrt(20)
    assert (error < 0.02).all()
    assert (np.abs(found.mean - expected) < 4 * error).all()


def test_rates_that_differ_between_sessions_do_not_enter():
    """Regular trains of two rates, the same count in every window of a session."""
    dense = [np.zeros((1000, 1), bool) for _ in range(2)]
    dense[0][::10] = dense[1][::2] = True
    np.testing.assert_array_equal(fano_factors(map(events, dense), [0.02, 0.1]).per_neuron, 0)


def test_the_order_of_sessions_changes_nothing():
    sessions = uneven(2)
    one, other = (fano_factors(each, [0.05, 0.5]) for each in (sessions, sessions[::-1]))
    np.testing.assert_allclose(one.per_neuron, other.per_neuron, rtol=1e-14)


def test_a_window_is_the_same_as_sessions_of_its_length():
    sessions = uneven(3)
    parts = [events(np.asarray(session)[100:550]) for session in sessions]
    one, other = fano_factors(sessions, [0.02], t_from=0.1, t_to=0.55), fano_factors(parts, [0.02])
    np.testing.assert_array_equal(one.per_neuron, other.per_neuron)


@pytest.mark.parametrize("shape", [(500, 3), (1, 1)])
def test_silence(shape):
    found = fano_factors([events(np.zeros(shape, bool))])
    assert np.isnan(found.per_neuron).all()
    assert np.isnan(found.mean).all()


def test_count_windows_are_whole_steps():
    with pytest.raises(ValueError, match=r"windows: 10.5 ms found; expected whole multiples"):
        fano_factors(uneven(1), [10.5e-3])
