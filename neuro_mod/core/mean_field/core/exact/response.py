"""Rate and interval CV of neurons in an Ornstein-Uhlenbeck current, from response tables."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.mean_field.core import shifted_cv
from neuro_mod.core.mean_field.core.exact import kernel
from neuro_mod.core.mean_field.core.exact.cache import say_if_many, table_for
from neuro_mod.core.mean_field.core.exact.coordinates import LOG_RHO, W
from neuro_mod.core.mean_field.core.exact.table import Ratios
from neuro_mod.core.neurons import NeuronParameters
from neuro_mod.core.table_watch import say

_Array = NDArray[np.float64]


def exact_response(mu: _Array, sigma: _Array, neurons: NeuronParameters) -> _Array:
    """Rate, its derivatives with respect to mu and sigma, interval CV and its own, shape ``(6, ...)``.

    Args:
        mu: Mean of the free voltage in threshold units, finite.
        sigma: Its noise in threshold units, finite and not negative.
        neurons: Parameters that have been checked; a synaptic time constant of 0 is white noise.

    Raises:
        InputError: Ratios of time constants are out of range.
        NumericalError: A table cannot be computed.
    """
    tau_m, tau_s, tau_ref, theta, reset = neurons
    given = (mu, sigma, tau_s / tau_m, tau_m, tau_ref, theta, reset)
    shape = np.broadcast_shapes(*(each.shape for each in given))
    inputs = np.empty((len(given), *shape))
    for k, value in enumerate(given):
        inputs[k] = value
    inputs = inputs.reshape(len(given), -1)
    found = np.empty((6, inputs.shape[1]))
    groups = _by_ratios(tau_s / tau_m, tau_ref / tau_m, shape)
    if len(groups) > 1:
        say_if_many(tuple(ratios for ratios, _ in groups if ratios.synaptic > 0))
    for ratios, members in groups:
        if members is None:
            _respond(ratios, inputs, found)
        else:
            part = np.empty((6, int(members.sum())))
            _respond(ratios, np.ascontiguousarray(inputs[:, members]), part)
            found[:, members] = part
    return found.reshape(6, *shape)


def _respond(ratios: Ratios, inputs: _Array, found: _Array) -> None:
    """The response of neurons of one pair of ratios; under white noise, without a table."""
    if ratios.synaptic > 0:
        kernel.respond(table_for(ratios).coefficients, inputs, found)
    else:  # the ratio 0 stands where the kernel expects the shift, which is 0 as well
        shifted_cv.respond_with_cv(inputs, found)


def pairs_of(neurons: NeuronParameters) -> list[Ratios]:
    """The distinct pairs of ratios for which the response needs tables; none for neurons without synaptic filtering."""
    shape = np.broadcast_shapes(*(each.shape for each in neurons))
    synaptic, refractory = (each / neurons.tau_membrane for each in (neurons.tau_synaptic, neurons.tau_refractory))
    return [ratios for ratios, _ in _by_ratios(synaptic, refractory, shape) if ratios.synaptic > 0]


def say_if_extrapolated(mu: _Array, sigma: _Array, neurons: NeuronParameters) -> None:
    """Say so if the response to some input is extrapolated from its table.

    Where the table ends because rates are almost 0, or because there is hardly any noise near the threshold, what
    continues it is accurate.
    """
    width = neurons.threshold - neurons.reset_voltage
    spread = sigma / np.sqrt(1 + neurons.tau_synaptic / neurons.tau_membrane)
    below = neurons.threshold - mu
    silent = below > W[-1] * spread
    far = ~silent & (np.hypot(below, 2 * spread) > width * np.exp(LOG_RHO[-1])) & (neurons.tau_synaptic > 0)
    if far.any():
        say(
            "exact response: some input is so far from the threshold, or so noisy (100 or 50 times threshold - reset), "
            "that rates are extrapolated from the response table; they may be off by 10 % and more"
        )


def _by_ratios(
    synaptic: _Array, refractory: _Array, shape: tuple[int, ...]
) -> list[tuple[Ratios, NDArray[np.bool_] | None]]:
    """The distinct pairs of ratios, with the places of each in a raveled array; None for all."""
    first = Ratios(float(synaptic.flat[0]), float(refractory.flat[0])) if synaptic.size and refractory.size else None
    if first is None:
        return []
    if (synaptic == first.synaptic).all() and (refractory == first.refractory).all():
        return [(first, None)]
    pairs = np.stack(np.broadcast_arrays(synaptic, refractory), axis=-1)
    distinct, which = np.unique(pairs.reshape(-1, 2), axis=0, return_inverse=True)
    places = np.broadcast_to(which.reshape(pairs.shape[:-1]), shape).ravel()
    return [(Ratios(*pair), places == k) for k, pair in enumerate(distinct.tolist())]
