"""From active clusters over time to visits, activations, and the tables of several sessions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.spiking_net.analysis.states.activations import activation_table, activations_of
from neuro_mod.core.spiking_net.analysis.states.session_tables import SessionTables
from neuro_mod.core.spiking_net.analysis.states.visits import Columns, share_reassigned, visit_table, visits_of


class SpansOfSession(NamedTuple):
    """What the activity of one session consists of.

    Attributes:
        visits: Visits of states.
        activations: Activations of clusters.
        reassigned: Part of the time in visits that were too short and were given to their neighbours.
    """

    visits: Columns
    activations: Columns
    reassigned: float


def spans_of(
    active: NDArray[np.bool_],
    labels: NDArray[np.int64],
    bin_width: float,
    duration: float,
    *,
    minimal_duration: float = 0.0,
    session: int = 0,
) -> SpansOfSession:
    """Visits and activations of one session; see `visits_of` and `activations_of`, also for the arguments.

    The minimal duration in seconds is that of both.
    """
    seen = active, labels, bin_width, duration
    return SpansOfSession(
        visits_of(*seen, minimal_lifespan=minimal_duration, session=session),
        activations_of(*seen, minimal_duration=minimal_duration, session=session),
        share_reassigned(active, bin_width, duration, minimal_lifespan=minimal_duration),
    )


def tables_of_activity(
    active: Sequence[NDArray[np.bool_]],
    bin_width: float,
    labels: NDArray[np.int64] | None = None,
    *,
    minimal_duration: float = 0.0,
) -> SessionTables:
    """The tables of sessions whose activity is known, such as that of pairs of runs; rates in visits are not known.

    Args:
        active: Whether each cluster is active in each bin, of each session, shape ``(n_bins, n_clusters)``.
        bin_width: In seconds; sessions last for whole bins.
        labels: Labels of the clusters, ascending, shape ``(n_clusters,)``; by default 0, 1, ...
        minimal_duration: Of visits and activations in seconds.
    """
    durations = np.array([len(each) * bin_width for each in active], np.float64)
    if labels is None:
        labels = np.arange(active[0].shape[1] if len(active) else 0)
    found = [
        spans_of(each, labels, bin_width, duration, minimal_duration=minimal_duration, session=session)
        for session, (each, duration) in enumerate(zip(active, durations.tolist(), strict=True))
    ]
    return SessionTables(
        visits=visit_table(each.visits for each in found),
        durations=durations,
        labels=labels,
        activations=activation_table(each.activations for each in found),
        reassigned=np.array([each.reassigned for each in found], np.float64),
    )
