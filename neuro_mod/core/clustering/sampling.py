"""The compiled choice of the senders of each neuron, as bits or as lists of targets.

Floyd's algorithm draws k of n candidates with k random words: each draw takes a random candidate or, if that is taken,
the last one in its range. Both are computed first, for many receivers in one loop without branches, and packed into one
word; a shift then selects one of them, as a branch would often be mispredicted.

All receivers draw from one sending population before the next population is begun, so that what is written at a time
stays in the fastest cache.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from neuro_mod.core import random
from neuro_mod.core.compilation import inlined, kernel

#: Receivers that draw together.
_ROWS = 128
#: Neurons of the largest population: the index of a cell has 32 bits.
MAX_SIZE = 2**32 // _ROWS - 1

_ZERO = np.uint64(0)
_ONE = np.uint64(1)
_FIVE = np.uint64(5)
_HALF = np.uint64(32)
_LOW = np.uint64(2**32 - 1)
_CELLS_PER_SENDER = np.uint64(_ROWS)
#: Times a number below 2**32: that number in both halves of a word.
_IN_BOTH = 2**32 + 1

_philox4x32 = inlined(random.philox4x32)


@inlined
def _pair(word: Any, last: int, own: int, size: int) -> Any:
    """The senders of which a draw chooses one: a random one in the lower half of a word, the last in the upper half.

    Args:
        word: A random word.
        last: The last candidate in the range of the draw. Candidates are all neurons of the population but ``own``.
        own: The receiver, or ``size`` if it is in another population.
        size: Number of neurons of the sending population. Where no such candidate is left, both senders are ``size``.
    """
    # a candidate is word * n >> 32: the chances of two candidates differ by less than n / 2**32
    candidate = np.int64((word * (np.uint64(last + 1) & _LOW)) >> _HALF)
    candidate += candidate >= own
    last += last >= own
    return (last << 32 | candidate) if last < size else size * _IN_BOTH


@inlined
def _draw_block(pairs: Any, start: int, block: int, begin: int, size: int, in_degree: Any, key: Any) -> None:
    """Fill ``pairs[draw, row]`` for the four draws of a block.

    Args:
        pairs: See `Scratch`; shape ``(4, _ROWS)``.
        start: The first of up to ``_ROWS`` receivers.
        block: Which four words of their sequences.
        begin: First neuron of the sending population.
        size: Number of its neurons.
        in_degree: Number of draws of each of the receivers.
        key: Key of the stream.
    """
    p0, p1, p2, p3 = pairs[0], pairs[1], pairs[2], pairs[3]
    for row in range(len(in_degree)):
        w = _philox4x32((np.uint64(start + row), np.uint64(block), _ZERO, _ZERO), (key[0], key[1]))
        own = start + row - begin
        is_own = (own >= 0) & (own < size)
        own = own if is_own else size
        last = size - is_own - in_degree[row] + 4 * block
        p0[row] = _ROWS * _pair(w[0], last, own, size) + _IN_BOTH * row
        p1[row] = _ROWS * _pair(w[1], last + 1, own, size) + _IN_BOTH * row
        p2[row] = _ROWS * _pair(w[2], last + 2, own, size) + _IN_BOTH * row
        p3[row] = _ROWS * _pair(w[3], last + 3, own, size) + _IN_BOTH * row


@inlined
def _largest(in_degree: Any) -> int:
    largest = 0
    for each in in_degree:
        largest = max(largest, each)
    return largest


@inlined
def _chosen_cell(pair: Any, is_taken: Any) -> Any:
    """The random cell of a pair or, if ``is_taken`` is 1 rather than 0, the last one."""
    return (pair >> (is_taken << _FIVE)) & _LOW


class Scratch(NamedTuple):
    """Scratch of the kernels, see `new_scratch`.

    Cell ``sender * _ROWS + row`` stands for a sender of a population and one of the receivers that draw together.
    Shapes: pairs, the two cells of each draw in the halves of a word, ``(n_draws, _ROWS)``; columns, ``_ROWS`` columns
    of the bits of a population, a byte for each cell, with one row more for draws that some receivers do not make;
    chosen, senders that receivers chose from one population, one receiver after another; mark, the latest receiver that
    chose each sender of a population, counted from 1; place, where the next target of each is written.
    """

    pairs: Any
    columns: Any
    chosen: Any
    mark: Any
    place: Any


def new_scratch(sizes: NDArray[np.int64], in_degrees: NDArray[np.int32], dtype: DTypeLike) -> Scratch:
    """Scratch for some sending populations of these sizes; ``dtype`` holds the index of any neuron."""
    n_words, n_chosen = int(in_degrees.max(initial=0)), int(in_degrees.sum(axis=1, dtype=np.int64).max(initial=0))
    size = int(sizes.max(initial=0)) + 1
    return Scratch(
        np.empty((-(-n_words // random.WORDS_PER_COUNTER) * random.WORDS_PER_COUNTER, _ROWS), np.uint64),
        np.empty(size * _ROWS, np.uint8),
        np.empty(n_chosen, dtype),
        np.empty(size, np.uint32),
        np.empty(size, np.int64),
    )


@inlined
def _set_bits(columns: Any, pairs: Any, n_rows: int, plane: int) -> None:
    """Make one draw for each of some receivers, and set bit ``plane`` of the cells they choose."""
    for row in range(n_rows):
        is_taken = np.uint64(columns[pairs[row] & _LOW]) >> np.uint64(plane) & _ONE
        columns[_chosen_cell(pairs[row], is_taken)] |= np.uint8(1 << plane)


@inlined
def _copy(columns: Any, bits: Any) -> None:
    """Copy the cells of each sender into its row of bits."""
    for sender in range(bits.shape[0]):
        cells, bits_of_sender = columns[sender * _ROWS : (sender + 1) * _ROWS], bits[sender]
        for column in range(len(bits_of_sender)):
            bits_of_sender[column] = cells[column]


@kernel
def sample_bits(keys: Any, boundaries: Any, in_degrees: Any, bits: Any, scratch: Scratch) -> None:
    """Choose the senders of all neurons in some populations, without self-connections, and set their bits.

    Args:
        keys: Key of the stream of each of these S populations, in which every receiver has a sequence of its own, shape
            ``(S, 2)``, uint64.
        boundaries: The first neuron of each population, and the one after the last, shape ``(S + 1,)``.
        in_degrees: Number of senders of each neuron in each of these populations, shape ``(S, n)``, int32.
        bits: See `AdjacencyBits`, shape ``(n, width)``; the rows of these populations are filled.
        scratch: See `Scratch`.
    """
    width, pairs = bits.shape[1], scratch.pairs
    for b in range(keys.shape[0]):
        begin, size = boundaries[b], boundaries[b + 1] - boundaries[b]
        columns = scratch.columns[: (size + 1) * _ROWS]
        for column in range(0, width, _ROWS):
            columns[:] = 0
            for plane in range(8):
                start = plane * width + column
                in_degree = in_degrees[b, start : min(start + _ROWS, (plane + 1) * width)]
                n_draws = _largest(in_degree)
                for block in range((n_draws + 3) // 4):
                    _draw_block(pairs[:4], start, block, begin, size, in_degree, keys[b])
                    for draw in range(min(4, n_draws - 4 * block)):
                        _set_bits(columns, pairs[draw], len(in_degree), plane)
            _copy(columns, bits[begin : begin + size, column : column + _ROWS])


@inlined
def _choose(chosen: Any, mark: Any, receiver: int, pairs: Any) -> None:
    """Make all draws of one receiver, and write down whom it chose."""
    this = np.uint32(receiver + 1)
    for draw in range(len(chosen)):
        is_taken = np.uint64(mark[(pairs[draw] & _LOW) // _CELLS_PER_SENDER] == this)
        sender = _chosen_cell(pairs[draw], is_taken) // _CELLS_PER_SENDER
        mark[sender] = this
        chosen[draw] = sender


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
    pairs, mark, place, end = scratch.pairs, scratch.mark, scratch.place, 0
    for b in range(keys.shape[0]):
        begin, size = boundaries[b], boundaries[b + 1] - boundaries[b]
        mark[:] = 0
        place[:] = 0
        n_chosen = 0
        for start in range(0, in_degrees.shape[1], _ROWS):
            in_degree = in_degrees[b, start : start + _ROWS]
            for block in range((_largest(in_degree) + 3) // 4):
                _draw_block(pairs[4 * block : 4 * block + 4], start, block, begin, size, in_degree, keys[b])
            for row in range(len(in_degree)):
                chosen = scratch.chosen[n_chosen : n_chosen + in_degree[row]]
                _choose(chosen, mark, start + row, pairs[:, row])
                n_chosen += in_degree[row]
        for sender in scratch.chosen[:n_chosen]:
            place[np.uint64(sender)] += 1
        for sender in range(size):
            begins_at, end = end, end + place[sender]
            place[sender], offsets[begin - boundaries[0] + sender] = begins_at, end
        n_chosen = 0
        for receiver in range(in_degrees.shape[1]):
            for at in range(n_chosen, n_chosen + in_degrees[b, receiver]):
                sender = np.uint64(scratch.chosen[at])
                targets[np.uint64(place[sender])] = receiver
                place[sender] += 1
            n_chosen += in_degrees[b, receiver]
