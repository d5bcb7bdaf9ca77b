"""Which perturbations are allowed: those of a subspace of cluster space whose norm is within a budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import null_space
from scipy.optimize import linprog

from neuro_mod.checks import check_choice
from neuro_mod.choices import VectorNorm
from neuro_mod.core.perturbations.directions import vector_norm
from neuro_mod.errors import InputError, invalid

_Array = NDArray[np.float64]

#: Parts of a vector below this part of its length are rounding errors.
_ROUNDING = 1e-9
#: Alternating projections end when a round moves the vector by less than this part of the budget.
_CONVERGED, _MAX_ROUNDS = 1e-12, 20_000


@dataclass(frozen=True, eq=False)
class Constraints:
    """Vectors of a subspace with a norm of at most the budget.

    Args:
        norm: Which norm.
        budget: The largest norm, in the unit of the target.
        basis: Orthonormal vectors that span the subspace, in columns, shape ``(P, M)``.

    Raises:
        InputError: The budget is not positive, or the subspace holds nothing but 0.
    """

    norm: VectorNorm
    budget: float
    basis: _Array

    def __post_init__(self) -> None:
        check_choice("norm", self.norm, VectorNorm)
        if not 0 < self.budget < np.inf:
            raise invalid("budget", float(self.budget), "a positive number: nothing can be designed without")
        if not self.basis.shape[1]:
            raise InputError("constraints: no vector but 0 satisfies all of them; expected fewer or other constraints")

    @property
    def n_populations(self) -> int:
        """Number of populations P."""
        return len(self.basis)

    def size(self, vector: ArrayLike) -> float:
        """The norm of a vector, shape ``(P,)``."""
        return vector_norm(np.asarray(vector, np.float64), self.norm)

    def within_subspace(self, vector: ArrayLike) -> _Array:
        """The closest vector of the subspace, whatever its norm."""
        return self.basis @ (self.basis.T @ np.asarray(vector, np.float64))

    def filled(self, direction: ArrayLike) -> _Array | None:
        """The vector along a direction that spends the whole budget; None if the subspace has nothing along it."""
        found = self.within_subspace(direction)
        if np.linalg.norm(found) <= _ROUNDING * np.linalg.norm(np.asarray(direction)):
            return None
        return found * (self.budget / self.size(found))

    def furthest(self, slope: ArrayLike) -> _Array:
        """The allowed vector x of the largest ``slope . x``: a linear program, unless it is along the slope in l2.

        Args:
            slope: Shape ``(P,)``.
        """
        along = self.basis.T @ np.asarray(slope, np.float64)
        if self.norm == "l2":
            length = float(np.linalg.norm(along))
            return self.basis @ along * (self.budget / length if length > 0 else 0.0)
        p, m = self.basis.shape
        if self.norm == "linf":
            bounded, limits = np.vstack([self.basis, -self.basis]), np.full(2 * p, self.budget)
            found = linprog(-along, A_ub=bounded, b_ub=limits, bounds=(None, None))
            return self.basis @ found.x
        # magnitudes of the entries as further unknowns, whose sum is bounded
        unit, sum_of_magnitudes = np.eye(p), np.append(np.zeros(m), np.ones(p))
        bounded = np.vstack([np.hstack([self.basis, -unit]), np.hstack([-self.basis, -unit]), sum_of_magnitudes])
        limits = np.append(np.zeros(2 * p), self.budget)
        found = linprog(np.append(-along, np.zeros(p)), A_ub=bounded, b_ub=limits, bounds=(None, None))
        return self.basis @ found.x[:m]

    def project(self, vector: ArrayLike) -> _Array:
        """The closest allowed vector, in the sense of least squares.

        The ball of l2 keeps its shape within any subspace, so that two projections do. Otherwise projections on the
        subspace and on the ball alternate, corrected so that they lead to the closest common vector.

        Args:
            vector: Shape ``(P,)``.

        References:
            Boyle & Dykstra 1986, "A method for finding projections onto the intersection of convex sets in Hilbert
            spaces".
        """
        closest = self.within_subspace(vector)
        if self.size(closest) <= self.budget:
            return closest
        correction = np.zeros_like(closest)
        for _ in range(1 if self.norm == "l2" else _MAX_ROUNDS):
            before, corrected = closest, correction
            in_ball = project_on_ball(before + corrected, self.norm, self.budget)
            correction = before + corrected - in_ball
            closest = self.within_subspace(in_ball)
            # a round may leave the vector as it is before the corrections have settled
            moved = np.abs(closest - before).max() + np.abs(correction - corrected).max()
            if moved <= _CONVERGED * self.budget:
                break
        return closest * min(1.0, self.budget / max(self.size(closest), np.finfo(float).tiny))


def allowed_perturbations(
    n_populations: int,
    norm: VectorNorm,
    budget: float,
    *,
    only: Sequence[int] | None = None,
    zero_sum: bool = False,
    modes: ArrayLike | None = None,
) -> Constraints:
    """Constraints that all hold.

    Args:
        n_populations: Number of populations P.
        norm: Which norm is bounded.
        budget: By what, in the unit of the target.
        only: Populations that may be perturbed; all by default.
        zero_sum: Whether the entries of the vector sum to 0.
        modes: Vectors that span the allowed subspace, in rows, shape ``(M, P)``; everything by default.

    Raises:
        InputError: A shape or the budget is not valid, or only the vector 0 satisfies all constraints.
    """
    p = n_populations
    forbidden = [np.eye(p)[[a for a in range(p) if only is not None and a not in only]]]
    if zero_sum:
        forbidden.append(np.ones((1, p)))
    if modes is not None:
        forbidden.append(null_space(_checked_modes(modes, p)).T)
    basis = null_space(np.concatenate(forbidden), rcond=_ROUNDING) if any(map(len, forbidden)) else np.eye(p)
    basis[np.abs(basis) < _ROUNDING] = 0
    return Constraints(norm, budget, basis)


def project_on_ball(vector: _Array, norm: VectorNorm, radius: float) -> _Array:
    """The closest vector with a norm of at most a radius.

    References:
        Duchi, Shalev-Shwartz, Singer & Chandra 2008, "Efficient projections onto the l1-ball" (l1, by sorting).
    """
    if norm == "linf":
        return np.clip(vector, -radius, radius)
    if norm == "l2":
        return vector * min(1.0, radius / max(float(np.linalg.norm(vector)), np.finfo(float).tiny))
    if np.abs(vector).sum() <= radius:
        return vector.copy()
    falling = np.sort(np.abs(vector))[::-1]
    excess = (np.cumsum(falling) - radius) / np.arange(1, len(falling) + 1)
    threshold = excess[np.flatnonzero(falling > excess)[-1]]
    return np.sign(vector) * np.maximum(np.abs(vector) - threshold, 0)


def _checked_modes(modes: ArrayLike, n_populations: int) -> _Array:
    found = np.atleast_2d(np.asarray(modes, np.float64))
    if found.ndim != 2 or found.shape[1] != n_populations or not np.isfinite(found).all():
        expected = f"vectors of {n_populations} finite entries in rows, one for each population"
        raise InputError(f"modes: shape {np.shape(modes)} found; expected {expected}")
    if not found.any():
        raise InputError("modes: nothing but 0 found; expected at least one vector that is not")
    return found
