"""With noise of their own, simulators draw spikes from the same distributions; `peers.statistics` has the criterion.

NEST's recurrent spikes act one step later than ours, which no parameter of NEST can undo. Brian2 is the bridge: in our
order of events it is compared with us, and with a delay of one step with NEST.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache, partial

import numpy as np
import pytest
import torch

from benchmarks.brian2_network import Brian2Network
from benchmarks.contenders import engine_spikes, lif_net
from benchmarks.nest_network import NestNetwork
from benchmarks.plain_network import plain
from neuro_mod.core.spiking_net.engine.noise import external_counts
from neuro_mod.core.spiking_net.network import SpikingNetwork
from neuro_mod.recordings.spikes import SpikeEvents
from tests.peers.statistics import Distributions, distributions, draw_pairs, how_they_differ

pytestmark = pytest.mark.peers

DELTA_T, WARM_UP = 0.5e-3, 0.5
N_STEPS, SEEDS = round(5.5 / DELTA_T), range(10)
#: LIFNet is slow: few short runs, against many of the engine.
FEW_STEPS, FEW_SEEDS, MANY_SEEDS = round(2.5 / DELTA_T), range(4), range(100, 120)

Summary = Callable[[SpikeEvents], Distributions]


@pytest.fixture(scope="module")
def summary(network: SpikingNetwork) -> Summary:
    return partial(distributions, warm_up=WARM_UP, pairs=draw_pairs(network.n_neurons, 10_000, seed=1))


@pytest.fixture(scope="module")
def engine(network: SpikingNetwork, summary: Summary) -> Callable[[str, int, Sequence[int]], list[Distributions]]:
    @cache
    def runs(dtype: str, n_steps: int, seeds: Sequence[int]) -> list[Distributions]:
        run = partial(engine_spikes, network, n_steps, delta_t=DELTA_T, dtype=dtype)
        return [summary(run(seed=seed)) for seed in seeds]

    return runs


@pytest.fixture(scope="module")
def compiled(brian2: None, network: SpikingNetwork) -> Iterator[Brian2Network]:
    with Brian2Network(plain(network), N_STEPS, DELTA_T) as built:
        yield built


def test_brian2_and_the_engine(compiled: Brian2Network, summary: Summary, engine):
    theirs = [summary(compiled.run(seed)[1]) for seed in SEEDS]
    assert how_they_differ(engine("float64", N_STEPS, SEEDS), theirs) == []


def test_a_refractory_period_one_step_short_is_found(brian2: None, network, summary: Summary, engine):
    neurons = plain(network)
    with Brian2Network(replace(neurons, tau_refractory=neurons.tau_refractory - DELTA_T), N_STEPS, DELTA_T) as short:
        theirs = [summary(short.run(seed)[1]) for seed in SEEDS]
    assert how_they_differ(engine("float64", N_STEPS, SEEDS), theirs) != []


def test_nest_and_brian2_with_the_delay_of_nest(nest, compiled: Brian2Network, network, summary: Summary):
    nests = []
    for seed in SEEDS:
        built = NestNetwork(nest, plain(network), DELTA_T, seed)
        built.run(N_STEPS)
        nests.append(summary(built.spikes()))
    brians = [summary(compiled.run(seed, delay=DELTA_T)[1]) for seed in SEEDS]
    assert how_they_differ(nests, brians) == []


def test_float32_and_float64(engine):
    ours = engine("float64", N_STEPS, SEEDS)
    assert how_they_differ(ours, engine("float32", N_STEPS, range(100, 110))) == []


def test_lif_net_and_the_engine(network: SpikingNetwork, summary: Summary, engine):
    module, zero = lif_net(network, DELTA_T), torch.zeros(network.n_neurons, dtype=torch.float64)
    slow = []
    for seed in FEW_SEEDS:
        counts = torch.as_tensor(external_counts(network, seed, DELTA_T, FEW_STEPS)).double()
        steps, neurons = np.nonzero(module(zero, zero, None, counts).spikes.numpy())
        spikes = steps.astype(np.int32), neurons.astype(np.int32)
        slow.append(summary(SpikeEvents(*spikes, FEW_STEPS, network.n_neurons, DELTA_T)))
    assert how_they_differ(engine("float64", FEW_STEPS, MANY_SEEDS), slow) == []
