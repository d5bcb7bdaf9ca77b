"""Drawn vectors of a given norm, and orthogonal ones."""

from __future__ import annotations

import numpy as np
import pytest

from neuro_mod import VectorialPerturbation
from neuro_mod.errors import InputError

ORDERS = {"l1": 1, "l2": 2, "linf": np.inf}
#: Rounding of unit vectors of 18 entries.
ROUNDING = 1e-14


def drawn(n=5, seed=3, **options):
    return VectorialPerturbation(
        **{"n_vectors": n, "length": 38, "involved_clusters": range(18), "seed": seed} | options
    ).basis


@pytest.mark.parametrize("structured", [True, False])
@pytest.mark.parametrize("norm", ORDERS)
def test_a_norm_scales_each_vector_to_one(norm, structured):
    plain, scaled = drawn(structured=structured), drawn(structured=structured, norm=norm)
    np.testing.assert_allclose(scaled, plain / np.linalg.norm(plain, ORDERS[norm], axis=1)[:, None], rtol=ROUNDING)


@pytest.mark.parametrize("structured", [True, False])
def test_orthogonal_vectors_are_those_of_a_decomposition(structured):
    plain, found = drawn(18, structured=structured), drawn(18, structured=structured, orthogonal=True)
    q, r = np.linalg.qr(plain[:, :18].T)
    expected = (q * np.sign(np.diag(r))).T * np.linalg.norm(plain, axis=1)[:, None]  # they keep their length
    # these 18 vectors have a condition number below 1e3
    np.testing.assert_allclose(found[:, :18], expected, atol=1e-12)
    assert not found[:, 18:].any()


@pytest.mark.parametrize("options", [{}, {"norm": "linf"}, {"norm": "l1", "structured": False}])
def test_a_vector_depends_on_none_after_it(options):
    options |= {"orthogonal": True}
    many = drawn(12, **options)
    np.testing.assert_array_equal(drawn(4, **options), many[:4])
    np.testing.assert_array_equal(drawn(2, first=7, **options), many[7:9])
    products = many @ many.T
    assert np.abs(products - np.diag(np.diag(products))).max() < ROUNDING * products.max()


def test_signs_that_depend_on_earlier_ones_are_drawn_again():
    for seed in range(20):  # half of them begin with two equal or opposite vectors
        a, b = drawn(2, seed, length=2, involved_clusters=None, orthogonal=True)
        np.testing.assert_allclose([a @ b, a @ a, b @ b], [0, 2, 2], atol=1e-12)


def test_vectors_on_other_populations_are_orthogonal_anyway():
    lists = [[0, 1], [2, 3, 4], [1, 0]]
    found = drawn(None, involved_clusters=lists, orthogonal=True, norm="l2")
    np.testing.assert_allclose(found @ found.T, np.eye(3), atol=ROUNDING)
    assert [np.flatnonzero(vector).tolist() for vector in found] == [[0, 1], [2, 3, 4], [0, 1]]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"norm": "l3"}, 'norm: "l3" found; expected one of l1, l2, linf'),
        ({"norm": "l2", "structured": False, "sigma": 0.0}, "norm: a vector whose entries are all 0"),
        ({"n": 19, "orthogonal": True}, "orthogonal: 19 vectors on 18 populations found; expected at most 18"),
        ({"n": 1, "first": 18, "orthogonal": True}, "orthogonal: 19 vectors on 18 populations"),
        ({"n": None, "involved_clusters": [[0, 1], [1, 2]], "orthogonal": True}, "overlap in part"),
        ({"n": None, "involved_clusters": [[0, 1], [2, 3]], "orthogonal": True, "first": 1}, "expected one list"),
        ({"n": 2, "balance": 1.0, "orthogonal": True}, "100 draws of vector 1 are 0 or depend on the vectors before"),
        ({"first": -1}, "first: -1 found"),
        ({"first": 1, "seed": None, "rng": np.random.default_rng(1)}, "first, rng: both found"),
    ],
)
def test_what_cannot_be_drawn(options, said):
    with pytest.raises(InputError, match=said):
        drawn(**options)


@pytest.mark.parametrize("option", [{"norm": "l2"}, {"orthogonal": True}, {"first": 2}])
def test_given_vectors_are_not_changed(option):
    with pytest.raises(InputError, match="norm, orthogonal, first: found beside vectors"):
        VectorialPerturbation([1.0, 2.0], **option)
