from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_array

from neuro_mod.core.spiking_net.analysis.states.markov_chain import (
    entropy_rate,
    entropy_rate_per_second,
    jump_chain,
    mixing_time,
    period,
    relaxation_time,
    stationary_distribution,
)

COUNTS = st.integers(1, 6).flatmap(lambda n: arrays(np.int64, (n, n), elements=st.sampled_from([0, 0, 0, 1, 2, 9])))


def two_states(a, b):
    return np.array([[1 - a, a], [b, 1 - b]])


def cycle(n):
    return np.roll(np.eye(n), 1, axis=1)


def one_jump_at_a_time(matrix, start=0, most=3000):
    """The slow obvious mixing time: power after power."""
    stationary = np.linalg.matrix_power(matrix, 2**40)[0]
    power = np.eye(len(matrix))
    for jumps in range(most):
        if np.abs(power - stationary).sum(axis=1).max() / 2 <= 0.25 + 1e-12:
            return jumps
        power = power @ matrix
    return math.inf


def random_chain(n, seed):
    """Without self-transitions, as visits have none; aperiodic with three states or more."""
    weights = np.random.default_rng(seed).exponential(size=(n, n)) ** 3 * (1 - np.eye(n))
    return weights / weights.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(("a", "b"), [(0.1, 0.3), (0.5, 0.5), (0.9, 0.7), (0.001, 0.004), (1.0, 0.2)])
def test_two_states_in_closed_form(a, b):
    """pi = (b, a)/(a + b), lambda_2 = 1 - a - b; distance max(a, b)/(a + b) |lambda_2|^t; H = sum pi h(leaving)."""
    matrix = two_states(a, b)
    pi = np.array([b, a]) / (a + b)
    assert stationary_distribution(matrix) == pytest.approx(pi, rel=1e-12)
    assert relaxation_time(matrix) == pytest.approx(1 / (1 - abs(1 - a - b)), rel=1e-9)
    distances = pi.max() * abs(1 - a - b) ** np.arange(2000.0)
    assert mixing_time(matrix) == np.argmax(distances <= 0.25 + 1e-12)
    binary = [-sum(p * np.log2(p) for p in (q, 1 - q) if p > 0) for q in (a, b)]
    assert entropy_rate(matrix) == pytest.approx(pi @ binary, abs=1e-12)
    assert entropy_rate_per_second(matrix, [0.5, 2.0]) == pytest.approx(pi @ binary / (pi @ [0.5, 2.0]), abs=1e-12)
    assert entropy_rate_per_second(matrix, 0.5) == pytest.approx(2 * (pi @ binary), abs=1e-12)


@pytest.mark.parametrize("n", [3, 5, 20])
def test_every_other_state_alike(n):
    """Next is each other state with equal probability: log2(n - 1) bits, lambda = -1/(n - 1)."""
    matrix = (1 - np.eye(n)) / (n - 1)
    assert stationary_distribution(matrix) == pytest.approx(np.full(n, 1 / n))
    assert entropy_rate(matrix) == pytest.approx(np.log2(n - 1))
    assert relaxation_time(matrix) == pytest.approx((n - 1) / (n - 2))
    assert period(matrix) == 1


@pytest.mark.parametrize("n", [2, 3, 7])
def test_a_cycle_is_periodic_and_certain(n):
    matrix = cycle(n)
    assert period(matrix) == n
    assert mixing_time(matrix) == relaxation_time(matrix) == math.inf
    assert entropy_rate(matrix) == 0
    assert stationary_distribution(matrix) == pytest.approx(np.full(n, 1 / n))


def test_period_of_joined_cycles():
    """Cycles of 4 and 6 jumps through one state: period 2; with a cycle of 3, period 1."""

    def joined(*lengths):
        n = sum(lengths) - len(lengths) + 1
        matrix, free = np.zeros((n, n)), 1
        for length in lengths:
            path = [0, *range(free, free + length - 1), 0]
            free += length - 1
            matrix[path[:-1], path[1:]] = 1.0
        return matrix / matrix.sum(axis=1, keepdims=True)

    assert period(joined(4, 6)) == 2
    assert period(joined(4, 6, 3)) == 1


@pytest.mark.parametrize("seed", range(10))
def test_random_chains_against_slow_versions(seed):
    """Mixing one jump at a time, the eigenvector of eigenvalue one, and slow chains that rarely leave their state."""
    for matrix in (random_chain(6, seed), 0.01 * random_chain(6, seed) + 0.99 * np.eye(6)):
        values, vectors = np.linalg.eig(matrix.T)
        order = np.argsort(-np.abs(values))
        vector = vectors[:, order[0]].real
        assert stationary_distribution(matrix) == pytest.approx(vector / vector.sum(), abs=1e-10)
        assert mixing_time(matrix) == one_jump_at_a_time(matrix)
        assert relaxation_time(matrix) == pytest.approx(1 / (1 - abs(values[order[1]])))


def test_mixing_and_relaxation_bound_each_other():
    """A lazy walk on a cycle of n is reversible: (t_rel - 1) log 2 <= t_mix <= t_rel log(4 n) (Levin & Peres, 12.2)."""
    n = 40
    matrix = (2 * np.eye(n) + cycle(n) + cycle(n).T) / 4
    relaxation = relaxation_time(matrix)
    assert relaxation == pytest.approx(2 / (1 - np.cos(2 * np.pi / n)))
    assert (relaxation - 1) * math.log(2) <= mixing_time(matrix) <= relaxation * math.log(4 * n)


def test_a_long_chain_estimates_its_own_properties():
    matrix = random_chain(4, 3)
    rng, state, n = np.random.default_rng(1), 0, 50_000
    counts = np.zeros((4, 4), np.int64)
    for u in rng.random(n):
        following = int(np.searchsorted(np.cumsum(matrix[state]), u, side="right"))
        counts[state, following] += 1
        state = following
    found = jump_chain(counts)
    assert found.coverage == 1.0 and found.recurrent
    assert stationary_distribution(found.matrix) == pytest.approx(stationary_distribution(matrix), abs=0.02)
    assert entropy_rate(found.matrix) == pytest.approx(entropy_rate(matrix), abs=0.02)


def test_a_chain_of_many_states_needs_no_dense_matrix():
    """The equations of 700 states without zeros, against those with them."""
    order = np.random.default_rng(5).zipf(1.3, 20_000) % 700
    order[:700] = np.arange(700)
    counts = np.zeros((700, 700), np.int64)
    np.add.at(counts, (order[:-1], order[1:]), 1)
    found = jump_chain(csr_array(counts))
    assert found.matrix.tolist() == jump_chain(counts).matrix.tolist()
    assert len(found.members) > 500
    expected = stationary_distribution(found.matrix)
    assert stationary_distribution(found.probabilities) == pytest.approx(expected, rel=1e-9)
    assert entropy_rate(found.probabilities) == pytest.approx(entropy_rate(found.matrix), rel=1e-9)


def test_the_end_of_a_session_makes_no_absorbing_state():
    """0 and 1 alternate; a session ends in 2 by way of 3, both visited once. 19 of 21 transitions stay."""
    counts = np.zeros((4, 4), np.int64)
    counts[0, 1], counts[1, 0], counts[1, 3], counts[3, 2] = 10, 9, 1, 1
    found = jump_chain(counts)
    assert found.members.tolist() == [0, 1]
    assert found.coverage == 19 / 21
    assert found.matrix.tolist() == [[0, 1], [1, 0]]
    assert found.closed and found.n_closed_classes == 1 and found.recurrent


def test_two_closed_classes_are_reported():
    counts = np.zeros((5, 5), np.int64)
    counts[0, 1], counts[1, 0], counts[2, 3], counts[3, 2], counts[4, 0] = 2, 2, 3, 3, 1
    found = jump_chain(counts)
    assert found.members.tolist() == [2, 3]
    assert found.n_closed_classes == 2 and found.closed and not found.recurrent
    assert found.coverage == 6 / 11


def test_a_large_class_that_leads_into_a_small_one_is_not_recurrent():
    counts = np.zeros((4, 4), np.int64)
    counts[0, 1], counts[1, 0], counts[1, 2], counts[2, 3], counts[3, 2] = 50, 49, 1, 2, 1
    found = jump_chain(counts)
    assert found.members.tolist() == [0, 1]
    assert found.n_closed_classes == 1 and not found.closed and not found.recurrent


@given(COUNTS)
def test_class_with_most_transitions_and_closed_classes_against_all_paths(counts):
    """Reachability by Warshall's algorithm, classes by mutual reachability."""
    n = len(counts)
    reach = counts > 0
    for k in range(n):
        reach |= reach[:, [k]] & reach[[k]]
    recurrent_states = [i for i in range(n) if reach[i, i]]
    classes = {frozenset(j for j in range(n) if reach[i, j] and reach[j, i]) for i in recurrent_states}
    closed = [each for each in classes if all(j in each for i in each for j in recurrent_states if reach[i, j])]
    held = {each: counts[np.ix_(sorted(each), sorted(each))].sum() for each in classes}
    found = jump_chain(counts)
    members = frozenset(found.members.tolist())
    assert found.n_closed_classes == len(closed)
    if not classes:
        assert not members and not found.recurrent
        return
    assert held[members] == max(held.values())
    assert found.coverage == pytest.approx(held[members] / counts.sum())
    assert found.closed == (members in closed)
    assert np.allclose(found.matrix.sum(axis=1), 1.0)
    pi = stationary_distribution(found.matrix)
    assert pi @ found.matrix == pytest.approx(pi) and pi.sum() == pytest.approx(1.0)


@given(COUNTS, st.randoms(use_true_random=False))
def test_order_of_states_does_not_matter(counts, random):
    order = random.sample(range(len(counts)), len(counts))
    chains = [jump_chain(counts), jump_chain(counts[np.ix_(order, order)])]
    assert chains[0].coverage == pytest.approx(chains[1].coverage, nan_ok=True)
    assert chains[0].n_closed_classes == chains[1].n_closed_classes


def test_nothing_to_tell():
    for counts in (np.zeros((0, 0), np.int64), np.zeros((3, 3), np.int64)):
        found = jump_chain(counts)
        assert not found.members.size and np.isnan(found.coverage) and not found.recurrent
    found = jump_chain(np.array([[0, 1, 0], [0, 0, 1], [0, 0, 0]]))  # no state was visited again
    assert found.coverage == 0 and not found.members.size and found.matrix.shape == (0, 0)
    assert stationary_distribution(found.matrix).shape == (0,) and period(found.matrix) == 0
    for value in (mixing_time, relaxation_time, entropy_rate):
        assert math.isnan(value(found.matrix))
    assert math.isnan(entropy_rate_per_second(found.matrix, 1.0))


def test_a_single_state():
    one = np.ones((1, 1))
    assert mixing_time(one) == entropy_rate(one) == 0
    assert math.isnan(relaxation_time(one))


def test_what_has_no_single_stationary_distribution_is_refused():
    with pytest.raises(ValueError, match="2 strongly connected classes"):
        stationary_distribution(np.eye(2))
    with pytest.raises(ValueError, match="2 strongly connected classes"):
        mixing_time(np.array([[0.5, 0.5], [0.0, 1.0]]))
    with pytest.raises(ValueError, match="do not sum to 1"):
        stationary_distribution(np.array([[0.0, 1.0], [np.nan, np.nan]]))
