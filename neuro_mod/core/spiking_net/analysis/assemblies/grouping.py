"""Groups of points on a sphere: k-means from the groups of Ward's method, and silhouettes by the cosine.

k-means depends on its start. Ward's method is deterministic and gives a start for every number of groups at once, so
that nothing here is random and no start has to be repeated.

References:
    Ward 1963, "Hierarchical grouping to optimize an objective function".
    Dhillon & Modha 2001, "Concept decompositions for large sparse text data using clustering" (spherical k-means).
    Rousseeuw 1987, "Silhouettes: a graphical aid to the interpretation and validation of cluster analysis".
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage

#: Iterations of k-means at most.
_MAX_ITERATIONS = 100
#: Numbers of groups are equally good if their mean silhouettes differ by less; the smallest of them is taken.
_SAME = 0.01


def grouped(points: NDArray[np.float64], numbers: Iterable[int]) -> tuple[NDArray[np.int64], dict[int, float]]:
    """Group points by Ward's method, with the number of groups that separates them best, and improve it by k-means.

    Args:
        points: Of unit length, shape ``(n_points, n_dimensions)``.
        numbers: Numbers of groups to try, from 2 to ``n_points``.

    Returns:
        The group of each point, ``0..k-1``, shape ``(n_points,)``, and the mean silhouette of the groups of Ward's
        method by their number.
    """
    tree = linkage(points, "ward")
    starts = {
        number: np.unique(fcluster(tree, number, "maxclust"), return_inverse=True)[1].astype(np.int64)
        for number in numbers
    }
    scores = {number: float(silhouettes(points, start).mean()) for number, start in starts.items()}
    chosen = min(number for number, score in scores.items() if score > max(scores.values()) - _SAME)
    return k_means(points, starts[chosen]), scores


def k_means(points: NDArray[np.float64], start: NDArray[np.int64]) -> NDArray[np.int64]:
    """Spherical k-means from given groups: each point joins the group whose mean has the direction closest to its own.

    Args:
        points: Of unit length, shape ``(n_points, n_dimensions)``.
        start: Group of each point at first, shape ``(n_points,)``.

    Returns:
        Group of each point; those that lose all of their points are left out, and numbers have no gaps.
    """
    groups = start
    for _ in range(_MAX_ITERATIONS):
        sums = _members(groups).T @ points
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = sums / np.where(lengths > 0, lengths, 1.0)
        nearest = np.unique((points @ centres.T).argmax(axis=1), return_inverse=True)[1].astype(np.int64)
        if np.array_equal(nearest, groups):
            break
        groups = nearest
    return groups


def silhouettes(points: NDArray[np.float64], groups: NDArray[np.int64]) -> NDArray[np.float64]:
    """How much closer each point is to its own group than to the next, from -1 to 1 (Rousseeuw 1987).

    The distance of two points is one minus the cosine of their angle, so that the mean distance to a group follows from
    the sum of its points.

    Args:
        points: Of unit length, shape ``(n_points, n_dimensions)``.
        groups: Group of each point, ``0..k-1`` without gaps, shape ``(n_points,)``.

    Returns:
        Shape ``(n_points,)``; 0 for the only point of a group, and everywhere if there is one group.
    """
    members = _members(groups)
    sizes, own = members.sum(axis=0), (np.arange(len(points)), groups)
    if len(sizes) < 2:
        return np.zeros(len(points))
    similarity = points @ (members.T @ points).T
    others = 1 - similarity / sizes
    others[own] = np.inf
    within = 1 - (similarity[own] - 1) / np.maximum(sizes[groups] - 1, 1)
    between = others.min(axis=1)
    largest = np.maximum(within, between)
    scores = np.divide(between - within, largest, out=np.zeros(len(points)), where=largest > 0)
    return np.where(sizes[groups] > 1, scores, 0.0)


def _members(groups: NDArray[np.int64]) -> NDArray[np.float64]:
    """Which points are in which group, shape ``(n_points, k)``."""
    return (groups[:, None] == np.arange(groups.max() + 1)).astype(np.float64)
