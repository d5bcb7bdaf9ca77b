"""Standard errors over sessions by the jackknife."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.jackknife import deviation_of_left_out
from neuro_mod.core.spiking_net.analysis.states.session_tables import SessionTables
from neuro_mod.core.spiking_net.analysis.states.weighted import Weights
from neuro_mod.errors import invalid

#: Estimates from sessions for each of the weights, arrays of shape ``(n_estimates, ...)``.
Estimator = Callable[[SessionTables, Weights], NDArray[np.float64]]
#: Weights that are held at once, at most.
_TOGETHER = 2**20


def estimate(estimator: Estimator, tables: SessionTables) -> NDArray[np.float64]:
    """The estimate from all sessions, shape ``(...)``."""
    return estimator(tables, np.ones((1, tables.n_sessions)))[0]


def jackknife(estimator: Estimator, tables: SessionTables) -> NDArray[np.float64]:
    """Standard error of an estimate, by leaving out each session in turn.

    Sessions count as independent. A single one is cut into `N_PARTS` that take the place of sessions, see
    `SessionTables.blocks`; these must be longer than the time over which the network remembers its state.

    Args:
        estimator: The estimator.
        tables: The sessions.

    Returns:
        Shape ``(...)`` of the estimate; NaN where an estimate without one of the sessions is not defined.

    References:
        Efron & Tibshirani 1993, An Introduction to the Bootstrap, section 11.2.
        Kuensch 1989, "The jackknife and the bootstrap for general stationary observations" (blocks).
    """
    parts = tables if tables.n_sessions != 1 else tables.parts
    return deviation_of_left_out(leaving_out(estimator, parts))


class Paired(NamedTuple):
    """Estimates from the same sessions without and with a change, arrays of shape ``(...)``.

    Attributes:
        baseline: Without the change.
        changed: With it.
        difference: Changed minus baseline.
        standard_error: Of the difference, by leaving out each pair of sessions in turn; NaN where undefined.
    """

    baseline: NDArray[np.float64]
    changed: NDArray[np.float64]
    difference: NDArray[np.float64]
    standard_error: NDArray[np.float64]


def paired(estimator: Estimator, baseline: SessionTables, changed: SessionTables) -> Paired:
    """Compare sessions pair by pair.

    Args:
        estimator: The estimator.
        baseline: The sessions without the change.
        changed: The same with it, in the same order.

    Raises:
        InputError: They are not equally many.
    """
    if baseline.n_sessions != changed.n_sessions:
        raise invalid("changed", changed.n_sessions, f"{baseline.n_sessions} sessions, as in the baseline")
    before, after = estimate(estimator, baseline), estimate(estimator, changed)
    differences = leaving_out(estimator, changed) - leaving_out(estimator, baseline)
    return Paired(before, after, after - before, deviation_of_left_out(differences))


def leaving_out(estimator: Estimator, tables: SessionTables) -> NDArray[np.float64]:
    """The estimates without each of the sessions, shape ``(n_sessions, ...)``."""
    n = tables.n_sessions
    many = max(1, _TOGETHER // max(n, 1))
    return np.concatenate(
        [
            estimator(tables, np.where(np.arange(i, min(i + many, n))[:, None] == np.arange(n), 0.0, 1.0))
            for i in range(0, n, many)
        ]
        or [estimator(tables, np.ones((0, 0)))]
    )
