"""The symmetry of a mean field and its states under permutations of clusters.

A cluster is an E and an I population. Clusters are interchangeable if swapping them leaves the field unchanged. States
that differ by such swaps are images of each other, and a state in which interchangeable clusters have equal rates is a
state of a smaller system.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.core.mean_field.core.coefficients import Coefficients, Moments
from neuro_mod.core.random import Stream
from neuro_mod.populations import Populations

_Array = NDArray[np.float64]
_Indices = NDArray[np.int64]

#: Rates that differ by less, relative to 1 Hz and more, are equal.
SAME = 1e-6
#: Smallest gap between rates of clusters, relative to the highest, that separates active from other clusters.
WIDE = 0.25
#: Relative difference below which coefficients are equal.
_ROUNDING = 1e-12


def interchangeable(coefficients: Coefficients, populations: Populations) -> _Indices:
    """Class of each cluster; clusters of a class can be swapped without changing the field, shape ``(p,)``."""
    p = populations.n_clusters
    classes = np.full(p, -1)
    flat = coefficients.flat()
    for cluster in range(p):
        for other in np.unique(classes[:cluster], return_index=True)[1]:
            order = np.arange(p)
            order[[cluster, other]] = other, cluster
            swapped = coefficients.reordered(of_clusters(order, populations)).flat()
            if np.allclose(swapped, flat, rtol=_ROUNDING, atol=0.0):
                classes[cluster] = classes[other]
                break
        else:
            classes[cluster] = classes.max() + 1
    return classes


def of_clusters(order: ArrayLike, populations: Populations) -> _Indices:
    """Order of the populations that an order of the clusters makes, shape ``(P,)`` for ``(p,)``."""
    p, order = populations.n_clusters, np.asarray(order)
    return np.concatenate([order, [p], p + 1 + order, [2 * p + 1]])


def placed(rates: _Array, active: NDArray[np.bool_], populations: Populations) -> _Array:
    """A state with the first n clusters active, with these n active instead, shape ``(P,)``."""
    order = np.empty(len(active), np.int64)
    order[np.argsort(~active, kind="stable")] = np.arange(len(active))
    return rates[of_clusters(order, populations)]


def canonical(rates: _Array, classes: _Indices, populations: Populations) -> _Array:
    """The image of a state in which rates fall within each class of clusters, shape ``(P,)``."""
    p = populations.n_clusters
    order = np.arange(p)
    for members in _members(classes):
        falling = np.lexsort((-rates[p + 1 + members], -_rounded(rates[members])))
        order[members] = members[falling]
    return rates[of_clusters(order, populations)]


def multiplicity(rates: _Array, classes: _Indices, populations: Populations) -> int:
    """Number of images of a state under swaps within classes, itself included."""
    images = 1
    for members in _members(classes):
        sizes = np.bincount(_levels(rates, members, populations))
        images *= math.factorial(len(members)) // math.prod(math.factorial(int(size)) for size in sizes)
    return images


def lumping(rates: _Array, classes: _Indices, populations: Populations) -> _Indices:
    """Groups of populations with equal rates whose clusters are interchangeable, shape ``(P,)``."""
    label = np.zeros(populations.n_clusters, np.int64)
    for number, members in enumerate(_members(classes)):
        label[members] = _levels(rates, members, populations) + number * populations.n_clusters
    label = np.unique(label, return_inverse=True)[1]
    return grouped(label)


def active_clusters(rates: _Array, classes: _Indices, populations: Populations) -> tuple[int, ...]:
    """Clusters whose E populations fire above the largest gap between E clusters.

    The gap counts if it is wider than `WIDE` of the highest rate, or if it separates interchangeable clusters, whose
    rates can only differ because the state breaks the symmetry.

    Args:
        rates: In Hz, shape ``(P,)``.
        classes: From `interchangeable`.
        populations: The layout.
    """
    excitatory = rates[: populations.n_clusters]
    if len(excitatory) < 2:
        return ()
    rising = np.argsort(excitatory, kind="stable")
    gaps = np.diff(excitatory[rising])
    below = int(gaps.argmax()) + 1
    low, high = rising[:below], rising[below:]
    parts_a_class = bool(np.isin(classes[low], classes[high]).any())
    scale = max(float(excitatory.max()), 1.0)
    if gaps.max() > WIDE * scale or (parts_a_class and gaps.max() > SAME * scale):
        return tuple(sorted(high.tolist()))
    return ()


def symmetrized(coefficients: Coefficients, populations: Populations) -> Coefficients:
    """The mean of a field over all permutations of its clusters."""
    kind = 2 * populations.types + (populations.cluster_index < 0)
    own = populations.cluster_index[:, None] == populations.cluster_index
    pair = np.unique((4 * kind[:, None] + kind) * 2 + own, return_inverse=True)[1].reshape(own.shape)

    def over_pairs(values: _Array) -> _Array:
        return (np.bincount(pair.ravel(), values.ravel()) / np.bincount(pair.ravel()))[pair]

    def over_kinds(values: _Array) -> _Array:
        return np.stack([values[..., kind == k].mean(axis=-1) for k in range(4)], axis=-1)[..., kind]

    return Coefficients(
        by_rate=Moments(*map(over_pairs, coefficients.by_rate)),
        external=Moments(*map(over_kinds, coefficients.external)),
        neurons=coefficients.neurons.map(over_kinds),
        z_weights=coefficients.z_weights,
        theory=coefficients.theory,
    )


def grouped(label: _Indices) -> _Indices:
    """Groups of populations, shape ``(P,)``, from labels 0, 1, ... of their clusters, shape ``(p,)``."""
    n = label.max(initial=-1) + 1
    return np.concatenate([label, [n], n + 1 + label, [2 * n + 1]])


def n_placements(classes: _Indices) -> int:
    """Number of choices of active clusters that are not images of each other."""
    return math.prod(len(members) + 1 for members in _members(classes))


def all_placements(n_active: int, classes: _Indices) -> Iterator[NDArray[np.bool_]]:
    """One choice of active clusters for each set of images, masks of shape ``(p,)``."""
    members = _members(classes)
    for counts in itertools.product(*(range(len(each) + 1) for each in members)):
        if sum(counts) == n_active:
            mask = np.zeros(len(classes), bool)
            for each, count in zip(members, counts, strict=True):
                mask[each[:count]] = True
            yield mask


def drawn_placements(n_active: int, n_clusters: int, n: int, seed: int) -> Iterator[NDArray[np.bool_]]:
    """Random choices of active clusters, masks of shape ``(p,)``."""
    uniform = Stream(seed, "placements", (n_active,)).uniform(np.arange(n), n_clusters)
    for row in uniform:
        mask = np.zeros(n_clusters, bool)
        mask[np.argsort(row)[:n_active]] = True
        yield mask


def partition(active: NDArray[np.bool_]) -> _Indices:
    """Groups of populations: active clusters, others, backgrounds, shape ``(P,)``."""
    return grouped(np.unique(~active, return_inverse=True)[1])


def _members(classes: _Indices) -> list[_Indices]:
    return [np.flatnonzero(classes == each) for each in np.unique(classes)]


def _levels(rates: _Array, members: _Indices, populations: Populations) -> _Indices:
    """Which of these clusters have the same rates, E and I: labels 0, 1, ..."""
    pairs = rates[np.stack([members, populations.n_clusters + 1 + members])].T
    labels = np.full(len(members), -1)
    for k, pair in enumerate(pairs):
        same = np.flatnonzero((np.abs(pairs[:k] - pair) <= SAME * np.maximum(pair, 1.0)).all(axis=1))
        labels[k] = labels[same[0]] if len(same) else labels.max(initial=-1) + 1
    return labels


def _rounded(rates: _Array) -> _Array:
    """Ranks of rates, the same for equal ones."""
    rising = np.argsort(rates, kind="stable")
    steps = np.diff(rates[rising]) > SAME * np.maximum(rates[rising][1:], 1.0)
    rounded = np.empty_like(rates)
    rounded[rising] = np.concatenate([[0], np.cumsum(steps)])
    return rounded
