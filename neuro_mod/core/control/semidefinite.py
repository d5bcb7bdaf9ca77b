"""The semidefinite program of capacity: the best margin that a number of modes could have."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro_mod.checks import whole_number
from neuro_mod.core.control.swaps import Differences
from neuro_mod.errors import NumericalError
from neuro_mod.optional import optional

#: Differences that a program has from the beginning, and those that are added at a time.
_FIRST, _MORE = 400, 100
#: How far below the margin of the others a difference that was left out may be, in parts of it.
_TOLERANCE = 1e-7
#: One thread: the same bytes everywhere.
_SOLVER: dict[str, Any] = {"solver": "CLARABEL", "direct_solve_method": "faer", "max_threads": 1, "warm_start": False}


def relaxed_projector(differences: Differences, n_modes: int) -> NDArray[np.float64]:
    """The Pi that maximises the smallest d' Pi d, subject to 0 <= Pi <= 1 and tr Pi = M.

    A projector onto M modes satisfies these constraints, so that its margin is at most that of Pi. Of many differences
    the program first has some, and those that it neglects are added until there are none.

    Args:
        differences: The vectors d of length n.
        n_modes: Number M of modes.

    Returns:
        Symmetric, shape ``(n, n)``, its eigenvalues from 0 to 1 and their sum M, up to rounding.

    Raises:
        InputError: M is not from 1 to n.
        ImportError: cvxpy or Clarabel is missing.
        NumericalError: The program was not solved.

    Example:
        >>> from neuro_mod.core.control.swaps import state_differences, swaps_of
        >>> from neuro_mod.core.control.vocabulary import Vocabulary
        >>> states = Vocabulary.all_states(6, 2)
        >>> differences = state_differences(states, swaps_of(states))
        >>> round(differences.margin(relaxed_projector(differences, 2)), 6)  # (2 / k) M / (C - 1)
        0.4
    """
    n_distinct, n = differences.vectors.shape
    whole_number("n_modes", n_modes, 1, n)
    if n_modes == n:
        return np.eye(n)
    chosen = np.unique(np.linspace(0, n_distinct - 1, min(n_distinct, _FIRST)).round().astype(np.int64))
    while True:
        projector = _feasible(_solve(differences.vectors[chosen], n_modes), n_modes)
        strengths = differences.strengths(projector)
        missed = np.flatnonzero(strengths < (1 - _TOLERANCE) * strengths[chosen].min())
        if not len(missed):
            return projector
        worst = missed[np.argsort(strengths[missed], kind="stable")[:_MORE]]
        chosen = np.union1d(chosen, worst)


def _solve(vectors: NDArray[np.float64], n_modes: int) -> NDArray[np.float64]:
    cvxpy: Any = optional("cvxpy", "control")
    optional("clarabel", "control")
    n = vectors.shape[1]
    projector, margin = cvxpy.Variable((n, n), PSD=True), cvxpy.Variable()
    products = (vectors[:, :, None] * vectors[:, None, :]).reshape(len(vectors), -1)
    constraints = [
        products @ cvxpy.vec(projector, order="C") >= margin,
        np.eye(n) - projector >> 0,
        cvxpy.trace(projector) == n_modes,
    ]
    problem = cvxpy.Problem(cvxpy.Maximize(margin), constraints)
    try:
        problem.solve(**_SOLVER)
    except cvxpy.SolverError as error:
        raise NumericalError(f"the semidefinite program of {n_modes} modes was not solved: {error}") from None
    if problem.status != "optimal":
        raise NumericalError(f"the semidefinite program of {n_modes} modes was not solved: {problem.status}")
    return np.asarray(projector.value, np.float64)


def _feasible(projector: NDArray[np.float64], n_modes: int) -> NDArray[np.float64]:
    """The solution with its eigenvalues within 0 and 1 and the right trace, which a solver has up to its tolerance."""
    values, vectors = np.linalg.eigh((projector + projector.T) / 2)
    values = np.clip(values, 0, 1)
    room = (1 - values) if values.sum() < n_modes else values
    values += room * (n_modes - values.sum()) / (room.sum() or 1)
    return (vectors * values) @ vectors.T
