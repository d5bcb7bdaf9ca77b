"""Searches for the steady states of a mean field."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuro_mod.checks import whole_number
from neuro_mod.core.mean_field.core import clusters
from neuro_mod.core.mean_field.core.newton import Zeros, find_or_relax, find_zeros, relax
from neuro_mod.core.mean_field.core.rate_equations import RateEquations
from neuro_mod.core.random import Stream
from neuro_mod.populations import Populations

_Array = NDArray[np.float64]

#: Uniform random starts are between 0 and this rate in Hz.
MAX_START = 60.0
#: Random starts that are spread over the orders of magnitude of rates instead: every third.
_IS_WIDE = slice(2, None, 3)
#: Range of these in Hz; the upper bound is lower where the refractory period limits the rate.
_LOWEST_WIDE, _MAX_WIDE = 1e-3, 1e4
#: Largest number of rounds in which the starts are solved again with the known states deflated.
_MAX_ROUNDS = 4
#: Number of starts in each of the small systems that symmetry leaves.
_STARTS_PER_PARTITION = 16
#: Where clusters differ, up to this number of choices of active clusters are all tried; of more, `_DRAWN` per number.
_MAX_PLACEMENTS, _DRAWN = 2000, 100
#: Number of starts that are solved at once.
_AT_ONCE = 500


class Search(NamedTuple):
    """The result of a search.

    Attributes:
        states: Rates in Hz, not all distinct, shape ``(n_states, P)``.
        description: Description of the search.
    """

    states: _Array
    description: str


def from_starts(field: RateEquations, starts: _Array) -> tuple[Zeros, Search]:
    """Solve from each start, relax from every third one, and solve again with the states found so far deflated.

    Args:
        field: The mean field.
        starts: Rates in Hz, shape ``(n_starts, P)``.
    """
    found = _in_parts(partial(find_or_relax, field.linearize), starts)
    relaxed = _in_parts(partial(relax, field.linearize), starts[_IS_WIDE])
    first = distinct(np.concatenate([each.x[each.converged] for each in (found, relaxed)]))
    states, rounds = _deflated(field, starts, first)
    description = (
        f"{found.converged.sum()} of {len(starts)} starts converged; from every third the rates relaxed; "
        f"then {_counted(rounds)} with the known states deflated"
    )
    return found, Search(states, description)


def by_active_clusters(field: RateEquations, populations: Populations, classes: NDArray[np.int64], seed: int) -> Search:
    """States with each number of active clusters.

    Interchangeable clusters have states in which the rates of all active clusters are equal, and those of all others.
    Where clusters differ, such states of the mean field averaged over all permutations of clusters are starts, placed
    on choices of active clusters.

    Args:
        field: The mean field, of more than one cluster.
        populations: The layout of cluster space.
        classes: From `clusters.interchangeable`.
        seed: Root seed of starts and drawn choices.
    """
    p, alike = populations.n_clusters, not classes.any()
    states = states_by_active_clusters(symmetric_field(field, populations, classes), populations, seed)
    description = (
        f"states with 0 to {p - 1} of {p} clusters active, from {_STARTS_PER_PARTITION} starts each, then deflated"
    )
    if alike:
        return Search(np.concatenate(list(states.values())), description)
    total = clusters.n_placements(classes)
    every = total <= _MAX_PLACEMENTS
    choices = (
        f"all {total} choices of active clusters" if every else f"up to {_DRAWN} choices of each number of clusters"
    )
    description += f"; the clusters differ: the states of the symmetric network are starts, placed on {choices}"

    def placements(n: int) -> Iterator[NDArray[np.bool_]]:
        if every:
            return clusters.all_placements(n, classes)
        return clusters.drawn_placements(n, p, _DRAWN if n else 1, seed)

    starts = [
        clusters.placed(state, active, populations)
        for n, found in states.items()
        if len(found)
        for active in placements(n)
        for state in found
    ]
    solved = _in_parts(partial(find_zeros, field.linearize), np.array(starts).reshape(-1, field.n_populations))
    return Search(solved.x[solved.converged], description)


def symmetric_field(field: RateEquations, populations: Populations, classes: NDArray[np.int64]) -> RateEquations:
    """A mean field averaged over all permutations of its clusters; itself, where all are interchangeable."""
    return RateEquations(clusters.symmetrized(field.coefficients, populations)) if classes.any() else field


def with_active_clusters(
    field: RateEquations, populations: Populations, active: Sequence[NDArray[np.bool_]], seed: int = 0
) -> list[_Array]:
    """Steady states near those of the symmetric network in which given clusters are active.

    Args:
        field: The mean field, of more than one cluster.
        populations: The layout of cluster space.
        active: Choices of active clusters, masks of shape ``(p,)``.
        seed: Root seed of starts.

    Returns:
        For each choice the rates in Hz that Newton's method finds from there, shape ``(n_states, P)``. Other clusters
        may be active in them.
    """
    classes = clusters.interchangeable(field.coefficients, populations)
    states = states_by_active_clusters(symmetric_field(field, populations, classes), populations, seed)
    found = []
    for mask in active:
        alike = states.get(int(mask.sum()), np.empty((0, field.n_populations)))
        starts = np.array([clusters.placed(state, mask, populations) for state in alike])
        solved = find_zeros(field.linearize, starts.reshape(-1, field.n_populations))
        found.append(distinct(solved.x[solved.converged]))
    return found


def share_of_placements(populations: Populations, classes: NDArray[np.int64]) -> float:
    """Share of the choices of active clusters that `by_active_clusters` tries, at most, images not counted."""
    total, p = clusters.n_placements(classes), populations.n_clusters
    return 1.0 if total <= _MAX_PLACEMENTS else (1 + (p - 1) * _DRAWN) / total


def states_by_active_clusters(field: RateEquations, populations: Populations, seed: int = 0) -> dict[int, _Array]:
    """States of interchangeable clusters in which all active clusters have equal rates, and so have all others.

    Args:
        field: The mean field, with all clusters interchangeable.
        populations: The layout of cluster space.
        seed: Root seed of the starts.

    Returns:
        By the number n of active clusters, 0 to p - 1, rates in Hz with the first n active, shape ``(n_states, P)``.
    """
    p = populations.n_clusters
    none = _states_of_groups(field, clusters.partition(np.zeros(p, bool)), seed)
    states = {0: none} | {n: np.empty((0, field.n_populations)) for n in range(1, p)}
    others_first = clusters.of_clusters(np.arange(p)[::-1], populations)
    for n in range(1, p // 2 + 1):
        both = _states_of_groups(field, clusters.partition(np.arange(p) < n), seed)
        difference = (both[:, 0] - both[:, p - 1]) / np.maximum(both[:, 0], 1.0)
        states[n] = both[difference > clusters.SAME]
        if n < p - n:
            states[p - n] = both[difference < -clusters.SAME][:, others_first]
    return states


def _states_of_groups(field: RateEquations, groups: NDArray[np.int64], seed: int) -> _Array:
    """States with equal rates within groups, shape ``(n_states, P)``."""
    lumped = RateEquations(field.coefficients.lumped(groups))
    starts = random_starts(lumped, _STARTS_PER_PARTITION, seed)
    found = find_or_relax(lumped.linearize, starts)
    return _deflated(lumped, starts, distinct(found.x[found.converged]))[0][:, groups]


def _deflated(field: RateEquations, starts: _Array, known: _Array) -> tuple[_Array, int]:
    """Distinct states, the known ones first, and the number of rounds of all starts with known states deflated.

    Rounds end when nothing new is found, or when there are as many states as starts.
    """
    for rounds in range(1, _MAX_ROUNDS + 1):
        again = _in_parts(partial(find_zeros, field.linearize, known=known), starts)
        n_known, known = len(known), distinct(np.concatenate([known, again.x[again.converged]]))
        if len(known) == n_known or len(known) >= len(starts):
            return known, rounds
    return known, _MAX_ROUNDS


def random_starts(field: RateEquations, n: int, seed: int, highest: float = MAX_START) -> _Array:
    """Rates in Hz, shape ``(n, P)``; a larger n leaves the first ones unchanged.

    Two of three starts are uniform between 0 and `highest`. Every third is log-uniform between 1e-3 Hz and the rate
    ``1 / tau_refractory`` that a population cannot exceed, or 1e4 Hz if that is lower.

    Raises:
        InputError: There are fewer than 0.
    """
    whole_number("n_starts", n, 0)
    uniform = np.asarray(Stream(seed, "mean_field_starts").uniform(np.arange(n), field.n_populations), np.float64)
    fastest = 1 / np.maximum(field.coefficients.neurons.tau_refractory, 1 / _MAX_WIDE)
    starts = highest * uniform
    starts[_IS_WIDE] = _LOWEST_WIDE * (fastest / _LOWEST_WIDE) ** uniform[_IS_WIDE]
    return starts


def distinct(states: _Array) -> _Array:
    """One of each set of states that are the same, in the order in which they were found."""
    kept = np.empty_like(states)
    n = 0
    for state in states:
        if not same_states(kept[:n], state).any():
            kept[n] = state
            n += 1
    return kept[:n]


def same_states(states: _Array, state: _Array) -> NDArray[np.bool_]:
    """Whether states are the same as another one, up to the errors of the solver.

    Args:
        states: Rates in Hz, shape ``(..., P)``.
        state: The other one in Hz, shape ``(P,)``, or one for each, shape ``(..., P)``.

    Returns:
        Shape ``(...,)``.
    """
    return np.all(np.abs(states - state) <= clusters.SAME * np.maximum(state, 1.0), axis=-1)


def _counted(rounds: int) -> str:
    return "once more" if rounds == 1 else f"{rounds} times more"


def _in_parts(solve: Callable[[_Array], Zeros], starts: _Array) -> Zeros:
    parts = [solve(starts[k : k + _AT_ONCE]) for k in range(0, max(len(starts), 1), _AT_ONCE)]
    return Zeros(*(np.concatenate(values) for values in zip(*parts, strict=True)))
