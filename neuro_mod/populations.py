"""The layout of cluster space: which populations exist, how large they are, where their neurons are stored.

With p clusters there are ``2p + 2`` populations, always in this order: E clusters ``0..p-1``, E background ``p``,
I clusters ``p+1..2p``, I background ``2p+1``. Neurons are stored population by population in the same order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.errors import InputError, invalid

EXCITATORY, INHIBITORY = 0, 1

#: Order of every four-entry list: (pre, post) neuron types.
PATHWAYS = ("E→E", "E→I", "I→E", "I→I")


@dataclass(frozen=True)
class Populations:
    """Sizes and order of the populations of a clustered network.

    Args:
        n_clusters: Number p of clusters of each type.
        cluster_sizes: Neurons in one E cluster and in one I cluster. Either may be 0.
        background_sizes: Neurons in the E and in the I background. Either may be 0.
    """

    n_clusters: int
    cluster_sizes: tuple[int, int]
    background_sizes: tuple[int, int]

    @property
    def total(self) -> int:
        """Number of populations, ``2p + 2``."""
        return total_populations(self.n_clusters)

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """Neurons per population, shape ``(total,)``."""
        return np.concatenate(
            [
                [self.cluster_sizes[kind]] * self.n_clusters + [self.background_sizes[kind]]
                for kind in (EXCITATORY, INHIBITORY)
            ]
        ).astype(np.int64)

    @cached_property
    def types(self) -> NDArray[np.int64]:
        """``EXCITATORY`` or ``INHIBITORY`` for each population, shape ``(total,)``."""
        return np.repeat([EXCITATORY, INHIBITORY], self.n_clusters + 1)

    @cached_property
    def cluster_index(self) -> NDArray[np.int64]:
        """Cluster number of each population, -1 for a background, shape ``(total,)``."""
        return np.tile(np.append(np.arange(self.n_clusters), -1), 2)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """``E0``, ..., ``E_background``, ``I0``, ..., ``I_background``."""
        return tuple(
            "EI"[kind] + ("_background" if cluster < 0 else str(cluster))
            for kind, cluster in zip(self.types, self.cluster_index, strict=True)
        )

    def index(self, population: int | str) -> int:
        """Index of a population given by index or name.

        Raises:
            InputError: There is no such population; the message says which there are.
        """
        if population in self.names:
            return self.names.index(str(population))
        if isinstance(population, int | np.integer) and 0 <= population < self.total:
            return int(population)
        raise invalid("population", population, f"0 to {self.total - 1}, or {self.named}")

    @property
    def named(self) -> str:
        """The names of all populations, as a phrase."""
        last = self.n_clusters - 1
        return (
            f"E0 to E{last}, E_background, I0 to I{last}, I_background" if last >= 0 else "E_background, I_background"
        )

    @cached_property
    def n_neurons(self) -> int:
        """Number of neurons in the network."""
        return int(self.sizes.sum())

    @cached_property
    def boundaries(self) -> NDArray[np.int64]:
        """Population a holds neurons ``boundaries[a]`` up to ``boundaries[a + 1]``, shape ``(total + 1,)``."""
        return np.concatenate([[0], np.cumsum(self.sizes)])

    @cached_property
    def of_neuron(self) -> NDArray[np.int64]:
        """Population index of each neuron (saved as ``clusters.npy``), shape ``(n_neurons,)``."""
        return np.repeat(np.arange(self.total), self.sizes)

    def slice(self, population: int) -> slice:
        """Neurons of one population."""
        return slice(int(self.boundaries[population]), int(self.boundaries[population + 1]))

    def type_fraction(self, kind: int) -> float:
        """Fraction f of all neurons of a type that one of its clusters holds; 0 where clusters are empty."""
        size = self.cluster_sizes[kind]
        return size / (size * self.n_clusters + self.background_sizes[kind]) if size else 0.0

    def expand(self, value: ArrayLike) -> NDArray[np.float64]:
        """Give each population its own value.

        Args:
            value: A scalar, ``[E, I]``, or one entry per population.

        Returns:
            Values of shape ``(total,)``, in the unit of ``value``.

        Raises:
            InputError: Any other number of entries.
        """
        values = np.asarray(value, dtype=np.float64)
        if values.ndim == 0:
            return np.full(self.total, values)
        if values.shape == (2,):
            return values[self.types]
        if values.shape == (self.total,):
            return values.copy()
        raise InputError(f"shape {values.shape} found; expected one value, [E, I] or {self.total} values")

    def expand_pathways(self, value: ArrayLike) -> NDArray[np.float64]:
        """Spread pathway values over pairs of populations.

        Args:
            value: A scalar or ``[E→E, E→I, I→E, I→I]`` (pre→post).

        Returns:
            Matrix ``[post, pre]`` of shape ``(total, total)``.

        Raises:
            InputError: Any other number of entries.
        """
        return expand_four(value).reshape(2, 2).T[np.ix_(self.types, self.types)]


def total_populations(n_clusters: int) -> int:
    """Number of populations of a network with ``n_clusters`` clusters of each type."""
    return 2 * n_clusters + 2


def expand_four(value: ArrayLike) -> NDArray[np.float64]:
    """Give each pathway ``[E→E, E→I, I→E, I→I]`` its own value, shape ``(4,)``.

    Raises:
        InputError: Neither one value nor four.
    """
    values = np.asarray(value, dtype=np.float64)
    if values.shape not in ((), (len(PATHWAYS),)):
        raise InputError(f"shape {values.shape} found; expected one value or [{', '.join(PATHWAYS)}]")
    return np.broadcast_to(values, len(PATHWAYS))


def divide_into_clusters(n_clusters: int, n_of_type: Sequence[int], background_sizes: Sequence[int]) -> Populations:
    """Divide the neurons left over by the backgrounds evenly among the clusters.

    Args:
        n_clusters: Number p of clusters of each type.
        n_of_type: Number of E and of I neurons, background included.
        background_sizes: Neurons in the E and in the I background.

    Raises:
        InputError: A type does not divide exactly; the message says which background sizes or totals would work.
    """
    sizes = [
        _cluster_size(kind, n_clusters, total, background)
        for kind, total, background in zip("EI", n_of_type, background_sizes, strict=True)
    ]
    return Populations(n_clusters, (sizes[0], sizes[1]), (background_sizes[0], background_sizes[1]))


def _cluster_size(kind: str, n_clusters: int, total: int, background: int) -> int:
    clustered = total - background
    if clustered < 0:
        raise InputError(f"the {kind} background ({background}) is larger than the number of {kind} neurons ({total})")
    if n_clusters == 0:
        if clustered:
            raise InputError(f"without clusters the {kind} background must hold all {total} {kind} neurons")
        return 0
    size, rest = divmod(clustered, n_clusters)
    if rest:
        below, above = clustered - rest, clustered - rest + n_clusters
        raise InputError(
            f"{clustered} clustered {kind} neurons do not divide into {n_clusters} clusters: with background "
            f"{background}, {below + background} or {above + background} {kind} neurons would; with {total} {kind} "
            f"neurons, a background of {background + rest}"
            + (f" or {total - above}" if total >= above else "")
            + " would"
        )
    return size
