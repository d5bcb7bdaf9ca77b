"""What the mean field says of a network at once: steady states, and the landscape of two clusters.

A quick search gives the first states, the landscape comes next, and the search of `fixed_points` last.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.config import Experiment
from neuro_mod.core.mean_field.analysis.grid import Grid, field_on_grid
from neuro_mod.core.mean_field.analysis.landscape import (
    MINIMUM_FORCE,
    SEARCHED,
    Barrier,
    LandscapeState,
    chosen_path,
    states_within,
)
from neuro_mod.core.mean_field.analysis.paths import Profile, potential_along
from neuro_mod.core.mean_field.core import FixedPoint, LIFMeanField, clusters, fixed_points, searches
from neuro_mod.core.mean_field.core.effective import EffectiveField
from neuro_mod.core.mean_field.core.exact.cache import place_of
from neuro_mod.core.mean_field.core.exact.response import pairs_of
from neuro_mod.core.mean_field.core.fixed_points import describe
from neuro_mod.core.mean_field.core.newton import Linearization, find_zeros
from neuro_mod.core.mean_field.core.theory import DEFAULT_THEORY, Theory
from neuro_mod.core.modulation import modulated_circuit
from neuro_mod.execution.notices import notices_kept
from neuro_mod.execution.stagers.assembly import build_baseline, deltas_at
from neuro_mod.execution.stagers.mean_field.base import theory_of
from neuro_mod.populations import EXCITATORY, Populations

_Array = NDArray[np.float64]

#: Choices of active clusters of each number that the quick search tries where clusters differ, states of the previous
#: question that it follows at most, and random starts without clusters to choose from.
N_CHOICES, N_FOLLOWED, N_RANDOM = 10, 30, 16
#: States that an answer holds at most, and E rates.
MOST_STATES, MOST_RATES = 300, 6000
#: Points of the landscape along each axis, and of its path; points of the path that are sent.
N_GRID, N_PATH, N_SENT = 21, 201, 101
#: The axes of the landscape reach so many times the highest stable rate of an E cluster, in steps of this many Hz, or
#: this far without a state.
_BEYOND, _ROUND, _USUAL = 1.3, 10.0, 60.0
#: Steps of a path, as part of the axes, and their number at most; saddles whose paths are followed at most.
_STEP, _MAX_STEPS, _MAX_SADDLES = 1 / 80, 400, 6
_DIGITS = 4

NO_LIFETIME = "no lifetime: it would need the size of the fluctuations, which the mean field does not have"
_FORCE = (
    "landscape: all other populations are in equilibrium with the two; the force is no gradient: values (Hz²) are the "
    "potential whose gradient is closest to it, which leaves {left:.0%} of its square"
)
_BARRIER = (
    "barrier (Hz²) along the path of minimum force, from the lowest minimum up to the highest point before the second "
    "lowest"
)


#: Rates of active E clusters beside those of large simulated networks, from benchmarks/THEORY.md.
_ACCURACY = {
    "shifted/poisson": "27 to 33 % below",
    "shifted/renewal": "21 to 30 % below",
    "exact/poisson": "13 to 15 % below",
    "exact/renewal": "about 3 % above",
}


class Interrupted(Exception):  # noqa: N818 -- no error
    """A newer question has come."""


class Question(NamedTuple):
    """What is asked.

    Args:
        experiment: The configuration.
        perturbations: By target, shape ``(P,)``, in place of that of the configuration.
        clusters: The two of the landscape.
    """

    experiment: Experiment
    perturbations: Mapping[str, ArrayLike]
    clusters: tuple[int, int]


class _Field(LIFMeanField):
    """A mean field that asks at each step of a search whether it is to go on."""

    check: Callable[[], None] = staticmethod(lambda: None)

    def linearize(self, nu: ArrayLike) -> Linearization:
        self.check()
        return super().linearize(nu)


def answers(question: Question, known: _Array, check: Callable[[], None]) -> Iterator[tuple[dict[str, Any], _Array]]:
    """Answers, each more complete than the one before, and the rates of the states for the next question.

    Args:
        question: What is asked.
        known: Rates in Hz of states of another question, which are followed, shape ``(n, P)``; others are ignored.
        check: Called at each step; raises `Interrupted` to end.

    Yields:
        The fields of the message `theory` without ``type`` and ``revision``, and rates in Hz, shape ``(n, P)``.

    Raises:
        NeuroModError: The parameters are impossible, or there is no cluster.
    """
    begin = time.perf_counter()
    with notices_kept() as notices:
        field, theory, assumptions = _field(question, check)
        populations = field.populations
        assert populations is not None
        classes = clusters.interchangeable(field.coefficients, populations)
        message: dict[str, Any] = {"failed": None, "landscape": None, "lifetime": None}
        message["accuracy"] = accuracy_of(theory)

        def told(points: Sequence[FixedPoint], search: str, *about: str, pending: bool = True) -> dict[str, Any]:
            shown = points[: min(MOST_STATES, MOST_RATES // max(1, populations.n_clusters))]
            left = [f"{len(points) - len(shown)} further states found are left out"] if len(shown) < len(points) else []
            images = [] if np.array_equal(classes, np.arange(len(classes))) else ["one image of each under swaps"]
            note = "; ".join([*assumptions, f"states: {search}", *images, *left, *about, *notices, NO_LIFETIME])
            described = [described_point(point, classes, populations) for point in shown]
            seconds = round(time.perf_counter() - begin, 3)
            return message | {"pending": pending, "points": described, "note": note, "seconds": seconds}

        quick, search = quick_states(field, populations, classes, known)
        points = _sorted([describe(field, rates, classes) for rates in quick])
        rates = np.array([point.rates for point in points]).reshape(-1, populations.total)
        yield told(points, search + "; others are searched for"), rates
        about: list[str] = []
        if _two(question.clusters, populations):
            stable = np.array([point.rates for point in points if point.stable] or rates)
            message["landscape"], about = landscape_of(field, question.clusters, stable)
            yield told(points, search + "; others are searched for", *about), rates
        found = fixed_points(field)
        all_rates = searches.distinct(np.concatenate([rates, *(point.rates[None] for point in found)]))
        further = [describe(field, each, classes) for each in all_rates[len(rates) :]]
        points = _sorted([*points, *further])
        yield told(points, f"{search}; then {found.searched}", *about, pending=False), all_rates


def accuracy_of(theory: Theory) -> str:
    """How far rates of a theory lie from simulated ones, in a sentence."""
    return (
        f"Theory rates of active clusters lie {_ACCURACY[str(theory)]} simulated ones; in the landscape, all other "
        "clusters are taken to be in equilibrium."
    )


def _field(question: Question, check: Callable[[], None]) -> tuple[_Field, Theory, list[str]]:
    """The mean field, its theory, and what it assumes."""
    experiment = question.experiment
    baseline, theory = build_baseline(experiment), theory_of(experiment)
    deltas = {**deltas_at(experiment), **question.perturbations}
    notes = []
    if theory.response == "exact" and any(
        place_of(pair) is None for pair in pairs_of(modulated_circuit(baseline, deltas).neurons)
    ):
        theory = Theory("shifted", theory.closure)
        notes = ["shifted response in place of the exact one, whose tables for these time constants are not there yet"]
    field = _Field.from_baseline(baseline, deltas, 1, theory)
    field.check = check
    name = f"mean field {theory}, without finite size and correlations"
    if theory == DEFAULT_THEORY:
        name += ": rates lie about 10 to 30 % beside simulation, those of inactive clusters further"
    z = ["all neurons have the mean arousal"] if experiment.arousal.heterogeneity == "quenched" else []
    return field, theory, [name, *z, *notes]


def quick_states(
    field: LIFMeanField, populations: Populations, classes: NDArray[np.int64], known: _Array
) -> tuple[_Array, str]:
    """States near those of the symmetric network, and near known ones, each image once; and what was searched.

    Args:
        field: The mean field.
        populations: The layout of cluster space.
        classes: From `clusters.interchangeable`.
        known: Rates in Hz of states of another network, shape ``(n, P)``; ignored if P is another one.
    """
    p, starts, search = populations.n_clusters, [], []
    if known.shape[1:] == (populations.total,) and len(known):
        starts += list(known[:N_FOLLOWED])
        search.append(f"{len(starts)} states followed from the parameters before")
    if p < 2:
        starts += list(searches.random_starts(field, N_RANDOM, 0))
        search.append(f"{N_RANDOM} random starts")
    else:
        symmetric = searches.symmetric_field(field, populations, classes)
        alike = not classes.any()
        for n, states in searches.states_by_active_clusters(symmetric, populations).items():
            several = n and not alike
            first = [np.arange(p) < n]
            drawn = clusters.drawn_placements(n, p, N_CHOICES, 0) if several else first
            starts += [clusters.placed(state, active, populations) for active in drawn for state in states]
        which = "" if alike else f", on {N_CHOICES} choices of each number"
        search.append(f"0 to {p - 1} active clusters{which}")
    found = find_zeros(field.linearize, np.array(starts).reshape(-1, populations.total))
    images = [clusters.canonical(state, classes, populations) for state in found.x[found.converged]]
    return searches.distinct(np.array(images).reshape(-1, populations.total)), " and ".join(search)


def described_point(point: FixedPoint, classes: NDArray[np.int64], populations: Populations) -> dict[str, Any]:
    """A state as the page shows it; without active clusters where the rates neither agree nor have a gap."""
    rates = point.rates[: populations.n_clusters]
    spread = float(np.ptp(rates)) if len(rates) else 0.0
    unclear = not point.active and spread > clusters.WIDE * max(float(rates.max(initial=0.0)), 1.0)
    return {
        "rates": numbers(rates),
        "stable": point.stable,
        "active": None if unclear else list(point.active),
        "n_active": None if unclear else len(point.active),
    }


def landscape_of(field: LIFMeanField, pair: tuple[int, int], known: _Array) -> tuple[dict[str, Any], list[str]]:
    """The landscape of the E populations of two clusters, and what is to be said of it.

    Args:
        field: The mean field.
        pair: The clusters.
        known: Rates in Hz of steady states, shape ``(n, P)``; the highest of a cluster says how far the axes reach.

    Returns:
        The field ``landscape`` of the message: ``x`` is the rate of the first cluster, ``values`` has a row
        for each ``y``; ``unstable_share`` is the part of the points at which the equilibrium of the others is unstable.
        There is a path only where there is a barrier.
    """
    effective = EffectiveField(field, list(pair))
    assert field.populations is not None
    highest = float(known[:, : field.populations.n_clusters].max(initial=0.0)) * _BEYOND or _USUAL
    limit = _ROUND * math.ceil(highest / _ROUND)
    grid = field_on_grid(effective, [np.linspace(0, limit, N_GRID)] * 2)
    values, left = closest_potential(grid)
    states = [state for state in states_within(effective, grid) if state.on_grid]
    between = _paths(effective, states, _STEP * limit)
    kind, corners, near = chosen_path(MINIMUM_FORCE, states, between, grid)
    profile = potential_along(effective, corners, near, N_PATH)
    barrier = barrier_along(profile, [state.nu for state in states if state.n_unstable == 0]) if between else None
    sent = profile.path[:: (N_PATH - 1) // (N_SENT - 1)]
    about = [_FORCE.format(left=left), f"minima and saddles are {SEARCHED}"]
    about += (
        [f"path: {kind}", _BARRIER] if barrier is not None else ["no barrier: no saddle joins two minima of this grid"]
    )
    unstable, jumps = float((~grid.ambient_stable).mean()), grid.n_jumps
    about += [f"the others' equilibrium is unstable at {unstable:.0%} of the points"] if unstable else []
    about += [f"it changes to another one between {jumps} neighbouring points"] if jumps else []
    described = {
        "clusters": list(pair),
        "x": numbers(grid.axes[0]),
        "y": numbers(grid.axes[1]),
        "values": [numbers(row) for row in values.T],  # a row for each y
        "barrier": None if barrier is None else round(barrier, _DIGITS),
        "path": [] if barrier is None else [numbers(point) for point in sent],
        "unstable_share": round(unstable, _DIGITS),
    }
    return described, about


def closest_potential(grid: Grid) -> tuple[_Array, float]:
    """The potential whose differences are closest to the work along the edges of a grid, by least squares.

    Work is that of the trapezoidal rule, as in `paths.potential_along`.

    Args:
        grid: Of two focus populations, evenly spaced.

    Returns:
        In Hz², the lowest 0, shape ``(n_1, n_2)``, NaN where the force is not known; and the part of the sum of squares
        of the work that it does not describe.
    """
    force, number = grid.force_field, np.arange(grid.nu_outs[0].size).reshape(grid.nu_outs[0].shape)
    rows, work = [], []
    for axis, (along, rates) in enumerate(zip(force, grid.axes, strict=True)):
        steps = np.expand_dims(np.diff(rates), 1 - axis)
        ahead, behind = (np.delete(along, end, axis) for end in (0, -1))
        work.append(((ahead + behind) / 2 * steps).ravel())
        rows.append(np.column_stack([np.delete(number, end, axis).ravel() for end in (0, -1)]))
    ends, done = np.concatenate(rows), np.concatenate(work)
    known = np.isfinite(done)
    ends, done = ends[known], done[known]
    matrix = np.zeros((len(done), number.size))
    matrix[np.arange(len(done)), ends[:, 0]], matrix[np.arange(len(done)), ends[:, 1]] = -1, 1
    # normal equations, with a mean of 0, which they leave open
    potential = np.linalg.lstsq(matrix.T @ matrix + 1 / number.size, matrix.T @ done, rcond=None)[0]
    squares = float(done @ done)
    left = float(np.sum((done - matrix @ potential) ** 2)) / squares if squares else 0.0
    values = np.where(np.isin(number, ends), potential.reshape(number.shape), np.nan)
    return values - np.nanmin(values) if len(ends) else values, left


def _paths(effective: EffectiveField, states: Sequence[LandscapeState], step: float) -> list[Barrier]:
    """From saddles down along the force to wells, as of `landscape.barriers`, in a bounded number of steps.

    The steps are of the linearly implicit Euler method, which stays in steep valleys; heights are not computed.
    """
    wells = [index for index, state in enumerate(states) if state.n_unstable == 0]
    saddles = [index for index, state in enumerate(states) if state.n_unstable == 1][:_MAX_SADDLES]
    if not wells or not saddles:
        return []
    bottoms = np.stack([states[index].nu for index in wells])
    left = [index for index in saddles for _ in range(2)]
    rates = np.stack([states[index].rates for index in left])
    ways = np.stack([states[index].direction for index in left]) * np.tile([1, -1], len(saddles))[:, None]
    nu = np.maximum(rates[:, effective.focus] + step / 2 * ways, 0)
    paths = [[states[index].nu, place] for index, place in zip(left, nu, strict=True)]
    ends = np.full(len(left), -1)
    going = np.arange(len(left))
    for _ in range(_MAX_STEPS):
        there = effective.solve(nu[going], rates[going])
        good = np.isfinite(there.response).all(axis=1)
        going, force, slope = going[good], (there.response - nu[going])[good], there.jacobian[good]
        rates[going] = there.rates[good]
        away = np.linalg.norm(nu[going, None] - bottoms, axis=2)
        arrived = away.min(axis=1, initial=np.inf) <= step
        ends[going[arrived]] = away[arrived].argmin(axis=1)
        going, force, slope = going[~arrived], force[~arrived], slope[~arrived]
        if not len(going):
            break
        growth = np.linalg.eigvals(slope).real.max(axis=1)
        pace = np.maximum(np.linalg.norm(force, axis=1) / step, 2 * np.maximum(growth, 0))
        move = np.linalg.solve(pace[:, None, None] * np.eye(2) - slope, force[..., None])[..., 0]
        move *= np.minimum(1, step / np.maximum(np.linalg.norm(move, axis=1), 1e-300))[:, None]
        nu[going] = np.maximum(nu[going] + move, 0)
        for index in going.tolist():
            paths[index].append(nu[index].copy())
    return [
        Barrier(wells[end], left[index], math.nan, np.vstack([*paths[index], bottoms[end]]))
        for index, end in enumerate(ends.tolist())
        if end >= 0
    ]


def barrier_along(profile: Profile, wells: Sequence[_Array]) -> float | None:
    """Height in Hz² of the barrier between the two lowest wells on a path, above the lowest; None with fewer."""
    apart = profile.displacement[1]
    nearest = [int(np.linalg.norm(profile.path - well, axis=1).argmin()) for well in wells]
    on_path = [k for k, well in zip(nearest, wells, strict=True) if np.linalg.norm(profile.path[k] - well) <= apart]
    potential = profile.potential
    lowest = sorted((k for k in on_path if np.isfinite(potential[k])), key=lambda k: potential[k])[:2]
    if len(lowest) < 2:
        return None
    height = float(potential[min(lowest) : max(lowest) + 1].max() - potential[lowest[0]])
    return height if math.isfinite(height) else None


def numbers(values: ArrayLike) -> list[float | None]:
    """Numbers as JSON holds them: of few digits, and None in place of one that is not finite."""
    return [round(value, _DIGITS) if math.isfinite(value) else None for value in np.asarray(values, float).tolist()]


def _two(pair: tuple[int, int], populations: Populations) -> bool:
    there = all(0 <= cluster < populations.n_clusters for cluster in pair)
    return there and pair[0] != pair[1] and populations.cluster_sizes[EXCITATORY] > 0


def _sorted(points: Sequence[FixedPoint]) -> list[FixedPoint]:
    """Stable ones first, then by number of active clusters, as `fixed_points` sorts."""
    return sorted(points, key=lambda point: (not point.stable, len(point.active), tuple(-point.rates)))
