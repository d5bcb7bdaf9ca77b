"""Clusters that switch on and off independently, with gamma-distributed activations and intervals."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from neuro_mod.recordings.spikes import SpikeEvents
from tests.helpers.trains import events

BIN = 5e-3


class SemiMarkov(NamedTuple):
    """Independent clusters in equilibrium; means in seconds, shapes of gamma distributions."""

    n_clusters: int = 6
    activation: float = 0.3
    interval: float = 0.5
    activation_shape: float = 4.0
    interval_shape: float = 4.0

    @property
    def occupancy(self) -> float:
        """Renewal theory: the mean of one over that of both."""
        return self.activation / (self.activation + self.interval)

    def activity(self, n_sessions: int, duration: float, seed: int = 0) -> list[np.ndarray]:
        """Whether each cluster is active in each bin, of each session; edges are rounded to bins."""
        rng = np.random.default_rng(seed)
        n_bins, before = round(duration / BIN), 20 * (self.activation + self.interval)
        n = int(3 * (duration + before) / (self.activation + self.interval)) + 20
        shape = n_sessions, self.n_clusters, n
        off = rng.gamma(self.interval_shape, self.interval / self.interval_shape, shape)
        on = rng.gamma(self.activation_shape, self.activation / self.activation_shape, shape)
        # They have forgotten their start when a session begins.
        edges = np.cumsum(np.stack([off, on], axis=-1).reshape(*shape[:2], -1), axis=-1) - before
        times = (np.arange(n_bins) + 0.5) * BIN
        return [
            np.stack([np.searchsorted(cluster, times) % 2 == 1 for cluster in session], axis=1) for session in edges
        ]


def poisson_spikes(active: np.ndarray, cluster_size: int, active_hz: float, inactive_hz: float, seed: int):
    """Spikes of neurons that fire at these rates, in steps of 1 ms."""
    step = 1e-3
    rates = np.where(active, active_hz, inactive_hz).repeat(round(BIN / step), axis=0).repeat(cluster_size, axis=1)
    spikes: SpikeEvents = events(np.random.default_rng(seed).random(rates.shape) < rates * step, step)
    return spikes
