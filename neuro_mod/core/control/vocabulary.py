"""Vocabularies: the states that a set of modes should reach, and which clusters they tell apart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from math import comb
from typing import Self

import numpy as np
from numpy.typing import NDArray

from neuro_mod.checks import whole_number
from neuro_mod.errors import InputError, invalid
from neuro_mod.summaries import ShownFields

#: States of a vocabulary, at most: their swaps are held in memory.
MAX_STATES = 100_000


@dataclass(frozen=True, eq=False, init=False, repr=False)
class Vocabulary(ShownFields):
    """States of a network, each a set of k active clusters out of C.

    Args:
        n_clusters: Number C of clusters.
        states: The active clusters of each state, in any order.

    Attributes:
        n_clusters: The same.
        states: The sorted active clusters of each state, in the given order.

    Raises:
        InputError: There are no states, one has an unknown or repeated cluster, is there twice or has another number of
            clusters than the first, or no cluster or every one is active.

    Examples:
        >>> from neuro_mod import Vocabulary
        >>> Vocabulary(4, [(0, 1), (0, 2)]).vectors
        array([[1., 1., 0., 0.],
               [1., 0., 1., 0.]])
        >>> len(Vocabulary.all_states(6, 2))
        15
    """

    n_clusters: int
    states: tuple[tuple[int, ...], ...]

    def __init__(self, n_clusters: int, states: Iterable[Iterable[int]]):
        object.__setattr__(self, "n_clusters", whole_number("n_clusters", n_clusters, 2))
        given = [list(state) for state in states]
        object.__setattr__(self, "states", tuple(tuple(sorted(state)) for state in given))
        if not 0 < len(given) <= MAX_STATES:
            raise invalid("states", len(given), f"1 to {MAX_STATES} states")
        for index, state in enumerate(given):
            _check_state(index, state, n_clusters, len(given[0]))
        seen: dict[tuple[int, ...], int] = {}
        for index, state in enumerate(self.states):
            if (first := seen.setdefault(state, index)) != index:
                raise invalid(f"states[{index}]", list(state), "each state once", f"it is states[{first}], too")
        if not 0 < self.n_active < n_clusters:
            raise invalid("states[0]", given[0], f"1 to {n_clusters - 1} active clusters of {n_clusters}")

    @classmethod
    def all_states(cls, n_clusters: int, n_active: int) -> Self:
        """All states of k out of C clusters.

        Raises:
            InputError: k is not from 1 to C - 1, or there are more than `MAX_STATES` of them.
        """
        whole_number("n_clusters", n_clusters, 2)
        whole_number("n_active", n_active, 1, n_clusters - 1, f"there are {n_clusters} clusters")
        if (n := comb(n_clusters, n_active)) > MAX_STATES:
            raise invalid("states", n, f"at most {MAX_STATES} states", f"all with {n_active} of {n_clusters} clusters")
        return cls(n_clusters, combinations(range(n_clusters), n_active))

    def __len__(self) -> int:
        return len(self.states)

    @property
    def n_active(self) -> int:
        """Number k of active clusters in each state."""
        return len(self.states[0])

    @cached_property
    def vectors(self) -> NDArray[np.float64]:
        """The states as vectors of 0 and 1, shape ``(n_states, C)``."""
        found = np.zeros((len(self), self.n_clusters))
        found[np.repeat(np.arange(len(self)), self.n_active), np.ravel(self.states)] = 1
        return found

    @cached_property
    def told_apart(self) -> NDArray[np.bool_]:
        """Whether some state has cluster i and not cluster j, shape ``(C, C)``; False on the diagonal."""
        return self.vectors.T @ (1 - self.vectors) > 0

    @property
    def uncovered(self) -> list[tuple[int, int]]:
        """Ordered pairs of clusters (i, j) of which no state has i and not j, in order."""
        missing = ~self.told_apart & ~np.eye(self.n_clusters, dtype=bool)
        return [(int(i), int(j)) for i, j in np.argwhere(missing)]

    @property
    def covers(self) -> bool:
        """Whether for every ordered pair of clusters (i, j) some state has i and not j."""
        return not self.uncovered

    @property
    def never_apart(self) -> list[tuple[int, int]]:
        """Pairs of clusters i < j that are active in the same states; no mode is needed to tell them apart."""
        uncovered = set(self.uncovered)
        return [(i, j) for i, j in sorted(uncovered) if i < j and (j, i) in uncovered]


def _check_state(index: int, state: list[int], n_clusters: int, n_active: int) -> None:
    place = f"states[{index}]"
    for cluster in state:
        if not isinstance(cluster, int | np.integer) or not 0 <= cluster < n_clusters:
            raise invalid(place, state, f"clusters from 0 to {n_clusters - 1}", f"{cluster!r} is none of them")
    if len(set(state)) < len(state):
        raise invalid(place, state, "each cluster once")
    if len(state) != n_active:
        raise InputError(
            f"{place}: {state} found; expected {n_active} active clusters, as in states[0]; the margin compares states "
            "of equal size"
        )
