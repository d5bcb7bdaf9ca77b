from __future__ import annotations

import itertools

import numpy as np
import pytest

from neuro_mod.core.mean_field.core import clusters
from neuro_mod.core.mean_field.core.rate_equations import RateEquations
from neuro_mod.populations import Populations
from tests.helpers.mean_fields import field_of
from tests.helpers.shared import SMALL

FOUR = Populations(4, (10, 5), (8, 6))


def state(excitatory, inhibitory=None):
    inhibitory = [rate / 2 for rate in excitatory] if inhibitory is None else inhibitory
    return np.array([*excitatory, 3.0, *inhibitory, 7.0])


def test_clusters_without_perturbation_are_interchangeable():
    field = field_of(SMALL)
    assert clusters.interchangeable(field.coefficients, field.populations).tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("vector", "expected"),
    [([1, 0, 0], [0, 1, 1]), ([1, 2, 1], [0, 1, 0]), ([1, 2, 3], [0, 1, 2]), ([2, 2, 2], [0] * 3)],
)
@pytest.mark.parametrize("target", ["rate", "threshold", "j_baseline", "tau_membrane"])
def test_a_perturbation_tells_clusters_apart(target, vector, expected):
    block = f"{{vectors: [{vector}], involved_clusters: [[0, 1, 2]], params: [0.001]}}"
    field = field_of(SMALL, f"perturbation.{target}={block}")
    assert clusters.interchangeable(field.coefficients, field.populations).tolist() == expected


@pytest.mark.parametrize("classes", [[0, 0, 0, 0], [0, 1, 0, 1], [0, 1, 2, 3], [0, 1, 1, 1]])
@pytest.mark.parametrize("excitatory", [[1, 2, 3, 4], [5, 5, 5, 5], [9, 1, 9, 1], [2, 2, 2, 8]])
def test_images_against_all_permutations(classes, excitatory):
    """Brute force over the 24 permutations of four clusters."""
    classes, rates = np.array(classes), state(excitatory)
    images = {
        tuple(rates[clusters.of_clusters(order, FOUR)])
        for order in itertools.permutations(range(4))
        if (classes[list(order)] == classes).all()
    }
    assert clusters.multiplicity(rates, classes, FOUR) == len(images)
    canonical = {tuple(clusters.canonical(np.array(image), classes, FOUR)) for image in images}
    assert len(canonical) == 1 and canonical <= images
    first = next(iter(canonical))
    for each in np.unique(classes):
        assert (np.diff(np.array(first)[:4][classes == each]) <= 0).all()


def test_clusters_that_differ_in_their_inhibitory_rates_alone():
    rates = state([5, 5, 5, 5], [1, 2, 1, 1])
    assert clusters.multiplicity(rates, np.zeros(4, int), FOUR) == 4
    assert clusters.lumping(rates, np.zeros(4, int), FOUR).tolist() == [0, 1, 0, 0, 2, 3, 4, 3, 3, 5]


@pytest.mark.parametrize(
    ("excitatory", "classes", "active"),
    [
        ([40, 5, 5, 5], [0, 0, 0, 0], (0,)),
        ([5, 40, 5, 41], [0, 0, 0, 0], (1, 3)),
        ([8, 8, 8, 8], [0, 0, 0, 0], ()),
        ([8.1, 8, 8, 8], [0, 0, 0, 0], (0,)),  # a broken symmetry, however little
        ([8.1, 8, 8, 8], [0, 1, 1, 1], ()),  # a cluster that has other parameters
        ([40, 8, 8, 8], [0, 1, 1, 1], (0,)),
        ([40, 20, 5, 5], [0, 0, 0, 0], (0,)),
    ],
)
def test_active_clusters(excitatory, classes, active):
    assert clusters.active_clusters(state(excitatory), np.array(classes), FOUR) == active


def test_lumped_field_has_the_states_of_the_whole():
    """Rates equal within groups: the small system gives the same responses."""
    field = field_of(SMALL)
    groups = clusters.partition(np.array([True, False, False]))
    assert groups.tolist() == [0, 1, 1, 2, 3, 4, 4, 5]
    small = RateEquations(field.coefficients.lumped(groups))
    nu = np.random.default_rng(1).uniform(1, 30, 6)
    np.testing.assert_allclose(small.equations(nu)[groups], field.equations(nu[groups]), rtol=1e-12)


def test_mean_over_permutations():
    """Against the mean over all six permutations of three clusters."""
    field = field_of(SMALL, "perturbation.rate={vectors: [[1, 2, 4]], involved_clusters: [[0, 1, 2]], params: [0.5]}")
    populations, coefficients = field.populations, field.coefficients
    flat = [
        coefficients.reordered(clusters.of_clusters(order, populations)).flat()
        for order in itertools.permutations(range(3))
    ]
    symmetric = clusters.symmetrized(coefficients, populations)
    np.testing.assert_allclose(symmetric.flat(), np.mean(flat, axis=0), rtol=1e-12)
    assert clusters.interchangeable(symmetric, populations).tolist() == [0, 0, 0]


@pytest.mark.parametrize("classes", [[0, 0, 0, 0], [0, 1, 0, 1], [0, 1, 2, 3]])
def test_placements_are_one_of_each_set_of_images(classes):
    classes = np.array(classes)
    masks = [mask for n in range(5) for mask in clusters.all_placements(n, classes)]
    assert len(masks) == clusters.n_placements(classes)
    counted = {tuple(np.bincount(classes, mask, minlength=4)) for mask in masks}
    assert len(counted) == len(masks)


def test_drawn_placements():
    drawn = list(clusters.drawn_placements(2, 6, 20, seed=3))
    assert all(mask.sum() == 2 for mask in drawn) and len({tuple(mask) for mask in drawn}) > 5
    assert np.array_equal(drawn[:10], list(clusters.drawn_placements(2, 6, 10, seed=3)))


def test_placed_state():
    rates = state([40, 41, 1, 2])
    there = clusters.placed(rates, np.array([False, True, False, True]), FOUR)
    assert there.tolist() == [1, 40, 2, 41, 3, 0.5, 20, 1, 20.5, 7]
