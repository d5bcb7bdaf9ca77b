"""A spiking network as the simulators see it: its populations, synapses and external input."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.arousal import MEAN_Z, quenched_z
from neuro_mod.core.circuit import Circuit
from neuro_mod.core.clustering.adjacency import Adjacency, AdjacencyLists, draw_adjacency, index_dtype
from neuro_mod.core.neurons import NEURON_PARAMETERS, NeuronParameters
from neuro_mod.errors import InputError
from neuro_mod.summaries import ShownFields


@dataclass(frozen=True, repr=False)
class Synapses(ShownFields):
    """Recurrent synapses with block-constant weights.

    Args:
        adjacency: Who projects to whom.
        block_weights: Efficacies ``[post, pre]`` between populations in threshold units, shape ``(P, P)``.
    """

    adjacency: Adjacency
    block_weights: NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class GeneralSynapses(ShownFields):
    """Recurrent synapses that each have their own weight.

    Args:
        adjacency: Who projects to whom.
        weights: Efficacies in threshold units in the order of ``adjacency.targets``, shape ``(n_synapses,)``.
    """

    adjacency: Adjacency
    weights: NDArray[np.float64]

    @classmethod
    def from_matrix(cls, weights: Any) -> GeneralSynapses:
        """Take the nonzero entries of a dense or SciPy sparse matrix ``[post, pre]``.

        Args:
            weights: Efficacies in threshold units, shape ``(n_neurons, n_neurons)``.

        Raises:
            InputError: The matrix is not square, or holds NaN or infinity.
        """
        from scipy import sparse  # noqa: PLC0415 -- only for weights that are given as a matrix

        shape = np.shape(weights)
        if len(shape) != 2 or shape[0] != shape[1]:
            raise InputError(f"synaptic weights: shape {shape} found; expected a square matrix [post, pre]")
        matrix = sparse.csc_array(weights, dtype=np.float64)
        if not np.isfinite(matrix.data).all():
            raise InputError("synaptic weights: NaN or infinity found; expected finite values")
        matrix.sum_duplicates()
        matrix.eliminate_zeros()
        adjacency = AdjacencyLists(matrix.indptr.astype(np.uint64), matrix.indices.astype(index_dtype(shape[0])))
        return cls(adjacency, np.asarray(matrix.data, np.float64))


@dataclass(frozen=True, repr=False)
class ExternalInput(ShownFields):
    """Independent Poisson input of each neuron from S external sources.

    Neuron i of population a receives spikes of weight ``weight[s, a]`` from source s at the total rate
    ``in_degree[s, a] * (rate[s, a] + arousal_rate[a] * z_i)``.

    Args:
        weight: Efficacy of one external spike in threshold units, shape ``(S, P)``.
        in_degree: Number of external synapses, shape ``(S, P)``.
        rate: Rate of each of them in Hz, shape ``(S, P)``.
        arousal_rate: Further rate in Hz that is multiplied by z, shape ``(P,)``.
        z: Factor of each neuron, shape ``(n_neurons,)``; None if it is drawn in each step from Beta(10, 10).
    """

    weight: NDArray[np.float64]
    in_degree: NDArray[np.float64]
    rate: NDArray[np.float64]
    arousal_rate: NDArray[np.float64]
    z: NDArray[np.float64] | None

    @property
    def n_sources(self) -> int:
        """Number of sources S."""
        return len(self.weight)


def no_external_input(n_populations: int) -> ExternalInput:
    """External input without a source."""
    nothing = np.zeros((0, n_populations))
    return ExternalInput(nothing, nothing, nothing, np.zeros(n_populations), None)


@dataclass(frozen=True, repr=False)
class SpikingNetwork(ShownFields):
    """Everything a simulation needs to know about a network of P populations, stored one after another.

    Neurons that all differ are populations of one neuron each.

    Args:
        sizes: Neurons in each population, shape ``(P,)``.
        synapses: Recurrent synapses.
        external: External input.
        neurons: Parameters of the neurons, shape ``(P,)`` each.
        names: Names of the populations in messages; numbers by default.

    Raises:
        InputError: An array has another shape, or values are out of bounds.

    Examples:
        >>> from neuro_mod import StageSNNSimulation
        >>> network = StageSNNSimulation("small").network
        >>> network.n_neurons, network.n_populations
        (600, 14)
        >>> network.names[:2], network.sizes[:2].tolist()
        (('E0', 'E1'), [72, 72])
        >>> network.threshold.shape  # one value for each population
        (14,)
    """

    sizes: NDArray[np.int64]
    synapses: Synapses | GeneralSynapses
    external: ExternalInput
    neurons: NeuronParameters
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        n, p, external = self.n_neurons, self.n_populations, self.external
        sources = external.n_sources, p
        expected = {f"neurons.{name}": (p,) for name in NEURON_PARAMETERS} | {
            "external.weight": sources,
            "external.in_degree": sources,
            "external.rate": sources,
            "external.arousal_rate": (p,),
        }
        found = {name: np.shape(attrgetter(name)(self)) for name in expected}
        if external.z is not None:
            expected["external.z"], found["external.z"] = (n,), np.shape(external.z)
        expected["synapses"], found["synapses"] = (n,), (self.synapses.adjacency.n_neurons,)
        if isinstance(self.synapses, Synapses):
            expected["block_weights"], found["block_weights"] = (p, p), np.shape(self.synapses.block_weights)
        wrong = [
            f"{name} of shape {found[name]} found; expected {expected[name]}"
            for name in found
            if found[name] != expected[name]
        ]
        z = np.zeros(0) if external.z is None else external.z
        if not ((z >= 0) & (z <= 1)).all() or not (np.asarray(external.in_degree) >= 0).all():
            raise InputError("external: value out of bounds; expected z from 0 to 1 and in_degree of at least 0")
        if wrong:
            raise InputError(f"network of {n} neurons in {p} populations: {', '.join(wrong)}")

    @property
    def threshold(self) -> NDArray[np.float64]:
        """Spike thresholds in threshold units, shape ``(P,)``."""
        return self.neurons.threshold

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return int(np.sum(self.sizes))

    @property
    def n_populations(self) -> int:
        """Number of populations P."""
        return len(self.sizes)

    @cached_property
    def population(self) -> NDArray[np.int64]:
        """Population of each neuron, shape ``(n_neurons,)``."""
        return np.repeat(np.arange(self.n_populations), self.sizes)

    @cached_property
    def boundaries(self) -> NDArray[np.int64]:
        """Population a holds neurons ``boundaries[a]`` up to ``boundaries[a + 1]``, shape ``(P + 1,)``."""
        return np.concatenate([[0], np.cumsum(self.sizes)])

    @cached_property
    def fingerprint(self) -> str:
        """A hash of who projects to whom and of the sizes of the populations, whatever weights and parameters are."""
        return hashlib.blake2b(self.sizes.astype(np.int64).tobytes() + self.synapses.adjacency.digest).hexdigest()[:32]

    def per_neuron(self, values: NDArray[Any]) -> NDArray[Any]:
        """Give each neuron the value of its population, along the last axis."""
        return np.repeat(values, self.sizes, axis=-1)

    def external_rate(self) -> NDArray[np.float64]:
        """Mean total rate of external spikes of each neuron in Hz, shape ``(S, n_neurons)``."""
        external = self.external
        z = MEAN_Z if external.z is None else external.z
        rate = self.per_neuron(external.rate) + self.per_neuron(external.arousal_rate) * z
        return self.per_neuron(external.in_degree) * rate

    def name_of(self, population: int) -> str:
        """Name of a population in messages."""
        return population_name(self.names, population)

    def weight_of_each(self) -> NDArray[np.float64]:
        """Efficacy of each synapse in the order of ``adjacency.targets``, shape ``(n_synapses,)``."""
        synapses = self.synapses
        if isinstance(synapses, GeneralSynapses):
            return synapses.weights
        adjacency = synapses.adjacency
        return synapses.block_weights[self.population[adjacency.targets], self.population[adjacency.senders]]

    def dense_weights(self) -> NDArray[np.float64]:
        """Matrix ``[post, pre]`` of efficacies in threshold units, shape ``(n_neurons, n_neurons)``."""
        adjacency = self.synapses.adjacency
        matrix = np.zeros((self.n_neurons, self.n_neurons))
        matrix[adjacency.targets, adjacency.senders] = self.weight_of_each()
        return matrix


def population_name(names: tuple[str, ...], population: int) -> str:
    """Name of a population in messages: its number, if it has none."""
    return names[population] if names else f"population {population}"


def draw_network(circuit: Circuit, seed: int) -> SpikingNetwork:
    """Draw one network: its connections and, with quenched arousal, the z of each neuron.

    Args:
        circuit: The populations and their parameters.
        seed: Root seed; the same circuit and seed give the same network.
    """
    populations = circuit.populations
    adjacency = draw_adjacency(populations, circuit.connection_probability, seed, circuit.in_degree)
    return SpikingNetwork(
        sizes=populations.sizes,
        synapses=Synapses(adjacency, circuit.block_weights),
        external=ExternalInput(
            circuit.external_weight,
            circuit.external_in_degree,
            circuit.external_rate,
            circuit.arousal_rate,
            _draw_z(circuit, seed),
        ),
        neurons=circuit.neurons,
        names=populations.names,
    )


def _draw_z(circuit: Circuit, seed: int) -> NDArray[np.float64] | None:
    n = circuit.populations.n_neurons
    if circuit.arousal_heterogeneity == "per_step":
        return None
    return np.full(n, MEAN_Z) if circuit.arousal_heterogeneity == "none" else quenched_z(seed, n)
