"""An order of states in which those that follow each other are neighbours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform


def transition_order(probabilities: NDArray[np.floating]) -> NDArray[np.int64]:
    """Order states so that groups with many transitions among them stand together.

    States are clustered by average linkage. The distance of two falls with the mean of the probabilities of both
    transitions between them; among the orders that the tree of clusters allows, the sum of the distances of
    neighbours is the least.

    Args:
        probabilities: Of the transition from the state of the row to that of the column, shape ``(K, K)``; a row of
            NaN, of a state that is never left, counts as 0. The diagonal does not matter.

    Returns:
        Indices of the states in their new order, shape ``(K,)``.

    Raises:
        ValueError: The matrix is not square, or has an entry that is negative or infinite.

    References:
        Bar-Joseph, Gifford & Jaakkola 2001, Bioinformatics 17 Suppl. 1, S22-S29 (optimal leaf ordering).
    """
    given = np.asarray(probabilities, dtype=np.float64)
    if given.ndim != 2 or given.shape[0] != given.shape[1]:
        raise ValueError(f"probabilities need shape (K, K); found {given.shape}")
    if (given < 0).any() or np.isinf(given).any():
        raise ValueError("probabilities must be finite and not negative, or NaN")
    if len(given) < 3:
        return np.arange(len(given))
    known = np.nan_to_num(given)
    closeness = (known + known.T) / 2
    np.fill_diagonal(closeness, 0)
    distances = squareform(closeness.max() - closeness, checks=False)
    return leaves_list(linkage(distances, "average", optimal_ordering=True)).astype(np.int64)
