"""Exact Poisson counts from random words: 16 bits for the likely counts, 32 more for the rest.

Of the 2**16 words, ``floor(2**16 p_k)`` represent count k, for each k in a window of likely counts, so that a few
comparisons find the count of a word. The other words, those of the fractions and of the tails, represent the rest of
the distribution, from which a second word draws. So the counts have the exact distribution at any mean, and the meaning
of a word depends on the mean alone.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from neuro_mod.core.compilation import inlined

#: Number of words that counts share; tables hold them less `OFFSET`, as signed numbers of 16 bits.
N_WORDS = 65536
OFFSET = 32768
#: Likely counts are tabulated in blocks of this size, and at most this many in total.
BLOCK = 8
MAX_WIDTH = 64
#: Largest mean of an external count in one step; rates beyond it have the wrong unit.
MAX_MEAN = 1e6
#: Largest factor of a z that is drawn in each step: up to here the quadrature over z is right to 1e-6.
MAX_SPREAD = 50.0

#: Half width of the window in standard deviations of the count: slow draws are then one in a thousand.
_REACH = 3.4
#: Counts this unlikely (in words) are beyond the resolution of the second word.
_NEGLIGIBLE = 1e-14


@inlined
def window(mean: float) -> tuple[int, int]:
    """First count of the window, and how many counts it holds, a multiple of `BLOCK`."""
    half = min(_REACH * math.sqrt(mean), MAX_WIDTH / 2)
    first = max(int(mean - half), 0)
    blocks = math.ceil((mean + half - first) / BLOCK)
    return first, BLOCK * min(max(blocks, 1), MAX_WIDTH // BLOCK)


def widest_window(largest_mean: float) -> int:
    """Bound on the width of the window of any mean up to this one."""
    half = min(_REACH * math.sqrt(largest_mean), MAX_WIDTH / 2)
    return BLOCK * min(math.ceil((min(largest_mean + half, 2 * half + 1)) / BLOCK) or 1, MAX_WIDTH // BLOCK)


@inlined
def start_probabilities(parts: Any, k: int, mean: float, spread: float, z: Any, z_weight: Any) -> None:
    """Fill ``parts`` with the summands of the probability of count k.

    The count is Poisson with mean ``mean + spread z``; z takes the values ``z`` with probabilities ``z_weight``.
    """
    for j in range(len(z)):
        rate = mean + spread * z[j]
        if k == 0:
            parts[j] = z_weight[j] * math.exp(-rate)
        elif rate > 0:
            parts[j] = z_weight[j] * math.exp(k * math.log(rate) - rate - math.lgamma(k + 1.0))
        else:
            parts[j] = 0.0


@inlined
def next_probabilities(parts: Any, k: int, mean: float, spread: float, z: Any) -> None:
    """From the summands of the probability of count k to those of k + 1."""
    for j in range(len(z)):
        parts[j] *= (mean + spread * z[j]) / (k + 1)


@inlined
def previous_probabilities(parts: Any, k: int, mean: float, spread: float, z: Any) -> None:
    """From the summands of the probability of count k, above 0, to those of k - 1."""
    for j in range(len(z)):
        parts[j] *= k / (mean + spread * z[j])


@inlined
def probability(parts: Any) -> float:
    """Sum of the summands."""
    total = 0.0
    for j in range(len(parts)):
        total += parts[j]
    return total


@inlined
def tabulate(front: Any, parts: Any, mean: float, spread: float, z: Any, z_weight: Any) -> int:
    """Fill the table of one neuron: ``front[k]``, less `OFFSET`, is the first word above those of counts up to k.

    A word w represents ``first`` plus the number of entries at or below w; if all entries are, it represents no count
    of the window, and `remaining_count` has to draw.

    Args:
        front: Table to fill, at least as long as the window.
        parts: Scratch, as long as ``z``.
        mean: Mean count, or what of it does not depend on z.
        spread: Factor of z in the mean.
        z: Values of z.
        z_weight: Their probabilities.

    Returns:
        The first count of the window.
    """
    first, width = window(mean + 0.5 * spread)
    start_probabilities(parts, first, mean, spread, z, z_weight)
    words = 0
    for k in range(width):
        words = min(words + int(N_WORDS * probability(parts)), N_WORDS - 1)
        front[k] = words - OFFSET
        next_probabilities(parts, first + k, mean, spread, z)
    for k in range(width, len(front)):
        front[k] = words - OFFSET
    return first


@inlined
def tabulate_low(front: Any, begin: int, mean: Any, none: Any, words: Any, width: Any) -> None:
    """Fill the tables of many neurons, as `tabulate` does, where windows begin at 0.

    Args:
        front: Tables to fill, one a column, at least as long as the longest window.
        begin: Column of the first neuron.
        mean: Mean counts, shape ``(m,)``.
        none: Probabilities of no spike, likewise; overwritten.
        words: Scratch, likewise.
        width: Widths of the windows, likewise.
    """
    probability_of_k = none
    words[:] = 0
    for k in range(front.shape[0]):
        row, rise = front[k][begin : begin + mean.shape[0]], 1 / (k + 1)
        for i in range(mean.shape[0]):
            own = np.floor(N_WORDS * probability_of_k[i])
            total = words[i] + (own if k < width[i] else 0.0)
            words[i] = total if total < N_WORDS - 1.0 else N_WORDS - 1.0
            row[i] = np.int16(np.int32(words[i] - OFFSET))
            probability_of_k[i] *= mean[i] * rise


@inlined
def remaining_count(
    word: int, front: Any, parts: Any, first: int, mean: float, spread: float, z: Any, z_weight: Any
) -> int:
    """Draw from what the window leaves over, with a second word of 32 bits; arguments as for `tabulate`."""
    left = N_WORDS - OFFSET - front[len(front) - 1]
    drawn = left * (word + 0.5) / 2.0**32
    _, width = window(mean + 0.5 * spread)
    start_probabilities(parts, first, mean, spread, z, z_weight)
    below = -OFFSET
    for k in range(width):
        drawn -= N_WORDS * probability(parts) - (front[k] - below)
        if drawn < 0:
            return first + k
        below = front[k]
        next_probabilities(parts, first + k, mean, spread, z)
    last = first + width
    likely = N_WORDS * probability(parts)
    while likely > _NEGLIGIBLE:
        drawn -= likely
        if drawn < 0:
            return last
        next_probabilities(parts, last, mean, spread, z)
        last += 1
        likely = N_WORDS * probability(parts)
    if first > 0:
        start_probabilities(parts, first, mean, spread, z, z_weight)
        for k in range(first, 0, -1):
            previous_probabilities(parts, k, mean, spread, z)
            drawn -= N_WORDS * probability(parts)
            if drawn < 0:
                return k - 1
    return last
