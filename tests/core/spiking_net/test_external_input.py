"""The Poisson input: what the engine draws, what NumPy draws, and what the theory says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2, norm, poisson
from simulators import network, run_engine, start

from neuro_mod.core.arousal import z_quadrature
from neuro_mod.core.random import Stream
from neuro_mod.core.spiking_net.engine import simulate as engine
from neuro_mod.core.spiking_net.external.poisson import count_table, external_counts
from neuro_mod.core.spiking_net.network import ExternalInput

MEANS = [0.0, 1e-6, 0.05, 1.12, 3.3, 12.0, 50.0, 5000.0]


def draw(mean, spread=0.0, n_neurons=20, n_steps=20_000):
    table = count_table(np.full(n_neurons, float(mean)), np.full(n_neurons, float(spread)))
    neurons = np.arange(n_neurons)
    return table.counts(neurons, Stream(11, "test").words(neurons, n_steps))


def chi_square_p(counts, probability):
    """Chi-square of observed counts against a distribution, cells of at least 10 expected."""
    observed = np.bincount(counts.ravel(), minlength=len(probability)).astype(float)
    expected = probability * counts.size
    cells = np.cumsum(expected) // 10
    observed, expected = (np.bincount(cells.astype(int), values) for values in (observed[: len(expected)], expected))
    filled = expected > 5
    statistic = np.sum((observed - expected)[filled] ** 2 / expected[filled])
    return chi2.sf(statistic, filled.sum() - 1)


@pytest.mark.parametrize("mean", MEANS)
def test_counts_are_poisson(mean):
    counts = draw(mean)
    support = np.arange(int(mean + 10 * np.sqrt(mean) + 20))
    if mean > 1e-3:
        assert chi_square_p(counts, poisson(mean).pmf(support)) > 1e-3
    assert abs(counts.mean() - mean) < 4.5 * np.sqrt(mean / counts.size) + 1e-12
    assert abs(counts.var() - mean) < 4.5 * np.sqrt((mean + 2 * mean**2) / counts.size) + 1e-12


def test_rates_redrawn_each_step_give_beta_mixed_counts():
    counts = draw(1.0, spread=4.0)
    nodes, weights = z_quadrature(40)
    pmf = sum(w * poisson(1.0 + 4.0 * z).pmf(np.arange(40)) for z, w in zip(nodes, weights, strict=True))
    assert chi_square_p(counts, pmf) > 1e-3
    assert counts.var() == pytest.approx(3 + 16 / 84, rel=0.02)  # Var Beta(10, 10) = 1/84


def test_counts_are_independent_across_neurons_and_steps():
    counts = draw(1.12, n_neurons=40).astype(float)
    n_steps = counts.shape[1]
    across = np.corrcoef(counts)[np.triu_indices(40, 1)]
    standardised = (counts - counts.mean(1, keepdims=True)) / counts.std(1, keepdims=True)
    lags = np.array([(standardised[:, lag:] * standardised[:, : n_steps - lag]).mean(1) for lag in (1, 2, 3, 4, 5)])
    for correlation in (across, lags.ravel()):
        z = correlation * np.sqrt(n_steps)
        assert np.abs(z).max() < norm.isf(0.5e-3 / len(z))
        assert np.sum(z**2) < chi2.isf(1e-3, len(z))


def quiet_network(weight, rate, spread):
    """Neurons that only listen: their current tells the counts."""
    n = weight.shape[1]
    return replace(network(np.zeros((n, n)), threshold=1e9), external=ExternalInput(weight, rate, spread))


@pytest.mark.parametrize("rate", [0.0, 2240.0, 6000.0, 1e5, 1e7])
@pytest.mark.parametrize("n_sources", [1, 2])
def test_the_engine_draws_the_numbers_that_numpy_draws(rate, n_sources):
    h, n, n_steps = 0.5e-3, 37, 50
    weight = np.linspace(0.5, 1.5, n_sources * n).reshape(n_sources, n)
    rates = rate * np.linspace(0.5, 1.0, n) * np.ones((n_sources, 1))
    net = quiet_network(weight, rates, 0.1 * rates)
    current = run_engine(net, start(net), n_steps, h, seed=9).current
    arrived = np.diff(current, axis=0, prepend=0) + np.vstack([np.zeros(n), current[:-1]]) * (1 - np.exp(-h / 5e-3))
    expected = np.einsum("tsn,sn->tn", external_counts(net.external, 9, h, n_steps), weight) / 5e-3
    np.testing.assert_allclose(arrived, expected, rtol=1e-9, atol=1e-9 * max(1.0, np.abs(current).max()))


@pytest.mark.parametrize("updates_per_call", [1, 100, 777])
def test_the_block_size_does_not_matter(monkeypatch, updates_per_call):
    rates = np.full((1, 37), 2240.0)
    net = quiet_network(np.ones((1, 37)), rates, 0 * rates)
    whole = run_engine(net, start(net), 50, 0.5e-3).current
    monkeypatch.setattr(engine, "_UPDATES_PER_CALL", updates_per_call)
    assert run_engine(net, start(net), 50, 0.5e-3).current.tobytes() == whole.tobytes()


def test_more_neurons_change_no_other_neurons_input():
    rates = np.full((1, 10), 2240.0)
    few = ExternalInput(np.ones((1, 5)), rates[:, :5], 0 * rates[:, :5])
    many = ExternalInput(np.ones((1, 10)), rates, 0 * rates)
    counts = external_counts(many, 3, 0.5e-3, 20)
    assert np.array_equal(counts[:, :, :5], external_counts(few, 3, 0.5e-3, 20))
    assert np.array_equal(counts[7:], external_counts(many, 3, 0.5e-3, 13, first_step=7))
