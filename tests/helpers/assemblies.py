"""Sessions of neurons whose assemblies are known."""

from __future__ import annotations

import numpy as np

from benchmarks.synthetic_sessions import Chain, Firing, synthetic_sessions
from neuro_mod.recordings.spikes import SpikeEvents
from tests.helpers.trains import events


def switching(
    n_clusters: int = 4, size: int = 8, n_sessions: int = 4, background: int = 0, seed: int = 1
) -> tuple[list[SpikeEvents], np.ndarray]:
    """Sessions of 6 s in which pairs of clusters are active in turn; independent neurons of 10 Hz come last.

    Returns:
        The sessions, and the cluster of each neuron, -1 for the independent ones.
    """
    pairs = [(first, second) for first in range(n_clusters) for second in range(first + 1, n_clusters)]
    followers = (1 - np.eye(len(pairs))) / (len(pairs) - 1)
    firing = Firing(n_clusters, size)
    sessions, _ = synthetic_sessions(
        Chain(tuple(pairs), followers, 0.2), firing, n_sessions=n_sessions, duration=6.0, seed=seed
    )
    rng = np.random.default_rng(seed)
    denses = [np.asarray(session) for session in sessions]
    all_of = [np.hstack([dense, rng.random((len(dense), background)) < 0.01]) for dense in denses]
    return [events(dense) for dense in all_of], np.append(firing.cluster_of_neuron, np.full(background, -1))
