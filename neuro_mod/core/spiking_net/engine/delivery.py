"""Recurrent arrivals in the compiled loop.

Where receivers are counted by bits, the rows of four senders at a time are added to scratch that hold one binary digit
for every receiver in each of four rows of bits. These are spread to bytes once per twelve senders, which a row by
itself would cost as well.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from neuro_mod.core.compilation import inlined
from neuro_mod.core.spiking_net.engine.arguments import N_DIGITS, TOGETHER, Parameters, Scratch, Wiring

#: Spikes of one group that are counted in 8 bits, a multiple of `TOGETHER`.
_MAX_COUNT = 240

_ONE, _EIGHT = np.uint64(1), np.uint64(8)
_LAST_BITS = np.uint64(0x0101010101010101)
_EVEN_BITS, _ONE_BIT = np.uint64(0x5555555555555555), np.uint64(1)
_EVEN_PAIRS, _TWO_BITS = np.uint64(0x3333333333333333), np.uint64(2)
_LOW_HALVES, _FOUR_BITS = np.uint64(0x0F0F0F0F0F0F0F0F), np.uint64(4)


@inlined
def deliver(current: Any, fired: Any, scratch: Scratch, parameters: Parameters, k: int, wiring: Wiring) -> None:
    """Recurrent arrivals of one step."""
    if wiring.each.shape[0]:
        for j in fired:
            synapses = slice(wiring.bounds[j, 0], wiring.bounds[j, 1])
            add_each(current, wiring.targets[synapses], wiring.each[synapses])
        return
    for j in fired:
        add_runs(current, np.uint64(j), parameters, k, wiring)
    if wiring.bits.shape[0]:
        count_receivers(current, fired, scratch, parameters, k, wiring)


@inlined
def count_receivers(current: Any, fired: Any, scratch: Scratch, parameters: Parameters, k: int, wiring: Wiring) -> None:
    """Count the spikes of each group for their receivers and add them to the current, two groups at a time."""
    in_bytes, received, n_waiting = scratch.in_bytes, scratch.received, scratch.n_waiting
    weights, edges, n_groups = parameters.group_weight[k], parameters.edges, n_waiting.shape[0]
    for place in range(fired.shape[0] + n_groups):
        h = place - fired.shape[0]
        if h < 0:
            h = np.int64(wiring.group[wiring.population[fired[place]]])
            scratch.waiting[h, n_waiting[h]] = fired[place]
            n_waiting[h] += 1
        if n_waiting[h] == TOGETHER or (place >= fired.shape[0] and n_waiting[h]):
            _count_waiting(scratch, h)
            if in_bytes[h] == _MAX_COUNT:
                add_received(current, received[h], received[n_groups], weights[h], weights[h], edges)
                in_bytes[h] = 0
    for h in range(0, n_groups, 2):
        if in_bytes[h] + in_bytes[h + 1]:
            other = min(h + 1, n_groups - 1)
            add_received(current, received[h], received[h + 1], weights[h], weights[other], edges)
            in_bytes[h] = in_bytes[h + 1] = 0


@inlined
def _count_waiting(scratch: Scratch, h: int) -> None:
    """Count the waiting senders of a group in bytes: one or two by themselves, more in fours."""
    n, waiting, rows, nobody = scratch.n_waiting[h], scratch.waiting[h], scratch.bit_words, scratch.nobody
    scratch.in_bytes[h] += n
    scratch.n_waiting[h] = 0
    alone = n if n <= 2 else np.int32(n % 4 == 1)
    for j in waiting[n - alone : n]:
        _count_one(scratch.received_words[h], rows[j])
    n -= alone
    for s in range(0, n, 4):
        three = rows[waiting[s + 2]] if s + 2 < n else nobody
        four = rows[waiting[s + 3]] if s + 3 < n else nobody
        _count_four(scratch.digits[h], rows[waiting[s]], rows[waiting[s + 1]], three, four)
    if n:
        _spread_digits(scratch.received_words[h], scratch.digits[h])


@inlined
def _count_one(received: Any, bits: Any) -> None:
    """Add the bits of one sender to the counts of its receivers."""
    width = bits.shape[0]
    for bit in range(8):
        part, shift = received[bit * width : (bit + 1) * width], np.uint64(bit)
        for i in range(width):
            part[i] += bits[i] >> shift & _LAST_BITS


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
    """Add the numbers that the digits of one group stand for to its counts in bytes, and reset the digits.

    In each byte, the four digits of eight receivers are swapped for the numbers of two receivers in each of four rows.
    """
    width = digits.shape[1]
    ones, twos, fours, eights = digits[0], digits[1], digits[2], digits[3]
    for i in range(width):
        even = (ones[i] & _EVEN_BITS) | (twos[i] & _EVEN_BITS) << _ONE_BIT
        odd = (ones[i] >> _ONE_BIT & _EVEN_BITS) | (twos[i] & ~_EVEN_BITS)
        even_high = (fours[i] & _EVEN_BITS) | (eights[i] & _EVEN_BITS) << _ONE_BIT
        odd_high = (fours[i] >> _ONE_BIT & _EVEN_BITS) | (eights[i] & ~_EVEN_BITS)
        ones[i] = (even & _EVEN_PAIRS) | (even_high & _EVEN_PAIRS) << _TWO_BITS
        twos[i] = (odd & _EVEN_PAIRS) | (odd_high & _EVEN_PAIRS) << _TWO_BITS
        fours[i] = (even >> _TWO_BITS & _EVEN_PAIRS) | (even_high & ~_EVEN_PAIRS)
        eights[i] = (odd >> _TWO_BITS & _EVEN_PAIRS) | (odd_high & ~_EVEN_PAIRS)
    for bit in range(N_DIGITS):
        numbers = digits[bit]
        low, high = received[bit * width : (bit + 1) * width], received[(bit + 4) * width : (bit + 5) * width]
        for i in range(width):
            low[i] += numbers[i] & _LOW_HALVES
            high[i] += numbers[i] >> _FOUR_BITS & _LOW_HALVES
            numbers[i] = 0


@inlined
def add_received(current: Any, received: Any, others: Any, weights: Any, other_weights: Any, edges: Any) -> None:
    """Add the counted spikes of a group and of another one to the current and reset the counts."""
    for g in range(weights.shape[0]):
        segment, weight, other_weight = slice(edges[g], edges[g + 1]), weights[g], other_weights[g]
        part, counted, others_counted = current[segment], received[segment], others[segment]
        for i in range(part.shape[0]):
            part[i] = part[i] + weight * np.float32(counted[i]) + other_weight * np.float32(others_counted[i])
    for i in range(received.shape[0]):
        received[i] = others[i] = 0


@inlined
def add_runs(current: Any, j: Any, parameters: Parameters, k: int, wiring: Wiring) -> None:
    """Add the weights of the runs of a sender to the current; unsigned indices are used as they are."""
    b, end = np.uint64(wiring.population[j]), np.uint64(wiring.bounds[j, 0])
    for r in range(wiring.n_runs[b]):
        begin, end = end, np.uint64(wiring.bounds[j, np.uint64(r + 1)])
        _add_to_each(current, wiring.targets, begin, end, parameters.run_weight[k, b, np.uint64(r)])


@inlined
def _add_to_each(current: Any, targets: Any, begin: Any, end: Any, weight: Any) -> None:
    """Add a weight to the current of each target; eight loads before eight stores do not wait for one another."""
    s = begin
    while s + _EIGHT <= end:
        t0, t1 = np.uint64(targets[s]), np.uint64(targets[s + np.uint64(1)])
        t2, t3 = np.uint64(targets[s + np.uint64(2)]), np.uint64(targets[s + np.uint64(3)])
        t4, t5 = np.uint64(targets[s + np.uint64(4)]), np.uint64(targets[s + np.uint64(5)])
        t6, t7 = np.uint64(targets[s + np.uint64(6)]), np.uint64(targets[s + np.uint64(7)])
        c0, c1, c2, c3 = current[t0], current[t1], current[t2], current[t3]
        c4, c5, c6, c7 = current[t4], current[t5], current[t6], current[t7]
        current[t0], current[t1], current[t2], current[t3] = c0 + weight, c1 + weight, c2 + weight, c3 + weight
        current[t4], current[t5], current[t6], current[t7] = c4 + weight, c5 + weight, c6 + weight, c7 + weight
        s += _EIGHT
    while s < end:
        current[np.uint64(targets[s])] += weight
        s += _ONE


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
