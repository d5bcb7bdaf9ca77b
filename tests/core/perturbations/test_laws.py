"""Laws that every kind of perturbation obeys, and what each kind adds to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.linalg import circulant

from neuro_mod.core.perturbations import CirculantPerturbation, VectorialPerturbation
from neuro_mod.populations import Populations

LAYOUT = Populations(4, (5, 2), (3, 2))  # E 0..3, E background 4, I 5..8, I background 9
P = LAYOUT.total
E_CLUSTERS, I_CLUSTERS = range(4), range(5, 9)


@dataclass(frozen=True)
class Kind:
    """How to make one, and where its elements may differ from zero."""

    make: Callable[..., VectorialPerturbation | CirculantPerturbation]
    involved: list[list]  # for each element its populations, or pairs (post, pre)
    drawn: bool


def vectorial(involved, n=None, **options):
    return lambda **seed: VectorialPerturbation(
        length=P, n_vectors=n, involved_clusters=involved, **(options | (seed or {"seed": 3}))
    )


def explicit(*vectors, **options):
    return lambda **_: VectorialPerturbation(*vectors, **options)


def given_weights(*given, **options):
    return lambda **_: CirculantPerturbation(*given, populations=LAYOUT, **options)


def of_weights(*given, **options):
    return lambda **seed: CirculantPerturbation(*given, populations=LAYOUT, **(options | (seed or {"seed": 3})))


def pairs(clusters):
    """Pairs (post, pre) that alpha and beta may touch."""
    return [
        [(post, pre) for post in clusters for pre in clusters],
        [(post, pre + 5) for post in clusters for pre in clusters],
    ]


EVERYWHERE = list(range(P))
KINDS = {
    "given, lists of their own": Kind(
        explicit([1.0, -2.0], [0.5], [3.0, 1.0, 2.0], length=P, involved_clusters=[[1, 9], [4], [8, 0, 3]]),
        [[1, 9], [4], [0, 3, 8]],
        drawn=False,
    ),
    "given, one list": Kind(
        explicit([1.0, -2.0], [0.5, 7.0], length=P, involved_clusters=[6, 2]), [[2, 6]] * 2, drawn=False
    ),
    "given, everywhere": Kind(explicit(np.arange(P), np.ones(P)), [EVERYWHERE] * 2, drawn=False),
    "signs, lists of their own": Kind(vectorial([[1, 9], [4, 5, 6], [8, 0]]), [[1, 9], [4, 5, 6], [0, 8]], True),
    "signs, one list": Kind(vectorial([7, 1, 2, 0], n=3), [[0, 1, 2, 7]] * 3, True),
    "signs, everywhere": Kind(vectorial(None, n=2), [EVERYWHERE] * 2, True),
    "normal, lists of their own": Kind(vectorial([[1, 9], [4], [8, 0]], structured=False), [[1, 9], [4], [0, 8]], True),
    "normal, one list": Kind(vectorial([7, 1], n=3, structured=False, mean=2.0, sigma=0.3), [[1, 7]] * 3, True),
    "normal, everywhere": Kind(vectorial(None, n=4, structured=False), [EVERYWHERE] * 4, True),
    "circulant, given": Kind(given_weights([1, 2, 3, 4], [5, 6, 7, 8]), pairs(E_CLUSTERS), False),
    "circulant, given for some": Kind(
        given_weights([1, 2, 3], [5, 6, 7], involved_clusters=[3, 0, 2]), pairs([0, 2, 3]), False
    ),
    "circulant, signs": Kind(of_weights(), pairs(E_CLUSTERS), True),
    "circulant, normal": Kind(of_weights(structured=False, sigma=2.0), pairs(E_CLUSTERS), True),
}  # fmt: skip
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
drawn_kinds = pytest.mark.parametrize("kind", [kind for kind in KINDS.values() if kind.drawn])


@every_kind
def test_the_basis_comes_out_of_unit_coefficients(kind):
    perturbation = kind.make()
    for index, coefficients in enumerate(np.eye(len(kind.involved))):
        np.testing.assert_array_equal(perturbation.get_perturbation(*coefficients), perturbation.basis[index])


@every_kind
def test_linear_in_the_coefficients(kind):
    rng = np.random.default_rng(1)
    perturbation, n = kind.make(), len(kind.involved)
    one, other = rng.normal(size=(2, n))
    mixed = perturbation.get_perturbation(*(2.5 * one - 0.75 * other))
    apart = 2.5 * perturbation.get_perturbation(*one) - 0.75 * perturbation.get_perturbation(*other)
    np.testing.assert_allclose(mixed, apart, rtol=0, atol=1e-13)  # sums of ten products, each below 100
    assert np.abs(mixed).max() > 0.01
    assert not perturbation.get_perturbation(*np.zeros(n)).any()


@every_kind
def test_coefficients_over_time_are_column_by_column(kind):
    rng = np.random.default_rng(2)
    perturbation, n = kind.make(), len(kind.involved)
    in_time = list(rng.normal(size=(n, 7)))
    in_time[0] = 0.5  # a number stays the same all the time
    found = perturbation.get_perturbation(*in_time)
    assert found.shape == (*perturbation.basis.shape[1:], 7)
    for step in range(7):
        column = [np.broadcast_to(coefficient, 7)[step] for coefficient in in_time]
        np.testing.assert_allclose(found[..., step], perturbation.get_perturbation(*column), rtol=0, atol=1e-13)
    assert np.ptp(found, axis=-1).max() > 0


@every_kind
def test_zero_outside_the_involved_populations_and_not_within(kind):
    basis = kind.make().basis
    assert len(basis) == len(kind.involved)
    for element, involved in zip(basis, kind.involved, strict=True):
        nonzero = [index if element.ndim > 1 else index[0] for index in map(tuple, np.argwhere(element).tolist())]
        allowed = sorted(involved)
        if kind.drawn:
            assert nonzero == allowed
        assert set(nonzero) <= set(allowed) and nonzero


@drawn_kinds
def test_a_seed_gives_the_same_again_and_another_seed_another(kind):
    once, again, other = (kind.make(seed=seed).basis for seed in (11, 11, 12))
    np.testing.assert_array_equal(once, again)
    assert (once != other).any()
    assert any((kind.make(seed=seed).basis[0] != once[0]).any() for seed in range(4))


@drawn_kinds
def test_a_generator_draws_and_moves_on(kind):
    np.random.seed(5)  # noqa: NPY002 -- the global generator must not matter
    rng = np.random.default_rng(7)
    first, second = kind.make(rng=rng, seed=None).basis, kind.make(rng=rng, seed=None).basis
    np.random.seed(6)  # noqa: NPY002
    np.testing.assert_array_equal(first, kind.make(rng=np.random.default_rng(7), seed=None).basis)
    later = [kind.make(rng=rng, seed=None).basis for _ in range(3)]
    assert any((first != each).any() for each in (second, *later))


@every_kind
@pytest.mark.parametrize("wrong", [-1, 1])
def test_a_coefficient_for_each_element(kind, wrong):
    n = len(kind.involved)
    with pytest.raises(ValueError, match=f"coefficients: {n + wrong} found; expected {n}"):
        kind.make().get_perturbation(*[1.0] * (n + wrong))


@every_kind
@pytest.mark.parametrize("bad", [lambda n: [np.ones(k + 2) for k in range(n)], lambda n: [np.ones((2, 2))] * n])
def test_coefficients_over_time_are_of_one_length(kind, bad):
    with pytest.raises(ValueError, match=r"shapes \(.* found; expected numbers, or arrays \(T,\) of one length"):
        kind.make().get_perturbation(*bad(len(kind.involved)))


def test_given_vectors_by_hand():
    perturbation = VectorialPerturbation([1, 1, -1], [-1, 1, 1], length=6, involved_clusters=[[0, 1, 2], [5, 1, 3]])
    assert perturbation.get_perturbation(0.5, 2.0).tolist() == [0.5, 2.5, -0.5, 2.0, 0.0, -2.0]
    assert perturbation.length == 6


def test_a_list_is_read_in_its_order():
    perturbation = VectorialPerturbation([1.0, 2.0, 3.0], length=5, involved_clusters=[4, 0, 2])
    assert perturbation.basis.tolist() == [[2.0, 0.0, 3.0, 0.0, 1.0]]


@pytest.mark.parametrize("options", [{}, {"structured": False}], ids=["signs", "normal"])
def test_a_vector_does_not_depend_on_the_others(options):
    few, many = (VectorialPerturbation(n_vectors=n, length=40, seed=9, **options).basis for n in (2, 6))
    np.testing.assert_array_equal(few, many[:2])
    mixed = VectorialPerturbation(length=40, involved_clusters=[[3], list(range(40))], seed=9, **options).basis
    np.testing.assert_array_equal(mixed[1], many[1])
    assert len({tuple(vector) for vector in many.tolist()}) == 6


@pytest.mark.parametrize("structured", [True, False])
def test_alpha_and_beta_are_drawn_independently_of_each_other(structured):
    layout = Populations(30, (2, 1), (1, 1))
    both, alpha, beta = (
        CirculantPerturbation(*given, populations=layout, seed=4, structured=structured).basis
        for given in ((None, None), (None, np.ones(30)), (np.ones(30), None))
    )
    np.testing.assert_array_equal(both[0], alpha[0])
    np.testing.assert_array_equal(both[1], beta[1])
    assert (both[0][0, :30] != both[1][0, 31:61]).any()


@pytest.mark.parametrize(
    "source", [lambda: {"seed": 1}, lambda: {"rng": np.random.default_rng(1)}], ids=["seed", "rng"]
)
@pytest.mark.parametrize("balance", [0.0, 0.2, 0.5, 1.0])
def test_balance_is_the_fraction_of_plus_one(balance, source):
    entries = VectorialPerturbation(n_vectors=4, length=2500, balance=balance, **source()).basis
    assert set(np.unique(entries)) == {-1.0, 1.0} - ({1.0} if balance == 0 else {-1.0} if balance == 1 else set())
    # 10000 draws: five standard deviations of the binomial distribution
    assert abs((entries > 0).mean() - balance) <= 5 * np.sqrt(balance * (1 - balance) / 10_000)


@pytest.mark.parametrize(
    "source", [lambda: {"seed": 1}, lambda: {"rng": np.random.default_rng(1)}], ids=["seed", "rng"]
)
def test_normal_entries_have_their_mean_and_sigma(source):
    entries = VectorialPerturbation(n_vectors=4, length=2500, structured=False, mean=-1.5, sigma=0.4, **source()).basis
    # five standard errors of mean and standard deviation of 10000 normal numbers, and the third and fourth moment
    standard = (entries.ravel() + 1.5) / 0.4
    assert abs(standard.mean()) < 5 / np.sqrt(10_000)
    assert abs(standard.std() - 1) < 5 / np.sqrt(20_000)
    assert abs((standard**3).mean()) < 5 * np.sqrt(15 / 10_000)
    assert abs((standard**4).mean() - 3) < 5 * np.sqrt(96 / 10_000)
    none = VectorialPerturbation(n_vectors=1, length=5, structured=False, mean=-1.5, sigma=0, **source()).basis
    assert none.tolist() == [[-1.5] * 5]


@pytest.mark.parametrize("clusters", [None, [0, 1, 2, 3], [2, 0, 3], [1]])
def test_circulant_blocks(clusters):
    rng = np.random.default_rng(3)
    order = list(E_CLUSTERS) if clusters is None else clusters
    alpha, beta = rng.normal(size=(2, len(order)))
    found = CirculantPerturbation(alpha, beta, populations=LAYOUT, involved_clusters=clusters).basis
    for block, values, first_sender in ((found[0], alpha, 0), (found[1], beta, 5)):
        within = block[np.ix_(order, [first_sender + cluster for cluster in order])]
        np.testing.assert_array_equal(within, circulant(values))  # SciPy's: its first column is the vector
        for row in range(1, len(order)):
            np.testing.assert_array_equal(within[row], np.roll(within[row - 1], 1))
        for post in range(P):
            for pre in range(P):
                if not (post in order and pre - first_sender in order):
                    assert block[post, pre] == 0
    combined = CirculantPerturbation(alpha, beta, populations=LAYOUT, involved_clusters=clusters)
    np.testing.assert_allclose(combined.get_perturbation(2, -3), 2 * found[0] - 3 * found[1], atol=1e-15)


def make_vectorial(*vectors, **options):
    return lambda: VectorialPerturbation(*vectors, **options)


def make_circulant(*given, **options):
    return lambda: CirculantPerturbation(*given, populations=LAYOUT, **options)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (make_vectorial([1, 2, 3], length=P, involved_clusters=[0, 1]), r"vector 0: shape \(3,\) found; expected 2"),
        (make_vectorial([1], [1, 2], length=P, involved_clusters=[[0], [1, 2, 3]]), r"vector 1: .* expected 3 finite"),
        (make_vectorial([1, 2], [1, 2, 3]), r"vector 1: shape \(3,\) found; expected 2"),
        (make_vectorial([1, 2], length=3), r"vector 0: shape \(2,\) found; expected 3"),
        (make_vectorial([[1, 2]], length=2), r"vector 0: shape \(1, 2\) found"),
        (make_vectorial([1, np.nan]), "vector 0: .* 2 finite entries"),
        (make_vectorial([1, 2], length=P, involved_clusters=[0, P]), rf"involved_clusters\[0\]: .* to {P - 1}"),
        (make_vectorial([1, 2], length=P, involved_clusters=[-1, 3]), r"involved_clusters\[0\]: .* distinct"),
        (make_vectorial([1], [1, 2], length=P, involved_clusters=[[3], [3, 3]]), r"involved_clusters\[1\]: .* dist"),
        (make_vectorial([1, 2], length=P, involved_clusters=[0.5, 1.0]), "distinct populations"),
        (make_vectorial([1, 2], length=P, involved_clusters=["E0", "E1"]), "distinct populations"),
        (make_vectorial([1], [2], length=P, involved_clusters=[[0], []]), r"involved_clusters\[1\]"),
        (make_vectorial([1], length=P, involved_clusters=[[0], [1]]), "1 vectors, 2 lists in involved_clusters found"),
        (make_vectorial([1, 2], n_vectors=2), "2 n_vectors, 1 vectors found; expected equal numbers"),
        (make_vectorial(n_vectors=0, length=P, seed=1), "0 n_vectors found; .* at least 1"),
        (make_vectorial(length=P, seed=1), "n_vectors: missing; expected vectors, n_vectors, or one list"),
        (make_vectorial(length=P, involved_clusters=[0, 1], seed=1), "n_vectors: missing"),
        (make_vectorial(n_vectors=2, seed=1), "length: missing"),
        (make_vectorial([1, 2], involved_clusters=[0, 1]), "length: missing"),
        (make_vectorial(n_vectors=2, length=P), "seed, rng: missing"),
        (make_vectorial(n_vectors=2, length=P, seed=1, rng=np.random.default_rng(1)), "rng, seed: both found"),
        (make_vectorial(n_vectors=2, length=P, seed=1, balance=1.1), "balance: 1.1 found; .* from 0 to 1"),
        (make_vectorial(n_vectors=2, length=P, seed=1, balance=np.nan), "balance: nan"),
        (make_vectorial(n_vectors=2, length=P, seed=1, structured=False, sigma=-1.0), "sigma: -1.0 .* at least 0"),
        (make_vectorial(n_vectors=2, length=P, seed=1, structured=False, mean=np.inf), "mean: inf"),
        (make_circulant([1, 2, 3], [1, 2, 3, 4]), r"alpha: shape \(3,\) found; expected 4"),
        (make_circulant([1, 2], [1, 2, 3], involved_clusters=[0, 1]), r"beta: shape \(3,\) found; expected 2"),
        (make_circulant([1, np.inf], [1, 2], involved_clusters=[0, 1]), r"alpha: .* finite"),
        (make_circulant([1, 2], [1, 2], involved_clusters=[0, 4]), "distinct clusters from 0 to 3"),
        (make_circulant([1, 2], [1, 2], involved_clusters=[1, 1]), "distinct clusters from 0 to 3"),
        (make_circulant([1, 2], [1, 2], involved_clusters=[0.5, 1.5]), "distinct clusters from 0 to 3"),
        (make_circulant([1, 2], [1, 2], involved_clusters=[0.0, 1.0]), "distinct clusters from 0 to 3"),
        (make_circulant([], [], involved_clusters=[]), "at least one cluster"),
        (make_circulant([1, 2, 3, 4]), "seed, rng: missing"),
        (make_circulant(seed=1, rng=np.random.default_rng(1)), "rng, seed: both found"),
        (make_circulant(seed=1, balance=-0.1), "balance: -0.1"),
    ],
)  # fmt: skip
def test_errors_say_what_does_not_fit(make, message):
    with pytest.raises(ValueError, match=message):
        make()
