"""The quantities that are measured of states and clusters, each defined once.

The summary of an analysis, the measures of sweeps, the effects of perturbations and the comparison of conditions take
their numbers from here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuro_mod.core.spiking_net.analysis.states.names import State
from neuro_mod.core.spiking_net.analysis.states.resampling import Estimator, estimate, jackknife
from neuro_mod.core.spiking_net.analysis.states.session_tables import SessionTables, Spans
from neuro_mod.core.spiking_net.analysis.states.weighted import (
    Weights,
    by_session,
    by_session_and_kind,
    kaplan_meier_mean,
    mean_duration,
    ratio,
    variation,
)


@dataclass(frozen=True)
class StateQuantity:
    """A number that describes the states or clusters of some sessions.

    Attributes:
        name: Its name in tables; the ending says the unit.
        label: What it is, for people.
        unit: Its unit; empty without one.
        of: Estimates it under weights of the sessions, see `weighted`.
        from_activations: Whether it needs activations, and not visits alone.
    """

    name: str
    label: str
    unit: str
    of: Estimator
    from_activations: bool = False

    def value(self, tables: SessionTables) -> float:
        """The quantity of all sessions together; NaN where it is not defined."""
        return float(estimate(self.of, tables))

    def standard_error(self, tables: SessionTables) -> float:
        """Its standard error over sessions, see `resampling.jackknife`."""
        return float(jackknife(self.of, tables))

    def known(self, tables: SessionTables) -> bool:
        """Whether the tables hold what it is computed from."""
        return tables.activations is not None or not self.from_activations


def occupancies(tables: SessionTables, weights: Weights) -> NDArray[np.float64]:
    """Part of the time of all sessions in which each cluster is active, shape ``(n_estimates, n_clusters)``."""
    active, shape = tables.known_activations, (tables.n_sessions, tables.n_clusters)
    cluster = np.searchsorted(tables.labels, active["cluster"].to_numpy(np.int64))
    time = weights @ by_session_and_kind(active, cluster, shape, active["duration"])
    return ratio(time, (weights @ tables.durations)[:, None])


def time_by_number_active(n: int) -> Estimator:
    """Estimates the part of the time in visits with 0, 1, ..., n - 1 active clusters, shape ``(n_estimates, n)``."""

    def parts(tables: SessionTables, weights: Weights) -> NDArray[np.float64]:
        shape = tables.n_sessions, n
        time = weights @ by_session_and_kind(tables.visits, tables.n_active, shape, tables.visits["duration"])
        return ratio(time, time.sum(axis=1, keepdims=True))

    return parts


def state_probabilities(states: Sequence[State]) -> Estimator:
    """Estimates the part of the time of all sessions in each state, shape ``(n_estimates, n_states)``."""

    def parts(tables: SessionTables, weights: Weights) -> NDArray[np.float64]:
        place = {state: index for index, state in enumerate(states)}
        column = np.array([place.get(state, len(states)) for state in tables.states], np.int64)[tables.state_codes]
        shape = tables.n_sessions, len(states) + 1  # the last one for other states
        time = weights @ by_session_and_kind(tables.visits, column, shape, tables.visits["duration"])
        return ratio(time[:, :-1], (weights @ tables.durations)[:, None])

    return parts


def _occupancy(tables: SessionTables, weights: Weights) -> NDArray[np.float64]:
    return occupancies(tables, weights).mean(axis=1)


def _mean_active(tables: SessionTables, weights: Weights) -> NDArray[np.float64]:
    n = tables.n_active.max(initial=0) + 1
    return time_by_number_active(n)(tables, weights) @ np.arange(n)


def _activation_rate(tables: SessionTables, weights: Weights) -> NDArray[np.float64]:
    """Begins of activations per second and cluster."""
    active = tables.known_activations
    seen = active.loc[~active["censored_start"].to_numpy(bool)]
    return ratio(weights @ by_session(seen, tables.n_sessions), tables.n_clusters * (weights @ tables.durations))


def _entropy(tables: SessionTables, weights: Weights) -> NDArray[np.float64]:
    """Entropy of the probabilities of the states, by the time spent in them, in bits.

    Plugging in observed fractions of time underestimates it (Miller 1955): states that a short recording does not visit
    are missing. Compare recordings of equal length.
    """
    shape = tables.n_sessions, len(tables.states)
    time = weights @ by_session_and_kind(tables.visits, tables.state_codes, shape, tables.visits["duration"])
    total = time.sum(axis=1)
    fraction = ratio(time, total[:, None])
    surprise = -np.log2(fraction, out=np.zeros(fraction.shape), where=fraction > 0)
    return np.where(total > 0, np.sum(np.where(fraction > 0, fraction, 0) * surprise, axis=1), np.nan)


def _n_states(tables: SessionTables, weights: Weights) -> NDArray[np.float64]:
    """Number of distinct states; its jackknife is that of the number of species (Heltshe & Forrester 1983)."""
    shape = tables.n_sessions, len(tables.states)
    visits = weights @ by_session_and_kind(tables.visits, tables.state_codes, shape)
    return np.count_nonzero(visits > 0, axis=1).astype(np.float64)


def _reassigned(tables: SessionTables, weights: Weights) -> NDArray[np.float64]:
    return ratio(weights @ (tables.reassigned * tables.durations), weights @ tables.durations)


def _durations(
    name: str,
    label: str,
    unit: str,
    spans: Spans,
    of_spans: Callable[[pd.DataFrame, Weights], NDArray[np.float64]],
) -> StateQuantity:
    """A quantity of the durations of visits, activations or intervals."""
    return StateQuantity(
        name, label, unit, lambda tables, weights: of_spans(tables.spans(spans), weights), spans != "visits"
    )


_DEFINED = (
    StateQuantity("occupancy", "occupancy of clusters", "", _occupancy, True),
    StateQuantity("active_clusters_detected", "active clusters detected", "", _mean_active),
    _durations("mean_activation_sec", "mean of whole activations", "s", "activations", mean_duration),
    _durations(
        "mean_activation_kaplan_meier_sec", "mean activation, Kaplan-Meier", "s", "activations", kaplan_meier_mean
    ),
    _durations("mean_interval_sec", "mean of whole intervals", "s", "intervals", mean_duration),
    _durations("mean_interval_kaplan_meier_sec", "mean interval, Kaplan-Meier", "s", "intervals", kaplan_meier_mean),
    _durations("interval_cv", "CV of whole intervals", "", "intervals", variation),
    StateQuantity("activation_rate_hz", "activations per cluster", "Hz", _activation_rate, True),
    _durations("mean_lifespan_sec", "mean lifespan of whole visits", "s", "visits", mean_duration),
    _durations("mean_lifespan_kaplan_meier_sec", "mean lifespan, Kaplan-Meier", "s", "visits", kaplan_meier_mean),
    StateQuantity("state_entropy_bits", "entropy of the states", "bits", _entropy),
    StateQuantity("n_states", "number of states", "", _n_states),
    StateQuantity("time_reassigned", "share of time in too short visits", "", _reassigned),
)
#: All quantities by name.
QUANTITIES = {quantity.name: quantity for quantity in _DEFINED}
