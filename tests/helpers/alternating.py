"""Clusters that are switched on and off independently of each other, for known times."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.spiking_net.analysis.states.activations import activation_table, activations_of
from neuro_mod.core.spiking_net.analysis.states.session_tables import SessionTables
from neuro_mod.core.spiking_net.analysis.states.visits import visit_table, visits_of

#: Width of a bin in seconds, and the shape of the gamma distributions of both kinds of times.
BIN, SHAPE = 0.01, 4.0


def alternating(
    rng: np.random.Generator, on: float, off: float, n_clusters: int = 6, duration: float = 6.0
) -> NDArray[np.bool_]:
    """Activity of clusters that are on and off for these mean times in seconds, shape ``(n_bins, n_clusters)``."""
    active = np.zeros((round(duration / BIN), n_clusters), bool)
    for column in active.T:
        time, state = -20 * (on + off) * rng.uniform(0.5, 1), True
        while time < duration:
            span = rng.gamma(SHAPE, (on if state else off) / SHAPE)
            if state:
                column[max(0, round(time / BIN)) : max(0, round((time + span) / BIN))] = True
            time, state = time + span, not state
    return active


def tables_of(sessions: list[NDArray[np.bool_]]) -> SessionTables:
    """Visits and activations of the sessions, however short."""
    labels, durations = np.arange(sessions[0].shape[1]), np.array([len(active) * BIN for active in sessions])
    each = [(active, labels, BIN, duration) for active, duration in zip(sessions, durations, strict=True)]
    return SessionTables(
        visits=visit_table(visits_of(*args, session=index) for index, args in enumerate(each)),
        durations=durations,
        labels=labels,
        activations=activation_table(activations_of(*args, session=index) for index, args in enumerate(each)),
        reassigned=np.zeros(len(sessions)),
    )
