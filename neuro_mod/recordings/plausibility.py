"""Spikes that can be read but hardly be meant: what is odd about them, and its likely cause."""

from __future__ import annotations

import math

import numpy as np

from neuro_mod.recordings.conventions import PER_SECOND
from neuro_mod.recordings.spikes import SpikeEvents

#: Mean rates of neurons in Hz outside of which something is wrong with units, columns or the number of neurons.
LEAST_RATE, MOST_RATE = 0.05, 500.0
#: Share of spikes with another one of the same neuron in the same step: Poisson trains of 200 Hz have it in 0.5 ms.
MOST_COINCIDENT = 0.1


def implausible(spikes: SpikeEvents) -> str | None:
    """What is odd about the spikes of a session, with its likely cause, on one line; None if nothing is.

    Args:
        spikes: The spikes of a session.
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
        n_twice = _coincident(spikes)
        if n_twice <= MOST_COINCIDENT * len(spikes):
            return None
        return (
            f"{n_twice} of {len(spikes)} spikes in the same time step as another of the same neuron found; was a "
            "recording added twice? Is the time step too long?"
        )
    found = f"{rate:.3g} Hz found, the mean rate of {spikes.n_neurons} neurons in {spikes.duration:g} s"
    return f"{found}; {_causes(spikes, rate)}"


def _coincident(spikes: SpikeEvents) -> int:
    """How many spikes have another one of the same neuron in the same step before them; they are in order."""
    same = (np.diff(spikes.steps) == 0) & (np.diff(spikes.neurons) == 0)
    return int(same.sum())


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
