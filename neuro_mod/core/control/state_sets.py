"""States that a network was in: sets of active clusters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class SeenState(NamedTuple):
    """A state that was seen.

    Attributes:
        members: Indices of its active clusters.
        share: Part of the time.
        visits: How often it was entered, or seen at the beginning.
    """

    members: tuple[int, ...]
    share: float
    visits: int


def seen_states(active: Sequence[NDArray[np.bool_]], first: int = 0) -> list[SeenState]:
    """All states, those in which the network was longest first.

    Args:
        active: Whether each cluster is active, of each trial, shape ``(T, C)``.
        first: Bin from which on they count.
    """
    parts = [each[first:] for each in active]
    rows, code = np.unique(np.packbits(np.concatenate(parts), axis=1), axis=0, return_inverse=True)
    code = code.ravel()
    begins = np.zeros(len(code), bool)
    begins[np.cumsum([0, *map(len, parts)])[:-1]] = True
    begins[1:] |= code[1:] != code[:-1]
    shares, visits = np.bincount(code) / len(code), np.bincount(code[begins], minlength=len(rows))
    members = [np.flatnonzero(np.unpackbits(row)[: parts[0].shape[1]]) for row in rows]
    order = np.lexsort((visits, shares))[::-1]
    return [SeenState(tuple(members[k].tolist()), float(shares[k]), int(visits[k])) for k in order]


def in_states(active: NDArray[np.bool_], states: Sequence[Sequence[int]]) -> NDArray[np.float64]:
    """Whether exactly the clusters of each state are active, shape ``(T, n_states)``."""
    return (distances(active, states) == 0).astype(np.float64)


def distances(active: NDArray[np.bool_], states: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    """How many clusters would have to switch to be in each state, shape ``(T, n_states)``."""
    members = np.zeros((active.shape[1], len(states)), np.int64)
    for k, state in enumerate(states):
        members[list(state), k] = 1
    return active.sum(axis=1)[:, None] + members.sum(axis=0) - 2 * (active.astype(np.int64) @ members)
