"""The result of a simulation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.spiking_net.engine.state import State
from neuro_mod.core.spiking_net.network import SpikingNetwork
from neuro_mod.errors import InputError
from neuro_mod.recordings.spikes import SpikeEvents
from neuro_mod.summaries import Shown, Summary, array, counted


@dataclass(frozen=True, repr=False)
class Simulation(Shown):
    """The result of a simulation.

    Args:
        n_steps: Steps done.
        delta_t: Time step in seconds.
        end: State after the last step, which does not say which network it belongs to; see `state`.
        network: The network.
        spike_counts: Number of spikes of each neuron, shape ``(n_neurons,)``.
        binned_counts: Number of spikes of each population in each bin, shape ``(n_bins, P)``; the last bin may be cut
            short by the end. Without bins, ``n_bins`` is 0.
        voltage: V after the recorded steps, shape ``(n_recorded_steps, n_recorded_neurons)``.
        current: I after the recorded steps, likewise.
        events: All spikes, if they were kept.
        scores: Derivative of the log-likelihood of the external counts with respect to a shift of the external rate of
            each population, summed over the steps of each bin, in 1/Hz, shape ``(n_bins, P)``; see `Recording`.
        arousal_scores: Likewise with respect to a shift of the further rate that is multiplied by z.
    """

    n_steps: int
    delta_t: float
    end: State
    network: SpikingNetwork
    spike_counts: NDArray[np.int64]
    binned_counts: NDArray[np.int32]
    voltage: NDArray[np.floating]
    current: NDArray[np.floating]
    events: SpikeEvents | None
    scores: NDArray[np.float64]
    arousal_scores: NDArray[np.float64]

    def __getstate__(self) -> dict[str, Any]:
        """What is pickled: not the network, which is large."""
        kept = {name: value for name, value in vars(self).items() if name != "network"}
        return kept | {"state": self.state}

    def _summary(self) -> Summary:
        n, total = len(self.spike_counts), int(self.spike_counts.sum())
        rows = {"spikes": f"{total}{'' if self.events is None else ', each kept'}"}
        if self.n_steps and n:
            rows["mean rate"] = f"{total / n / self.duration:.4g} Hz"
        if len(self.binned_counts):
            rows["binned_counts"] = f"{array(self.binned_counts)}, of populations in bins"
        traces = {"voltage": (self.voltage, "threshold units"), "current": (self.current, "threshold units per second")}
        rows |= {name: f"{array(each)}, {unit}" for name, (each, unit) in traces.items() if each.size}
        rows["state"] = f"to continue from, after {counted(self.end.step, 'step')}"
        return Summary(f"Simulation of {counted(n, 'neuron')} over {self.duration:g} s", rows)

    @cached_property
    def state(self) -> State:
        """State after the last step, to continue from."""
        return replace(self.end, network=self.network.fingerprint)

    @property
    def spikes(self) -> SpikeEvents:
        """All spikes.

        Raises:
            InputError: They were not kept.
        """
        if self.events is None:
            raise InputError("spikes: not kept; expected a simulation with Recording.spikes")
        return self.events

    @property
    def duration(self) -> float:
        """Simulated seconds."""
        return self.n_steps * self.delta_t
