"""The effective field on a grid of rates of its focus populations."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import KDTree

from neuro_mod.core.mean_field.analysis.paths import STEEP
from neuro_mod.core.mean_field.core.effective import EffectiveField
from neuro_mod.core.mean_field.core.rate_equations import START
from neuro_mod.errors import InputError
from neuro_mod.summaries import ShownFields

_Array = NDArray[np.float64]

#: Rates of all populations in Hz from which equilibria are searched for that were not found otherwise.
_LEVELS = (1.0, 20.0, 60.0, 150.0)


@dataclass(frozen=True, eq=False, repr=False)
class Grid(ShownFields):
    """The field on a grid of rates of F focus populations.

    Args:
        axes: Rates in Hz of each focus population, shape ``(n_1,)`` to ``(n_F,)``.
        rates: Of all populations in Hz, the ambient ones in equilibrium, shape ``(n_1, ..., n_F, P)``; NaN where none
            was found.
        nu_outs: Rates in Hz at which the focus populations fire, shape ``(F, n_1, ..., n_F)``.
        curl: ``d force_l / d nu_k - d force_k / d nu_l`` for the pairs k < l in order, shape
            ``(F (F - 1) / 2, n_1, ..., n_F)``; 0 where the force is a gradient.
        ambient_stable: Whether the equilibrium of the ambient populations attracts, shape ``(n_1, ..., n_F)``.
    """

    axes: tuple[_Array, ...]
    rates: _Array
    nu_outs: _Array
    curl: _Array
    ambient_stable: NDArray[np.bool_]

    @property
    def mesh(self) -> _Array:
        """Rates of the focus populations in Hz, shape ``(F, n_1, ..., n_F)``."""
        return np.stack(np.meshgrid(*self.axes, indexing="ij"))

    @property
    def force_field(self) -> _Array:
        """``nu_outs - mesh`` in Hz, shape ``(F, n_1, ..., n_F)``."""
        return self.nu_outs - self.mesh

    @property
    def n_jumps(self) -> int:
        """Number of neighbouring points between which ambient rates change by more than `STEEP` times their distance.

        There the grid changes from one of several equilibria of the ambient populations to another, or nearly so.
        """
        jumps = 0
        for k, axis in enumerate(self.axes):
            change = np.moveaxis(np.abs(np.diff(self.rates, axis=k)).max(axis=-1), k, -1)
            jumps += int((change > STEEP * np.diff(axis)).sum())
        return jumps

    def near(self, nu: _Array) -> _Array:
        """Rates of all populations in Hz at the points next to given ones, shape ``(M, P)`` for ``(M, F)``."""
        pairs = zip(self.axes, nu.T, strict=True)
        nearest = tuple(np.abs(axis - column[:, None]).argmin(axis=1) for axis, column in pairs)
        return np.nan_to_num(self.rates[nearest], nan=START)


def field_on_grid(
    effective: EffectiveField, axes: Sequence[ArrayLike], progress: Callable[[float], None] = lambda _: None
) -> Grid:
    """Solve the ambient populations at every point of a grid, one slice along the first axis after the other.

    Each slice starts from the one before, the first one from ambient rates that relax. Where nothing is found, the
    nearest known point and several levels of rates are starts.

    Args:
        effective: The effective theory of F populations.
        axes: Rates in Hz of each, rising, shape ``(n_1,)`` to ``(n_F,)``.
        progress: Called with the number of points that are solved.

    Raises:
        InputError: An axis is missing, empty, or does not rise from 0 or more.
    """
    values = _checked_axes(axes, len(effective.focus))
    solved = _Solved(effective, np.array(list(itertools.product(*values))))
    size = len(solved.points) // len(values[0])
    start = None
    for begin in range(0, len(solved.points), size):
        part = slice(begin, begin + size)
        solved.solve(part, start)
        start = _gaps_filled(solved.rates[part], start)
        progress(float(begin + size))
    solved.solve_unknown()
    return solved.grid(values)


class _Solved:
    """Points of a grid, and the equilibria found there."""

    def __init__(self, effective: EffectiveField, points: _Array):
        n, n_focus = points.shape
        self.effective, self.points = effective, points
        self.rates = np.full((n, effective.field.n_populations), np.nan)
        self.response, self.jacobian = np.empty((n, n_focus)), np.empty((n, n_focus, n_focus))
        self.stable = np.zeros(n, bool)

    def solve(self, where: slice | NDArray[np.int64], start: _Array | None) -> None:
        """Solve the ambient populations at some points."""
        states = self.effective.solve(self.points[where], start)
        self.rates[where], self.response[where], self.jacobian[where] = states[:3]
        self.stable[where] = self.effective.ambient_stable(states)

    def solve_unknown(self) -> None:
        """Search again where nothing was found, from the nearest known point and from several levels of rates."""
        for level in (None, *_LEVELS):
            missing = np.isnan(self.rates).any(axis=1)
            if not missing.any() or missing.all():
                return
            unknown, known = np.flatnonzero(missing), np.flatnonzero(~missing)
            if level is None:
                start = self.rates[known[KDTree(self.points[known]).query(self.points[unknown])[1]]]
            else:
                start = np.full((len(unknown), self.rates.shape[1]), level)
            self.solve(unknown, start)

    def grid(self, axes: tuple[_Array, ...]) -> Grid:
        shape, n = tuple(map(len, axes)), len(axes)
        curl = [self.jacobian[:, b, a] - self.jacobian[:, a, b] for a, b in itertools.combinations(range(n), 2)]
        return Grid(
            axes=axes,
            rates=self.rates.reshape(*shape, -1),
            nu_outs=self.response.T.reshape(n, *shape),
            curl=np.array(curl).reshape(-1, *shape),
            ambient_stable=self.stable.reshape(shape),
        )


def _checked_axes(axes: Sequence[ArrayLike], n: int) -> tuple[_Array, ...]:
    values = tuple(np.asarray(axis, np.float64) for axis in axes)
    for axis in values:
        if axis.ndim != 1 or not len(axis) or not np.isfinite(axis).all() or axis[0] < 0 or (np.diff(axis) <= 0).any():
            raise InputError("axis of the grid: invalid rates found; expected rates in Hz that rise from 0 or more")
    if len(values) != n:
        raise InputError(f"axes: {len(values)} found; expected {n}, one for each focus population")
    return values


def _gaps_filled(rates: _Array, before: _Array | None) -> _Array:
    """Rates to start from: the last known ones."""
    unknown = np.isnan(rates)
    return np.where(unknown, START if before is None else before, rates)
