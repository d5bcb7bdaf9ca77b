"""Without noise, and driven by the same spike trains, NEST and Brian2 give our spikes and voltages.

The conventions in which they differ from ours stand in docs/background/order_of_events.md; here each is met in its
own terms:

- Brian2 simulates the whole recurrent network; the builder gives it one more step of refractory period.
- NEST cannot deliver a spike in the step it was fired in. Its synapses are therefore fed by generators that play our
  spikes one step earlier than NEST would send them, so that its neurons get exactly the arrivals of our order of
  events. Only if our spikes solve the equations of the network do its neurons fire these very spikes.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.brian2_network import Brian2Network
from benchmarks.nest_network import NestNetwork
from benchmarks.plain_network import PlainNetwork, plain
from neuro_mod.core.spiking_net.engine.simulate import simulate
from neuro_mod.core.spiking_net.engine.simulation import Simulation
from neuro_mod.core.spiking_net.engine.state import initial_state
from neuro_mod.core.spiking_net.engine.trial import Recording, Trial
from neuro_mod.core.spiking_net.external.injected import InjectedSpikes
from neuro_mod.core.spiking_net.network import SpikingNetwork, no_external_input
from neuro_mod.core.spiking_net.propagators import propagators
from neuro_mod.recordings.spikes import SpikeEvents

pytestmark = pytest.mark.peers

DELTA_T, N_STEPS = 0.5e-3, 400
#: Summation in another order changes a voltage by some 1e-15; a voltage so close to threshold could fire or not.
TOLERANCE, MIN_MARGIN = 1e-10, 1e-9


@pytest.fixture(scope="module")
def injected(network: SpikingNetwork) -> InjectedSpikes:
    """For each neuron a Poisson train at its external rate, with a weight of its own."""
    neurons, random = plain(network), np.random.default_rng(1)
    counts = random.poisson(neurons.external_rate.sum(axis=0) * DELTA_T, size=(N_STEPS, neurons.n_neurons))
    weight = neurons.external_weight[0] * random.uniform(0.8, 1.2, neurons.n_neurons)
    steps, receivers = np.nonzero(counts)
    return InjectedSpikes(steps, receivers, counts[steps, receivers] * weight[receivers])


@pytest.fixture(scope="module")
def alone(network: SpikingNetwork) -> PlainNetwork:
    return plain(network).without_external_input()


@pytest.fixture(scope="module")
def ours(network: SpikingNetwork, injected: InjectedSpikes) -> Simulation:
    alone = replace(network, external=no_external_input(network.n_populations))
    everyone = np.arange(network.n_neurons)
    trial = Trial(
        network=alone,
        state=initial_state(alone, seed=1),
        n_steps=N_STEPS,
        delta_t=DELTA_T,
        injected=injected,
        dtype="float64",
        recording=Recording(voltage=everyone, current=everyone),
    )
    return simulate(trial)


def assert_same_spikes(theirs: SpikeEvents, ours: SpikeEvents) -> None:
    np.testing.assert_array_equal(theirs.steps, ours.steps)
    np.testing.assert_array_equal(theirs.neurons, ours.neurons)


def test_our_run_is_lively_and_keeps_clear_of_the_threshold(ours: Simulation, alone: PlainNetwork):
    step = propagators(np, "analytic", alone.tau_membrane, alone.tau_synaptic, DELTA_T)
    unreset = step.a * ours.voltage[:-1] + step.b * ours.current[:-1]
    assert np.abs(unreset - alone.threshold).min() > MIN_MARGIN
    rate = ours.spikes.sum(axis=0) / ours.spikes.duration
    assert 5 < rate.mean() < 20
    assert rate.max() > 40  # more than one spike, and refractory periods, within the run


def test_brian2_gives_the_same_spikes_and_voltages(brian2: None, alone: PlainNetwork, injected, ours: Simulation):
    with Brian2Network(alone, N_STEPS, DELTA_T, injected=injected, record_voltage=True) as built:
        _, spikes = built.run(seed=1)
        assert_same_spikes(spikes, ours.spikes)
        np.testing.assert_allclose(built.voltage(), ours.voltage, rtol=0, atol=TOLERANCE)


def test_nest_given_our_arrivals_gives_the_same_spikes_and_voltages(
    nest, alone: PlainNetwork, injected, ours: Simulation
):
    built = NestNetwork(nest, alone, DELTA_T, 1, injected=injected, played=ours.spikes, record_voltage=True)
    built.run(N_STEPS)
    assert_same_spikes(built.spikes(), ours.spikes)
    np.testing.assert_allclose(built.voltage(), ours.voltage[:-1], rtol=0, atol=TOLERANCE)


def test_a_spike_of_nest_itself_acts_one_step_later(nest, alone: PlainNetwork, injected, ours: Simulation):
    """NEST's own recurrent spikes: equal up to the first ones' arrival, one step off in the step after."""
    built = NestNetwork(nest, alone, DELTA_T, 1, injected=injected, record_voltage=True)
    built.run(N_STEPS)
    first = int(ours.spikes.steps[0])
    difference = np.abs(built.voltage() - ours.voltage[:-1]).max(axis=1)
    assert difference[: first + 1].max() < TOLERANCE < difference[first + 1]
