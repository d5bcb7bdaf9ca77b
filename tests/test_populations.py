from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuro_mod.populations import Populations, divide_into_clusters


def test_order_of_the_default_network():
    populations = divide_into_clusters(18, (1600, 400), (160, 40))
    assert populations.total == 38
    assert populations.sizes.tolist() == [80] * 18 + [160] + [20] * 18 + [40]
    assert populations.names[0] == "E0" and populations.names[18] == "E_background"
    assert populations.names[19] == "I0" and populations.names[37] == "I_background"
    assert populations.n_neurons == 2000


@given(
    st.integers(0, 6), st.tuples(st.integers(0, 9), st.integers(0, 9)), st.tuples(st.integers(0, 9), st.integers(0, 9))
)
def test_neurons_are_stored_population_by_population(n_clusters, cluster_sizes, background_sizes):
    populations = Populations(n_clusters, cluster_sizes, background_sizes)
    labels = populations.of_neuron
    assert len(labels) == populations.n_neurons
    for population in range(populations.total):
        assert set(labels[populations.slice(population)]) <= {population}
        assert len(labels[populations.slice(population)]) == populations.sizes[population]


def test_four_entries_are_pre_to_post_and_matrices_post_by_pre():
    populations = Populations(1, (1, 1), (1, 1))
    matrix = populations.expand_pathways([1, 2, 3, 4])  # E→E, E→I, I→E, I→I
    assert matrix.tolist() == [[1, 1, 3, 3], [1, 1, 3, 3], [2, 2, 4, 4], [2, 2, 4, 4]]


def test_expand():
    populations = Populations(2, (1, 1), (1, 1))
    assert populations.expand(3).tolist() == [3] * 6
    assert populations.expand([1, 2]).tolist() == [1] * 3 + [2] * 3
    assert populations.expand(range(6)).tolist() == list(range(6))
    with pytest.raises(ValueError, match="6 values"):
        populations.expand([1, 2, 3])


@pytest.mark.parametrize(
    ("arguments", "suggestion"),
    [
        ((18, (1601, 400), (160, 40)), "1600 or 1618 E neurons would; .* a background of 161 or 143 would"),
        ((18, (1600, 400), (160, 500)), "background .500. is larger"),
        ((0, (10, 10), (10, 9)), "must hold all 10 I neurons"),
    ],
)
def test_indivisible_clusters_are_refused_with_what_would_work(arguments, suggestion):
    with pytest.raises(ValueError, match=suggestion):
        divide_into_clusters(*arguments)
