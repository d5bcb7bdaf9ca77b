"""Functions behind the variance of inter-spike intervals as piecewise polynomials, like those of `tables`.

The variance is a difference of ``B``, with ``B' = 2 pi exp(y^2) int_-inf^y exp(z^2) (1 + erf z)^2 dz`` and ``B = 0`` at
minus infinity. For x >= 0, in the pieces of `tables`:

===  ==================================================================  ============================
row  function                                                            tabulated as
===  ==================================================================  ============================
0    ``U(x) = int_0^inf exp(-s^2 - 2 x s) erfcx(x + s)^2 ds``, which is   ``(1 + x)^3 U(x)``
     ``B'(-x) / (2 pi)``
1    ``-U'(x)``, which is ``erfcx(x)^2 - 2 x U(x)``                      ``(1 + x)^4 (-U'(x))``
2    ``int_x^inf U``, which is ``B(-x) / (2 pi)``                        ``(1 + x)^2`` times this
3    ``exp(-2 x^2) B'(x) / (2 pi)``                                      ``(1 + x)`` times this
4    ``exp(-2 x^2) B(x) / (2 pi)``                                       ``(1 + x)^2`` times this
===  ==================================================================  ============================

References:
    Brunel 2000, appendix A.1 (variance of the intervals under white noise).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf, erfcx, roots_legendre

from neuro_mod.core.mean_field.core.tables import N_PIECES, at_points, fitted, points

_Array = NDArray[np.float64]

_SQRT_PI = np.sqrt(np.pi)
#: ``U(0)``, and ``int_0^inf U``.
_SLOPE_AT_0, _BELOW_0 = np.log(2) / _SQRT_PI, np.pi / 16
_NODES, _WEIGHTS = roots_legendre(100)


@cache
def coefficients() -> _Array:
    """Coefficients by piece, function and power of ``t in [-1, 1]``, shape ``(N_PIECES, 5, DEGREE + 1)``."""
    x = 4 / points() - 4
    slopes = fitted([(1 + x) ** 3 * _slope_below(x), (1 + x) ** 4 * _fall_of_slope(x), (1 + x) * _slope_above(x)])
    values = fitted([(1 + x) ** 2 * _below(slopes[:, 0]), (1 + x) ** 2 * _above(x, slopes[:, 2])])
    ordered = (slopes[:, 0], slopes[:, 1], values[:, 0], slopes[:, 2], values[:, 1])
    return np.ascontiguousarray(np.stack(ordered, axis=1))


def _over_tail(x: _Array) -> tuple[_Array, _Array, _Array]:
    """Nodes s of integrals of ``exp(-s^2 - 2 x s)``, their weights, and ``erfcx(x + s)``, shape ``(..., 100)``."""
    length = 20 / (1 + x[..., None])  # beyond twice this the integrand is below exp(-40)
    s = length * (_NODES + 1)
    weights = length * _WEIGHTS * np.exp(-s * (s + 2 * x[..., None]))
    return s, weights, erfcx(x[..., None] + s)


def _slope_below(x: _Array) -> _Array:
    _, weights, f = _over_tail(x)
    return (weights * f**2).sum(axis=-1)


def _fall_of_slope(x: _Array) -> _Array:
    """``-U'(x)``: its integrand is ``2 s erfcx^2 + 4 erfcx K`` at x + s, without cancellation for large x."""
    s, weights, f = _over_tail(x)
    u = x[..., None] + s
    with np.errstate(invalid="ignore"):
        complement = np.where(u < 30, 1 / _SQRT_PI - u * f, _asymptotic_complement(np.maximum(u, 30.0)))
    return (weights * (2 * s * f**2 + 4 * f * complement)).sum(axis=-1)


def _asymptotic_complement(u: _Array) -> _Array:
    """``K(u) = 1/sqrt(pi) - u erfcx(u)`` for large u (asymptotic series of erfcx)."""
    term = total = 1 / (2 * u**2)
    for n in range(2, 8):
        term = -term * (2 * n - 1) / (2 * u**2)
        total = total + term
    return total / _SQRT_PI


def _below(slopes: _Array) -> _Array:
    """``int_x^inf U`` at the points of all pieces, integrated from infinity (y = 0) on."""
    nodes, weights = roots_legendre(12)
    upper = (np.arange(N_PIECES) + 1) / N_PIECES

    def integral(begin: _Array, end: _Array) -> _Array:
        half = (end - begin) / 2
        y = half[..., None] * nodes + ((end + begin) / 2)[..., None]
        return (at_points(slopes, 4 / y - 4) * y / 16 / (1 - 0.75 * y) ** 3 @ weights) * half

    begin, y = upper - 1 / N_PIECES, points()
    whole = integral(begin, upper)
    before = np.cumsum(whole) - whole
    return before[:, None] + integral(np.broadcast_to(begin[:, None], y.shape), y)


def _slope_above(x: _Array) -> _Array:
    """``exp(-x^2) int_-inf^x exp(z^2) (1 + erf z)^2 dz``, that below 0 and that from 0 on."""
    s, weights = _downwards(x, 1)
    return _SLOPE_AT_0 * np.exp(-(x**2)) + (weights * (1 + erf(x[..., None] - s)) ** 2).sum(axis=-1)


def _above(x: _Array, slopes: _Array) -> _Array:
    """``exp(-2 x^2)`` times the integral of B' below 0, and that from 0 on, over 2 pi."""
    s, weights = _downwards(x, 2)
    z = x[..., None] - s
    slope = at_points(slopes, z) / (1 + z)
    return _BELOW_0 * np.exp(-2 * x**2) + (weights * slope).sum(axis=-1)


def _downwards(x: _Array, power: int) -> tuple[_Array, _Array]:
    """Distances s from x to 0, and weights of integrals of ``exp(power ((x - s)^2 - x^2))``, shape ``(..., 100)``."""
    length = np.minimum(20.0, x * (1 + x) / 2)[..., None] / (1 + x[..., None])  # beyond, it is below exp(-40)
    s = length * (_NODES + 1)
    return s, length * _WEIGHTS * np.exp(-power * s * (2 * x[..., None] - s))
