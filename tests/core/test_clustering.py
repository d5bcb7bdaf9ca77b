from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.stats import binom, kstest

from neuro_mod.core.clustering.adjacency import AdjacencyBits, AdjacencyLists, draw_adjacency
from neuro_mod.core.clustering.block_weights import block_weights, depression_factors, largest_potentiation
from neuro_mod.core.random import Stream
from neuro_mod.populations import Populations, divide_into_clusters

PUBLISHED = divide_into_clusters(18, (1600, 400), (160, 40))
PROBABILITIES = [0.2, 0.5, 0.5, 0.5]
J_POTENTIATED = [15.75, 5.45, 6.25, 5]


def test_depression_of_the_published_network():
    # model description: EE 0.297619, E→I 0.788095, I→E 0.75, I→I 0.809524
    np.testing.assert_allclose(
        depression_factors(PUBLISHED, J_POTENTIATED), [0.297619, 0.788095, 0.75, 0.809524], atol=5e-7
    )


def test_weights_by_hand():
    weights = block_weights(PUBLISHED, [0.63, 0.63, -1.9, -3.8], J_POTENTIATED) * np.sqrt(2000)
    e0, e1, e_background, i0, i_background = 0, 1, 18, 19, 37
    assert weights[e0, e0] == pytest.approx(0.63 * 15.75)
    assert weights[e0, e1] == weights[e0, e_background] == weights[e_background, e0] == pytest.approx(0.63 * 0.297619)
    assert weights[e_background, e_background] == pytest.approx(0.63)
    assert weights[i0, e0] == pytest.approx(0.63 * 5.45)
    assert weights[e0, i0] == pytest.approx(-1.9 * 6.25)
    assert weights[i0, e1] == pytest.approx(0.63 * 0.788095)
    assert weights[i_background, i_background] == pytest.approx(-3.8)


def test_without_depression_only_the_clusters_stand_out():
    weights = block_weights(PUBLISHED, 1, J_POTENTIATED, depress=False) * np.sqrt(2000)
    assert set(np.round(weights, 12).ravel()) == {1, *J_POTENTIATED}


def test_depression_keeps_the_average_weight():
    # summed over the clustered senders and receivers, with one more unit for the background, as the formula has it:
    # p f_a f_b J+ pairs within clusters, and f_a + f_b - (p + 1) f_a f_b pairs with g, weigh f_a + f_b - f_a f_b p
    p, f = 18, 0.05
    for j_potentiated, g in zip(J_POTENTIATED, depression_factors(PUBLISHED, J_POTENTIATED), strict=True):
        assert f * f * j_potentiated + (2 * f - p * f * f - f * f) * g == pytest.approx(2 * f - p * f * f)


def test_largest_potentiation_is_where_depression_vanishes():
    largest = largest_potentiation(18, 0.05, 0.05)
    assert largest == pytest.approx(22)
    assert depression_factors(PUBLISHED, [largest] * 4)[0] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("populations", [Populations(2, (3, 0), (4, 5)), Populations(0, (0, 0), (3, 2))])
def test_empty_populations_divide_by_nothing(populations):
    with np.errstate(all="raise"):
        assert np.isfinite(block_weights(populations, 1, J_POTENTIATED)).all()


#: In-degree from one cluster and from the background, by (receiver is I, sender is I).
EXPECTED = {
    (False, False): (16, 32),
    (False, True): (10, 20),
    (True, False): (40, 80),
    (True, True): (10, 20),
}


@pytest.fixture(scope="module")
def matrix():
    return draw_adjacency(PUBLISHED, PUBLISHED.expand_pathways(PROBABILITIES), seed=4).dense()


def test_in_degrees_are_exact(matrix):
    for post in range(38):
        for pre in range(38):
            block = matrix[PUBLISHED.slice(post), PUBLISHED.slice(pre)]
            assert (block.sum(axis=1) == EXPECTED[post > 18, pre > 18][pre in {18, 37}]).all()


def test_nobody_projects_to_itself(matrix):
    assert not matrix.diagonal().any()


def test_partners_are_chosen_uniformly(matrix):
    # without replacement, out-degrees into a block of 20 receivers from 160 candidates are Binomial(n_post, k / n_pre)
    out_degrees = matrix[:1440, PUBLISHED.slice(18)].sum(axis=0)
    z = (out_degrees - 1440 * 0.2) / np.sqrt(1440 * 0.2 * 0.8)
    assert abs(z.mean()) < 1e-12 and 0.7 < z.std() < 1.3


def test_decimal_probabilities_are_not_rounded_down():
    populations = Populations(0, (0, 0), (100, 0))
    adjacency = draw_adjacency(populations, np.full((2, 2), 0.29), seed=1)  # 0.29 * 100 is 28.999999999999996
    assert (adjacency.dense().sum(axis=1) == 29).all()


@pytest.mark.parametrize(("probability", "degree"), [(0.0, 0), (1.0, 9)])
def test_extremes(probability, degree):
    populations = Populations(0, (0, 0), (10, 0))
    for in_degree in ("fixed", "binomial"):
        matrix = draw_adjacency(populations, np.full((2, 2), probability), seed=1, in_degree=in_degree).dense()
        assert (matrix.sum(axis=1) == degree).all() and not matrix.diagonal().any()


def test_binomial_in_degrees():
    populations = Populations(0, (0, 0), (1000, 0))
    adjacency = draw_adjacency(populations, np.full((2, 2), 0.1), seed=2, in_degree="binomial")
    degrees = adjacency.dense().sum(axis=1)
    smoothed = degrees + np.random.default_rng(0).uniform(-0.5, 0.5, len(degrees))  # ties spoil the KS test
    steps = np.arange(0, 400)
    assert kstest(smoothed, lambda x: np.interp(x, steps + 0.5, binom(999, 0.1).cdf(steps))).pvalue > 1e-3


def test_same_seed_same_network_other_seed_another():
    populations, probability = Populations(2, (20, 5), (10, 5)), np.full((6, 6), 0.3)
    first, again, other = (draw_adjacency(populations, probability, seed) for seed in (1, 1, 2))
    assert first.targets.tobytes() == again.targets.tobytes()
    assert first.targets.tobytes() != other.targets.tobytes()


def test_chunks_of_populations_do_not_matter(monkeypatch):
    populations, probability = Populations(2, (20, 5), (10, 5)), np.full((6, 6), 0.3)
    whole = draw_adjacency(populations, probability, 1)
    monkeypatch.setattr("neuro_mod.core.clustering.adjacency._CHUNK_BYTES", 100)
    assert draw_adjacency(populations, probability, 1).targets.tobytes() == whole.targets.tobytes()


@cache
def binomial_cdf(n, p):
    return binom.cdf(np.arange(n), n, p)


def slow_targets(populations, probability, seed, in_degree):
    """The definition, one connection at a time: Floyd's algorithm for each receiver and sending population."""
    n = populations.n_neurons
    connected = np.zeros((n, n), bool)  # [pre, post]
    for post, pre in np.ndindex(n, populations.total):
        size, own = populations.sizes[pre], post - populations.boundaries[pre]
        candidates = [sender for sender in range(size) if sender != own]
        p = probability[populations.of_neuron[post], pre]
        if in_degree == "fixed":
            k = min(int(np.floor(p * size + 1e-9)), len(candidates))
        else:
            uniform = Stream(seed, "in_degree", (pre,)).uniform([post], 1)[0, 0]
            k = int((binomial_cdf(len(candidates), p) <= uniform).sum())
        words, taken = Stream(seed, "adjacency", (pre,)).words([post], k)[0], set()
        for draw, word in enumerate(words.tolist()):
            last = len(candidates) - k + draw
            candidate = word * (last + 1) >> 32
            taken.add(last if candidate in taken else candidate)
        connected[[populations.boundaries[pre] + candidates[each] for each in taken], post] = True
    return [np.flatnonzero(row) for row in connected]


@pytest.mark.parametrize("in_degree", ["fixed", "binomial"])
@pytest.mark.parametrize(
    ("populations", "largest", "kind"),
    [
        pytest.param(Populations(2, (20, 5), (10, 5)), 1.0, AdjacencyBits, id="2 clusters"),
        pytest.param(Populations(3, (7, 0), (40, 1)), 1.0, AdjacencyBits, id="3 clusters"),
        pytest.param(Populations(0, (0, 0), (70, 3)), 1.0, AdjacencyBits, id="no clusters"),
        pytest.param(Populations(0, (0, 0), (1000, 60)), 0.1, AdjacencyBits, id="many receivers"),
        pytest.param(Populations(0, (0, 0), (1000, 60)), 0.02, AdjacencyLists, id="sparse"),
    ],
)
def test_connections_are_those_of_the_slow_definition(populations, largest, kind, in_degree):
    probability = np.random.default_rng(5).uniform(0, largest, (populations.total, populations.total))
    adjacency = draw_adjacency(populations, probability, 11, in_degree)
    assert type(adjacency) is kind
    expected = slow_targets(populations, probability, 11, in_degree)
    np.testing.assert_array_equal(adjacency.offsets, np.cumsum([0, *map(len, expected)]))
    np.testing.assert_array_equal(adjacency.targets, np.concatenate(expected))


@pytest.mark.parametrize(
    ("in_degree", "digest"),
    [
        ("fixed", "a7d88628877d1f074e1064beac224af914ff295779668a6eb8cbaac91433f4fa"),
        ("binomial", "3410b08e57f90f321b45712a56db8150406f2ab18481885f2945675647ab6a43"),
    ],
)
def test_connections_are_those_of_earlier_versions(in_degree, digest):
    probability = PUBLISHED.expand_pathways(PROBABILITIES)
    assert draw_adjacency(PUBLISHED, probability, 4, in_degree).digest.hex() == digest


def test_populations_beyond_the_limit_are_refused():
    with pytest.raises(ValueError, match="33554432 found; expected at most 33554431 neurons"):
        draw_adjacency(Populations(0, (0, 0), (2**25, 0)), np.zeros((2, 2)), seed=1)


def test_unknown_in_degree_lists_the_valid_ones():
    with pytest.raises(ValueError, match="fixed, binomial"):
        draw_adjacency(PUBLISHED, np.zeros((38, 38)), 1, in_degree="exact")
