"""Random adjacency with exact or binomial in-degrees."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr

from neuro_mod.checks import check_choice
from neuro_mod.choices import InDegree
from neuro_mod.core.clustering.sampling import MAX_SIZE, Scratch, new_scratch, sample_bits, sample_targets
from neuro_mod.core.random import Stream
from neuro_mod.errors import invalid
from neuro_mod.populations import Populations

#: From this density on, connections are bits: at 1/64 these are about as fast for the engine as lists, at 1/32 faster
#: by a quarter, at twice the memory, and from 1/16 on they are smaller, too.
DENSE = 1 / 40
#: Rows of bits are padded to multiples of this number of bytes, one vector register.
_ALIGNMENT = 32
#: Rows that are converted together.
_ROWS = 512
_CHUNK_BYTES = 2**26


class Adjacency(ABC):
    """Directed connections, as lists or as bits."""

    @property
    @abstractmethod
    def n_neurons(self) -> int:
        """Number of neurons."""

    @property
    @abstractmethod
    def n_synapses(self) -> int:
        """Number of connections."""

    @abstractmethod
    def _make_lists(self) -> tuple[NDArray[np.uint64], NDArray[np.uint16 | np.uint32]]:
        """`offsets` and `targets`."""

    @cached_property
    def _lists(self) -> tuple[NDArray[np.uint64], NDArray[np.uint16 | np.uint32]]:
        return self._make_lists()

    @property
    def offsets(self) -> NDArray[np.uint64]:
        """Neuron j projects to ``targets[offsets[j]:offsets[j + 1]]``, shape ``(n_neurons + 1,)``."""
        return self._lists[0]

    @property
    def targets(self) -> NDArray[np.uint16 | np.uint32]:
        """Receiving neurons, ascending for each sender, shape ``(n_synapses,)``."""
        return self._lists[1]

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


class AdjacencyLists(Adjacency):
    """Connections as the targets of each sending neuron.

    Args:
        offsets: See `Adjacency`.
        targets: See `Adjacency`; uint16 where that suffices.
    """

    def __init__(self, offsets: NDArray[np.uint64], targets: NDArray[np.uint16 | np.uint32]):
        self._given = offsets, targets

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return len(self.offsets) - 1

    @property
    def n_synapses(self) -> int:
        """Number of connections."""
        return len(self.targets)

    def _make_lists(self) -> tuple[NDArray[np.uint64], NDArray[np.uint16 | np.uint32]]:
        return self._given


class AdjacencyBits(Adjacency):
    """Connections of a dense network as bits; lists are made when they are asked for.

    Args:
        bits: Neuron j projects to neuron i if bit ``i // width`` of ``bits[j, i % width]`` is set, shape
            ``(n_neurons, width)``; see `no_bits`.
    """

    def __init__(self, bits: NDArray[np.uint8]):
        self.bits = bits

    @classmethod
    def of(cls, adjacency: Adjacency) -> AdjacencyBits:
        """The same connections as bits."""
        if isinstance(adjacency, AdjacencyBits):
            return adjacency
        bits, offsets = no_bits(adjacency.n_neurons), adjacency.offsets.astype(np.int64)
        for begin, end in _row_chunks(len(bits)):
            rows = np.repeat(np.arange(end - begin), np.diff(offsets[begin : end + 1]))
            connected = np.zeros((end - begin, 8 * bits.shape[1]), bool)
            connected[rows, adjacency.targets[offsets[begin] : offsets[end]]] = True
            bits[begin:end] = np.packbits(connected.reshape(end - begin, 8, -1), axis=1, bitorder="little")[:, 0]
        return cls(bits)

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return len(self.bits)

    @property
    def n_synapses(self) -> int:
        """Number of connections."""
        return int(self._out_degrees.sum())

    @cached_property
    def _out_degrees(self) -> NDArray[np.uint64]:
        return np.bitwise_count(self.bits).sum(axis=1, dtype=np.uint64)

    def _make_lists(self) -> tuple[NDArray[np.uint64], NDArray[np.uint16 | np.uint32]]:
        offsets = np.concatenate([np.zeros(1, np.uint64), np.cumsum(self._out_degrees)])
        found = [np.empty(0, index_dtype(self.n_neurons))]
        for begin, end in _row_chunks(self.n_neurons):
            planes = np.unpackbits(self.bits[begin:end, None], axis=1, bitorder="little")
            found.append(np.nonzero(planes.reshape(end - begin, -1))[1].astype(found[0].dtype))
        return offsets, np.concatenate(found)


def no_bits(n_neurons: int) -> NDArray[np.uint8]:
    """Bits of a network without connections, in rows padded to whole vector registers."""
    return np.zeros((n_neurons, -(-n_neurons // (8 * _ALIGNMENT)) * _ALIGNMENT), np.uint8)


def _row_chunks(n_rows: int) -> Iterator[tuple[int, int]]:
    for begin in range(0, n_rows, _ROWS):
        yield begin, min(begin + _ROWS, n_rows)


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
        InputError: Unknown ``in_degree``, or a population of more than `MAX_SIZE` neurons.
    """
    check_choice("in_degree", in_degree, InDegree)
    if (largest := int(populations.sizes.max())) > MAX_SIZE:
        raise invalid("largest population", largest, f"at most {MAX_SIZE} neurons")
    chunks = _drawn_chunks(populations, connection_probability, seed, in_degree)
    n, expected = populations.n_neurons, populations.sizes @ connection_probability @ populations.sizes
    if expected > DENSE * n**2:
        bits = no_bits(n)
        for boundaries, keys, in_degrees, scratch in chunks:
            sample_bits(keys, boundaries, in_degrees, bits, scratch)
        return AdjacencyBits(bits)
    offsets, targets = np.zeros(n + 1, np.uint64), []
    for boundaries, keys, in_degrees, scratch in chunks:
        ends = offsets[boundaries[0] + 1 : boundaries[-1] + 1]
        targets.append(np.empty(in_degrees.sum(dtype=np.int64), index_dtype(n)))
        sample_targets(keys, boundaries, in_degrees, ends, targets[-1], scratch)
        ends += offsets[boundaries[0]]
    return AdjacencyLists(offsets, targets[0] if len(targets) == 1 else np.concatenate(targets))


def _drawn_chunks(
    populations: Populations, probability: NDArray[np.float64], seed: int, in_degree: InDegree
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint64], NDArray[np.int32], Scratch]]:
    """Arguments of the kernels for some sending populations at a time, whose in-degrees fit into memory."""
    n = populations.n_neurons
    length = max(1, _CHUNK_BYTES // (4 * max(n, 1)))
    for start in range(0, populations.total, length):
        senders = range(start, min(start + length, populations.total))
        if in_degree == "fixed":
            in_degrees = _fixed_in_degrees(populations, probability[:, senders], start)
        else:
            in_degrees = np.stack([_binomial_in_degrees(populations, b, probability[:, b], seed) for b in senders])
        boundaries = populations.boundaries[senders.start : senders.stop + 1]
        keys = np.array([Stream(seed, "adjacency", (b,)).key for b in senders], np.uint64)
        yield boundaries, keys, in_degrees, new_scratch(np.diff(boundaries), in_degrees, index_dtype(n))


def _fixed_in_degrees(populations: Populations, probability: NDArray[np.float64], first: int) -> NDArray[np.int32]:
    """Number of senders of each neuron in populations from ``first`` on, given their P, shape ``(S, n_neurons)``."""
    senders = np.arange(first, first + probability.shape[1])
    sizes = populations.sizes[senders]
    candidates = sizes - (np.arange(populations.total)[:, None] == senders)
    degrees = np.minimum(np.floor(probability * sizes + 1e-9).astype(np.int32), candidates)
    return np.repeat(degrees.T.astype(np.int32), populations.sizes, axis=1)


def _binomial_in_degrees(
    populations: Populations, pre: int, probability: NDArray[np.float64], seed: int
) -> NDArray[np.int32]:
    """Number of senders of each neuron in population ``pre``, given its P, shape ``(n_neurons,)``."""
    candidates = populations.sizes[pre] - (np.arange(populations.total) == pre)
    uniform = Stream(seed, "in_degree", (pre,)).uniform(np.arange(populations.n_neurons), 1)[:, 0]
    degrees = np.zeros(populations.n_neurons, np.int32)
    for n, p in set(zip(candidates.tolist(), probability.tolist(), strict=True)):
        alike = ((candidates == n) & (probability == p))[populations.of_neuron]
        cumulative = bdtr(np.arange(n, dtype=np.float64), n, p)
        degrees[alike] = np.searchsorted(cumulative, uniform[alike], side="right")
    return degrees
