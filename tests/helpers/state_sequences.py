"""Sequences of states for the tests of pictures."""

from __future__ import annotations

import numpy as np

from tests.helpers.visit_frames import visits


def visits_of(sequences, duration=0.5):
    """Visits of sequences of states, one for each session, of the same duration each."""
    sessions = dict(enumerate(map(list, sequences)))
    return visits(sessions, {session: [duration] * len(states) for session, states in sessions.items()})


def walk(n_clusters, n_visits, seed=0):
    """A sequence of states in which clusters become active and silent one by one."""
    rng, active, states = np.random.default_rng(seed), set(), []
    for _ in range(n_visits):
        states.append(tuple(sorted(active)))
        active ^= {int(rng.integers(n_clusters))}
    return states
