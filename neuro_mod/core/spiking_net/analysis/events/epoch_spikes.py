"""The spikes of epochs, the pieces of sessions around events, and their counts in windows."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuro_mod.checks import check_choice
from neuro_mod.choices import OnEdge
from neuro_mod.errors import InputError, invalid
from neuro_mod.recordings.event_tables import SESSION, TIME
from neuro_mod.recordings.opening import SpikeSource
from neuro_mod.recordings.spikes import SpikeEvents
from neuro_mod.recordings.windows import whole_steps
from neuro_mod.summaries import ShownFields

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False, repr=False)
class EpochSpikes(ShownFields):
    """Spikes of epochs of equal length; those of epoch k are ``bounds[k]`` until before ``bounds[k + 1]``.

    Args:
        steps: Time step of each spike, counted from the start of its epoch, shape ``(n_spikes,)``.
        neurons: Neuron of each spike, shape ``(n_spikes,)``.
        bounds: Shape ``(n_epochs + 1,)``.
        steps_before: Steps from the start of an epoch to its event.
        n_steps: Length of an epoch in steps.
        delta_t: Time step in seconds.
    """

    steps: NDArray[np.int32]
    neurons: NDArray[np.int32]
    bounds: NDArray[np.int64]
    steps_before: int
    n_steps: int
    delta_t: float

    def of(self, epoch: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Steps and neurons of the spikes of an epoch."""
        inside = slice(self.bounds[epoch], self.bounds[epoch + 1])
        return self.steps[inside], self.neurons[inside]


@dataclass(frozen=True)
class Windows:
    """Windows of equal length at equal distances, in steps from the start of an epoch.

    Args:
        first: Start of the first window.
        width: Length of a window.
        step: From the start of a window to that of the next.
        n: Number of windows.
    """

    first: int
    width: int
    step: int
    n: int

    def times(self, spikes: EpochSpikes) -> NDArray[np.float64]:
        """Middle of each window in seconds from the event, shape ``(n,)``."""
        middle = self.first - spikes.steps_before + self.step * np.arange(self.n) + self.width / 2
        return np.asarray(middle * spikes.delta_t, np.float64)


def windows_in(
    spikes: EpochSpikes,
    width_ms: float,
    step_ms: float,
    name: str,
    begin: float | None = None,
    end: float | None = None,
) -> Windows:
    """Windows that fit into a part of the epochs, from its start on.

    Args:
        spikes: The epochs.
        width_ms: Length of a window in ms, a whole number of steps.
        step_ms: From the start of a window to that of the next, likewise.
        name: Name of the length, for messages; that of the other is ``step_ms``.
        begin: Begin of the part in seconds from the event; None for that of the epochs.
        end: End of the part.

    Raises:
        InputError: A length is not a whole number of steps, or no window fits.
    """
    width = whole_steps(name, width_ms * 1e-3, spikes.delta_t)
    step = whole_steps("step_ms", step_ms * 1e-3, spikes.delta_t)
    first, last = part_of(spikes, begin, end)
    if width > last - first:
        length = (last - first) * spikes.delta_t * 1e3
        raise invalid(name, width_ms, f"at most {length:g} ms, the length of the epochs or of the part of them")
    return Windows(first, width, step, (last - first - width) // step + 1)


def part_of(spikes: EpochSpikes, begin: float | None, end: float | None, name: str = "window") -> tuple[int, int]:
    """First and last step of a part of the epochs, given in seconds from the event.

    Raises:
        InputError: It is empty or reaches beyond the epochs.
    """
    edges = (-spikes.steps_before * spikes.delta_t, (spikes.n_steps - spikes.steps_before) * spikes.delta_t)
    given = tuple(edge if time is None else time for edge, time in zip(edges, (begin, end), strict=True))
    first, last = (round(time / spikes.delta_t) + spikes.steps_before if math.isfinite(time) else -1 for time in given)
    if not 0 <= first < last <= spikes.n_steps:
        raise invalid(name, list(given), f"begin and end from {edges[0]:g} to {edges[1]:g} s, those of the epochs")
    return first, last


def window_counts(
    spikes: EpochSpikes, windows: Windows, unit_of_neuron: NDArray[np.int64], n_units: int
) -> Iterator[NDArray[np.int64]]:
    """Spikes of each unit in each window, of one epoch after the other.

    Args:
        spikes: The epochs.
        windows: The windows.
        unit_of_neuron: Unit of each neuron, ``n_units`` for neurons that do not count, shape ``(n_neurons,)``.
        n_units: Number of units.

    Yields:
        Counts of shape ``(n_windows, n_units)``.
    """
    short = math.gcd(windows.width, windows.step)  # windows are made of bins of this length
    n_bins = (windows.step * (windows.n - 1) + windows.width) // short
    first = windows.step // short * np.arange(windows.n)
    for epoch in range(len(spikes.bounds) - 1):
        steps, neurons = spikes.of(epoch)
        unit, after = unit_of_neuron[neurons], steps - windows.first
        counted = (unit < n_units) & (after >= 0) & (after < n_bins * short)
        cell = after[counted] // short * np.int64(n_units) + unit[counted]
        counts = np.bincount(cell, minlength=n_bins * n_units).reshape(n_bins, n_units)
        if windows.width == short:
            yield counts[first]
        else:
            until = np.concatenate([np.zeros((1, n_units), np.int64), counts.cumsum(axis=0)])
            yield until[first + windows.width // short] - until[first]


def counts_in(
    spikes: EpochSpikes, windows: Windows, unit_of_neuron: NDArray[np.int64], n_units: int
) -> NDArray[np.int64]:
    """The counts of all epochs, shape ``(n_epochs, n_windows, n_units)``; arguments as for `window_counts`."""
    return np.stack(list(window_counts(spikes, windows, unit_of_neuron, n_units)))


def chosen_epochs(spikes: EpochSpikes, chosen: NDArray[np.int64]) -> EpochSpikes:
    """The spikes of some epochs, by their numbers."""
    pieces = [spikes.of(epoch) for epoch in chosen.tolist()]
    steps, neurons = (np.concatenate(each) for each in zip(*pieces, strict=True))
    bounds = np.cumsum([0, *(len(each) for each, _ in pieces)])
    return replace(spikes, steps=steps, neurons=neurons, bounds=bounds)


def read_epochs(
    source: SpikeSource,
    events: pd.DataFrame,
    before: float,
    after: float,
    on_edge: OnEdge = "error",
    report: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[EpochSpikes, pd.DataFrame]:
    """Cut the spikes around events out of their sessions, each of which is read once.

    Args:
        source: The sessions.
        events: From `event_tables.event_table`.
        before: Seconds from the start of an epoch to its event.
        after: Seconds from the event to the end of the epoch.
        on_edge: What becomes of epochs that reach beyond their session: an ``error``, or they are left out (``drop``)
            with a warning.
        report: Called with the number of sessions read and their total.

    Returns:
        The spikes, and the events of the epochs that were kept.

    Raises:
        InputError: An epoch reaches beyond its session; the message names session and event.
    """
    check_choice("on_edge", on_edge, OnEdge)
    _check_length(before, after)
    of_session, times = events[SESSION].to_numpy(np.int64), events[TIME].to_numpy(np.float64)
    pieces: list[tuple[NDArray[np.int32], NDArray[np.int32]]] = []
    kept = np.ones(len(events), bool)
    steps_before = n_steps = overlapping = 0
    delta_t = math.nan
    sessions = np.unique(of_session).tolist()
    for done, session in enumerate(sessions, 1):
        spikes = source.read(session)
        delta_t = spikes.delta_t
        steps_before, steps_after = round(before / delta_t), round(after / delta_t)
        n_steps = steps_before + steps_after
        rows = np.flatnonzero(of_session == session)
        first = np.round(times[rows] / delta_t).astype(np.int64) - steps_before
        inside = kept[rows] = (first >= 0) & (first + n_steps <= spikes.n_steps)
        if on_edge == "error" and not inside.all():
            event = int(np.flatnonzero(~inside)[0])
            where = f"{source.sessions[session].where}: event {event} of session {session}"
            raise _beyond(where, float(times[rows][event]), before, after, spikes.duration)
        overlapping += int(np.count_nonzero(np.diff(first[inside]) < n_steps))
        pieces += [_piece(spikes, begin, n_steps) for begin in first[inside].tolist()]
        report(done, len(sessions))
    if not pieces:
        raise invalid("events", len(events), "an event whose epoch is within its session", "all reach beyond theirs")
    _warn(len(events) - len(pieces), len(events), overlapping)
    bounds = np.cumsum([0, *(len(steps) for steps, _ in pieces)])
    steps, neurons = (np.concatenate(each) for each in zip(*pieces, strict=True))
    cut = EpochSpikes(steps, neurons, bounds, steps_before, n_steps, delta_t)
    return cut, events.loc[kept].reset_index(drop=True)


def _check_length(before: float, after: float) -> None:
    for name, value in (("before", before), ("after", after)):
        if not 0 <= value < math.inf:
            raise invalid(name, value, "a finite number of seconds of at least 0")
    if not before + after > 0:
        raise invalid("before, after", [before, after], "epochs longer than 0 s")


def _piece(spikes: SpikeEvents, begin: int, n_steps: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    low, high = np.searchsorted(spikes.steps, np.array([begin, begin + n_steps], spikes.steps.dtype))
    return (spikes.steps[low:high] - begin).astype(np.int32), spikes.neurons[low:high].astype(np.int32)


def _beyond(where: str, time: float, before: float, after: float, duration: float) -> InputError:
    return InputError(
        f"{where} at {time:g} s: an epoch from {time - before:g} s to {time + after:g} s found; expected one from 0 s "
        f'to {duration:g} s, the length of the session; use a smaller before or after, or on_edge="drop" in Python'
    )


def _warn(dropped: int, n_events: int, overlapping: int) -> None:
    if dropped:
        _LOG.warning("%d of %d epochs reach beyond their session and were left out", dropped, n_events)
    if overlapping:
        _LOG.warning(
            "%d epochs overlap with the next one of their session: they share spikes, so that standard errors are too "
            "small; use a smaller before or after",
            overlapping,
        )
