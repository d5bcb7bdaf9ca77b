"""The criterion itself: it tells apart what differs, and only that."""

from __future__ import annotations

import numpy as np
import pytest

from neuro_mod.recordings.spikes import SpikeEvents
from tests.peers.statistics import compare, distributions, draw_pairs, how_they_differ, permutation_p_value

N_NEURONS, N_STEPS, STEP = 200, 4_000, 1e-3
PAIRS = draw_pairs(N_NEURONS, 1_000, seed=0)


def runs(first_seed, *, rate=20.0, regularity=1, common=0.0, n_runs=8):
    """Runs of neurons with gamma-distributed intervals, a share of whose spikes may be common to all."""
    return [
        distributions(_spikes(np.random.default_rng(first_seed + run), rate, regularity, common), 0.5, PAIRS)
        for run in range(n_runs)
    ]


def _spikes(random, rate, regularity, common):
    n_spikes = int(3 * rate * N_STEPS * STEP)
    own = random.gamma(regularity, 1 / (regularity * rate * (1 - common)), size=(N_NEURONS, n_spikes)).cumsum(axis=1)
    shared = random.exponential(1 / (rate * common), size=n_spikes).cumsum() if common else np.empty(0)
    times = np.hstack([own, np.broadcast_to(shared, (N_NEURONS, len(shared)))])
    dense = np.zeros((N_STEPS, N_NEURONS), bool)
    neurons, which = np.nonzero(times < N_STEPS * STEP)
    dense[(times[neurons, which] / STEP).astype(int), neurons] = True
    steps, neurons = (index.astype(np.int32) for index in np.nonzero(dense))
    return SpikeEvents(steps, neurons, N_STEPS, N_NEURONS, STEP)


def test_runs_of_one_simulator_are_not_told_apart():
    assert how_they_differ(runs(100), runs(200)) == []


@pytest.mark.parametrize(
    ("statistic", "change"),
    [("rate", {"rate": 21.0}), ("interval CV", {"regularity": 1.3}), ("count correlation", {"common": 0.05})],
)
def test_a_difference_is_found_in_the_statistic_it_changes(statistic, change):
    assert statistic in " ".join(how_they_differ(runs(100), runs(200, **change)))


def test_unequal_numbers_of_runs_can_be_compared():
    assert how_they_differ(runs(100, n_runs=3), runs(200, n_runs=12)) == []
    assert how_they_differ(runs(100, n_runs=4, rate=23.0), runs(200, n_runs=16)) != []


def test_statistics_of_a_known_run():
    steps = np.array([0, 50, 100, 150, 200, 250, 300], np.int32)
    spikes = SpikeEvents(np.repeat(steps, 2), np.tile(np.array([0, 1], np.int32), 7), 400, 3, STEP)
    found = distributions(spikes, 0.1, np.array([[0, 0, 1], [1, 2, 0]]))
    np.testing.assert_allclose(found["rate"], [5 / 0.3, 5 / 0.3, 0])
    np.testing.assert_allclose(found["interval CV"], [0, 0])  # regular; the third neuron never fires
    np.testing.assert_allclose(found["count correlation"], [1, 1])


def test_p_values_of_equal_simulators_are_uniform():
    random = np.random.default_rng(1)
    values = random.normal(size=(300, 12))
    p_values = [permutation_p_value(np.abs(run[:, None] - run), 6, seed) for seed, run in enumerate(values[:100])]
    share_below = [np.mean(np.array(p_values) <= level) for level in (0.1, 0.3, 0.5)]
    np.testing.assert_allclose(share_below, [0.1, 0.3, 0.5], atol=0.15)


def test_the_same_runs_on_both_sides_have_a_large_p_value():
    assert min(compare(runs(100), runs(100)).values()) > 0.5
