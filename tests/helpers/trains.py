"""Spike trains whose statistics are known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuro_mod.recordings.spikes import SpikeEvents

STEP = 1e-3


def events(dense: NDArray[np.bool_], delta_t: float = STEP) -> SpikeEvents:
    """A session from its dense array, shape ``(n_steps, n_neurons)``."""
    steps, neurons = (index.astype(np.int32) for index in np.nonzero(dense))
    return SpikeEvents(steps, neurons, *dense.shape, delta_t)


def bernoulli(seed: int, n_steps: int, n_neurons: int, chance: float) -> SpikeEvents:
    """The Poisson process in steps: a spike in each step with the same chance."""
    return events(np.random.default_rng(seed).random((n_steps, n_neurons)) < chance)


def gamma(seed: int, n_steps: int, n_neurons: int, mean_steps: float, shape: float) -> SpikeEvents:
    """Renewal processes with gamma-distributed intervals, in equilibrium after a first second that is left out."""
    warm_up = 1000
    n = int(1.5 * (n_steps + warm_up) / mean_steps) + 20
    random = np.random.default_rng(seed)
    times = random.gamma(shape, mean_steps / shape, size=(n_neurons, n)).cumsum(axis=1) - warm_up
    dense = np.zeros((n_steps, n_neurons), bool)
    neurons, which = np.nonzero((times >= 0) & (times < n_steps))
    dense[times[neurons, which].astype(int), neurons] = True
    return events(dense)


def uneven(seed: int) -> list[SpikeEvents]:
    """Three short sessions of four neurons: rates differ between neurons and sessions, the last neuron is silent."""
    random = np.random.default_rng(seed)
    lengths, scales = (900, 1400, 650), (1.0, 0.3, 2.0)
    chance = np.array([0.05, 0.02, 0.004, 0.0])
    return [events(random.random((n, 4)) < scale * chance) for n, scale in zip(lengths, scales, strict=True)]
