"""The state of a simulation between two steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuro_mod.checks import check_choice
from neuro_mod.choices import InitialVoltage
from neuro_mod.core.random import Stream
from neuro_mod.core.spiking_net.network import SpikingNetwork
from neuro_mod.summaries import Shown, Summary, counted, span


@dataclass(frozen=True, repr=False)
class State(Shown):
    """The state of a simulation; continuing from it gives the same results as one uninterrupted simulation.

    Args:
        voltage: V in threshold units, shape ``(n_neurons,)``, in the precision of the simulation.
        current: I in threshold units per second, shape ``(n_neurons,)``.
        refractory: Steps left in the refractory period, shape ``(n_neurons,)``.
        step: Steps done since the beginning; the place in the streams of the noise.
        delta_t: Time step in seconds that steps are counted in; None before the first one.
        seed: Root seed of the noise; with the step, it gives all random numbers to come.
        network: `SpikingNetwork.fingerprint` of the network it belongs to; None where that is not known, and before the
            first step.

    Examples:
        >>> from neuro_mod import StageSNNSimulation, simulate
        >>> trial = StageSNNSimulation("small").trial(duration_sec=0.1)
        >>> trial.state.step, simulate(trial).state.step
        (0, 200)
        >>> trial.state.voltage.shape
        (600,)
    """

    voltage: NDArray[np.floating]
    current: NDArray[np.floating]
    refractory: NDArray[np.int32]
    step: int = 0
    delta_t: float | None = None
    seed: int | None = None
    network: str | None = None

    def _summary(self) -> Summary:
        time = "" if self.delta_t is None else f" of {1e3 * self.delta_t:g} ms ({self.step * self.delta_t:g} s)"
        rows = {
            "voltage": f"{span(self.voltage, 'threshold units')}, {self.voltage.dtype}",
            "current": span(self.current, "threshold units per second"),
            "refractory": counted(int(np.count_nonzero(self.refractory)), "neuron"),
            "seed of the noise": str(self.seed),
            "network": "not known" if self.network is None else self.network,
        }
        return Summary(
            f"State of {counted(len(self.voltage), 'neuron')} after {counted(self.step, 'step')}{time}", rows
        )


def initial_state(network: SpikingNetwork, seed: int, voltage: InitialVoltage = "zero") -> State:
    """State before the first step: no current, no neuron refractory.

    Args:
        network: The network.
        seed: Root seed; stream ``"initial_voltage"``, and the noise to come.
        voltage: ``zero``, or ``uniform`` in [0, threshold).

    Raises:
        InputError: Unknown choice of ``voltage``.
    """
    check_choice("initial_voltage", voltage, InitialVoltage)
    n = network.n_neurons
    fraction = np.zeros(n)
    if voltage == "uniform":
        fraction = Stream(seed, "initial_voltage").uniform(np.arange(n), 1)[:, 0]
    voltages = fraction * network.per_neuron(network.threshold)
    return State(voltages, np.zeros(n), np.zeros(n, dtype=np.int32), seed=seed)
