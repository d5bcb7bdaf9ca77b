"""What the compiled loop is given: arrays by name."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

#: Senders whose receivers are counted together, in fours, and binary digits of the counts.
TOGETHER = 12
N_DIGITS = 4


class Parameters(NamedTuple):
    """Parameters of G segments and P populations in K pieces of time, each from step ``begins[k]`` of the run on.

    Neurons of segment g are ``edges[g]`` up to ``edges[g + 1]``. Shapes: a, b, c, d (see `Propagators`), threshold,
    reset_voltage, refractory_steps ``(K, G)``; external_weight, what an external spike adds to the current,
    ``(K, S, G)``; what a recurrent spike adds to the current, see `Wiring`: group_weight ``(K, H, G)``, run_weight
    ``(K, P, R)``. In L pieces of their own, from steps ``rate_begins`` on: mean of external counts per step, and what z
    adds to it times z, ``(L, S, P)``.
    """

    begins: Any
    edges: Any
    a: Any
    b: Any
    c: Any
    d: Any
    threshold: Any
    reset_voltage: Any
    refractory_steps: Any
    external_weight: Any
    group_weight: Any
    run_weight: Any
    rate_begins: Any
    mean: Any
    slope: Any


class Noise(NamedTuple):
    """External input of S sources, tabulated (see `poisson`) by the kernel whenever a mean changes.

    Neurons of population a, ``population[i] == a``, are ``edges[a]`` up to ``edges[a + 1]``. ``z`` is the factor of
    each neuron; if it is empty, z is drawn in each step from ``nodes`` with probabilities ``node_weights``. Shapes,
    with C chunks of neurons: keys of the first and second words ``(S, 2)``; front, the table of neuron i in
    ``front[s, i // CHUNK, i % CHUNK :: CHUNK]``; first, what is added to its counts, ``(S, n)``; shifted, whether any
    of these is above 0, ``(S,)``; mean and slope of the tables, NaN before they are made, ``(S, P)``; neuron_mean, the
    mean count of each neuron in single precision, ``(S, C CHUNK)``.

    Scratch: words of a block of steps ``(S, C, WORDS, CHUNK)``, and word_quads, four of them in 64 bits; counts in
    these steps, less the first count of the table, ``(S, WORDS, n)``; law, see `poisson`, ``(2, number of nodes)``;
    likely and shares ``(GROUP,)``.
    """

    edges: Any
    population: Any
    z: Any
    nodes: Any
    node_weights: Any
    key: Any
    second_key: Any
    front: Any
    first: Any
    shifted: Any
    mean: Any
    slope: Any
    neuron_mean: Any
    words: Any
    word_quads: Any
    counts: Any
    law: Any
    likely: Any
    shares: Any


class Drive(NamedTuple):
    """What is given: the stimulus ``gain[i] course[run_step]``, and spikes injected in ``steps``, ascending.

    ``jumps`` is what each of these adds to the current of its neuron.
    """

    gain: Any
    course: Any
    steps: Any
    neurons: Any
    jumps: Any


class Wiring(NamedTuple):
    """Synapses: run r of neuron j consists of ``targets[bounds[j, r]:bounds[j, r + 1]]``.

    With block weights, ``each`` is empty. A spike of population b adds ``run_weight[k, b, r]`` of `Parameters` to the
    targets of each of its ``n_runs[b]`` runs. Where there is a matrix ``bits``, it adds
    ``group_weight[k, group[b], g]`` to all its targets as well: bit ``i // width`` of ``bits[j, i % width]`` is set if
    j projects to i.

    Otherwise there is one run, and ``each`` is what a spike adds to the current through each synapse.
    """

    population: Any
    bounds: Any
    targets: Any
    n_runs: Any
    group: Any
    bits: Any
    each: Any


class Scratch(NamedTuple):
    """Scratch of the loop for n neurons and H groups, with bits of B bytes for each sender; see `new_scratch`.

    Shapes: left, steps left in the refractory period, up to 127, ``(n,)``; release, the step at which it is over,
    ``(n,)``; above, whether a neuron is at threshold, padded to a multiple of 8, and in words of eight neurons; fired
    ``(n,)``. Spikes of each group that were counted for each receiver in a step: received, in bytes, ``(H + 1, 8 B)``,
    and in words of eight, the last row zero; digits ``(H, 4, B / 8)``, see `delivery`; waiting, senders that are
    counted next, ``(H, 12)``; how many spikes are in bytes and how many wait, in_bytes ``(H + 1,)`` and n_waiting
    ``(H,)``. bit_words, `Wiring.bits` in words of eight bytes; nobody, a row of it without receivers; silence, no
    external spikes, ``(n,)``.
    """

    left: Any
    release: Any
    above: Any
    above_words: Any
    fired: Any
    received: Any
    received_words: Any
    digits: Any
    waiting: Any
    in_bytes: Any
    n_waiting: Any
    bit_words: Any
    nobody: Any
    silence: Any


def new_scratch(wiring: Wiring, n_groups: int) -> Scratch:
    """Scratch for a network; Python makes it, as the code for it takes seconds to compile."""
    n, n_bytes = len(wiring.population), wiring.bits.shape[1]
    above, received = np.zeros(-(-n // 8) * 8, np.bool_), np.zeros((n_groups + 1, 8 * n_bytes), np.uint8)
    return Scratch(
        left=np.zeros(n, np.int8),
        release=np.zeros(n, np.int64),
        above=above,
        above_words=above.view(np.uint64),
        fired=np.zeros(n, np.int32),
        received=received,
        received_words=received.view(np.uint64),
        digits=np.zeros((n_groups, N_DIGITS, n_bytes // 8), np.uint64),
        waiting=np.zeros((n_groups, TOGETHER), np.int32),
        in_bytes=np.zeros(n_groups + 1, np.int32),
        n_waiting=np.zeros(n_groups, np.int32),
        bit_words=wiring.bits.view(np.uint64),
        nobody=np.zeros(n_bytes // 8, np.uint64),
        silence=np.zeros(n, np.int16),
    )


class Traces(NamedTuple):
    """Recorded voltages and currents: chosen neurons, the interval in steps, and the arrays to fill.

    Samples of the run are counted; the arrays begin with the one ``first``.
    """

    every: Any
    first: Any
    voltage_neurons: Any
    voltage: Any
    current_neurons: Any
    current: Any


class Scores(NamedTuple):
    """Scores of S sources and P populations, see `scoring`, in bins of ``every`` steps; none if that is 0.

    Bins count from ``first_bin`` on. Shapes: rate and arousal, sums of the scores with respect to the external rate and
    to what is multiplied by z, ``(n_bins, P)``; per_rate, mean count in a step per Hz, ``(S, P)``.

    Scratch: counts that wait, and what each is worth ``(S, n)``; if z is drawn in each step, how often each count
    occurred instead, ``(S, P, n_counts)``; waiting, the number of their steps, and of those whose
    counts are only in the latest rows of `Noise.counts`, ``(2,)``.
    """

    every: Any
    first_bin: Any
    rate: Any
    arousal: Any
    per_rate: Any
    counts: Any
    weight: Any
    occurrences: Any
    waiting: Any
