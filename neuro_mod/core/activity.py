"""Groups of populations: those of active clusters, those of other clusters, and the backgrounds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuro_mod.populations import Populations


def members_by_activity(active: NDArray[np.bool_], populations: Populations) -> dict[str, NDArray[np.bool_]]:
    """The populations of each group.

    Args:
        active: Which clusters are active, shape ``(..., p)``.
        populations: The layout of cluster space, P populations.

    Returns:
        ``E active``, ``E inactive``, ``E background``, and likewise I; shape ``(..., P)`` each.
    """
    none = np.zeros((*active.shape[:-1], 1), bool)
    in_active = np.concatenate([active, none, active, none], axis=-1)
    background = np.broadcast_to(populations.cluster_index < 0, in_active.shape)
    places = {"active": in_active, "inactive": ~in_active & ~background, "background": background}
    return {
        f"{letter} {place}": members & (populations.types == kind)
        for kind, letter in enumerate("EI")
        for place, members in places.items()
    }
