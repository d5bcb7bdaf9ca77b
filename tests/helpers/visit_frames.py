"""Frames of visits for tests."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import strategies as st

COLUMNS = {
    "session": np.int64,
    "state": object,
    "start": np.float64,
    "end": np.float64,
    "duration": np.float64,
    "censored": bool,
    "censored_start": bool,
    "censored_end": bool,
    "mean_rate": np.float64,
}


def visits(sessions, durations=None) -> pd.DataFrame:
    """Occurrences of sequences of states, a dictionary by session; visits adjoin and last 1 s, or as long as given."""
    rows = []
    for session, states in sessions.items():
        end = np.cumsum(np.ones(len(states)) if durations is None else durations[session])
        start = np.concatenate([[0.0], end[:-1]])
        for i, state in enumerate(states):
            first, last = i == 0, i == len(states) - 1
            rows.append((session, state, start[i], end[i], end[i] - start[i], first or last, first, last, 30.0))
    columns = list(zip(*rows, strict=True)) or [()] * len(COLUMNS)
    series = {
        name: pd.Series(list(column), dtype=kind) for (name, kind), column in zip(COLUMNS.items(), columns, strict=True)
    }
    return pd.DataFrame(series)


def sequences(labels: int = 4, longest: int = 12):
    """Strategy: sessions of visits in which no state directly follows itself, some of them of no active cluster."""
    states = [(), *((i,) for i in range(labels)), (0, 1)]
    steps = st.lists(st.integers(1, len(states) - 1), max_size=longest)
    session = steps.map(lambda steps: [states[code % len(states)] for code in np.cumsum(steps, dtype=int)])
    return st.lists(session, max_size=4).map(lambda found: dict(enumerate(found)))
