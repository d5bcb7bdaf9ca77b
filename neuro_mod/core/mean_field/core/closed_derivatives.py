"""How mean fields with the renewal closure change with a perturbation, at given rates.

The closure is solved once. In its linear equations for the change of the variances, only the response and the noise
factors at given input are differentiated numerically, by differences of fourth order. So is the Jacobian, of which the
eigenvalues need the change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.mean_field.core.closure import RenewalClosure
from neuro_mod.core.mean_field.core.coefficients import Coefficients, Moments
from neuro_mod.core.mean_field.core.exact.expansion import LEAST_REFRACTORY_STEP, RATIO_STEP
from neuro_mod.core.mean_field.core.inputs import CoefficientDerivatives
from neuro_mod.core.mean_field.core.rate_equations import RateEquations

_Array = NDArray[np.float64]

#: Step of differences, relative to the noise, the variance, the time constants and the way to threshold.
_STEP = 2e-3
_STENCIL = {-2: 1 / 12, -1: -8 / 12, 1: 8 / 12, 2: -1 / 12}
_COARSE, _UPWARDS = {-1: -0.5, 1: 0.5}, {0: -1.5, 1: 2.0, 2: -0.5}


class _Part(NamedTuple):
    """A part of a change, and how it is differentiated.

    Attributes:
        change: Derivatives of the coefficients.
        steps: Perturbation of each population in the unit of the target, shape ``(P,)``; 0 without any effect. Those
            of ratios of time constants raise the ratios.
        stencil: Weights by multiples of the steps.
    """

    change: CoefficientDerivatives
    steps: _Array
    stencil: Mapping[int, float]


def perturbed(coefficients: Coefficients, change: CoefficientDerivatives, amounts: _Array) -> Coefficients:
    """Coefficients under small perturbations, to first order; they are not checked.

    Args:
        coefficients: Without them.
        change: Their derivatives.
        amounts: Perturbation of each population, shape ``(P,)``.
    """
    shifts = [amounts * each for each in change.neurons]
    values = [each + shift for each, shift in zip(coefficients.neurons, [*shifts, 0.0], strict=True)]
    external = Moments(*(a + amounts * b for a, b in zip(coefficients.external, change.external, strict=True)))
    by_rate = Moments(*(a + amounts[:, None] * b for a, b in zip(coefficients.by_rate, change.by_rate, strict=True)))
    each = iter(values)
    return replace(
        coefficients,
        by_rate=Moments(by_rate.mu, np.maximum(by_rate.variance, 0.0)),
        external=Moments(external.mu, np.maximum(external.variance, 0.0)),
        neurons=coefficients.neurons.map(lambda _: next(each)),
    )


def force_matrix(closure: RenewalClosure, rates: _Array, change: CoefficientDerivatives) -> _Array:
    """Derivatives of ``-nu + phi`` with respect to a perturbation of each population, at given rates.

    Args:
        closure: The closure of the field.
        rates: In Hz, shape ``(B, P)``.
        change: Derivatives of the coefficients.

    Returns:
        In Hz per unit, of each population ``[..., force, perturbed]``, shape ``(B, P, P)``.
    """
    coefficients, of = closure.coefficients, closure.filters.of
    found = closure.solve(rates)
    rate_change, by_source = np.zeros_like(rates), np.zeros_like(found.factors)
    by_receiver = np.zeros((*rates.shape, len(of)))
    for part in _parts(coefficients, rates, found.moments, change):
        for k, weight in part.stencil.items():
            moved = RenewalClosure(perturbed(coefficients, part.change, k * part.steps))
            response, source = moved.respond(rates, found.recurrent, closure.filters)
            _, receiver = closure.respond(rates, found.recurrent, moved.filters)
            per_step = np.divide(weight, part.steps, out=np.zeros_like(part.steps), where=part.steps != 0)
            rate_change += per_step * (coefficients.z_weights @ response[0])
            by_source += per_step * source[0]
            by_receiver += per_step[:, None] * receiver[0][:, moved.filters.of]
    variance = coefficients.by_rate.variance
    received = change.by_rate.variance * found.factors[:, of] + variance * by_receiver
    source = variance * (rates[:, None] * by_source)[:, of]
    source += np.einsum("bij,bj->bi", received, rates)[..., None] * np.eye(len(of))
    moved_variance = np.linalg.solve(closure.system(rates, found.factors_by_variance), source)
    by_variance = coefficients.z_weights @ found.by_variance
    return by_variance[..., None] * moved_variance + rate_change[..., None] * np.eye(len(of))


def jacobian_changes(field: RateEquations, rates: _Array, change: CoefficientDerivatives, along: _Array) -> _Array:
    """Derivatives of ``A = J / tau_m`` with respect to perturbations at given rates, shape ``(K, P, P)``.

    Args:
        field: The mean field.
        rates: In Hz, shape ``(P,)``.
        change: Derivatives of its coefficients.
        along: Perturbations, shape ``(K, P)``.
    """
    moments = Moments(*(each[None] for each in field.moments(rates)))
    changes = np.zeros((len(along), len(rates), len(rates)))
    for part in _parts(field.coefficients, rates[None], moments, change):
        if part.stencil is _STENCIL:
            changes += _differences(field, rates, part, along)
        else:  # each population alone, so that few ratios of time constants occur
            alone = _differences(field, rates, part, np.eye(len(rates)))
            changes += np.einsum("ka,aij->kij", along, alone)
    return changes


def _differences(field: RateEquations, rates: _Array, part: _Part, along: _Array) -> _Array:
    """Derivatives of ``J / tau_m`` in each direction, shape ``(K, P, P)``."""
    changes = np.zeros((len(along), len(rates), len(rates)))
    for row, direction in enumerate(along):
        moving = (direction != 0) & (part.steps != 0)
        if moving.any():
            steps = part.steps[moving] / np.abs(direction[moving])
            step = float(steps[np.abs(steps).argmin()])
            for k, weight in part.stencil.items():
                near = RateEquations(perturbed(field.coefficients, part.change, k * step * direction))
                changes[row] += weight / step * (near.jacobian(rates) / near.tau_membrane[:, None])
    return changes


def jacobian_by_rate(field: RateEquations, rates: _Array) -> _Array:
    """Derivatives of ``A = J / tau_m`` with respect to the rate of each population, shape ``(P, P, P)``, that first.

    Args:
        field: The mean field.
        rates: In Hz, shape ``(P,)``.
    """
    moments = field.moments(rates)
    sigma, variance = (each.min(axis=0)[:, None] for each in (np.sqrt(moments.variance), moments.variance))
    by_rate = field.coefficients.by_rate
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.fmax(np.abs(by_rate.mu) / sigma, by_rate.variance / variance).max(axis=0)
        steps = np.fmin(_STEP / relative, rates / 3)
    changes = np.zeros((len(rates), len(rates), len(rates)))
    for k, weight in _STENCIL.items():
        changes += weight * field.jacobian(rates + k * np.diag(steps))
    per_step = np.divide(1.0, steps, out=np.zeros_like(steps), where=steps > 0)
    return changes * per_step[:, None, None] / field.tau_membrane[:, None]


def _parts(coefficients: Coefficients, rates: _Array, moments: Moments, change: CoefficientDerivatives) -> list[_Part]:
    """A change as the sum of parts.

    With the exact response, changes of the ratios of time constants are parts of their own, with the steps that
    `exact.expansion` takes.
    """
    neurons = coefficients.neurons
    by_tau_m, by_tau_s, by_tau_ref, _ = change.neurons
    by_tau = by_tau_m.any() or by_tau_s.any() or by_tau_ref.any()
    if coefficients.theory.response != "exact" or not by_tau or not neurons.tau_synaptic.any():
        return [_Part(change, _steps(coefficients, rates, moments, change), _STENCIL)]
    ratios = np.stack([neurons.tau_synaptic, neurons.tau_refractory]) / neurons.tau_membrane
    at_fixed_ratios = change.neurons.copy()
    at_fixed_ratios[1:3] = ratios * by_tau_m
    scaled = replace(change, neurons=at_fixed_ratios)
    parts = [_Part(scaled, _steps(coefficients, rates, moments, scaled), _STENCIL)]
    largest = (RATIO_STEP * ratios[0], np.maximum(RATIO_STEP * ratios[1], LEAST_REFRACTORY_STEP))
    nothing = Moments(*(0 * each for each in change.by_rate)), Moments(*(0 * each for each in change.external))
    for row, (ratio, step) in enumerate(zip(ratios, largest, strict=True), start=1):
        alone = np.zeros_like(change.neurons)
        alone[row] = change.neurons[row] - at_fixed_ratios[row]
        steps = np.zeros_like(alone[row])
        np.divide(step * neurons.tau_membrane, alone[row], out=steps, where=alone[row] != 0)
        if steps.any():
            stencil = _COARSE if (ratio >= step)[steps != 0].all() else _UPWARDS
            parts.append(_Part(replace(change, by_rate=nothing[0], external=nothing[1], neurons=alone), steps, stencil))
    return parts


def _steps(coefficients: Coefficients, rates: _Array, moments: Moments, change: CoefficientDerivatives) -> _Array:
    """Perturbation of each population that changes what it acts on by `_STEP`, relatively; 0 without any effect."""
    neurons = coefficients.neurons
    mean, variance, *_ = np.abs(change.at(rates))
    to_threshold = neurons.threshold - neurons.reset_voltage
    noisy = moments.variance > 0
    noise = np.where(noisy, np.minimum(np.sqrt(moments.variance), to_threshold), to_threshold)
    relative = [
        (mean / noise).max(axis=(0, 1)),
        np.divide(variance, moments.variance, out=np.zeros_like(variance), where=noisy).max(axis=(0, 1)),
        np.abs(change.neurons[0]) / neurons.tau_membrane,
        np.abs(change.neurons[1]) / np.where(neurons.tau_synaptic > 0, neurons.tau_synaptic, neurons.tau_membrane),
        np.abs(change.neurons[2]) / neurons.tau_membrane,
        np.abs(change.neurons[3]) / to_threshold,
    ]
    largest = np.max(relative, axis=0)
    return np.divide(_STEP, largest, out=np.zeros_like(largest), where=largest > 0)
