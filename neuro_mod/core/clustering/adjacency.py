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
    blocks = [
        _targets_of_population(populations, pre, connection_probability[:, pre], seed, in_degree)
        for pre in range(populations.total)
    ]
    out_degrees = np.concatenate([degrees for degrees, _ in blocks])
    offsets = np.concatenate([[0], np.cumsum(out_degrees)]).astype(np.uint64)
    return Adjacency(offsets, np.concatenate([targets for _, targets in blocks]).astype(index_dtype(n)))


def _targets_of_population(
    populations: Populations, pre: int, probability: NDArray[np.float64], seed: int, in_degree: InDegree
) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    """Out-degree of each neuron of population ``pre``, and their targets one after another."""
    stream = Stream(seed, "adjacency", (pre,))
    size = int(populations.sizes[pre])
    receivers, senders = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for rows in _row_chunks(populations.n_neurons, size):
        candidates = size - (populations.of_neuron[rows] == pre)
        row_probability = probability[populations.of_neuron[rows]]
        if in_degree == "fixed":
            degrees = np.minimum(np.floor(row_probability * size + 1e-9).astype(np.int64), candidates)
        else:
            degrees = _binomial_degrees(Stream(seed, "in_degree", (pre,)), rows, candidates, row_probability)
        row, chosen = _choose_without_replacement(stream, rows, candidates, degrees)
        own = rows[row] - populations.boundaries[pre]
        is_own_population = candidates[row] < size
        receivers.append(rows[row])
        senders.append(chosen + (is_own_population & (chosen >= own)))
    receiver, sender = np.concatenate(receivers), np.concatenate(senders)
    order = np.lexsort((receiver, sender))
    return np.bincount(sender, minlength=size), receiver[order].astype(np.uint32)


def _row_chunks(n_rows: int, row_bytes: int) -> Iterator[NDArray[np.int64]]:
    length = max(1, _CHUNK_BYTES // max(row_bytes, 1))
    for start in range(0, n_rows, length):
        yield np.arange(start, min(start + length, n_rows))


def _binomial_degrees(
    stream: Stream, rows: NDArray[np.int64], n: NDArray[np.int64], probability: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Binomial(n, P) numbers by inversion, one per row."""
    uniform = stream.uniform(rows, 1)[:, 0]
    degrees = np.zeros(len(rows), dtype=np.int64)
    for trials, p in set(zip(n.tolist(), probability.tolist(), strict=True)):
        alike = (n == trials) & (probability == p)
        cumulative = bdtr(np.arange(trials, dtype=np.float64), trials, p)
        degrees[alike] = np.searchsorted(cumulative, uniform[alike], side="right")
    return degrees


def _choose_without_replacement(
    stream: Stream, rows: NDArray[np.int64], n: NDArray[np.int64], k: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each row, k of its n candidates (Floyd's algorithm, all rows side by side).

    A candidate is ``word * n >> 32``: the chances of two candidates differ by less than ``n / 2**32``.

    Returns:
        Position in ``rows`` and chosen candidate, one entry per choice.
    """
    largest = int(k.max(initial=0))
    words = stream.words(rows, largest).astype(np.uint64)
    taken = np.zeros((len(rows), int(n.max(initial=0)) + 1), dtype=bool)
    for draw in range(largest):
        active = np.flatnonzero(draw < k)
        last = n[active] - k[active] + draw
        candidate = ((words[active, draw] * (last + 1).astype(np.uint64)) >> np.uint64(32)).astype(np.int64)
        taken[active, np.where(taken[active, candidate], last, candidate)] = True
    row, chosen = np.nonzero(taken)
    return row, chosen
