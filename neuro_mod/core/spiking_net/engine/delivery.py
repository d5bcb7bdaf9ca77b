"""Recurrent arrivals in the compiled loop.

Where receivers are counted by bits, the rows of four senders at a time are added to scratch that hold one binary digit
for every receiver in each of four rows of bits. These are spread to bytes once per step, which a row by itself would
cost as well.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from neuro_mod.core.compilation import inlined
from neuro_mod.core.spiking_net.engine.arguments import N_DIGITS, TOGETHER, Parameters, Scratch, Wiring

#: Spikes of one group are counted in 8 bits.
_MAX_COUNT = 255
#: Spikes that the binary digits can count, four at a time.
_MAX_IN_DIGITS = 12

_ONE = np.uint8(1)
_LAST_BITS = np.uint64(0x0101010101010101)


@inlined
def deliver(current: Any, fired: Any, scratch: Scratch, parameters: Parameters, k: int, wiring: Wiring) -> None:
    """Recurrent arrivals of one step."""
    if wiring.each.shape[0]:
        for j in fired:
            synapses = slice(wiring.bounds[j, 0], wiring.bounds[j, 1])
            add_each(current, wiring.targets[synapses], wiring.each[synapses])
        return
    for j in fired:
        b = wiring.population[j]
        for r in range(wiring.n_runs[b]):
            synapses = slice(wiring.bounds[j, r], wiring.bounds[j, r + 1])
            add_to_each(current, wiring.targets[synapses], parameters.run_weight[k, b, r])
    if wiring.bits.shape[0]:
        for j in fired:
            count(current, j, scratch, parameters, k, wiring)
        finish_counts(current, scratch, parameters, k, wiring)


@inlined
def count(current: Any, j: int, scratch: Scratch, parameters: Parameters, k: int, wiring: Wiring) -> None:
    """Count the spike of a sender for its receivers, now or with the next ones of its group."""
    h = wiring.group[wiring.population[j]]
    in_bytes, in_digits, n_waiting = scratch.in_bytes, scratch.in_digits, scratch.n_waiting
    scratch.waiting[h, n_waiting[h]] = j
    n_waiting[h] += 1
    if n_waiting[h] == TOGETHER:
        _count_waiting(scratch, h)
        n_waiting[h] = 0
        in_digits[h] += TOGETHER
        if in_digits[h] == _MAX_IN_DIGITS:
            _spread_digits(scratch.received_words[h], scratch.digits[h])
            in_bytes[h] += _MAX_IN_DIGITS
            in_digits[h] = 0
            if in_bytes[h] > _MAX_COUNT - _MAX_IN_DIGITS - TOGETHER:
                add_received(current, scratch.received[h], parameters.group_weight[k, h], parameters.edges)
                in_bytes[h] = 0


@inlined
def finish_counts(current: Any, scratch: Scratch, parameters: Parameters, k: int, wiring: Wiring) -> None:
    """Add all counted spikes to the current and reset the scratch."""
    in_bytes, in_digits, n_waiting = scratch.in_bytes, scratch.in_digits, scratch.n_waiting
    for h in range(in_bytes.shape[0]):
        if in_bytes[h] + in_digits[h] + n_waiting[h]:
            if n_waiting[h] > 2 or (n_waiting[h] > 1 and in_digits[h]):
                _count_waiting(scratch, h)
                in_digits[h] += n_waiting[h]
            else:
                for j in scratch.waiting[h, : n_waiting[h]]:
                    _count_one(scratch.received[h], wiring.bits[j])
            if in_digits[h]:
                _spread_digits(scratch.received_words[h], scratch.digits[h])
            add_received(current, scratch.received[h], parameters.group_weight[k, h], parameters.edges)
            in_bytes[h] = in_digits[h] = n_waiting[h] = 0


@inlined
def _count_waiting(scratch: Scratch, h: int) -> None:
    """Count the waiting senders of a group, two or more, together."""
    n, waiting, bits = scratch.n_waiting[h], scratch.waiting[h], scratch.bit_words
    three = bits[waiting[2]] if n > 2 else scratch.nobody
    four = bits[waiting[3]] if n > 3 else scratch.nobody
    _count_four(scratch.digits[h], bits[waiting[0]], bits[waiting[1]], three, four)


@inlined
def _count_one(received: Any, bits: Any) -> None:
    """Add the bits of one sender to the counts of its receivers."""
    width = bits.shape[0]
    for bit in range(8):
        part, shift = received[bit * width : (bit + 1) * width], np.uint8(bit)
        for i in range(width):
            part[i] = np.uint8(part[i] + ((bits[i] >> shift) & _ONE))


@inlined
def _count_four(digits: Any, one: Any, two: Any, three: Any, four: Any) -> None:
    """Add the bits of four senders to the binary digits of the counts of their receivers."""
    for i in range(one.shape[0]):
        ones, twos, fours = digits[0, i], digits[1, i], digits[2, i]
        both = ones ^ one[i]
        carry = (ones & one[i]) | (both & two[i])
        ones = both ^ two[i]
        both = ones ^ three[i]
        digits[0, i] = both ^ four[i]
        other_carry = (ones & three[i]) | (both & four[i])
        both = twos ^ carry
        digits[1, i] = both ^ other_carry
        carry = (twos & carry) | (both & other_carry)
        digits[2, i] = fours ^ carry
        digits[3, i] ^= fours & carry


@inlined
def _spread_digits(received: Any, digits: Any) -> None:
    """Add the numbers that the digits of one group stand for to its counts in bytes, and reset the digits."""
    width = digits.shape[1]
    for bit in range(8):
        part, shift = received[bit * width : (bit + 1) * width], np.uint64(bit)
        for i in range(width):
            low = ((digits[0, i] >> shift) & _LAST_BITS) + 2 * ((digits[1, i] >> shift) & _LAST_BITS)
            high = ((digits[2, i] >> shift) & _LAST_BITS) + 2 * ((digits[3, i] >> shift) & _LAST_BITS)
            part[i] += low + 4 * high
    for digit in range(N_DIGITS):
        for i in range(width):
            digits[digit, i] = 0


@inlined
def add_received(current: Any, received: Any, weights: Any, edges: Any) -> None:
    """Add the counted spikes of a group to the current and reset the counts."""
    for g in range(weights.shape[0]):
        segment, weight = slice(edges[g], edges[g + 1]), weights[g]
        part, counted = current[segment], received[segment]
        for i in range(part.shape[0]):
            part[i] += weight * np.float32(counted[i])
            counted[i] = 0


@inlined
def add_to_each(current: Any, targets: Any, weight: Any) -> None:
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
def add_each(current: Any, targets: Any, weights: Any) -> None:
    """Add a weight of its own to the current of each target, as `add_to_each` does."""
    in_fours = targets.shape[0] // 4 * 4
    for s in range(0, in_fours, 4):
        t0, t1 = np.uint64(targets[s]), np.uint64(targets[s + 1])
        t2, t3 = np.uint64(targets[s + 2]), np.uint64(targets[s + 3])
        c0, c1, c2, c3 = current[t0], current[t1], current[t2], current[t3]
        current[t0], current[t1] = c0 + weights[s], c1 + weights[s + 1]
        current[t2], current[t3] = c2 + weights[s + 2], c3 + weights[s + 3]
    for s in range(in_fours, targets.shape[0]):
        current[np.uint64(targets[s])] += weights[s]
