"""The compiled search for the targets of runs, in lists or bits of all targets; see `wiring`."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuro_mod.core.compilation import inlined, kernel

_ONE = np.uint8(1)


@inlined
def _place(bits: Any, neuron: int) -> tuple[Any, Any]:
    """The byte and the bit of a receiver."""
    bit = neuron // bits.shape[1]
    return np.int64(neuron - bit * bits.shape[1]), np.uint8(bit)


@inlined
def _next_place(bits: Any, byte: int, bit: np.uint8) -> tuple[Any, Any]:
    """Those of the next receiver."""
    if byte + 1 < bits.shape[1]:
        return np.int64(byte + 1), bit
    return np.int64(0), np.uint8(bit + _ONE)


@kernel
def count_in_bits(bits: Any, population: Any, run_begin: Any, run_end: Any, bounds: Any) -> None:
    """Count the targets that each neuron reaches through its runs.

    Args:
        bits: See `AdjacencyBits`.
        population: Population of each neuron, shape ``(n,)``.
        run_begin: First neuron of each run of each sending population, ascending, shape ``(P, R)``.
        run_end: The neuron after the last one, likewise; as `run_begin` where a population has fewer runs.
        bounds: Filled with where the targets of each run begin in the list of `list_from_bits`, and the end of the last
            one, shape ``(n, R + 1)``.
    """
    total = 0
    for j in range(bits.shape[0]):
        bounds[j, 0] = total
        for r in range(run_begin.shape[1]):
            byte, bit = _place(bits, run_begin[population[j], r])
            for _ in range(run_begin[population[j], r], run_end[population[j], r]):
                total += np.int64((bits[j, byte] >> bit) & _ONE)
                byte, bit = _next_place(bits, byte, bit)
            bounds[j, r + 1] = total


@kernel
def list_from_bits(bits: Any, population: Any, run_begin: Any, run_end: Any, targets: Any) -> None:
    """List what `count_in_bits` counts; ``targets`` is filled, and one longer than the list."""
    at = 0
    for j in range(bits.shape[0]):
        for r in range(run_begin.shape[1]):
            byte, bit = _place(bits, run_begin[population[j], r])
            for i in range(run_begin[population[j], r], run_end[population[j], r]):
                targets[at] = i
                at += np.int64((bits[j, byte] >> bit) & _ONE)
                byte, bit = _next_place(bits, byte, bit)


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
