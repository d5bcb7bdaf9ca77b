"""Recurrent arrivals and refractory periods of the compiled loop, however many neurons fire at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neuro_mod.core.clustering.adjacency import AdjacencyLists
from neuro_mod.core.course import Course
from neuro_mod.core.neurons import NeuronParameters
from neuro_mod.core.spiking_net.engine import wiring
from neuro_mod.core.spiking_net.engine.simulate import simulate
from neuro_mod.core.spiking_net.engine.trial import Recording, Trial
from neuro_mod.core.spiking_net.network import SpikingNetwork, Synapses, no_external_input
from tests.helpers.simulators import start

N = 700
SIZES = np.array([300, 300, 100])
H = 0.5e-3


@pytest.fixture(scope="module")
def net():
    """Two kinds of senders, one of them with two clusters."""
    connected = (np.random.default_rng(1).random((N, N)) < 0.4) & ~np.eye(N, dtype=bool)
    offsets = np.concatenate([[0], np.cumsum(connected.sum(axis=1))]).astype(np.uint64)
    weights = np.array([[0.2, 0.1, -0.3], [0.1, 0.2, -0.3], [0.1, 0.1, -0.4]])
    ones = np.ones(3)
    return SpikingNetwork(
        SIZES,
        Synapses(AdjacencyLists(offsets, np.nonzero(connected)[1].astype(np.uint16)), weights),
        no_external_input(3),
        NeuronParameters(20e-3 * ones, 5e-3 * ones, 5e-3 * ones, ones, 0 * ones),
    )


@pytest.mark.parametrize("n_firing", [*range(1, 18), 27, 100, 239, 240, 251, 252, 255, 256, 300, N])
def test_every_spike_arrives_once(net, n_firing):
    """Several steps, so that counters that are not reset would be seen."""
    assert wiring.is_dense(net)
    firing = np.random.default_rng(n_firing).permutation(N)[:n_firing]
    state = start(net)
    state.voltage[firing] = 10.0
    everyone = np.arange(N)
    recording = Recording(current=everyone)
    trial = Trial(network=net, state=state, n_steps=1, delta_t=H, seed=1, dtype="float64", recording=recording)
    first = simulate(trial)
    assert sorted(first.spikes.neurons) == sorted(firing)
    expected = net.dense_weights()[:, firing].sum(axis=1) / 5e-3
    np.testing.assert_allclose(first.current[0], expected, atol=1e-10)
    second = simulate(replace(trial, n_steps=2))
    assert not np.isin(second.spikes.neurons[n_firing:], firing).any()
    later = net.dense_weights()[:, second.spikes.neurons[n_firing:]].sum(axis=1) / 5e-3
    np.testing.assert_allclose(second.current[1], expected * np.exp(-H / 5e-3) + later, atol=1e-9)


@pytest.mark.parametrize("n_groups", [1, 2, 3, 4])
@pytest.mark.parametrize("silent", [[], [0], [1], [2], [0, 1], [1, 2]])
def test_groups_are_added_whichever_of_them_fire(net, n_groups, silent):
    weights = 0.1 * np.arange(1, n_groups + 1)
    sizes = np.full(n_groups, N // n_groups)
    sizes[-1] += N - sizes.sum()
    ones = np.ones(n_groups)
    grouped = SpikingNetwork(
        sizes,
        Synapses(net.synapses.adjacency, np.tile(weights, (n_groups, 1))),
        no_external_input(n_groups),
        NeuronParameters(20e-3 * ones, 5e-3 * ones, 5e-3 * ones, ones, 0 * ones),
    )
    firing = np.arange(0, N, 9)
    firing = firing[~np.isin(grouped.population[firing], silent)]
    state = start(grouped)
    state.voltage[firing] = 10.0
    recording = Recording(current=np.arange(N))
    trial = Trial(network=grouped, state=state, n_steps=1, delta_t=H, seed=1, dtype="float64", recording=recording)
    assert len(wiring.split_blocks(grouped, trial.parameters).typical) == n_groups
    expected = grouped.dense_weights()[:, firing].sum(axis=1) / 5e-3
    np.testing.assert_allclose(simulate(trial).current[0], expected, atol=1e-10)


@pytest.mark.parametrize("cut", [1, 63, 64, 100, 129, 217, 400])
def test_long_refractory_periods_go_on_in_another_run(net, cut):
    """Periods of 300 steps, then of 3, from spikes at the start, in one run and in two."""
    state = start(net)
    state.voltage[::2] = 10.0
    long = np.full(3, 300 * H)
    course = Course(np.array([0, 350]), np.array([long, 0.01 * long]))
    full = Trial(network=net, state=state, n_steps=500, delta_t=H, seed=1, courses={"tau_refractory": course})
    whole = simulate(full)
    begin = simulate(replace(full, n_steps=cut))
    rest = course.at(np.arange(cut, 500))
    end = simulate(
        replace(
            full,
            state=begin.state,
            n_steps=500 - cut,
            courses={"tau_refractory": Course.sampled(rest)},
        )
    )
    for name in ("voltage", "current", "refractory"):
        assert getattr(end.state, name).tobytes() == getattr(whole.state, name).tobytes()
    assert np.array_equal(np.concatenate([begin.spikes.neurons, end.spikes.neurons]), whole.spikes.neurons)
    assert simulate(replace(full, n_steps=100)).state.refractory[0] == 201
