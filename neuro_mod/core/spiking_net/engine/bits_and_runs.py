"""Compiled: the bits of all receivers of a neuron, and lists of those that its runs reach; see `wiring`."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuro_mod.core.compilation import inlined, kernel


@kernel
def set_bits(offsets: Any, targets: Any, bits: Any) -> None:
    """Set the bits of the targets of each neuron.

    Args:
        offsets: As in `Adjacency`, shape ``(n + 1,)``.
        targets: Likewise.
        bits: Zeros of shape ``(n, width)``; bit ``i // width`` of ``bits[j, i % width]`` becomes 1 if j projects to i.
    """
    width = np.int64(bits.shape[1])
    for j in range(bits.shape[0]):
        row, first, bit = bits[j], np.int64(0), np.uint8(1)
        for s in range(np.int64(offsets[j]), np.int64(offsets[j + 1])):
            target = np.int64(targets[s])
            while target >= first + width:
                first += width
                bit = np.uint8(bit << np.uint8(1))
            row[np.uint64(target - first)] |= bit


@inlined
def _first_from(targets: Any, begin: int, end: int, neuron: int) -> int:
    """Place of the first target that is at or after a neuron; targets ascend from ``begin`` to ``end``."""
    while begin < end:
        middle = (begin + end) // 2
        if np.int64(targets[middle]) < neuron:
            begin = middle + 1
        else:
            end = middle
    return begin


@kernel
def find_runs(offsets: Any, targets: Any, population: Any, run_begin: Any, run_end: Any, places: Any) -> int:
    """Find the targets that each neuron reaches through its runs.

    Args:
        offsets: As in `Adjacency`, shape ``(n + 1,)``.
        targets: Likewise.
        population: Population of each neuron, shape ``(n,)``.
        run_begin: First neuron of each run of each sending population, ascending, shape ``(P, R)``.
        run_end: The neuron after the last one, likewise; as `run_begin` where a population has fewer runs.
        places: Filled with where the targets begin and end, shape ``(n, R, 2)``.

    Returns:
        The number of these targets.
    """
    n_found = 0
    for j in range(places.shape[0]):
        here, stop = np.int64(offsets[j]), np.int64(offsets[j + 1])
        for r in range(places.shape[1]):
            begin, end = run_begin[population[j], r], run_end[population[j], r]
            places[j, r] = here
            if begin < end:
                places[j, r, 0] = _first_from(targets, here, stop, begin)
                places[j, r, 1] = here = _first_from(targets, places[j, r, 0], stop, end)
            n_found += places[j, r, 1] - places[j, r, 0]
    return n_found


@kernel
def gather_runs(targets: Any, places: Any, gathered: Any, bounds: Any) -> None:
    """Copy what `find_runs` found to one list, and write down where each run begins and ends.

    Args:
        targets: As in `Adjacency`.
        places: As filled by `find_runs`.
        gathered: Filled with the targets, one run of one neuron after another.
        bounds: Filled with where each begins, and with the end of the last one, shape ``(n, R + 1)``.
    """
    done = 0
    for j in range(places.shape[0]):
        bounds[j, 0] = done
        for r in range(places.shape[1]):
            for s in range(places[j, r, 0], places[j, r, 1]):
                gathered[done] = targets[s]
                done += 1
            bounds[j, r + 1] = done
