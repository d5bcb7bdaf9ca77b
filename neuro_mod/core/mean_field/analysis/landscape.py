"""The landscape of focus populations: force, curl, steady states, barriers, and a potential along a path.

References:
    Mascaro & Amit 1999; Mazzucato et al. 2019 (potential along the path of minimum force).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from neuro_mod.core.mean_field.analysis.grid import Grid
from neuro_mod.core.mean_field.analysis.paths import Near, descents, potential_along
from neuro_mod.core.mean_field.core.clusters import SAME
from neuro_mod.core.mean_field.core.effective import EffectiveField
from neuro_mod.core.mean_field.core.newton import find_zeros
from neuro_mod.core.mean_field.core.searches import same_states
from neuro_mod.core.mean_field.core.stability import classify
from neuro_mod.errors import invalid
from neuro_mod.summaries import ShownFields

_Array = NDArray[np.float64]

PATHS = MINIMUM_FORCE, STRAIGHT = "minimum_force", "straight"
SEARCHED = "searched for in each cell of the grid in which the force changes sign; there may be others"
#: Chains of wells and saddles of which the longest is chosen, at most.
_MAX_CHAINS = 2_000


@dataclass(frozen=True, eq=False, repr=False)
class LandscapeState(ShownFields):
    """A steady state within a landscape.

    Args:
        nu: Rates of the focus populations in Hz, shape ``(F,)``.
        rates: Of all populations in Hz, shape ``(P,)``.
        kind: Its stability while the ambient populations are in equilibrium, see `stability.classify`.
        full_kind: Its stability when all populations move.
        direction: Of the focus populations, in which it grows most quickly, or decays most slowly: the eigenvector, or
            its real part if it is complex, of length 1, shape ``(F,)``.
        n_unstable: In how many directions it grows.
        on_grid: Whether the ambient populations are in the equilibrium that the grid has next to it. Otherwise the
            force of the grid belongs to another one, and is not 0 there.
    """

    nu: _Array
    rates: _Array
    kind: str
    full_kind: str
    direction: _Array
    n_unstable: int
    on_grid: bool


@dataclass(frozen=True, eq=False)
class Barrier:
    """The difference of potential between a well and a saddle, along the path of minimum force.

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


def states_within(effective: EffectiveField, grid: Grid) -> tuple[LandscapeState, ...]:
    """Steady states whose focus rates are within a grid, rising in the rate of the first focus population.

    The search starts from each cell of the grid in which all components of the force change sign. There may be others.
    """
    n = len(grid.axes)
    corners = sliding_window_view(grid.force_field, (2,) * n, axis=tuple(range(1, n + 1)))
    over_corners = tuple(range(-n, 0))
    cells = ((corners.min(axis=over_corners) <= 0) & (corners.max(axis=over_corners) >= 0)).all(axis=0)
    around = sliding_window_view(grid.rates, (2,) * n, axis=tuple(range(n)))[cells]
    found = find_zeros(effective.field.linearize, around.mean(axis=over_corners))
    low, high = (np.array([axis[end] for axis in grid.axes]) for end in (0, -1))
    states: list[LandscapeState] = []
    for rates in found.x[found.converged]:
        nu = rates[effective.focus]
        inside = ((nu >= low - SAME) & (nu <= high + SAME)).all()
        if inside and not any(same_states(rates, known.rates) for known in states):
            states.append(_describe(effective, rates, grid))
    return tuple(sorted(states, key=lambda state: tuple(state.nu)))


def barriers(effective: EffectiveField, states: Sequence[LandscapeState]) -> tuple[Barrier, ...]:
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
    ways = np.stack([states[index].direction for index in saddles])
    ways[1::2] *= -1
    bottoms = np.stack([states[index].nu for index in wells])
    found = []
    for index, (path, end) in zip(saddles, descents(effective, rates, ways, bottoms), strict=True):
        if end is not None:
            profile = potential_along(effective, path, _always(states[index].rates))
            found.append(Barrier(wells[end], index, -float(profile.potential[-1]), profile.path))
    return tuple(found)


def chosen_path(
    kind: str, states: Sequence[LandscapeState], between: Sequence[Barrier], grid: Grid
) -> tuple[str, _Array, Near]:
    """The path along which the potential is shown.

    Args:
        kind: ``minimum_force``: through as many wells as saddles connect, along the force. ``straight``: between the
            two wells that are farthest apart. Where there is nothing to connect, both are the line through the first
            well in the direction in which it decays most slowly, or, without a well, the diagonal of the grid.
        states: From `states_within`.
        between: From `barriers`.
        grid: From `field_on_grid`.

    Returns:
        A description; its corners in Hz, shape ``(K, F)``, in the direction in which the rate of the first focus
        population rises; and where the ambient populations are near it, see `paths.potential_along`.

    Raises:
        InputError: The kind is unknown.
    """
    if kind not in PATHS:
        raise invalid("path", kind, f"one of {', '.join(PATHS)}, or an array of rates (K, F)")
    description, corners, near = _path(kind, states, between, grid)
    return description, corners[::-1] if tuple(corners[0]) > tuple(corners[-1]) else corners, near


def _path(
    kind: str, states: Sequence[LandscapeState], between: Sequence[Barrier], grid: Grid
) -> tuple[str, _Array, Near]:
    wells = [state for state in states if state.n_unstable == 0]
    wells = [well for well in wells if well.on_grid] or wells
    chain = _longest_chain(between) if kind == MINIMUM_FORCE else []
    if chain:
        return "path of minimum force", _joined(between, chain), _always(states[between[chain[0][0]].saddle].rates)
    if kind == STRAIGHT and len(wells) > 1:
        a, b = max(itertools.combinations(wells, 2), key=lambda pair: float(np.linalg.norm(pair[0].nu - pair[1].nu)))
        return "straight line between the wells", np.stack([a.nu, b.nu]), grid.near
    low, high = (np.array([axis[end] for axis in grid.axes]) for end in (0, -1))
    if wells:
        line = _across(wells[0].nu, wells[0].direction, low, high)
        which = "the well" if len(wells) == 1 else "the first well (no saddle joins wells)"
        return f"straight line through {which}, in its slowest direction", line, _always(wells[0].rates)
    return "diagonal of the grid", np.stack([low, high]), grid.near


def _describe(effective: EffectiveField, rates: _Array, grid: Grid) -> LandscapeState:
    nu = rates[effective.focus]
    jacobian = effective.solve(nu[None], rates[None]).jacobian[0]
    found = np.linalg.eig(jacobian / effective.field.tau_membrane[effective.focus, None])
    values, vectors = (np.asarray(each, np.complex128) for each in found)
    leading = vectors[:, values.real.argmax()].real
    sign = -1.0 if leading[np.abs(leading).argmax()] < 0 else 1.0
    there = effective.solve(nu[None], grid.near(nu[None])).rates[0]
    return LandscapeState(
        nu=nu,
        rates=rates,
        kind=classify(values),
        full_kind=effective.field.determine_stability(rates)[0],
        direction=sign * leading / np.linalg.norm(leading),
        n_unstable=int((values.real > 0).sum()),
        on_grid=bool(same_states(there, rates)),
    )


def _always(rates: _Array) -> Near:
    return lambda nu: np.broadcast_to(rates, (len(nu), len(rates)))


def _longest_chain(between: Sequence[Barrier]) -> list[tuple[int, int]]:
    """Pairs of barriers, down from the same saddle to different wells, that lead through the most wells.

    Of chains through equally many, the longest; of very many chains, only the first are compared.
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

    return max(islice(extended([], set()), _MAX_CHAINS), key=lambda chain: (len(chain), length(chain)))


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
