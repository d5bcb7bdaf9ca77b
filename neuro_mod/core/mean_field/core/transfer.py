"""The transfer function: firing rate of a leaky integrate-and-fire neuron under Gaussian noise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.choices import ResponseKind
from neuro_mod.core.mean_field.core import shifted_cv, siegert, siegert_curvature, tables
from neuro_mod.core.mean_field.core.exact.expansion import expand
from neuro_mod.core.mean_field.core.exact.response import exact_response, say_if_extrapolated
from neuro_mod.core.mean_field.core.theory import Theory
from neuro_mod.core.neurons import NeuronParameters
from neuro_mod.errors import InputError, invalid

#: What `neuro_mod.transfer` offers; the rest serves the mean field.
__all__ = ["Response", "firing_rate", "interval_cv", "response"]

#: ``|zeta(1/2)| / sqrt(2)``: the shift of the integration limits by synaptic filtering, over ``sqrt(tau_s/tau_m)``.
FILTER_SHIFT = 1.0326265761156086


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
    mu: ArrayLike, sigma: ArrayLike, *, response: ResponseKind = "shifted", **neurons: Any
) -> NDArray[np.float64]:
    """Firing rate in Hz, of the broadcast shape; see `response`.

    Examples:
        >>> from neuro_mod import transfer
        >>> neuron = dict(tau_membrane=0.02, tau_synaptic=0.005, tau_refractory=0.005, threshold=1.0, reset_voltage=0.0)
        >>> transfer.firing_rate([0.6, 0.8, 1.0], 0.35, **neuron).round(2)
        array([ 2.35,  7.39, 14.63])
    """
    return response_to_input(*_checked(mu, sigma, neurons, response)).rate


def interval_cv(
    mu: ArrayLike, sigma: ArrayLike, *, response: ResponseKind = "shifted", **neurons: Any
) -> NDArray[np.float64]:
    """Coefficient of variation of inter-spike intervals, of the broadcast shape; see `response`.

    The shifted one takes the variance of first-passage times under white noise with the shifted limits of integration.

    Examples:
        >>> from neuro_mod import transfer
        >>> neuron = dict(tau_membrane=0.02, tau_synaptic=0.005, tau_refractory=0.005, threshold=1.0, reset_voltage=0.0)
        >>> transfer.interval_cv([0.6, 1.0, 2.0], 0.35, **neuron).round(2)  # less regular below threshold
        array([0.91, 0.59, 0.24])
    """
    return interval_statistics(*_checked(mu, sigma, neurons, response))[1].cv


def response(mu: ArrayLike, sigma: ArrayLike, *, response: ResponseKind = "shifted", **neurons: Any) -> Response:
    """Firing rate of a leaky integrate-and-fire neuron, and its analytic derivatives.

    ``nu = 1 / (tau_ref + tau_m sqrt(pi) int_a^b exp(u^2) (1 + erf u) du)`` with ``a = (V_r - mu)/sigma + beta``,
    ``b = (theta - mu)/sigma + beta``, ``beta = |zeta(1/2)|/sqrt(2) sqrt(tau_s/tau_m)``, for the ``shifted`` response.
    The ``exact`` one is the stationary solution for the voltage and the current together, from a table that is made
    when a pair of ratios ``tau_s/tau_m`` and ``tau_ref/tau_m`` is first used, and kept.

    Assumptions and approximations: the input is Gaussian noise of mean mu and standard deviation sigma of the free
    membrane voltage (diffusion approximation). In the shifted response, synaptic filtering is taken to first order in
    ``sqrt(tau_s/tau_m)``: at 0.5 it is off by up to 10 %. ``tau_synaptic = 0`` is white noise, exact in either;
    ``sigma = 0`` is the neuron without noise.

    Args:
        mu: Mean input in threshold units.
        sigma: Noise in threshold units, not negative: ``sigma^2 / 2`` would be the variance of the free voltage under
            white noise.
        response: ``shifted`` or ``exact``.
        **neurons: The parameters of `NeuronParameters`, as keywords: ``tau_membrane``, ``tau_synaptic``,
            ``tau_refractory``, ``threshold`` and ``reset_voltage``.

    Returns:
        Rate in Hz and derivatives. The relative error of the rate is below 1e-11 for the shifted response as long as it
        is a normal number, and below 0.1 % for the exact one above 1 Hz.

    Raises:
        InputError: A value is out of bounds or not finite, or ratios of time constants are out of range.
        ValueError: Shapes do not broadcast.

    References:
        Siegert 1951; Amit & Brunel 1997; Fourcaud & Brunel 2002, eq. 4.33; Schuecker et al. 2015.

    Examples:
        >>> from neuro_mod import transfer
        >>> neuron = dict(tau_membrane=0.02, tau_synaptic=0.005, tau_refractory=0.005, threshold=1.0, reset_voltage=0.0)
        >>> rate, by_mu, by_sigma = transfer.response(0.8, 0.35, **neuron)
        >>> print(f"{rate:.2f} Hz, {by_mu:.1f} and {by_sigma:.1f} Hz per threshold unit")
        7.39 Hz, 32.3 and 22.9 Hz per threshold unit
    """
    return response_to_input(*_checked(mu, sigma, neurons, response))


def _checked(
    mu: ArrayLike, sigma: ArrayLike, neurons: Mapping[str, Any], kind: ResponseKind
) -> tuple[NDArray[np.float64], NDArray[np.float64], NeuronParameters, ResponseKind]:
    """Arguments of public functions.

    Raises:
        InputError: A value is out of bounds, or the kind of response is unknown.
    """
    mu, sigma = np.asarray(mu, np.float64), np.asarray(sigma, np.float64)
    if (sigma < 0).any():
        raise invalid("sigma", float(sigma.min()), "at least 0")
    Theory(response=kind)
    parameters = NeuronParameters(**neurons)
    if _is_exact(kind, parameters):
        _check_finite(mu, sigma)
        say_if_extrapolated(mu, sigma, parameters)
    return mu, sigma, parameters, kind


class IntervalCV(NamedTuple):
    """Interval CV and its derivatives, each of the broadcast shape.

    Attributes:
        cv: Standard deviation over mean of the intervals.
        by_mu: Derivative with respect to mu.
        by_sigma: Derivative with respect to sigma.
    """

    cv: NDArray[np.float64]
    by_mu: NDArray[np.float64]
    by_sigma: NDArray[np.float64]


def interval_statistics(
    mu: NDArray[np.float64], sigma: NDArray[np.float64], neurons: NeuronParameters, kind: ResponseKind = "shifted"
) -> tuple[Response, IntervalCV]:
    """Rate and CV of the inter-spike intervals of neurons whose parameters have been checked, with derivatives.

    Raises:
        InputError: mu or sigma is not finite.
    """
    if _is_exact(kind, neurons):
        rate, rate_by_mu, rate_by_sigma, cv, cv_by_mu, cv_by_sigma = _exact(mu, sigma, neurons)
        return Response(rate, rate_by_mu, rate_by_sigma), IntervalCV(cv, cv_by_mu, cv_by_sigma)
    inputs, shape = _inputs(mu, sigma, neurons)
    found = np.empty((6, inputs.shape[1]))
    shifted_cv.respond_with_cv(inputs, found)
    each = found.reshape(6, *shape)
    return Response(*each[:3]), IntervalCV(*each[3:])


def response_to_input(
    mu: NDArray[np.float64], sigma: NDArray[np.float64], neurons: NeuronParameters, kind: ResponseKind = "shifted"
) -> Response:
    """`response` of neurons whose parameters have been checked.

    Raises:
        InputError: mu or sigma is not finite.
    """
    if _is_exact(kind, neurons):
        return Response(*_exact(mu, sigma, neurons)[:3])
    inputs, shape = _inputs(mu, sigma, neurons)
    found = np.empty((3, inputs.shape[1]))
    siegert.respond(tables.coefficients(), inputs, *found)
    return Response(*found.reshape(3, *shape))


class Expansion(NamedTuple):
    """Rate, first and second derivatives with respect to `EXPANDED`.

    Attributes:
        rate: In Hz, of the broadcast shape.
        gradient: First derivatives, shape ``(6, ...)``.
        curvature: Derivatives of the first two of them, those with respect to mean and variance, shape ``(2, 6, ...)``.
    """

    rate: NDArray[np.float64]
    gradient: NDArray[np.float64]
    curvature: NDArray[np.float64]


#: What `expansion` differentiates with respect to, in this order.
EXPANDED = ("mu", "variance", "tau_membrane", "tau_synaptic", "tau_refractory", "threshold")


def expansion(
    mu: NDArray[np.float64],
    variance: NDArray[np.float64],
    neurons: NeuronParameters,
    kind: ResponseKind = "shifted",
    *,
    time_constants: bool = True,
) -> Expansion:
    """The response with its first and second derivatives: in closed form, see `siegert_curvature`, or from tables.

    Without noise, derivatives with respect to the variance are 0. So is the one with respect to the synaptic time
    constant where that is 0: the rate falls like its root there.

    Args:
        mu: Mean input in threshold units.
        variance: Variance of the free membrane voltage in squared threshold units.
        neurons: Parameters that have been checked.
        kind: ``shifted`` or ``exact``.
        time_constants: Whether derivatives with respect to time constants are wanted; for the exact response they take
            four more tables, and are 0 otherwise.

    Raises:
        InputError: mu or variance is not finite, or ratios of time constants are out of range.
    """
    if _is_exact(kind, neurons):
        _check_finite(mu, variance)
        return Expansion(*expand(mu, variance, neurons, time_constants=time_constants)[:3])
    inputs, shape = _inputs(mu, np.sqrt(variance), neurons)
    found = np.empty((1 + 6 + len(siegert_curvature.PAIRS), inputs.shape[1]))
    siegert_curvature.expand(tables.coefficients(), inputs, found)
    rate, interval = found[0], found[1:7]
    slopes = -rate * interval
    second = np.zeros((2, 6, len(rate)))
    for (i, j), of_interval in zip(siegert_curvature.PAIRS, found[7:], strict=True):
        second[i, j] = -of_interval
    second[1, 0] = second[0, 1]
    second = rate * (second + 2 * interval[:2, None] * interval)
    beta, tau_m, tau_s = inputs[2], inputs[3], np.broadcast_to(neurons.tau_synaptic, shape).ravel()
    by_tau_m = -beta / (2 * tau_m)
    by_tau_s = np.divide(beta, 2 * tau_s, out=np.zeros_like(beta), where=tau_s > 0)

    def ordered(values: NDArray[np.float64]) -> NDArray[np.float64]:
        """From the parameters of `siegert_curvature`, on the axis before the last, to `EXPANDED`."""
        by_mu, by_variance, tau_membrane, tau_refractory, threshold, shift = np.moveaxis(values, -2, 0)
        each = (by_mu, by_variance, tau_membrane + shift * by_tau_m, shift * by_tau_s, tau_refractory, threshold)
        return np.stack(each, axis=-2).reshape(*values.shape[:-1], *shape)

    return Expansion(rate.reshape(shape), ordered(slopes), ordered(second))


def _inputs(
    mu: NDArray[np.float64], sigma: NDArray[np.float64], neurons: NeuronParameters
) -> tuple[NDArray[np.float64], tuple[int, ...]]:
    """Arguments of the kernels, shape ``(7, n)``, and the broadcast shape.

    Raises:
        InputError: mu or sigma is not finite.
    """
    _check_finite(mu, sigma)
    tau_m, tau_s, tau_ref, theta, reset = neurons
    given = (mu, sigma, FILTER_SHIFT * np.sqrt(tau_s / tau_m), tau_m, tau_ref, theta, reset)
    shape = np.broadcast_shapes(*(value.shape for value in given))
    inputs = np.empty((len(given), *shape))
    for k, value in enumerate(given):
        inputs[k] = value
    return inputs.reshape(len(inputs), -1), shape


def _exact(mu: NDArray[np.float64], sigma: NDArray[np.float64], neurons: NeuronParameters) -> NDArray[np.float64]:
    """See `exact_response`.

    Raises:
        InputError: mu or sigma is not finite, or a ratio of time constants is out of range.
    """
    _check_finite(mu, sigma)
    return exact_response(mu, sigma, neurons)


def _is_exact(kind: ResponseKind, neurons: NeuronParameters) -> bool:
    """Whether tables are needed: under white noise, the shifted response is exact."""
    return kind == "exact" and bool(neurons.tau_synaptic.any())


def _check_finite(mu: NDArray[np.float64], sigma: NDArray[np.float64]) -> None:
    if not (np.isfinite(mu).all() and np.isfinite(sigma).all()):
        raise InputError("mu, sigma: NaN or infinity found; expected finite values")
