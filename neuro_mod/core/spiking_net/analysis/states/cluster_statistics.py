"""Statistics of single clusters beside those of states."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuro_mod.core.spiking_net.analysis.states import active_rates, quantity_tables
from neuro_mod.core.spiking_net.analysis.states.names import StateLike
from neuro_mod.core.spiking_net.analysis.states.session_tables import SessionTables
from neuro_mod.core.spiking_net.analysis.states.state_statistics import StateStatistics
from neuro_mod.core.spiking_net.analysis.states.visits import within
from neuro_mod.recordings.layout import ClusterLayout
from neuro_mod.recordings.windows import Edge


class ClusterStatistics(StateStatistics):
    """Statistics of states that are sets of active clusters, and of the activations of these clusters.

    Methods that need activations raise an `InputError` where they are not known: in analyses saved by earlier versions.
    Standard errors are over sessions by the jackknife, over 10 parts of a single session; they
    are NaN where they are not defined.
    """

    #: Cluster of each neuron, and the clusters that define states.
    layout: ClusterLayout

    @abstractmethod
    def get_cluster_spike_rate(
        self, session: int = 0, cluster: int | None = None, t_from: Edge = None, t_to: Edge = None
    ) -> NDArray[np.float32]:
        """Smoothed rates per neuron of clusters."""

    @abstractmethod
    def get_cluster_activity(self, session: int = 0, t_from: Edge = None, t_to: Edge = None) -> NDArray[np.bool_]:
        """Activity of the clusters that define states."""

    @property
    @abstractmethod
    def _tables(self) -> SessionTables:
        """Visits and activations of all sessions."""

    def session_tables(self, t_from: Edge = None, t_to: Edge = None) -> SessionTables:
        """Visits, activations and lengths of all sessions, from which quantities are computed.

        In a time window times count from its begin.
        """
        return self._tables.within(t_from, t_to)

    def activations(self, t_from: Edge = None, t_to: Edge = None) -> pd.DataFrame:
        """All activations of clusters that define states, before short visits are removed.

        Those shorter than ``minimal_lifespan_ms`` are left out; interruptions, however short, end an activation.

        Returns:
            One row per activation, ordered by session, cluster and start: ``session``, ``cluster`` (its label),
            ``start``, ``end``, ``duration`` (s), ``censored`` (the start or the end was not seen), ``censored_start``,
            ``censored_end``.
        """
        return within(self._tables.known_activations, self.durations, t_from, t_to).copy()

    def intervals(self, t_from: Edge = None, t_to: Edge = None) -> pd.DataFrame:
        """Intervals between activations: from the end of one of a cluster to the start of its next in a session.

        The pieces before the first and after the last activation are censored.

        Returns:
            One row per interval, columns as of `activations`.
        """
        return within(self._tables.intervals, self.durations, t_from, t_to).copy()

    def occupancy(self, t_from: Edge = None, t_to: Edge = None) -> pd.DataFrame:
        """Part of the time of all sessions in which each cluster is active.

        Returns:
            Indexed by ``cluster``, its label: ``occupancy``, ``standard_error``.
        """
        return quantity_tables.occupancy_table(self.session_tables(t_from, t_to))

    def cluster_table(self, t_from: Edge = None, t_to: Edge = None) -> pd.DataFrame:
        """Occupancy, activations and intervals of each cluster; see `quantity_tables.cluster_table`."""
        return quantity_tables.cluster_table(self.session_tables(t_from, t_to))

    def active_table(self, t_from: Edge = None, t_to: Edge = None) -> pd.DataFrame:
        """Probability and visits of each number of active clusters; see `quantity_tables.active_table`."""
        return quantity_tables.active_table(self.session_tables(t_from, t_to))

    def active_rates(self, t_from: Edge = None, t_to: Edge = None) -> pd.DataFrame:
        """Mean rates of active and of other clusters by the number of active clusters, before short visits are removed.

        Returns:
            Indexed by ``n_active``: ``probability``, ``active_hz``, ``inactive_hz`` and their standard errors.
        """
        chosen = self.layout.defines_states
        sessions = (
            (self.get_cluster_spike_rate(i, None, t_from, t_to)[:, chosen], self.get_cluster_activity(i, t_from, t_to))
            for i in range(len(self.durations))
        )
        return active_rates.active_rates(sessions, len(self.layout.state_labels))

    def state_table(
        self, t_from: Edge = None, t_to: Edge = None, *, states: Sequence[StateLike] | None = None
    ) -> pd.DataFrame:
        """Numbers of each state and their standard errors; see `quantity_tables.state_table`.

        By default the states of `get_unique_attractors`; those of several analyses are `shared_states`.
        """
        chosen = None if states is None else self._distinct(states)
        return quantity_tables.state_table(self.session_tables(t_from, t_to), chosen)

    def quantities(self, t_from: Edge = None, t_to: Edge = None) -> pd.DataFrame:
        """Occupancy, durations of activations, intervals and visits, entropy of the states, and what else is measured.

        Returns:
            Indexed by ``quantity``, its name in `QUANTITIES`: ``value``, ``standard_error``, ``unit``, ``label``.
            Quantities of activations are left out where these are not known.
        """
        return quantity_tables.quantities_table(self.session_tables(t_from, t_to))
