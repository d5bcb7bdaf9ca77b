"""The compiled time loop: the order of events of one step, for all neurons."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from neuro_mod.core import random
from neuro_mod.core.spiking_net.engine.compilation import inlined, kernel

#: Counts below this one are found by comparing a word with so many quantiles at once; the rest are searched for.
N_FRONT = 12
#: With the highest bit flipped, signed comparison (the only one in AVX2) orders unsigned words.
SIGN_BIT = 0x80000000

_WORDS = random.WORDS_PER_COUNTER
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_ZERO = np.uint64(0)
_SIGN_BIT = np.uint64(SIGN_BIT)
_BLOCK = 32


class Neurons(NamedTuple):
    """Coefficients of one step (see `Propagators`), thresholds, resets, refractory steps; each of shape ``(n,)``."""

    a: Any
    b: Any
    d: Any
    threshold: Any
    reset_voltage: Any
    refractory_steps: Any


class Noise(NamedTuple):
    """External input of S sources; ``weight`` is what one spike adds to the current.

    The rest is `CountTable`, with ``front`` its first quantiles neuron by neuron and ``shifted`` whether any ``first``
    is not 0. Shapes: key ``(S, 2)``, weight ``(S, n)``, front ``(S, N_FRONT, n)``, row ``(S, n)``, shifted ``(S,)``,
    first ``(S, rows)``, quantiles ``(S, rows, length)``.
    """

    key: Any
    weight: Any
    front: Any
    row: Any
    shifted: Any
    first: Any
    quantiles: Any


class Drive(NamedTuple):
    """Stimulus: what a course of 1 adds to the voltage in one step, ``(n,)``; its course, whose last value holds on."""

    gain: Any
    course: Any


class Wiring(NamedTuple):
    """Synapses; the weights are what one spike adds to the current.

    Either ``rows[row[j], i]`` is the weight of every synapse j→i, or (``rows`` empty) ``each`` has one per synapse.
    Of a dense network, ``mask[j, i]`` is 1 where j projects to i; of a sparse one ``mask`` is empty.
    """

    offsets: Any
    targets: Any
    row: Any
    rows: Any
    each: Any
    mask: Any


class Traces(NamedTuple):
    """Recorded voltages and currents: chosen neurons, every so many steps, and the arrays to fill."""

    every: Any
    voltage_neurons: Any
    voltage: Any
    current_neurons: Any
    current: Any


_philox4x32 = inlined(random.philox4x32)


@inlined
def _draw_words(words: Any, block: Any, key: Any) -> None:
    """Fill ``(4, n)`` with the words of four consecutive steps, highest bit flipped."""
    for i in range(words.shape[1]):
        w = _philox4x32((np.uint64(i), block & _LOW, block >> _HALF, _ZERO), (key[0], key[1]))
        words[0, i] = np.int32(w[0] ^ _SIGN_BIT)
        words[1, i] = np.int32(w[1] ^ _SIGN_BIT)
        words[2, i] = np.int32(w[2] ^ _SIGN_BIT)
        words[3, i] = np.int32(w[3] ^ _SIGN_BIT)


@inlined
def _draw_counts(count: Any, words: Any, front: Any, row: Any, shifted: Any, first: Any, quantiles: Any) -> None:
    """`CountTable.counts` of each neuron for one step."""
    for i in range(words.shape[0]):
        k = np.int32(0)
        for j in range(N_FRONT):
            k += np.int32(words[i] > front[j, i])
        count[i] = k
    found = False
    for i in range(words.shape[0]):
        found |= count[i] == N_FRONT
    if found:
        for i in range(words.shape[0]):
            if count[i] == N_FRONT:
                count[i] = np.searchsorted(quantiles[row[i]], np.uint32(words[i]) ^ np.uint32(SIGN_BIT))
    if shifted:
        for i in range(words.shape[0]):
            count[i] += first[row[i]]


@inlined
def _draw_arrivals(arrivals: Any, count: Any, spikes: Any, words: Any, step: Any, redraw: Any, noise: Any) -> None:
    """External part of the arrivals of one step."""
    arrivals[:] = 0
    for source in range(noise.weight.shape[0]):
        if redraw:
            _draw_words(words[source], np.uint64(step // _WORDS), noise.key[source])
        _draw_counts(
            count,
            words[source, step % _WORDS],
            noise.front[source],
            noise.row[source],
            noise.shifted[source],
            noise.first[source],
            noise.quantiles[source],
        )
        for i in range(arrivals.shape[0]):
            spikes[i] = count[i]  # to floating point; int32 times float32 would be computed in float64
            arrivals[i] += noise.weight[source, i] * spikes[i]


@inlined
def _integrate(
    voltage: Any, current: Any, refractory: Any, arrivals: Any, neurons: Any, gain: Any, strength: Any
) -> None:
    """Voltage, decay of the current, and external arrivals."""
    for i in range(voltage.shape[0]):
        held = refractory[i] > 0
        free = neurons.a[i] * voltage[i] + neurons.b[i] * current[i] + gain[i] * strength
        voltage[i] = neurons.reset_voltage[i] if held else free
        refractory[i] -= np.int32(held)
        current[i] = neurons.d[i] * current[i] + arrivals[i]


@inlined
def _fire(voltage: Any, refractory: Any, neurons: Any, fired: Any) -> int:
    """Reset the neurons at threshold; write their indices to ``fired`` and return their number."""
    n, n_fired = voltage.shape[0], 0
    for start in range(0, n, _BLOCK):
        stop = min(start + _BLOCK, n)
        any_fired = False
        for i in range(start, stop):
            any_fired |= voltage[i] >= neurons.threshold[i]
        if any_fired:
            for i in range(start, stop):
                if voltage[i] >= neurons.threshold[i]:
                    voltage[i] = neurons.reset_voltage[i]
                    refractory[i] = neurons.refractory_steps[i]
                    fired[n_fired] = i
                    n_fired += 1
    return n_fired


@inlined
def _deliver(current: Any, connected: Any, fired: Any, wiring: Any) -> None:
    """Recurrent arrivals of one step."""
    for sender in fired:
        if wiring.mask.shape[0]:
            weight, mask = wiring.rows[wiring.row[sender]], wiring.mask[sender]
            for i in range(current.shape[0]):
                connected[i] = mask[i]
                current[i] += weight[i] * connected[i]
        elif wiring.rows.shape[0]:
            weight = wiring.rows[wiring.row[sender]]
            for synapse in range(wiring.offsets[sender], wiring.offsets[sender + 1]):
                target = wiring.targets[synapse]
                current[target] += weight[target]
        else:
            for synapse in range(wiring.offsets[sender], wiring.offsets[sender + 1]):
                current[wiring.targets[synapse]] += wiring.each[synapse]


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
    neurons: Neurons,
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
        neurons: See `Neurons`.
        noise: See `Noise`.
        drive: See `Drive`.
        wiring: See `Wiring`.
        traces: See `Traces`.
        spike_steps: Filled with the steps of the spikes, counted from the start of the run; at least n long.
        spike_neurons: Filled with the neurons of the spikes, as long.

    Returns:
        Steps done and spikes written.
    """
    n = voltage.shape[0]
    arrivals, scratch, count = np.empty_like(voltage), np.empty_like(voltage), np.empty(n, dtype=np.int32)
    words = np.empty((noise.weight.shape[0], _WORDS, n), dtype=np.int32)
    fired = np.empty(n, dtype=np.int32)
    n_spikes = 0
    for done in range(n_steps):
        if n_spikes + n > spike_steps.shape[0]:
            return done, n_spikes
        run_step = begin + done
        step = first_step + run_step
        _draw_arrivals(arrivals, count, scratch, words, step, done == 0 or step % _WORDS == 0, noise)
        strength = drive.course[min(run_step, drive.course.shape[0] - 1)]
        _integrate(voltage, current, refractory, arrivals, neurons, drive.gain, strength)
        n_fired = _fire(voltage, refractory, neurons, fired)
        _deliver(current, scratch, fired[:n_fired], wiring)
        for i in range(n_fired):
            spike_steps[n_spikes] = run_step
            spike_neurons[n_spikes] = fired[i]
            n_spikes += 1
        _trace(traces, run_step, voltage, current)
    return n_steps, n_spikes
