"""The same network in NEST: `iaf_psc_exp` neurons and, per external source and rate, one `poisson_generator`.

The threshold unit becomes 1 mV and the capacitance is 1 pF, so that a current in pA is a slope in mV/ms. NEST then
integrates ``dV/dt = -V/tau_m + I/C`` and a spike of weight w adds w to I, where ours adds ``J/tau_s`` in units per
second: ``w [pA] = C [pF] J [mV] / tau_s [ms]``. Both schemes are exact on the grid and count refractory steps alike.
One difference remains: the shortest delay in NEST is one step, so that a recurrent spike acts one step later than ours.

A `poisson_generator` sends independent trains to its targets. With quenched arousal each neuron has its own rate and
needs its own generator, which costs NEST half its speed.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.plain_network import PlainNetwork
from neuro_mod.core.spiking_net.external.injected import InjectedSpikes
from neuro_mod.recordings.spikes import SpikeEvents

_MS_PER_S = 1000.0
_CAPACITANCE = 1.0  # pF
#: Steps simulated before a run begins, which makes NEST build the tables of connections.
_STEPS_BEFORE = 1


def import_nest() -> Any | None:
    """The silenced NEST module, or None where it is not installed."""
    os.environ["PYNEST_QUIET"] = "1"
    try:
        nest: Any = import_module("nest")
    except ImportError:
        return None
    if hasattr(nest, "VerbosityLevel"):
        nest.verbosity = nest.VerbosityLevel.ERROR
    else:  # before NEST 3.10
        nest.set_verbosity("M_ERROR")
    return nest


class NestNetwork:
    """A network built in NEST, which holds one at a time.

    Args:
        nest: The module.
        network: The network.
        delta_t: Time step in seconds.
        seed: Seed of NEST's random numbers.
        injected: Spikes that are given beforehand.
        played: Spikes that the synapses transmit instead of those of NEST's own neurons, from generators and in our
            order of events: a spike of step t arrives at the end of step t.
        record_voltage: Whether the voltage of every neuron is recorded after each step.
    """

    def __init__(
        self,
        nest: Any,
        network: PlainNetwork,
        delta_t: float,
        seed: int,
        *,
        injected: InjectedSpikes | None = None,
        played: SpikeEvents | None = None,
        record_voltage: bool = False,
    ):
        self._nest, self._n, self._delta_t, self._n_steps = nest, network.n_neurons, delta_t, 0
        nest.ResetKernel()
        nest.set(resolution=delta_t * _MS_PER_S, local_num_threads=1, rng_seed=seed + 1, print_time=False)
        neurons = nest.Create("iaf_psc_exp", self._n, params=_neuron_parameters(network))
        self._first = neurons[0].global_id
        self._recorder = nest.Create("spike_recorder")
        nest.Connect(neurons, self._recorder)
        senders = self._first if played is None else self._generators(played.steps, played.neurons)
        self._connect(senders + network.senders, network.targets, network.weights, network)
        everyone = np.arange(self._n)
        for weight, rate in zip(network.external_weight, network.external_rate, strict=True):
            rates, which = np.unique(rate, return_inverse=True)
            generators = nest.Create("poisson_generator", len(rates), params={"rate": rates})
            self._connect(which + generators[0].global_id, everyone, weight, network)
        if injected is not None:
            generators = self._generators(injected.steps, injected.neurons, injected.weights)
            self._connect(generators + everyone, everyone, np.ones(self._n), network)
        self._voltmeter = None
        if record_voltage:
            self._voltmeter = nest.Create("voltmeter", params={"interval": nest.resolution})
            nest.Connect(self._voltmeter, neurons)
        nest.Simulate(_STEPS_BEFORE * nest.resolution)

    def run(self, n_steps: int) -> None:
        """Simulate so many steps."""
        self._nest.Simulate(n_steps * self._nest.resolution)
        self._n_steps += n_steps

    def spikes(self) -> SpikeEvents:
        """All spikes, in our order of events: NEST calls the time of a spike of step t ``(t + 1) h``."""
        events = self._recorder.events
        steps, neurons = self._steps(events["times"]), events["senders"] - self._first
        order = np.lexsort((neurons, steps))[np.count_nonzero(steps < 0) :]
        chosen = steps[order].astype(np.int32), neurons[order].astype(np.int32)
        return SpikeEvents(*chosen, self._n_steps, self._n, self._delta_t)

    def voltage(self) -> NDArray[np.float64]:
        """Voltage of every neuron after each step but the last, which NEST hands over a step later.

        Returns:
            Shape ``(n_steps - 1, n_neurons)``.

        Raises:
            ValueError: It was not recorded.
        """
        if self._voltmeter is None:
            raise ValueError("no voltage was recorded")
        events = self._voltmeter.events
        voltage = np.full((self._n_steps - 1, self._n), np.nan)
        steps = self._steps(events["times"])
        during = steps >= 0
        voltage[steps[during], events["senders"][during] - self._first] = events["V_m"][during]
        return voltage

    def _steps(self, times: NDArray[np.float64]) -> NDArray[np.int64]:
        return np.rint(times / self._nest.resolution).astype(np.int64) - 1 - _STEPS_BEFORE

    def _generators(
        self, steps: NDArray[np.integer], neurons: NDArray[np.integer], weights: NDArray[np.float64] | None = None
    ) -> int:
        """One generator for each neuron's spikes, which arrive at the end of their steps; the first one's id.

        They send at ``t h`` and so make up for the delay of one step that no connection can do without.
        """
        order = np.lexsort((steps, neurons))
        times = (steps[order] + _STEPS_BEFORE) * self._nest.resolution
        ends = np.cumsum(np.bincount(neurons, minlength=self._n))[:-1]
        trains = [{"spike_times": train} for train in np.split(times, ends)]
        if weights is not None:
            for train, weight in zip(trains, np.split(weights[order], ends), strict=True):
                train["spike_weights"] = weight
        return self._nest.Create("spike_generator", self._n, params=trains)[0].global_id

    def _connect(
        self,
        senders: NDArray[np.int64],
        targets: NDArray[np.int64],
        weights: NDArray[np.float64],
        network: PlainNetwork,
    ) -> None:
        current = _CAPACITANCE * weights / (network.tau_synaptic[targets] * _MS_PER_S)
        synapses = {"weight": current, "delay": np.full(len(current), self._nest.resolution)}
        self._nest.Connect(senders, targets + self._first, "one_to_one", synapses)


def _neuron_parameters(network: PlainNetwork) -> dict[str, Any]:
    tau_synaptic = network.tau_synaptic * _MS_PER_S
    return {
        "C_m": _CAPACITANCE,
        "E_L": 0.0,
        "V_m": 0.0,
        "V_reset": network.reset_voltage,
        "V_th": network.threshold,
        "tau_m": network.tau_membrane * _MS_PER_S,
        "tau_syn_ex": tau_synaptic,
        "tau_syn_in": tau_synaptic,
        "t_ref": network.tau_refractory * _MS_PER_S,
    }
