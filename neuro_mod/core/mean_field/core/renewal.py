"""The noise factor of renewal spike trains: the variance that they cause, over that due to Poisson ones.

A renewal process with rate nu, interval CV c and dead time d whose intervals are gamma-distributed after the dead time
has ``rho(s) = exp(-s d) (1 + s theta)^-k`` (Laplace transform of the density of intervals) with
``k = ((1 - nu d) / c)^2`` and ``theta = c^2 / (nu (1 - nu d))``. Through an exponential filter of time constant tau,
the variance of its spike train is ``F_tau`` times that of a Poisson process, with s = 1/tau:

``F_tau = (1 + rho(s)) / (1 - rho(s)) - 2 nu tau``.

Synapse and membrane in turn, ``H = 1 / ((1 + i w tau_m) (1 + i w tau_s))``, have the factor
``(tau_m F_tau_m - tau_s F_tau_s) / (tau_m - tau_s)``, a weighted sum of factors of single filters (`filters`).

With ``u = 1 / (nu tau)``, ``x = c^2 u / (1 - nu d)`` and ``l = log(1 + x) / x``, ``g = -log rho = u (nu d + (1 - nu d)
l)`` and ``F_tau = coth(g/2) - 2/g + 2 (1 - nu d) (1 - l) / g``, whose terms do not cancel where nu tau is large.

References:
    Cox & Lewis 1966 (spectrum of a renewal process); Dummer, Wieland & Lindner 2014 (self-consistent spectra).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.core.compilation import inlined, kernel

_Array = NDArray[np.float64]

#: Time constants closer than this, relative to their mean, are taken together, by interpolation on `_POINTS`.
_NEAR = 0.05
_POINTS = np.cos(np.pi * (np.arange(9) + 0.5) / 9)
#: Rates in Hz, and parts of the time out of the dead time, below which the limits are exact to rounding.
_SLOWEST, _LEAST_FREE = 1e-100, 1e-100
_SMALL_X, _SMALL_G = 0.05, 0.5


class Filters(NamedTuple):
    """The distinct filters of P populations, each as a weighted sum of exponential filters.

    Attributes:
        of: Number of the filter of each population, shape ``(P,)``.
        taus: Time constants of exponential filters in seconds, shape ``(T,)``.
        weights: Their weights in each of M filters, rows that sum to 1, shape ``(M, T)``.
    """

    of: NDArray[np.int64]
    taus: _Array
    weights: _Array


def filters(tau_membrane: ArrayLike, tau_synaptic: ArrayLike) -> Filters:
    """The filters ``1 / ((1 + i w tau_m) (1 + i w tau_s))`` of populations.

    Args:
        tau_membrane: Membrane time constants in seconds, shape ``(P,)``.
        tau_synaptic: Synaptic time constants in seconds, 0 for none, shape ``(P,)``.
    """
    pairs = np.stack(np.broadcast_arrays(tau_membrane, tau_synaptic), axis=-1).astype(np.float64)
    each, of = np.unique(pairs, axis=0, return_inverse=True)
    parts = [_parts(*pair) for pair in each]
    taus = np.unique(np.concatenate([nodes for nodes, _ in parts]))
    weights = np.zeros((len(parts), len(taus)))
    for row, (nodes, shares) in zip(weights, parts, strict=True):
        row[np.searchsorted(taus, nodes)] = shares
    return Filters(of.reshape(-1), taus, weights)


def _parts(tau_m: float, tau_s: float) -> tuple[_Array, _Array]:
    """Time constants of exponential filters, and their weights, for one pair.

    For time constants near each other, ``tau F_tau`` is the polynomial through points around both, whose divided
    difference is a sum over these points too.
    """
    mean, half = (tau_m + tau_s) / 2, (tau_m - tau_s) / 2
    if tau_s == 0:
        return np.array([tau_m]), np.ones(1)
    if abs(half) > _NEAR / 2 * mean:
        return np.array([tau_m, tau_s]), np.array([tau_m, -tau_s]) / (tau_m - tau_s)
    width = _NEAR * mean
    place = half / width
    series = np.polynomial.chebyshev
    shares = np.empty(len(_POINTS))
    for k, unit in enumerate(np.eye(len(_POINTS))):
        slope = series.chebder(series.chebfit(_POINTS, unit, len(_POINTS) - 1))
        nodes, weights = np.polynomial.legendre.leggauss(len(_POINTS))
        shares[k] = weights @ series.chebval(place * nodes, slope) / (2 * width)
    nodes = mean + width * _POINTS
    return nodes, shares * nodes


def noise_factor(
    rate: ArrayLike, cv: ArrayLike, *, tau_membrane: ArrayLike, tau_synaptic: ArrayLike, tau_refractory: ArrayLike
) -> _Array:
    """Variance of a membrane voltage due to a renewal spike train, over that due to a Poisson one of the same rate.

    Args:
        rate: Of the spike train in Hz.
        cv: Of its intervals.
        tau_membrane: Membrane time constant of the receiving neuron in seconds.
        tau_synaptic: Synaptic time constant of the receiving neuron in seconds.
        tau_refractory: Dead time of the sending neuron in seconds; what exceeds the mean interval does not count.

    Returns:
        Of the broadcast shape.
    """
    nu, c, tau_m, tau_s, dead = np.broadcast_arrays(
        *(np.asarray(each, np.float64) for each in (rate, cv, tau_membrane, tau_synaptic, tau_refractory))
    )
    known = filters(tau_m.ravel(), tau_s.ravel())
    found = np.empty((len(known.taus), 3, nu.size))
    for k, tau in enumerate(known.taus):
        exponential_factors(nu.flatten(), c.flatten(), dead.flatten(), tau, found[k])
    return np.einsum("nt,tn->n", known.weights[known.of], found[:, 0]).reshape(nu.shape)


@inlined
def _logarithm(x: float) -> tuple[float, float]:
    """``l = log(1 + x) / x`` and its derivative."""
    if x < _SMALL_X:
        value = slope = 0.0
        for n in range(15, -1, -1):  # sum of (-x)^n / (n + 1)
            slope = -(n + 1.0) / (n + 2.0) - slope * x
            value = 1.0 / (n + 1.0) - value * x
    else:
        value = np.log1p(x) / x
        slope = (1.0 / (1.0 + x) - value) / x
    return value, slope


@inlined
def _spread(x: float, log: float, log_slope: float) -> tuple[float, float]:
    """``(1 - l) / x``, and the derivative of this with respect to x."""
    if x < _SMALL_X:
        value = slope = 0.0
        for n in range(14, -1, -1):  # sum of (-x)^n / (n + 2)
            slope = -(n + 1.0) / (n + 3.0) - slope * x
            value = 1.0 / (n + 2.0) - value * x
    else:
        value = (1.0 - log) / x
        slope = -(log_slope + value) / x
    return value, slope


@inlined
def _regular(g: float) -> tuple[float, float]:
    """``coth(g/2) - 2/g`` and its derivative."""
    if g < _SMALL_G:
        z = g * g
        value = g * (
            1 / 6 - z * (1 / 360 - z * (1 / 15120 - z * (1 / 604800 - z * (1 / 23950080 - z * 691 / 653837184000))))
        )
        slope = 1 / 6 - z * (
            3 / 360 - z * (5 / 15120 - z * (7 / 604800 - z * (9 / 23950080 - z * 11 * 691 / 653837184000)))
        )
    else:
        rest = np.expm1(-g)
        value = (2.0 + rest) / -rest - 2.0 / g
        slope = 2.0 / (g * g) - 2.0 * (1.0 + rest) / (rest * rest)
    return value, slope


@inlined
def exponential_factor(nu: float, c: float, dead: float, tau: float) -> tuple[float, float, float]:
    """``F_tau`` and its derivatives with respect to rate and CV."""
    nu = max(nu, _SLOWEST)
    occupied = min(nu * dead, 1.0)
    free = max(1.0 - occupied, _LEAST_FREE)
    u = 1.0 / (nu * tau)
    x = c * c * u / free
    log, log_slope = _logarithm(x)
    g = u * (occupied + free * log)
    x_by_nu = c * c * u * (2.0 * occupied - 1.0) / (nu * free * free)
    g_by_nu = -2.0 * dead * u * log + u * (2.0 * occupied - 1.0) / (nu * (1.0 + x))
    g_by_c = 2.0 * c * u * u * log_slope
    if u > 1.0:
        rest = np.expm1(-g)
        by_g = -2.0 * (1.0 + rest) / (rest * rest)
        factor = (2.0 + rest) / -rest - 2.0 / u
        by_nu, by_c = by_g * g_by_nu - 2.0 * tau, by_g * g_by_c
    else:
        spread, slope = _spread(x, log, log_slope)
        regular, by_g = _regular(g)
        per_spread = 2.0 * c * c * u / g
        excess = per_spread * spread
        factor = regular + excess
        by_g -= excess / g
        by_nu = by_g * g_by_nu - excess / nu + per_spread * slope * x_by_nu
        by_c = by_g * g_by_c + 4.0 * c * u / g * (spread + x * slope)
    return factor, by_nu, by_c


@kernel
def exponential_factors(nu: Any, c: Any, dead: Any, tau: float, found: Any) -> None:
    """`exponential_factor` of many spike trains, shape ``(n,)`` each, into ``(3, n)``."""
    for i in range(len(nu)):
        found[0, i], found[1, i], found[2, i] = exponential_factor(nu[i], c[i], dead[i], tau)


@kernel
def averaged_factors(
    taus: Any, weights: Any, z_weights: Any, dead: Any, sigma: Any, rates: Any, cvs: Any, response: Any, found: Any
) -> None:
    """Noise factors of populations whose neurons differ by z: the mean over z, weighted by rate.

    A population without spikes counts as Poisson processes. Without noise, derivatives with respect to the variance of
    the input are 0.

    Args:
        taus: Of `Filters`, shape ``(T,)``.
        weights: Likewise, shape ``(M, T)``.
        z_weights: Shape ``(Q,)``.
        dead: Refractory periods in seconds, shape ``(P,)``.
        sigma: Noise of the input, shape ``(B, Q, P)``.
        rates: Rates in Hz and their derivatives with respect to mean and sigma, likewise (a tuple of three).
        cvs: Interval CVs, likewise.
        response: Takes the rates and their derivatives with respect to mean and variance, shape ``(3, B, Q, P)``.
        found: Takes the factors and their derivatives with respect to a change of the mean input, and of its variance,
            for all z alike, shape ``(3, B, M, P)``.
    """
    found[:] = 0.0
    for n in range(found.shape[1]):
        for b in range(found.shape[3]):
            total = total_by_mu = total_by_variance = 0.0
            for q in range(len(z_weights)):
                weight, rate, cv, noise = z_weights[q], rates[0][n, q, b], cvs[0][n, q, b], sigma[n, q, b]
                per_noise = 0.5 / noise if noise > 0 else 0.0
                rate_by_mu, rate_by_variance = rates[1][n, q, b], rates[2][n, q, b] * per_noise
                cv_by_mu, cv_by_variance = cvs[1][n, q, b], cvs[2][n, q, b] * per_noise
                response[0, n, q, b], response[1, n, q, b], response[2, n, q, b] = rate, rate_by_mu, rate_by_variance
                total += weight * rate
                total_by_mu += weight * rate_by_mu
                total_by_variance += weight * rate_by_variance
                for t in range(len(taus)):
                    factor, by_rate, by_cv = exponential_factor(rate, cv, dead[b], taus[t])
                    own_by_rate, own_by_cv = factor + rate * by_rate, rate * by_cv
                    by_mu = own_by_rate * rate_by_mu + own_by_cv * cv_by_mu
                    by_variance = own_by_rate * rate_by_variance + own_by_cv * cv_by_variance
                    for m in range(len(weights)):
                        share = weight * weights[m, t]
                        found[0, n, m, b] += share * rate * factor
                        found[1, n, m, b] += share * by_mu
                        found[2, n, m, b] += share * by_variance
            for m in range(len(weights)):
                if total > _SLOWEST:
                    mean = found[0, n, m, b] / total
                    found[0, n, m, b] = mean
                    found[1, n, m, b] = (found[1, n, m, b] - mean * total_by_mu) / total
                    found[2, n, m, b] = (found[2, n, m, b] - mean * total_by_variance) / total
                else:
                    found[0, n, m, b], found[1, n, m, b], found[2, n, m, b] = 1.0, 0.0, 0.0
