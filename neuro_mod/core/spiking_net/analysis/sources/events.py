"""Spikes of any origin as events on a grid of steps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.core.spiking_net.spikes import MOST_STEPS, SpikeEvents
from neuro_mod.storage.reading import DataError

TimeUnit = Literal["s", "ms"]
#: Time step where neither data nor user say one, in seconds.
DEFAULT_STEP = 0.5e-3
_PER_SECOND = {"s": 1.0, "ms": 1e3}
#: Distance from the next step, in steps, at which a time counts as rounded down to just before it.
_ROUNDING = 1e-6
#: Entries of a dense array that are looked at together.
_PIECE = 2**24


@dataclass(frozen=True)
class Conventions:
    """What spikes leave open that come without a description.

    Args:
        delta_t: Time step in seconds; None for what the data say, else `DEFAULT_STEP`.
        duration: Length of a session in seconds; None for what the data say, else up to the last spike.
        n_neurons: Number of neurons; None for what the data say, else up to the last neuron that spikes.
        time_unit: Unit of times of spikes.
        first_neuron: Number of the first neuron, 1 in data from MATLAB.
    """

    delta_t: float | None = None
    duration: float | None = None
    n_neurons: int | None = None
    time_unit: TimeUnit = "s"
    first_neuron: int = 0

    @property
    def step(self) -> float:
        """The time step in seconds."""
        return DEFAULT_STEP if self.delta_t is None else self.delta_t

    def completed(self, where: str, **described: float) -> Conventions:
        """The same conventions with what the data describe.

        Args:
            where: The file, or what else the data are called in messages.
            described: Some of ``delta_t``, ``duration`` and ``n_neurons``.

        Raises:
            DataError: The data contradict the conventions, or make no sense.
        """
        for name, value in described.items():
            expected = getattr(self, name)
            if not 0 <= value < np.inf or (name == "delta_t" and value == 0):
                raise DataError(f"{where}: {name} is {value:g}")
            if expected is not None and not np.isclose(value, expected, rtol=1e-9, atol=0):
                raise DataError(f"{where}: {name} is {value:g}, elsewhere it is said to be {expected:g}")
        return replace(self, **described)


def events_from_times(times: ArrayLike, neurons: ArrayLike, conventions: Conventions, where: str) -> SpikeEvents:
    """Spikes from their times and neurons.

    Args:
        times: In the unit of the conventions, ascending, shape ``(n_spikes,)``.
        neurons: Neuron of each spike, shape ``(n_spikes,)``.
        conventions: Time step, length, number of neurons and so on.
        where: The file, or what else the spikes are called in messages.

    Raises:
        DataError: The times or neurons make no sense.
    """
    seconds = _times(times, where) / _PER_SECOND[conventions.time_unit]
    index = _indices(neurons, conventions, where)
    if len(index) != len(seconds):
        raise DataError(f"{where}: {len(seconds)} times, but {len(index)} neurons")
    position = seconds / conventions.step
    steps = np.floor(position + _ROUNDING * np.maximum(1, position * 1e-6)).astype(np.int64)
    if conventions.duration is None:
        n_steps = int(steps[-1]) + 1 if len(steps) else 0
    else:
        n_steps = round(conventions.duration / conventions.step)
    if n_steps > MOST_STEPS or (len(steps) and steps[-1] >= n_steps):
        last = f"a spike at {seconds[-1]:g} s" if n_steps <= MOST_STEPS else f"{n_steps} steps"
        raise DataError(
            f"{where}: {last}, beyond {min(n_steps, MOST_STEPS) * conventions.step:g} s; are times in "
            f"{conventions.time_unit}?"
        )
    n_neurons = conventions.n_neurons
    if n_neurons is None:
        n_neurons = int(index.max(initial=-1)) + 1
    return in_order(SpikeEvents(steps.astype(np.int32), index, n_steps, n_neurons, conventions.step))


def in_order(spikes: SpikeEvents) -> SpikeEvents:
    """The same spikes ordered by step, then neuron."""
    order = np.lexsort((spikes.neurons, spikes.steps))
    return SpikeEvents(spikes.steps[order], spikes.neurons[order], spikes.n_steps, spikes.n_neurons, spikes.delta_t)


def events_from_dense(dense: NDArray[Any], conventions: Conventions, where: str) -> SpikeEvents:
    """Spikes from an array that says for each step and neuron whether there is one; looked at piece by piece.

    Args:
        dense: Shape ``(n_steps, n_neurons)``, boolean, or 0 and 1.
        conventions: The time step.
        where: The file, or what else the spikes are called in messages.

    Raises:
        DataError: It is no such array.
    """
    if dense.ndim != 2 or dense.dtype.kind not in "buif":
        raise DataError(
            f"{where}: expected a boolean array (n_steps, n_neurons), found {dense.dtype} of shape {dense.shape}"
        )
    n_steps, n_neurons = dense.shape
    if n_steps > MOST_STEPS:
        raise DataError(f"{where}: {n_steps} steps are more than {MOST_STEPS}")
    height = max(1, _PIECE // max(1, n_neurons))
    found = [np.empty(0, np.int64)]
    for begin in range(0, n_steps, height):
        piece = np.ascontiguousarray(dense[begin : begin + height])
        places = np.flatnonzero(piece)
        if piece.dtype != bool and (piece.reshape(-1)[places] != 1).any():
            raise DataError(f"{where}: entries other than 0 and 1; a dense array says whether there is a spike")
        found.append(places + begin * n_neurons)
    steps, neurons = np.divmod(np.concatenate(found), max(1, n_neurons))
    return SpikeEvents(steps.astype(np.int32), neurons.astype(np.int32), n_steps, n_neurons, conventions.step)


def _times(times: ArrayLike, where: str) -> NDArray[np.float64]:
    array = np.asarray(times)
    if array.ndim != 1 or array.dtype.kind not in "uif":
        raise DataError(f"{where}: expected times (n_spikes,), found {array.dtype} of shape {array.shape}")
    seconds = array.astype(np.float64)
    if not np.isfinite(seconds).all():
        raise DataError(f"{where}: times that are no finite numbers")
    if len(seconds) and seconds.min() < 0:
        raise DataError(f"{where}: negative times, {seconds.min():g} the least; sessions begin at 0")
    if (seconds[1:] < seconds[:-1]).any():
        raise DataError(f"{where}: times do not ascend, first at spike {int(np.argmax(np.diff(seconds) < 0)) + 1}")
    return seconds


def _indices(neurons: ArrayLike, conventions: Conventions, where: str) -> NDArray[np.int32]:
    array = np.asarray(neurons)
    whole = array.dtype.kind in "ui" or (array.dtype.kind == "f" and (array == np.floor(array)).all())
    if array.ndim != 1 or not (whole or not array.size):
        raise DataError(f"{where}: expected whole numbers of neurons, found {array.dtype} of shape {array.shape}")
    first, n = conventions.first_neuron, conventions.n_neurons
    bound = 2**31 - 1 if n is None else n
    low, high = (int(array.min()), int(array.max())) if array.size else (first, first)
    if not first <= low <= high < first + bound:
        hint = "; are neurons counted from 1 (first_neuron=1)?" if low > 0 and high == bound else ""
        raise DataError(f"{where}: neurons {low} to {high}, expected {first} to {first + bound - 1}{hint}")
    return (array.astype(np.int64) - first).astype(np.int32)
