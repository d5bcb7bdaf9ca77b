"""Spikes of any origin as events on a grid of steps."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.errors import DataError
from neuro_mod.recordings.layout import are_whole
from neuro_mod.recordings.spikes import MAX_STEPS, SpikeEvents
from neuro_mod.recordings.windows import SAME

TimeUnit = Literal["s", "ms"]
#: Time step where neither data nor user say one, in seconds.
DEFAULT_STEP = 0.5e-3
#: How conventions are named where data contradict them.
_SAID = {
    "delta_t": "the time step is said to be {:g} s",
    "duration": "a session is said to last {:g} s",
    "n_neurons": "there are cluster labels for {} neurons",
}
_PER_SECOND = {"s": 1.0, "ms": 1e3}
#: Least distance from the next step, in steps, at which a time counts as rounded down to just before it.
_ROUNDING = 1e-6
_MAX_NEURONS = 2**31 - 1
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
            if name == "n_neurons" and (value != int(value) or value > _MAX_NEURONS):
                raise DataError(f"{where}: n_neurons is {value:g}, expected a whole number up to {_MAX_NEURONS}")
            if expected is not None and not np.isclose(value, expected, rtol=SAME, atol=0):
                raise DataError(f"{where}: {name} is {value:g}, but {_SAID[name].format(expected)}")
        if "n_neurons" in described:
            described["n_neurons"] = int(described["n_neurons"])
        return replace(self, **described)

    def at_resolution(self, delta_t: float | None) -> Conventions:
        """The same conventions for exact times that are said to have been taken on a grid; a time step given wins."""
        if self.delta_t is not None or delta_t is None or not 0 < delta_t < np.inf:
            return self
        return replace(self, delta_t=float(delta_t))


def steps_until(time: float, delta_t: float) -> int:
    """Number of steps that a session of a length in seconds has; the last may be cut short.

    A length that is a multiple of the step but for rounding has no further step.
    """
    position = min(time / delta_t, 2.0 * MAX_STEPS)  # the most is far from rounding, and infinity is no number of steps
    return math.ceil(position - max(_ROUNDING, 2 * np.finfo(np.float64).eps * position))


def events_from_times(times: ArrayLike, neurons: ArrayLike, conventions: Conventions, where: str) -> SpikeEvents:
    """Spikes from their times and neurons.

    Args:
        times: In the unit of the conventions, ascending, shape ``(n_spikes,)``; a spike at the end of the session, as
            in recordings that count from after 0 to the end, lies in its last step.
        neurons: Neuron of each spike, shape ``(n_spikes,)``.
        conventions: Time step, length, number of neurons and so on.
        where: The file, or what else the spikes are called in messages.

    Raises:
        DataError: The times or neurons make no sense.
    """
    seconds, precision = _times(times, where)
    seconds = seconds / _PER_SECOND[conventions.time_unit]
    index = _indices(neurons, conventions, where)
    if len(index) != len(seconds):
        raise DataError(f"{where}: {len(seconds)} times, but {len(index)} neurons")
    n_steps = MAX_STEPS if conventions.duration is None else steps_until(conventions.duration, conventions.step)
    if n_steps > MAX_STEPS:
        raise DataError(f"{where}: {n_steps} steps are more than {MAX_STEPS}")
    # before the division: a time in the wrong unit may be too large for it
    beyond = len(seconds) and seconds[-1] > (n_steps + 1) * conventions.step
    steps = np.empty(0, np.int64) if beyond else _steps(seconds, conventions.step, precision)
    end, rounding = n_steps * conventions.step, _ROUNDING * conventions.step
    if len(steps) and math.isclose(seconds[-1], end, rel_tol=2 * precision, abs_tol=rounding):
        np.minimum(steps, n_steps - 1, out=steps)  # a spike at the very end lies in the last step
    if beyond or (len(steps) and not 0 <= steps[-1] < n_steps):
        raise DataError(
            f"{where}: a spike at {seconds[-1]:g} s, not within a session of {n_steps * conventions.step:g} s; are "
            f"times in {conventions.time_unit}?"
        )
    if conventions.duration is None:
        n_steps = int(steps[-1]) + 1 if len(steps) else 0
    n_neurons = conventions.n_neurons
    if n_neurons is None:
        n_neurons = int(index.max(initial=-1)) + 1
    return in_order(SpikeEvents(steps.astype(np.int32), index, n_steps, n_neurons, conventions.step))


def events_from_units(
    times: NDArray[np.float64],
    counts: NDArray[np.int64],
    span: tuple[float, float | None],
    conventions: Conventions,
    where: str,
) -> SpikeEvents:
    """Spikes from times that are held neuron by neuron.

    Args:
        times: In seconds, of one neuron after the other, shape ``(n_spikes,)``.
        counts: Number of spikes of each neuron, shape ``(n_neurons,)``.
        span: When the session begins and ends in seconds; times count from its begin. The end may be unknown.
        conventions: Time step and so on; their unit of time and first neuron are not used.
        where: What the data are called in messages.

    Raises:
        DataError: The times make no sense, or contradict the conventions.
    """
    begin, end = span
    described = {"n_neurons": len(counts)} | ({} if end is None else {"duration": end - begin})
    conventions = replace(conventions, time_unit="s", first_neuron=0).completed(where, **described)
    neurons = np.repeat(np.arange(len(counts)), counts)
    order = np.argsort(times, kind="stable")
    return events_from_times(times[order] - begin, neurons[order], conventions, where)


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
    if n_steps > MAX_STEPS or n_neurons > _MAX_NEURONS:
        raise DataError(f"{where}: {n_steps} steps of {n_neurons} neurons are more than can be read")
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


def _steps(seconds: NDArray[np.float64], delta_t: float, precision: float) -> NDArray[np.int64]:
    """The step that each time lies in; the product of a whole number and the time step begins that step."""
    position = seconds / delta_t
    return np.floor(position + np.maximum(_ROUNDING, 2 * precision * position)).astype(np.int64)


def _times(times: ArrayLike, where: str) -> tuple[NDArray[np.float64], float]:
    """Times that ascend from 0 or later, and the relative precision at which they are held."""
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
    held = array.dtype if array.dtype.kind == "f" and array.dtype.itemsize < seconds.itemsize else seconds.dtype
    return seconds, float(np.finfo(held).eps)


def _indices(neurons: ArrayLike, conventions: Conventions, where: str) -> NDArray[np.int32]:
    array = np.asarray(neurons)
    if array.ndim != 1 or not (are_whole(array) or not array.size):
        raise DataError(f"{where}: expected whole numbers of neurons, found {array.dtype} of shape {array.shape}")
    first, n = conventions.first_neuron, conventions.n_neurons
    bound = _MAX_NEURONS if n is None else n
    low, high = (array.min(), array.max()) if array.size else (first, first)
    if not first <= low <= high < first + bound:
        hint = "; are neurons counted from 1 (first_neuron=1)?" if low > 0 and high == bound else ""
        raise DataError(f"{where}: neurons {low:.10g} to {high:.10g}, expected {first} to {first + bound - 1}{hint}")
    return (array.astype(np.int64) - first).astype(np.int32)
