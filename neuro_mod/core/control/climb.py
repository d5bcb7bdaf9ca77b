"""A climb along measured gradients, in steps over which the gradient predicts what happens.

Each step measures an objective and its gradient anew, with their errors. Gradients of the latest steps are averaged,
as the errors of one are large, and drawn together within groups of populations that a symmetric network could not tell
apart, as far as they do not differ by more than their errors. The step is the projection of a move along the gradient,
no longer than a radius in any population. The radius shrinks where the gain falls short of what the gradient
predicted, and grows where it does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.control.constraints import Constraints

_Array = NDArray[np.float64]

#: Weight of each earlier gradient compared with the one after it.
MEMORY = 0.8
#: A predicted gain that is realised by less than the first part, or more than the second, changes the radius by this.
_TOO_LITTLE, _ENOUGH, _FACTOR = 0.25, 0.75, 2.0
#: A radius changes by at most this factor in all.
_LARGEST_CHANGE = 8.0
#: Vectors are cut to multiples of this part of the budget: what differs less is the same, whatever computed it.
_GRID = 1e-9
#: Errors of how many sizes count as the gradient being known.
_KNOWN = 2.0


class Measured(NamedTuple):
    """An objective at one vector.

    Attributes:
        objective: The logarithm of what is raised, say.
        error: Its standard error.
        gradient: Its derivatives, shape ``(P,)``.
        gradient_error: Their standard errors.
        kind: What the objective is; those of different kinds are not compared.
    """

    objective: float
    error: float
    gradient: _Array
    gradient_error: _Array
    kind: str


@dataclass(frozen=True, eq=False)
class Step:
    """A step of a climb.

    Args:
        vector: Where it measured, shape ``(P,)``.
        measured: What it found.
        radius: Of the steps from here, in the unit of the vector.
        predicted: Gain on the vector where the step began that the gradient predicted; NaN if they cannot be compared.
        realised: The gain that was measured.
        error: Its standard error.
        went_back: Whether the objective fell, so that the climb goes on from the vector before.
    """

    vector: _Array
    measured: Measured
    radius: float
    predicted: float = np.nan
    realised: float = np.nan
    error: float = np.nan
    went_back: bool = False

    @property
    def linear(self) -> bool | None:
        """Whether the gain is what was predicted, within two errors; None if they cannot be compared."""
        if not np.isfinite(self.predicted - self.realised + self.error):
            return None
        return abs(self.realised - self.predicted) <= _KNOWN * self.error


def climb(
    measure: Callable[[_Array, int], Measured],
    start: _Array,
    constraints: Constraints,
    groups: Sequence[Sequence[int]],
    *,
    radius: float,
    n_steps: int,
) -> Iterator[Step]:
    """Climb.

    Args:
        measure: Measures the objective at a vector; it is also given the number of the step.
        start: The first vector, which is allowed.
        constraints: What is allowed.
        groups: Populations whose gradients are alike in a symmetric network; each belongs to one group at most.
        radius: Of the first step, in the unit of the vector.
        n_steps: Vectors that are measured, the start included.

    Yields:
        Each step once it is measured.
    """
    steps: list[Step] = []
    vector, bounds = rounded(start, constraints), (radius / _LARGEST_CHANGE, radius * _LARGEST_CHANGE)
    origin = vector
    for number in range(n_steps):
        measured = measure(vector, number)
        step = _judged(vector, origin, measured, steps, radius, bounds)
        steps.append(step)
        yield step
        radius = step.radius
        origin = origin if step.went_back else vector
        gradient, error = averaged([step.measured for step in steps])
        direction = uphill(drawn_together(gradient, error, groups), error, constraints)
        vector = rounded(constraints.project(origin + radius * direction), constraints)


def _judged(
    vector: _Array,
    origin: _Array,
    measured: Measured,
    earlier: Sequence[Step],
    radius: float,
    bounds: tuple[float, float],
) -> Step:
    """A step from an origin, and the radius from it on."""
    before = next((step.measured for step in earlier[::-1] if step.vector is origin), None)
    if before is None or before.kind != measured.kind:
        return Step(vector, measured, radius)
    gradient, gradient_error = averaged([step.measured for step in earlier])
    move = vector - origin
    predicted, realised = float(move @ gradient), measured.objective - before.objective
    error = float(np.sqrt(measured.error**2 + before.error**2 + move**2 @ gradient_error**2))
    if realised + _KNOWN * error < _TOO_LITTLE * max(predicted, 0):
        radius /= _FACTOR
    elif predicted > _KNOWN * error and realised > _ENOUGH * predicted:
        radius *= _FACTOR
    went_back = realised + _KNOWN * error < 0
    return Step(vector, measured, float(np.clip(radius, *bounds)), predicted, realised, error, went_back)


def averaged(measured: Sequence[Measured]) -> tuple[_Array, _Array]:
    """Mean of the latest gradients of one kind, older ones weighing less, and its standard error."""
    same = [each for each in measured if each.kind == measured[-1].kind]
    weights = MEMORY ** np.arange(len(same))[::-1]
    weights /= weights.sum()
    variances = np.array([each.gradient_error**2 for each in same])
    return weights @ np.array([each.gradient for each in same]), np.sqrt(weights**2 @ variances)


def drawn_together(gradient: _Array, error: _Array, groups: Sequence[Sequence[int]]) -> _Array:
    """Gradients with those of each group drawn to their mean, as far as their differences are within their errors.

    Args:
        gradient: Shape ``(P,)``.
        error: Standard errors, shape ``(P,)``; NaN for unknown ones, which change nothing.
        groups: Populations of each group; a group of one is drawn to 0.

    References:
        Efron & Morris 1975, "Data analysis using Stein's estimator and its generalizations" (positive part).
    """
    found = gradient.copy()
    for group in map(list, groups):
        noise = float(np.mean(error[group] ** 2))
        if not np.isfinite(noise):
            continue
        centre = float(gradient[group].mean()) if len(group) > 1 else 0.0
        apart = gradient[group] - centre
        spread = float((apart**2).sum() / max(len(group) - 1, 1))
        found[group] = centre + apart * max(0.0, 1 - noise / spread if spread > 0 else 0.0)
    return found


def uphill(gradient: _Array, error: _Array, constraints: Constraints) -> _Array:
    """The direction of a step, of largest entry 1 at most: steepest in the norm of the constraints.

    In l2 it is the gradient. Where the largest entry is bounded, all entries move alike, as far as their signs are
    known; see `climb` for the projection that follows.
    """
    slope = constraints.within_subspace(gradient)
    if constraints.norm == "linf" and np.isfinite(error).all():
        return np.clip(slope / np.maximum(_KNOWN * error, np.finfo(float).tiny), -1, 1)
    largest = np.abs(slope).max()
    return slope / largest if largest > 0 else slope


class PossibleGain(NamedTuple):
    """How much more an objective may be than at a vector.

    Attributes:
        value: The gain.
        error: Its standard error.
    """

    value: float
    error: float


def possible_gain(
    measured: Sequence[Measured], vectors: Sequence[_Array], objective: float, error: float, constraints: Constraints
) -> PossibleGain:
    """How much more an objective may be than a value, at the allowed vector of which the gradients promise most.

    That is ``max_y mean_i [f_i + g_i . (y - x_i)] - f`` over allowed vectors y, for objectives f_i and gradients g_i
    that were measured at vectors x_i. No allowed vector is better if the objective is concave and nothing had errors.
    Those of the gradients make the maximum too large on average; the standard error is that at y.

    Args:
        measured: What was measured at some vectors.
        vectors: These, shape ``(P,)`` each.
        objective: The value f that is to be bettered.
        error: Its standard error.
        constraints: Which vectors are allowed.

    References:
        Jaggi 2013, "Revisiting Frank-Wolfe: projection-free sparse convex optimization" (the duality gap).
    """
    best = constraints.furthest(np.mean([each.gradient for each in measured], axis=0))
    moves = [best - vector for vector in vectors]
    promised = [each.objective + each.gradient @ move for each, move in zip(measured, moves, strict=True)]
    variances = [each.error**2 + each.gradient_error**2 @ move**2 for each, move in zip(measured, moves, strict=True)]
    spread = float(np.sqrt(np.sum(variances) / len(measured) ** 2 + error**2))
    return PossibleGain(float(np.mean(promised)) - objective, spread)


def settled(steps: Sequence[Step], constraints: Constraints) -> _Array:
    """Mean of the vectors of the later half of a climb, in which the errors of their gradients average out."""
    later = [step.vector for step in steps[len(steps) // 2 :]]
    return rounded(constraints.project(np.mean(later, axis=0)), constraints)


def rounded(vector: _Array, constraints: Constraints) -> _Array:
    """A vector on a fine grid, no larger than before."""
    grid = _GRID * constraints.budget
    # what is on the grid stays there, in spite of the rounding of the division
    return np.trunc(vector / grid + np.sign(vector) * 1e-3) * grid
