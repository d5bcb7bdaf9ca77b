"""The transfer function: firing rate of a leaky integrate-and-fire neuron under Gaussian noise."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.core.mean_field.core import siegert, tables

#: ``|zeta(1/2)| / sqrt(2)``: the shift of the integration limits by synaptic filtering, over ``sqrt(tau_s/tau_m)``.
FILTER_SHIFT = 1.0326265761156086

_IN_ORDER = ("tau_membrane", "tau_synaptic", "tau_refractory", "threshold", "reset_voltage")

_table = cache(tables.coefficients)


_Array = NDArray[np.float64]


class Response(NamedTuple):
    """Rate and its derivatives, each of the broadcast shape.

    Attributes:
        rate: In Hz.
        by_mu: Derivative with respect to mu.
        by_sigma: Derivative with respect to sigma.
    """

    rate: NDArray[np.float64]
    by_mu: NDArray[np.float64]
    by_sigma: NDArray[np.float64]


def firing_rate(
    mu: ArrayLike,
    sigma: ArrayLike,
    *,
    tau_membrane: ArrayLike,
    tau_synaptic: ArrayLike,
    tau_refractory: ArrayLike,
    threshold: ArrayLike,
    reset_voltage: ArrayLike,
) -> NDArray[np.float64]:
    """Firing rate in Hz, of the broadcast shape; see `response`."""
    return response(
        mu,
        sigma,
        tau_membrane=tau_membrane,
        tau_synaptic=tau_synaptic,
        tau_refractory=tau_refractory,
        threshold=threshold,
        reset_voltage=reset_voltage,
    ).rate


def response(
    mu: ArrayLike,
    sigma: ArrayLike,
    *,
    tau_membrane: ArrayLike,
    tau_synaptic: ArrayLike,
    tau_refractory: ArrayLike,
    threshold: ArrayLike,
    reset_voltage: ArrayLike,
) -> Response:
    """Firing rate of a leaky integrate-and-fire neuron, and its analytic derivatives.

    ``nu = 1 / (tau_ref + tau_m sqrt(pi) int_a^b exp(u^2) (1 + erf u) du)`` with ``a = (V_r - mu)/sigma + beta``,
    ``b = (theta - mu)/sigma + beta``, ``beta = |zeta(1/2)|/sqrt(2) sqrt(tau_s/tau_m)``.

    Assumptions and approximations: the input is Gaussian noise of mean mu and standard deviation sigma of the free
    membrane voltage (diffusion approximation); synaptic filtering is taken to first order in ``sqrt(tau_s/tau_m)``.
    ``tau_synaptic = 0`` is white noise, exact; ``sigma = 0`` is the neuron without noise.

    Args:
        mu: Mean input in threshold units.
        sigma: Noise in threshold units, not negative.
        tau_membrane: Membrane time constant in seconds.
        tau_synaptic: Synaptic time constant in seconds, not negative.
        tau_refractory: Refractory period in seconds, not negative.
        threshold: In threshold units.
        reset_voltage: In threshold units, below the threshold.

    Returns:
        Rate in Hz and derivatives. The relative error of the rate is below 1e-11 as long as it is a normal number.

    Raises:
        ValueError: A parameter is out of bounds or not finite, or shapes do not fit together.

    References:
        Siegert 1951; Amit & Brunel 1997; Fourcaud & Brunel 2002, eq. 4.33; Schuecker et al. 2015.
    """
    given = (mu, sigma, tau_membrane, tau_synaptic, tau_refractory, threshold, reset_voltage)
    mu, sigma, tau_m, tau_s, tau_ref, theta, reset = (np.asarray(value, np.float64) for value in given)
    _check(mu, sigma, tau_m, tau_s, tau_ref, theta, reset)
    return _respond(mu, sigma, tau_m, tau_s, tau_ref, theta, reset)


def response_to_input(mu: NDArray[np.float64], sigma: NDArray[np.float64], neurons: dict[str, NDArray]) -> Response:
    """`response` of neurons whose parameters, by name, were checked before.

    Raises:
        ValueError: mu or sigma is not finite.
    """
    if not (np.isfinite(mu).all() and np.isfinite(sigma).all()):
        raise ValueError("every value must be finite")
    return _respond(mu, sigma, *(neurons[name] for name in _IN_ORDER))


def _respond(
    mu: NDArray[np.float64],
    sigma: NDArray[np.float64],
    tau_m: NDArray[np.float64],
    tau_s: NDArray[np.float64],
    tau_ref: NDArray[np.float64],
    theta: NDArray[np.float64],
    reset: NDArray[np.float64],
) -> Response:
    given = (mu, sigma, FILTER_SHIFT * np.sqrt(tau_s / tau_m), tau_m, tau_ref, theta, reset)
    shape = np.broadcast_shapes(*(value.shape for value in given))
    inputs = np.empty((len(given), *shape))
    for k, value in enumerate(given):
        inputs[k] = value
    flat = inputs.reshape(len(inputs), -1)
    found = np.empty((3, flat.shape[1]))
    siegert.respond(_table(), flat, *found)
    return Response(*found.reshape(3, *shape))


def _check(*values: NDArray[np.float64]) -> None:
    _, sigma, tau_m, tau_s, tau_ref, theta, reset = values
    rules = {
        "every value must be finite": all(np.isfinite(value).all() for value in values),
        "sigma must not be negative": (sigma >= 0).all(),
        "tau_membrane must be positive": (tau_m > 0).all(),
        "tau_synaptic must not be negative": (tau_s >= 0).all(),
        "tau_refractory must not be negative": (tau_ref >= 0).all(),
        "threshold must lie above reset_voltage": (theta > reset).all(),
    }
    broken = [rule for rule, holds in rules.items() if not holds]
    if broken:
        raise ValueError("; ".join(broken))
