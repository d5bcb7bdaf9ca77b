"""The compiled choice of the senders of each neuron, and their targets in order.

Floyd's algorithm draws k of n candidates with k random words. All receivers draw from one sending population before the
next population is begun, so that what is written at a time stays in the fastest cache.
"""

from __future__ import annotations

from typing import Any

import numpy as np

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


@kernel
def sample_targets(first: int, keys: Any, boundaries: Any, in_degrees: Any, offsets: Any, targets: Any) -> None:
    """Choose the senders of all neurons in some populations, without self-connections.

    Args:
        first: The first of these S populations.
        keys: Key of the stream of each, in which every receiver has a sequence of its own, shape ``(S, 2)``, uint64.
        boundaries: Population a holds neurons ``boundaries[a]`` up to ``boundaries[a + 1]``, shape ``(P + 1,)``.
        in_degrees: Number of senders of each neuron in each of these populations, shape ``(S, n)``, int32.
        offsets: Filled with the end of the targets of each neuron of these populations, shape ``(n_senders,)``.
        targets: Filled with the targets of each sender, ascending, shape ``(in_degrees.sum(),)``.
    """
    n = in_degrees.shape[1]
    largest, most_words, most_chosen = 0, 0, 0
    for b in range(keys.shape[0]):
        largest = max(largest, boundaries[first + b + 1] - boundaries[first + b])
        n_chosen = 0
        for receiver in range(n):
            n_chosen += in_degrees[b, receiver]
            most_words = max(most_words, in_degrees[b, receiver])
        most_chosen = max(most_chosen, n_chosen)
    words, chosen = np.empty((most_words + 3, _ROWS), np.uint32), np.empty(most_chosen, targets.dtype)
    mark, place = np.empty(largest + 1, np.uint32), np.empty(largest + 1, np.int64)
    end = 0
    for b in range(keys.shape[0]):
        begin, stop, in_degree = boundaries[first + b], boundaries[first + b + 1], in_degrees[b]
        mark[:], place[:] = 0, 0
        n_chosen = 0
        for start in range(0, n, _ROWS):
            rows = in_degree[start : start + _ROWS]
            _draw_words(words, start, rows.shape[0], rows.max(), keys[b])
            for row in range(rows.shape[0]):
                receiver, own = start + row, start + row - begin
                n_candidates = stop - begin
                if begin <= receiver < stop:
                    n_candidates -= 1
                else:
                    own = n_candidates
                these = chosen[n_chosen : n_chosen + rows[row]]
                _choose(these, place, mark, receiver + 1, words[:, row], n_candidates, own)
                n_chosen += rows[row]
        for sender in range(stop - begin):
            begins_at, end = end, end + place[sender]
            place[sender], offsets[begin - boundaries[first] + sender] = begins_at, end
        _list_targets(targets, place, chosen, in_degree)
