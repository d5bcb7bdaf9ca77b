"""Exact Poisson counts, one random word each, by inversion of tabulated distribution functions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import pdtr

from neuro_mod.core.arousal import z_quadrature
from neuro_mod.core.random import Stream
from neuro_mod.core.spiking_net.network import ExternalInput

_TOP_WORD = 2**32 - 1
#: The tables reach so many standard deviations to either side, and so many counts further up, that what they leave out
#: is less likely than the resolution 2**-32 of a word, at any mean.
_REACH, _MARGIN = 7.0, 14


@dataclass(frozen=True)
class CountTable:
    """Distribution of the external spike count of each neuron in one step.

    The count that a word w stands for is ``first[r] + #{k : w > quantiles[r, k]}`` with r the neuron's row. Its
    distribution is Poisson (a Beta-mixed Poisson where the rate is redrawn each step) to the resolution of the words.

    Args:
        row: Row of each neuron, shape ``(n_neurons,)``.
        first: Smallest count of each row, shape ``(n_rows,)``.
        quantiles: Largest word that stands for a count of at most ``first + k``, shape ``(n_rows, length)``.
    """

    row: NDArray[np.int64]
    first: NDArray[np.int32]
    quantiles: NDArray[np.uint32]

    def counts(self, neurons: NDArray[np.int64], words: NDArray[np.uint32]) -> NDArray[np.int32]:
        """Counts that random words stand for.

        Args:
            neurons: Neurons, shape ``(n,)``.
            words: Random words, shape ``(n, n_steps)``.

        Returns:
            Counts of shape ``(n, n_steps)``.
        """
        counts = np.empty(words.shape, dtype=np.int32)
        rows = self.row[neurons]
        for row in np.unique(rows):
            alike = rows == row
            counts[alike] = self.first[row] + np.searchsorted(self.quantiles[row], words[alike], side="left")
        return counts


#: Largest mean of an external count in one step; rates beyond it have the wrong unit.
LARGEST_MEAN = 1e6


def count_table(mean: NDArray[np.float64], spread: NDArray[np.float64]) -> CountTable:
    """Tabulate the distribution of ``Poisson(mean + spread z)``, z ~ Beta(10, 10) drawn anew for each count.

    Args:
        mean: Mean of each neuron, shape ``(n_neurons,)``.
        spread: Factor of z for each neuron, shape ``(n_neurons,)``.

    Raises:
        ValueError: A mean above `LARGEST_MEAN`.
    """
    if not np.max(mean + spread, initial=0.0) <= LARGEST_MEAN:
        raise ValueError(f"external spikes per step: {np.max(mean + spread):g} on average, at most {LARGEST_MEAN:g}")
    (lowest, added), row = np.unique(np.stack([mean, spread]), axis=1, return_inverse=True)
    highest = lowest + added
    first = np.maximum(np.floor(lowest - _REACH * np.sqrt(lowest)), 0)
    length = int(np.max(np.ceil(highest + _REACH * np.sqrt(highest)) + _MARGIN - first, initial=1))
    counts = first[:, None] + np.arange(length)
    if added.any():
        nodes, weights = z_quadrature()
        cumulative = sum(w * pdtr(counts, (lowest + z * added)[:, None]) for z, w in zip(nodes, weights, strict=True))
    else:
        cumulative = pdtr(counts, lowest[:, None])
    quantiles = np.clip(np.floor(np.asarray(cumulative) * 2.0**32) - 1, 0, _TOP_WORD)
    return CountTable(row.reshape(-1), first.astype(np.int32), quantiles.astype(np.uint32))


def count_tables(external: ExternalInput, delta_t: float) -> list[CountTable]:
    """Tables of all sources for a time step of ``delta_t`` seconds."""
    return [
        count_table(rate * delta_t, spread * delta_t)
        for rate, spread in zip(external.rate, external.rate_spread, strict=True)
    ]


def external_stream(seed: int, source: int) -> Stream:
    """The stream of words behind the counts of one source; one sequence per neuron, one word per step."""
    return Stream(seed, "external_input", (source,))


def external_counts(
    external: ExternalInput, seed: int, delta_t: float, n_steps: int, first_step: int = 0
) -> NDArray[np.int32]:
    """External spike counts, the very ones the engine draws.

    Args:
        external: The external input.
        seed: Root seed of the noise.
        delta_t: Time step in seconds.
        n_steps: Number of steps.
        first_step: Step the counts begin at.

    Returns:
        Counts of shape ``(n_steps, n_sources, n_neurons)``.
    """
    neurons = np.arange(external.weight.shape[1])
    tables = count_tables(external, delta_t)
    counts = np.zeros((n_steps, len(tables), len(neurons)), dtype=np.int32)
    for source, table in enumerate(tables):
        words = external_stream(seed, source).words(neurons, n_steps, first_step)
        counts[:, source] = table.counts(neurons, words).T
    return counts
