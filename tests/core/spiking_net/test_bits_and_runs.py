from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from neuro_mod.core.clustering.adjacency import Adjacency
from neuro_mod.core.spiking_net.engine import bits_and_runs


def some_adjacency(n, density, dtype):
    connected = np.random.default_rng(n).uniform(size=(n, n)) < density  # [pre, post]
    connected[n // 2] = False
    offsets = np.concatenate([[0], np.cumsum(connected.sum(axis=1))]).astype(np.uint64)
    return connected, Adjacency(offsets, np.nonzero(connected)[1].astype(dtype))


@pytest.mark.parametrize("dtype", [np.uint16, np.uint32])
@pytest.mark.parametrize(("n", "width"), [(1, 32), (256, 32), (257, 64), (600, 96)])
def test_bits_of_all_receivers(n, width, dtype):
    connected, adjacency = some_adjacency(n, 0.3, dtype)
    bits = np.zeros((n, width), np.uint8)
    bits_and_runs.set_bits(adjacency.offsets, adjacency.targets, bits)
    neurons = np.arange(n)
    np.testing.assert_array_equal((bits[:, neurons % width] >> (neurons // width)) & 1, connected)


@pytest.mark.parametrize("dtype", [np.uint16, np.uint32])
def test_runs_hold_the_targets_in_their_ranges(dtype):
    connected, adjacency = some_adjacency(100, 0.3, dtype)
    population = np.repeat([0, 1, 2], [50, 30, 20])
    begin = np.array([[0, 10, 90], [5, 5, 60], [0, 0, 0]])
    end = np.array([[10, 60, 100], [5, 41, 61], [0, 0, 0]])  # two runs are empty, and the last population has none
    places, bounds = np.empty((100, 3, 2), np.int64), np.empty((100, 4), np.int64)
    n_found = bits_and_runs.find_runs(adjacency.offsets, adjacency.targets, population, begin, end, places)
    targets = np.empty(n_found, dtype)
    bits_and_runs.gather_runs(adjacency.targets, places, targets, bounds)
    assert bounds[0, 0] == 0 and bounds[-1, -1] == n_found > 0
    np.testing.assert_array_equal(bounds[1:, 0], bounds[:-1, -1])
    for neuron in range(100):
        reached = np.flatnonzero(connected[neuron])
        for run, (first, last) in enumerate(pairwise(bounds[neuron])):
            b = population[neuron], run
            np.testing.assert_array_equal(targets[first:last], reached[(reached >= begin[b]) & (reached < end[b])])
