"""Spikes as one train of times for each neuron."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro_mod.errors import DataError, invalid
from neuro_mod.recordings.arrays import describe
from neuro_mod.recordings.conventions import PER_SECOND, Conventions, plain_times
from neuro_mod.recordings.readings import Reading, reading_of_units
from neuro_mod.recordings.spikes import SpikeEvents

#: A larger number of a neuron among the keys is an error rather than many silent neurons.
_MAX_KEY = 10**7


def trains_of(spikes: SpikeEvents) -> list[NDArray[np.float64]]:
    """The times of each neuron in seconds, silent ones included.

    Raises:
        InputError: These are no `SpikeEvents`.
    """
    if not isinstance(spikes, SpikeEvents):
        hint = 'outputs["spikes"] of a run, or Analyzer(...).spikes(session)'
        raise invalid("spikes", spikes, "the SpikeEvents of one session", hint)
    order = np.argsort(spikes.neurons, kind="stable")
    ends = np.cumsum(spikes.sum(axis=0))[:-1]
    return np.split(spikes.times[order], ends) if spikes.n_neurons else []


def are_trains(data: Any) -> bool:
    """Whether these are trains: a list of times for each neuron, or a mapping from neurons to their times."""
    if isinstance(data, Mapping):
        return bool(data) and all(isinstance(key, int | np.integer) and not isinstance(key, bool) for key in data)
    if isinstance(data, np.ndarray):
        return data.dtype == object and data.ndim == 1 and are_trains(data.tolist())
    if not isinstance(data, list) or not data or not all(map(_is_train, data)):
        return False
    return any(len(train) or isinstance(train, np.ndarray) for train in data)


def reading_of_trains(
    data: Mapping[int, Any] | Sequence[Any] | NDArray[Any], conventions: Conventions, where: str, labels: Any = None
) -> Reading:
    """The session of trains.

    Args:
        data: Times of each neuron in the unit of the conventions, ascending; neuron i is the i-th train, or the one
            with the key i plus the first neuron.
        conventions: Time step, length, number of neurons, units.
        where: The file, or the name of the data in messages.
        labels: As for `checked`.

    Raises:
        DataError: A train is none, or its times or number are not valid.
    """
    if isinstance(data, Mapping):
        trains = _numbered(data, conventions, where)
    else:
        trains = list(enumerate(list(data), conventions.first_neuron))
    times = [_times(train, f"{where}: neuron {neuron}", conventions) for neuron, train in trains]
    counts = np.array([len(each) for each in times], np.int64)
    return reading_of_units(np.concatenate([np.empty(0), *times]), counts, (0.0, None), conventions, where, labels)


def _numbered(data: Mapping[int, Any], conventions: Conventions, where: str) -> list[tuple[int, Any]]:
    """Number and train of each neuron, also of those without a key."""
    first, n = conventions.first_neuron, conventions.n_neurons
    low, high = min(data), max(data)
    last = first + (_MAX_KEY if n is None else n) - 1
    if not first <= low <= high <= last:
        known = "" if n is None else f", for {n} neurons or cluster labels"
        raise DataError(f"{where}: neurons: {low} to {high} found; expected {first} to {last}{known}")
    return [(key, data.get(key, ())) for key in range(first, (high if n is None else last) + 1)]


def _is_train(train: Any) -> bool:
    """Whether these are times of one neuron, rather than a session."""
    if isinstance(train, list | tuple):
        return all(isinstance(time, int | float | np.number) and not isinstance(time, bool) for time in train)
    return isinstance(train, np.ndarray) and train.ndim == 1 and train.dtype.kind in "uif"


def _times(train: Any, where: str, conventions: Conventions) -> NDArray[np.float64]:
    """Times in seconds."""
    times, time_unit = plain_times(train, conventions.time_unit, where)
    if times.ndim != 1 or (times.size and times.dtype.kind not in "uif"):
        raise DataError(f"{where}: {describe(times)} found; expected its times (n_spikes,)")
    return times.astype(np.float64) / PER_SECOND[time_unit]
