"""Block-constant synaptic weights of a clustered network, one value per pair of populations."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.populations import PATHWAYS, Populations, expand_four


def depression_factor(j_potentiated: float, n_clusters: int, f_post: float, f_pre: float) -> float:
    """Factor g of weights between different clusters that keeps the network-average weight.

    ``g = (f_a + f_b - p f_a f_b - f_a f_b J+) / (f_a + f_b - p f_a f_b - f_a f_b)``.

    Args:
        j_potentiated: Potentiation J+ within a cluster.
        n_clusters: Number p of clusters.
        f_post: Fraction of the receiving type that one cluster holds.
        f_pre: Fraction of the sending type that one cluster holds.

    Returns:
        The factor; 1 where no neuron is clustered; negative if J+ exceeds `largest_potentiation`.

    References:
        Wyrick & Mazzucato 2021; Papadopoulos et al., arXiv 2404.03902v3.
    """
    within = f_post * f_pre
    between = f_post + f_pre - n_clusters * within - within
    return 1.0 if between <= 0 else (between + within * (1 - j_potentiated)) / between


def largest_potentiation(n_clusters: int, f_post: float, f_pre: float) -> float:
    """Largest J+ whose depression factor is not negative; infinite where no neuron is clustered."""
    within = f_post * f_pre
    return (f_post + f_pre) / within - n_clusters if within else float("inf")


def depression_factors(populations: Populations, j_potentiated: ArrayLike) -> NDArray[np.float64]:
    """`depression_factor` of each pathway ``[E→E, E→I, I→E, I→I]``, shape ``(4,)``."""
    potentiation = expand_four(j_potentiated)
    fractions = [populations.type_fraction(kind) for kind in (0, 1)]
    return np.array(
        [
            depression_factor(potentiation[pathway], populations.n_clusters, fractions[post], fractions[pre])
            for pathway, (pre, post) in enumerate(np.ndindex(2, 2))
        ]
    )


def block_weights(
    populations: Populations,
    j_baseline: ArrayLike,
    j_potentiated: ArrayLike,
    *,
    depress: bool = True,
) -> NDArray[np.float64]:
    """Weights between populations, ``j_baseline / sqrt(N)`` times potentiation or depression.

    Args:
        populations: The layout.
        j_baseline: ``[E→E, E→I, I→E, I→I]``, before the division by ``sqrt(N)`` (threshold units); or one value.
        j_potentiated: Factor J+ within a cluster, in the same order.
        depress: Multiply weights between different clusters, and between clusters and backgrounds, by
            `depression_factor`; otherwise by 1.

    Returns:
        Matrix ``[post, pre]`` of shape ``(total, total)``, threshold units.
    """
    between = depression_factors(populations, j_potentiated) if depress else np.ones(len(PATHWAYS))
    background = populations.cluster_index < 0
    both_background = background[:, None] & background
    factor = np.where(
        within_cluster(populations),
        populations.expand_pathways(j_potentiated),
        np.where(both_background, 1.0, populations.expand_pathways(between)),
    )
    return populations.expand_pathways(j_baseline) * factor / np.sqrt(populations.n_neurons)


def within_cluster(populations: Populations) -> NDArray[np.bool_]:
    """Whether two populations, E or I, belong to the same cluster, shape ``(total, total)``."""
    cluster = populations.cluster_index
    return (cluster[:, None] == cluster) & (cluster >= 0)
