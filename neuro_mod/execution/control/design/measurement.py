"""What is kept of the runs under one vector: the goal, what leads to it, other states, and gradients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.control.climb import Measured
from neuro_mod.core.control.goals import SEEN, SEEN_SHARE, Goal
from neuro_mod.core.jackknife import deviation_of_left_out

_Array = NDArray[np.float64]

#: Errors by which a vector has to be better than the mean of a climb, which rests on more runs, to replace it.
SURE = 1.0
#: What a climb follows: the goal, or the nearness to it until it is seen.
OF_GOAL, OF_NEARNESS = "goal", "nearness"


@dataclass(frozen=True, eq=False)
class Measurement:
    """Results of T trials under one vector.

    Args:
        vector: The perturbation, shape ``(P,)``.
        above: Numerator of the goal, mean over time, shape ``(T,)``.
        below: Denominator, likewise.
        nearness: See `Goal.nearness`, means over time, shape ``(T, K)``.
        occupancy: Of each cluster, shape ``(T, C)``.
        roles: Share of time by `ROLES`, shape ``(T, 6)``.
        n_seen: Spans in which the numerator is above 0, in all trials.
        n_states: States with at least a small share of the time.
        gradient: Of the logarithm of the goal, and its standard error, shape ``(2, P)``; NaN if not measured.
        nearness_gradient: Of the sum of the logarithms of the nearness, likewise.
    """

    vector: _Array
    above: _Array
    below: _Array
    nearness: _Array
    occupancy: _Array
    roles: _Array
    n_seen: int
    n_states: int
    gradient: _Array
    nearness_gradient: _Array

    @property
    def n_trials(self) -> int:
        """Number of trials T."""
        return len(self.above)

    @property
    def seen(self) -> bool:
        """Whether the goal was seen often enough for its gradient: many times, or for long."""
        return (self.n_seen >= SEEN or float(self.above.mean()) >= SEEN_SHARE) and float(self.below.mean()) > 0

    def objective(self, kind: str) -> float:
        """What a climb follows, a logarithm."""
        if kind == OF_NEARNESS:
            return float(np.log(np.maximum(self.nearness.mean(axis=0), _TINY)).sum())
        return float(np.log(max(self.above.mean(), _TINY) / max(self.below.mean(), _TINY)))

    def per_trial(self, kind: str) -> _Array:
        """What each trial adds to the objective, to first order, shape ``(T,)``."""
        if kind == OF_NEARNESS:
            return (self.nearness / np.maximum(self.nearness.mean(axis=0), _TINY)).sum(axis=1)
        return self.above / max(self.above.mean(), _TINY) - self.below / max(self.below.mean(), _TINY)

    def measured(self, kind: str) -> Measured:
        """The objective with its gradient, as a climb needs it."""
        per_trial = self.per_trial(kind)
        error = float(per_trial.std(ddof=1) / np.sqrt(self.n_trials)) if self.n_trials > 1 else np.nan
        gradient, gradient_error = self.nearness_gradient if kind == OF_NEARNESS else self.gradient
        return Measured(self.objective(kind), error, gradient, gradient_error, kind)

    def arrays(self) -> dict[str, Any]:
        """What is saved."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def of_arrays(cls, arrays: dict[str, Any]) -> Self:
        """From what was saved."""
        return cls(**{name: value.item() if np.ndim(value) == 0 else value for name, value in arrays.items()})


#: Stands for a mean of 0 in a logarithm: less than a bin in an hour.
_TINY = 1e-6


@dataclass(frozen=True)
class Value:
    """A goal with its standard error; both NaN where undefined."""

    value: float
    error: float


def value_of(goal: Goal, measurement: Measurement) -> Value:
    """The goal over all trials, with an error by leaving out each trial in turn."""
    return Value(_goal(goal, measurement), float(deviation_of_left_out(_left_out(goal, measurement))))


def difference_of(goal: Goal, changed: Measurement, baseline: Measurement) -> Value:
    """The difference between trials under the same noise, with its paired error."""
    left_out = _left_out(goal, changed) - _left_out(goal, baseline)
    return Value(_goal(goal, changed) - _goal(goal, baseline), float(deviation_of_left_out(left_out)))


def is_better(one: Measurement, other: Measurement, kind: str) -> bool:
    """Whether the objective is higher by more than `SURE` errors, in trials under the same noise."""
    if kind == OF_GOAL and one.seen != other.seen:
        return one.seen
    apart = one.per_trial(kind) - other.per_trial(kind)
    error = apart.std(ddof=1) / np.sqrt(len(apart)) if len(apart) > 1 else np.inf
    return one.objective(kind) - other.objective(kind) > SURE * error


def mean_and_error(per_trial: _Array) -> Sequence[_Array]:
    """Mean over trials and its standard error, for values of shape ``(T, ...)``."""
    n = len(per_trial)
    error = per_trial.std(axis=0, ddof=1) / np.sqrt(n) if n > 1 else np.full(per_trial.shape[1:], np.nan)
    return per_trial.mean(axis=0), error


def _goal(goal: Goal, measurement: Measurement) -> float:
    return goal.value(float(measurement.above.mean()), float(measurement.below.mean()))


def _left_out(goal: Goal, measurement: Measurement) -> _Array:
    above, below = measurement.above, measurement.below
    return np.array(
        [goal.value(*(float(np.delete(each, i).mean()) for each in (above, below))) for i in range(len(above))]
        if len(above) > 1
        else [np.nan]
    )
