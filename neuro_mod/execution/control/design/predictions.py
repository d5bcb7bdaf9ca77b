"""What the gradients of a design predict, from where they were measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from neuro_mod.core.control.climb import PossibleGain, possible_gain
from neuro_mod.core.control.goals import Goal
from neuro_mod.execution.control.design.measurement import OF_GOAL, Measurement, Value, value_of
from neuro_mod.execution.control.design.study import DESIGNED, Study

_Array = NDArray[np.float64]


class Prediction(NamedTuple):
    """A predicted goal.

    Attributes:
        value: The goal.
        low: One standard error below.
        high: One standard error above.
        transformed: The log-odds of a probability, the logarithm of a lifetime: what is predicted linearly.
        error: Its standard error.
    """

    value: float
    low: float
    high: float
    transformed: float
    error: float

    def columns(self, name: str) -> dict[str, float]:
        """Entries of a table."""
        return {name: self.value, f"{name}_low": self.low, f"{name}_high": self.high}


_NONE = Prediction(*[np.nan] * 5)


def predicted(study: Study, vector: _Array) -> Prediction:
    """The goal at a vector, by the gradients of the climb at vectors within the linear range from it.

    NaN if there is none at which the goal was seen. The error is that of what was measured; it leaves out the curvature
    within the linear range.
    """
    near = [each for each in study.of_steps if np.abs(vector - each.vector).max() <= study.linear_range]
    return _extrapolated(study.problem.goal, near, vector)


def predicted_from_zero(study: Study, vector: _Array) -> Prediction:
    """The goal by the gradient without perturbation, however far the vector is; NaN if it is not seen there."""
    assert study.unperturbed is not None
    return _extrapolated(study.problem.goal, [study.unperturbed], vector)


def transformed(goal: Goal, found: Value) -> Value:
    """What is predicted linearly: the log-odds of a probability, the logarithm of a lifetime."""
    value, error = np.float64(found.value), found.error
    with np.errstate(divide="ignore", invalid="ignore"):
        if goal.kind == "duration":
            return Value(float(np.log(value)), float(error / value))
        return Value(float(np.log(value) - np.log1p(-value)), float(error / (value * (1 - value))))


def room(study: Study) -> PossibleGain | None:
    """How much more than that of the design the logarithm of the goal may be; see `possible_gain`.

    None for goals whose logarithm is not even about concave, and if the goal was not seen. That of the probability of
    a state is where perturbations act like fields in an exponential family.
    """
    later, designed = study.of_steps[len(study.of_steps) // 2 :], study.verified[DESIGNED]
    if study.problem.goal.kind != "probability" or not all(each.seen for each in (*later, designed)):
        return None
    found, there = [each.measured(OF_GOAL) for each in later], designed.measured(OF_GOAL)
    vectors = [each.vector for each in later]
    gain = possible_gain(found, vectors, there.objective, there.error, study.problem.constraints)
    return gain if np.isfinite(gain.value + gain.error) else None


def _extrapolated(goal: Goal, measurements: Sequence[Measurement], vector: _Array) -> Prediction:
    """Linear in the logarithm of a lifetime, and in the log-odds of a probability; several ones are averaged."""
    middles, variances = [], []
    odds = goal.kind != "duration"
    for each in measurements:
        found, value = each.measured(OF_GOAL), value_of(goal, each).value
        if each.seen and (value < 1 or not odds):
            move, slope = vector - each.vector, 1 / (1 - value) if odds else 1.0
            middles.append(np.log(value * slope) + slope * (found.gradient @ move))
            variances.append(slope**2 * (found.error**2 + found.gradient_error**2 @ move**2))
    if not middles:
        return _NONE
    middle, error = float(np.mean(middles)), float(np.sqrt(np.sum(variances)) / len(middles))
    back = expit if odds else np.exp
    with np.errstate(over="ignore"):
        value, low, high = (float(back(middle + part * error)) for part in (0, -1, 1))
    return Prediction(value, low, high, middle, error)
