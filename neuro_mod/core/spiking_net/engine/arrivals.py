"""External arrivals in the compiled loop: tables of counts, random words, counts, and their effect on the current."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuro_mod.core import random
from neuro_mod.core.compilation import inlined
from neuro_mod.core.spiking_net.engine import poisson
from neuro_mod.core.spiking_net.engine.arguments import Noise, Parameters
from neuro_mod.core.spiking_net.engine.poisson import CHUNK, GROUP

#: Steps whose 16-bit words one call of the generator gives.
WORDS = 2 * random.WORDS_PER_COUNTER

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_QUARTER = np.uint64(16)
_LOW_QUARTERS = np.uint64(0x0000FFFF0000FFFF)
_ZERO = np.uint64(0)

_philox4x32 = inlined(random.philox4x32)


@inlined
def draw_words(quads: Any, first: int, n: int, step: int, key: Any) -> None:
    """Draw the words of n neurons from ``first`` on in a block of eight steps.

    The generator's words are joined to 64 bits and halves are swapped between neighbours, as narrowing each of them to
    16 bits costs AVX2 as much as drawing them.

    Args:
        quads: Filled with the words, see `Noise`, shape ``(8, CHUNK / 4)``.
        first: First neuron.
        n: Number of neurons.
        step: A step of the block.
        key: Key of the first words.
    """
    block = np.uint64(step // WORDS)
    for i in range((n + 3) // 4):
        one = _four_words(first + 4 * i, block, key)
        two = _four_words(first + 4 * i + 1, block, key)
        three = _four_words(first + 4 * i + 2, block, key)
        four = _four_words(first + 4 * i + 3, block, key)
        for k in range(random.WORDS_PER_COUNTER):
            even, odd = one[k] | three[k] << _HALF, two[k] | four[k] << _HALF
            quads[2 * k, i] = (even & _LOW_QUARTERS) | (odd << _QUARTER & ~_LOW_QUARTERS)
            quads[2 * k + 1, i] = (even >> _QUARTER & _LOW_QUARTERS) | (odd & ~_LOW_QUARTERS)


@inlined
def _four_words(neuron: int, block: Any, key: Any) -> Any:
    """The masks tell the compiler that short multiplications suffice."""
    counter = np.uint64(neuron) & _LOW, block & _LOW, block >> _HALF, _ZERO
    return _philox4x32(counter, (key[0] & _LOW, key[1] & _LOW))


@inlined
def _set_rates(noise: Noise, s: int, a: int, i: int) -> float:
    """Put the possible mean counts of neuron i in population a into ``noise.law[0]``, and return their mean."""
    mean, slope, law = noise.mean[s, a], noise.slope[s, a], noise.law
    if noise.z.shape[0]:
        law[0, 0] = mean + slope * noise.z[i]
        return law[0, 0]
    for j in range(law.shape[1]):
        law[0, j] = mean + slope * noise.nodes[j]
    return mean + 0.5 * slope


@inlined
def tabulate(noise: Noise, s: int, mean: Any, slope: Any) -> None:
    """Make the tables of the populations whose mean or slope is new."""
    begin, end = noise.first.shape[1], 0
    for a in range(mean.shape[0]):
        if noise.mean[s, a] != mean[a] or noise.slope[s, a] != slope[a]:
            noise.mean[s, a], noise.slope[s, a] = mean[a], slope[a]
            begin, end = min(begin, noise.edges[a]), max(end, noise.edges[a + 1])
            if noise.z.shape[0]:
                means = noise.neuron_mean[s, noise.edges[a] : noise.edges[a + 1]]
                z = noise.z[noise.edges[a] : noise.edges[a + 1]]
                for i in range(means.shape[0]):
                    means[i] = np.float32(mean[a] + slope[a] * z[i])
            else:
                _tabulate_population(noise, s, a)
    any_high = noise.shifted[s]
    for start in range(begin // GROUP * GROUP, end if noise.z.shape[0] else 0, GROUP):
        any_high |= _tabulate_group(noise, s, start)
    if any_high or noise.z.shape[0] == 0:
        shifted = False
        for i in range(noise.first.shape[1]):
            shifted |= noise.first[s, i] > 0
        noise.shifted[s] = shifted


@inlined
def _tabulate_population(noise: Noise, s: int, a: int) -> None:
    """Make the tables of a population whose neurons have the same: that of the first one, copied."""
    begin, end = noise.edges[a], noise.edges[a + 1]
    if begin == end:
        return
    n_rows = noise.front.shape[2] // CHUNK
    column = noise.front[s, begin // CHUNK, begin % CHUNK :]
    first = poisson.tabulate(column, n_rows, noise.law, noise.node_weights, _set_rates(noise, s, a, begin))
    for i in range(begin, end):
        noise.first[s, i] = first
    for chunk in range(begin // CHUNK, (end - 1) // CHUNK + 1):
        start, stop = max(begin - chunk * CHUNK, 0), min(end - chunk * CHUNK, CHUNK)
        for k in range(n_rows):
            entries, entry = noise.front[s, chunk, k * CHUNK + start : k * CHUNK + stop], column[k * CHUNK]
            for i in range(entries.shape[0]):
                entries[i] = entry


@inlined
def _tabulate_group(noise: Noise, s: int, start: int) -> bool:
    """Make the tables of `GROUP` neurons from ``start`` on; tell whether the windows of any may not begin at 0."""
    n_rows, front = noise.front.shape[2] // CHUNK, noise.front[s, start // CHUNK, start % CHUNK :]
    means, first = noise.neuron_mean[s, start : start + GROUP], noise.first[s, start : start + GROUP]
    poisson.tabulate_low(front, n_rows, means, noise.likely, noise.shares)
    any_high = False
    for i in range(GROUP):
        any_high |= means[i] >= poisson.LOW
    for i in range(first.shape[0] if any_high or noise.shifted[s] else 0):
        first[i] = 0
        if means[i] >= poisson.LOW:
            mean = _set_rates(noise, s, np.int64(noise.population[start + i]), start + i)
            first[i] = poisson.tabulate(front[i:], n_rows, noise.law, noise.node_weights, mean)
    return any_high


@inlined
def count_likely(count: Any, words: Any, front: Any) -> bool:
    """Number of entries at or below each word; tell whether that is all of them for some word."""
    n_rows, most = front.shape[0] // CHUNK, np.int16(0)
    for block in range(0, n_rows, poisson.BLOCK):
        rows, most = front[block * CHUNK :], np.int16(0)
        for i in range(count.shape[0]):
            k = np.int16(0) if block == 0 else count[i]
            for j in range(poisson.BLOCK):
                k = np.int16(k + np.int16(words[i] >= rows[j * CHUNK + i]))
            count[i] = k
            most = max(most, k)
    return most == n_rows


@inlined
def _draw_remaining(count: Any, start: int, noise: Noise, s: int, step: int) -> None:
    """Draw the counts that the tables leave open, less the first count of the table; neurons are from ``start`` on."""
    n_rows = np.int64(noise.front.shape[2] // CHUNK)
    for i in range(count.shape[0]):
        if count[i] == n_rows:
            count[i] = _draw_rest(noise, s, start + i, n_rows, step)


@inlined
def _draw_rest(noise: Noise, s: int, i: int, n_rows: int, step: int) -> int:
    """A count of neuron i that the table leaves open, less the first one of the table."""
    at, key, first = np.uint64(step), noise.second_key[s], np.int64(noise.first[s, i])
    word = _philox4x32((np.uint64(i), at & _LOW, at >> _HALF, _ZERO), (key[0], key[1]))[0]
    _set_rates(noise, s, np.int64(noise.population[i]), i)
    front = noise.front[s, i // CHUNK, i % CHUNK :]
    return poisson.remaining_count(word, front, n_rows, noise.law, noise.node_weights, first) - first


@inlined
def draw_counts(noise: Noise, s: int, step: int, end: int, new_words: bool) -> None:
    """External spikes of each neuron from source s from a step up to ``end``, which are within a block of eight.

    Some neurons at a time go through all of these steps, so that their tables are read from memory once.
    """
    words, counts, block = noise.words[s], noise.counts[s], step - step % WORDS
    for chunk in range(words.shape[0]):
        start, stop = chunk * CHUNK, min((chunk + 1) * CHUNK, counts.shape[1])
        if new_words:
            draw_words(noise.word_quads[s, chunk], start, stop - start, step, noise.key[s])
        for t in range(step - block, end - block):
            count = counts[t, start:stop]
            if count_likely(count, words[chunk, t], noise.front[s, chunk]):
                _draw_remaining(count, start, noise, s, block + t)


@inlined
def receive(current: Any, count: Any, noise: Noise, parameters: Parameters, k: int, s: int) -> None:
    """External arrivals of one step from source s."""
    for g in range(parameters.edges.shape[0] - 1):
        segment, weight = slice(parameters.edges[g], parameters.edges[g + 1]), parameters.external_weight[k, s, g]
        _weigh(current[segment], count[segment], noise.first[s, segment], noise.shifted[s], weight)


@inlined
def _weigh(current: Any, count: Any, first: Any, shifted: bool, weight: Any) -> None:
    for i in range(current.shape[0]):
        number = np.int32(count[i])
        if shifted:
            number += first[i]
        current[i] += weight * np.float32(number)
