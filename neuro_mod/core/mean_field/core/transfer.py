"""The transfer function: firing rate of a leaky integrate-and-fire neuron under Gaussian noise."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.core.mean_field.core import siegert, tables
from neuro_mod.core.neurons import NeuronParameters
from neuro_mod.errors import InputError, invalid

#: ``|zeta(1/2)| / sqrt(2)``: the shift of the integration limits by synaptic filtering, over ``sqrt(tau_s/tau_m)``.
FILTER_SHIFT = 1.0326265761156086

_table = cache(tables.coefficients)


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


def firing_rate(mu: ArrayLike, sigma: ArrayLike, **neurons: Any) -> NDArray[np.float64]:
    """Firing rate in Hz, of the broadcast shape; see `response`."""
    return response(mu, sigma, **neurons).rate


def response(mu: ArrayLike, sigma: ArrayLike, **neurons: Any) -> Response:
    """Firing rate of a leaky integrate-and-fire neuron, and its analytic derivatives.

    ``nu = 1 / (tau_ref + tau_m sqrt(pi) int_a^b exp(u^2) (1 + erf u) du)`` with ``a = (V_r - mu)/sigma + beta``,
    ``b = (theta - mu)/sigma + beta``, ``beta = |zeta(1/2)|/sqrt(2) sqrt(tau_s/tau_m)``.

    Assumptions and approximations: the input is Gaussian noise of mean mu and standard deviation sigma of the free
    membrane voltage (diffusion approximation); synaptic filtering is taken to first order in ``sqrt(tau_s/tau_m)``.
    ``tau_synaptic = 0`` is white noise, exact; ``sigma = 0`` is the neuron without noise.

    Args:
        mu: Mean input in threshold units.
        sigma: Noise in threshold units, not negative.
        **neurons: The parameters of `NeuronParameters`, as keywords: ``tau_membrane``, ``tau_synaptic``,
            ``tau_refractory``, ``threshold`` and ``reset_voltage``.

    Returns:
        Rate in Hz and derivatives. The relative error of the rate is below 1e-11 as long as it is a normal number.

    Raises:
        InputError: A value is out of bounds or not finite.
        ValueError: Shapes do not broadcast.

    References:
        Siegert 1951; Amit & Brunel 1997; Fourcaud & Brunel 2002, eq. 4.33; Schuecker et al. 2015.
    """
    mu, sigma = np.asarray(mu, np.float64), np.asarray(sigma, np.float64)
    if (sigma < 0).any():
        raise invalid("sigma", float(sigma.min()), "at least 0")
    return response_to_input(mu, sigma, NeuronParameters(**neurons))


def response_to_input(mu: NDArray[np.float64], sigma: NDArray[np.float64], neurons: NeuronParameters) -> Response:
    """`response` of neurons whose parameters have been checked.

    Raises:
        InputError: mu or sigma is not finite.
    """
    if not (np.isfinite(mu).all() and np.isfinite(sigma).all()):
        raise InputError("mu, sigma: NaN or infinity found; expected finite values")
    tau_m, tau_s, tau_ref, theta, reset = neurons
    given = (mu, sigma, FILTER_SHIFT * np.sqrt(tau_s / tau_m), tau_m, tau_ref, theta, reset)
    shape = np.broadcast_shapes(*(value.shape for value in given))
    inputs = np.empty((len(given), *shape))
    for k, value in enumerate(given):
        inputs[k] = value
    flat = inputs.reshape(len(inputs), -1)
    found = np.empty((3, flat.shape[1]))
    siegert.respond(_table(), flat, *found)
    return Response(*found.reshape(3, *shape))
