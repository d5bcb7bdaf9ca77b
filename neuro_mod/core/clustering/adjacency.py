"""Random adjacency with exact or binomial in-degrees."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr

from neuro_mod.checks import check_choice
from neuro_mod.choices import InDegree
from neuro_mod.core.clustering.sampling import new_scratch, sample_targets
from neuro_mod.core.random import Stream
from neuro_mod.populations import Populations

_CHUNK_BYTES = 2**26


@dataclass(frozen=True, eq=False)
class Adjacency:
    """Directed connections, stored as the targets of each sending neuron.

    Args:
        offsets: Neuron j projects to ``targets[offsets[j]:offsets[j + 1]]``, shape ``(n_neurons + 1,)``.
        targets: Receiving neurons, ascending for each sender, shape ``(n_synapses,)``; uint16 where that suffices.
    """

    offsets: NDArray[np.uint64]
    targets: NDArray[np.uint16 | np.uint32]

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return len(self.offsets) - 1

    @cached_property
    def digest(self) -> bytes:
        """A hash of the connections."""
        targets = np.ascontiguousarray(self.targets, index_dtype(self.n_neurons))
        return hashlib.blake2b(np.ascontiguousarray(self.offsets, np.uint64).data, digest_size=16).digest() + (
            hashlib.blake2b(targets.data, digest_size=16).digest()
        )

    @property
    def senders(self) -> NDArray[np.int64]:
        """Sending neuron of each synapse, shape ``(n_synapses,)``."""
        return np.repeat(np.arange(self.n_neurons), np.diff(self.offsets.astype(np.int64)))

    def dense(self) -> NDArray[np.bool_]:
        """Matrix ``[post, pre]`` of shape ``(n_neurons, n_neurons)``."""
        matrix = np.zeros((self.n_neurons, self.n_neurons), dtype=bool)
        matrix[self.targets, self.senders] = True
        return matrix


def index_dtype(n_neurons: int) -> type[np.uint16 | np.uint32]:
    """Smallest unsigned type that holds every neuron index."""
    return np.uint16 if n_neurons <= 2**16 else np.uint32


def draw_adjacency(
    populations: Populations,
    connection_probability: NDArray[np.float64],
    seed: int,
    in_degree: InDegree = "fixed",
) -> Adjacency:
    """Draw the connections of a network, without self-connections.

    Args:
        populations: The layout.
        connection_probability: Matrix ``[post, pre]`` P of shape ``(total, total)``, entries in [0, 1].
        seed: Root seed; stream ``"adjacency"``, one sequence for each receiving neuron and sending population.
        in_degree: ``fixed``: every neuron of population a receives exactly ``floor(P_ab n_b)`` synapses from
            population b, drawn without replacement (at most ``n_b - 1`` within its own population).
            ``binomial``: every pair is connected with probability P_ab (Erdős-Rényi).

    Returns:
        The connections.

    Raises:
        InputError: Unknown ``in_degree``.
    """
    check_choice("in_degree", in_degree, InDegree)
    n = populations.n_neurons
    offsets, targets = np.zeros(n + 1, np.uint64), []
    for pre in _population_chunks(populations):
        in_degrees = np.stack([_in_degrees(populations, b, connection_probability[:, b], seed, in_degree) for b in pre])
        keys = np.array([Stream(seed, "adjacency", (b,)).key for b in pre], np.uint64)
        boundaries = populations.boundaries[pre.start : pre.stop + 1]
        ends = offsets[boundaries[0] + 1 : boundaries[-1] + 1]
        chosen = np.empty(in_degrees.sum(dtype=np.int64), index_dtype(n))
        scratch = new_scratch(np.diff(boundaries), in_degrees, chosen.dtype)
        sample_targets(keys, boundaries, in_degrees, ends, chosen, scratch)
        ends += offsets[boundaries[0]]
        targets.append(chosen)
    return Adjacency(offsets, targets[0] if len(targets) == 1 else np.concatenate(targets))


def _population_chunks(populations: Populations) -> Iterator[range]:
    """Sending populations whose in-degrees fit into memory."""
    length = max(1, _CHUNK_BYTES // (4 * max(populations.n_neurons, 1)))
    for start in range(0, populations.total, length):
        yield range(start, min(start + length, populations.total))


def _in_degrees(
    populations: Populations, pre: int, probability: NDArray[np.float64], seed: int, in_degree: InDegree
) -> NDArray[np.int32]:
    """Number of senders of each neuron in population ``pre``, shape ``(n_neurons,)``."""
    size = int(populations.sizes[pre])
    candidates = size - (np.arange(populations.total) == pre)
    if in_degree == "fixed":
        degrees = np.minimum(np.floor(probability * size + 1e-9).astype(np.int32), candidates)
        return degrees[populations.of_neuron].astype(np.int32)
    uniform = Stream(seed, "in_degree", (pre,)).uniform(np.arange(populations.n_neurons), 1)[:, 0]
    degrees = np.zeros(populations.n_neurons, np.int32)
    for n, p in set(zip(candidates.tolist(), probability.tolist(), strict=True)):
        alike = ((candidates == n) & (probability == p))[populations.of_neuron]
        cumulative = bdtr(np.arange(n, dtype=np.float64), n, p)
        degrees[alike] = np.searchsorted(cumulative, uniform[alike], side="right")
    return degrees
