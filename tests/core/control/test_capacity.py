"""Margins against closed forms, the program without its short cuts, and the definitions written out."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from neuro_mod.core.control.capacity import capacity, closed_form
from neuro_mod.core.control.covering import covering_vocabulary, fewest_states
from neuro_mod.core.control.modes import projector_of, random_modes
from neuro_mod.core.control.semidefinite import relaxed_projector
from neuro_mod.core.control.swaps import Differences, noise_shares, response_differences, state_differences, swaps_of
from neuro_mod.core.control.vocabulary import Vocabulary
from neuro_mod.core.random import Stream
from neuro_mod.errors import InputError

#: The solver stops at a relative gap of 1e-8.
SOLVED = 1e-6


@pytest.fixture(autouse=True)
def one_thread():
    """As in `capacity`: on a busy machine, threads for small matrices wait for each other."""
    with threadpool_limits(1):
        yield


def differences_of(vocabulary):
    return state_differences(vocabulary, swaps_of(vocabulary))


def obvious_differences(vocabulary):
    """One vector for each pair of states that differ by one swap, by comparing all pairs."""
    pairs = combinations(vocabulary.vectors, 2)
    swapped = [a - b for a, b in pairs if np.abs(a - b).sum() == 2]
    return np.array(swapped) / np.sqrt(vocabulary.n_active)


def some_states(n_clusters, n_active, n_states, seed):
    states = list(combinations(range(n_clusters), n_active))
    return Vocabulary(n_clusters, [states[i] for i in np.random.default_rng(seed).permutation(len(states))[:n_states]])


@pytest.mark.parametrize(("n_clusters", "n_active"), [(6, 2), (8, 3), (18, 3)])
def test_optimum_of_all_states_is_the_closed_form(n_clusters, n_active):
    """Spec: Pi = M / (C - 1) (1 - 11' / C) is optimal, as no difference has a part along the all-ones direction."""
    differences = differences_of(Vocabulary.all_states(n_clusters, n_active))
    for n_modes in range(1, n_clusters + 1):
        found = relaxed_projector(differences, n_modes)
        values = np.linalg.eigvalsh(found)
        assert values.min() > -1e-12 and values.max() < 1 + 1e-12 and abs(values.sum() - n_modes) < 1e-9
        expected = 2 / n_active * min(1, n_modes / (n_clusters - 1))
        assert differences.margin(found) == pytest.approx(expected, rel=SOLVED)


@pytest.mark.parametrize("seed", range(3))
def test_distinct_differences_stand_for_all_pairs(seed, monkeypatch):
    """Also where differences are added to the program little by little."""
    from neuro_mod.core.control import semidefinite

    vocabulary = some_states(7, 3, 12, seed)
    obvious = obvious_differences(vocabulary)
    naive = Differences(obvious, np.arange(len(obvious)))
    differences = differences_of(vocabulary)
    assert len(differences.vectors) < len(differences.of_swap) == len(obvious)
    every = [relaxed_projector(naive, n_modes) for n_modes in (1, 3, 5)]
    short = [relaxed_projector(differences, n_modes) for n_modes in (1, 3, 5)]
    monkeypatch.setattr(semidefinite, "_FIRST", 3)
    monkeypatch.setattr(semidefinite, "_MORE", 2)
    grown = [relaxed_projector(differences, n_modes) for n_modes in (1, 3, 5)]
    for one, two, three in zip(every, short, grown, strict=True):
        expected = min(d @ one @ d for d in obvious)
        assert min(d @ two @ d for d in obvious) == pytest.approx(expected, rel=SOLVED)
        assert min(d @ three @ d for d in obvious) == pytest.approx(expected, rel=SOLVED)


def test_modes_are_orthonormal_and_within_the_bounds():
    vocabulary = some_states(8, 3, 20, 1)
    found = capacity(vocabulary, range(1, 9), n_random=20, n_starts=4)
    obvious = obvious_differences(vocabulary)
    for each in found.subspaces:
        rounded = each.rounded
        assert np.allclose(rounded.modes @ rounded.modes.T, np.eye(each.n_modes), atol=1e-12)
        of_each_pair = np.sum((obvious @ rounded.modes.T) ** 2, axis=1)
        assert rounded.margin == pytest.approx(of_each_pair.min(), rel=1e-9)
        assert max(rounded.truncated_margin, each.random.max()) <= rounded.margin + 1e-12
        assert rounded.margin <= each.optimum * (1 + SOLVED)
        assert each.isotropic == pytest.approx(2 * each.n_modes / (8 * 3)) and each.isotropic <= each.optimum + 1e-9
    optima = [each.optimum for each in found.subspaces]
    assert np.all(np.diff(optima) > -1e-9) and optima[-1] == pytest.approx(2 / 3)


@pytest.mark.parametrize(("n_clusters", "n_active"), [(6, 2), (18, 3)])
def test_rounded_modes_reach_the_best_projectors_that_are_known(n_clusters, n_active):
    """One mode: equally spaced entries. C - 2: the mode left out has the smallest range, half +, half - (Popoviciu)."""
    found = capacity(
        Vocabulary.all_states(n_clusters, n_active), [1, n_clusters - 2, n_clusters - 1, n_clusters], n_random=1
    )
    c, k = n_clusters, n_active
    best = [12 / (k * c * (c**2 - 1)), (2 - 4 / c) / k, 2 / k, 2 / k]
    for each, expected in zip(found.subspaces, best, strict=True):
        assert 0.99 * expected <= each.rounded.margin <= expected * (1 + 1e-9)


def test_a_covering_vocabulary_of_12_states():
    """Its states share at most one cluster, so that none is the competitor of another, but all of states are."""
    vocabulary = covering_vocabulary(18, 3)
    assert len(vocabulary) == fewest_states(18, 3) == 12 and vocabulary.covers
    for i in range(18):
        for j in range(18):
            assert i == j or any(i in state and j not in state for state in vocabulary.states)
    with pytest.raises(InputError, match="no two of which differ by one swap"):
        swaps_of(vocabulary)
    found = capacity(vocabulary, [4], competitors="all", n_random=1, n_starts=1)
    assert found.subspaces[0].optimum == pytest.approx(closed_form(18, 3, 4), rel=SOLVED)
    for left_out in range(12):
        fewer = Vocabulary(18, [state for index, state in enumerate(vocabulary.states) if index != left_out])
        assert not fewer.covers


@pytest.mark.parametrize(("n_clusters", "n_active"), [(6, 2), (8, 3), (5, 4), (10, 5), (7, 3), (3, 1), (30, 5)])
def test_covering_vocabularies_cover(n_clusters, n_active):
    vocabulary = covering_vocabulary(n_clusters, n_active)
    assert vocabulary.covers and vocabulary.n_active == n_active
    assert fewest_states(n_clusters, n_active) <= len(vocabulary) <= n_clusters
    if n_clusters >= n_active * (n_active + 1) / 2 and n_active > 1:
        assert len(vocabulary) == -(-2 * n_clusters // n_active)


def test_uncovered_pairs_are_named():
    vocabulary = Vocabulary(5, [(0, 1, 2), (0, 1, 3)])
    told = {(i, j) for i in range(5) for j in range(5) if any(i in s and j not in s for s in vocabulary.states)}
    assert set(vocabulary.uncovered) == {(i, j) for i in range(5) for j in range(5) if i != j} - told
    assert vocabulary.never_apart == [(0, 1)] and not vocabulary.covers


def test_responses_like_the_states_give_their_margin():
    """And responses along one vector can be told apart by that single mode."""
    vocabulary = some_states(6, 2, 9, 4)
    plain = capacity(vocabulary, [2, 4], n_random=5)
    padded = np.hstack([3.7 * vocabulary.vectors, np.zeros((9, 2))])
    measured = capacity(vocabulary, [2, 4], padded, n_random=5)
    assert measured.closed_form is None and measured.n == 8
    for one, two in zip(plain.subspaces, measured.subspaces, strict=True):
        assert two.optimum == pytest.approx(one.optimum, rel=SOLVED)
        assert two.rounded.margin == pytest.approx(one.rounded.margin, rel=0.01)  # local optima
    assert len(measured.differences.vectors) == len(plain.differences.vectors) < len(plain.swaps)
    mode = np.array([0.6, 0.0, 0.8])
    single = capacity(vocabulary, [1], np.arange(9.0)[:, None] * mode, n_random=1).subspaces[0]
    assert single.rounded.margin == pytest.approx(1) == single.optimum
    assert np.allclose(single.rounded.modes, mode, atol=1e-5)


def test_noise_shares_are_those_of_simulated_noise():
    vocabulary = Vocabulary(4, [(0, 1), (0, 2)])
    swaps, rng = swaps_of(vocabulary), np.random.default_rng(2)
    errors = np.array([[0.1, 0.2, 0.3], [0.2, 0.1, 0.4]])
    drawn = rng.normal(size=(20_000, 2, 3)) * errors
    squared = np.sum((drawn[:, 0] - drawn[:, 1]) ** 2, axis=1)
    responses = np.array([[1.0, 2, 3], [0, 2, 5]])
    (share,) = noise_shares(swaps.state, swaps.other, responses, errors)
    assert share * 5 == pytest.approx(squared.mean(), abs=4 * squared.std() / np.sqrt(20_000))


def test_directions_lie_within_the_modes():
    vocabulary = Vocabulary.all_states(6, 2)
    found = capacity(vocabulary, [3, 6], n_random=1, n_starts=2)
    three, all_modes = found.subspaces
    directions = found.directions(three)
    modes = three.rounded.modes
    assert np.allclose(np.linalg.norm(directions.vectors, axis=1), 1)
    assert np.allclose(directions.vectors @ projector_of(modes), directions.vectors)
    assert np.allclose(directions.reach, np.linalg.norm(vocabulary.vectors @ modes.T, axis=1) / np.sqrt(2))
    assert np.nanmin(directions.margins) == pytest.approx(three.rounded.margin)
    swap = found.hardest_swap(three)
    i, j = np.eye(6)[found.swaps.gained[swap]], np.eye(6)[found.swaps.lost[swap]]
    assert np.sum((modes @ (i - j)) ** 2) / 2 == pytest.approx(three.rounded.margin)
    assert np.allclose(found.directions(all_modes).vectors, vocabulary.vectors / np.sqrt(2))


def test_random_modes_have_no_preferred_direction():
    """The mean projector is (M / n) 1; its entries vary by less than 1 / sqrt(n_drawn)."""
    drawn = [projector_of(random_modes(5, 2, Stream(3, "subspace", (i,)))) for i in range(1000)]
    assert np.allclose(np.mean(drawn, axis=0), 0.4 * np.eye(5), atol=4 / np.sqrt(1000) * 0.4)


@pytest.mark.parametrize(
    ("states", "message"),
    [
        ([(0, 1), (0, 9)], r"states\[1\]: \[0, 9\] found; expected clusters from 0 to 3"),
        ([(0, 1), (2,)], r"states\[1\].*expected 2 active clusters"),
        ([(0, 1), (1, 0)], r"each state once; it is states\[0\]"),
        ([(0, 0)], "each cluster once"),
        ([], "1 to 100000 states"),
        ([(0, 1, 2, 3)], "1 to 3 active clusters of 4"),
        ([()], "1 to 3 active clusters of 4"),
    ],
)
def test_bad_states(states, message):
    with pytest.raises(InputError, match=message):
        Vocabulary(4, states)


def test_bad_arguments():
    vocabulary = Vocabulary(4, [(0, 1), (0, 2)])
    with pytest.raises(InputError, match=r"modes: 5 found; .* from 1 to 4; the space has 4 clusters"):
        capacity(vocabulary, [5])
    with pytest.raises(InputError, match="at least one number"):
        capacity(vocabulary, [])
    with pytest.raises(InputError, match="n_active: 4 found"):
        Vocabulary.all_states(4, 4)
    with pytest.raises(InputError, match="equal ones found, of the states"):
        capacity(vocabulary, [1], np.ones((2, 6)))
    with pytest.raises(InputError, match="not finite found, of state 1"):
        response_differences(vocabulary, swaps_of(vocabulary), [[1.0, 2], [np.nan, 0]])
    with pytest.raises(InputError, match=r"shape \(3, 2\) found"):
        capacity(vocabulary, [1], np.ones((3, 2)))
    with pytest.raises(InputError, match="measured responses"):
        capacity(vocabulary, [1], np.eye(4)[:2], competitors="all")


def test_without_the_solver_it_says_what_to_install(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "cvxpy", None)
    with pytest.raises(ImportError, match=r"pip install \"neuro_mod\[control\]\""):
        capacity(Vocabulary.all_states(4, 2), [1])
