"""Rates of active and other clusters by number active, against loops over samples."""

from __future__ import annotations

import numpy as np
import pytest

from neuro_mod import Analyzer
from neuro_mod.core.spiking_net.analysis.states.active_rates import active_rates

N_CLUSTERS = 4


def drawn(rng, n_samples):
    active = rng.random((n_samples, N_CLUSTERS)) < 0.3
    return rng.uniform(1, 9, active.shape) + 30 * active, active


def slowly(sessions):
    """Probability, mean active and mean inactive rate of each number active, sample by sample."""
    rows = []
    for n in range(N_CLUSTERS + 1):
        samples = [(r, a) for rates, active in sessions for r, a in zip(rates, active, strict=True) if a.sum() == n]
        of_active = [rate for r, a in samples for rate in r[a]]
        of_others = [rate for r, a in samples for rate in r[~a]]
        total = sum(len(active) for _, active in sessions)
        rows.append([len(samples) / total, *(np.mean(each) if each else np.nan for each in (of_active, of_others))])
    return np.array(rows)


def test_means_and_errors_are_those_of_loops():
    rng = np.random.default_rng(0)
    sessions = [drawn(rng, n) for n in (60, 90, 40)]
    table = active_rates(sessions, N_CLUSTERS)
    assert table.index.tolist() == list(range(N_CLUSTERS + 1))
    np.testing.assert_allclose(table[["probability", "active_hz", "inactive_hz"]], slowly(sessions), rtol=1e-12)
    without = np.array([slowly([s for j, s in enumerate(sessions) if j != i]) for i in range(3)])
    expected = np.sqrt(2 / 3 * ((without - without.mean(axis=0)) ** 2).sum(axis=0))
    names = ["probability_standard_error", "active_hz_standard_error", "inactive_hz_standard_error"]
    np.testing.assert_allclose(table[names], expected, rtol=1e-9, atol=1e-12)


def test_errors_of_a_single_session_are_those_over_its_parts():
    rates, active = drawn(np.random.default_rng(1), 2000)
    table = active_rates([(rates, active)], N_CLUSTERS)
    parts = active_rates(zip(np.split(rates, 10), np.split(active, 10), strict=True), N_CLUSTERS)
    np.testing.assert_allclose(table, parts, rtol=1e-12)
    assert (table["active_hz_standard_error"][1:4] > 0).all() and table["probability"].sum() == pytest.approx(1)
    short = active_rates([(rates[:5], active[:5])], N_CLUSTERS)  # fewer samples than parts
    assert short["probability"].sum() == pytest.approx(1)


def test_of_an_analyzer_in_a_window():
    rng = np.random.default_rng(2)
    trains = [rng.random((4000, 30)) < 0.01 for _ in range(2)]
    clusters = np.repeat([0, 1, 2], 10)
    analyzer = Analyzer(trains, clusters, n_excitatory_clusters=2, dt=5e-4, method="gain", threshold_hz=0)
    sessions = [
        (analyzer.get_cluster_spike_rate(i, None, 0.5, 1.5)[:, :2], analyzer.get_cluster_activity(i, 0.5, 1.5))
        for i in range(2)
    ]
    by_hand = active_rates(sessions, 2)
    assert analyzer.active_rates(0.5, 1.5).equals(by_hand)
    assert by_hand["active_hz"][1] > by_hand["inactive_hz"][1]
