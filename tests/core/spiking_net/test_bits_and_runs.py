from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from neuro_mod.core.clustering.adjacency import AdjacencyBits, AdjacencyLists
from neuro_mod.core.spiking_net.engine import bits_and_runs


def some_adjacency(n, density, dtype):
    connected = np.random.default_rng(n).uniform(size=(n, n)) < density  # [pre, post]
    connected[n // 2] = False
    offsets = np.concatenate([[0], np.cumsum(connected.sum(axis=1))]).astype(np.uint64)
    return connected, AdjacencyLists(offsets, np.nonzero(connected)[1].astype(dtype))


@pytest.mark.parametrize("dtype", [np.uint16, np.uint32])
@pytest.mark.parametrize(("n", "width"), [(1, 32), (256, 32), (257, 64), (600, 96), (1100, 160)])
def test_bits_of_all_receivers(n, width, dtype):
    connected, adjacency = some_adjacency(n, 0.3, dtype)
    as_bits, neurons = AdjacencyBits.of(adjacency), np.arange(n)
    assert as_bits.bits.shape == (n, width)
    np.testing.assert_array_equal((as_bits.bits[:, neurons % width] >> (neurons // width)) & 1, connected)
    np.testing.assert_array_equal(as_bits.offsets, adjacency.offsets)
    np.testing.assert_array_equal(as_bits.targets, adjacency.targets)
    assert as_bits.n_synapses == adjacency.n_synapses == connected.sum() and as_bits.digest == adjacency.digest


@pytest.mark.parametrize("from_bits", [False, True], ids=["lists", "bits"])
@pytest.mark.parametrize("dtype", [np.uint16, np.uint32])
def test_runs_hold_the_targets_in_their_ranges(dtype, from_bits):
    connected, adjacency = some_adjacency(300, 0.3, dtype)
    population = np.repeat([0, 1, 2], [150, 90, 60])
    begin = np.array([[0, 30, 270], [15, 15, 180], [0, 0, 0]])
    end = np.array([[30, 180, 300], [15, 123, 181], [0, 0, 0]])  # two runs are empty, and the last population has none
    bounds = np.empty((300, 4), np.int64)
    if from_bits:
        bits = AdjacencyBits.of(adjacency).bits
        bits_and_runs.count_in_bits(bits, population, begin, end, bounds)
        n_found = bounds[-1, -1]
        targets = np.empty(n_found + 1, dtype)
        bits_and_runs.list_from_bits(bits, population, begin, end, targets)
    else:
        places = np.empty((300, 3, 2), np.int64)
        n_found = bits_and_runs.find_runs(adjacency.offsets, adjacency.targets, population, begin, end, places)
        targets = np.empty(n_found, dtype)
        bits_and_runs.gather_runs(adjacency.targets, places, targets, bounds)
    assert bounds[0, 0] == 0 and bounds[-1, -1] == n_found > 0
    np.testing.assert_array_equal(bounds[1:, 0], bounds[:-1, -1])
    for neuron in range(300):
        reached = np.flatnonzero(connected[neuron])
        for run, (first, last) in enumerate(pairwise(bounds[neuron])):
            b = population[neuron], run
            np.testing.assert_array_equal(targets[first:last], reached[(reached >= begin[b]) & (reached < end[b])])
