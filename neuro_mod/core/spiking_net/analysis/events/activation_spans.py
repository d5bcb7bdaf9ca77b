"""Activations of clusters, from the activity that an analyzer detects.

To be replaced by ``Analyzer.activations()`` once that exists: the same intervals in the same columns.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuro_mod.core.spiking_net.analysis.findings.sessions import SessionSummary
from neuro_mod.core.spiking_net.analysis.findings.settings import AnalysisSettings
from neuro_mod.recordings.layout import ClusterLayout


class Detected(Protocol):
    """What is needed of an analyzer."""

    layout: ClusterLayout
    settings: AnalysisSettings

    @property
    def sessions(self) -> tuple[SessionSummary, ...]:
        """Summary of each session."""
        ...

    def get_cluster_activity(self, session: int = 0) -> NDArray[np.bool_]:
        """Activity of the clusters, shape ``(n_samples, n_clusters)``."""
        ...


def activation_spans(analyzer: Detected) -> pd.DataFrame:
    """Activations of at least the minimal duration, ordered by session, cluster and start; interruptions stay.

    Returns:
        Columns ``session``, ``cluster``, ``start``, ``end`` in seconds, ``censored_start``, ``censored_end``.
    """
    shortest = analyzer.settings.minimal_lifespan_ms * 1e-3
    tables = []
    for session, about in enumerate(analyzer.sessions):
        active = analyzer.get_cluster_activity(session)
        steps = np.diff(active.T.astype(np.int8), prepend=0, append=0, axis=1)
        cluster, first = np.nonzero(steps == 1)
        _, after = np.nonzero(steps == -1)
        kept = (after - first) * about.bin_width >= shortest - 1e-9
        columns = {
            "session": session,
            "cluster": analyzer.layout.state_labels[cluster],
            "start": first * about.bin_width,
            "end": after * about.bin_width,
            "censored_start": first == 0,
            "censored_end": after == len(active),
        }
        tables.append(pd.DataFrame(columns)[kept])
    return pd.concat(tables, ignore_index=True)
