"""Steady states of a family of mean fields in which groups of populations have equal rates: a curve, locally."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.mean_field.analysis.family import FieldFamily
from neuro_mod.core.mean_field.core.newton import Linearization

_Array = NDArray[np.float64]

#: Rate in Hz that counts as much as the whole interval of the parameter.
_RATE = 30.0
#: Change of the parameter, as part of the interval, for the derivative with respect to it.
_DIFFERENCE = 1e-6
#: Residual in Hz, relative to rates of 1 Hz and more, at which Newton's method stops, and that of a point.
_ENOUGH, _TOLERANCE = 1e-12, 1e-10
_MAX_ITERATIONS = 12


class Curve:
    """Solutions ``u = (rates / 30 Hz, part of the interval)`` of ``-nu + phi(nu) = 0``, shape ``(G + 1,)``.

    Args:
        family: The mean fields.
        groups: Group 0, ..., G-1 of each population, shape ``(P,)``; rates are equal in each.
    """

    def __init__(self, family: FieldFamily, groups: NDArray[np.int64]):
        self.family = family
        self.groups = groups
        self.limits = family.limits
        self._lumped = family.lumped(groups)
        self._first = np.unique(groups, return_index=True)[1]
        #: Direction in which only the parameter changes.
        self.along_parameter = np.append(np.zeros(len(self._first)), 1.0)

    def point(self, rates: _Array, value: float) -> _Array:
        """The vector u for rates of all populations in Hz, shape ``(P,)``, and a value of the parameter."""
        return np.append(rates[self._first] / _RATE, (value - self.limits[0]) / self._lumped.width)

    def lumped_rates(self, u: _Array) -> _Array:
        """Rates of the groups in Hz, shape ``(..., G)`` for ``(..., G + 1)``."""
        return _RATE * u[..., :-1]

    def rates(self, u: _Array) -> _Array:
        """Rates of all populations in Hz, shape ``(..., P)``."""
        return self.lumped_rates(u)[..., self.groups]

    def value(self, u: _Array) -> float:
        """Value of the parameter, within the limits."""
        return float(np.clip(self.limits[0] + self._lumped.width * u[-1], *self.limits))

    def correct(self, guess: _Array, normal: _Array) -> _Array | None:
        """The solution in the plane through a guess, by Newton's method.

        Args:
            guess: Shape ``(G + 1,)``.
            normal: Of the plane, shape ``(G + 1,)``; `along_parameter` to keep the parameter.

        Returns:
            The solution; None if there is none within the limits nearby.
        """
        u, best, residual = guess, None, np.inf
        by_parameter: _Array | None = None
        for _ in range(_MAX_ITERATIONS):
            value, jacobian = self._linearize(u)
            if by_parameter is None:
                by_parameter = self._by_parameter(u, value)
            now = float(np.max(np.abs(value) / np.maximum(self.lumped_rates(u), 1.0)))
            if now >= residual and residual < _TOLERANCE:
                break
            best, residual = u, now
            if now < _ENOUGH:
                break
            step = _solved(_bordered(jacobian, by_parameter, normal), np.append(-value / _RATE, normal @ (guess - u)))
            u = u + step
        inside = best is not None and -1e-12 <= best[-1] <= 1 + 1e-12
        return best if inside and residual < _TOLERANCE else None

    def tangent(self, u: _Array, direction: _Array) -> _Array:
        """Unit tangent at a solution, shape ``(G + 1,)``, to the side to which a direction points."""
        value, jacobian = self._linearize(u)
        tangent = _solved(_bordered(jacobian, self._by_parameter(u, value), direction), self.along_parameter)
        return tangent / np.linalg.norm(tangent)

    def _linearize(self, u: _Array) -> Linearization:
        return self._lumped.at(self.value(u)).linearize(self.lumped_rates(u))

    def _by_parameter(self, u: _Array, value: _Array) -> _Array:
        """Derivative of the equations, in units of 30 Hz, with respect to the part of the interval, shape ``(G,)``.

        Newton's method converges to the same solution with one that is only nearly exact.
        """
        changed = u.copy()
        changed[-1] += _DIFFERENCE if u[-1] < 0.5 else -_DIFFERENCE
        return (self._linearize(changed).value - value) / ((changed[-1] - u[-1]) * _RATE)


def _bordered(jacobian: _Array, by_parameter: _Array, normal: _Array) -> _Array:
    n = len(jacobian)
    matrix = np.zeros((n + 1, n + 1))
    matrix[:n, :n] = jacobian
    matrix[:n, n] = by_parameter
    matrix[n] = normal
    return matrix


def _solved(matrix: _Array, right: _Array) -> _Array:
    try:
        return np.asarray(np.linalg.solve(matrix, right), np.float64)
    except np.linalg.LinAlgError:
        return np.asarray(np.linalg.lstsq(matrix, right)[0], np.float64)
