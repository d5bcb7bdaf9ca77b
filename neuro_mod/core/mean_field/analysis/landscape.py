"""The landscape that focus populations see: force, curl, steady states, barriers, and a potential along a path.

References:
    Mascaro & Amit 1999; Mazzucato et al. 2019 (potential along the path of minimum force).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from neuro_mod.core.mean_field.analysis.paths import Profile, descents, potential_along
from neuro_mod.core.mean_field.core.clusters import SAME
from neuro_mod.core.mean_field.core.effective import EffectiveField
from neuro_mod.core.mean_field.core.newton import find_zeros
from neuro_mod.core.mean_field.core.stability import classify

_Array = NDArray[np.float64]

PATHS = ("minimum_force", "straight")


@dataclass(frozen=True, eq=False)
class Grid:
    """The field on a grid of rates of F focus populations.

    Args:
        axes: Rates in Hz of each focus population, shape ``(n_1,)`` to ``(n_F,)``.
        rates: Of all populations in Hz, the ambient ones in equilibrium, shape ``(n_1, ..., n_F, P)``; NaN where they
            find none.
        nu_outs: Rates in Hz at which the focus populations fire, shape ``(F, n_1, ..., n_F)``.
        curl: ``d force_l / d nu_k - d force_k / d nu_l`` for the pairs k < l in order, shape
            ``(F (F - 1) / 2, n_1, ..., n_F)``; 0 where the force is a gradient.
    """

    axes: tuple[_Array, ...]
    rates: _Array
    nu_outs: _Array
    curl: _Array

    @property
    def mesh(self) -> _Array:
        """Rates of the focus populations in Hz, shape ``(F, n_1, ..., n_F)``."""
        return np.stack(np.meshgrid(*self.axes, indexing="ij"))

    @property
    def force_field(self) -> _Array:
        """``nu_outs - mesh`` in Hz, shape ``(F, n_1, ..., n_F)``."""
        return self.nu_outs - self.mesh


@dataclass(frozen=True, eq=False)
class State:
    """A steady state within a landscape.

    Args:
        nu: Rates of the focus populations in Hz, shape ``(F,)``.
        rates: Of all populations in Hz, shape ``(P,)``.
        kind: Its stability while the ambient populations are in equilibrium, see `stability.classify`.
        full_kind: Its stability when all populations move.
        directions: Of the focus populations, in which it grows or decays most slowly first, shape ``(F, F)``, rows.
        n_unstable: In how many directions it grows.
    """

    nu: _Array
    rates: _Array
    kind: str
    full_kind: str
    directions: _Array
    n_unstable: int


@dataclass(frozen=True, eq=False)
class Barrier:
    """What separates a well from a saddle, along the path of minimum force.

    Args:
        well: Index of the well among the states.
        saddle: Index of the saddle.
        height: Potential of the saddle above the well in Hz^2.
        path: Rates of the focus populations in Hz, from the saddle to the well, shape ``(M, F)``.
    """

    well: int
    saddle: int
    height: float
    path: _Array


def field_on_grid(
    effective: EffectiveField, axes: Sequence[ArrayLike], progress: Callable[[float], None] = lambda _: None
) -> Grid:
    """Solve the ambient populations at every point of a grid, a slice along the first axis at once.

    Each slice starts from the one before, the first one from ambient rates that relax.

    Args:
        effective: The effective theory of F populations.
        axes: Rates in Hz of each, rising, shape ``(n_1,)`` to ``(n_F,)``.
        progress: Called with the number of points that are solved.

    Raises:
        ValueError: An axis is missing, empty, or does not rise from 0 or more.
    """
    values = tuple(np.asarray(axis, np.float64) for axis in axes)
    n = len(effective.focus)
    for axis in values:
        if axis.ndim != 1 or not len(axis) or not np.isfinite(axis).all() or axis[0] < 0 or (np.diff(axis) <= 0).any():
            raise ValueError("each axis of the grid must be rates in Hz that rise from 0 or more")
    if len(values) != n:
        raise ValueError(f"found {len(values)} axes, expected one for each of the {n} focus populations")
    shape = tuple(map(len, values))
    rates, nu_outs = np.empty((*shape, effective.field.n_populations)), np.empty((n, *shape))
    pairs = list(itertools.combinations(range(n), 2))
    curl = np.empty((len(pairs), *shape))
    others = np.array(list(itertools.product(*values[1:])))
    start = None
    for i, first in enumerate(values[0]):
        states = effective.solve(np.column_stack([np.full(len(others), first), others]), start)
        rates[i] = states.rates.reshape(*shape[1:], -1)
        nu_outs[:, i] = states.response.T.reshape(n, *shape[1:])
        for pair, (k, m) in enumerate(pairs):
            curl[pair, i] = (states.jacobian[:, m, k] - states.jacobian[:, k, m]).reshape(shape[1:])
        start = _gaps_filled(states.rates, start)
        progress(float(i + 1) * len(others))
    return Grid(values, rates, nu_outs, curl)


def states_within(effective: EffectiveField, grid: Grid) -> tuple[State, ...]:
    """Steady states whose focus rates lie within a grid, rising in the rate of the first focus population.

    They are sought from each cell of the grid in which all components of the force change sign. That there are no
    others is not proven.
    """
    n = len(grid.axes)
    corners = sliding_window_view(grid.force_field, (2,) * n, axis=tuple(range(1, n + 1)))
    over_corners = tuple(range(-n, 0))
    cells = ((corners.min(axis=over_corners) <= 0) & (corners.max(axis=over_corners) >= 0)).all(axis=0)
    around = sliding_window_view(grid.rates, (2,) * n, axis=tuple(range(n)))[cells]
    found = find_zeros(effective.field.linearize, around.mean(axis=over_corners))
    low, high = (np.array([axis[end] for axis in grid.axes]) for end in (0, -1))
    states: list[State] = []
    for rates in found.x[found.converged]:
        nu = rates[effective.focus]
        inside = ((nu >= low - SAME) & (nu <= high + SAME)).all()
        if inside and not any(np.allclose(rates, known.rates, rtol=SAME, atol=SAME) for known in states):
            states.append(_describe(effective, rates))
    return tuple(sorted(states, key=lambda state: tuple(state.nu)))


def barriers(effective: EffectiveField, states: Sequence[State]) -> tuple[Barrier, ...]:
    """Heights of the saddles above the wells to which they lead.

    Args:
        effective: The effective theory.
        states: From `states_within`.
    """
    wells = [index for index, state in enumerate(states) if state.n_unstable == 0]
    saddles = [index for index, state in enumerate(states) if state.n_unstable == 1 for _ in range(2)]
    if not wells or not saddles:
        return ()
    rates = np.stack([states[index].rates for index in saddles])
    ways = np.stack([states[index].directions[0] for index in saddles])
    ways[1::2] *= -1
    bottoms = np.stack([states[index].nu for index in wells])
    found = []
    for index, (path, end) in zip(saddles, descents(effective, rates, ways, bottoms), strict=True):
        if end is not None:
            profile = potential_along(effective, path, states[index].rates)
            found.append(Barrier(wells[end], index, -float(profile.potential[-1]), profile.path))
    return tuple(found)


def chosen_path(
    kind: str, states: Sequence[State], between: Sequence[Barrier], grid: Grid
) -> tuple[str, _Array, _Array | None]:
    """The path along which the potential is shown.

    Args:
        kind: ``minimum_force``: through as many wells as saddles connect, along the force. ``straight``: between the
            two wells that are farthest apart. Where there are no two such wells, both are the line through the well, or
            the middle of the grid, in the direction in which it decays most slowly, or the diagonal.
        states: From `states_within`.
        between: From `barriers`.
        grid: From `field_on_grid`.

    Returns:
        What it is, in words; its corners in Hz, shape ``(K, F)``; rates of all populations in Hz near it, shape
        ``(P,)``, or None.

    Raises:
        ValueError: The kind is unknown.
    """
    if kind not in PATHS:
        raise ValueError(f"path is {kind!r}; valid: {', '.join(PATHS)}, or an array of rates (K, F)")
    wells = [state for state in states if state.n_unstable == 0]
    chain = _longest_chain(between) if kind == "minimum_force" else []
    if chain:
        first = states[between[chain[0][0]].saddle]
        return "path of minimum force", _joined(between, chain), first.rates
    if kind == "straight" and len(wells) > 1:
        a, b = max(itertools.combinations(wells, 2), key=lambda pair: _distance(pair[0].nu, pair[1].nu))
        return "straight line between the wells", np.stack([a.nu, b.nu]), a.rates
    low, high = (np.array([axis[end] for axis in grid.axes]) for end in (0, -1))
    if wells:
        line = _across(wells[0].nu, wells[0].directions[0], low, high)
        return "straight line through the well in its slowest direction", line, wells[0].rates
    return "diagonal of the grid", np.stack([low, high]), None


def profile_of(effective: EffectiveField, corners: ArrayLike, start: ArrayLike | None) -> Profile:
    """`potential_along` a path, in the direction in which the rate of the first focus population rises."""
    corners = np.asarray(corners, np.float64)
    falling = corners.ndim == 2 and tuple(corners[0]) > tuple(corners[-1])
    return potential_along(effective, corners[::-1] if falling else corners, start)


def _gaps_filled(rates: _Array, before: _Array | None) -> _Array:
    """Rates to start from: the last known ones."""
    unknown = np.isnan(rates).any(axis=1)
    if unknown.any():
        rates = rates.copy()
        rates[unknown] = rates[~unknown].mean(axis=0) if before is None and not unknown.all() else 0.0
        if before is not None:
            rates[unknown] = before[unknown]
    return rates


def _describe(effective: EffectiveField, rates: _Array) -> State:
    nu = rates[effective.focus]
    jacobian = effective.solve(nu[None], rates[None]).jacobian[0]
    found = np.linalg.eig(jacobian / effective.field.tau_membrane[effective.focus, None])
    values, vectors = (np.asarray(each, np.complex128) for each in found)
    order = np.argsort(-values.real, kind="stable")
    directions = vectors.real.T[order]
    signs = np.where(directions[np.arange(len(nu)), np.abs(directions).argmax(axis=1)] < 0, -1.0, 1.0)
    return State(
        nu=nu,
        rates=rates,
        kind=classify(values),
        full_kind=effective.field.determine_stability(rates)[0],
        directions=directions * (signs / np.maximum(np.linalg.norm(directions, axis=1), 1e-300))[:, None],
        n_unstable=int((values.real > 0).sum()),
    )


def _distance(a: _Array, b: _Array) -> float:
    return float(np.linalg.norm(a - b))


def _longest_chain(between: Sequence[Barrier]) -> list[tuple[int, int]]:
    """Pairs of barriers, down from the same saddle to different wells, that lead through the most wells.

    Of equally many, the longest way.
    """
    steps = [
        (i, k)
        for i, k in itertools.permutations(range(len(between)), 2)
        if between[i].saddle == between[k].saddle and between[i].well != between[k].well
    ]

    def extended(chain: list[tuple[int, int]], visited: set[int]) -> Iterable[list[tuple[int, int]]]:
        yield chain
        for i, k in steps:
            if between[k].well not in visited and (not chain or between[i].well == between[chain[-1][1]].well):
                yield from extended([*chain, (i, k)], visited | {between[i].well, between[k].well})

    def length(chain: list[tuple[int, int]]) -> float:
        return sum(
            float(np.linalg.norm(np.diff(between[i].path, axis=0), axis=1).sum()) for pair in chain for i in pair
        )

    return max(extended([], set()), key=lambda chain: (len(chain), length(chain)))


def _joined(between: Sequence[Barrier], chain: Sequence[tuple[int, int]]) -> _Array:
    """From well up to saddle and down to the next well, and so on."""
    return np.vstack([part for up, down in chain for part in (between[up].path[::-1], between[down].path[1:])])


def _across(point: _Array, direction: _Array, low: _Array, high: _Array) -> _Array:
    """The ends of a line through a point of a box."""
    with np.errstate(divide="ignore", invalid="ignore"):
        to_low, to_high = (low - point) / direction, (high - point) / direction
    moving = direction != 0
    ahead = np.maximum(to_low, to_high)[moving].min()
    behind = np.minimum(to_low, to_high)[moving].max()
    return np.clip(np.stack([point + behind * direction, point + ahead * direction]), low, high)
