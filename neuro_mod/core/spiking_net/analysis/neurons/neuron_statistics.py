"""Firing rates of neurons, and a table of their statistics."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuro_mod.core.spiking_net.analysis.neurons.intervals import MIN_INTERVALS, interval_statistics
from neuro_mod.core.spiking_net.analysis.neurons.one_pass import each_session
from neuro_mod.errors import invalid
from neuro_mod.recordings.spikes import SpikeEvents
from neuro_mod.recordings.windows import Edge
from neuro_mod.summaries import ShownFields


@dataclass(frozen=True, eq=False, repr=False)
class FiringRates(ShownFields):
    """Mean rates of neurons.

    Attributes:
        durations: Length of each session, or of the time window in it, in seconds, shape ``(n_sessions,)``.
        per_session: Rates in Hz, shape ``(n_sessions, n_neurons)``; NaN in sessions without a step.
    """

    durations: NDArray[np.float64]
    per_session: NDArray[np.float64]

    @property
    def overall(self) -> NDArray[np.float64]:
        """Spikes in all sessions over their duration in Hz, shape ``(n_neurons,)``; NaN if no session has a step."""
        return np.nansum(self.per_session * self.durations[:, None], axis=0) / (self.durations.sum() or np.nan)


def firing_rates(sessions: Iterable[SpikeEvents], *, t_from: Edge = None, t_to: Edge = None) -> FiringRates:
    """Mean rate of each neuron, in each session and over all of them.

    Args:
        sessions: Sessions of the same neurons, read once.
        t_from: Start of the time window in each session, in seconds; see `windows.window_of`.
        t_to: End of the window.

    Raises:
        InputError: As for `one_pass.each_session`.
    """
    of_sessions = each_session(lambda spikes: (spikes.duration, spikes.sum(axis=0)), sessions, t_from, t_to)
    durations, counts = (np.array(values, np.float64) for values in zip(*of_sessions, strict=True))
    return FiringRates(durations, counts / np.where(durations > 0, durations, np.nan)[:, None])


def neuron_table(
    sessions: Iterable[SpikeEvents],
    of_neuron: NDArray[np.integer],
    labels: NDArray[np.integer],
    *,
    min_intervals: int = MIN_INTERVALS,
    t_from: Edge = None,
    t_to: Edge = None,
) -> pd.DataFrame:
    """One row per neuron, in the order of the network.

    Args:
        sessions: Sessions of the same neurons, read once.
        of_neuron: Index into ``labels`` of each neuron, shape ``(n_neurons,)``.
        labels: Label of each cluster, shape ``(n_clusters,)``.
        min_intervals: Minimal number of intervals; see `intervals.interval_statistics`.
        t_from: Start of the time window in each session, in seconds; see `windows.window_of`.
        t_to: End of the window.

    Returns:
        Columns ``neuron``, ``cluster`` (label), ``n_spikes`` and ``rate_hz`` of all sessions, ``cv_pooled``
        of all intervals together, ``cv_per_session``, the mean over sessions, ``cv2``, the mean of
        ``2 |I' - I| / (I' + I)`` over adjacent intervals, and ``n_intervals`` of all sessions.

    Raises:
        InputError: ``of_neuron`` does not fit the sessions, or as for `intervals.interval_statistics`.
    """
    found = interval_statistics(sessions, min_intervals=min_intervals, t_from=t_from, t_to=t_to)
    if len(of_neuron) != len(found.n_spikes):
        raise invalid("length of of_neuron", len(of_neuron), f"{len(found.n_spikes)}, as the sessions have")
    return pd.DataFrame(
        {
            "neuron": np.arange(len(of_neuron)),
            "cluster": labels[of_neuron],
            "n_spikes": found.n_spikes,
            "rate_hz": found.rate,
            "cv_pooled": found.cv_pooled,
            "cv_per_session": found.cv_per_session,
            "cv2": found.cv2,
            "n_intervals": found.n_intervals,
        }
    )
