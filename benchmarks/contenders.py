"""The simulators that are compared, each behind the same two calls: prepare, then simulate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.brian2_network import Brian2Network
from benchmarks.default_network import timed
from benchmarks.nest_network import NestNetwork
from benchmarks.plain_network import PlainNetwork, plain
from neuro_mod.choices import Precision
from neuro_mod.core.spiking_net.engine.noise import external_counts
from neuro_mod.core.spiking_net.engine.simulate import simulate
from neuro_mod.core.spiking_net.engine.state import initial_state
from neuro_mod.core.spiking_net.engine.trial import Trial
from neuro_mod.core.spiking_net.lif_net import LIFNet
from neuro_mod.core.spiking_net.network import SpikingNetwork
from neuro_mod.recordings.spikes import SpikeEvents

Counts = NDArray[np.integer]


@dataclass(frozen=True)
class Contender:
    """A simulator.

    Args:
        name: What the report calls it.
        duration: Seconds it simulates in each repeat.
        prepare: Makes it ready for one repeat (of this number), from the state zero and with noise of its own; what it
            returns simulates, and gives the wall-clock seconds that took and the number of spikes of each neuron.
        compilation: Seconds of compilation.
        remark: Something else the report should say.
    """

    name: str
    duration: float
    prepare: Callable[[int], Callable[[], tuple[float, Counts]]]
    compilation: float = 0.0
    remark: str = ""


def engine(network: SpikingNetwork, duration: float, delta_t: float, seed: int, dtype: Precision) -> Contender:
    """The compiled loop of this package."""
    run = partial(engine_spikes, network, delta_t=delta_t, dtype=dtype)
    first, again = (timed(lambda: run(1, seed=seed))[0] for _ in range(2))

    def prepare(repeat: int) -> Callable[[], tuple[float, Counts]]:
        return lambda: timed(lambda: run(round(duration / delta_t), seed=seed + repeat).sum(axis=0))

    return Contender(
        f"neuro_mod, {dtype}",
        duration,
        prepare,
        first - again,
        f"{again * 1e3:.0f} ms of set-up in each call of `simulate` count as simulation",
    )


def engine_spikes(network: SpikingNetwork, n_steps: int, *, delta_t: float, seed: int, dtype: Precision) -> SpikeEvents:
    """Spikes of this package from the state zero."""
    trial = Trial(network=network, state=initial_state(network, seed), n_steps=n_steps, delta_t=delta_t, dtype=dtype)
    return simulate(trial).spikes


def reference_module(network: SpikingNetwork, duration: float, delta_t: float, seed: int) -> Contender:
    """`LIFNet`, dense and in float64, on one thread of PyTorch, its external input drawn beforehand."""
    torch.set_num_threads(1)
    module, n_steps = lif_net(network, delta_t), round(duration / delta_t)
    zero = torch.zeros(network.n_neurons, dtype=torch.float64)

    def prepare(repeat: int) -> Callable[[], tuple[float, Counts]]:
        counts = torch.as_tensor(external_counts(network, seed + repeat, delta_t, n_steps)).double()
        return lambda: timed(lambda: module(zero, zero, None, counts).spikes.sum(dim=0).numpy().astype(np.int64))

    size = 8 * n_steps * network.external.n_sources * network.n_neurons / 1e6
    return Contender("LIFNet, float64", duration, prepare, remark=f"to prepare is to draw {size:.0f} MB of input")


def lif_net(network: SpikingNetwork, delta_t: float) -> LIFNet:
    """The network as a PyTorch module."""
    neurons = plain(network)
    return LIFNet(
        network.dense_weights(),
        network.per_neuron(network.external.weight),
        neurons.tau_membrane,
        neurons.tau_synaptic,
        neurons.tau_refractory,
        neurons.threshold,
        neurons.reset_voltage,
        delta_t,
    )


def nest_simulator(
    name: str, nest: Any, network: PlainNetwork, duration: float, delta_t: float, seed: int
) -> Contender:
    """NEST on one thread; to prepare is to build the network, and to read the spikes is not timed."""

    def prepare(repeat: int) -> Callable[[], tuple[float, Counts]]:
        built = NestNetwork(nest, network, delta_t, seed + repeat)

        def run() -> tuple[float, Counts]:
            seconds, _ = timed(lambda: built.run(round(duration / delta_t)))
            return seconds, built.spikes().sum(axis=0)

        return run

    return Contender(name, duration, prepare)


def brian2_simulator(name: str, built: Brian2Network, duration: float, compilation: float, seed: int) -> Contender:
    """Brian2, a compiled program on one thread; to load the network and to save the spikes is not timed."""

    def prepare(repeat: int) -> Callable[[], tuple[float, Counts]]:
        def run() -> tuple[float, Counts]:
            seconds, spikes = built.run(seed + repeat)
            return seconds, spikes.sum(axis=0)

        return run

    return Contender(name, duration, prepare, compilation)
