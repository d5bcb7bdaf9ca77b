"""Tables of quantities: of all sessions, of each cluster, each number of active clusters, each state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuro_mod.core.spiking_net.analysis.states.names import State
from neuro_mod.core.spiking_net.analysis.states.quantities import (
    QUANTITIES,
    StateQuantity,
    occupancies,
    state_probabilities,
    time_by_number_active,
)
from neuro_mod.core.spiking_net.analysis.states.resampling import Estimator, estimate, jackknife
from neuro_mod.core.spiking_net.analysis.states.session_tables import SessionTables
from neuro_mod.core.spiking_net.analysis.states.state_statistics import states_table

#: Quantities of each cluster, of each number of active clusters, and of hidden states.
OF_CLUSTERS = [quantity for quantity in QUANTITIES.values() if quantity.from_activations]
OF_NUMBERS_ACTIVE = [QUANTITIES[name] for name in ("mean_lifespan_sec", "mean_lifespan_kaplan_meier_sec")]
OF_HIDDEN_STATES = [*OF_NUMBERS_ACTIVE, QUANTITIES["state_entropy_bits"]]
_ERROR = "standard_error"


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
        _ERROR: np.array([each.standard_error(tables) for each in known], np.float64),
        "unit": [each.unit for each in known],
        "label": [each.label for each in known],
    }
    return pd.DataFrame(columns, index=pd.Index([each.name for each in known], name="quantity", dtype=object))


def occupancy_table(tables: SessionTables) -> pd.DataFrame:
    """Part of the time in which each cluster is active: ``occupancy``, ``standard_error``, indexed by ``cluster``."""
    columns = {"occupancy": estimate(occupancies, tables), _ERROR: jackknife(occupancies, tables)}
    return pd.DataFrame(columns, index=_clusters(tables))


def cluster_table(tables: SessionTables) -> pd.DataFrame:
    """One row for each cluster that defines states, with every quantity of activations.

    Returns:
        Indexed by ``cluster``: ``activations``, their number, and for each of `QUANTITIES` that is computed from
        activations its value and its standard error, ``NAME`` and ``NAME_standard_error``.
    """
    rows = []
    for label in tables.labels.tolist():
        of_cluster = tables.of_cluster(label)
        rows.append({"activations": len(of_cluster.known_activations)} | _both(OF_CLUSTERS, of_cluster))
    return pd.DataFrame(rows, index=_clusters(tables))


def active_table(tables: SessionTables) -> pd.DataFrame:
    """One row for each number of active clusters, from 0 to the largest.

    Returns:
        Indexed by ``n_active``: ``probability``, its part of the time in visits, ``probability_standard_error``,
        ``visits``, and mean durations of these visits with their standard errors, named as in `QUANTITIES`.
    """
    numbers = np.arange(tables.n_active.max(initial=-1) + 1)
    by_number = time_by_number_active(len(numbers))
    columns: dict[str, NDArray[Any]] = {
        "probability": estimate(by_number, tables),
        f"probability_{_ERROR}": jackknife(by_number, tables),
    }
    columns["visits"] = np.bincount(tables.n_active, minlength=len(numbers))
    rows = [_both(OF_NUMBERS_ACTIVE, tables.of_number_active(n)) for n in numbers.tolist()]
    names = [each for quantity in OF_NUMBERS_ACTIVE for each in (quantity.name, f"{quantity.name}_{_ERROR}")]
    columns |= {name: np.array([row[name] for row in rows], np.float64) for name in names}
    return pd.DataFrame(columns, index=pd.Index(numbers, name="n_active"))


def state_table(tables: SessionTables, states: Sequence[State] | None = None) -> pd.DataFrame:
    """One row for each state.

    Args:
        tables: The sessions.
        states: The states and their order; by default those that were visited, in the order of `names.state_order`.

    Returns:
        Indexed by ``number``, the place in this order: ``state``, ``n_active``, ``visits``, ``probability``, its part
        of the time of all sessions, ``probability_standard_error``, ``mean_lifespan_sec`` (visits seen whole),
        ``mean_lifespan_kaplan_meier_sec``, ``mean_rate_hz`` of the active clusters.
    """
    chosen = tables.states if states is None else list(states)
    probabilities: Estimator = state_probabilities(chosen)
    found = states_table(tables.visits, float(tables.durations.sum())).set_index("state")
    rows = found.to_dict("index")
    never = {"occurrences": 0} | dict.fromkeys(found.columns.drop("occurrences"), np.nan)
    of_state = [rows.get(state, never) for state in chosen]
    columns = {
        "state": pd.Series(chosen, dtype=object),
        "n_active": np.array([len(state) for state in chosen if isinstance(state, tuple)], np.int64),
        "visits": np.array([row["occurrences"] for row in of_state], np.int64),
        "probability": estimate(probabilities, tables),
        f"probability_{_ERROR}": jackknife(probabilities, tables),
    }
    durations = {"mean_lifespan": "mean_lifespan_sec", "mean_lifespan_kaplan_meier": "mean_lifespan_kaplan_meier_sec"}
    for name, column in (durations | {"mean_rate": "mean_rate_hz"}).items():
        columns[column] = np.array([row[name] for row in of_state], np.float64)
    return pd.DataFrame(columns).rename_axis("number")


def _both(quantities: Sequence[StateQuantity], tables: SessionTables) -> dict[str, float]:
    """Value and standard error of quantities by column."""
    numbers = {}
    for each in quantities:
        numbers |= {each.name: each.value(tables), f"{each.name}_{_ERROR}": each.standard_error(tables)}
    return numbers


def _clusters(tables: SessionTables) -> pd.Index:
    return pd.Index(tables.labels, name="cluster")
