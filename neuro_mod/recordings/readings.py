"""From arrays of any source to the spikes of a session: spike times, times of units, or a dense array.

Every reader of a format calls one of these functions, which share the grid of steps and the checks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.errors import DataError, invalid
from neuro_mod.recordings.arrays import are_whole, describe, single_number
from neuro_mod.recordings.conventions import MAX_NEURONS, PER_SECOND, ROUNDING, Conventions, plain_times, steps_until
from neuro_mod.recordings.layout import cluster_layout
from neuro_mod.recordings.spikes import MAX_STEPS, SpikeEvents

#: Properties of the session in a file of times and neurons, besides ``clusters``.
SCALARS = ("duration", "n_neurons")
#: All arrays of such a file; ``ids`` is a synonym of ``neurons``.
NAMES = ("times", "neurons", "ids", "clusters", *SCALARS)
#: Entries of a dense array that are examined together: few enough for the cache of a core.
_PIECE = 2**20
#: Times that are turned into steps together.
_TOGETHER = 2**14


@dataclass(frozen=True, eq=False)
class Reading:
    """The spikes of a session, and the label of each neuron's cluster where the data hold it; unpacks to both.

    Args:
        spikes: The spikes.
        labels: The labels, shape ``(n_neurons,)``.
        n_copies: How many of the spikes are at the same time as another of the same neuron; None if nothing is known
            of their times but the steps.
    """

    spikes: SpikeEvents
    labels: NDArray[np.int64] | None = None
    n_copies: int | None = None

    def __iter__(self) -> Iterator[Any]:
        return iter((self.spikes, self.labels))

    def __getitem__(self, index: int) -> Any:
        return (self.spikes, self.labels)[index]


def checked(
    spikes: SpikeEvents, labels: Any, conventions: Conventions, where: str, n_copies: int | None = None
) -> Reading:
    """Compare the spikes of a session with their labels and with the conventions.

    Args:
        spikes: The spikes.
        labels: Label of each neuron's cluster, shape ``(n_neurons,)``; None if the data do not hold it.
        conventions: What is known about the session.
        where: The file, or the name of the data in messages.
        n_copies: As for `Reading`; spikes of which nothing but the steps is known are compared by these.

    Raises:
        DataError: They contradict each other.
    """
    if n_copies is None and conventions.drop_duplicates:
        kept = ~repeats(spikes.steps, spikes.neurons)
        spikes = replace(spikes, steps=spikes.steps[kept], neurons=spikes.neurons[kept])
    conventions.completed(where, delta_t=spikes.delta_t, n_neurons=spikes.n_neurons)
    if conventions.duration is not None and steps_until(conventions.duration, spikes.delta_t) != spikes.n_steps:
        conventions.completed(where, duration=spikes.duration)
    if labels is None:
        return Reading(spikes, None, n_copies)
    try:
        return Reading(spikes, labels_of_neurons(spikes, labels, f"{where}: clusters"), n_copies)
    except ValueError as error:
        raise DataError(str(error)) from error


def repeats(steps: NDArray[Any], neurons: NDArray[Any]) -> NDArray[np.bool_]:
    """Which spikes, in order, are in the same step as the one of the same neuron before them, shape ``(n_spikes,)``."""
    repeated = np.zeros(len(steps), bool)
    np.equal(steps[1:], steps[:-1], out=repeated[1:])
    repeated[1:] &= neurons[1:] == neurons[:-1]
    return repeated


def labels_of_neurons(spikes: SpikeEvents, labels: ArrayLike, what: str = "labels") -> NDArray[np.int64]:
    """Labels of clusters, one for each neuron.

    Raises:
        InputError: There is not one for each neuron; the message calls the labels ``what``.
    """
    layout = cluster_layout(labels, what)
    if layout.n_neurons != spikes.n_neurons:
        raise invalid(what, layout.n_neurons, f"{spikes.n_neurons}, one for each neuron")
    return layout.of_each_neuron


def reading_of_arrays(arrays: Mapping[str, NDArray[Any]], conventions: Conventions, where: str) -> Reading:
    """The session of ``times`` and ``neurons`` (or ``ids``), and of the other `NAMES` that are present.

    Raises:
        DataError: An array is not valid.
    """
    conventions = described_by(arrays, conventions, where)
    neurons = arrays["neurons"] if "neurons" in arrays else arrays["ids"]
    return reading_of_times(arrays["times"], neurons, conventions, where, arrays.get("clusters"))


def described_by(arrays: Mapping[str, NDArray[Any]], conventions: Conventions, where: str) -> Conventions:
    """Conventions with the properties that arrays of a file contain: `SCALARS`, and as many neurons as labels.

    Raises:
        DataError: One is not valid, or contradicts the conventions.
    """
    described = {name: single_number(arrays[name], f"{where}: {name}") for name in SCALARS if name in arrays}
    if "clusters" in arrays:
        described.setdefault("n_neurons", arrays["clusters"].size)
    return conventions.completed(where, **described)


def reading_of_times(
    times: ArrayLike, neurons: ArrayLike, conventions: Conventions, where: str, labels: Any = None
) -> Reading:
    """The session of spike times and their neurons.

    Args:
        times: In the unit of the conventions, ascending unless these say ``sort``, shape ``(n_spikes,)``; one at the
            end of the session, as in recordings that count from after 0 to the end, is in its last step.
        neurons: Neuron of each spike, shape ``(n_spikes,)``.
        conventions: Time step, length, number of neurons, units.
        where: The file, or the name of the data in messages.
        labels: As for `checked`.

    Raises:
        DataError: The times, neurons or labels are not valid.
    """
    times, time_unit = plain_times(times, conventions.time_unit, where)
    seconds, precision = _times(times, where)
    if time_unit != "s":
        seconds = seconds / PER_SECOND[time_unit]
    index = _indices(neurons, conventions, where)
    if len(index) != len(seconds):
        raise DataError(f"{where}: {len(seconds)} times and {len(index)} neurons found; expected equally many")
    if (falls := seconds[1:] < seconds[:-1]).any():
        if not conventions.sort:
            raise DataError(_unsorted(f"{where}: times", int(np.argmax(falls)) + 1))
        in_time = np.argsort(seconds, kind="stable")
        seconds, index = seconds[in_time], index[in_time]
    n_steps = MAX_STEPS if conventions.duration is None else steps_until(conventions.duration, conventions.step)
    if n_steps > MAX_STEPS:
        raise DataError(f"{where}: {n_steps} steps found; expected at most {MAX_STEPS}")
    # before the division: a time in the wrong unit may be too large for it
    beyond = len(seconds) and seconds[-1] > (n_steps + 1) * conventions.step
    steps = np.empty(0, np.int32) if beyond else _steps(seconds, conventions.step, precision)
    end, rounding = n_steps * conventions.step, ROUNDING * conventions.step
    if len(steps) and math.isclose(seconds[-1], end, rel_tol=2 * precision, abs_tol=rounding):
        np.minimum(steps, n_steps - 1, out=steps)  # a spike at the very end is in the last step
    if beyond or (len(steps) and not 0 <= steps[-1] < n_steps):
        raise DataError(
            f"{where}: a spike at {seconds[-1]:g} s found; expected times within a session of {end:g} s; are times in "
            f"{conventions.time_unit}?"
        )
    if conventions.duration is None:
        n_steps = int(steps[-1]) + 1 if len(steps) else 0
    n_neurons = int(index.max(initial=-1)) + 1 if conventions.n_neurons is None else conventions.n_neurons
    steps, seconds, index = _in_order(steps, seconds, index)
    copies = repeats(steps, index)
    if copies.any():  # in the same step; of these, those at the same time
        copies[1:] &= seconds[1:] == seconds[:-1]
    n_copies = int(np.count_nonzero(copies))
    if n_copies and conventions.drop_duplicates:
        steps, index, n_copies = steps[~copies], index[~copies], 0
    spikes = SpikeEvents(steps, index, n_steps, n_neurons, conventions.step)
    return checked(spikes, labels, conventions, where, n_copies)


def reading_of_units(
    times: NDArray[np.float64],
    counts: NDArray[np.int64],
    span: tuple[float, float | None],
    conventions: Conventions,
    where: str,
    labels: Any = None,
) -> Reading:
    """The session of spike times that are stored neuron by neuron.

    Args:
        times: In seconds, of one neuron after the other, shape ``(n_spikes,)``.
        counts: Number of spikes of each neuron, shape ``(n_neurons,)``.
        span: Start of the session, from which times are counted, and its end if it is known, in seconds.
        conventions: Time step, length and number of neurons; times are in seconds, neurons counted from 0.
        where: The file, or the name of the data in messages.
        labels: As for `checked`.

    Raises:
        DataError: The times or labels are not valid, or contradict the conventions.
    """
    begin, end = span
    described = {"n_neurons": len(counts)} | ({} if end is None else {"duration": end - begin})
    conventions = replace(conventions, time_unit="s", first_neuron=0).completed(where, **described)
    neurons = np.repeat(np.arange(len(counts)), counts)
    falls = np.flatnonzero((np.diff(times) < 0) & (neurons[1:] == neurons[:-1])) + 1
    if len(falls) and not conventions.sort:
        unit = neurons[falls[0]]
        raise DataError(_unsorted(f"{where}: times of unit {unit}", int(falls[0] - counts[:unit].sum())))
    order = np.argsort(times, kind="stable")
    return reading_of_times(times[order] - begin, neurons[order], conventions, where, labels)


def reading_of_dense(dense: NDArray[Any], conventions: Conventions, where: str, labels: Any = None) -> Reading:
    """The session of an array that holds 1 or True for each spike; it is examined piece by piece.

    Args:
        dense: Shape ``(n_steps, n_neurons)``, boolean, or 0 and 1.
        conventions: The time step.
        where: The file, or the name of the data in messages.
        labels: As for `checked`.

    Raises:
        DataError: It is not such an array.
    """
    if dense.ndim != 2 or dense.dtype.kind not in "buif":
        raise DataError(f"{where}: {describe(dense)} found; expected a boolean array (n_steps, n_neurons)")
    n_steps, n_neurons = dense.shape
    if n_steps > MAX_STEPS or n_neurons > MAX_NEURONS:
        raise DataError(f"{where}: shape {dense.shape} found; expected at most {MAX_STEPS} steps and neurons")
    height, width = max(1, _PIECE // max(1, n_neurons)), np.uint32(max(1, n_neurons))
    steps, neurons = [np.empty(0, np.int32)], [np.empty(0, np.int32)]
    for begin in range(0, n_steps, height):
        piece = np.ascontiguousarray(dense[begin : begin + height])
        places = np.flatnonzero(piece)
        if piece.dtype != bool and (piece.reshape(-1)[places] != 1).any():
            raise DataError(f"{where}: entries other than 0 and 1 found; expected 1 for a spike, 0 for none")
        places = places.astype(np.uint32)
        row = places // width
        steps.append((row + np.uint32(begin)).astype(np.int32))
        neurons.append((places - row * width).astype(np.int32))
    spikes = SpikeEvents(np.concatenate(steps), np.concatenate(neurons), n_steps, n_neurons, conventions.step)
    return checked(spikes, labels, conventions, where, n_copies=0)


def _in_order(
    steps: NDArray[np.int32], seconds: NDArray[np.float64], neurons: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.int32]]:
    """Ascending steps, with their times and neurons; the neurons of a step in order, and their times, too."""
    if not ((neurons[1:] < neurons[:-1]) & (steps[1:] == steps[:-1])).any():
        return steps, seconds, neurons
    # a stable sort is quick where only neurons of a step are out of order
    order = np.argsort((steps.astype(np.int64) << 32) | neurons, kind="stable")
    return steps[order], seconds[order], neurons[order]


def _steps(seconds: NDArray[np.float64], delta_t: float, precision: float) -> NDArray[np.int32]:
    """The step of each time, at most `MAX_STEPS`; a multiple of the time step begins a step."""
    steps = np.empty(len(seconds), np.int32)
    for begin in range(0, len(seconds), _TOGETHER):
        position = seconds[begin : begin + _TOGETHER] / delta_t
        rounding = 2 * precision * position
        position += np.maximum(ROUNDING, rounding, out=rounding)
        steps[begin : begin + _TOGETHER] = np.minimum(np.floor(position, out=position), MAX_STEPS)
    return steps


def _times(array: NDArray[Any], where: str) -> tuple[NDArray[np.float64], float]:
    """Times from 0 on, and the relative precision of their type."""
    if array.ndim != 1 or array.dtype.kind not in "uif":
        raise DataError(f"{where}: times: {describe(array)} found; expected numbers (n_spikes,)")
    seconds = array.astype(np.float64, copy=False)
    if not np.isfinite(seconds).all():
        raise DataError(f"{where}: times: infinity or NaN found; expected finite numbers")
    if len(seconds) and seconds.min() < 0:
        raise DataError(f"{where}: times: {seconds.min():g} found; expected times from 0, the start of the session")
    held = array.dtype if array.dtype.kind == "f" and array.dtype.itemsize < seconds.itemsize else seconds.dtype
    return seconds, float(np.finfo(held).eps)


def _unsorted(place: str, spike: int) -> str:
    """Message about times that are out of order, which may be those of several recordings."""
    return (
        f"{place}: a decrease at spike {spike} found; expected sorted spike times; sort=True (--sort) sorts those of "
        "one recording"
    )


def _indices(neurons: ArrayLike, conventions: Conventions, where: str) -> NDArray[np.int32]:
    array = np.asarray(neurons)
    if array.ndim != 1 or not (are_whole(array) or not array.size):
        raise DataError(f"{where}: neurons: {describe(array)} found; expected whole numbers (n_spikes,)")
    first, n = conventions.first_neuron, conventions.n_neurons
    bound = MAX_NEURONS if n is None else n
    low, high = (array.min(), array.max()) if array.size else (first, first)
    if not first <= low <= high < first + bound:
        known = "" if n is None else f", for {n} neurons or cluster labels"
        hint = "; are neurons counted from 1 (first_neuron=1)?" if low > 0 and high == bound else ""
        if low == first and high == first + bound:
            hint = "; is the label of a neuron missing?"
        raise DataError(
            f"{where}: neurons: {low:.10g} to {high:.10g} found; expected {first} to {first + bound - 1}{known}{hint}"
        )
    return (array.astype(np.int64) - first if first else array).astype(np.int32)
