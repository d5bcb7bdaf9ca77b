"""Constraints of a design: projections against a slow solver, and what contradicts itself."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from scipy.optimize import minimize

from neuro_mod.choices import VectorNorm
from neuro_mod.core.control.constraints import Constraints, allowed_perturbations
from neuro_mod.errors import InputError

RNG = np.random.default_rng(3)
MODES = RNG.normal(size=(3, 6))
#: Constraints that are not boxes or balls alone.
CASES = {
    "all": {},
    "only": {"only": [0, 2, 3, 5]},
    "zero sum": {"zero_sum": True},
    "modes": {"modes": MODES},
    "zero sum of some": {"only": [0, 1, 4], "zero_sum": True},
}


def solved(constraints: Constraints, vector: np.ndarray) -> np.ndarray:
    """The closest allowed vector by sequential quadratic programming over the coordinates in the subspace.

    Norms become smooth constraints: bounds on entries, or an auxiliary magnitude for each.
    """
    basis, budget = constraints.basis, constraints.budget
    p, m = basis.shape

    def distance(x: np.ndarray) -> float:
        return float(((basis @ x[:m] - vector) ** 2).sum())

    limits = {
        "l2": [{"type": "ineq", "fun": lambda x: budget**2 - (basis @ x[:m]) @ (basis @ x[:m])}],
        "linf": [{"type": "ineq", "fun": lambda x: budget - np.append(basis @ x[:m], -basis @ x[:m])}],
        "l1": [
            {"type": "ineq", "fun": lambda x: np.append(x[m:] - basis @ x[:m], x[m:] + basis @ x[:m])},
            {"type": "ineq", "fun": lambda x: budget - x[m:].sum()},
        ],
    }[constraints.norm]
    start = np.zeros(m + (p if constraints.norm == "l1" else 0))
    options = {"maxiter": 1000, "ftol": 1e-14}
    found = minimize(distance, start, method="SLSQP", constraints=limits, options=options)
    return basis @ found.x[:m]


@pytest.mark.parametrize("norm", get_args(VectorNorm))
@pytest.mark.parametrize("case", CASES)
def test_projections_are_the_closest_allowed_vectors(norm: VectorNorm, case: str) -> None:
    constraints = allowed_perturbations(6, norm, 0.7, **CASES[case])
    for _ in range(3):
        vector = RNG.normal(size=6)
        found = constraints.project(vector)
        # SLSQP ends within about 1e-6 of the solution
        assert found == pytest.approx(solved(constraints, vector), abs=2e-5)
        assert constraints.size(found) <= 0.7 * (1 + 1e-9)
        assert constraints.project(found) == pytest.approx(found, abs=1e-9)
        assert found == pytest.approx(constraints.within_subspace(found), abs=1e-9)


@pytest.mark.parametrize("norm", get_args(VectorNorm))
@pytest.mark.parametrize("case", CASES)
def test_nothing_allowed_is_further_than_the_furthest(norm: VectorNorm, case: str) -> None:
    constraints = allowed_perturbations(6, norm, 0.7, **CASES[case])
    slope = RNG.normal(size=6)
    there = constraints.furthest(slope)
    assert constraints.size(there) <= 0.7 * (1 + 1e-9)
    assert constraints.within_subspace(there) == pytest.approx(there, abs=1e-9)
    furthest = there @ slope
    tried = [constraints.project(vector) @ slope for vector in RNG.normal(size=(50, 6))]
    assert max(tried) <= furthest + 1e-9
    # far uphill, the projection is the furthest vector
    assert constraints.project(30 * slope) @ slope == pytest.approx(furthest, rel=0.02)


@pytest.mark.parametrize("norm", get_args(VectorNorm))
def test_a_direction_is_filled_up_to_the_budget(norm: VectorNorm) -> None:
    constraints = allowed_perturbations(6, norm, 0.7, zero_sum=True)
    filled = constraints.filled(np.arange(6.0))
    assert filled is not None
    assert constraints.size(filled) == pytest.approx(0.7)
    assert filled.sum() == pytest.approx(0, abs=1e-12)
    assert constraints.filled(np.ones(6)) is None


def test_what_allows_nothing_is_refused() -> None:
    with pytest.raises(InputError, match=r"budget: 0\.0 found; expected a positive number"):
        allowed_perturbations(6, "l2", 0.0)
    with pytest.raises(InputError, match="no vector but 0 satisfies all of them"):
        allowed_perturbations(6, "l2", 1.0, only=[2], zero_sum=True)
    with pytest.raises(InputError, match="no vector but 0 satisfies all of them"):
        allowed_perturbations(6, "l1", 1.0, only=[2], modes=[[1.0, 0, 0, 0, 0, 0]])
    with pytest.raises(InputError, match=r"modes: shape \(1, 2\) found; expected vectors of 6 finite entries"):
        allowed_perturbations(6, "l1", 1.0, modes=[[1.0, 2.0]])
