"""Derivatives of steady states and of their eigenvalues with respect to perturbations.

In a steady state ``F(nu, delta) = -nu + phi(nu, delta) = 0``, so that ``d nu / d delta = -J^-1 dF / d delta`` with the
Jacobian J. The eigenvalues of ``A = J / tau_m`` move by ``l . dA . r``, where dA contains both the perturbation itself
and the change of the state, through the second derivatives of the response.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.core.mean_field.core.closed_derivatives import force_matrix, jacobian_by_rate, jacobian_changes
from neuro_mod.core.mean_field.core.inputs import CoefficientDerivatives
from neuro_mod.core.mean_field.core.rate_equations import RateEquations
from neuro_mod.core.mean_field.core.spectrum import Spectrum
from neuro_mod.core.mean_field.core.stability import MARGIN
from neuro_mod.core.mean_field.core.transfer import Expansion, expansion
from neuro_mod.core.perturbations.targets import TARGETS
from neuro_mod.errors import InputError, NumericalError
from neuro_mod.summaries import ShownFields

_Array = NDArray[np.float64]
_Complex = NDArray[np.complex128]

#: Largest residual of a steady state in Hz, relative to rates of 1 Hz and more.
STEADY = 1e-6


@dataclass(frozen=True, eq=False, repr=False)
class Sensitivity(ShownFields):
    """Derivatives of a steady state with respect to perturbations of one target, in K directions.

    Without directions of the user's, direction a is the perturbation of population a alone, and ``rates[a, b]`` is the
    derivative of the rate of population b with respect to it.

    Args:
        target: The perturbed parameter.
        directions: In the unit of the target, shape ``(K, P)``.
        rates: Derivatives of the rates of the populations, in Hz per unit, shape ``(K, P)``.
        values: Eigenvalues of the state in 1/s, largest real part first, shape ``(P,)``.
        eigenvalues: Their derivatives in 1/s per unit, shape ``(K, P)``. Equal eigenvalues usually part: theirs are in
            falling order, for a perturbation in this direction, and not linear in the direction, so that derivatives
            in several directions cannot be added up. NaN where equal eigenvalues have too few eigenvectors.
        groups: Number of the group of equal ones to which each eigenvalue belongs, shape ``(P,)``.
        leading: Derivative of the largest real part, as the perturbation grows from 0, in 1/s per unit, shape ``(K,)``.
        one_sided: Populations whose parameter is at a bound, so that it can be perturbed to one side only, shape
            ``(P,)``: an external rate of 0, an arousal level of 0 or 1, ...

    Examples:
        >>> from neuro_mod import FullMeanFieldStager, stable_states_of
        >>> field = FullMeanFieldStager("two_clusters").field
        >>> [state] = stable_states_of(field, [[0]])
        >>> found = field.sensitivity(state, targets=["rate"])["rate"]
        >>> found.rates.shape  # one row for each perturbed population, one column for each rate
        (6, 6)
    """

    target: str
    directions: _Array
    rates: _Array
    values: _Complex
    eigenvalues: _Complex
    groups: NDArray[np.int64]
    leading: _Array
    one_sided: NDArray[np.bool_]

    @property
    def unit(self) -> str:
        """Unit of the perturbation; empty if it has none."""
        return TARGETS[self.target].unit


def sensitivities(
    field: RateEquations,
    rates: ArrayLike,
    changes: Mapping[str, CoefficientDerivatives],
    directions: ArrayLike | None = None,
) -> dict[str, Sensitivity]:
    """Derivatives of a steady state and of its eigenvalues.

    Args:
        field: The mean field.
        rates: The state in Hz, shape ``(P,)``.
        changes: Derivatives of its coefficients, by target.
        directions: Perturbations in cluster space in the unit of each target, shape ``(K, P)`` or ``(P,)``; each
            population alone by default.

    Raises:
        InputError: A shape does not match, a value is not finite, or the state is not steady.
        NumericalError: An eigenvalue is 0, as at a fold.
    """
    state = (_State if field.closure is None else _ClosedState)(field, field.rates(rates), changes.values())
    along = checked_directions(directions, field.n_populations)
    return {target: state.sensitivity(target, change, along) for target, change in changes.items()}


def checked_directions(directions: ArrayLike | None, n_populations: int) -> _Array:
    """Directions as an array of shape ``(K, P)``.

    Raises:
        InputError: The shape is another one, or a value is not finite.
    """
    if directions is None:
        return np.eye(n_populations)
    along = np.atleast_2d(np.asarray(directions, np.float64))
    if along.ndim != 2 or along.shape[1] != n_populations:
        raise InputError(f"directions: shape {np.shape(directions)} found; expected (K, {n_populations})")
    if not np.isfinite(along).all():
        raise InputError("directions: NaN or infinity found; expected finite values")
    return along


def weighted_forces(field: RateEquations, rates: _Array, weights: _Array, change: CoefficientDerivatives) -> _Array:
    """Derivatives of a weighted sum of ``-nu + phi`` with respect to perturbations, at given rates.

    Args:
        field: The mean field.
        rates: In Hz, shape ``(B, P)``.
        weights: Of the populations at these rates, shape ``(B, P)``.
        change: Derivatives of its coefficients.

    Returns:
        With respect to a perturbation of each population, in Hz per unit, shape ``(P,)``.
    """
    if field.closure is not None:
        return np.einsum("ba,bak->k", weights, force_matrix(field.closure, rates, change))
    coefficients = field.coefficients
    expanded = _expanded(field, rates, time_constants=change.of_time_constants)
    force = coefficients.z_weights @ (expanded.gradient * change.at(rates)).sum(axis=0)
    return (weights * force).sum(axis=0)


def _expanded(field: RateEquations, rates: _Array, *, time_constants: bool) -> Expansion:
    """The response at given rates; with the exact one, its derivatives by time constants take tables of their own."""
    coefficients = field.coefficients
    kind = coefficients.theory.response
    return expansion(*field.moments(rates), coefficients.neurons, kind, time_constants=time_constants)


class _State:
    """What the derivatives with respect to all targets have in common."""

    def __init__(self, field: RateEquations, rates: _Array, changes: Iterable[CoefficientDerivatives]):
        if rates.ndim != 1:
            raise InputError(f"state: shape {rates.shape} found; expected ({field.n_populations},)")
        force, jacobian = field.linearize(rates)
        residual = float(np.max(np.abs(force) / np.maximum(rates, 1.0), initial=0.0))
        if not residual < STEADY:
            raise InputError(f"state: rates that change by {residual:.3g} Hz found; expected a steady state")
        self.field, self.rates, self.jacobian = field, rates, jacobian
        self._time_constants = any(change.of_time_constants for change in changes)
        self.per_second = jacobian / field.tau_membrane[:, None]
        self.spectrum = Spectrum.of(self.per_second)
        size = np.abs(self.spectrum.values)
        if size.min(initial=np.inf) <= MARGIN * size.max(initial=0.0):
            raise NumericalError(
                "state: an eigenvalue of 0 found, as at a fold or where branches meet; "
                "rates change infinitely fast there, so that they have no derivatives"
            )

    def sensitivity(self, target: str, change: CoefficientDerivatives, along: _Array) -> Sensitivity:
        rates, moved = self._moved(change, along)
        return Sensitivity(
            target=target,
            directions=along,
            rates=rates,
            values=self.spectrum.values,
            eigenvalues=moved,
            groups=self.spectrum.labels,
            leading=np.max(moved.real, axis=1, initial=-np.inf, where=self.spectrum.leading),
            one_sided=change.one_sided,
        )

    def _moved(self, change: CoefficientDerivatives, along: _Array) -> tuple[_Array, _Complex]:
        """Derivatives of rates and eigenvalues, shape ``(K, P)`` each.

        The change of the matrix in direction k has the rows ``sum_j slope_j' by_rate_j + along (slope_j by_rate_j' -
        tau' A)``, over the membrane time constant, for mean and variance j.
        """
        explicit, coefficients, tau = change.at(self.rates), self.field.coefficients, self.field.tau_membrane
        expanded, slopes_now = self._response
        force = coefficients.z_weights @ (expanded.gradient * explicit).sum(axis=0)
        rates = -np.linalg.solve(self.jacobian, (along * force).T).T
        inputs = along[:, None] * explicit[:, None]  # (6, K, Q, P), of the perturbation
        for k, by_rate in enumerate(coefficients.by_rate):
            inputs[k] += (rates @ by_rate.T)[:, None]  # and of the change of rates
        slopes = np.einsum("q,jiqp,ikqp->jkp", coefficients.z_weights, expanded.curvature, inputs, optimize=True)
        direct = sum(
            (slope[:, None] * by_rate for slope, by_rate in zip(slopes_now, change.by_rate, strict=True)),
            -change.neurons[0][:, None] * self.per_second,
        )
        moved = self.spectrum.moved(np.stack([*slopes, along]) / tau, np.stack([*coefficients.by_rate, direct]))
        return rates, moved

    @cached_property
    def _response(self) -> tuple[Expansion, _Array]:
        """The response, and its derivatives with respect to mean and variance averaged over z, shape ``(2, P)``."""
        found = _expanded(self.field, self.rates, time_constants=self._time_constants)
        return found, np.einsum("q,iqp->ip", self.field.coefficients.z_weights, found.gradient[:2])


class _ClosedState(_State):
    """The same with the renewal closure."""

    def _moved(self, change: CoefficientDerivatives, along: _Array) -> tuple[_Array, _Complex]:
        assert self.field.closure is not None
        force = force_matrix(self.field.closure, self.rates[None], change)[0]
        rates = -np.linalg.solve(self.jacobian, force @ along.T).T
        changes = jacobian_changes(self.field, self.rates, change, along)
        changes += np.einsum("kj,jab->kab", rates, self._jacobian_by_rate)
        return rates, self.spectrum.moved_by(changes)

    @cached_property
    def _jacobian_by_rate(self) -> _Array:
        return jacobian_by_rate(self.field, self.rates)
