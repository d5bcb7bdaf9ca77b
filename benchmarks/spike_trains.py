"""Spike trains of many neurons: spread of their rates, and interval CVs from short recordings.

CVs are estimated in two ways. `Trains.cv_within`: the mean over neurons of each neuron's own CV, with the unbiased
variance; of neurons with at least `MIN_INTERVALS` intervals, and so only for groups in which nearly all have them, as
others would be a choice of fast ones. `Trains.cv_pooled`: from the distribution of the intervals of all neurons of the
group, estimated from finished and unfinished ones (Kaplan & Meier 1958), as short recordings lose the long ones; beyond
their end the distribution is continued as an exponential. It includes the spread of rates between the neurons.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuro_mod.recordings.spikes import SpikeEvents

_Array = NDArray[np.float64]

MIN_INTERVALS, _NEARLY_ALL = 20, 0.95


class Trains(NamedTuple):
    """Spike times in seconds, neuron by neuron; neuron i has ``times[bounds[i]:bounds[i + 1]]``."""

    times: _Array
    bounds: NDArray[np.int64]
    duration: float

    @classmethod
    def of(cls, events: SpikeEvents) -> Trains:
        """The spikes of a run."""
        order = np.argsort(events.neurons, kind="stable")
        bounds = np.concatenate([[0], np.cumsum(np.bincount(events.neurons, minlength=events.n_neurons))])
        return cls(events.times[order], bounds, events.duration)

    def each(self, neurons: NDArray[np.int64]) -> Iterator[_Array]:
        """The train of each of the neurons."""
        return (self.times[self.bounds[i] : self.bounds[i + 1]] for i in neurons)

    def spread(self, neurons: NDArray[np.int64]) -> float:
        """Standard deviation of rates in Hz over the neurons, beyond that of their counts."""
        halves = self.counts_of_halves(neurons) / (self.duration / 2)
        return float(np.sqrt(max(np.cov(*halves)[0, 1], 0.0)))

    def counts_of_halves(self, neurons: NDArray[np.int64]) -> NDArray[np.int64]:
        """Spikes of each neuron in the first and in the second half, shape ``(2, n)``."""
        early = np.array([np.searchsorted(train, self.duration / 2) for train in self.each(neurons)])
        return np.array([early, np.diff(self.bounds)[neurons] - early])

    def cv_within(self, neurons: NDArray[np.int64]) -> float:
        """Mean CV of the neurons; NaN if too many have too few intervals."""
        cvs = [
            np.std(intervals, ddof=1) / np.mean(intervals)
            for intervals in map(np.diff, self.each(neurons))
            if len(intervals) >= MIN_INTERVALS
        ]
        return float(np.mean(cvs)) if len(cvs) >= _NEARLY_ALL * len(neurons) else np.nan

    def cv_pooled(self, neurons: NDArray[np.int64]) -> float:
        """CV of the intervals of all neurons."""
        finished = np.concatenate([np.diff(train) for train in self.each(neurons)])
        unfinished = np.array([self.duration - train[-1] for train in self.each(neurons) if len(train)])
        first, second = _moments(finished, unfinished, self.duration)
        return float(np.sqrt(second / first**2 - 1))


def _moments(finished: _Array, unfinished: _Array, duration: float) -> tuple[float, float]:
    """First and second moment of a waiting time of which some instances were cut short."""
    at, deaths = np.unique(finished, return_counts=True)
    waits = np.sort(np.concatenate([finished, unfinished]))
    at_risk = len(waits) - np.searchsorted(waits, at)
    surviving = np.cumprod(1 - deaths / at_risk)  # after each of the waits
    kept = at < 0.8 * duration  # few are at risk beyond
    at, surviving = at[kept], surviving[kept]
    edges, level = np.concatenate([[0.0], at]), np.concatenate([[1.0], surviving])
    widths, squares = np.diff(edges), np.diff(edges**2) / 2
    first, second = (level[:-1] * widths).sum(), 2 * (level[:-1] * squares).sum()
    end, left = at[-1], surviving[-1]
    middle = at.searchsorted(end / 2)
    if left > 0 and surviving[middle] > left:
        tail = (end - at[middle]) / np.log(surviving[middle] / left)  # of the exponential that goes on
        first, second = first + left * tail, second + 2 * left * tail * (end + tail)
    return float(first), float(second)
