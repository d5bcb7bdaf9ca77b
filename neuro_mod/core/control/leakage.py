"""Leakage: which other states gain while one is driven, by what they share with it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.control.state_sets import seen_states

#: Roles of states, given the driven one of k clusters.
ROLES = (
    "the state itself",
    "its clusters and more",
    "all but one of its clusters",
    "some of its clusters",
    "none of its clusters",
    "nothing active",
)


def roles_of(active: NDArray[np.bool_], members: Sequence[int]) -> NDArray[np.int64]:
    """Role of the state in each bin, an index into `ROLES`.

    States with all but one of the clusters may have others beside them. A state of one cluster has neither that role
    nor "some".

    Args:
        active: Whether each cluster is active in each bin, shape ``(n_bins, C)``.
        members: Clusters of the driven state.
    """
    shared, total = active[:, list(members)].sum(axis=1), active.sum(axis=1)
    k = len(members)
    conditions = [
        total == 0,
        (shared == k) & (total == k),
        shared == k,
        shared == 0,
        shared == k - 1,
    ]
    return np.select(conditions, [5, 0, 1, 4, 2], default=3)


def shares_of_roles(active: NDArray[np.bool_], members: Sequence[int]) -> NDArray[np.float64]:
    """Share of the time in each of the `ROLES`, shape ``(6,)``."""
    return np.bincount(roles_of(active, members), minlength=len(ROLES)) / max(len(active), 1)


def n_states(active: Sequence[NDArray[np.bool_]], least: float) -> int:
    """Number of states with at least this share of the time of all trials; "nothing active" is none."""
    return sum(bool(state.members) and state.share >= least for state in seen_states(active))
