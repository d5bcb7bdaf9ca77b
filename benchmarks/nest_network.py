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

from neuro_mod.core.spiking_net.network import SpikingNetwork

_MS_PER_S = 1000.0
_CAPACITANCE = 1.0  # pF


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
        network: The network; its sparse weights are used one by one.
        delta_t: Time step in seconds.
        seed: Seed of NEST's random numbers.

    Raises:
        ValueError: The external rate is redrawn in each step, which a `poisson_generator` does not do.
    """

    def __init__(self, nest: Any, network: SpikingNetwork, delta_t: float, seed: int):
        if network.external.rate_spread.any():
            raise ValueError("arousal.heterogeneity: per_step has no counterpart in NEST")
        self._nest, self._n = nest, network.n_neurons
        nest.ResetKernel()
        nest.set(resolution=delta_t * _MS_PER_S, local_num_threads=1, rng_seed=seed + 1, print_time=False)
        self._neurons = nest.Create("iaf_psc_exp", self._n, params=_neuron_parameters(network))
        self._first = self._neurons[0].global_id
        self._recorder = nest.Create("spike_recorder")
        nest.Connect(self._neurons, self._recorder)
        self._connect_neurons(network)
        self._connect_external(network)
        nest.Simulate(nest.resolution)  # builds the tables of connections

    def run(self, duration: float) -> NDArray[np.int64]:
        """Simulate ``duration`` seconds and return the number of spikes of each neuron."""
        self._nest.Simulate(duration * _MS_PER_S)
        return np.bincount(self._recorder.events["senders"] - self._first, minlength=self._n)

    def _connect_neurons(self, network: SpikingNetwork) -> None:
        adjacency = network.synapses.adjacency
        current = network.synapses.weight_of_each() / network.tau_synaptic[adjacency.targets]
        self._nest.Connect(
            adjacency.senders.astype(np.int64) + self._first,
            adjacency.targets.astype(np.int64) + self._first,
            "one_to_one",
            self._synapses(current),
        )

    def _connect_external(self, network: SpikingNetwork) -> None:
        for weight, rate in zip(network.external.weight, network.external.rate, strict=True):
            rates, which = np.unique(rate, return_inverse=True)
            generators = self._nest.Create("poisson_generator", len(rates), params={"rate": rates})
            self._nest.Connect(
                which + generators[0].global_id,
                np.arange(self._n) + self._first,
                "one_to_one",
                self._synapses(weight / network.tau_synaptic),
            )

    def _synapses(self, current_per_second: NDArray[np.float64]) -> dict[str, Any]:
        weight = _CAPACITANCE * current_per_second / _MS_PER_S
        return {"weight": weight, "delay": np.full(len(weight), self._nest.resolution)}


def _neuron_parameters(network: SpikingNetwork) -> dict[str, Any]:
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
