"""The compiled transfer function of one population with its second derivatives.

In the notation of `siegert`, with ``x = u - beta`` and the mean interval ``G = tau_ref + T I``, ``T = tau_m sqrt(pi)``,
the rate is ``1 / G``. All derivatives of G with respect to the mean mu, the variance ``v = sigma^2``, the shift beta,
the threshold theta and the time constants follow from differences over ``[a, b]`` (written D) of f and its derivative,
for which ``f' = 2 u f + 2/sqrt(pi)``:

========== ======================  ================================================================================
           first derivative of G   second derivative, with respect to this and to ...
========== ======================  ================================================================================
mu         ``-T D[f] / sigma``     mu: ``T D[f'] / v``; v: ``T (D[f] + D[x f']) / (2 v sigma)``;
                                   beta: ``-T D[f'] / sigma``; theta: ``-T f'(b) / v``
v          ``-T D[x f] / (2 v)``   v: ``T (3 D[x f] + D[x^2 f']) / (4 v^2)``; beta: ``-T D[x f'] / (2 v)``;
                                   theta: ``-T (f(b) + x f'(b)) / (2 v sigma)``
beta       ``T D[f]``
theta      ``T f(b) / sigma``
tau_m      ``sqrt(pi) I``          mu and v: their first derivative over tau_m
tau_ref    ``1``                   0
========== ======================  ================================================================================
"""

from __future__ import annotations

from typing import Any

import numpy as np

from neuro_mod.core.compilation import inlined, kernel
from neuro_mod.core.mean_field.core.siegert import (
    NO_NOISE,
    NODES,
    SQRT_PI,
    WEIGHTS,
    is_short,
    over_interval,
    value_and_slopes,
)

#: Order of the parameters, and of the pairs of them for which there are second derivatives.
MU, VARIANCE, TAU_M, TAU_REF, THETA, BETA = range(6)
PAIRS = (
    *((MU, MU), (MU, VARIANCE), (MU, TAU_M), (MU, THETA), (MU, BETA)),
    *((VARIANCE, VARIANCE), (VARIANCE, TAU_M), (VARIANCE, THETA), (VARIANCE, BETA)),
)


@inlined
def _moments_of_slope(
    table: Any, a: float, b: float, h: float, slope_b: float, top: float, scale: float
) -> tuple[float, float]:
    """``b f'(b) - a f'(a)`` and ``b^2 f'(b) - a^2 f'(a)``, scaled; over short intervals as integrals."""
    first = second = 0.0
    if is_short(a, b, h):
        for i in range(len(NODES)):
            u = b - 0.5 * h * (1.0 - NODES[i])
            _, slope, turn = value_and_slopes(table, u, top, scale)
            first += WEIGHTS[i] * (slope + 2.0 * u * turn)
            second += WEIGHTS[i] * 2.0 * u * (slope + u * turn)
        first *= 0.5 * h
        second *= 0.5 * h
    else:
        _, slope_a, _ = value_and_slopes(table, a, top, scale)
        first = b * slope_b - a * slope_a
        second = b * b * slope_b - a * a * slope_a
    return first, second


@inlined
def _noisy(table: Any, inputs: Any, found: Any, i: int) -> None:
    """Rate, and derivatives of the mean interval relative to it; see `expand`."""
    mu, sigma, beta, tau_m = inputs[0, i], inputs[1, i], inputs[2, i], inputs[3, i]
    tau_ref, threshold, reset = inputs[4, i], inputs[5, i], inputs[6, i]
    b, h = (threshold - mu) / sigma + beta, (threshold - reset) / sigma
    a, x, v = b - h, b - beta, sigma * sigma
    top = max(b, 0.0)
    scale = np.exp(-top * top)
    integral, rise, moment = over_interval(table, a, b, h)
    f, slope, _ = value_and_slopes(table, b, top, scale)
    first, second = _moments_of_slope(table, a, b, h, slope, top, scale)
    per_scale = 1.0 / (tau_ref * scale + tau_m * SQRT_PI * integral)
    t = tau_m * SQRT_PI * per_scale
    rise_of_slope = 2.0 * moment
    of_xf, of_xs = moment - beta * rise, first - beta * rise_of_slope
    of_xxs = second - 2.0 * beta * first + beta * beta * rise_of_slope
    found[0, i] = scale * per_scale
    found[1, i] = -t * rise / sigma
    found[2, i] = -t * of_xf / (2.0 * v)
    found[3, i] = SQRT_PI * integral * per_scale
    found[4, i] = scale * per_scale
    found[5, i] = t * f / sigma
    found[6, i] = t * rise
    found[7, i] = t * rise_of_slope / v
    found[8, i] = t * (rise + of_xs) / (2.0 * v * sigma)
    found[9, i] = found[1, i] / tau_m
    found[10, i] = -t * slope / v
    found[11, i] = -t * rise_of_slope / sigma
    found[12, i] = t * (3.0 * of_xf + of_xxs) / (4.0 * v * v)
    found[13, i] = found[2, i] / tau_m
    found[14, i] = -t * (f + x * slope) / (2.0 * v * sigma)
    found[15, i] = -t * of_xs / (2.0 * v)


@inlined
def _noise_free(inputs: Any, found: Any, i: int) -> None:
    """The same without noise; derivatives with respect to the variance, and to the shift, are left 0."""
    mu, tau_m, tau_ref, threshold, reset = inputs[0, i], inputs[3, i], inputs[4, i], inputs[5, i], inputs[6, i]
    for k in range(len(found)):
        found[k, i] = 0.0
    if mu > threshold:
        above, over_reset = 1.0 / (mu - threshold), 1.0 / (mu - reset)
        length = np.log1p((threshold - reset) * above)
        rate = 1.0 / (tau_ref + tau_m * length)
        found[0, i] = rate
        found[1, i] = -rate * tau_m * (above - over_reset)
        found[3, i] = rate * length
        found[4, i] = rate
        found[5, i] = rate * tau_m * above
        found[7, i] = rate * tau_m * (above * above - over_reset * over_reset)
        found[9, i] = found[1, i] / tau_m
        found[10, i] = -rate * tau_m * above * above


@kernel
def expand(table: Any, inputs: Any, found: Any) -> None:
    """Rates and, relative to the mean interval G, its first and second derivatives, for many populations.

    Args:
        table: `tables.coefficients`.
        inputs: mu, sigma, beta, tau_m, tau_ref, threshold and reset voltage, shape ``(7, n)``.
        found: Takes the rate in Hz, the first derivatives of G over G in the order of the parameters, and the second
            ones in the order of `PAIRS`, shape ``(16, n)``.
    """
    for i in range(found.shape[1]):
        mu, sigma = inputs[0, i], inputs[1, i]
        if abs(inputs[5, i] - mu) < NO_NOISE * sigma and abs(inputs[6, i] - mu) < NO_NOISE * sigma:
            _noisy(table, inputs, found, i)
        else:
            _noise_free(inputs, found, i)
