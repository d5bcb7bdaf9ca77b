"""The engine and LIFNet behind one call, so that a law can be tested on both."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

from neuro_mod.core.neurons import NeuronParameters
from neuro_mod.core.spiking_net.engine.noise import external_counts
from neuro_mod.core.spiking_net.engine.simulate import simulate
from neuro_mod.core.spiking_net.engine.state import State
from neuro_mod.core.spiking_net.engine.trial import Recording, Trial
from neuro_mod.core.spiking_net.external.stimulus import Stimulus
from neuro_mod.core.spiking_net.network import GeneralSynapses, SpikingNetwork, no_external_input


class Histories(NamedTuple):
    voltage: np.ndarray
    current: np.ndarray
    spikes: np.ndarray


def network(weights, *, tau_membrane=20e-3, tau_synaptic=5e-3, tau_refractory=5e-3, threshold=1.0, reset=0.0):
    """A network without external input, each neuron a population of its own."""
    weights = np.atleast_2d(np.asarray(weights, float))
    n = len(weights)
    neurons = (tau_membrane, tau_synaptic, tau_refractory, threshold, reset)
    return SpikingNetwork(
        np.ones(n, np.int64),
        GeneralSynapses.from_matrix(weights),
        no_external_input(n),
        NeuronParameters(*(np.broadcast_to(value, n).astype(float) for value in neurons)),
    )


def start(net, voltage=0.0, current=0.0):
    n = net.n_neurons
    return State(np.full(n, voltage, float) + 0.0, np.full(n, current, float) + 0.0, np.zeros(n, np.int32))


def run_engine(net, state, n_steps, delta_t, stimulus=None, mechanism="analytic", seed=1):
    everyone = np.arange(net.n_neurons)
    driven = None if stimulus is None else Stimulus(np.asarray(stimulus, float), np.ones(n_steps))
    trial = Trial(
        network=net,
        state=state,
        n_steps=n_steps,
        delta_t=delta_t,
        seed=seed,
        stimulus=driven,
        mechanism=mechanism,
        dtype="float64",
        recording=Recording(voltage=everyone, current=everyone),
    )
    result = simulate(trial)
    return Histories(result.voltage, result.current, np.asarray(result.spikes))


def lif_net(net, delta_t, mechanism="analytic"):
    pytest.importorskip("torch")
    from neuro_mod.core.spiking_net.lif_net import LIFNet

    return LIFNet(
        net.dense_weights(),
        net.per_neuron(net.external.weight) if net.external.n_sources else 0.0,
        *map(net.per_neuron, net.neurons),
        delta_t,
        mechanism=mechanism,
    )


def run_lif_net(net, state, n_steps, delta_t, stimulus=None, mechanism="analytic", seed=1):
    torch = pytest.importorskip("torch")
    module = lif_net(net, delta_t, mechanism)
    current = np.zeros(net.n_neurons) if stimulus is None else np.asarray(stimulus, float)
    counts = external_counts(net, seed, delta_t, n_steps)
    history = module(
        torch.as_tensor(state.voltage),
        torch.as_tensor(state.current),
        torch.as_tensor(np.tile(current, (n_steps, 1))),
        torch.as_tensor(counts, dtype=torch.float64) if net.external.n_sources else None,
    )
    return Histories(history.voltage.numpy(), history.current.numpy(), history.spikes.numpy() > 0)


SIMULATORS = {"engine": run_engine, "LIFNet": run_lif_net}
