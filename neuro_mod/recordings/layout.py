"""Which neuron belongs to which cluster, and which clusters define states."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, eq=False)
class ClusterLayout:
    """The clusters of a network, ordered by their labels.

    Args:
        labels: Label of each cluster, sorted, shape ``(n_clusters,)``.
        of_neuron: Index into `labels` of each neuron, shape ``(n_neurons,)``.
        defines_states: Which clusters define states, shape ``(n_clusters,)``.
    """

    labels: NDArray[np.int64]
    of_neuron: NDArray[np.int64]
    defines_states: NDArray[np.bool_]

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """Neurons in each cluster, shape ``(n_clusters,)``."""
        return np.bincount(self.of_neuron, minlength=len(self.labels))

    @property
    def state_labels(self) -> NDArray[np.int64]:
        """Labels of the clusters that define states."""
        return self.labels[self.defines_states]

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return len(self.of_neuron)

    @property
    def of_each_neuron(self) -> NDArray[np.int64]:
        """Label of each neuron's cluster, shape ``(n_neurons,)``."""
        return self.labels[self.of_neuron]

    def choosing(self, chosen: Collection[int]) -> ClusterLayout:
        """The same clusters, of which these define states.

        Raises:
            ValueError: There is no such cluster, or none is chosen.
        """
        labels = self.labels.tolist()
        unknown = [label for label in chosen if label not in labels]
        if unknown or not len(chosen):
            shown = f"there is no cluster {', '.join(map(str, unknown))}" if unknown else "no cluster defines states"
            raise ValueError(f"{shown}; there are {_listed(self.labels)}")
        return ClusterLayout(self.labels, self.of_neuron, np.isin(self.labels, np.fromiter(chosen, np.int64)))


def cluster_layout(labels: ArrayLike, what: str = "clusters") -> ClusterLayout:
    """The layout that the labels of neurons describe; all clusters define states.

    Args:
        labels: Integer label of each neuron's cluster, shape ``(n_neurons,)``.
        what: What the labels are called in messages.

    Raises:
        ValueError: They are no such labels.
    """
    array = np.asarray(labels)
    if array.ndim != 1 or not array.size or not are_whole(array):
        raise ValueError(f"{what}: expected an integer for each neuron, found {array.dtype} of shape {array.shape}")
    low, high = int(array.min()), int(array.max())
    if not -(2**63) <= low <= high < 2**63:
        raise ValueError(f"{what}: labels {low} to {high}, expected integers of 64 bits")
    found, of_neuron = np.unique(array.astype(np.int64), return_inverse=True)
    return ClusterLayout(found, of_neuron, np.ones(len(found), bool))


def first_clusters(layout: ClusterLayout, n: int) -> ClusterLayout:
    """The same clusters, of which those with the n smallest labels define states.

    Raises:
        ValueError: There are not that many.
    """
    if not isinstance(n, int | np.integer) or not 1 <= n <= len(layout.labels):
        raise ValueError(f"n_excitatory_clusters is {n!r}; expected 1 to {len(layout.labels)}, the number of clusters")
    return layout.choosing(layout.labels[:n].tolist())


def are_whole(array: NDArray[Any]) -> bool:
    """Whether numbers are whole ones."""
    if np.issubdtype(array.dtype, np.floating):  # as MATLAB saves whole numbers
        return bool(np.isfinite(array).all() and (array == np.floor(array)).all())
    return np.issubdtype(array.dtype, np.integer)


def _listed(labels: NDArray[np.int64]) -> str:
    shown = ", ".join(map(str, labels[:20].tolist()))
    return shown if len(labels) <= 20 else f"{shown}, ... ({len(labels)})"
