"""A spiking network as the simulators see it: one entry per neuron, and who receives what from whom."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from neuro_mod.core.arousal import MEAN_Z, quenched_z
from neuro_mod.core.circuit import Circuit
from neuro_mod.core.clustering.adjacency import Adjacency, draw_adjacency, index_dtype


@dataclass(frozen=True)
class Synapses:
    """Recurrent synapses with block-constant weights.

    Args:
        adjacency: Who projects to whom.
        block_weights: Efficacies ``[post, pre]`` between populations in threshold units, shape ``(P, P)``.
        population: Population of each neuron, shape ``(n_neurons,)``.
    """

    adjacency: Adjacency
    block_weights: NDArray[np.float64]
    population: NDArray[np.int64]

    def weight_of_each(self) -> NDArray[np.float64]:
        """Efficacy of each synapse in the order of ``adjacency.targets``, shape ``(n_synapses,)``."""
        return self.block_weights[self.population[self.adjacency.targets], self.population[self.adjacency.senders]]


@dataclass(frozen=True)
class GeneralSynapses:
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
            ValueError: The matrix is not square, or holds NaN or infinity.
        """
        shape = np.shape(weights)
        if len(shape) != 2 or shape[0] != shape[1]:
            raise ValueError(f"synaptic weights must be a square matrix [post, pre], found shape {shape}")
        matrix = sparse.csc_array(weights, dtype=np.float64)
        if not np.isfinite(matrix.data).all():
            raise ValueError("synaptic weights hold NaN or infinity")
        matrix.sum_duplicates()
        matrix.eliminate_zeros()
        adjacency = Adjacency(matrix.indptr.astype(np.uint64), matrix.indices.astype(index_dtype(shape[0])))
        return cls(adjacency, np.asarray(matrix.data, np.float64))

    def weight_of_each(self) -> NDArray[np.float64]:
        """Efficacy of each synapse in the order of ``adjacency.targets``, shape ``(n_synapses,)``."""
        return self.weights


@dataclass(frozen=True)
class ExternalInput:
    """Independent Poisson input of each neuron from each external source.

    Args:
        weight: Efficacy of one external spike in threshold units, shape ``(n_sources, n_neurons)``.
        rate: Total rate of external spikes in Hz (in-degree times source rate), shape ``(n_sources, n_neurons)``.
        rate_spread: A further rate in Hz that is multiplied by a fresh z ~ Beta(10, 10) in each step, likewise.
    """

    weight: NDArray[np.float64]
    rate: NDArray[np.float64]
    rate_spread: NDArray[np.float64]

    @property
    def n_sources(self) -> int:
        """Number of sources."""
        return len(self.weight)


@dataclass(frozen=True)
class SpikingNetwork:
    """Everything a simulation needs to know about a network; all arrays have one entry per neuron.

    Args:
        synapses: Recurrent synapses.
        external: External input.
        tau_membrane: Membrane time constants in seconds.
        tau_synaptic: Synaptic time constants in seconds.
        tau_refractory: Absolute refractory periods in seconds.
        threshold: Spike thresholds in threshold units.
        reset_voltage: Reset voltages in threshold units.

    Raises:
        ValueError: An array does not have one entry per neuron.
    """

    synapses: Synapses | GeneralSynapses
    external: ExternalInput
    tau_membrane: NDArray[np.float64]
    tau_synaptic: NDArray[np.float64]
    tau_refractory: NDArray[np.float64]
    threshold: NDArray[np.float64]
    reset_voltage: NDArray[np.float64]

    def __post_init__(self) -> None:
        n = self.n_neurons
        sources = self.external.weight.shape[0]
        shapes = {f.name: np.shape(getattr(self, f.name)) for f in fields(self)[2:]}
        wrong = {name: shape for name, shape in shapes.items() if shape != (n,)}
        shapes = {f"external.{f.name}": np.shape(getattr(self.external, f.name)) for f in fields(self.external)}
        wrong |= {name: shape for name, shape in shapes.items() if shape != (sources, n)}
        if self.synapses.adjacency.n_neurons != n:
            wrong["synapses"] = (self.synapses.adjacency.n_neurons,)
        if wrong:
            raise ValueError(f"a network of {n} neurons cannot have {wrong}")

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return len(self.threshold)

    def dense_weights(self) -> NDArray[np.float64]:
        """Matrix ``[post, pre]`` of efficacies in threshold units, shape ``(n_neurons, n_neurons)``."""
        adjacency = self.synapses.adjacency
        matrix = np.zeros((self.n_neurons, self.n_neurons))
        matrix[adjacency.targets, adjacency.senders] = self.synapses.weight_of_each()
        return matrix


def draw_network(circuit: Circuit, seed: int) -> SpikingNetwork:
    """Draw one network: its connections and, with quenched arousal, the external rate of each neuron.

    Args:
        circuit: The populations and their parameters.
        seed: Root seed; the same circuit and seed give the same network.
    """
    population = circuit.populations.of_neuron
    adjacency = draw_adjacency(circuit.populations, circuit.connection_probability, seed, circuit.in_degree)
    return SpikingNetwork(
        synapses=Synapses(adjacency, circuit.weights, population),
        external=_external_input(circuit, seed),
        tau_membrane=circuit.tau_membrane[population],
        tau_synaptic=circuit.tau_synaptic[population],
        tau_refractory=circuit.tau_refractory[population],
        threshold=circuit.threshold[population],
        reset_voltage=circuit.reset_voltage[population],
    )


def _external_input(circuit: Circuit, seed: int) -> ExternalInput:
    population = circuit.populations.of_neuron
    present = circuit.external_in_degree.any(axis=1)
    in_degree = circuit.external_in_degree[present][:, population]
    rate, spread = in_degree * circuit.external_rate[present][:, population], np.zeros_like(in_degree)
    aroused = in_degree * circuit.arousal_rate[population]
    if circuit.arousal_heterogeneity == "per_step":
        spread = aroused
    elif circuit.arousal_heterogeneity == "none":
        rate = rate + MEAN_Z * aroused
    else:
        rate = rate + quenched_z(seed, circuit.populations.n_neurons) * aroused
    return ExternalInput(circuit.external_weight[present][:, population], rate, spread)
