"""Pseudo-arclength continuation of a branch of steady states.

References:
    Keller 1977; Govaerts, "Numerical Methods for Bifurcations of Dynamical Equilibria" (2000).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.mean_field.analysis.curve import Curve
from neuro_mod.core.mean_field.analysis.meeting import meeting_point
from neuro_mod.core.mean_field.analysis.segment import Segment

_Array = NDArray[np.float64]

#: How a branch can end: at a limit of the parameter, where two levels of clusters become one, in itself, after too many
#: points, or where no next point was found.
LIMIT, SYMMETRY, CLOSED, TOO_LONG, LOST = "limit", "symmetry", "closed", "too long", "lost"

_FIRST_STEP, _MAX_STEP, _SHORTEST_STEP = 0.01, 0.06, 1e-9
#: Cosine of the largest turn of the tangent in a step, and of one after which steps do not grow.
_MAX_TURN, _LARGE_TURN = np.cos(0.2), np.cos(0.08)
#: Largest distance of a point from its prediction, relative to the step.
_FARTHEST = 0.2
#: Levels whose E rates differ by less, relative to 1 Hz and more, are one.
_EQUAL = 1e-7
#: The last point before levels become one, as part of the step there.
_JUST_BEFORE = 0.98


@dataclass(frozen=True, eq=False)
class BranchPoints:
    """Points along a branch.

    Args:
        points: Shape ``(n, G + 1)``, see `Curve`.
        tangents: Unit tangents, shape ``(n, G + 1)``.
        ends: How it ends before the first and after the last point.
    """

    points: _Array
    tangents: _Array
    ends: tuple[str, str]

    def segment(self, curve: Curve, k: int) -> Segment:
        """The piece from point k to the next."""
        return Segment(curve, self.points[k], self.points[k + 1], self.tangents[k])


def follow(curve: Curve, start: _Array, levels: list[tuple[int, int]], most_points: int) -> BranchPoints:
    """The branch through a solution, to both sides.

    Args:
        curve: The equations.
        start: A solution, shape ``(G + 1,)``.
        levels: Pairs of groups, E populations of clusters that could be swapped; where their rates become equal, the
            branch ends.
        most_points: Bound on the number of points to either side.
    """
    tangent = curve.tangent(start, curve.along_parameter)
    walk = _Walk(curve, start, levels, most_points)
    points, tangents, end = walk.go(tangent)
    if end == CLOSED:
        return BranchPoints(points, tangents, (CLOSED, CLOSED))
    other, their_tangents, begin = walk.go(-tangent)
    return BranchPoints(
        np.concatenate([other[:0:-1], points]), np.concatenate([-their_tangents[:0:-1], tangents]), (begin, end)
    )


@dataclass(frozen=True, eq=False)
class _Walk:
    curve: Curve
    start: _Array
    levels: list[tuple[int, int]]
    most_points: int

    def go(self, tangent: _Array) -> tuple[_Array, _Array, str]:
        """Points, tangents, and how the branch ends, to the side of a tangent at the start."""
        points, tangents, step = [self.start], [tangent], _FIRST_STEP
        end = LIMIT if _leaves(self.start, tangent) else ""
        while not end:
            new = self._next(points[-1], tangents[-1], step)
            if new is None:
                step /= 2
                end = LOST if step < _SHORTEST_STEP else ""
                continue
            ahead = new - points[-1]
            if len(points) > 2 and self._passes_start(points[-1], ahead, tangent):
                points.append(self.start)
                tangents.append(tangent)
                return np.array(points), np.array(tangents), CLOSED
            pair = self._joined(points[-1], new)
            if pair is not None:
                self._join(points, tangents, new, pair)
                return np.array(points), np.array(tangents), SYMMETRY
            direction = self.curve.tangent(new, tangents[-1])
            turn = direction @ tangents[-1]
            if turn < _MAX_TURN and step > _SHORTEST_STEP:
                step /= 2
                continue
            points.append(new)
            tangents.append(direction)
            step = min(_MAX_STEP, 1.5 * step) if turn > _LARGE_TURN else step
            end = LIMIT if new[-1] in (0.0, 1.0) else TOO_LONG if len(points) > self.most_points else ""
        return np.array(points), np.array(tangents), end

    def _next(self, u: _Array, tangent: _Array, step: float) -> _Array | None:
        """A point one step on, or at the limit."""
        guess, normal = u + step * tangent, tangent
        outside = _leaves(guess, tangent)
        if outside:
            limit = float(guess[-1] >= 1)
            guess = u + (limit - u[-1]) / tangent[-1] * tangent
            guess[-1], normal = limit, self.curve.along_parameter
        new = self.curve.correct(guess, normal)
        if new is None or np.linalg.norm(new - guess) > _FARTHEST * step:
            return None
        if outside:
            new[-1] = guess[-1]
        return new

    def _passes_start(self, u: _Array, ahead: _Array, tangent: _Array) -> bool:
        length = np.linalg.norm(ahead)
        along = (self.start - u) @ ahead / length
        aside = np.linalg.norm(self.start - u - along * ahead / length)
        return bool(0 < along <= length and aside < _FARTHEST * length and tangent @ ahead > 0)

    def _joined(self, u: _Array, new: _Array) -> tuple[int, int] | None:
        for a, b in self.levels:
            apart = new[a] - new[b]
            if apart * np.sign(u[a] - u[b]) <= _EQUAL * max(new[a], 1 / 30):
                return a, b
        return None

    def _join(self, points: list[_Array], tangents: list[_Array], new: _Array, pair: tuple[int, int]) -> None:
        """Add the point where two levels become one, and one just before."""
        u, tangent = points[-1], tangents[-1]
        step = Segment(self.curve, u, new, tangent)
        nearby = step.at(step.zero(lambda point: float(point[pair[0]] - point[pair[1]])))
        met = meeting_point(self.curve, nearby, pair)
        end = nearby if met is None else met
        for point in (Segment(self.curve, u, end, tangent).at(_JUST_BEFORE), end):
            points.append(point)
            tangents.append(self.curve.tangent(point, tangents[-1]))


def _leaves(u: _Array, tangent: _Array) -> bool:
    return bool((u[-1] <= 0 and tangent[-1] < 0) or (u[-1] >= 1 and tangent[-1] > 0))
