"""Variability of spike counts of neurons, from short to long count windows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuro_mod.checks import whole_number
from neuro_mod.core.spiking_net.analysis.neurons.one_pass import by_neuron, sum_over_sessions
from neuro_mod.recordings.spikes import SpikeEvents
from neuro_mod.recordings.windows import Edge, whole_steps
from neuro_mod.summaries import ShownFields

#: Lengths of count windows in seconds.
COUNT_WINDOWS = (10e-3, 20e-3, 50e-3, 100e-3, 200e-3, 500e-3, 1.0)


@dataclass(frozen=True, eq=False, repr=False)
class FanoFactors(ShownFields):
    """Variance over mean of spike counts.

    Attributes:
        windows: Lengths of the count windows in seconds, shape ``(n_windows,)``.
        n_sessions: Sessions that hold at least two windows of each length, shape ``(n_windows,)``.
        per_neuron: Fano factors, shape ``(n_windows, n_neurons)``; NaN for neurons without a spike, and where no
            session holds two windows.
    """

    windows: NDArray[np.float64]
    n_sessions: NDArray[np.int64]
    per_neuron: NDArray[np.float64]

    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean over the neurons that have one, shape ``(n_windows,)``; NaN if none has."""
        known = np.isfinite(self.per_neuron)
        number = known.sum(axis=1)
        total = self.per_neuron.sum(axis=1, where=known)
        return np.divide(total, number, out=np.full(len(total), np.nan), where=number > 0)


def fano_factors(
    sessions: Iterable[SpikeEvents],
    windows: Sequence[float] = COUNT_WINDOWS,
    *,
    t_from: Edge = None,
    t_to: Edge = None,
    ddof: int = 1,
) -> FanoFactors:
    """Fano factors within sessions: mean variance over mean count.

    Windows do not overlap; an incomplete last one is left out. The variance is taken over the windows of one session,
    about its own mean, so that differences between sessions (such as their networks) do not enter. Its denominator is
    the number of windows minus ``ddof``. Variances and means are then averaged over the sessions with equal weights.
    With ``ddof=1`` a Poisson process has an expected value of 1, also in short sessions;
    ``elephant.statistics.fanofactor`` divides by the number of windows, as ``ddof=0`` does.

    Args:
        sessions: Sessions of the same neurons, read once.
        windows: Lengths of count windows in seconds, whole multiples of the time step.
        t_from: Start of the time window in each session, in seconds; see `windows.window_of`.
        t_to: End of the window.
        ddof: 1 or 0, by which the denominator of the variance is less than the number of windows.

    Raises:
        InputError: ``ddof`` is something else, a length is not a whole number of steps, or as for
            `one_pass.each_session`.

    References:
        Nawrot et al. 2008, J. Neurosci. Methods 169, 374.
    """
    of_session = partial(_count_moments, windows=windows, ddof=whole_number("ddof", ddof, 0, 1))
    total = _CountMoments(*sum_over_sessions(of_session, sessions, t_from, t_to))
    factors = np.divide(total.variance, total.mean, out=np.full_like(total.mean, np.nan), where=total.mean > 0)
    return FanoFactors(np.asarray(windows, np.float64), total.sessions, factors)


class _CountMoments(NamedTuple):
    """Sums over the sessions of at least two windows."""

    sessions: NDArray[np.int64]  # (n_windows,)
    mean: NDArray[np.float64]  # (n_windows, n_neurons)
    variance: NDArray[np.float64]


def _count_moments(spikes: SpikeEvents, windows: Sequence[float], ddof: int) -> _CountMoments:
    neurons, steps = by_neuron(spikes)
    moments = np.zeros((2, len(windows), spikes.n_neurons))
    widths = [whole_steps("windows", width, spikes.delta_t) for width in windows]
    long_enough = np.array([spikes.n_steps >= 2 * width for width in widths], np.int64)
    for which in np.flatnonzero(long_enough):
        n_windows = spikes.n_steps // widths[which]
        total, squares = _count_sums(neurons, steps // widths[which], n_windows, spikes.n_neurons)
        moments[0, which] = total / n_windows
        moments[1, which] = (n_windows * squares - total**2) / (n_windows * (n_windows - ddof))
    return _CountMoments(long_enough, *moments)


def _count_sums(
    neurons: NDArray[np.int64], window: NDArray[np.int64], n_windows: int, n_neurons: int
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Sum of the counts of each neuron over windows, and of their squares, from spikes ordered by neuron and window.

    Only windows with spikes are visited, so that memory does not grow with the number of windows.
    """
    complete = window < n_windows
    neurons, cell = neurons[complete], window[complete] + n_windows * neurons[complete]
    starts = np.flatnonzero(np.diff(cell, prepend=-1))
    counts = np.diff(starts, append=len(cell)).astype(np.float64)
    owner = neurons[starts]
    return np.bincount(owner, counts, n_neurons), np.bincount(owner, counts**2, n_neurons)
