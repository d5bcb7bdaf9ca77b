"""Assemblies: known ones are found, independent neurons have none; each step by an independent computation."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score, silhouette_samples

from neuro_mod import StageSNNSimulation
from neuro_mod.core.spiking_net.analysis.assemblies.assemblies import find_assemblies
from neuro_mod.core.spiking_net.analysis.assemblies.grouping import grouped, k_means, silhouettes
from neuro_mod.core.spiking_net.analysis.assemblies.spectrum import least_active_bins, loadings_of, upper_bound
from neuro_mod.core.spiking_net.analysis.neurons.correlations import coefficients, count_correlations, mean_covariance
from neuro_mod.errors import InputError
from tests.helpers.assemblies import switching
from tests.helpers.shared import CONFIGS
from tests.helpers.trains import bernoulli, events, uneven


def counts_of(session, width):
    dense = np.asarray(session)
    return np.array([dense[k * width : (k + 1) * width].sum(axis=0) for k in range(len(dense) // width)])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_fifteen_clusters_of_a_few_short_sessions(seed):
    sessions, truth = switching(15, 20, n_sessions=10, seed=seed)
    found = find_assemblies(sessions, n_resamples=0)
    assert found.labels.tolist() == truth.tolist()  # numbered by their first neurons
    assert found.n_assemblies == 15 and found.n_significant in (14, 15) and found.quality > 0.9
    above, below = found.gap
    assert above > found.upper_bound > below and np.isnan(found.stability)
    assert found.sizes.tolist() == [20] * 15 and found.n_bins == 10 * 119


def test_independent_neurons_beside_assemblies_are_in_none():
    sessions, truth = switching(5, 12, n_sessions=6, background=60)
    found = find_assemblies(sessions)
    np.testing.assert_array_equal(found.labels, truth)
    np.testing.assert_array_equal(np.isnan(found.silhouettes), truth < 0)
    assert found.stability > 0.95
    table = found.table()
    assert table.columns.tolist() == ["neuron", "assembly", "explained", "silhouette"] and len(table) == 120
    assert repr(found).startswith("Assemblies(5 with 60 of 120 neurons, quality 0.9")


def test_without_scikit_learn_all_but_the_stability_is_found(monkeypatch, caplog):
    sessions, truth = switching(5, 12, n_sessions=6)
    monkeypatch.setitem(sys.modules, "sklearn.metrics", None)
    found = find_assemblies(sessions)
    assert found.labels.tolist() == truth.tolist() and np.isnan(found.stability)
    assert 'no stability of assemblies: this needs sklearn, which is not installed: pip install "neuro_mod[hmm]"' in (
        caplog.text
    )


def test_the_clusters_of_a_simulated_network():
    """E and I neurons of a cluster are one assembly, both backgrounds are in none."""
    run = StageSNNSimulation(CONFIGS / "published_snn_params.yaml", 1).run(record=("spikes",), duration_sec=20)
    population = np.asarray(run["clusters"])
    truth = np.where(population % 19 == 18, -1, population % 19)  # 18 E clusters, E background, and the same of I
    found = find_assemblies([run["spikes"]], n_resamples=0)
    assert found.n_assemblies == 18 and adjusted_rand_score(truth, found.labels) > 0.99


@pytest.mark.parametrize("chance", [0.0005, 0.01])
def test_independent_neurons_have_no_assemblies(chance):
    found = find_assemblies([bernoulli(3, 30_000, 80, chance)])
    assert found.n_assemblies == found.n_significant == 0 and (found.labels == -1).all()
    assert np.isnan([found.quality, found.stability, found.gap[0]]).all() and found.gap[1] < found.upper_bound
    assert found.scores.empty and found.sizes.tolist() == []


def test_neurons_of_a_few_spikes_have_no_assemblies():
    """Neurons of a single spike in the same bin have a correlation of 1, and half of these sets have such pairs."""
    rates = np.repeat([5e-3, 2e-5], 50)
    found = [find_assemblies([bernoulli(seed, 60_000, 100, rates)], n_resamples=0) for seed in range(5)]
    assert [each.n_assemblies for each in found] == [0] * 5
    assert all(np.isfinite(each.explained[:50]).all() and np.isnan(each.explained[50:]).any() for each in found)


def test_the_bound_holds_for_neurons_of_few_spikes():
    """Where all fire in just enough bins, many sets exceed the bound of many spikes, but hardly one that of so few."""
    n_neurons, n_bins, n_sets = 300, 1200, 20
    n_active = int(np.ceil(least_active_bins(n_neurons, n_bins)))
    assert n_active == int(np.ceil(10 / (upper_bound(n_neurons, n_bins) - 1))) == 8
    draws = (np.random.default_rng(seed).random((n_neurons, n_bins)).argsort(axis=1) for seed in range(n_sets))
    largest = np.array([np.linalg.eigvalsh(np.corrcoef(draw < n_active))[-1] for draw in draws])
    assert np.mean(largest > upper_bound(n_neurons, n_bins)) > 0.2
    # 1 % of sets each: more than 2 of 20 have a chance of .1 %
    assert np.sum(largest > upper_bound(n_neurons, n_bins, 1 / n_active)) <= 2


def test_a_common_drift_of_rates_is_one_assembly_of_all_neurons():
    rates = 0.01 * (1 + 0.6 * np.sin(np.arange(60_000) / 5000))
    found = find_assemblies([events(np.random.default_rng(1).random((60_000, 50)) < rates[:, None])])
    assert found.n_assemblies == found.n_significant == 1 and (found.labels == 0).mean() > 0.95
    assert np.isnan(found.quality) and found.scores.empty


def test_two_clusters_in_turn_have_one_component():
    on = np.repeat(np.arange(60) % 2 == 0, 500)[:, None] == (np.arange(20) % 2 == 0)
    session = events(np.random.default_rng(1).random(on.shape) < np.where(on, 0.03, 0.003))
    found = find_assemblies([session], n_resamples=0)
    assert found.n_significant == 1 and found.labels.tolist() == [0, 1] * 10


def test_silent_neurons_are_left_out_and_the_order_of_neurons_does_not_matter():
    sessions, truth = switching(4, 8)
    order = np.random.default_rng(3).permutation(len(truth) + 3)
    place = np.argsort(order)  # of each neuron; the last three are silent
    moved = [
        events(np.hstack([np.asarray(session), np.zeros((session.n_steps, 3), bool)])[:, order]) for session in sessions
    ]
    found = find_assemblies(moved, n_resamples=0)
    labels = found.labels[place]
    assert adjusted_rand_score(truth, labels[:-3]) == 1 and (labels[-3:] == -1).all()
    assert np.isnan(found.explained[place][-3:]).all() and len(found.eigenvalues) == len(truth)
    assert list(dict.fromkeys(found.labels[found.labels >= 0].tolist())) == [0, 1, 2, 3]


def test_the_same_seed_gives_the_same_result():
    sessions, _ = switching(4, 4, n_sessions=1)
    one, same, other = (find_assemblies(sessions, n_resamples=4, seed=seed) for seed in (1, 1, 2))
    assert one.stability == same.stability != other.stability
    np.testing.assert_array_equal(one.eigenvalues, other.eigenvalues)
    pd.testing.assert_frame_equal(one.table(), same.table())


def test_the_number_can_be_given():
    sessions, truth = switching(4, 8, background=6)
    one = find_assemblies(sessions, n_assemblies=1, n_resamples=0)
    np.testing.assert_array_equal(one.labels, np.where(truth < 0, -1, 0))
    for number in (2, 3, 6):
        found = find_assemblies(sessions, n_assemblies=number, n_resamples=0)
        assert found.n_assemblies == number and found.scores["n_assemblies"].tolist() == [number]
    assert find_assemblies([bernoulli(3, 3000, 10, 0.02)], n_assemblies=2, n_resamples=0).n_significant == 0


def test_explained_is_the_share_of_a_regression():
    session, _ = switching(3, 6, n_sessions=1, background=3)
    counts = counts_of(session[0], 50)
    z = (counts - counts.mean(axis=0)) / counts.std(axis=0)
    found = find_assemblies(session, n_resamples=0)
    values, vectors = np.linalg.eigh(np.corrcoef(counts.T))
    components = z @ vectors[:, values > found.upper_bound]
    residual = z - components @ np.linalg.lstsq(components, z, rcond=None)[0]
    np.testing.assert_allclose(found.explained, 1 - (residual**2).sum(axis=0) / len(z), rtol=1e-9)
    np.testing.assert_allclose(found.eigenvalues, values[::-1], rtol=1e-9, atol=1e-12)


def test_correlations_are_those_of_the_analyzer():
    sessions = uneven(1)
    found = coefficients(mean_covariance([counts_of(session, 20) for session in sessions]))
    np.testing.assert_allclose(found, count_correlations(sessions, 0.02), rtol=1e-12)
    many = [counts_of(session, 1) for session in sessions]  # more bins than are multiplied at a time
    np.testing.assert_allclose(coefficients(mean_covariance(many)), count_correlations(sessions, 0.001), rtol=1e-9)


def test_the_bound_holds_the_largest_eigenvalue_of_independent_numbers():
    """1 % of the largest eigenvalues exceed it; a sixth of them, the edge of Marchenko and Pastur alone."""
    n, n_bins, n_draws = 30, 150, 1000
    random = np.random.default_rng(1)
    largest = np.array([np.linalg.eigvalsh(np.cov(random.standard_normal((n, n_bins))))[-1] for _ in range(n_draws)])
    share, error = (largest > upper_bound(n, n_bins - 1)).mean(), np.sqrt(0.01 * 0.99 / n_draws)
    assert abs(share - 0.01) < 4 * error  # four standard errors
    assert (largest > (1 + np.sqrt(n / (n_bins - 1))) ** 2).mean() > 0.05
    assert upper_bound(100, 1e9) == pytest.approx((1 + np.sqrt(1e-7)) ** 2, rel=1e-4)


def test_loadings_are_correlations_with_components():
    counts = np.random.default_rng(1).poisson(3.0, (200, 5)) + np.random.default_rng(2).poisson(2.0, (200, 1))
    loadings = loadings_of(np.corrcoef(counts.T), 1e9, 2)
    z = (counts - counts.mean(axis=0)) / counts.std(axis=0)
    values, vectors = np.linalg.eigh(np.corrcoef(counts.T))
    for k in (0, 1):
        component = z @ vectors[:, -1 - k]
        expected = [np.corrcoef(component, column)[0, 1] for column in z.T]
        np.testing.assert_allclose(np.abs(loadings[:, k]), np.abs(expected), rtol=1e-9)
    assert values[-1] == pytest.approx((loadings[:, 0] ** 2).sum())


@pytest.fixture
def points():
    drawn = np.random.default_rng(1).standard_normal((60, 4)) + 7 * np.repeat(np.eye(4), 15, axis=0)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def test_silhouettes_are_those_of_scikit_learn(points):
    groups = np.random.default_rng(2).integers(0, 5, 60)
    groups[groups == 4] = 3
    groups[7] = 4  # alone
    np.testing.assert_allclose(silhouettes(points, groups), silhouette_samples(points, groups, metric="cosine"))
    assert (silhouettes(points, np.zeros(60, int)) == 0).all()


def test_k_means_ends_where_every_point_is_closest_to_its_own_mean(points):
    found = k_means(points, np.random.default_rng(2).integers(0, 4, 60))
    means = np.array([points[found == k].mean(axis=0) for k in range(found.max() + 1)])
    cosines = points @ (means / np.linalg.norm(means, axis=1, keepdims=True)).T
    np.testing.assert_array_equal(cosines.argmax(axis=1), found)


def test_the_number_of_groups_has_the_largest_silhouette(points):
    groups, scores = grouped(points, range(2, 8))
    assert max(scores, key=lambda number: scores[number]) == 4 == groups.max() + 1
    assert scores[4] == pytest.approx(silhouette_samples(points, groups, metric="cosine").mean())
    assert adjusted_rand_score(np.repeat(range(4), 15), groups) == 1


def test_nothing_varies():
    found = find_assemblies([bernoulli(1, 500, 4, 0.0)])
    assert found.labels.tolist() == [-1] * 4 and found.n_assemblies == 0 and found.eigenvalues.size == 0
    assert np.isnan([found.upper_bound, *found.gap, found.stability]).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"bin_width": 3.0}, "bin_width: 3.0 found; expected at most"),
        ({"bin_width": 1.5}, "bin_width: 1.5 found; expected seconds of which a session has at least two"),
        ({"bin_width": 0.0001}, "bin_width: 0.1 ms found; expected"),
        ({"n_assemblies": 0}, "n_assemblies: 0 found; expected a whole number of at least 1"),
        ({"n_assemblies": 7}, "n_assemblies: 7 found; expected at most 6, the number of neurons that fire enough"),
        ({"n_resamples": -1}, "n_resamples: -1 found"),
        ({"seed": -1}, "seed: -1 found"),
    ],
)
def test_refusals(arguments, message):
    session = bernoulli(1, 2000, 6, 0.05)
    with pytest.raises(InputError, match=message):
        find_assemblies([session], **arguments)


def test_labels_of_a_result_cannot_be_replaced():
    found = find_assemblies([bernoulli(1, 500, 4, 0.05)], n_resamples=0)
    with pytest.raises(AttributeError):
        found.labels = np.zeros(4)  # pyright: ignore[reportAttributeAccessIssue]
    assert replace(found, stability=1.0).stability == 1
