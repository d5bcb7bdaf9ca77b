"""Small vocabularies that cover: for every ordered pair of clusters (i, j) a state has i and not j."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from neuro_mod.checks import whole_number
from neuro_mod.core.control.vocabulary import Vocabulary
from neuro_mod.core.random import Stream

#: Orders in which clusters are given to states, for each number of states that is tried.
_ATTEMPTS = 20


def fewest_states(n_clusters: int, n_active: int) -> int:
    """A number of states below which no vocabulary covers.

    A cluster i that is in a single state cannot be told from the others in it; so each has to be in two states, unless
    states consist of one cluster.
    """
    return -(-n_clusters * min(n_active, 2) // n_active)


def covering_vocabulary(n_clusters: int, n_active: int, seed: int = 0) -> Vocabulary:
    """A small vocabulary with full coverage: each pair of clusters is separated by some state, in both orders.

    States are nodes of a graph, and a cluster is the edge between the two states that have it: two clusters are told
    apart in both orders if no two edges join the same nodes. Such a graph with `fewest_states` nodes exists where
    C is at least k (k + 1) / 2; otherwise, and where k does not divide 2 C, there may be a few states more than needed.

    Args:
        n_clusters: Number C of clusters.
        n_active: Number k of active clusters in each state.
        seed: Root seed of the order in which clusters are tried.

    Raises:
        InputError: k is not from 1 to C - 1.

    References:
        Ramsay & Roberts 1998, "Minimal completely separating systems of k-sets": 2 C / k states are enough for large C.

    Examples:
        >>> from neuro_mod import covering_vocabulary
        >>> len(covering_vocabulary(18, 3))
        12
    """
    whole_number("n_clusters", n_clusters, 2)
    whole_number("n_active", n_active, 1, n_clusters - 1)
    for n_states in range(fewest_states(n_clusters, n_active), n_clusters):
        for attempt in range(_ATTEMPTS):
            members = _graph(n_clusters, n_active, n_states, Stream(seed, "covering", (n_states, attempt)))
            if members is not None:
                return Vocabulary(n_clusters, (np.flatnonzero(state).tolist() for state in members))
    # k successive clusters, in a circle: those without j have all other clusters
    return Vocabulary(n_clusters, (((i + np.arange(n_active)) % n_clusters).tolist() for i in range(n_clusters)))


def _graph(n_clusters: int, n_active: int, n_states: int, stream: Stream) -> NDArray[np.bool_] | None:
    """States as rows of ``(n_states, C)``, each with k clusters; None if this attempt does not cover."""
    members, joined = np.zeros((n_states, n_clusters), bool), np.zeros((n_states, n_states), bool)
    ties = stream.uniform(np.arange(n_clusters), n_states)
    for cluster in range(n_clusters):
        room = n_active - members.sum(axis=1)
        order = np.lexsort((ties[cluster], -room))
        free = ((a, b) for a, b in combinations(order[room[order] > 0].tolist(), 2) if not joined[a, b])
        edge = next(free, None)
        if edge is None:
            return None
        members[list(edge), cluster] = joined[edge] = joined[edge[::-1]] = True
    _fill(members, n_active)
    return members if (members.sum(axis=1) == n_active).all() and _covers(members) else None


def _fill(members: NDArray[np.bool_], n_active: int) -> None:
    """Add clusters to states that have fewer than k, as long as all pairs that are told apart stay so."""
    for state in members:
        for cluster in np.flatnonzero(~state):
            if state.sum() < n_active:
                state[cluster] = True
                state[cluster] = _covers(members)


def _covers(members: NDArray[np.bool_]) -> bool:
    """Whether for every ordered pair of clusters some state has one and not the other."""
    has = members.astype(np.int64)
    return bool((has.T @ (1 - has) + np.eye(members.shape[1], dtype=np.int64) > 0).all())
