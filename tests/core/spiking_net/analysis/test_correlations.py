"""Count correlations: closed forms for common input, `np.corrcoef`, and a loop over pairs."""

from __future__ import annotations

import numpy as np
import pytest

from neuro_mod.core.spiking_net.analysis.neurons import correlations
from neuro_mod.core.spiking_net.analysis.neurons.correlations import cluster_correlations, count_correlations
from tests.helpers.trains import STEP, bernoulli, events, uneven


def slow_counts(session, width):
    dense = np.asarray(session)
    return np.array([dense[k * width : (k + 1) * width].sum(axis=0) for k in range(len(dense) // width)])


@pytest.mark.parametrize("block", [1, 5, 1024])
def test_of_one_session_they_are_those_of_numpy(monkeypatch, block):
    monkeypatch.setattr(correlations, "_BLOCK", block)
    session = bernoulli(1, 2030, 6, 0.03)
    found = count_correlations([session], 0.05)
    np.testing.assert_allclose(found, np.corrcoef(slow_counts(session, 50).T), rtol=1e-12, atol=1e-14)
    np.testing.assert_array_equal(found, found.T)


def test_of_several_sessions_covariances_are_averaged():
    sessions = uneven(1)
    covariance = np.mean([np.cov(slow_counts(session, 20).T) for session in sessions], axis=0)
    deviation = np.sqrt(covariance.diagonal())
    with np.errstate(invalid="ignore"):
        expected = covariance / np.outer(deviation, deviation)
    found = count_correlations(sessions, 0.02)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert np.isnan(found[3]).all()  # the silent neuron
    np.testing.assert_array_equal(found.diagonal()[:3], 1)


@pytest.mark.parametrize("width", [1, 50])
def test_common_input(width):
    """Each spikes with chance a of its own, and both with chance c; steps are independent, so bins do not matter."""
    a, c, n_steps = 0.02, 0.01, 600_000
    random = np.random.default_rng(1)
    dense = random.random((n_steps, 3)) < a
    dense[:, :2] |= random.random((n_steps, 1)) < c
    p = 1 - (1 - a) * (1 - c)
    r = c * (1 - c) * (1 - a) ** 2 / (p * (1 - p))
    found = count_correlations([events(part) for part in np.split(dense, 3)], width * STEP)
    error = 1 / np.sqrt(n_steps / width)  # of a small coefficient; smaller for a large one
    assert abs(found[0, 1] - r) < 4 * error
    assert abs(found[0, 2]) < 4 * error
    assert abs(found[1, 2]) < 4 * error
    assert r > 10 * error


def test_independent_neurons():
    """A coefficient of m bins has a standard error of 1 / sqrt(m - 1)."""
    n, sessions = 60, 4
    found = count_correlations((bernoulli(seed, 50_000, n, 0.02) for seed in range(sessions)), 0.05)
    pairs = found[np.triu_indices(n, 1)]
    error = 1 / np.sqrt(sessions * 999)
    assert pairs.std() == pytest.approx(error, rel=0.1)
    assert abs(pairs.mean()) < 4 * error / np.sqrt(len(pairs))


def test_rates_that_differ_between_sessions_do_not_correlate():
    """They fire in turns in the first session, and more, but the same in every bin, in the second."""
    few, many = (np.zeros((40, 2), bool) for _ in range(2))
    few[::20, 0] = few[10::20, 1] = True
    many[::5, 0] = many[1::2, 1] = True
    dense = [few, many]
    found = count_correlations(map(events, dense), 0.01)
    np.testing.assert_allclose(found[0, 1], -1)
    pooled = np.corrcoef(np.vstack([slow_counts(events(each), 10) for each in dense]).T)
    assert pooled[0, 1] > 0.8


def test_the_order_of_sessions_changes_nothing():
    sessions = uneven(2)
    one, other = (count_correlations(each) for each in (sessions, sessions[::-1]))
    np.testing.assert_allclose(one, other, rtol=1e-13, atol=1e-15)


def test_a_window_is_the_same_as_sessions_of_its_length():
    sessions = uneven(3)
    parts = [events(np.asarray(session)[100:550]) for session in sessions]
    np.testing.assert_array_equal(count_correlations(sessions, t_from=0.1, t_to=0.55), count_correlations(parts))


@pytest.mark.parametrize("shape", [(500, 3), (1, 1)])
def test_silence(shape):
    found = count_correlations([events(np.zeros(shape, bool))])
    assert found.shape == (shape[1], shape[1])
    assert np.isnan(found).all()


def test_bins_are_whole_steps():
    with pytest.raises(ValueError, match=r"bin_width: 50.5 ms found; expected whole multiples"):
        count_correlations(uneven(1), 50.5e-3)


def random_coefficients(n):
    values = np.random.default_rng(1).uniform(-1, 1, (n, n))
    values = (values + values.T) / 2
    values[3] = values[:, 3] = np.nan
    np.fill_diagonal(values, 1)
    return values


@pytest.mark.parametrize("counted", [None, [True, True, False, True]])
def test_clusters_as_one_pair_at_a_time(counted):
    of_neuron = np.array([0, 1, 0, 1, 2, 1, 0, 2, 3])  # the last cluster has one neuron, and no pair
    values = random_coefficients(9)
    pairs = {(a, b): [] for a in range(4) for b in range(4)}
    within, between = [], []
    for i in range(9):
        for j in range(i):
            if np.isnan(values[i, j]):
                continue
            a, b = of_neuron[i], of_neuron[j]
            for cell in {(a, b), (b, a)}:
                pairs[cell].append(values[i, j])
            if counted is None or (counted[a] and counted[b]):
                (within if a == b else between).append(values[i, j])
    found = cluster_correlations(values, of_neuron, 4, None if counted is None else np.array(counted))
    for (a, b), expected in pairs.items():
        assert found.n_pairs[a, b] == len(expected)
        np.testing.assert_allclose(found.mean[a, b], np.mean(expected) if expected else np.nan, rtol=1e-12)
    assert found.within == pytest.approx(np.mean(within))
    assert found.between == pytest.approx(np.mean(between))


def test_a_single_neuron_has_no_pair():
    found = cluster_correlations(np.ones((1, 1)), np.zeros(1, int), 1)
    assert np.isnan([found.mean[0, 0], found.within, found.between]).all()


def test_clusters_must_fit():
    with pytest.raises(ValueError, match=r"correlations: shape \(2, 2\) found; expected \(3, 3\)"):
        cluster_correlations(np.eye(2), np.zeros(3, int), 1)
    with pytest.raises(ValueError, match=r"of_neuron: \[0, 2\] found; expected numbers from 0 to 1"):
        cluster_correlations(np.eye(2), np.array([0, 2]), 2)
