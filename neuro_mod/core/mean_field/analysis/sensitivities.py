"""How barriers and folds move with perturbations.

References:
    Kato 1966 (perturbation of zeros); Cao, Li, Petzold & Serban 2003 (adjoint of a trajectory).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.core.mean_field.analysis.family import FieldFamily
from neuro_mod.core.mean_field.analysis.landscape import Barrier, LandscapeState
from neuro_mod.core.mean_field.core.effective import EffectiveField
from neuro_mod.core.mean_field.core.inputs import CoefficientDerivatives
from neuro_mod.core.mean_field.core.rate_equations import RateEquations
from neuro_mod.core.mean_field.core.sensitivity import checked_directions, weighted_forces
from neuro_mod.errors import InputError

_Array = NDArray[np.float64]

#: At a fold one singular value of the Jacobian vanishes: it is below this part of the next one.
_VANISHING = 1e-3
#: Steps of differences over the parameter, as part of the interval, and weights of fourth order.
_STEP = 1e-3
_STENCIL = {-2: 1 / 12, -1: -8 / 12, 1: 8 / 12, 2: -1 / 12}


def barrier_sensitivities(
    effective: EffectiveField,
    states: Sequence[LandscapeState],
    between: Sequence[Barrier],
    changes: Mapping[str, CoefficientDerivatives],
    directions: ArrayLike | None = None,
) -> dict[str, _Array]:
    """Derivatives of the heights of barriers with respect to perturbations.

    The height is the integral of ``force . dl`` down the path of minimum force. Its ends are states, where the force is
    0, so that only the force along the path counts, and the path itself: ``int (t + lambda/|force|) . dforce/d delta
    dl``, with the direction t of the path. Were the force a gradient, lambda would be 0 (envelope theorem). In general
    it is what a shift of the path aside costs: down the path, in its own time, ``dlambda/dt = -J^T lambda + (J - J^T)
    force``, and 0 in the well.

    Args:
        effective: The effective theory.
        states: From `landscape.states_within`.
        between: B barriers from `landscape.barriers`.
        changes: Derivatives of the coefficients of the field, by target.
        directions: In the unit of the target, shape ``(K, P)`` or ``(P,)``; each population alone by default.

    Returns:
        By target in Hz^2 per unit, shape ``(B, K)``; NaN where the ambient populations have no known equilibrium.

    Raises:
        InputError: The shape of directions does not match.
    """
    along = checked_directions(directions, effective.field.n_populations)
    found: dict[str, list[_Array]] = {target: [] for target in changes}
    for barrier in between:
        rates, weights = _weights(effective, barrier.path, states[barrier.saddle].rates)
        for target, change in changes.items():
            found[target].append(along @ weighted_forces(effective.field, rates, weights, change))
    return {target: np.array(heights).reshape(-1, len(along)) for target, heights in found.items()}


def _weights(effective: EffectiveField, path: _Array, start: _Array) -> tuple[_Array, _Array]:
    """Rates along a path, and how much the force on each population at each point counts, shape ``(M, P)`` each."""
    states = effective.solve(path, np.broadcast_to(start, (len(path), len(start))))
    steps = np.diff(path, axis=0)
    step = float(np.linalg.norm(steps, axis=1).mean())
    tangent = np.gradient(path, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1)[:, None]
    strength = np.einsum("mf,mf->m", states.response - path, tangent)
    of_focus = tangent + _aside(states.jacobian, tangent, strength, step)
    lengths = np.full(len(path), step)
    lengths[[0, -1]] /= 2
    f, a = effective.focus, effective.ambient
    jacobian = effective.field.jacobian(states.rates)
    transposed = np.swapaxes(jacobian, 1, 2)
    pull = transposed[:, a[:, None], f] @ of_focus[..., None]
    weights = np.empty_like(states.rates)
    weights[:, f] = of_focus
    weights[:, a] = -np.linalg.solve(transposed[:, a[:, None], a], pull)[..., 0]
    return states.rates, weights * lengths[:, None]


def _aside(jacobian: _Array, tangent: _Array, strength: _Array, step: float) -> _Array:
    """``lambda / |force|`` along a path, shape ``(M, F)``: followed up from the well, across the path, implicitly.

    At both ends the force and lambda are 0; their ratio is that of the neighbour.
    """
    m, n = tangent.shape
    found = np.zeros((m, n))
    if n == 1:
        return found
    transposed = np.swapaxes(jacobian, 1, 2)
    source = np.einsum("mij,mj->mi", jacobian - transposed, tangent)
    cost = np.zeros(n)
    slope: _Array | None = None  # of the cost, unknown in the well
    for k in range(m - 2, 0, -1):
        pull = transposed[k] / strength[k]
        known = step if slope is None else step / 2
        before = cost if slope is None else cost - known * slope
        cost = np.linalg.solve(np.eye(n) - known * pull, before - known * source[k])
        cost -= tangent[k] * (tangent[k] @ cost)
        slope = source[k] - pull @ cost
        found[k] = cost / strength[k]
    found[0], found[-1] = found[1], found[-2]
    return found


def fold_sensitivities(
    family: FieldFamily,
    value: float,
    rates: _Array,
    changes: Mapping[str, CoefficientDerivatives],
    directions: ArrayLike | None = None,
) -> dict[str, _Array]:
    """Derivatives of the place of a fold with respect to perturbations: ``-(l . dF/d delta) / (l . dF/d parameter)``.

    Here l is the left null vector of the Jacobian. The derivative with respect to the parameter, which may be any key
    of a configuration, is one of the polynomials of the family, by differences of fourth order at fixed rates.

    Args:
        family: The mean fields.
        value: The parameter at the fold.
        rates: The state there in Hz, shape ``(P,)``.
        changes: Derivatives of the coefficients of the field there, by target.
        directions: In the unit of the target, shape ``(K, P)`` or ``(P,)``; each population alone by default.

    Returns:
        By target, in units of the parameter per unit of the target, shape ``(K,)``.

    Raises:
        InputError: The state is not at a fold, or the shape of directions does not match.
    """
    field = family.at(value)
    along = checked_directions(directions, field.n_populations)
    left, sizes, _ = np.linalg.svd(field.jacobian(rates))
    if not sizes[-1] < _VANISHING * (sizes[-2] if len(sizes) > 1 else 1.0):
        raise InputError(
            f"state: smallest singular values {sizes[-2:]} of the Jacobian found; expected a fold, where one is 0"
        )
    null = left[:, -1]
    by_parameter = null @ _by_parameter(family, value, rates)
    return {
        target: -(along @ weighted_forces(field, rates[None], null[None], change)) / by_parameter
        for target, change in changes.items()
    }


def _by_parameter(family: FieldFamily, value: float, rates: _Array) -> _Array:
    """Derivative of the equations with respect to the parameter, shape ``(P,)``."""
    lower, upper = family.limits
    step = _STEP * family.width
    middle = float(np.clip(value, lower + 2 * step, upper - 2 * step))

    def at(field: RateEquations) -> _Array:
        return field.equations(rates)

    if middle == value:
        return (
            sum((weight * at(family.at(value + k * step)) for k, weight in _STENCIL.items()), np.zeros(len(rates)))
            / step
        )
    inward = np.sign(middle - value) * step
    one_sided = {0: -25 / 12, 1: 48 / 12, 2: -36 / 12, 3: 16 / 12, 4: -3 / 12}
    return (
        sum((weight * at(family.at(value + k * inward)) for k, weight in one_sided.items()), np.zeros(len(rates)))
        / inward
    )
