"""The compiled choice of the senders of each neuron, as bits or as lists of targets.

Floyd's algorithm draws k of n candidates with k random words. All receivers draw from one sending population before the
next population is begun, so that what is written at a time stays in the fastest cache.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from neuro_mod.core import random
from neuro_mod.core.compilation import inlined, kernel

#: Receivers whose random words are drawn together, in one loop without branches.
_ROWS = 64
_ZERO = np.uint64(0)
_ONE = np.uint64(1)
_HALF = np.uint64(32)

_philox4x32 = inlined(random.philox4x32)


@inlined
def _draw_words(words: Any, begin: int, n_rows: int, n_words: int, key: Any) -> None:
    """Fill ``words[w, row]`` with the first words of some receivers, from ``begin`` on."""
    for block in range((n_words + 3) // 4):
        w0, w1, w2, w3 = words[4 * block], words[4 * block + 1], words[4 * block + 2], words[4 * block + 3]
        for row in range(n_rows):
            w = _philox4x32((np.uint64(begin + row), np.uint64(block), _ZERO, _ZERO), (key[0], key[1]))
            w0[row], w1[row], w2[row], w3[row] = w[0], w[1], w[2], w[3]


@inlined
def _choose(chosen: Any, mark: Any, receiver: int, words: Any, begin: int, stop: int) -> None:
    """Choose some of the neurons ``begin`` to ``stop``, but not the receiver, and write them down less ``begin``.

    Args:
        chosen: Filled with the choices.
        mark: The latest receiver that chose each neuron, counted from 1.
        receiver: The receiver.
        words: Its random words.
        begin: First neuron of the sending population.
        stop: The neuron after its last one.
    """
    is_own = begin <= receiver < stop
    own, n = np.uint64(receiver - begin if is_own else stop - begin), stop - begin - is_own
    # a candidate is word * n >> 32: the chances of two candidates differ by less than n / 2**32
    last, this = np.uint64(n - chosen.shape[0]), np.uint32(receiver + 1)
    for draw in range(chosen.shape[0]):
        candidate = (np.uint64(words[draw]) * (last + _ONE)) >> _HALF
        candidate = last if mark[candidate] == this else candidate
        mark[candidate] = this
        chosen[draw] = candidate + np.uint64(candidate >= own)
        last += _ONE


@inlined
def _draw_rows(words: Any, start: int, in_degree: Any, key: Any) -> int:
    """Draw the words of the receivers from ``start`` on, and return how many receivers these are."""
    n_rows, most = min(_ROWS, in_degree.shape[0] - start), 0
    for row in range(n_rows):
        most = max(most, in_degree[start + row])
    _draw_words(words, start, n_rows, most, key)
    return n_rows


class Scratch(NamedTuple):
    """Scratch of the kernels, see `new_scratch`.

    Shapes: words, random words of ``_ROWS`` receivers, ``(n_words, _ROWS)``; chosen, senders that receivers chose from
    one population, one receiver after another; mark, the latest receiver that chose each sender of a population; place,
    where the next target of each is written.
    """

    words: Any
    chosen: Any
    mark: Any
    place: Any


def new_scratch(sizes: NDArray[np.int64], in_degrees: NDArray[np.int32], dtype: DTypeLike) -> Scratch:
    """Scratch for some sending populations of these sizes; ``dtype`` holds the index of any neuron."""
    n_words, n_chosen = int(in_degrees.max(initial=0)), int(in_degrees.sum(axis=1, dtype=np.int64).max(initial=0))
    size = int(sizes.max(initial=0)) + 1
    return Scratch(
        np.empty((-(-n_words // random.WORDS_PER_COUNTER) * random.WORDS_PER_COUNTER, _ROWS), np.uint32),
        np.empty(n_chosen, dtype),
        np.empty(size, np.uint32),
        np.empty(size, np.int64),
    )


@kernel
def sample_bits(keys: Any, boundaries: Any, in_degrees: Any, bits: Any, scratch: Scratch) -> None:
    """Choose the senders of all neurons in some populations, without self-connections, and set their bits.

    Args:
        keys: Key of the stream of each of these S populations, in which every receiver has a sequence of its own, shape
            ``(S, 2)``, uint64.
        boundaries: The first neuron of each population, and the one after the last, shape ``(S + 1,)``.
        in_degrees: Number of senders of each neuron in each of these populations, shape ``(S, n)``, int32.
        bits: See `AdjacencyBits`, shape ``(n, width)``.
        scratch: See `Scratch`.
    """
    width, mark = bits.shape[1], scratch.mark
    for b in range(keys.shape[0]):
        begin, stop, in_degree = boundaries[b], boundaries[b + 1], in_degrees[b]
        rows_of_bits = bits[begin:stop]
        mark[:] = 0
        for start in range(0, in_degrees.shape[1], _ROWS):
            for row in range(_draw_rows(scratch.words, start, in_degree, keys[b])):
                receiver = start + row
                chosen = scratch.chosen[: in_degree[receiver]]
                _choose(chosen, mark, receiver, scratch.words[:, row], begin, stop)
                byte, bit = np.uint64(receiver % width), np.uint8(1 << (receiver // width))
                for sender in chosen:
                    rows_of_bits[np.uint64(sender), byte] |= bit


@kernel
def sample_targets(keys: Any, boundaries: Any, in_degrees: Any, offsets: Any, targets: Any, scratch: Scratch) -> None:
    """Choose the senders as `sample_bits` does, and list the targets of each.

    Args:
        keys: As for `sample_bits`, like the two following arguments.
        boundaries: As for `sample_bits`.
        in_degrees: As for `sample_bits`.
        offsets: Filled with the end of the targets of each neuron of these populations, shape ``(n_senders,)``.
        targets: Filled with the targets of each sender, ascending, shape ``(in_degrees.sum(),)``.
        scratch: See `Scratch`.
    """
    mark, place, end = scratch.mark, scratch.place, 0
    for b in range(keys.shape[0]):
        begin, stop, in_degree = boundaries[b], boundaries[b + 1], in_degrees[b]
        mark[:] = 0
        place[:] = 0
        n_chosen = 0
        for start in range(0, in_degrees.shape[1], _ROWS):
            for row in range(_draw_rows(scratch.words, start, in_degree, keys[b])):
                receiver = start + row
                chosen = scratch.chosen[n_chosen : n_chosen + in_degree[receiver]]
                _choose(chosen, mark, receiver, scratch.words[:, row], begin, stop)
                n_chosen += in_degree[receiver]
        for sender in scratch.chosen[:n_chosen]:
            place[np.uint64(sender)] += 1
        for sender in range(stop - begin):
            begins_at, end = end, end + place[sender]
            place[sender], offsets[begin - boundaries[0] + sender] = begins_at, end
        n_chosen = 0
        for receiver in range(in_degrees.shape[1]):
            for at in range(n_chosen, n_chosen + in_degree[receiver]):
                sender = np.uint64(scratch.chosen[at])
                targets[np.uint64(place[sender])] = receiver
                place[sender] += 1
            n_chosen += in_degree[receiver]
