"""The quantities that are measured of states and clusters, each defined once.

The summary of an analysis, the measures of sweeps, the effects of perturbations and the comparison of conditions take
their numbers from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuro_mod.core.spiking_net.analysis.states.resampling import Estimator, estimate, jackknife
from neuro_mod.core.spiking_net.analysis.states.session_tables import SessionTables
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


def quantities_table(tables: SessionTables, names: Sequence[str] | None = None) -> pd.DataFrame:
    """One row for each quantity that is known.

    Args:
        tables: The sessions.
        names: Of `QUANTITIES`; all by default.

    Returns:
        Indexed by ``quantity``: ``value``, ``standard_error``, ``unit``, ``label``.
    """
    known = [QUANTITIES[name] for name in names or QUANTITIES if QUANTITIES[name].known(tables)]
    columns = {
        "value": np.array([each.value(tables) for each in known], np.float64),
        "standard_error": np.array([each.standard_error(tables) for each in known], np.float64),
        "unit": [each.unit for each in known],
        "label": [each.label for each in known],
    }
    return pd.DataFrame(columns, index=pd.Index([each.name for each in known], name="quantity", dtype=object))


def _mean_occupancy(tables: SessionTables, weights: Weights) -> NDArray[np.float64]:
    active, n = tables.known_activations, tables.n_sessions
    time = tables.n_clusters * (weights @ tables.durations)
    return ratio(weights @ by_session(active, n, active["duration"]), time)


def _mean_active(tables: SessionTables, weights: Weights) -> NDArray[np.float64]:
    visits, n = tables.visits, tables.n_sessions
    time = visits["duration"].to_numpy(np.float64)
    return ratio(weights @ by_session(visits, n, time * tables.n_active), weights @ by_session(visits, n, time))


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


_DEFINED = (
    StateQuantity("mean_occupancy", "mean occupancy of clusters", "", _mean_occupancy, True),
    StateQuantity("active_clusters_detected", "active clusters detected", "", _mean_active),
    StateQuantity(
        *("mean_activation_sec", "mean activation seen whole", "s"),
        *(lambda tables, weights: mean_duration(tables.known_activations, weights), True),
    ),
    StateQuantity(
        *("mean_activation_kaplan_meier_sec", "mean activation, Kaplan-Meier", "s"),
        *(lambda tables, weights: kaplan_meier_mean(tables.known_activations, weights), True),
    ),
    StateQuantity(
        *("mean_interval_sec", "mean interval between activations seen whole", "s"),
        *(lambda tables, weights: mean_duration(tables.intervals, weights), True),
    ),
    StateQuantity(
        *("mean_interval_kaplan_meier_sec", "mean interval between activations, Kaplan-Meier", "s"),
        *(lambda tables, weights: kaplan_meier_mean(tables.intervals, weights), True),
    ),
    StateQuantity(
        *("interval_cv", "CV of intervals between activations", ""),
        *(lambda tables, weights: variation(tables.intervals, weights), True),
    ),
    StateQuantity("activation_rate_hz", "activations per second and cluster", "Hz", _activation_rate, True),
    StateQuantity(
        *("mean_lifespan_sec", "mean lifespan of states", "s"),
        lambda tables, weights: mean_duration(tables.visits, weights),
    ),
    StateQuantity(
        *("mean_lifespan_kaplan_meier_sec", "mean lifespan of states, Kaplan-Meier", "s"),
        lambda tables, weights: kaplan_meier_mean(tables.visits, weights),
    ),
    StateQuantity("state_entropy_bits", "entropy of the states", "bits", _entropy),
    StateQuantity("n_states", "number of states", "", _n_states),
    StateQuantity("time_reassigned", "share of time in too short visits", "", _reassigned),
)
#: All quantities by name.
QUANTITIES = {quantity.name: quantity for quantity in _DEFINED}
