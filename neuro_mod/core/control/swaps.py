"""Pairs of states that differ by one swap, and what has to be told apart for each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.checks import check_choice, check_shape
from neuro_mod.choices import Competitors
from neuro_mod.core.control.vocabulary import Vocabulary
from neuro_mod.errors import InputError

#: What a difference that is 0 has at most, relative to the largest one.
_ZERO = 1e-12
#: Decimals to which differences are equal.
_DECIMALS = 10


@dataclass(frozen=True, eq=False)
class Swaps:
    """Pairs of states S and S' of equal size, of which S has the cluster i in place of j.

    Each pair is listed once if both states are in the vocabulary.

    Args:
        state: Index of S in the vocabulary, shape ``(n_swaps,)``.
        other: Index of S', or -1 for a state that is not in the vocabulary, shape ``(n_swaps,)``.
        gained: Cluster i, shape ``(n_swaps,)``.
        lost: Cluster j, shape ``(n_swaps,)``.
    """

    state: NDArray[np.int64]
    other: NDArray[np.int64]
    gained: NDArray[np.int64]
    lost: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.state)


def swaps_of(vocabulary: Vocabulary, competitors: Competitors = "vocabulary") -> Swaps:
    """The pairs of states that differ by one swap.

    Args:
        vocabulary: The states.
        competitors: Which states are compared with each: those of the ``vocabulary``, or ``all`` states of equal size.

    Raises:
        InputError: No two states of the vocabulary differ by one swap, so that there is no margin.
    """
    check_choice("competitors", competitors, Competitors)
    index = {state: number for number, state in enumerate(vocabulary.states)}
    found: list[tuple[int, int, int, int]] = []
    for number, state in enumerate(vocabulary.states):
        others = [j for j in range(vocabulary.n_clusters) if j not in state]
        for i in state:
            rest = [member for member in state if member != i]
            for j in others:
                other = index.get(tuple(sorted([*rest, j])), -1)
                if other > number or (other < 0 and competitors == "all"):
                    found.append((number, other, i, j))
    if not found:
        raise InputError(
            f"states: {len(vocabulary)} state{'s' * (len(vocabulary) > 1)} found, no two of which differ by one swap; "
            "expected at least one such pair, as there is no margin otherwise; competitors all (--competitors all) "
            "compares each with every state of its size"
        )
    return Swaps(*np.array(found, np.int64).T)


@dataclass(frozen=True, eq=False)
class Differences:
    """Vectors d that modes have to reach, one for each swap; equal ones, up to their sign, are held once.

    Args:
        vectors: The distinct ones, shape ``(n_distinct, n)``.
        of_swap: Which of them belongs to each swap, shape ``(n_swaps,)``.
    """

    vectors: NDArray[np.float64]
    of_swap: NDArray[np.int64]

    def strengths(self, projector: NDArray[np.float64]) -> NDArray[np.float64]:
        """The value of d' Pi d for each distinct vector, given Pi of shape ``(n, n)``."""
        return np.sum(self.vectors @ projector * self.vectors, axis=1)

    def margin(self, projector: NDArray[np.float64]) -> float:
        """The smallest d' Pi d."""
        return float(self.strengths(projector).min())

    def state_margins(self, projector: NDArray[np.float64], swaps: Swaps, n_states: int) -> NDArray[np.float64]:
        """The smallest d' Pi d of the swaps of each state, shape ``(n_states,)``; NaN where it has none."""
        of_swaps = self.strengths(projector)[self.of_swap]
        found = np.full(n_states, np.inf)
        np.minimum.at(found, swaps.state, of_swaps)
        known = swaps.other >= 0
        np.minimum.at(found, swaps.other[known], of_swaps[known])
        return np.where(np.isinf(found), np.nan, found)


def state_differences(vocabulary: Vocabulary, swaps: Swaps) -> Differences:
    """Differences ``(x_S - x_S') / sqrt(k)`` of states as vectors of 0 and 1.

    Of each swap only the pair of clusters {i, j} matters, so that there are at most C (C - 1) / 2 distinct ones.
    """
    pairs = np.sort(np.stack([swaps.gained, swaps.lost], axis=1), axis=1)
    distinct, of_swap = np.unique(pairs, axis=0, return_inverse=True)
    vectors = np.zeros((len(distinct), vocabulary.n_clusters))
    rows = np.arange(len(distinct))
    vectors[rows, distinct[:, 0]] = 1 / np.sqrt(vocabulary.n_active)
    vectors[rows, distinct[:, 1]] = -1 / np.sqrt(vocabulary.n_active)
    return Differences(vectors, of_swap.ravel())


def response_differences(vocabulary: Vocabulary, swaps: Swaps, responses: ArrayLike) -> Differences:
    """Differences of measured responses, in place of those of vectors of 0 and 1.

    Each is scaled to the squared norm 2 / k that differences of states have, so that only its direction counts, and
    responses ``G = c x_S`` have the margin of the states themselves. Equal ones, up to their sign, are held once: those
    of clusters that respond independently of each other depend on the pair of clusters alone.

    Args:
        vocabulary: The states.
        swaps: Pairs of states of the vocabulary.
        responses: G[S, a], the response of log p(S) to a shift of each population, in 1/Hz, shape ``(n_states, P)``.

    Raises:
        InputError: The shape is another, a number is not finite, a competitor has no responses, or two states that
            differ by one swap have the same responses.
    """
    given = np.asarray(responses, np.float64)
    check_shape("responses", given, (len(vocabulary), "n_populations"))
    if not np.isfinite(given).all():
        bad = int(np.flatnonzero(~np.isfinite(given).all(axis=1))[0])
        raise InputError(f"responses: a number that is not finite found, of state {bad}; expected finite numbers")
    if (swaps.other < 0).any():
        raise InputError("competitors: all found; expected vocabulary, as only its states have measured responses")
    found = given[swaps.state] - given[swaps.other]
    norms = np.linalg.norm(found, axis=1)
    same = np.flatnonzero(norms <= _ZERO * np.abs(given).max(initial=0.0))
    if len(same):
        pair = [vocabulary.states[int(which[same[0]])] for which in (swaps.state, swaps.other)]
        raise InputError(f"responses: equal ones found, of the states {pair[0]} and {pair[1]}; expected different ones")
    signs = np.where(swaps.gained < swaps.lost, 1.0, -1.0)
    scaled = found * (signs * np.sqrt(2 / vocabulary.n_active) / norms)[:, None]
    _, first, of_swap = np.unique(scaled.round(_DECIMALS), axis=0, return_index=True, return_inverse=True)
    return Differences(scaled[first], of_swap.ravel())


def noise_shares(
    one: NDArray[np.int64], other: NDArray[np.int64], responses: ArrayLike, errors: ArrayLike
) -> NDArray[np.float64]:
    """Part of the squared norm of differences of responses that noise is expected to make.

    Near or above 1 the direction of a difference is that of the noise. Errors of different rows count as independent,
    which is too much where they come from the same runs and vary together.

    Args:
        one: First rows, shape ``(n,)``.
        other: The rows that are subtracted, shape ``(n,)``.
        responses: Shape ``(n_rows, P)``.
        errors: Their standard errors, of the same shape.

    Returns:
        Shape ``(n,)``.

    Raises:
        InputError: The shapes differ.
    """
    given, variance = np.asarray(responses, np.float64), np.asarray(errors, np.float64) ** 2
    check_shape("errors", variance, given.shape)
    squared = np.sum((given[one] - given[other]) ** 2, axis=1)
    return np.sum(variance[one] + variance[other], axis=1) / squared
