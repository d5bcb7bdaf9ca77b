"""The simulators that are compared, each behind the same two calls: prepare, then simulate."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.nest_network import NestNetwork
from neuro_mod.core.spiking_net.engine.simulate import simulate
from neuro_mod.core.spiking_net.external.poisson import external_counts
from neuro_mod.core.spiking_net.lif_net import LIFNet
from neuro_mod.core.spiking_net.network import SpikingNetwork
from neuro_mod.core.spiking_net.state import initial_state

Counts = NDArray[np.integer]
Result = TypeVar("Result")


@dataclass(frozen=True)
class Contender:
    """A simulator.

    Args:
        name: What the report calls it.
        duration: Seconds it simulates in each repeat.
        prepare: Makes it ready for one repeat (of this number), from the state zero and with noise of its own; what it
            returns simulates, which is what is timed, and gives the number of spikes of each neuron.
        compilation: Seconds of compilation.
        remark: Something else the report should say.
    """

    name: str
    duration: float
    prepare: Callable[[int], Callable[[], Counts]]
    compilation: float = 0.0
    remark: str = ""


def engine(network: SpikingNetwork, duration: float, delta_t: float, seed: int, dtype: str) -> Contender:
    """The compiled loop of this package."""
    start = initial_state(network, seed)

    def spikes(n_steps: int, repeat: int = 0) -> Counts:
        run = simulate(network, start, n_steps, delta_t=delta_t, seed=seed + repeat, dtype=dtype)
        return run.spikes.sum(axis=0)

    first, again = timed(lambda: spikes(1))[0], timed(lambda: spikes(1))[0]
    return Contender(
        f"neuro_mod, {dtype}",
        duration,
        lambda repeat: lambda: spikes(round(duration / delta_t), repeat),
        first - again,
        f"{again * 1e3:.0f} ms of set-up in each call of `simulate` count as simulation",
    )


def reference_module(network: SpikingNetwork, duration: float, delta_t: float, seed: int) -> Contender:
    """`LIFNet`, dense and in float64, on one thread of PyTorch, its external input drawn beforehand."""
    torch.set_num_threads(1)
    module, n_steps = _lif_net(network, delta_t), round(duration / delta_t)
    zero = torch.zeros(network.n_neurons, dtype=torch.float64)

    def prepare(repeat: int) -> Callable[[], Counts]:
        counts = torch.as_tensor(external_counts(network.external, seed + repeat, delta_t, n_steps)).double()
        return lambda: module(zero, zero, None, counts).spikes.sum(dim=0).numpy().astype(np.int64)

    size = 8 * n_steps * network.external.weight.size / 1e6
    return Contender("LIFNet, float64", duration, prepare, remark=f"to prepare is to draw {size:.0f} MB of input")


def nest_simulator(
    nest: Any, network: SpikingNetwork, duration: float, delta_t: float, seed: int, *, name: str = "NEST"
) -> Contender:
    """NEST on one thread; to prepare is to build the network."""
    return Contender(
        name,
        duration,
        lambda repeat: partial(NestNetwork(nest, network, delta_t, seed + repeat).run, duration),
    )


def timed(action: Callable[[], Result]) -> tuple[float, Result]:
    """Wall-clock seconds of a call, and its result."""
    begin = time.perf_counter()
    result = action()
    return time.perf_counter() - begin, result


def with_equal_rates(network: SpikingNetwork) -> SpikingNetwork:
    """The network with the mean external rate in every neuron, which lets NEST share one generator."""
    rate = np.broadcast_to(network.external.rate.mean(axis=1, keepdims=True), network.external.rate.shape)
    return replace(network, external=replace(network.external, rate=rate))


def _lif_net(network: SpikingNetwork, delta_t: float) -> LIFNet:
    return LIFNet(
        network.dense_weights(),
        network.external.weight,
        network.tau_membrane,
        network.tau_synaptic,
        network.tau_refractory,
        network.threshold,
        network.reset_voltage,
        delta_t,
    )
