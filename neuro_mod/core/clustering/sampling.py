"""The compiled choice of the senders of each neuron, and their targets in order.

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
def _choose(chosen: Any, out_degree: Any, mark: Any, receiver: int, words: Any, n: int, own: int) -> None:
    """Choose as many of n candidates as ``chosen`` is long, and count the choices of each.

    Args:
        chosen: Filled with the choices.
        out_degree: Increased for each choice.
        mark: The latest receiver that chose each candidate.
        receiver: This one, counted from 1.
        words: Its random words.
        n: Number of candidates.
        own: This and all later candidates are the next neuron, as the receiver itself is none.
    """
    # a candidate is word * n >> 32: the chances of two candidates differ by less than n / 2**32
    last, from_own, this = np.uint64(n - chosen.shape[0]), np.uint64(own), np.uint32(receiver)
    for draw in range(chosen.shape[0]):
        candidate = (np.uint64(words[draw]) * (last + _ONE)) >> _HALF
        candidate = last if mark[candidate] == this else candidate
        mark[candidate] = this
        sender = candidate + np.uint64(candidate >= from_own)
        chosen[draw] = sender
        out_degree[sender] += 1
        last += _ONE


@inlined
def _list_targets(targets: Any, next_place: Any, chosen: Any, in_degree: Any) -> None:
    """Write each receiver to the next place of every sender that it chose."""
    done = 0
    for receiver in range(in_degree.shape[0]):
        for at in range(done, done + in_degree[receiver]):
            sender = np.uint64(chosen[at])
            targets[np.uint64(next_place[sender])] = receiver
            next_place[sender] += 1
        done += in_degree[receiver]


class Scratch(NamedTuple):
    """Scratch of `sample_targets`, see `new_scratch`.

    Shapes: words, random words of ``_ROWS`` receivers, ``(n_words, _ROWS)``; chosen, senders that all receivers chose
    from one population, one receiver after another; mark, the latest receiver that chose each sender of a population;
    place, where the next target of each is written.
    """

    words: Any
    chosen: Any
    mark: Any
    place: Any


def new_scratch(sizes: NDArray[np.int64], in_degrees: NDArray[np.int32], dtype: DTypeLike) -> Scratch:
    """Scratch for some sending populations of these sizes; `in_degrees` and `dtype` are those of `sample_targets`."""
    n_words, n_chosen = int(in_degrees.max(initial=0)), int(in_degrees.sum(axis=1, dtype=np.int64).max(initial=0))
    size = int(sizes.max(initial=0)) + 1
    return Scratch(
        np.empty((-(-n_words // random.WORDS_PER_COUNTER) * random.WORDS_PER_COUNTER, _ROWS), np.uint32),
        np.empty(n_chosen, dtype),
        np.empty(size, np.uint32),
        np.empty(size, np.int64),
    )


@kernel
def sample_targets(keys: Any, boundaries: Any, in_degrees: Any, offsets: Any, targets: Any, scratch: Scratch) -> None:
    """Choose the senders of all neurons in some populations, without self-connections.

    Args:
        keys: Key of the stream of each of these S populations, in which every receiver has a sequence of its own, shape
            ``(S, 2)``, uint64.
        boundaries: The first neuron of each population, and the one after the last, shape ``(S + 1,)``.
        in_degrees: Number of senders of each neuron in each of these populations, shape ``(S, n)``, int32.
        offsets: Filled with the end of the targets of each neuron of these populations, shape ``(n_senders,)``.
        targets: Filled with the targets of each sender, ascending, shape ``(in_degrees.sum(),)``.
        scratch: See `Scratch`.
    """
    n, end = in_degrees.shape[1], 0
    words, chosen, mark, place = scratch.words, scratch.chosen, scratch.mark, scratch.place
    for b in range(keys.shape[0]):
        begin, stop, in_degree = boundaries[b], boundaries[b + 1], in_degrees[b]
        mark[:] = 0
        place[:] = 0
        n_chosen = 0
        for start in range(0, n, _ROWS):
            rows, most = in_degree[start : start + _ROWS], 0
            for k in rows:
                most = max(most, k)
            _draw_words(words, start, rows.shape[0], most, keys[b])
            for row in range(rows.shape[0]):
                receiver = start + row
                is_own = begin <= receiver < stop
                own = receiver - begin if is_own else stop - begin
                these = chosen[n_chosen : n_chosen + rows[row]]
                _choose(these, place, mark, receiver + 1, words[:, row], stop - begin - is_own, own)
                n_chosen += rows[row]
        for sender in range(stop - begin):
            begins_at, end = end, end + place[sender]
            place[sender], offsets[begin - boundaries[0] + sender] = begins_at, end
        _list_targets(targets, place, chosen, in_degree)
