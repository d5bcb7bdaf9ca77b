"""The compiled rate and interval CV of one population, both with the limits of the transfer function `siegert`.

The variance of the intervals is ``tau_m^2 (B(b) - B(a))`` with B of `interval_tables`, and with ``f(u) = exp(u^2) (1 +
erf u)``, ``B'' = 2 y B' + 2 pi f^2``. What grows like ``exp(2 b^2)`` for b > 0 is held divided by it. As in `siegert`,
short intervals are integrated numerically and long ones are differences, so that no digits cancel.

The squared CV is the variance times the squared rate, so that the refractory period counts through the rate.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.compilation import inlined, kernel
from neuro_mod.core.mean_field.core import interval_tables, tables
from neuro_mod.core.mean_field.core.siegert import (
    NODES,
    SQRT_PI,
    WEIGHTS,
    is_short,
    noise_free,
    over_interval,
    tabulated,
    value_and_slopes,
)

BELOW_SLOPE, BELOW_TURN, BELOW, ABOVE_SLOPE, ABOVE = range(5)

_Array = NDArray[np.float64]

_TWO_PI = 2 * np.pi
#: Beyond this distance from the threshold, in units of the noise, the noise-free limit is exact to rounding.
_NO_NOISE = 1e50


def respond_with_cv(inputs: _Array, found: _Array) -> None:
    """Rates and CVs with derivatives of many populations.

    Without noise the CV is 0 above threshold. Below, it is 1: as noise vanishes, intervals become long, and their
    distribution exponential.

    Args:
        inputs: As for `siegert.respond`, shape ``(7, n)``.
        found: Takes the rate in Hz and its derivatives with respect to mu and sigma, then the CV and its derivatives,
            shape ``(6, n)``.
    """
    _respond_all(tables.coefficients(), interval_tables.coefficients(), inputs, found)


@inlined
def _slope_and_turn(table: Any, intervals: Any, y: float, top: float, scale: float) -> tuple[float, float]:
    """``B'(y)`` and ``B''(y)`` over 2 pi, times ``scale^2``, scale being ``exp(-top^2)``."""
    if y < 0:
        x = 1.0 - y
        cube = 1.0 / (x * x * x)
        slope = tabulated(intervals, BELOW_SLOPE, -y) * cube * (scale * scale)
        turn = tabulated(intervals, BELOW_TURN, -y) * cube / x * (scale * scale)
    else:
        slope = tabulated(intervals, ABOVE_SLOPE, y) / (1.0 + y) * np.exp(2.0 * (y - top) * (y + top))
        f, _, _ = value_and_slopes(table, y, top, scale)
        turn = 2.0 * y * slope + f * f
    return slope, turn


@inlined
def _value(intervals: Any, y: float, top: float, scale: float) -> float:
    """``B(y)`` over 2 pi, likewise."""
    size = 1.0 / ((1.0 + abs(y)) * (1.0 + abs(y)))
    if y < 0:
        value = tabulated(intervals, BELOW, -y) * size * (scale * scale)
    else:
        value = tabulated(intervals, ABOVE, y) * size * np.exp(2.0 * (y - top) * (y + top))
    return value


@inlined
def _variance(table: Any, intervals: Any, a: float, b: float, h: float, scale: float) -> tuple[float, float, float]:
    """``B``, ``B'`` and ``y B'``, at b less at a, over 2 pi and times ``scale^2``."""
    top = max(b, 0.0)
    value = rise = moment = 0.0
    if is_short(a, b, h):
        for i in range(len(NODES)):
            y = b - 0.5 * h * (1.0 - NODES[i])
            slope, turn = _slope_and_turn(table, intervals, y, top, scale)
            value += WEIGHTS[i] * slope
            rise += WEIGHTS[i] * turn
            moment += WEIGHTS[i] * (slope + y * turn)
        value, rise, moment = 0.5 * h * value, 0.5 * h * rise, 0.5 * h * moment
    else:
        slope_b, _ = _slope_and_turn(table, intervals, b, top, scale)
        slope_a, _ = _slope_and_turn(table, intervals, a, top, scale)
        value = _value(intervals, b, top, scale) - _value(intervals, a, top, scale)
        rise = slope_b - slope_a
        moment = b * slope_b - a * slope_a
    return value, rise, moment


@inlined
def _without_noise(inputs: Any, i: int, found: Any) -> None:
    """The limit of little noise: above threshold the CV is proportional to it."""
    mu, sigma, beta, tau_m = inputs[0, i], inputs[1, i], inputs[2, i], inputs[3, i]
    shift = beta * sigma
    threshold, reset = inputs[5, i] + shift, inputs[6, i] + shift
    rate, slope = noise_free(mu, tau_m, inputs[4, i], threshold, reset)
    found[0, i], found[1, i], found[2, i] = rate, slope, -beta * slope
    found[3, i], found[4, i], found[5, i] = 1.0, 0.0, 0.0
    if mu > threshold:
        ratio = (mu - threshold) / (mu - reset)
        per_noise = rate * tau_m * np.sqrt(0.5 * (1.0 - ratio) * (1.0 + ratio)) / (mu - threshold)
        found[3, i], found[5, i] = per_noise * sigma, per_noise


@inlined
def _with_noise(table: Any, intervals: Any, inputs: Any, i: int, found: Any) -> None:
    mu, sigma, beta, tau_m = inputs[0, i], inputs[1, i], inputs[2, i], inputs[3, i]
    b, h = (inputs[5, i] - mu) / sigma + beta, (inputs[5, i] - inputs[6, i]) / sigma
    integral, rise, moment = over_interval(table, b - h, b, h)
    scale = np.exp(-b * b) if b > 0 else 1.0
    per_scale = 1.0 / (inputs[4, i] * scale + tau_m * SQRT_PI * integral)
    rate = per_scale * scale
    gain = rate * per_scale * tau_m * SQRT_PI / sigma
    found[0, i], found[1, i], found[2, i] = rate, gain * rise, gain * (moment - beta * rise)
    # squared CV and its derivatives
    variance, steeper, moment_of_slope = _variance(table, intervals, b - h, b, h, scale)
    relative = per_scale * tau_m * SQRT_PI / sigma
    factor = _TWO_PI * (per_scale * tau_m) * (per_scale * tau_m)
    squared = factor * variance
    by_mu = 2.0 * squared * relative * rise - factor * steeper / sigma
    by_sigma = 2.0 * squared * relative * (moment - beta * rise) - factor * (moment_of_slope - beta * steeper) / sigma
    cv = np.sqrt(squared)
    per_cv = 0.5 / cv if cv > 0 else 0.0
    found[3, i], found[4, i], found[5, i] = cv, by_mu * per_cv, by_sigma * per_cv


@kernel
def _respond_all(table: Any, intervals: Any, inputs: Any, found: Any) -> None:
    """See `respond_with_cv`."""
    for i in range(found.shape[1]):
        reach = _NO_NOISE * inputs[1, i]
        if abs(inputs[5, i] - inputs[0, i]) < reach and abs(inputs[6, i] - inputs[0, i]) < reach:
            _with_noise(table, intervals, inputs, i, found)
        else:
            _without_noise(inputs, i, found)
