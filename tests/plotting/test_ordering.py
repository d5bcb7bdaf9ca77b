from __future__ import annotations

from itertools import groupby, permutations

import numpy as np
import pytest

from neuro_mod.plotting.analysis.transition_matrix import transition_order


def blocks(sizes, within=0.2, between=0.001):
    of_state = np.repeat(np.arange(len(sizes)), sizes)
    probabilities = np.where(of_state == of_state[:, None], within, between)
    np.fill_diagonal(probabilities, 0)
    return probabilities, of_state


@pytest.mark.parametrize("seed", range(5))
def test_a_shuffled_block_matrix_comes_back_as_blocks(seed):
    rng = np.random.default_rng(seed)
    probabilities, of_state = blocks([4, 3, 6, 2])
    shuffled = rng.permutation(len(of_state))
    noisy = (probabilities * rng.uniform(0.5, 1.5, probabilities.shape))[np.ix_(shuffled, shuffled)]
    order = transition_order(noisy)
    assert sorted(order) == list(range(15))
    assert len(list(groupby(of_state[shuffled[order]]))) == 4


def test_one_way_transitions_join_too():
    probabilities = np.zeros((4, 4))
    probabilities[0, 2] = probabilities[3, 1] = 1.0
    order = transition_order(probabilities).tolist()
    assert {frozenset(order[:2]), frozenset(order[2:])} == {frozenset([0, 2]), frozenset([1, 3])}


def test_neighbours_are_as_close_as_in_any_order():
    """Two pairs, joined most strongly at 1 and 2: of all 24 orders, tried one by one, the best keeps both pairs."""
    closeness = np.array([[0, 9, 2, 1], [9, 0, 4, 3], [2, 4, 0, 8], [1, 3, 8, 0]]) / 20
    best = max(permutations(range(4)), key=lambda order: sum(closeness[order[i], order[i + 1]] for i in range(3)))
    assert tuple(transition_order(closeness)) in (best, best[::-1])


def test_states_that_are_never_left_keep_their_place_beside_where_they_are_entered_from():
    probabilities = np.array([[0, 0.1, 0.1, 0.8], [0.9, 0, 0.1, 0], [0.1, 0.9, 0, 0], [np.nan] * 4])
    order = transition_order(probabilities).tolist()
    assert abs(order.index(3) - order.index(0)) == 1


@pytest.mark.parametrize("n", [0, 1, 2, 3, 30])
def test_without_a_transition_all_states_are_there(n):
    for nothing in (0.0, np.nan):
        assert sorted(transition_order(np.full((n, n), nothing))) == list(range(n))


def test_bad_arguments():
    with pytest.raises(ValueError, match=r"shape \(2, 3\) found; expected \(2, 2\)"):
        transition_order(np.zeros((2, 3)))
    for wrong in (-0.1, np.inf):
        with pytest.raises(ValueError, match="negative or infinite entries"):
            transition_order(np.full((3, 3), wrong))
