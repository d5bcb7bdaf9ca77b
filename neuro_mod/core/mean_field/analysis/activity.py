"""States in a few numbers: means over active clusters, over other clusters, and over the backgrounds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.activity import members_by_activity
from neuro_mod.populations import Populations


def rates_by_activity(
    rates: NDArray[np.float64], active: Sequence[int], populations: Populations
) -> dict[str, float | None]:
    """Mean rates in Hz of the neurons of each group, or means of another property.

    Args:
        rates: Rates of the populations in Hz, shape ``(P,)``.
        active: Active clusters.
        populations: The layout of cluster space.

    Returns:
        ``E active``, ``E inactive``, ``E background``, and likewise I; None where there are no such neurons.
    """
    is_active = np.isin(np.arange(populations.n_clusters), np.asarray(active, np.int64))
    means: dict[str, float | None] = {}
    for group, members in members_by_activity(is_active, populations).items():
        weights = populations.sizes * members
        means[group] = float(weights @ rates / weights.sum()) if weights.sum() else None
    return means
