"""Pooling over clusters that are alike: the response of a cluster to its own shift, and to that of another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.control.transforms import Pair, Transform, identity
from neuro_mod.populations import Populations

#: Populations as a cluster sees them.
RELATIONS = ("own E", "another E", "E background", "own I", "another I", "I background")


def relations(populations: Populations) -> NDArray[np.int64]:
    """How each population is related to each cluster: index into `RELATIONS`, shape ``(C, P)``."""
    background, cluster = populations.cluster_index < 0, np.arange(populations.n_clusters)[:, None]
    within = np.where(background, 2, np.where(populations.cluster_index == cluster, 0, 1))
    return within + 3 * populations.types


def pooled(populations: Populations, transform: Transform = identity) -> Transform:
    """A function of means over clusters.

    Args:
        populations: The layout of cluster space, C clusters and P populations.
        transform: The function.

    Returns:
        A function of means of C observables, one for each cluster, or of several times C, one kind after the other;
        each kind becomes one observable, and the P populations become `RELATIONS`: the response to a shift of a single
        population that is so related to the cluster.
    """
    n_clusters = populations.n_clusters
    member = relations(populations)[:, :, None] == np.arange(len(RELATIONS))
    share = member / np.maximum(member.sum(axis=1, keepdims=True), 1) / n_clusters  # a mean over pairs

    def transformed(means: NDArray[np.float64], responses: NDArray[np.float64]) -> Pair:
        of_kind = means.reshape(*means.shape[:-1], -1, n_clusters).mean(axis=-1)
        *blocks, _, n_populations = responses.shape
        by_cluster = responses.reshape(*blocks, -1, n_clusters, n_populations)
        return transform(of_kind, np.einsum("...kcp,cpr->...kr", by_cluster, share))

    return transformed
