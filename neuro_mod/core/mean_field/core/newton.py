"""Newton's method on many starts at once, damped, for rates that are not negative."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_Array = NDArray[np.float64]

#: Largest residual of a zero in Hz, relative to rates of 1 Hz and more.
TOLERANCE = 1e-9
#: A zero is refined until rounding stops the residual from falling, or it is below this.
_ROUNDING = 1e-14
_MAX_EVALUATIONS = 60
_MAX_RELAXATION_STEPS = 300
_SHORTEST_STEP = 2.0**-12
#: Smallest decrease of the residual, relative to the step, for which a step is accepted (Armijo).
_ENOUGH = 1e-4
#: Distance in Hz from a known zero below which deflation grows no more, so that it does not overflow.
_NEAREST = 1e-12
#: First and longest step of a relaxation, in units of the time constant.
_FIRST_DURATION, _MAX_DURATION = 0.1, 1e12
#: Shortest step of a relaxation, after which it gives up, and the factor by which a failed step is shortened.
_SHORTEST_DURATION, _SHORTENED = 1e-6, 0.1
#: Largest rate in Hz; beyond it, rates diverge.
FASTEST = 1e6


class Linearization(NamedTuple):
    """A function of rates and its derivative.

    Attributes:
        value: In Hz, shape ``(..., n)``.
        jacobian: Shape ``(..., n, n)``.
    """

    value: _Array
    jacobian: _Array


class Zeros(NamedTuple):
    """The result from each start.

    Attributes:
        x: Rates in Hz, shape ``(B, n)``; the best ones where it did not converge.
        residual: Largest absolute value of the function relative to ``max(x, 1)``, shape ``(B,)``.
        converged: Whether the residual is below `TOLERANCE`, shape ``(B,)``.
    """

    x: _Array
    residual: _Array
    converged: NDArray[np.bool_]


def find_zeros(
    linearize: Callable[..., Linearization],
    starts: _Array,
    known: _Array | None = None,
    parameters: Sequence[_Array] = (),
) -> Zeros:
    """Zeros of a function of rates.

    Each start follows Newton's steps independently, halved until the residual falls, and projected onto rates between 0
    and `FASTEST`. Around known zeros the function is deflated: it is multiplied by ``prod_k (1 + 1 / |x - x_k|^2)``,
    which changes the length of a step but not its direction.

    Args:
        linearize: Value and derivative for rates ``(B, n)``.
        starts: Rates in Hz, shape ``(B, n)``.
        known: Zeros to avoid, shape ``(K, n)``.
        parameters: Further arguments of `linearize`, with an entry for each start, shape ``(B, ...)``.

    References:
        Deuflhard, "Newton Methods for Nonlinear Problems"; Farrell, Birkisson & Funke 2015 (deflation).
    """
    x = _bounded(np.asarray(starts, np.float64))
    residual = np.full(len(x), np.inf)
    going = np.arange(len(x))
    known = np.empty((0, x.shape[1])) if known is None else known
    length = np.ones(len(x))
    step, merit = np.zeros_like(x), np.full(len(x), np.inf)
    for _ in range(_MAX_EVALUATIONS):
        if not len(going):
            break
        tried = _bounded(x[going] + length[going, None] * step[going])
        value, jacobian = linearize(tried, *(each[going] for each in parameters))
        repulsion, pull = _deflation(tried, known)
        found = _residual(value, tried)
        now = np.linalg.norm(value, axis=1) * repulsion
        better = now < (1 - _ENOUGH * length[going]) * merit[going]
        accepted = going[better]
        x[accepted], merit[accepted], residual[accepted] = tried[better], now[better], found[better]
        newton = -_solve(jacobian[better], value[better])
        along = np.einsum("bi,bi->b", pull[better], newton)
        step[accepted] = newton / _away_from_zero(1 - along)[:, None]
        length[accepted] = np.minimum(1.0, 2 * length[accepted])
        length[going[~better]] /= 2
        done = (residual[going] < _ROUNDING) | (~better & (residual[going] < TOLERANCE))
        going = going[~done & (length[going] >= _SHORTEST_STEP)]
    return Zeros(x, residual, residual < TOLERANCE)


def relax(linearize: Callable[..., Linearization], starts: _Array, parameters: Sequence[_Array] = ()) -> Zeros:
    """Zeros to which rates relax whose time derivative is the function.

    Implicit Euler steps grow as the residual falls, and become Newton's (pseudo-transient continuation). A step to
    rates beyond `FASTEST`, or below 0 where they rise, is repeated with a much shorter duration.

    Args:
        linearize: Value and derivative for rates ``(B, n)``.
        starts: Rates in Hz, shape ``(B, n)``.
        parameters: Further arguments of `linearize`, with an entry for each start, shape ``(B, ...)``.

    References:
        Kelley & Keyes 1998.
    """
    x = _bounded(np.asarray(starts, np.float64))
    value, jacobian = linearize(x, *parameters)
    duration = np.full(len(x), _FIRST_DURATION)
    going = np.arange(len(x))
    residual = _residual(value, x)
    for _ in range(_MAX_RELAXATION_STEPS):
        if not len(going):
            break
        implicit = np.eye(x.shape[1]) / duration[going, None, None] - jacobian[going]
        aim = x[going] + _solve(implicit, value[going])
        astray = ~np.isfinite(aim).all(axis=1) | ((aim > FASTEST) | (aim < 0) & (value[going] > 0)).any(axis=1)
        shortened, going, tried = going[astray], going[~astray], _bounded(aim[~astray])
        duration[shortened] *= _SHORTENED
        now, slope = linearize(tried, *(each[going] for each in parameters))
        growth = np.linalg.norm(value[going], axis=1) / np.maximum(np.linalg.norm(now, axis=1), np.finfo(float).tiny)
        least = np.minimum(2 * duration[going], _FIRST_DURATION)
        duration[going] = np.clip(duration[going] * np.clip(growth, 0.5, 10.0), least, _MAX_DURATION)
        stalled = (residual[going] < TOLERANCE) & (_residual(now, tried) >= residual[going])
        moved = going[~stalled]
        x[moved], value[moved], jacobian[moved] = tried[~stalled], now[~stalled], slope[~stalled]
        residual[moved] = _residual(value[moved], x[moved])
        again = shortened[duration[shortened] >= _SHORTEST_DURATION]
        going = np.concatenate([moved[residual[moved] > _ROUNDING], again])
    return Zeros(x, residual, residual < TOLERANCE)


def find_or_relax(linearize: Callable[..., Linearization], starts: _Array, parameters: Sequence[_Array] = ()) -> Zeros:
    """`find_zeros`, then `relax` from the starts from which it finds none."""
    found = find_zeros(linearize, starts, parameters=parameters)
    lost = np.flatnonzero(~found.converged)
    if len(lost):
        relaxed = relax(linearize, starts[lost], [each[lost] for each in parameters])
        for values, new in zip(found, relaxed, strict=True):
            values[lost] = new
    return found


def _bounded(rates: _Array) -> _Array:
    return np.clip(rates, 0.0, FASTEST)


def _residual(value: _Array, x: _Array) -> _Array:
    return np.abs(value / np.maximum(x, 1.0)).max(axis=1, initial=0.0)


def _solve(jacobian: _Array, value: _Array) -> _Array:
    try:
        solved = np.linalg.solve(jacobian, value[..., None])
    except np.linalg.LinAlgError:
        solved = np.linalg.pinv(jacobian) @ value[..., None]
    return np.asarray(solved[..., 0], np.float64)


def _deflation(x: _Array, known: _Array) -> tuple[_Array, _Array]:
    """``M = prod_k (1 + 1/|x - x_k|^2)``, shape ``(B,)``, and the gradient of its logarithm, shape ``(B, n)``."""
    away = x[:, None] - known
    squared = np.maximum(np.einsum("bki,bki->bk", away, away), _NEAREST**2)
    repulsion = np.prod(1 + 1 / squared, axis=1)
    return repulsion, np.einsum("bki,bk->bi", away, -2 / (squared * (squared + 1)))


def _away_from_zero(x: _Array) -> _Array:
    return np.where(np.abs(x) < 1e-8, 1e-8, x)
