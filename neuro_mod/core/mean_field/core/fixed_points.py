"""All steady states that a search finds, each with its stability and its number of symmetric images."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.core.mean_field.core import clusters
from neuro_mod.core.mean_field.core.lif_mean_field import LIFMeanField
from neuro_mod.core.mean_field.core.newton import Zeros, find_or_relax, find_zeros
from neuro_mod.core.populations import Populations
from neuro_mod.core.random import Stream

_Array = NDArray[np.float64]

N_STARTS = 100
#: Random starts lie between 0 and this rate in Hz.
HIGHEST_START = 60.0
#: Starts in each system that symmetry makes smaller.
_STARTS_PER_PARTITION = 16
#: Choices of active clusters that are all tried where clusters differ; of more, `_DRAWN` for each number are.
_MOST_PLACEMENTS, _DRAWN = 2000, 100
#: Starts that are solved at once.
_AT_ONCE = 500


@dataclass(frozen=True, eq=False)
class FixedPoint:
    """A steady state.

    Args:
        rates: In Hz, shape ``(P,)``.
        mu: Mean input in threshold units, averaged over z, shape ``(P,)``.
        sigma: Root of the variance of the input averaged over z, in threshold units, shape ``(P,)``.
        residual: Largest ``|-nu + phi(nu)|`` in Hz, relative to rates of 1 Hz and more.
        eigenvalues: Of the dynamics of all populations in 1/s, largest real part first, shape ``(P,)``.
        kind: ``stable node``, ``saddle``, ...; see `stability.classify`.
        active: Active clusters, see `clusters.active_clusters`.
        multiplicity: How many images it has under swaps of interchangeable clusters, itself included.
    """

    rates: _Array
    mu: _Array
    sigma: _Array
    residual: float
    eigenvalues: NDArray[np.complex128]
    kind: str
    active: tuple[int, ...]
    multiplicity: int

    @property
    def stable(self) -> bool:
        """Whether all real parts of the eigenvalues are negative."""
        return self.kind.startswith("stable")


@dataclass(frozen=True, eq=False)
class FixedPoints(Sequence[FixedPoint]):
    """Distinct steady states: stable ones first, then by number of active clusters and falling rates.

    Of the images of a state under swaps of interchangeable clusters one is listed.

    Args:
        points: The states.
        starts: Rates in Hz of the random starts, shape ``(n_starts, P)``.
        found: What was found from each of them.
        reached: Which of `points` that is an image of; -1 where nothing was found, shape ``(n_starts,)``.
        searched: How the states were sought, in words.
    """

    points: tuple[FixedPoint, ...]
    starts: _Array
    found: Zeros
    reached: NDArray[np.int64]
    searched: str

    @overload
    def __getitem__(self, index: int) -> FixedPoint: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[FixedPoint, ...]: ...

    def __getitem__(self, index: int | slice) -> FixedPoint | tuple[FixedPoint, ...]:
        return self.points[index]

    def __len__(self) -> int:
        return len(self.points)

    @property
    def stable(self) -> tuple[FixedPoint, ...]:
        """The attractors."""
        return tuple(point for point in self.points if point.stable)


def fixed_points(
    field: LIFMeanField,
    n_starts: int = N_STARTS,
    seed: int = 0,
    *,
    starts: ArrayLike | None = None,
    highest_start: float = HIGHEST_START,
) -> FixedPoints:
    """Seek all steady states of a mean field. That there are no others is not proven.

    Newton's method goes from many starts at once, random ones, and where it fails the rates relax; then once more with
    what was found deflated. Where the
    clusters are known (`LIFMeanField.populations`), states with each number of active clusters are sought as well. With
    interchangeable clusters they are states of small systems (active clusters, others, backgrounds), from several
    starts, again with deflation. Where clusters differ, the states of the same network with all clusters alike are the
    starts, with all choices of active clusters, or some drawn ones if these are too many.

    Args:
        field: The mean field.
        n_starts: Number of random starts.
        seed: Root seed of the starts.
        starts: Rates in Hz to start from instead, shape ``(n_starts, P)``.
        highest_start: Largest rate of the random starts in Hz.

    Raises:
        ValueError: There are fewer than 0 starts, or they do not fit.
    """
    starts = _random_starts(field, n_starts, seed, highest_start) if starts is None else field.rates(starts)
    if starts.ndim != 2:
        raise ValueError(f"starts have shape {starts.shape}, expected (n_starts, {field.n_populations})")
    found = _in_parts(partial(find_or_relax, field.linearize), starts)
    again = find_zeros(field.linearize, starts, _distinct(found.x[found.converged]))
    told = [f"{found.converged.sum()} of {len(starts)} random starts converged; once more with these states deflated"]
    zeros = [found.x[found.converged], again.x[again.converged]]
    populations, classes = field.populations, np.zeros(0, np.int64)
    if populations is not None:
        classes = clusters.interchangeable(field.coefficients, populations)
        if populations.n_clusters > 1:
            zeros += _by_active_clusters(field, populations, classes, seed, told)
    images = _Images(populations, classes)
    distinct = _distinct(images.canonical(np.concatenate(zeros)))
    points = sorted((describe(field, rates, classes) for rates in distinct), key=_rank)
    ranked = np.array([point.rates for point in points]).reshape(-1, field.n_populations)
    reached = np.where(found.converged, _nearest(images.canonical(found.x), ranked), -1)
    searched = "; ".join([*told, "that these are all is not proven"])
    return FixedPoints(tuple(points), starts, found, reached, searched)


def describe(field: LIFMeanField, rates: ArrayLike, classes: NDArray[np.int64] | None = None) -> FixedPoint:
    """The record of a steady state.

    Args:
        field: The mean field.
        rates: The state in Hz, shape ``(P,)``.
        classes: From `clusters.interchangeable`, if it is known.
    """
    rates = field.rates(rates)
    moments = field.moments(rates)
    mu, variance = (field.coefficients.z_weights @ each for each in moments)
    kind, eigenvalues = field.determine_stability(rates)
    active, images, populations = (), 1, field.populations
    if populations is not None:
        classes = clusters.interchangeable(field.coefficients, populations) if classes is None else classes
        active = clusters.active_clusters(rates, classes, populations)
        images = clusters.multiplicity(rates, classes, populations)
    residual = float(np.max(np.abs(field.equations(rates)) / np.maximum(rates, 1.0), initial=0.0))
    return FixedPoint(rates, mu, np.sqrt(variance), residual, eigenvalues, kind, active, images)


def states_by_active_clusters(field: LIFMeanField, populations: Populations, seed: int = 0) -> dict[int, _Array]:
    """States of interchangeable clusters in which active clusters are alike, and the others are.

    Args:
        field: The mean field, with all clusters interchangeable.
        populations: The layout of cluster space.
        seed: Root seed of the starts.

    Returns:
        By the number n of active clusters, 0 to p - 1, rates in Hz with the first n active, shape ``(n_states, P)``.
    """
    p = populations.n_clusters
    none = _states_of_groups(field, clusters.partition(np.zeros(p, bool)), seed)
    states = {0: none} | {n: np.empty((0, field.n_populations)) for n in range(1, p)}
    others_first = clusters.of_clusters(np.arange(p)[::-1], populations)
    for n in range(1, p // 2 + 1):
        both = _states_of_groups(field, clusters.partition(np.arange(p) < n), seed)
        difference = (both[:, 0] - both[:, p - 1]) / np.maximum(both[:, 0], 1.0)
        states[n] = both[difference > clusters.SAME]
        if n < p - n:
            states[p - n] = both[difference < -clusters.SAME][:, others_first]
    return states


def _states_of_groups(field: LIFMeanField, groups: NDArray[np.int64], seed: int) -> _Array:
    """States with equal rates within groups, shape ``(n_states, P)``."""
    lumped = LIFMeanField.of(field.coefficients.lumped(groups))
    starts = _random_starts(lumped, _STARTS_PER_PARTITION, seed, HIGHEST_START)
    found = find_or_relax(lumped.linearize, starts)
    known = _distinct(found.x[found.converged])
    again = find_zeros(lumped.linearize, starts, known)
    return _distinct(np.concatenate([known, again.x[again.converged]]))[:, groups]


def _by_active_clusters(
    field: LIFMeanField, populations: Populations, classes: NDArray[np.int64], seed: int, told: list[str]
) -> list[_Array]:
    p = populations.n_clusters
    alike = classes.max() == 0
    mean = field if alike else LIFMeanField.of(clusters.symmetrized(field.coefficients, populations))
    states = states_by_active_clusters(mean, populations, seed)
    told.append(f"states with 0 to {p - 1} of {p} clusters active, from {_STARTS_PER_PARTITION} starts each, and again")
    if alike:
        return list(states.values())
    total = clusters.n_placements(classes)
    every = total <= _MOST_PLACEMENTS
    told.append(
        "the clusters differ: these are those of the symmetric network, and starts, with "
        + (f"all {total} choices of active clusters" if every else f"up to {_DRAWN} choices of each number of clusters")
    )
    starts = [
        clusters.placed(state, active, populations)
        for n, found in states.items()
        for active in (
            clusters.all_placements(n, classes) if every else clusters.drawn_placements(n, p, _DRAWN if n else 1, seed)
        )
        for state in found
    ]
    solved = _in_parts(partial(find_zeros, field.linearize), np.array(starts).reshape(-1, field.n_populations))
    return [solved.x[solved.converged]]


def _in_parts(solve: Callable[[_Array], Zeros], starts: _Array) -> Zeros:
    parts = [solve(starts[k : k + _AT_ONCE]) for k in range(0, max(len(starts), 1), _AT_ONCE)]
    return Zeros(*(np.concatenate(values) for values in zip(*parts, strict=True)))


def _random_starts(field: LIFMeanField, n: int, seed: int, highest: float) -> _Array:
    if n < 0:
        raise ValueError(f"found {n} starts, expected 0 or more")
    uniform = Stream(seed, "mean_field_starts").uniform(np.arange(n), field.n_populations)
    return np.asarray(highest * uniform, np.float64)


def _distinct(states: _Array) -> _Array:
    """One of each set of states that are the same, in the order in which they were found."""
    kept = np.empty_like(states)
    n = 0
    for state in states:
        if not _same(kept[:n], state).any():
            kept[n] = state
            n += 1
    return kept[:n]


def _same(states: _Array, state: _Array) -> NDArray[np.bool_]:
    return np.all(np.abs(states - state) <= clusters.SAME * np.maximum(state, 1.0), axis=1)


def _nearest(states: _Array, points: _Array) -> NDArray[np.int64]:
    if not len(points):
        return np.full(len(states), -1)
    return np.array([np.abs(points - state).max(axis=1).argmin() for state in states], np.int64)


@dataclass(frozen=True, eq=False)
class _Images:
    """Images of states under swaps of interchangeable clusters."""

    populations: Populations | None
    classes: NDArray[np.int64]

    def canonical(self, states: Iterable[_Array]) -> _Array:
        if self.populations is None:
            return np.array(list(states))
        return np.array([clusters.canonical(state, self.classes, self.populations) for state in states])


def _rank(point: FixedPoint) -> tuple[bool, int, tuple[float, ...]]:
    return not point.stable, len(point.active), tuple(-point.rates)
