"""The compiled time loop: the order of events of one step, for all neurons.

Neurons whose parameters are the same, now and later, form a segment; within a segment parameters are scalars.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from neuro_mod.core import random
from neuro_mod.core.compilation import inlined, kernel
from neuro_mod.core.spiking_net.engine import poisson

#: Steps whose 16-bit words one call of the generator gives.
WORDS = 2 * random.WORDS_PER_COUNTER
#: Spikes of one group are counted in 8 bits.
_MAX_COUNT = 255

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_QUARTER = np.uint64(16)
_ZERO = np.uint64(0)
_ONE = np.uint8(1)
#: Neurons whose external counts are drawn together: their tables stay in the fastest cache.
CHUNK = 1024
#: Neurons that are looked through together for spikes.
_LOOK = 64


class Parameters(NamedTuple):
    """Parameters of G segments and P populations in K pieces of time, each from step ``begins[k]`` of the run on.

    Neurons of segment g are ``edges[g]`` up to ``edges[g + 1]``. Shapes: a, b, c, d (see `Propagators`), threshold,
    reset_voltage, refractory_steps ``(K, G)``; external_weight, what an external spike adds to the current,
    ``(K, S, G)``; mean of external counts per step, and what z adds to it times z, ``(K, S, P)``; what a recurrent
    spike adds to the current, see `Wiring`: group_weight ``(K, H, G)``, run_weight ``(K, P, R)``.
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
    mean: Any
    slope: Any
    group_weight: Any
    run_weight: Any


class Noise(NamedTuple):
    """External input of S sources, tabulated (`poisson.tabulate`) by the kernel whenever a mean changes.

    Neurons of population a are ``edges[a]`` up to ``edges[a + 1]``. ``z`` is the factor of each neuron; if it is empty,
    z is drawn in each step from ``nodes`` with probabilities ``node_weights``. Shapes: keys of the first and second
    words ``(S, 2)``; front, the table of neuron i in ``front[s, i // CHUNK, :, i % CHUNK]``; first ``(S, n)``; mean and
    slope of the tables, NaN before they are made, ``(S, P)``; decay, the factor of z in the probability of no spike,
    ``(S, n)``.
    """

    edges: Any
    z: Any
    nodes: Any
    node_weights: Any
    key: Any
    second_key: Any
    front: Any
    first: Any
    mean: Any
    slope: Any
    decay: Any


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


class Traces(NamedTuple):
    """Recorded voltages and currents: chosen neurons, the interval in steps, and the arrays to fill."""

    every: Any
    voltage_neurons: Any
    voltage: Any
    current_neurons: Any
    current: Any


_philox4x32 = inlined(random.philox4x32)


@inlined
def _draw_words(words: Any, first: int, n: int, step: int, key: Any) -> None:
    """Fill ``(8, CHUNK)`` with the words of n neurons from ``first`` on in a block of eight steps, signed."""
    block = np.uint64(step // WORDS)
    for i in range(n):
        w = _philox4x32((np.uint64(first + i), block & _LOW, block >> _HALF, _ZERO), (key[0], key[1]))
        words[0, i] = np.int16(w[0])
        words[1, i] = np.int16(w[0] >> _QUARTER)
        words[2, i] = np.int16(w[1])
        words[3, i] = np.int16(w[1] >> _QUARTER)
        words[4, i] = np.int16(w[2])
        words[5, i] = np.int16(w[2] >> _QUARTER)
        words[6, i] = np.int16(w[3])
        words[7, i] = np.int16(w[3] >> _QUARTER)


@inlined
def _mean_and_spread(noise: Noise, s: int, a: int, i: int) -> tuple[float, float]:
    """Mean count of neuron i in population a, and what z adds to it if z is drawn in each step."""
    if noise.z.shape[0]:
        return noise.mean[s, a] + noise.slope[s, a] * noise.z[i], 0.0
    return noise.mean[s, a], noise.slope[s, a]


@inlined
def _tabulate(noise: Noise, s: int, mean: Any, slope: Any, parts: Any) -> bool:
    """Make the tables of the populations whose mean or slope is new; tell whether there are any."""
    scratch = np.empty((4, CHUNK))
    again = False
    for a in range(mean.shape[0]):
        if noise.mean[s, a] != mean[a] or noise.slope[s, a] != slope[a]:
            begin, end = noise.edges[a], noise.edges[a + 1]
            if noise.slope[s, a] != slope[a]:
                for i in range(begin, min(end, noise.z.shape[0])):
                    noise.decay[s, i] = np.exp(-slope[a] * noise.z[i])
            again = True
            noise.mean[s, a], noise.slope[s, a] = mean[a], slope[a]
            while begin < end:
                stop = min(end, (begin // CHUNK + 1) * CHUNK)
                _tabulate_neighbours(noise, s, a, begin, stop, scratch, parts)
                begin = stop
    return again


@inlined
def _tabulate_neighbours(noise: Noise, s: int, a: int, begin: int, end: int, scratch: Any, parts: Any) -> None:
    """Make the tables of neurons of population a that are in one chunk."""
    m, front, first = end - begin, noise.front[s, begin // CHUNK], noise.first[s, begin:end]
    means, none, words, width = scratch[0][:m], scratch[1][:m], scratch[2][:m], scratch[3][:m]
    for i in range(m):
        means[i] = _mean_and_spread(noise, s, a, begin + i)[0]
    lowest, highest, redrawn = means[0], means[0], noise.z.shape[0] == 0
    for i in range(m):
        lowest, highest = min(lowest, means[i]), max(highest, means[i])
    if not redrawn:
        narrowest, widest = poisson.window(lowest), poisson.window(highest)
        first[:], width[:] = widest
        if widest[0] > 0 or narrowest[1] < widest[1]:
            for i in range(m):
                first[i], width[i] = poisson.window(means[i])
        at_no_z = np.exp(-noise.mean[s, a])
        for i in range(m):
            none[i] = at_no_z * noise.decay[s, begin + i]
        poisson.tabulate_low(front, begin % CHUNK, means, none, words, width)
    if redrawn or poisson.window(highest)[0] > 0:
        for i in range(m):
            if redrawn or first[i] > 0:
                fixed, spread = _mean_and_spread(noise, s, a, begin + i)
                column = front[:, (begin + i) % CHUNK]
                first[i] = poisson.tabulate(column, parts, fixed, spread, noise.nodes, noise.node_weights)


@inlined
def _count_likely(count: Any, words: Any, front: Any) -> bool:
    """Number of entries at or below each word; tell whether that is all of them for some word."""
    most = np.int16(0)
    for block in range(0, front.shape[0], poisson.BLOCK):
        most = np.int16(0)
        for i in range(count.shape[0]):
            k = np.int16(0) if block == 0 else count[i]
            for j in range(poisson.BLOCK):
                k = np.int16(k + np.int16(words[i] >= front[block + j, i]))
            count[i] = k
            most = max(most, k)
    return most == front.shape[0]


@inlined
def _draw_remaining(count: Any, first: int, noise: Noise, s: int, step: int, population: Any, parts: Any) -> None:
    """Draw the counts that the tables leave open, less the first count of the table; neurons are from ``first`` on."""
    width, at, key = np.int16(noise.front.shape[2]), np.uint64(step), noise.second_key[s]
    for at_count in range(count.shape[0]):
        if count[at_count] == width:
            i = first + at_count
            word = _philox4x32((np.uint64(i), at & _LOW, at >> _HALF, _ZERO), (key[0], key[1]))[0]
            fixed, spread = _mean_and_spread(noise, s, np.int64(population[i]), i)
            front, lowest = noise.front[s, i // CHUNK, :, i % CHUNK], np.int64(noise.first[s, i])
            drawn = poisson.remaining_count(word, front, parts, lowest, fixed, spread, noise.nodes, noise.node_weights)
            count[at_count] = drawn - lowest


@inlined
def _draw_counts(
    counts: Any, words: Any, step: int, redraw: bool, noise: Noise, s: int, population: Any, parts: Any
) -> None:
    """External spikes of each neuron from source s, less the first count of its table, from a step to the next block.

    Some neurons at a time go through all steps, so that their tables are read from memory once.
    """
    for chunk in range(words.shape[0]):
        start, stop = chunk * CHUNK, min((chunk + 1) * CHUNK, counts.shape[1])
        if redraw:
            _draw_words(words[chunk], start, stop - start, step, noise.key[s])
        for t in range(step % WORDS, WORDS):
            count = counts[t, start:stop]
            if _count_likely(count, words[chunk, t], noise.front[s, chunk]):
                _draw_remaining(count, start, noise, s, step - step % WORDS + t, population, parts)


@inlined
def _weigh(current: Any, count: Any, weight: Any) -> None:
    for i in range(current.shape[0]):
        current[i] += weight * np.float32(count[i])


@inlined
def _receive(current: Any, count: Any, first: Any, shifted: bool, parameters: Parameters, k: int, s: int) -> None:
    """External arrivals of one step from source s."""
    for g in range(parameters.edges.shape[0] - 1):
        segment, weight = slice(parameters.edges[g], parameters.edges[g + 1]), parameters.external_weight[k, s, g]
        _weigh(current[segment], count[segment], weight)
        if shifted:
            _weigh(current[segment], first[segment], weight)


@inlined
def _integrate(
    voltage: Any, current: Any, refractory: Any, gain: Any, strength: Any, parameters: Parameters, k: int, g: int
) -> None:
    """Voltage, then decay of the current."""
    a, b, c, d = parameters.a[k, g], parameters.b[k, g], parameters.c[k, g], parameters.d[k, g]
    reset, push = parameters.reset_voltage[k, g], c * strength
    driven = strength != 0
    for i in range(voltage.shape[0]):
        held = refractory[i] > 0
        free = a * voltage[i] + b * current[i]
        if driven:
            free += push * gain[i]
        voltage[i] = reset if held else free
        refractory[i] -= np.int32(held)
        current[i] = d * current[i]


@inlined
def _fire(voltage: Any, refractory: Any, parameters: Parameters, k: int, g: int, fired: Any, n_fired: int) -> int:
    """Reset the neurons at threshold and append their indices to the ``n_fired`` in ``fired``; return their number."""
    threshold, begin = parameters.threshold[k, g], parameters.edges[g]
    for start in range(0, voltage.shape[0], _LOOK):
        stop = min(start + _LOOK, voltage.shape[0])
        any_fired = False
        for i in range(start, stop):
            any_fired |= voltage[i] >= threshold
        if any_fired:
            for i in range(start, stop):
                if voltage[i] >= threshold:
                    voltage[i] = parameters.reset_voltage[k, g]
                    refractory[i] = parameters.refractory_steps[k, g]
                    fired[n_fired] = begin + i
                    n_fired += 1
    return n_fired


@inlined
def _count_receivers(received: Any, bits: Any) -> None:
    """Add the bits of one sender to the counts of its receivers."""
    width = bits.shape[0]
    for bit in range(8):
        part, shift = received[bit * width : (bit + 1) * width], np.uint8(bit)
        for i in range(width):
            part[i] = np.uint8(part[i] + ((bits[i] >> shift) & _ONE))


@inlined
def _add_received(current: Any, received: Any, weights: Any, edges: Any) -> None:
    """Add the counted spikes of a group to the current and reset the counts."""
    for g in range(weights.shape[0]):
        segment, weight = slice(edges[g], edges[g + 1]), weights[g]
        part, counted = current[segment], received[segment]
        for i in range(part.shape[0]):
            part[i] += weight * np.float32(counted[i])
            counted[i] = 0


@inlined
def _add_to_each(current: Any, targets: Any, weight: Any) -> None:
    """Add a weight to the current of each target; eight loads before eight stores do not wait for one another."""
    in_eights = targets.shape[0] // 8 * 8
    for s in range(0, in_eights, 8):
        t0, t1 = np.uint64(targets[s]), np.uint64(targets[s + 1])
        t2, t3 = np.uint64(targets[s + 2]), np.uint64(targets[s + 3])
        t4, t5 = np.uint64(targets[s + 4]), np.uint64(targets[s + 5])
        t6, t7 = np.uint64(targets[s + 6]), np.uint64(targets[s + 7])
        c0, c1, c2, c3 = current[t0], current[t1], current[t2], current[t3]
        c4, c5, c6, c7 = current[t4], current[t5], current[t6], current[t7]
        current[t0], current[t1], current[t2], current[t3] = c0 + weight, c1 + weight, c2 + weight, c3 + weight
        current[t4], current[t5], current[t6], current[t7] = c4 + weight, c5 + weight, c6 + weight, c7 + weight
    for s in range(in_eights, targets.shape[0]):
        current[np.uint64(targets[s])] += weight


@inlined
def _add_each(current: Any, targets: Any, weights: Any) -> None:
    """Add a weight of its own to the current of each target, as `_add_to_each` does."""
    in_fours = targets.shape[0] // 4 * 4
    for s in range(0, in_fours, 4):
        t0, t1 = np.uint64(targets[s]), np.uint64(targets[s + 1])
        t2, t3 = np.uint64(targets[s + 2]), np.uint64(targets[s + 3])
        c0, c1, c2, c3 = current[t0], current[t1], current[t2], current[t3]
        current[t0], current[t1] = c0 + weights[s], c1 + weights[s + 1]
        current[t2], current[t3] = c2 + weights[s + 2], c3 + weights[s + 3]
    for s in range(in_fours, targets.shape[0]):
        current[np.uint64(targets[s])] += weights[s]


@inlined
def _deliver(
    current: Any,
    fired: Any,
    received: Any,
    n_received: Any,
    parameters: Parameters,
    k: int,
    wiring: Wiring,
) -> None:
    """Recurrent arrivals of one step."""
    for j in fired:
        if wiring.each.shape[0]:
            synapses = slice(wiring.bounds[j, 0], wiring.bounds[j, 1])
            _add_each(current, wiring.targets[synapses], wiring.each[synapses])
            continue
        b = wiring.population[j]
        for r in range(wiring.n_runs[b]):
            synapses = slice(wiring.bounds[j, r], wiring.bounds[j, r + 1])
            _add_to_each(current, wiring.targets[synapses], parameters.run_weight[k, b, r])
        if wiring.bits.shape[0]:
            h = wiring.group[b]
            if n_received[h] == _MAX_COUNT:
                _add_received(current, received[h], parameters.group_weight[k, h], parameters.edges)
                n_received[h] = 0
            _count_receivers(received[h], wiring.bits[j])
            n_received[h] += 1
    for h in range(n_received.shape[0]):
        if n_received[h]:
            _add_received(current, received[h], parameters.group_weight[k, h], parameters.edges)
            n_received[h] = 0


@inlined
def _trace(traces: Any, run_step: Any, voltage: Any, current: Any) -> None:
    if run_step % traces.every == 0:
        sample = run_step // traces.every
        for i, neuron in enumerate(traces.voltage_neurons):
            traces.voltage[sample, i] = voltage[neuron]
        for i, neuron in enumerate(traces.current_neurons):
            traces.current[sample, i] = current[neuron]


@kernel
def advance(
    begin: int,
    n_steps: int,
    first_step: int,
    voltage: Any,
    current: Any,
    refractory: Any,
    parameters: Parameters,
    noise: Noise,
    drive: Drive,
    wiring: Wiring,
    traces: Traces,
    spike_steps: Any,
    spike_neurons: Any,
) -> tuple[int, int]:
    """Advance the state (in place) by up to ``n_steps`` steps, until a step's spikes might not fit.

    Args:
        begin: First of these steps, counted from the start of the run.
        n_steps: Number of steps.
        first_step: Step, counted from the start of the noise, at which the run started.
        voltage: V, shape ``(n,)``; float32 or float64 throughout.
        current: I, shape ``(n,)``.
        refractory: Steps left in the refractory period, shape ``(n,)``, int32.
        parameters: See `Parameters`; the first piece begins at ``begin`` or before.
        noise: See `Noise`.
        drive: See `Drive`; no spike is injected before ``begin``.
        wiring: See `Wiring`.
        traces: See `Traces`.
        spike_steps: Filled with the steps of the spikes, counted from the start of the run; at least n long.
        spike_neurons: Filled with the neurons of the spikes, as long.

    Returns:
        Steps done and spikes written.
    """
    n, n_sources, n_groups = voltage.shape[0], noise.front.shape[0], parameters.group_weight.shape[1]
    words = np.empty((n_sources, noise.front.shape[1], WORDS, CHUNK), np.int16)
    counts = np.empty((n_sources, WORDS, n), np.int16)
    fired, parts = np.empty(n, np.int32), np.empty(noise.nodes.shape[0])
    shifted, recount = np.zeros((2, n_sources), np.bool_)
    received, n_received = np.zeros((n_groups, 8 * wiring.bits.shape[1]), np.uint8), np.zeros(n_groups, np.int32)
    injected, n_spikes, k = 0, 0, -1
    for done in range(n_steps):
        if n_spikes + n > spike_steps.shape[0]:
            return done, n_spikes
        run_step = begin + done
        step = first_step + run_step
        if k < 0 or (k + 1 < parameters.begins.shape[0] and run_step == parameters.begins[k + 1]):
            k += 1
            for s in range(n_sources):
                recount[s] = _tabulate(noise, s, parameters.mean[k, s], parameters.slope[k, s], parts)
                shifted[s] = noise.first[s].max() > 0

        strength, n_fired = drive.course[min(run_step, drive.course.shape[0] - 1)], np.int64(0)
        for g in range(parameters.edges.shape[0] - 1):
            segment = slice(parameters.edges[g], parameters.edges[g + 1])
            v, r, gain = voltage[segment], refractory[segment], drive.gain[segment]
            _integrate(v, current[segment], r, gain, strength, parameters, k, g)
            n_fired = _fire(v, r, parameters, k, g, fired, n_fired)

        redraw = done == 0 or step % WORDS == 0
        for s in range(n_sources):
            if redraw or recount[s]:
                _draw_counts(counts[s], words[s], step, redraw, noise, s, wiring.population, parts)
                recount[s] = False
            _receive(current, counts[s, step % WORDS], noise.first[s], shifted[s], parameters, k, s)
        _deliver(current, fired[:n_fired], received, n_received, parameters, k, wiring)
        while injected < drive.steps.shape[0] and drive.steps[injected] == run_step:
            current[drive.neurons[injected]] += drive.jumps[injected]
            injected += 1

        for i in range(n_fired):
            spike_steps[n_spikes] = run_step
            spike_neurons[n_spikes] = fired[i]
            n_spikes += 1
        _trace(traces, run_step, voltage, current)
    return n_steps, n_spikes


@kernel
def draw_counts(first_step: int, n_steps: int, mean: Any, slope: Any, noise: Noise, population: Any) -> Any:
    """External spike counts of all neurons.

    Args:
        first_step: First step.
        n_steps: Number of steps.
        mean: As in `Parameters`, shape ``(S, P)``.
        slope: Likewise.
        noise: See `Noise`.
        population: Population of each neuron, shape ``(n,)``.

    Returns:
        Counts of shape ``(n_steps, S, n)``.
    """
    n_sources, n = noise.first.shape
    words, drawn = np.empty((noise.front.shape[1], WORDS, CHUNK), np.int16), np.empty((WORDS, n), np.int16)
    parts = np.empty(noise.nodes.shape[0])
    counts = np.empty((n_steps, n_sources, n), np.int32)
    for s in range(n_sources):
        _tabulate(noise, s, mean[s], slope[s], parts)
        for done in range(n_steps):
            step = first_step + done
            if done == 0 or step % WORDS == 0:
                _draw_counts(drawn, words, step, True, noise, s, population, parts)
            for i in range(n):
                counts[done, s, i] = drawn[step % WORDS, i] + noise.first[s, i]
    return counts
