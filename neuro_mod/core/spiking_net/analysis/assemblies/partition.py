"""From a correlation matrix to the assembly of each neuron."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from neuro_mod.core.spiking_net.analysis.assemblies.grouping import grouped, silhouettes
from neuro_mod.core.spiking_net.analysis.assemblies.spectrum import loadings_of, upper_bound
from neuro_mod.recordings.layout import NO_CLUSTER

#: Chance that any of all independent neurons is taken for a member of an assembly.
_SIGNIFICANCE = 0.01
#: Least share of variance of a member, in parts of that of typical members.
_LEAST_SHARE = 0.1
#: Neurons of an assembly at least.
_LEAST_SIZE = 2


class Partition(NamedTuple):
    """Assemblies of neurons whose counts vary.

    Attributes:
        labels: Assembly of each neuron, ``NO_CLUSTER`` for none, shape ``(n_neurons,)``.
        upper_bound: Above it, eigenvalues of the correlations are significant.
        explained: Share of the variance of each neuron that significant components explain, shape ``(n_neurons,)``.
        silhouettes: Of the neurons in assemblies, NaN for others, shape ``(n_neurons,)``.
        scores: Mean silhouette by number of groups, see `grouping.grouped`.
    """

    labels: NDArray[np.int64]
    upper_bound: float
    explained: NDArray[np.float64]
    silhouettes: NDArray[np.float64]
    scores: dict[int, float]


def partition(
    correlations: NDArray[np.float64], n_bins: float, n_assemblies: int | None = None, sparseness: float = 0.0
) -> Partition:
    """Assemblies of neurons, given the correlations of their counts.

    A neuron is a point: its correlations with the m significant components, eigenvectors with an eigenvalue above
    `spectrum.upper_bound`. Members of one assembly have one direction, at different distances from the origin, as they
    have different rates. So neurons near the origin are in no assembly, and the directions of the others are grouped.
    K assemblies that compete have m = K - 1 strong components, independent ones m = K, and further weak components
    hardly change directions: the number of groups is that from 2 to m + 1 with the largest mean silhouette.

    Args:
        correlations: Finite coefficients, shape ``(n_neurons, n_neurons)``.
        n_bins: Number of independent bins.
        n_assemblies: How many assemblies there are; by default they are chosen.
        sparseness: Of the counts, see `spectrum.upper_bound`.
    """
    bound = upper_bound(len(correlations), n_bins, sparseness)
    least = 0 if n_assemblies is None else min(max(n_assemblies - 1, 1), len(correlations))
    loadings = loadings_of(correlations, bound, least)
    number = loadings.shape[1]
    labels, scores = np.full(len(correlations), NO_CLUSTER), np.full(len(correlations), np.nan)
    explained = (loadings**2).sum(axis=1)
    members = np.flatnonzero(explained > _least_explained(explained, number, n_bins))
    by_number: dict[int, float] = {}
    if len(members) >= _LEAST_SIZE:
        points = loadings[members] / np.sqrt(explained[members])[:, None]
        groups, by_number = _groups(points, n_assemblies)
        large = np.bincount(groups)[groups] >= _LEAST_SIZE
        members, points, groups = members[large], points[large], _in_order(groups[large])
        labels[members] = groups
        scores[members] = silhouettes(points, groups) if len(groups) else ()
    return Partition(labels, bound, explained, scores, by_number)


def _least_explained(explained: NDArray[np.float64], number: int, n_bins: float) -> float:
    """Share of variance that a member has at least.

    That of an independent neuron, explained by m components in n bins, has a beta distribution (as R² has). In long
    recordings tiny shares are significant, too; so a member has also a tenth of the share of typical members, the mean
    weighted by the shares themselves, which any number of neurons without a share leaves as it is.
    """
    if not number or n_bins <= number + 1:
        return 1.0
    chance = stats.beta.isf(_SIGNIFICANCE / len(explained), number / 2, (n_bins - 1 - number) / 2)
    return max(float(chance), _LEAST_SHARE * float((explained**2).sum() / explained.sum()))


def _groups(points: NDArray[np.float64], n_assemblies: int | None) -> tuple[NDArray[np.int64], dict[int, float]]:
    """Group of each direction, and mean silhouettes; along a single component there are only two directions."""
    if n_assemblies == 1 or (n_assemblies is None and points.shape[1] == 1):
        signs = (points[:, 0] < 0).astype(np.int64) * (n_assemblies is None)
        return np.unique(signs, return_inverse=True)[1].astype(np.int64), {}
    numbers = range(2, points.shape[1] + 2) if n_assemblies is None else (n_assemblies,)
    return grouped(points, [number for number in numbers if number <= len(points)] or [len(points)])


def _in_order(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """The same groups, numbered in the order of their first members."""
    _, first, group = np.unique(groups, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[group].astype(np.int64)
