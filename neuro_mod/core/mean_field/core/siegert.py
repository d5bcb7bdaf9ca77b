"""The compiled transfer function of one population: rate and derivatives without overflow and cancellation.

With ``f(u) = exp(u^2) (1 + erf u)``, ``I = int_a^b f``, the rate is ``1 / (tau_ref + tau_m sqrt(pi) I)``. Below 0,
``f(-x) = erfcx(x)``; above, ``f(x) = 2 exp(x^2) - erfcx(x)`` with the integral ``2 exp(x^2) D(x) - G(x)``: see
`tables`. Everything that grows like ``exp(b^2)`` for b > 0 is held divided by it. Short intervals are integrated
numerically, long ones from differences of antiderivatives; either way no digits cancel.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import roots_legendre

from neuro_mod.core.compilation import inlined, kernel
from neuro_mod.core.mean_field.core.tables import DEGREE, N_PIECES

ERFCX, COMPLEMENT, CURVATURE, INTEGRAL, DAWSON = range(5)

SQRT_PI = np.sqrt(np.pi)
INVERSE_SQRT_PI = 1 / SQRT_PI
#: Beyond this, squares overflow, and the noise-free limit is exact.
NO_NOISE = 1e100
#: Longest interval, in units of ``1 + |b|``, and largest growth of the exponent, that are integrated numerically.
_SHORT, _LITTLE_GROWTH = 0.4, 2.0
#: Eight points: on the longest such intervals the error is below 1e-16.
NODES, WEIGHTS = (np.ascontiguousarray(values) for values in roots_legendre(8))


@inlined
def tabulated(table: Any, row: int, x: float) -> float:
    """A row of the table at x >= 0."""
    place = N_PIECES * 4.0 / (4.0 + x)
    piece = min(int(place), N_PIECES - 1)
    t = 2.0 * (place - piece) - 1.0
    coefficients = table[piece, row]
    value = coefficients[DEGREE]
    for power in range(DEGREE - 1, -1, -1):
        value = value * t + coefficients[power]
    return value


@inlined
def _erfcx(table: Any, x: float) -> float:
    return tabulated(table, ERFCX, x) / (1.0 + x)


@inlined
def _complement(table: Any, x: float) -> float:
    return tabulated(table, COMPLEMENT, x) / ((1.0 + x) * (1.0 + x))


@inlined
def _curvature(table: Any, x: float) -> float:
    return tabulated(table, CURVATURE, x) / ((1.0 + x) * (1.0 + x) * (1.0 + x))


@inlined
def _dawson(table: Any, x: float) -> float:
    return tabulated(table, DAWSON, x) * x / (1.0 + x * x)


@inlined
def _integral_between(table: Any, x: float, y: float) -> float:
    """``int_x^y erfcx`` for 0 <= x, y that are not close to each other."""
    return np.log((1.0 + y) / (1.0 + x)) * INVERSE_SQRT_PI + (
        tabulated(table, INTEGRAL, y) - tabulated(table, INTEGRAL, x)
    )


@inlined
def value_and_slopes(table: Any, u: float, top: float, scale: float) -> tuple[float, float, float]:
    """``f(u)``, ``f'(u)`` and ``f''(u) / 2``, times ``scale``, which is ``exp(-top^2)``, for u up to top or below 0."""
    if u < 0:
        f = _erfcx(table, -u) * scale
        slope = 2.0 * _complement(table, -u) * scale
        turn = _curvature(table, -u) * scale
    else:
        f = 2.0 * np.exp((u - top) * (u + top)) - _erfcx(table, u) * scale
        slope = 2.0 * u * f + 2.0 * INVERSE_SQRT_PI * scale
        turn = f + u * slope
    return f, slope, turn


@inlined
def _short(table: Any, a: float, b: float, h: float) -> tuple[float, float, float]:
    """``I``, ``f(b) - f(a)`` and ``b f(b) - a f(a)`` over a short interval ``[a, b]`` of length h, scaled."""
    top = max(b, 0.0)
    scale = np.exp(-top * top)
    integral = rise = moment = 0.0
    for i in range(len(NODES)):
        # measured from the end nearer to 0, so that the nodes keep their digits
        f, slope, turn = value_and_slopes(table, b - 0.5 * h * (1.0 - NODES[i]), top, scale)
        integral += WEIGHTS[i] * f
        rise += WEIGHTS[i] * slope
        moment += WEIGHTS[i] * turn
    return 0.5 * h * integral, 0.5 * h * rise, 0.5 * h * moment


@inlined
def _below_zero(table: Any, a: float, b: float) -> tuple[float, float, float]:
    """The same for ``a < b <= 0`` far apart."""
    rise = _erfcx(table, -b) - _erfcx(table, -a)
    return _integral_between(table, -b, -a), rise, _complement(table, -b) - _complement(table, -a)


@inlined
def _above_zero(table: Any, a: float, b: float, h: float) -> tuple[float, float, float]:
    """The same for ``0 <= a < b`` far apart."""
    scale, decay = np.exp(-b * b), np.exp(-h * (a + b))
    integral = 2.0 * (_dawson(table, b) - decay * _dawson(table, a)) - scale * _integral_between(table, a, b)
    f_a, f_b = 2.0 * decay - _erfcx(table, a) * scale, 2.0 - _erfcx(table, b) * scale
    return integral, f_b - f_a, b * f_b - a * f_a


@inlined
def _across_zero(table: Any, a: float, b: float) -> tuple[float, float, float]:
    """The same for ``a < 0 < b`` far apart."""
    scale = np.exp(-b * b)
    integral = 2.0 * _dawson(table, b) + scale * (_integral_between(table, 0.0, -a) - _integral_between(table, 0.0, b))
    f_a, f_b = _erfcx(table, -a) * scale, 2.0 - _erfcx(table, b) * scale
    return integral, f_b - f_a, b * f_b - a * f_a


@inlined
def is_short(a: float, b: float, h: float) -> bool:
    """Whether an interval ``[a, b]`` of length h is integrated numerically."""
    return h < _SHORT * (1.0 + abs(b)) and h * max(a + b, 0.0) < _LITTLE_GROWTH


@inlined
def over_interval(table: Any, a: float, b: float, h: float) -> tuple[float, float, float]:
    """The same for any interval."""
    if is_short(a, b, h):
        integral, rise, moment = _short(table, a, b, h)
    elif b <= 0:
        integral, rise, moment = _below_zero(table, a, b)
    elif a >= 0:
        integral, rise, moment = _above_zero(table, a, b, h)
    else:
        integral, rise, moment = _across_zero(table, a, b)
    return integral, rise, moment


@inlined
def noise_free(mu: float, tau_m: float, tau_ref: float, threshold: float, reset: float) -> tuple[float, float]:
    """Rate of the neuron without noise, and its derivative with respect to mu."""
    if mu <= threshold:
        return 0.0, 0.0
    rate = 1.0 / (tau_ref + tau_m * np.log1p((threshold - reset) / (mu - threshold)))
    return rate, rate * rate * tau_m * (threshold - reset) / ((mu - threshold) * (mu - reset))


@inlined
def _respond(
    table: Any, mu: float, sigma: float, beta: float, tau_m: float, tau_ref: float, threshold: float, reset: float
) -> tuple[float, float, float]:
    """Rate, and its derivatives with respect to mu and sigma."""
    if not (abs(threshold - mu) < NO_NOISE * sigma and abs(reset - mu) < NO_NOISE * sigma):
        shift = beta * sigma
        rate, slope = noise_free(mu, tau_m, tau_ref, threshold + shift, reset + shift)
        return rate, slope, -beta * slope
    b, h = (threshold - mu) / sigma + beta, (threshold - reset) / sigma
    integral, rise, moment = over_interval(table, b - h, b, h)
    scale = np.exp(-b * b) if b > 0 else 1.0
    per_scale = 1.0 / (tau_ref * scale + tau_m * SQRT_PI * integral)
    rate = per_scale * scale
    gain = rate * per_scale * tau_m * SQRT_PI / sigma
    return rate, gain * rise, gain * (moment - beta * rise)


@kernel
def respond(table: Any, inputs: Any, rate: Any, by_mu: Any, by_sigma: Any) -> None:
    """Rates and derivatives of many populations.

    Args:
        table: `tables.coefficients`.
        inputs: mu, sigma, beta, tau_m, tau_ref, threshold and reset voltage, shape ``(7, n)``.
        rate: Takes the rates in Hz, shape ``(n,)``.
        by_mu: Takes the derivatives with respect to mu.
        by_sigma: Takes the derivatives with respect to sigma.
    """
    for i in range(len(rate)):
        rate[i], by_mu[i], by_sigma[i] = _respond(
            table,
            inputs[0, i],
            inputs[1, i],
            inputs[2, i],
            inputs[3, i],
            inputs[4, i],
            inputs[5, i],
            inputs[6, i],
        )
