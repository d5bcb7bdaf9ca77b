"""Time windows within a session, and the bins they are divided into."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from numbers import Real

from neuro_mod.errors import InputError, invalid
from neuro_mod.recordings.spikes import SpikeEvents

#: Times this close, relative to the larger or to the session, are the same: steps times their length are rounded.
SAME = 1e-9

#: Begin or end of a time window in seconds, from the end of the session if negative; None for that of the session.
Edge = float | None


def from_start(name: str, time: float, duration: float) -> float:
    """A time within a session, in seconds from its start.

    Args:
        name: The argument that gave the time, for the message.
        time: In seconds; a negative one counts from the end of the session.
        duration: Length of the session in seconds.

    Raises:
        InputError: The time is no number, or outside the session.
    """
    if not isinstance(time, Real):
        raise invalid(name, time, "a number of seconds")
    inside = time + duration if time < 0 else time
    if not -SAME * duration <= inside <= (1 + SAME) * duration:
        raise invalid(name, time, f"{-duration:g} s to {duration:g} s, the length of the session")
    return min(max(inside, 0.0), duration)


def window_of(duration: float, t_from: Edge = None, t_to: Edge = None) -> tuple[float, float]:
    """Begin and end of a time window within a session.

    Args:
        duration: Length of the session in seconds.
        t_from: Begin in seconds; a negative time counts from the end of the session, None is its start.
        t_to: End in seconds, likewise; None is the end of the session.

    Returns:
        Both in seconds from the start of the session, ``0 <= begin < end <= duration``.

    Raises:
        InputError: The window is empty or reversed, or reaches beyond the session.
    """
    begin = 0.0 if t_from is None else from_start("t_from", t_from, duration)
    end = duration if t_to is None else from_start("t_to", t_to, duration)
    if not end - begin > SAME * duration:
        raise InputError(
            f"t_from, t_to: {begin:g} s to {end:g} s of a session of {duration:g} s found; expected a window that ends "
            "after it begins"
        )
    return begin, end


def windows_of(durations: Iterable[float], t_from: Edge = None, t_to: Edge = None) -> list[tuple[float, float]]:
    """Begin and end of the time window within each session, see `window_of`.

    Raises:
        InputError: As for `window_of`; the message names the session.
    """
    windows = []
    for index, duration in enumerate(durations):
        with of_session(index):
            windows.append(window_of(float(duration), t_from, t_to))
    return windows


def from_starts(name: str, times: Sequence[float], durations: Iterable[float]) -> list[list[float]]:
    """Times within each session, in seconds from its start, see `from_start`.

    Raises:
        InputError: As for `from_start`; the message names the session.
    """
    starts = []
    for index, duration in enumerate(durations):
        with of_session(index):
            starts.append([from_start(name, time, float(duration)) for time in times])
    return starts


@contextmanager
def of_session(number: int) -> Iterator[None]:
    """Add the number of the session to errors raised in the ``with`` block."""
    try:
        yield
    except ValueError as error:
        raise InputError(f"session {number}: {error}") from error


def cut(spikes: SpikeEvents, t_from: Edge = None, t_to: Edge = None) -> SpikeEvents:
    """A time window of a session as a session of its own, whose steps are counted from the start of the window.

    Without ``t_from`` and ``t_to`` it is the session itself, which may then have no steps.

    Args:
        spikes: The session.
        t_from: Begin in seconds, included; see `window_of`.
        t_to: End in seconds, left out; see `window_of`.

    Raises:
        InputError: As for `window_of`, or the window is shorter than a step.
    """
    if t_from is None and t_to is None:
        return spikes
    begin, end = window_of(spikes.duration, t_from, t_to)
    first, last = (round(time / spikes.delta_t) for time in (begin, end))
    if first == last:
        raise InputError(
            f"t_from, t_to: {begin:g} s to {end:g} s found; expected at least a time step, {spikes.delta_t:g} s"
        )
    if last - first == spikes.n_steps:
        return spikes
    inside = spikes.between(begin, end)
    return replace(inside, steps=inside.steps - first, n_steps=last - first)


def whole_steps(name: str, width: float, delta_t: float) -> int:
    """Steps in a bin.

    Args:
        name: The argument that gave the width, for the message.
        width: In seconds.
        delta_t: Time step in seconds.

    Raises:
        InputError: The width is not a whole number of steps, at least one.
    """
    n_steps = round(width / delta_t) if math.isfinite(width) else 0
    if n_steps < 1 or not math.isclose(n_steps * delta_t, width, rel_tol=SAME):
        where = f"{name}: {1e3 * width:g} ms found"  # in ms, whatever the unit of the argument
        raise InputError(f"{where}; expected whole multiples of the time step, {1e3 * delta_t:g} ms")
    return n_steps
