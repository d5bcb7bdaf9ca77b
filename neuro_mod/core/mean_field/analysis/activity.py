"""States in a few numbers: mean rates of active clusters, of other clusters, and of the backgrounds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.populations import Populations


def rates_by_activity(
    rates: NDArray[np.float64], active: Sequence[int], populations: Populations
) -> dict[str, float | None]:
    """Mean rates in Hz of the neurons of each group.

    Args:
        rates: Rates of the populations in Hz, shape ``(P,)``.
        active: Active clusters.
        populations: The layout of cluster space.

    Returns:
        ``E active``, ``E inactive``, ``E background``, and likewise I; None where there are no such neurons.
    """
    means: dict[str, float | None] = {}
    in_active = np.isin(populations.cluster_index, np.asarray(active, np.int64))
    background = populations.cluster_index < 0
    for kind, letter in enumerate("EI"):
        for name, members in (
            ("active", in_active),
            ("inactive", ~in_active & ~background),
            ("background", background),
        ):
            weights = populations.sizes * (members & (populations.types == kind))
            means[f"{letter} {name}"] = float(weights @ rates / weights.sum()) if weights.sum() else None
    return means
