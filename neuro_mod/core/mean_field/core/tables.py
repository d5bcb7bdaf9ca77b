"""Functions behind the transfer function as piecewise polynomials, accurate to a few units in the last place.

For x >= 0, with ``y = 4 / (4 + x)`` in (0, 1] cut into equal pieces; each function is multiplied with a factor that
makes it smooth at both ends:

===  =================================================  ===========================
row  function                                           tabulated as
===  =================================================  ===========================
0    ``erfcx(x) = exp(x^2) erfc(x)``                    ``(1 + x) erfcx(x)``
1    ``K(x) = 1/sqrt(pi) - x erfcx(x)``                 ``(1 + x)^2 K(x)``
2    ``L(x) = erfcx(x) - 2 x K(x)``, which is -K'(x)     ``(1 + x)^3 L(x)``
3    ``G(x) = int_0^x erfcx(t) dt``                     ``G(x) - log(1 + x)/sqrt(pi)``
4    Dawson's ``D(x) = exp(-x^2) int_0^x exp(t^2) dt``  ``(1 + x^2) D(x) / x``
===  =================================================  ===========================
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import dawsn, erfcx, roots_legendre

_Array = NDArray[np.float64]

N_PIECES, DEGREE = 100, 9
_SQRT_PI = np.sqrt(np.pi)
_CHEBYSHEV = np.cos(np.pi * (np.arange(DEGREE + 1) + 0.5) / (DEGREE + 1))


@cache
def coefficients() -> _Array:
    """Coefficients by piece, function and power of ``t in [-1, 1]``, shape ``(N_PIECES, 5, DEGREE + 1)``."""
    y = points()
    x = 4 / y - 4
    return fitted(
        [
            (1 + x) * erfcx(x),
            (1 + x) ** 2 * _moment(1, x),
            (1 + x) ** 3 * 2 * _moment(2, x),
            _logarithm_taken_off(y),
            (1 + x**2) * dawsn(x) / x,
        ]
    )


def points() -> _Array:
    """Chebyshev points y of all pieces, shape ``(N_PIECES, DEGREE + 1)``."""
    lower = np.arange(N_PIECES) / N_PIECES
    return lower[:, None] + (_CHEBYSHEV + 1) / (2 * N_PIECES)


def fitted(values: Sequence[_Array]) -> _Array:
    """Coefficients of the polynomials that take given values at `points`, shape ``(N_PIECES, n, DEGREE + 1)``."""
    stacked = np.stack(values, axis=1)
    found = np.linalg.solve(np.vander(_CHEBYSHEV, increasing=True), stacked[..., None])[..., 0]
    return np.ascontiguousarray(found, np.float64)


def at_points(fitted_pieces: _Array, x: _Array) -> _Array:
    """One function at points x, at least 0, of any shape, from its coefficients ``(N_PIECES, DEGREE + 1)``."""
    place = N_PIECES * 4 / (4 + x)
    piece = np.minimum(place.astype(np.int64), N_PIECES - 1)
    t = 2 * (place - piece) - 1
    value = fitted_pieces[piece, DEGREE]
    for power in range(DEGREE - 1, -1, -1):
        value = value * t + fitted_pieces[piece, power]
    return value


def _moment(power: int, x: _Array) -> _Array:
    """``2/sqrt(pi) int_0^inf t^power exp(-t^2 - 2 x t) dt``, without cancellation for large x.

    K is the first of these, L twice the second (by parts).
    """
    nodes, weights = roots_legendre(100)
    scaled = 20 * (nodes + 1)  # beyond 40 / (1 + x) the integrand is below exp(-40)
    t = scaled / (1 + x[..., None])
    integral = (t**power * np.exp(-t * (t + 2 * x[..., None]))) @ (20 * weights) / (1 + x)
    return 2 / _SQRT_PI * integral


def _logarithm_taken_off(y: _Array) -> _Array:
    """``G(x) - log(1 + x)/sqrt(pi)`` at the points of all pieces, integrated from x = 0 (y = 1) on."""
    nodes, weights = roots_legendre(16)
    upper = (np.arange(N_PIECES) + 1) / N_PIECES

    def integral(begin: _Array, end: _Array) -> _Array:
        half = (end - begin) / 2
        return (_derivative(half[..., None] * nodes + ((end + begin) / 2)[..., None]) @ weights) * half

    whole = integral(upper - 1 / N_PIECES, upper)
    from_one = np.cumsum(whole[::-1])[::-1] - whole  # of the pieces between this one and y = 1
    return -(from_one[:, None] + integral(y, np.broadcast_to(upper[:, None], y.shape)))


def _derivative(y: _Array) -> _Array:
    """With respect to y: ``(erfcx(x) - K(x)) / (1 + x)`` times ``dx/dy``."""
    x = 4 / y - 4
    return -4 / y**2 * (erfcx(x) - _moment(1, x)) / (1 + x)
