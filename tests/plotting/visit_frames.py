"""Frames of visits for the tests of pictures."""

from __future__ import annotations

import numpy as np
import pandas as pd

COLUMNS = ("session", "state", "start", "end", "duration", "censored", "censored_start", "censored_end", "mean_rate")


def visits_of(sessions, duration=0.5):
    """Visits of sequences of states, one for each session, of the same duration each."""
    rows = []
    for session, states in enumerate(sessions):
        for i, state in enumerate(states):
            first, last = i == 0, i == len(states) - 1
            span = (i * duration, (i + 1) * duration, duration)
            rows.append((session, state, *span, first or last, first, last, 40.0))
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.astype({"state": object, "start": float, "end": float, "duration": float})


def walk(n_clusters, n_visits, seed=0):
    """A sequence of states in which clusters become active and silent one by one."""
    rng, active, states = np.random.default_rng(seed), set(), []
    for _ in range(n_visits):
        states.append(tuple(sorted(active)))
        active ^= {int(rng.integers(n_clusters))}
    return states
