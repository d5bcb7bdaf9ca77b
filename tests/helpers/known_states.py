"""Sessions whose states are known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.synthetic_sessions import Chain, Firing, synthetic_sessions
from neuro_mod.recordings.spikes import SpikeEvents
from tests.helpers.trains import events

STEP = 1e-3
#: Four clusters, of which one never fires alone.
CHAIN = Chain(
    ((0,), (1,), (2, 3), ()),
    np.array([[0, 0.6, 0.4, 0], [0, 0, 0.7, 0.3], [0.5, 0, 0, 0.5], [0, 0.8, 0.2, 0]]),
    lifespan=0.25,
    shape=3.0,
)
FIRING = Firing(n_clusters=4, cluster_size=10, active_hz=50.0, inactive_hz=3.0)
CLUSTERS = FIRING.cluster_of_neuron


def drawn_sessions(*durations: float, seed: int = 5) -> list[SpikeEvents]:
    """A session of each duration in seconds, of `CHAIN`."""
    return [
        synthetic_sessions(CHAIN, FIRING, n_sessions=1, duration=duration, seed=seed + index, delta_t=STEP)[0][0]
        for index, duration in enumerate(durations)
    ]


def regular(
    *visits: tuple[Sequence[int], float], n_clusters: int = 3, cluster_size: int = 10, active_hz: float = 50.0
) -> SpikeEvents:
    """Visits of states (active clusters, seconds) in which neurons fire like clocks, at 2 Hz where they are not active.

    The phases of a cluster's neurons are spread evenly, so that its rate is constant.
    """
    active, inactive = round(1 / active_hz / STEP), round(0.5 / STEP)
    pieces = []
    for state, time in visits:
        period = np.repeat([active if k in state else inactive for k in range(n_clusters)], cluster_size)
        phase = np.tile(np.arange(cluster_size), n_clusters) * period // cluster_size
        pieces.append((np.arange(round(time / STEP))[:, None] + phase) % period == 0)
    return events(np.concatenate(pieces), STEP)
