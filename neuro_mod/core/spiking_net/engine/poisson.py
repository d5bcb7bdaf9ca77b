"""Exact Poisson counts from random words: 16 bits for the likely counts, 32 more for the rest.

Of the 2**16 words, ``floor(2**16 p_k)`` or a few less represent count k, for each k in a window of likely counts, so
that a few comparisons find the count of a word. The other words represent the rest of the distribution, from which a
second word draws. So the counts have the exact distribution at any mean, however the words are shared out as long as no
count has more than its probability; and the meaning of a word depends on the mean alone.
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
#: Neurons whose tables lie side by side, and stay in the fastest cache together: entry k of neuron i is at
#: ``k CHUNK + i``.
CHUNK = 512
#: Neurons that are tabulated together.
GROUP = 128
#: Largest mean of an external count in one step; rates beyond it have the wrong unit.
MAX_MEAN = 1e6
#: Largest factor of a z that is drawn in each step: up to here the quadrature over z is right to 1e-6.
MAX_SPREAD = 50.0

#: Half width of the window in standard deviations of the count: slow draws are then one in a thousand.
_REACH = 3.4
#: Means below have a window that begins at 0.
LOW = 13.0
#: Share of its probability that words give to a count at most, so that single precision does not give it more.
SHARE = 1 - 2.0**-14
#: Counts this unlikely (in words) are beyond the resolution of the second word.
_NEGLIGIBLE = 1e-14
_LOWEST = np.int32(-OFFSET)


@inlined
def window(mean: float) -> tuple[int, int]:
    """First count of the window, and how many counts it holds, a multiple of `BLOCK`."""
    half = min(_REACH * math.sqrt(mean), MAX_WIDTH / 2)
    first = int(mean - half) if mean > half else 0
    blocks = math.ceil((mean + half - first) / BLOCK)
    return first, BLOCK * min(max(blocks, 1), MAX_WIDTH // BLOCK)


def widest_window(largest_mean: float) -> int:
    """Bound on the width of the window of any mean up to this one."""
    half = min(_REACH * math.sqrt(largest_mean), MAX_WIDTH / 2)
    return BLOCK * min(math.ceil((min(largest_mean + half, 2 * half + 1)) / BLOCK) or 1, MAX_WIDTH // BLOCK)


@inlined
def start_probability(law: Any, weights: Any, k: int) -> float:
    """Probability of count k; its summands, one for each rate, are put into ``law[1]``.

    The count is Poisson with mean ``law[0, j]`` with probability ``weights[j]``.
    """
    total = 0.0
    for j in range(len(weights)):
        rate, law[1, j] = law[0, j], 0.0
        if k == 0 or rate > 0:
            log = k * math.log(rate) - math.lgamma(k + 1.0) if k else 0.0
            law[1, j] = weights[j] * math.exp(log - rate)
        total += law[1, j]
    return total


@inlined
def next_probability(law: Any, k: int, up: bool) -> float:
    """From the probability of count k and its summands to those of k + 1, or k - 1."""
    total = 0.0
    for j in range(law.shape[1]):
        law[1, j] *= law[0, j] / (k + 1) if up else k / law[0, j]
        total += law[1, j]
    return total


@inlined
def tabulate(front: Any, n_rows: int, law: Any, weights: Any, mean: float) -> int:
    """Fill the table of one neuron: entry k, less `OFFSET`, is the first word above those of counts up to k.

    A word w represents ``first`` plus the number of entries at or below w; if all entries are, it represents no count
    of the window, and `remaining_count` has to draw.

    Args:
        front: Table to fill, entry k at ``front[k CHUNK]``.
        n_rows: Number of entries, the width of the window or more.
        law: Rates and scratch, see `start_probability`.
        weights: Probabilities of the rates.
        mean: Mean count.

    Returns:
        The first count of the window.
    """
    first, width = window(mean)
    words, likely = 0, start_probability(law, weights, first)
    for k in range(n_rows):
        if k < width:
            words += int(N_WORDS * SHARE * likely)
            likely = next_probability(law, first + k, True)
        front[k * CHUNK] = words - OFFSET
    return first


@inlined
def tabulate_low(front: Any, n_rows: int, mean: Any, likely: Any, words: Any) -> None:
    """Fill the tables of `GROUP` neurons, as `tabulate` does, whose windows begin at 0.

    Single precision is enough, as the second word makes up for what the tables lack.

    Args:
        front: Tables to fill, entry k of neuron i at ``front[k CHUNK + i]``.
        n_rows: Number of entries, the width of the windows or more.
        mean: Mean counts below `LOW`, float32.
        likely: Scratch, float32.
        words: Scratch, int32.
    """
    for i in range(GROUP):
        # exp(-x) = exp(-x / 64)**64
        x = mean[i] * np.float32(-1 / 64)
        power = np.float32(1 / 120) + x * np.float32(1 / 720)
        power = np.float32(1 / 6) + x * (np.float32(1 / 24) + x * power)
        power = np.float32(1) + x * (np.float32(1) + x * (np.float32(1 / 2) + x * power))
        for _ in range(6):
            power *= power
        likely[i] = power * np.float32(N_WORDS * SHARE)
        words[i] = _LOWEST
    for row in range(0, n_rows, BLOCK):
        # the mean from which on the window holds more than so many counts
        bound = np.float32((math.sqrt(_REACH**2 + 4 * row) - _REACH) ** 2 / 4)
        _tabulate_block(front[row * CHUNK :], row, bound, mean, likely, words)


@inlined
def _tabulate_block(front: Any, row: int, bound: Any, mean: Any, likely: Any, words: Any) -> None:
    base = np.float32(row)
    for i in range(GROUP):
        p, total = likely[i] if mean[i] >= bound else np.float32(0), words[i]
        for k in range(BLOCK):
            total = np.int32(total + np.int32(p))
            front[k * CHUNK + i] = np.int16(total)
            p *= mean[i] * (np.float32(1) / (base + np.float32(k + 1)))
        likely[i], words[i] = p, total


@inlined
def remaining_count(word: int, front: Any, n_rows: int, law: Any, weights: Any, first: int) -> int:
    """Draw from what the table leaves over, with a second word of 32 bits; arguments as for `tabulate`."""
    drawn = (N_WORDS - OFFSET - front[(n_rows - 1) * CHUNK]) * (word + 0.5) / 2.0**32
    below, k = -OFFSET, 0
    likely = N_WORDS * start_probability(law, weights, first)
    while k < n_rows or likely > _NEGLIGIBLE:
        drawn -= likely
        if k < n_rows:
            drawn += front[k * CHUNK] - below
            below = front[k * CHUNK]
        if drawn < 0:
            return first + k
        likely = N_WORDS * next_probability(law, first + k, True)
        k += 1
    start_probability(law, weights, first)
    for down in range(first, 0, -1):
        drawn -= N_WORDS * next_probability(law, down, False)
        if drawn < 0:
            return down - 1
    return first + k
