"""Paths through the space of focus populations, and the potential along them.

In general the force is not a gradient: the potential depends on the path between two points.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import solve_ivp

from neuro_mod.core.mean_field.core.effective import EffectiveField
from neuro_mod.errors import InputError

_Array = NDArray[np.float64]

#: Rates of all populations in Hz near given ones of the focus populations, ``(M, F)`` to ``(P,)`` or ``(M, P)``.
Near = Callable[[_Array], _Array]

#: Ambient rates jump where they change by more than this many times the distance of neighbouring points.
STEEP = 10.0
#: Points of a path.
N_POINTS = 1001
#: Distance in Hz from saddle and well at which a descent begins and ends, and its tolerance, relative and in Hz.
_NEAR, _TOLERANCE = 1e-2, 1e-6
#: Longest descent, in time constants.
_MAX_LENGTH = 1e4
#: Points of a descent for each step of the solver.
_PER_STEP = 8


class Profile(NamedTuple):
    """The potential along a path.

    Attributes:
        path: Rates of the focus populations in Hz, evenly spaced, shape ``(M, F)``.
        displacement: Length of the path up to each point in Hz, shape ``(M,)``.
        potential: ``-int force . dl`` from the first point in Hz^2, shape ``(M,)``; NaN from where the ambient
            populations were not found in equilibrium.
        rates: Of all populations in Hz, shape ``(M, P)``.
    """

    path: _Array
    displacement: _Array
    potential: _Array
    rates: _Array

    @property
    def n_jumps(self) -> int:
        """Between how many neighbouring points rates change by more than `STEEP` times their distance."""
        return int((np.abs(np.diff(self.rates, axis=0)).max(axis=1) > STEEP * self.displacement[1]).sum())


def potential_along(
    effective: EffectiveField, corners: ArrayLike, start: Near | None = None, n_points: int = N_POINTS
) -> Profile:
    """The potential along a path, by the trapezoidal rule.

    Args:
        effective: The effective theory.
        corners: Rates of the focus populations in Hz between which the path is straight, shape ``(K, F)``.
        start: Rates of all populations in Hz at which the search for the ambient ones starts: a function of the
            points of the path ``(M, F)`` that returns shape ``(P,)`` or ``(M, P)``; None to let them relax.
        n_points: Points of the path at which the force is taken.

    Raises:
        InputError: The path is not an array ``(K, F)`` of finite rates of at least 0, with K > 1, or has length 0.
    """
    path, displacement = evenly_spaced(checked_path(corners, len(effective.focus)), n_points)
    states = effective.solve(path, start and start(path))
    force = states.response - path
    work = np.einsum("mf,mf->m", (force[1:] + force[:-1]) / 2, np.diff(path, axis=0))
    return Profile(path, displacement, np.concatenate([[0.0], -np.cumsum(work)]), states.rates)


def evenly_spaced(corners: _Array, n_points: int) -> tuple[_Array, _Array]:
    """Points at even distances on a path that is straight between its corners.

    Args:
        corners: Shape ``(K, F)``.
        n_points: How many points M.

    Returns:
        The points, shape ``(M, F)``, and the length up to each, shape ``(M,)``.
    """
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(corners, axis=0), axis=1))])
    displacement = np.linspace(0, length[-1], n_points)
    path = np.column_stack([np.interp(displacement, length, column) for column in corners.T])
    return path, displacement


def descents(
    effective: EffectiveField, saddles: _Array, directions: _Array, wells: _Array
) -> list[tuple[_Array, int | None]]:
    """Paths along the force from saddles down to wells, followed together.

    Along such a path the force has no part across it: of all paths to that well it is the one of minimum force.

    Args:
        effective: The effective theory.
        saddles: Rates of all populations in Hz, shape ``(D, P)``.
        directions: In which to leave them, of length 1, shape ``(D, F)``.
        wells: Rates of the focus populations in Hz at which paths may end, shape ``(W, F)``.

    Returns:
        For each its rates of the focus populations in Hz, from the saddle on, shape ``(K, F)``; and at which well it
        ends, None if at none.
    """
    followed, shape = saddles.copy(), directions.shape

    def force(_: float, nu: _Array) -> _Array:
        states = effective.solve(np.maximum(nu.reshape(shape), 0.0), followed)
        known = np.all(np.isfinite(states.response), axis=1)
        followed[known] = states.rates[known]
        return np.where(known[:, None], states.response - nu.reshape(shape), 0.0).ravel()

    def farthest(_: float, nu: _Array) -> float:
        return float(_to_nearest(nu.reshape(shape), wells).max()) - _NEAR

    farthest.terminal = True  # pyright: ignore[reportFunctionMemberAccess]
    begin = saddles[:, effective.focus]
    solution: Any = solve_ivp(
        force,
        (0.0, _MAX_LENGTH),
        (begin + _NEAR * directions).ravel(),
        method="LSODA",
        events=farthest,
        dense_output=True,
        rtol=_TOLERANCE,
        atol=_TOLERANCE,
    )
    steps = np.arange(len(solution.t))
    times = np.interp(np.linspace(0, steps[-1], _PER_STEP * len(steps)), steps, solution.t)
    followed_paths = solution.sol(times).T.reshape(-1, *shape)
    return [_ended(np.vstack([begin[d], followed_paths[:, d]]), wells) for d in range(len(saddles))]


def _ended(path: _Array, wells: _Array) -> tuple[_Array, int | None]:
    """A path up to its arrival at a well."""
    arrivals = np.flatnonzero(_to_nearest(path, wells) <= 2 * _NEAR).tolist()
    if len(path) - 1 not in arrivals:
        return path, None
    end = int(np.linalg.norm(wells - path[-1], axis=1).argmin())
    return np.vstack([path[: max(arrivals[0], 1)], wells[end]]), end


def _to_nearest(points: _Array, wells: _Array) -> _Array:
    return np.min(np.linalg.norm(points[:, None] - wells, axis=2), axis=1)


def checked_path(corners: ArrayLike, n_focus: int) -> _Array:
    """The corners of a path.

    Raises:
        InputError: See `potential_along`.
    """
    points = np.asarray(corners, np.float64)
    right = points.ndim == 2 and points.shape[1] == n_focus and len(points) > 1
    if not right or not np.isfinite(points).all() or (points < 0).any() or not np.diff(points, axis=0).any():
        raise InputError(
            f"path: shape {points.shape} found; expected rates (K, {n_focus}) in Hz, from 0 on, of K > 1 points that "
            "are not all the same"
        )
    return points
