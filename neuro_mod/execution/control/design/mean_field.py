"""The direction that the mean field suggests: how the rates of a fixed point move with a perturbation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuro_mod.choices import DesignTarget
from neuro_mod.core.control.goals import Goal
from neuro_mod.core.mean_field.core.lif_mean_field import LIFMeanField
from neuro_mod.core.modulation import modulated_circuit
from neuro_mod.execution.stagers import StageSNNSimulation

_Array = NDArray[np.float64]

#: Rates in Hz from which a state is looked for, highest first: of active clusters, and of the other E and I ones.
_ACTIVE, _INACTIVE = (60.0, 45.0, 30.0), (3.0, 7.0)
#: Change of the target by which the response functions are differentiated: errors of about 1e-8 of the derivative.
_CHANGE = 1e-4


def mean_field_direction(stager: StageSNNSimulation, goal: Goal, target: DesignTarget) -> _Array | None:
    """How the rates of the members, minus those of the others where the goal is about the state, move.

    At a steady state ``F(nu, delta) = -nu + phi = 0``, the implicit function theorem gives
    ``d nu / d delta = -(dF/dnu)^-1 dphi/d delta``. It holds at the state in which exactly the members are active.

    Args:
        stager: The configuration.
        goal: The goal.
        target: What is perturbed.

    Returns:
        Hz per unit of the target, shape ``(P,)``; None if the mean field has no such state.
    """
    populations, field = stager.circuit.populations, LIFMeanField.from_circuit(stager.circuit)
    members, others = list(goal.members), goal.others
    rates = _state(field, goal)
    if rates is None:
        return None
    by_target = np.column_stack(
        [
            (_drive(stager, target, rates, a, _CHANGE) - _drive(stager, target, rates, a, -_CHANGE)) / (2 * _CHANGE)
            for a in range(populations.total)
        ]
    )
    weights = np.zeros(populations.total)
    weights[members] = 1 / len(members)
    if others and goal.kind != "occupancy":
        weights[others] = -1 / len(others)
    try:
        return -np.linalg.solve(field.jacobian(rates).T, weights) @ by_target
    except np.linalg.LinAlgError:
        return None


def _state(field: LIFMeanField, goal: Goal) -> _Array | None:
    """Rates of the steady state in which the members are active and no other cluster is; None if none is found."""
    members, others, n_clusters = list(goal.members), goal.others, goal.n_clusters
    for active in _ACTIVE:
        start = np.repeat(_INACTIVE, n_clusters + 1)
        start[members] = active
        start[[n_clusters + 1 + cluster for cluster in members]] = active
        found = field.solve_rates(start)
        if found.success and (not others or found.x[members].min() > 2 * found.x[others].max()):
            return found.x
    return None


def _drive(stager: StageSNNSimulation, target: DesignTarget, rates: _Array, population: int, change: float) -> _Array:
    delta = np.zeros(len(rates))
    delta[population] = change
    return LIFMeanField.from_circuit(modulated_circuit(stager.baseline, {target: delta})).equations(rates)
