"""Derivatives of the exact response with respect to all that its input and the neurons depend on.

The logarithm Y of the mean first-passage time is a function of ``u = (theta - mu)/D``, ``v = variance/D^2``, with
``D = theta - V_r``, and the two ratios of time constants. Second derivatives in u and v are differences of analytic
first ones; derivatives in the ratios are differences between tables. The latter err by up to 1e-4 of the rate per
relative change of a time constant, the former, of bicubic splines, by 1 to 2 %.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.core.mean_field.core.exact.response import exact_response
from neuro_mod.core.neurons import NeuronParameters

_Array = NDArray[np.float64]

#: Steps in u and v, relative to their size.
_STEP = 1e-5
#: Steps in the ratios of time constants, relative to them, and least one in that of the refractory period.
RATIO_STEP, LEAST_REFRACTORY_STEP = 0.05, 0.01
#: Logarithm of the longest interval, so that nothing overflows.
_LONGEST = 700.0


class ExactExpansion(NamedTuple):
    """Rate and interval CV with their derivatives with respect to `transfer.EXPANDED`.

    Attributes:
        rate: In Hz, of the broadcast shape.
        gradient: Its first derivatives, shape ``(6, ...)``.
        curvature: Derivatives of the first two of these, shape ``(2, 6, ...)``.
        cv: Interval CV.
        cv_gradient: Its first derivatives, shape ``(6, ...)``.
    """

    rate: _Array
    gradient: _Array
    curvature: _Array
    cv: _Array
    cv_gradient: _Array


def expand(mu: _Array, variance: _Array, neurons: NeuronParameters, *, time_constants: bool = True) -> ExactExpansion:
    """The exact response with derivatives.

    Args:
        mu: Mean of the free voltage in threshold units, finite.
        variance: Its variance (sigma squared), finite and not negative.
        neurons: Parameters that have been checked.
        time_constants: Whether derivatives with respect to time constants are computed, from four more tables; they
            are 0 otherwise.

    Raises:
        InputError: Ratios of time constants are out of range.
        NumericalError: A table cannot be computed.
    """
    tau_m, tau_s, tau_ref, theta, reset = neurons
    width = theta - reset
    a, r, u, v = np.broadcast_arrays(tau_s / tau_m, tau_ref / tau_m, (theta - mu) / width, variance / width**2)
    here = _logarithms(u, v, a, r)
    slopes = np.zeros((4, *here.shape))  # by u, v, a, r
    slopes[0] = _difference(lambda d: _logarithms(u + d, v, a, r), _STEP * (1 + np.abs(u)))
    slopes[1] = _difference(lambda d: _logarithms(u, v + d, a, r), _STEP * v)
    slopes[0, [0, 3]], slopes[1, [0, 3]] = here[[1, 4]], here[[2, 5]]
    if time_constants:
        slopes[2] = _difference(lambda d: _logarithms(u, v, a + d, r), RATIO_STEP * a)
        step = np.maximum(RATIO_STEP * r, LEAST_REFRACTORY_STEP)
        slopes[3] = _difference(lambda d: _logarithms(u, v, a, r + d), step, from_below=r >= step)
    return _assembled(here, slopes, (u, v, a, r), neurons)


def _logarithms(u: _Array, v: _Array, a: _Array, r: _Array) -> _Array:
    """Logarithm Y of the mean first-passage time, Y_u, Y_v, and the same of its relative spread, shape ``(6, ...)``.

    The others are 0 where the rate underflows, Y_v and its like also where there is no noise.
    """
    one, sigma = np.ones_like(u), np.sqrt(v)
    unit = NeuronParameters(one, a, r, one, 0 * one)
    rate, by_mu, by_sigma, cv, cv_by_mu, cv_by_sigma = exact_response(1 - u, sigma, unit)
    free = 1 - r * rate
    with np.errstate(divide="ignore", invalid="ignore"):
        mean, spread = np.log(free / rate), np.log(cv / free)
        by_u, by_v = by_mu / (rate * free), -by_sigma / (rate * free) / (2 * sigma)
        spread_by_u = -(cv_by_mu / cv + r * by_mu / free)
        spread_by_v = (cv_by_sigma / cv + r * by_sigma / free) / (2 * sigma)
    found = np.stack([np.minimum(mean, _LONGEST), by_u, by_v, spread, spread_by_u, spread_by_v])
    return np.where(np.isfinite(found), found, 0.0)


def _difference(function: Callable[[_Array], _Array], step: _Array, from_below: ArrayLike = True) -> _Array:
    """Derivative from central differences, or second-order ones from above where there is no room below."""
    below = np.asarray(from_below)
    upper, lower = function(step), function(np.where(below, -step, 2 * step))
    safe = np.where(step > 0, step, 1.0)
    central = (upper - lower) / (2 * safe)
    if below.all():
        return central
    return np.where(below, central, (4 * upper - 3 * function(0 * step) - lower) / (2 * safe))


def _assembled(here: _Array, slopes: _Array, at: tuple[_Array, ...], neurons: NeuronParameters) -> ExactExpansion:
    """By the chain rule, from (u, v, a, r) to `transfer.EXPANDED`."""
    (u, v, a, r), tau_m = at, np.broadcast_to(neurons.tau_membrane, at[0].shape)
    width = np.broadcast_to(neurons.threshold - neurons.reset_voltage, u.shape)
    zero = np.zeros_like(u)
    chain = np.array(  # [parameter, of u v a r]
        [
            [-1 / width, zero, zero, zero],
            [zero, 1 / width**2, zero, zero],
            [zero, zero, -a / tau_m, -r / tau_m],
            [zero, zero, 1 / tau_m, zero],
            [zero, zero, zero, 1 / tau_m],
            [(1 - u) / width, -2 * v / width, zero, zero],
        ]
    )
    by = np.einsum("pi...,i...->p...", chain, slopes[:, 0])
    of_slopes = np.einsum("pi...,ij...->pj...", chain, slopes[:, 1:3])
    second = np.stack([-of_slopes[:, 0] / width, of_slopes[:, 1] / width**2])  # [mu or variance, parameter]
    second[0, 5] += here[1] / width**2
    second[1, 5] -= 2 * here[2] / width**3
    interval = tau_m * np.exp(here[0])
    rate = 1 / (neurons.tau_refractory + interval)
    free = interval * rate
    own = np.zeros((6, *u.shape))
    own[2] = 1 / tau_m
    refractory = np.zeros((6, *u.shape))
    refractory[4] = 1.0
    # relative derivatives of the interval 1/rate = tau_ref + tau_m exp(Y), of which the part `free` is not refractory
    relative = free * (by + own) + rate * refractory
    relative_second = free * (by[:2, None] * (by + own) + second)
    gradient = -rate * relative
    curvature = rate * (2 * relative[:2, None] * relative - relative_second)
    spread = np.einsum("pi...,i...->p...", chain, slopes[:, 3])
    # free = 1 - rate tau_ref
    of_free = -gradient * neurons.tau_refractory - rate * refractory
    cv = np.exp(here[3]) * free
    return ExactExpansion(rate, gradient, curvature, cv, cv * spread + np.exp(here[3]) * of_free)
