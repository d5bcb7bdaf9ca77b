"""The compiled exact response of one population: rate and interval CV, with derivatives, from a response table."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuro_mod.core.compilation import inlined, kernel
from neuro_mod.core.mean_field.core.exact.coordinates import LOG_RHO, W

_STEP_W, _STEP_RHO = float(W[1] - W[0]), float(LOG_RHO[1] - LOG_RHO[0])
_N_W, _N_RHO = len(W), len(LOG_RHO)
_FIRST_W, _FIRST_RHO = float(W[0]), float(LOG_RHO[0])
#: Beyond this w, rates underflow whatever it is.
_MAX_W = 1e3
#: At the threshold, less noise is none: squares of it would underflow.
_LEAST = 1e-147
#: So far away, and with so much noise, nothing changes any more.
_MOST = 1e150


@inlined
def _surface(cell: Any, x: float, y: float) -> tuple[float, float, float]:
    """A bicubic polynomial and its derivatives."""
    value = by_x = by_y = 0.0
    for p in range(4):
        row = ((cell[p, 0] * y + cell[p, 1]) * y + cell[p, 2]) * y + cell[p, 3]
        slope = (3.0 * cell[p, 0] * y + 2.0 * cell[p, 1]) * y + cell[p, 2]
        by_x = by_x * x + value
        value = value * x + row
        by_y = by_y * x + slope
    return value, by_x, by_y


@inlined
def _respond(
    table: Any, mu: float, sigma: float, ratio: float, tau_m: float, tau_ref: float, threshold: float, reset: float
) -> tuple[float, float, float, float, float, float]:
    """Rate and interval CV, each with its derivatives with respect to mu and sigma."""
    width = threshold - reset
    u = min(max((threshold - mu) / width, -_MOST), _MOST)
    per_noise = 1.0 / (np.sqrt(1.0 + ratio) * width)
    s = min(sigma * per_noise, _MOST)
    if u >= 0.0 and s * _MAX_W <= max(u, _LEAST):
        return 0.0, 0.0, 0.0, 1.0, 0.0, 0.0
    rho = np.sqrt(u * u + 4.0 * s * s)
    w = (u + rho) / (2.0 * s) if u > 0.0 else 2.0 * s / (rho - u)
    i = min(int((w - _FIRST_W) / _STEP_W + 1.0), _N_W)
    x = w - (_FIRST_W + (i - 1) * _STEP_W)
    log_rho = np.log(rho)
    j = min(max(int(np.floor((log_rho - _FIRST_RHO) / _STEP_RHO)) + 1, 0), _N_RHO)
    y = log_rho - (_FIRST_RHO + max(j - 1, 0) * _STEP_RHO)
    w_by_u, w_by_s = w / rho, (1.0 - w * w) / rho
    rho_by_u, rho_by_s = u / (rho * rho), 4.0 * s / (rho * rho)  # of its logarithm
    log_mean, by_w, by_rho = _surface(table[i, j, 0], x, y)
    mean_by_u, mean_by_s = by_w * w_by_u + by_rho * rho_by_u, by_w * w_by_s + by_rho * rho_by_s
    log_spread, by_w, by_rho = _surface(table[i, j, 1], x, y)
    log_spread_by_u, log_spread_by_s = by_w * w_by_u + by_rho * rho_by_u, by_w * w_by_s + by_rho * rho_by_s
    if j == 0:
        # nearer to mu = threshold, sigma = 0 than the table: the way from the reset takes longer, without noise
        nearer = np.exp(-y)
        at_edge = 1.0 - u * nearer  # distance of the mean from the reset where the table begins
        shorter = np.exp(-log_mean)
        growth = np.log1p((-y + np.log((1.0 - u) / at_edge)) * shorter)
        kept = np.exp(-growth)
        change_by_u = kept * (mean_by_u + shorter * (nearer / at_edge - 1 / (1 - u) - rho_by_u / at_edge)) - mean_by_u
        change_by_s = kept * (mean_by_s - shorter * rho_by_s / at_edge) - mean_by_s
        log_mean, mean_by_u, mean_by_s = log_mean + growth, mean_by_u + change_by_u, mean_by_s + change_by_s
        log_spread -= growth
        log_spread_by_u, log_spread_by_s = log_spread_by_u - change_by_u, log_spread_by_s - change_by_s
    # the standard deviation over the mean is exp(log_spread) w / sqrt(1 + w^2)
    root = np.sqrt(1.0 + w * w)
    grown = np.exp(log_spread) / root
    spread = grown * w
    at_w = grown / (root * root)  # derivative of w / root, times the rest
    spread_by_u, spread_by_s = spread * log_spread_by_u + at_w * w_by_u, spread * log_spread_by_s + at_w * w_by_s
    fast = np.exp(-log_mean)  # 0 where the interval overflows
    free = 1.0 / (1.0 + fast * tau_ref / tau_m)  # part of an interval that is not refractory
    rate = fast * free / tau_m
    cv = spread * free
    refractory = 1.0 - free
    return (
        rate,
        rate * free * mean_by_u / width,
        -rate * free * mean_by_s * per_noise,
        cv,
        -(free * spread_by_u + cv * refractory * mean_by_u) / width,
        (free * spread_by_s + cv * refractory * mean_by_s) * per_noise,
    )


@kernel
def respond(table: Any, inputs: Any, found: Any) -> None:
    """Rates and interval CVs of many populations.

    Args:
        table: `ResponseTable.coefficients`.
        inputs: mu, sigma, ratio, tau_m, tau_ref, threshold and reset voltage, shape ``(7, n)``.
        found: Takes the rate in Hz and its derivatives with respect to mu and sigma, and the CV with its own, shape
            ``(6, n)``.
    """
    for k in range(found.shape[1]):
        found[0, k], found[1, k], found[2, k], found[3, k], found[4, k], found[5, k] = _respond(
            table,
            inputs[0, k],
            inputs[1, k],
            inputs[2, k],
            inputs[3, k],
            inputs[4, k],
            inputs[5, k],
            inputs[6, k],
        )
