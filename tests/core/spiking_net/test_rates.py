from __future__ import annotations

import numpy as np
import pytest

from neuro_mod.core.spiking_net.analysis.rates.rates import mean_rates, population_counts, smoothed_rates
from neuro_mod.recordings.spikes import SpikeEvents

H = 1e-3


def events(steps, neurons, n_steps=1000, n_neurons=4):
    return SpikeEvents(np.array(steps, np.int32), np.array(neurons, np.int32), n_steps, n_neurons, H)


def test_mean_rates_by_hand():
    spikes = events([0, 5, 5, 999], [0, 0, 1, 3])
    rates = mean_rates(spikes.sum(axis=0), np.array([0, 0, 2, 2]), 3, spikes.duration)
    assert rates[0] == 1.5 and np.isnan(rates[1]) and rates[2] == 0.5


def test_one_spike_smooths_to_a_gaussian():
    times, rates = smoothed_rates(events([500], [2]), np.array([0, 0, 1, 1]), 2, kernel_width=25e-3, sampling=1e-3)
    gaussian = np.exp(-0.5 * ((times - 0.5005) / 25e-3) ** 2) / (np.sqrt(2 * np.pi) * 25e-3)
    np.testing.assert_allclose(rates[:, 1], gaussian / 2, rtol=1e-3, atol=3e-3)  # two neurons; cut at 4 sigma
    assert not rates[:, 0].any()


def test_regular_firing_has_its_rate_everywhere():
    spikes = events(np.arange(0, 1000, 10), np.zeros(100), n_neurons=1)
    _, rates = smoothed_rates(spikes, np.array([0]), 1, sampling=10e-3)
    np.testing.assert_allclose(rates, 100)


def test_a_run_of_no_length_has_no_samples():
    times, rates = smoothed_rates(events([], [], 0), np.zeros(4, np.int64), 1)
    assert times.shape == (0,) and rates.shape == (0, 1)


@pytest.mark.parametrize("n_steps", [1, 4])
def test_a_run_shorter_than_a_bin_is_one_bin(n_steps):
    times, rates = smoothed_rates(events([0], [3], n_steps), np.zeros(4, np.int64), 1)
    assert times.tolist() == [n_steps * H / 2]
    np.testing.assert_allclose(rates, 1 / (4 * n_steps * H), rtol=1e-6)  # one spike, four neurons


def test_empty_populations_are_nan():
    _, rates = smoothed_rates(events([5], [0]), np.zeros(4, np.int64), 2)
    assert np.isnan(rates[:, 1]).all() and not np.isnan(rates[:, 0]).any()


@pytest.mark.parametrize("together", [1, 7, 2**14])
def test_spikes_are_counted_piece_by_piece(monkeypatch, together):
    monkeypatch.setattr("neuro_mod.core.spiking_net.analysis.rates.rates._TOGETHER", together)
    dense = np.random.default_rng(3).random((53, 5)) < 0.3
    dense[10:30] = False
    population = np.array([0, 2, 2, 1, 0])
    spikes = SpikeEvents(*(each.astype(np.int32) for each in np.nonzero(dense)), *dense.shape, 1e-3)
    expected = [[dense[bin_ * 4 : bin_ * 4 + 4, population == p].sum() for p in range(4)] for bin_ in range(13)]
    assert population_counts(spikes, population, 4, 4).tolist() == expected
