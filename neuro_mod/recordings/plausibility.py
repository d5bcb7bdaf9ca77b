"""Spikes that can be read but hardly be meant: what is odd about them, and its likely cause."""

from __future__ import annotations

import math

import numpy as np

from neuro_mod.recordings.conventions import PER_SECOND
from neuro_mod.recordings.readings import repeats
from neuro_mod.recordings.spikes import SpikeEvents

#: Mean rates of neurons in Hz outside of which something is wrong with units, columns or the number of neurons.
LEAST_RATE, MOST_RATE = 0.05, 500.0
#: Share of spikes with another one of the same neuron in the same step: Poisson trains of 200 Hz have it in 0.5 ms.
MOST_COINCIDENT = 0.1


def twice(n_copies: int) -> str | None:
    """What is odd about spikes that are there several times, on one line; None if there are none.

    Args:
        n_copies: How many have another one of the same neuron at the same time before them.
    """
    if not n_copies:
        return None
    pairs = "1 pair" if n_copies == 1 else f"{n_copies} pairs"
    return (
        f"{pairs} of spikes of the same neuron at the same time found; rates and their variability are too large if a "
        "recording was added twice; --drop-duplicates (drop_duplicates=True) keeps one of each"
    )


def implausible(spikes: SpikeEvents, n_copies: int = 0) -> str | None:
    """What is odd about the spikes of a session, with its likely cause, on one line; None if nothing is.

    Args:
        spikes: The spikes of a session.
        n_copies: How many of them are known to be there several times, as in `twice`.
    """
    if not len(spikes):
        return "no spikes found"
    first = float(spikes.times[0])
    if first > spikes.duration / 2:
        start = f"{math.floor(first * 100) / 100:.10g}"
        return (
            f"the first spike at {first:g} s of a session of {spikes.duration:g} s found; does it begin late? Then "
            f"give --start {start} (start={start})"
        )
    rate = len(spikes) / (spikes.n_neurons * spikes.duration)
    if LEAST_RATE <= rate <= MOST_RATE:
        n_close = coincident(spikes) - n_copies
        if n_close <= MOST_COINCIDENT * len(spikes):
            return None
        return (
            f"{n_close} of {len(spikes)} spikes in the same time step as another of the same neuron found; is the time "
            f"step of {spikes.delta_t:g} s too long (--dt)?"
        )
    found = f"{rate:.3g} Hz found, the mean rate of {spikes.n_neurons} neurons in {spikes.duration:g} s"
    return f"{found}; {_causes(spikes, rate)}"


def coincident(spikes: SpikeEvents) -> int:
    """How many spikes have another one of the same neuron in the same step before them."""
    return int(np.count_nonzero(repeats(spikes.steps, spikes.neurons)))


def _causes(spikes: SpikeEvents, rate: float) -> str:
    """What may have gone wrong, as questions."""
    if rate > MOST_RATE:
        return "are times in s, not in ms? Are there more neurons, or is the time step shorter?"
    causes = []
    if rate * PER_SECOND["ms"] <= MOST_RATE:
        causes.append('are times in ms, not in s? Then give --milliseconds (time_unit="ms")')
    if _like_indices(spikes):
        causes.append("are the columns of times and neurons swapped?")
    return ". Or ".join(causes) or "is the session as long, and are there as many neurons?"


def _like_indices(spikes: SpikeEvents) -> bool:
    """Whether the times could be numbers of neurons."""
    times = spikes.times
    whole = np.abs(times - np.round(times)) <= spikes.delta_t / 2
    return bool(whole.all() and times[-1] < spikes.n_neurons)
