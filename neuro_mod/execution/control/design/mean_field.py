"""The direction that the mean field suggests: how the rates of a steady state move with a perturbation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuro_mod.choices import DesignTarget
from neuro_mod.config import Experiment
from neuro_mod.core.control.goals import Goal
from neuro_mod.core.mean_field.core import stable_states_of
from neuro_mod.errors import NumericalError
from neuro_mod.execution.notices import notices_kept
from neuro_mod.execution.stagers import FullMeanFieldStager

_Array = NDArray[np.float64]


def mean_field_direction(experiment: Experiment, goal: Goal, target: DesignTarget) -> _Array | None:
    """How the rates of the members, minus those of the others where the goal is about the state, move.

    Args:
        experiment: The configuration.
        goal: The goal.
        target: What is perturbed.

    Returns:
        Hz per unit of the target at the state in which exactly the members are active, shape ``(P,)``; for goals that
        leave the others open, where there is none, at that with as few others as there is. None if the mean field has
        no such state, or it is at a fold.
    """
    field = FullMeanFieldStager(experiment).field
    n_others = 0 if goal.of_state else len(goal.others)
    choices = [(*goal.members, *goal.others[:n]) for n in range(n_others + 1)]
    with notices_kept():
        state = next((found for found in stable_states_of(field, choices) if found is not None), None)
    if state is None:
        return None
    weights = np.zeros(field.n_populations)
    weights[list(goal.members)] = 1 / len(goal.members)
    if goal.others and goal.kind != "occupancy":
        weights[goal.others] = -1 / len(goal.others)
    try:
        return field.sensitivity(state, [target])[target].rates @ weights
    except NumericalError:
        return None
