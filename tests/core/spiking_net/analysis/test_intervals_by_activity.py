"""Interval CVs of clusters that switch, of neurons whose CVs are known."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from neuro_mod.core.spiking_net.analysis.neurons.intervals_by_activity import interval_cvs_by_activity
from neuro_mod.populations import Populations
from neuro_mod.recordings.spikes import SpikeEvents

DELTA_T, BIN_STEPS, DURATION = 5e-4, 10, 10.0
N_BINS, FIRST_STEP = round(DURATION / (BIN_STEPS * DELTA_T)), 300
#: Rate in Hz and interval CV by type and activity.
KNOWN = {"E active": (50.0, 0.25), "E other": (3.0, 0.9), "I active": (33.0, 0.75), "I other": (9.0, 1.0)}
POPULATIONS = Populations(4, (40, 10), (40, 20))


def renewal_times(rng, rate, cv, duration):
    """Spikes of a stationary gamma process: the first interval that ends has the length of one met by chance."""
    shape = 1 / cv**2
    scale = 1 / (rate * shape)
    first = rng.uniform() * rng.gamma(shape + 1, scale)  # size-biased gamma, and a uniform part of it
    times = first + np.concatenate([[0], rng.gamma(shape, scale, int(3 * rate * duration) + 40).cumsum()])
    return times[times < duration]


def drawn(seed, spread):
    """Spikes with rates that differ between neurons by a factor of this spread, and the activity of the clusters."""
    rng = np.random.default_rng(seed)
    bin_width = BIN_STEPS * DELTA_T
    active = np.zeros((N_BINS, POPULATIONS.n_clusters), bool)
    for cluster in active.T:
        begin, on = 0, bool(rng.integers(2))
        while begin < N_BINS:
            length = max(1, round(rng.exponential(0.3 if on else 0.6) / bin_width))
            cluster[begin : begin + length], begin, on = on, begin + length, not on
    steps, neurons = [], []
    for neuron, population in enumerate(POPULATIONS.of_neuron):
        cluster, letter = POPULATIONS.cluster_index[population], "EI"[POPULATIONS.types[population]]
        course = active[:, cluster] if cluster >= 0 else np.zeros(N_BINS, bool)
        own = rng.gamma(1 / spread**2, spread**2) if spread else 1.0
        edges = [0, *(np.flatnonzero(np.diff(course)) + 1), N_BINS]
        for begin, end in pairwise(edges):
            rate, cv = KNOWN[f"{letter} {'active' if course[begin] else 'other'}"]
            times = renewal_times(rng, own * rate, cv, (end - begin) * bin_width)
            steps.append(FIRST_STEP + begin * BIN_STEPS + (times / DELTA_T).astype(int))
            neurons.append(np.full(len(times), neuron))
    steps, neurons = np.concatenate(steps), np.concatenate(neurons)
    order = np.lexsort((neurons, steps))
    n_steps = FIRST_STEP + N_BINS * BIN_STEPS
    events = SpikeEvents(
        steps[order].astype(np.int32), neurons[order].astype(np.int32), n_steps, POPULATIONS.n_neurons, DELTA_T
    )
    return events, active


@pytest.mark.parametrize("spread", [0.0, 0.15])
def test_cvs_are_those_of_the_processes(spread):
    """Although visits cut intervals, and neurons differ in their rates."""
    found = [interval_cvs_by_activity(*drawn(seed, spread), POPULATIONS, FIRST_STEP, BIN_STEPS) for seed in range(4)]
    mean = {group: np.mean([each[group] for each in found]) for group in found[0]}
    assert mean["E active"] == pytest.approx(0.25, abs=0.01)
    assert mean["I active"] == pytest.approx(0.75, abs=0.02)
    assert mean["E inactive"] == pytest.approx(0.9, abs=0.05)
    assert mean["E background"] == pytest.approx(0.9, abs=0.05)
    assert mean["I inactive"] == pytest.approx(1.0, abs=0.03)
    assert mean["I background"] == pytest.approx(1.0, abs=0.05)


def test_plain_cvs_of_intervals_would_not_do():
    """The same intervals where only those within a stretch count."""
    events, active = drawn(0, 0.0)
    ratios = []
    for neuron in range(160):
        steps = events.steps[events.neurons == neuron] - FIRST_STEP
        course = active[:, POPULATIONS.of_neuron[neuron]]
        state = course[steps // BIN_STEPS]
        visit = np.cumsum(np.diff(course, prepend=False))[steps // BIN_STEPS]
        within = np.diff(steps)[(visit[1:] == visit[:-1]) & ~state[1:]]
        ratios.append(within.std() / within.mean())
    assert np.mean(ratios) < 0.84  # instead of 0.9


def test_what_cannot_be_known_is_not_said():
    events, active = drawn(1, 0.0)
    few = events.between(FIRST_STEP * DELTA_T, FIRST_STEP * DELTA_T + 0.3)
    found = interval_cvs_by_activity(few, active[:60], POPULATIONS, FIRST_STEP, BIN_STEPS)
    assert np.isnan(found["E background"]) and np.isnan(found["I background"])
    silent = SpikeEvents(events.steps[:0], events.neurons[:0], events.n_steps, events.n_neurons, DELTA_T)
    found = interval_cvs_by_activity(silent, active, POPULATIONS, FIRST_STEP, BIN_STEPS)
    assert np.isnan(list(found.values())).all()
