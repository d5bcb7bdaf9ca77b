"""The layout of synapses for the kernel.

A spike reaches hundreds of neurons, most of them with one of two weights: block weights differ between sending
populations of one kind only where sender and receiver share a cluster. So the sending populations are put into groups,
each with a typical weight for every receiving population. In a dense network a spike is counted for its receivers by
the bits of the adjacency matrix, the counts of a group are multiplied by its weights once per step, and only what
deviates goes through lists of synapses: runs of neighbouring populations that have the same weight. In a sparse
network everything goes through such runs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.clustering.adjacency import DENSE, Adjacency, AdjacencyBits, index_dtype
from neuro_mod.core.latest import Latest
from neuro_mod.core.spiking_net.engine import bits_and_runs, kernel
from neuro_mod.core.spiking_net.engine.courses import ParametersInTime
from neuro_mod.core.spiking_net.network import GeneralSynapses, SpikingNetwork, Synapses

#: Grouping more populations than this costs more than it gains.
_MAX_POPULATIONS = 256
#: Block weights of more bytes than this, over time, are split again for each trial.
_REMEMBERED_BYTES = 2**20


@dataclass(frozen=True)
class Blocks:
    """How the weights of P sending populations are split into H groups and up to R runs each.

    Args:
        group: Group of each sending population, shape ``(P,)``.
        typical: The sending population whose weight is typical of a group at a receiving one, shape ``(H, P)``; empty
            if runs carry the whole weights.
        run_begin: First receiving population of each run, shape ``(P, R)``.
        run_end: The population after the last one of each run, likewise.
        n_runs: Number of runs of each sending population, shape ``(P,)``.
    """

    group: NDArray[np.int32]
    typical: NDArray[np.int64]
    run_begin: NDArray[np.int32]
    run_end: NDArray[np.int32]
    n_runs: NDArray[np.int32]

    def typical_weights(self, block_weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """From block weights ``(K, P, P)`` the typical ones, shape ``(K, H, P)``."""
        return block_weights[:, np.arange(self.typical.shape[1]), self.typical]

    def run_weights(self, block_weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """From block weights ``(K, P, P)`` what runs carry, shape ``(K, P, R)``."""
        senders = np.arange(len(self.group))[:, None]
        carried = block_weights[:, self.run_begin, senders]
        if not len(self.typical):
            return carried
        return carried - block_weights[:, self.run_begin, self.typical[self.group[:, None], self.run_begin]]


def is_dense(network: SpikingNetwork) -> bool:
    """Whether spikes are counted by bits."""
    adjacency = network.synapses.adjacency
    few_blocks = isinstance(network.synapses, Synapses) and network.n_populations <= _MAX_POPULATIONS
    return few_blocks and adjacency.n_synapses > DENSE * adjacency.n_neurons**2


def split_blocks(
    network: SpikingNetwork, parameters: ParametersInTime, first: NDArray[np.float64] | None = None
) -> Blocks:
    """Split the block weights of a network, for all of their values over time.

    Args:
        network: The network.
        parameters: Its parameters in time.
        first: Block weights by which groups and typical weights are chosen, shape ``(P, P)``; by default the first
            ones. Sums are rounded alike only where these are the same.
    """
    p = network.n_populations
    if isinstance(network.synapses, GeneralSynapses):
        none = np.zeros((p, 0), np.int32)
        return Blocks(np.zeros(p, np.int32), np.zeros((0, p), np.int64), none, none, np.zeros(p, np.int32))
    weights, alike = parameters["block_weights"].values, parameters.alike("tau_synaptic")
    split = _split if weights.nbytes < _REMEMBERED_BYTES else _split.__wrapped__
    chosen_by = (weights[0] if first is None else first).tobytes()
    sizes = np.asarray(network.sizes, np.int64)
    return split(weights.tobytes(), chosen_by, sizes.tobytes(), alike.tobytes(), is_dense(network))


@lru_cache(maxsize=16)
def _split(weight_bytes: bytes, first_bytes: bytes, size_bytes: bytes, alike_bytes: bytes, dense: bool) -> Blocks:
    """Split block weights; remembered, as most trials of a study have those of the one before.

    Args:
        weight_bytes: Block weights, shape ``(K, P, P)``.
        first_bytes: Those by which groups and typical weights are chosen, shape ``(P, P)``.
        size_bytes: Sizes of the populations, shape ``(P,)``.
        alike_bytes: Whether a population has the synaptic time constants of the one before, shape ``(P - 1,)``.
        dense: Whether spikes are counted by bits.
    """
    sizes, alike = np.frombuffer(size_bytes, np.int64), np.frombuffer(alike_bytes, bool)
    p = len(sizes)
    weights = np.frombuffer(weight_bytes).reshape(-1, p, p)
    group, typical = np.zeros(p, np.int32), np.zeros((0, p), np.int64)
    if dense:
        first = np.frombuffer(first_bytes).reshape(p, p)
        group = _group(first, sizes)
        typical = np.array([_typical(first, group == h) for h in range(group.max() + 1)])
    carried = _carried(weights, group, typical)
    breaks = np.ones((p + 1, p), dtype=bool)
    breaks[1:-1] = (carried[:, 1:] != carried[:, :-1]).any(axis=0) | ~alike[:, None]
    runs = [_runs(np.flatnonzero(breaks[:, b]), carried[:, :, b]) for b in range(p)]
    longest = max(len(run) for run in runs)
    bounds = np.zeros((2, p, longest), np.int32)
    for b, run in enumerate(runs):
        bounds[:, b, : len(run)] = run.T
    return Blocks(group, typical, bounds[0], bounds[1], np.array([len(run) for run in runs], np.int32))


def build_wiring(network: SpikingNetwork, blocks: Blocks, dtype: np.dtype) -> kernel.Wiring:
    """Lay out the synapses of a network."""
    synapses, adjacency = network.synapses, network.synapses.adjacency
    bits = np.empty((0, 0), np.uint8)
    if isinstance(synapses, GeneralSynapses):
        bounds = np.stack([adjacency.offsets[:-1], adjacency.offsets[1:]], axis=1).astype(np.int64)
        targets = adjacency.targets
        each = (synapses.weights / network.per_neuron(network.neurons.tau_synaptic)[targets]).astype(dtype)
    else:
        runs = [network.boundaries[populations] for populations in (blocks.run_begin, blocks.run_end)]
        name = network.sizes.tobytes(), *(neurons.tobytes() for neurons in runs)
        if is_dense(network):
            bits = _bits(adjacency)
            bounds, targets = _kept(adjacency, name, lambda: _runs_in_bits(network, bits, *runs))
        else:
            bounds, targets = _kept(adjacency, (*name, "lists"), lambda: _runs_in_lists(network, *runs))
        each = np.empty(0, dtype)
    return kernel.Wiring(
        population=network.population.astype(np.int32),
        bounds=bounds,
        targets=targets,
        n_runs=blocks.n_runs,
        group=blocks.group,
        bits=bits,
        each=each,
    )


def _group(weights: NDArray[np.float64], sizes: NDArray[np.int64]) -> NDArray[np.int32]:
    """Put sending populations together that have the same weights at half of the neurons or more."""
    group, first = np.zeros(weights.shape[1], np.int32), []
    for b in range(weights.shape[1]):
        agree = [2 * sizes[weights[:, b] == weights[:, other]].sum() >= sizes.sum() for other in first]
        group[b] = agree.index(True) if True in agree else len(first)
        if True not in agree:
            first.append(b)
    return group


def _typical(weights: NDArray[np.float64], members: NDArray[np.bool_]) -> NDArray[np.int64]:
    """For each receiving population the first member of the group that has the weight most members have."""
    own = weights[:, members]
    votes = (own[:, :, None] == own[:, None, :]).sum(axis=2)
    return np.flatnonzero(members)[votes.argmax(axis=1)]


def _carried(weights: NDArray[np.float64], group: NDArray[np.int32], typical: NDArray[np.int64]) -> NDArray[np.float64]:
    """Weights ``(K, P, P)`` less the typical ones."""
    if not len(typical):
        return weights
    return weights - weights[:, np.arange(len(group))[:, None], typical[group].T]


def _runs(breaks: NDArray[np.int64], carried: NDArray[np.float64]) -> NDArray[np.int64]:
    """Ranges between breaks that carry anything, shape ``(n_runs, 2)``."""
    ranges = np.stack([breaks[:-1], breaks[1:]], axis=1)
    return ranges[carried[:, ranges[:, 0]].any(axis=0)]


_KEPT: WeakKeyDictionary[Adjacency, Latest] = WeakKeyDictionary()
_LOCK = threading.Lock()
#: Layouts of one adjacency that are kept; block weights of another pattern need another one.
_MAX_KEPT = 4


def _kept(adjacency: Adjacency, name: Hashable, make: Callable[[], Any]) -> Any:
    """Cache the layouts of an adjacency, as trials share networks."""
    with _LOCK:
        layouts = _KEPT.setdefault(adjacency, Latest(_MAX_KEPT))
    return layouts.get(name, make)


def _bits(adjacency: Adjacency) -> NDArray[np.uint8]:
    """See `AdjacencyBits`."""
    if isinstance(adjacency, AdjacencyBits):
        return adjacency.bits
    return _kept(adjacency, "bits", lambda: AdjacencyBits.of(adjacency).bits)


def _runs_in_bits(
    network: SpikingNetwork, bits: NDArray[np.uint8], begin: NDArray[np.int64], end: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.uint16 | np.uint32]]:
    """As `_runs_in_lists`, from bits."""
    bounds = np.empty((network.n_neurons, begin.shape[1] + 1), np.int64)
    bits_and_runs.count_in_bits(bits, network.population, begin, end, bounds)
    n_found = int(bounds[-1, -1]) if len(bounds) else 0
    targets = np.empty(n_found + 1, index_dtype(network.n_neurons))
    bits_and_runs.list_from_bits(bits, network.population, begin, end, targets)
    return bounds, targets[:n_found]


def _runs_in_lists(
    network: SpikingNetwork, begin: NDArray[np.int64], end: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.uint16 | np.uint32]]:
    """Targets that are reached through runs, and where those of each neuron and run begin and end.

    Args:
        network: The network.
        begin: First neuron of each run of each sending population, shape ``(P, R)``.
        end: The neuron after the last one, likewise.
    """
    adjacency, (n, n_runs) = network.synapses.adjacency, (network.n_neurons, begin.shape[1])
    places, bounds = np.empty((n, n_runs, 2), np.int64), np.empty((n, n_runs + 1), np.int64)
    n_found = bits_and_runs.find_runs(adjacency.offsets, adjacency.targets, network.population, begin, end, places)
    targets = np.empty(n_found, adjacency.targets.dtype)
    bits_and_runs.gather_runs(adjacency.targets, places, targets, bounds)
    return bounds, targets
