"""Statistics over sessions of which one at a time is in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from itertools import count
from operator import add
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from neuro_mod.errors import InputError, invalid
from neuro_mod.recordings.spikes import SpikeEvents
from neuro_mod.recordings.windows import Edge, cut, of_session

Summary = TypeVar("Summary")


def each_session(
    summarise: Callable[[SpikeEvents], Summary], sessions: Iterable[SpikeEvents], t_from: Edge = None, t_to: Edge = None
) -> Iterator[Summary]:
    """A summary of each session; only one session is in memory at a time.

    Args:
        summarise: Function of a session.
        sessions: Sessions of the same neurons, iterated once.
        t_from: Start of the time window in each session, in seconds; see `windows.window_of`.
        t_to: End of the window.

    Raises:
        InputError: There is no session, a session has other neurons or steps than the first, or the window is not
            within a session. The message has the number of the session.
    """
    first: tuple[int, float] | None = None

    def summary(spikes: SpikeEvents, number: int) -> Summary:
        nonlocal first
        first = first or (spikes.n_neurons, spikes.delta_t)
        if (spikes.n_neurons, spikes.delta_t) != first:
            raise InputError(
                f"session {number}: {spikes.n_neurons} neurons in steps of {spikes.delta_t:g} s found; expected "
                f"{first[0]} in steps of {first[1]:g} s, as in session 0"
            )
        with of_session(number):
            return summarise(cut(spikes, t_from, t_to))

    yield from map(summary, sessions, count())  # a loop would keep its session while the next is read
    if first is None:
        raise invalid("sessions", (), "at least one session")


def sum_over_sessions(
    terms: Callable[[SpikeEvents], tuple[Any, ...]],
    sessions: Iterable[SpikeEvents],
    t_from: Edge = None,
    t_to: Edge = None,
) -> tuple[Any, ...]:
    """Sums over sessions of one or more numbers or arrays, ``terms`` of each; arguments as for `each_session`."""
    return reduce(lambda total, more: tuple(map(add, total, more)), each_session(terms, sessions, t_from, t_to))


def by_neuron(spikes: SpikeEvents) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Neuron and step of each spike, ordered by neuron, then step; each of shape ``(n_spikes,)``."""
    smallest = np.min_scalar_type(spikes.n_neurons)  # 16 bits are sorted by radix
    order = np.argsort(spikes.neurons.astype(smallest), kind="stable")
    return spikes.neurons[order].astype(np.int64), spikes.steps[order].astype(np.int64)
