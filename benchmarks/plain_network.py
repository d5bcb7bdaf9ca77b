"""A network as plain arrays, for other simulators; the only module here that reads ours.

This module needs NumPy alone, so that it can be read in the environment of any simulator.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from neuro_mod.core.spiking_net.network import SpikingNetwork


@dataclass(frozen=True)
class PlainNetwork:
    """A network; seconds, Hz and threshold units.

    Args:
        senders: Sending neuron of each synapse, shape ``(n_synapses,)``.
        targets: Receiving neuron of each synapse, likewise.
        weights: Efficacy J of each synapse, likewise.
        tau_membrane: Membrane time constants, shape ``(n_neurons,)``, as of all that follow.
        tau_synaptic: Synaptic time constants.
        tau_refractory: Absolute refractory periods.
        threshold: Spike thresholds.
        reset_voltage: Reset voltages.
        external_weight: Efficacy of an external spike, shape ``(n_sources, n_neurons)``.
        external_rate: Total rate of external spikes, likewise.
    """

    senders: NDArray[np.int64]
    targets: NDArray[np.int64]
    weights: NDArray[np.float64]
    tau_membrane: NDArray[np.float64]
    tau_synaptic: NDArray[np.float64]
    tau_refractory: NDArray[np.float64]
    threshold: NDArray[np.float64]
    reset_voltage: NDArray[np.float64]
    external_weight: NDArray[np.float64]
    external_rate: NDArray[np.float64]

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return len(self.threshold)

    def without_external_input(self) -> PlainNetwork:
        """The network left to itself."""
        none = np.zeros((0, self.n_neurons))
        return replace(self, external_weight=none, external_rate=none)

    def with_equal_rates(self) -> PlainNetwork:
        """The network with the mean external rate in every neuron, which lets others share one generator."""
        rate = np.broadcast_to(self.external_rate.mean(axis=1, keepdims=True), self.external_rate.shape)
        return replace(self, external_rate=rate)

    def save(self, path: Path) -> None:
        """Write an ``.npz`` file."""
        np.savez(path, **asdict(self))

    @classmethod
    def load(cls, path: Path) -> PlainNetwork:
        """Read what `save` wrote."""
        with np.load(path) as arrays:
            return cls(**arrays)


def plain(network: SpikingNetwork) -> PlainNetwork:
    """Read a network of ours; external sources that send nothing are left out.

    Raises:
        ValueError: The external rate is redrawn in each step, which no other simulator is told to do.
    """
    external = network.external
    if external.z is None and external.arousal_rate.any():
        raise ValueError("arousal.heterogeneity: per_step has no counterpart in other simulators")
    adjacency, rate = network.synapses.adjacency, network.external_rate()
    present = rate.any(axis=1)
    return PlainNetwork(
        senders=adjacency.senders,
        targets=adjacency.targets.astype(np.int64),
        weights=network.weight_of_each(),
        **{name: network.per_neuron(values) for name, values in vars(network.neurons).items()},
        external_weight=network.per_neuron(external.weight)[present],
        external_rate=rate[present],
    )
