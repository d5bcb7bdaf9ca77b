"""Clusters of a network: the cluster of each neuron, and the clusters that define states."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.checks import whole_number
from neuro_mod.errors import InputError, invalid, show
from neuro_mod.recordings.arrays import are_whole, describe
from neuro_mod.summaries import ShownFields

#: Label of neurons that belong to no cluster.
NO_CLUSTER = -1
#: Neurons that sizes may add up to.
_MAX_NEURONS = 10**8


@dataclass(frozen=True, eq=False, repr=False)
class ClusterLayout(ShownFields):
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
    def has_clusters(self) -> bool:
        """Whether any neuron belongs to a cluster."""
        return bool((self.labels != NO_CLUSTER).any())

    @property
    def of_each_neuron(self) -> NDArray[np.int64]:
        """Label of each neuron's cluster, shape ``(n_neurons,)``."""
        return self.labels[self.of_neuron]

    def choosing(self, chosen: Collection[int]) -> ClusterLayout:
        """The same clusters, of which those with these labels define states.

        Raises:
            InputError: There is no such cluster, or none is chosen.
        """
        labels = self.labels.tolist()
        if not len(chosen) or any(label not in labels for label in chosen):
            shown = ", ".join(map(str, labels[:20])) + f", ... ({len(labels)})" * (len(labels) > 20)
            raise invalid("state_clusters", list(chosen), f"one or more of the labels {shown}")
        return ClusterLayout(self.labels, self.of_neuron, np.isin(self.labels, np.fromiter(chosen, np.int64)))


def cluster_layout(labels: ArrayLike, what: str = "clusters") -> ClusterLayout:
    """The layout given by the labels of neurons; all clusters define states.

    Args:
        labels: Integer label of each neuron's cluster, shape ``(n_neurons,)``.
        what: Name of the labels in messages.

    Raises:
        InputError: They are not such labels.
    """
    array = np.asarray(labels)
    if array.ndim != 1 or not array.size or not are_whole(array):
        found = describe(array) if array.ndim else show(labels)
        raise InputError(f"{what}: {found} found; expected an integer for each neuron")
    low, high = int(array.min()), int(array.max())
    if not -(2**63) <= low <= high < 2**63:
        raise InputError(f"{what}: labels {low} to {high} found; expected integers of 64 bits")
    found, of_neuron = np.unique(array.astype(np.int64), return_inverse=True)
    return ClusterLayout(found, of_neuron, np.ones(len(found), bool))


def without_clusters(n_neurons: int) -> ClusterLayout:
    """The layout of neurons of which no cluster is known; all of them count where neurons are counted."""
    return ClusterLayout(np.array([NO_CLUSTER]), np.zeros(n_neurons, np.int64), np.ones(1, bool))


def named_clusters(layout: ClusterLayout) -> ClusterLayout:
    """The same clusters, of which all define states but the neurons of no cluster, if there are others."""
    return layout.choosing(layout.labels[layout.labels != NO_CLUSTER].tolist()) if layout.has_clusters else layout


def first_clusters(layout: ClusterLayout, n: int) -> ClusterLayout:
    """The same clusters, of which those with the n smallest labels define states, ``NO_CLUSTER`` left out.

    Raises:
        InputError: There are fewer clusters.
    """
    if not layout.has_clusters:
        raise invalid("n_excitatory_clusters", n, "no value without cluster labels", "give clusters=... (--clusters)")
    labels = named_clusters(layout).state_labels
    n = whole_number("n_excitatory_clusters", n, 1, len(labels))
    return layout.choosing(labels[:n].tolist())


def labels_of_sizes(what: str, text: str) -> NDArray[np.int64]:
    """Labels 0, 1, ... of clusters of given sizes, one after the other.

    Args:
        what: Name of the sizes in messages.
        text: Sizes, and how many clusters have each, such as ``18x80,160,18x20,40``.

    Returns:
        Label of each neuron's cluster, shape ``(n_neurons,)``.

    Raises:
        InputError: They are not such sizes.
    """
    found = [re.fullmatch(r"\s*(?:(\d{1,9})\s*[x*]\s*)?(\d{1,9})\s*", part) for part in text.split(",")]
    pairs = [(int(each[1] or 1), int(each[2])) for each in found if each is not None]
    if len(pairs) < len(found) or not all(min(pair) for pair in pairs):
        raise invalid(what, text, "sizes of clusters in the order of their neurons, such as 18x80,160,18x20,40")
    n_neurons = sum(number * size for number, size in pairs)
    if n_neurons > _MAX_NEURONS:
        raise invalid(what, text, f"at most {_MAX_NEURONS} neurons")
    sizes = np.repeat([size for _, size in pairs], [number for number, _ in pairs])
    return np.repeat(np.arange(len(sizes)), sizes)
