"""One branch of steady states, with its stability and critical points."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.mean_field.analysis.continuation import SYMMETRY, follow
from neuro_mod.core.mean_field.analysis.critical import critical_points
from neuro_mod.core.mean_field.analysis.curve import Curve
from neuro_mod.core.mean_field.analysis.family import FieldFamily
from neuro_mod.core.mean_field.analysis.modes import Modes, Spectrum
from neuro_mod.core.mean_field.analysis.segment import Segment
from neuro_mod.core.mean_field.core import clusters
from neuro_mod.core.mean_field.core.stability import MARGIN
from neuro_mod.summaries import ShownFields

_Array = NDArray[np.float64]

#: Rates that differ by less, relative to 1 Hz and more, belong to one branch.
_ON_BRANCH = 1e-5
#: How far a branch may leave the straight line between two of its points, as part of the distance between them.
_ASIDE = 0.2


@dataclass(frozen=True, eq=False, repr=False)
class Branch(ShownFields):
    """Steady states that change continuously with the parameter, n of them, in order.

    Its critical points are among them. Of the images of a branch under swaps of interchangeable clusters one is listed.

    Args:
        parameter: Values of the parameter, shape ``(n,)``; they turn at folds.
        rates: In Hz, shape ``(n, P)``.
        stable: Whether all eigenvalues have negative real parts, shape ``(n,)``.
        leading: Largest real part of the eigenvalues of all populations in 1/s, shape ``(n,)``.
        n_unstable: Number of eigenvalues with positive real part, shape ``(n,)``.
        active: Active clusters at the state from which it was followed, see `clusters.active_clusters`.
        active_along: Those at each point; where clusters differ, they may change along a branch.
        multiplicity: How many images it has, itself included.
        ends: How it ends before its first and after its last point: at a ``limit`` of the parameter, at a state of
            higher ``symmetry``, in itself (``closed``), after the largest number of points (``too long``), or where no
            next point was found (``lost``).
    """

    parameter: _Array
    rates: _Array
    stable: NDArray[np.bool_]
    leading: _Array
    n_unstable: NDArray[np.int64]
    active: tuple[int, ...]
    active_along: tuple[tuple[int, ...], ...]
    multiplicity: int
    ends: tuple[str, str]

    @property
    def n_active(self) -> int:
        """Number of active clusters."""
        return len(self.active)


@dataclass(frozen=True, eq=False, repr=False)
class CriticalPoint(ShownFields):
    """Where a branch folds or its stability changes otherwise.

    Args:
        kind: ``fold``; ``symmetry breaking``, a real eigenvalue of changes of interchangeable clusters against each
            other vanishes; ``Hopf``, eigenvalues are imaginary; or ``branch point``, another real eigenvalue vanishes.
        parameter: Value of the parameter.
        rates: In Hz, shape ``(P,)``.
        branch: Number of the branch.
        position: Which point of the branch it is.
        eigenvalue: That whose real part is 0, in 1/s.
        repeats: How many eigenvalues, or pairs of them, cross at once.
    """

    kind: str
    parameter: float
    rates: _Array
    branch: int
    position: int
    eigenvalue: complex
    repeats: int


class FollowedBranch:
    """A branch as it is followed from a state.

    Args:
        family: The mean fields.
        start: Rates of the state in Hz, shape ``(P,)``.
        value: Of the parameter there.
        most_points: Bound on the number of points to either side.
    """

    def __init__(self, family: FieldFamily, start: _Array, value: float, most_points: int):
        self.family = family
        populations, classes = family.populations, family.classes
        self.active, self.multiplicity = (), 1
        start = self._canonical(start)
        groups, levels = self._groups(start), []
        if populations is not None:
            levels = _levels_of_a_class(groups[: len(classes)], classes)
            self.active = clusters.active_clusters(start, classes, populations)
            self.multiplicity = clusters.multiplicity(start, classes, populations)
        self.curve, self.modes = Curve(family, groups), Modes(family, groups)
        u = self.curve.point(start, value)
        exact = self.curve.correct(u, self.curve.along_parameter)
        traced = follow(self.curve, u if exact is None else exact, levels, most_points)
        self.ends = traced.ends
        spectrum = self._spectrum(traced.points)
        self._critical = critical_points(self.curve, self.modes, traced, spectrum)
        after = np.array([each.place[0] + 1 for each in self._critical], np.int64)
        self._positions = after + np.arange(len(after))
        inserted = np.array([each.u for each in self._critical]).reshape(-1, traced.points.shape[1])
        self.points = np.insert(traced.points, after, inserted, axis=0)
        self.spectrum = Spectrum(
            *(np.insert(a, after, b, axis=0) for a, b in zip(spectrum, self._spectrum(inserted), strict=True))
        )

    @property
    def values(self) -> _Array:
        """Values of the parameter, shape ``(n,)``."""
        return np.array([self.curve.value(u) for u in self.points])

    def _spectrum(self, points: _Array) -> Spectrum:
        return self.modes.spectrum(self.curve.lumped_rates(points), np.array([self.curve.value(u) for u in points]))

    def branch(self) -> Branch:
        """Its record."""
        n = len(self.points)
        every = np.concatenate([each.reshape(n, -1) for each in self.spectrum], axis=1)
        repeats = np.concatenate([np.ones(self.spectrum.alike.shape[1], np.int64), np.repeat(self.modes.repeats, 2)])
        margin = MARGIN * np.abs(every).max(axis=1, keepdims=True)
        rates = self.curve.rates(self.points)
        return Branch(
            parameter=self.values,
            rates=rates,
            stable=(every.real < -margin).all(axis=1),
            leading=every.real.max(axis=1),
            n_unstable=(every.real > margin) @ repeats,
            active=self.active,
            active_along=self._active_along(rates),
            multiplicity=self.multiplicity,
            ends=self.ends,
        )

    def _active_along(self, rates: _Array) -> tuple[tuple[int, ...], ...]:
        populations, classes = self.family.populations, self.family.classes
        if populations is None or not classes.any():
            return (self.active,) * len(rates)
        return tuple(clusters.active_clusters(each, classes, populations) for each in rates)

    def critical_points(self, number: int) -> Iterator[CriticalPoint]:
        """Records of its critical points, as branch of this number."""
        for position, each in zip(self._positions, self._critical, strict=True):
            yield CriticalPoint(
                kind=each.kind,
                parameter=self.curve.value(each.u),
                rates=self.curve.rates(each.u),
                branch=number,
                position=int(position),
                eigenvalue=each.eigenvalue,
                repeats=each.repeats,
            )

    @property
    def symmetric_values(self) -> list[float]:
        """Values of the parameter at which it ends at a state of higher symmetry."""
        return [float(self.values[end]) for end, how in zip((0, -1), self.ends, strict=True) if how == SYMMETRY]

    def passes(self, rates: _Array, value: float) -> bool:
        """Whether it goes through a state, or one of its images."""
        rates = self._canonical(rates)
        if not np.array_equal(self._groups(rates), self.curve.groups):
            return False
        state, away = self.curve.point(rates, value), self.values - value
        return any(
            _apart(self.curve.rates(self._between(k, value)), rates) < _ON_BRANCH
            for k in np.flatnonzero(away[1:] * away[:-1] <= 0).tolist()
            if _is_beside(state, *self.points[k : k + 2])
        )

    def contains(self, other: FollowedBranch) -> bool:
        """Whether it goes through states all along another branch."""
        n = len(other.points)
        some = other.points[[n // 4, n // 2, 3 * n // 4]]
        return all(self.passes(other.curve.rates(u), other.curve.value(u)) for u in some)

    def _between(self, k: int, value: float) -> _Array:
        """The state at a value of the parameter between points k and k + 1, next to folds too."""
        begin, end = self.points[k : k + 2]
        step = Segment(self.curve, begin, end, (end - begin) / np.linalg.norm(end - begin))
        return step.at(step.zero(lambda u: self.curve.value(u) - value))

    def _canonical(self, rates: _Array) -> _Array:
        populations = self.family.populations
        return rates if populations is None else clusters.canonical(rates, self.family.classes, populations)

    def _groups(self, rates: _Array) -> NDArray[np.int64]:
        """Group of each population, shape ``(P,)``."""
        populations = self.family.populations
        alone = np.arange(self.family.n_populations)
        return alone if populations is None else clusters.lumping(rates, self.family.classes, populations)


def _is_beside(state: _Array, begin: _Array, end: _Array) -> bool:
    """Whether a state may be one between two neighbouring points of a branch."""
    ahead = end - begin
    length = np.linalg.norm(ahead)
    along = (state - begin) @ ahead / length if length else 0.0
    aside = np.linalg.norm(state - begin - (along * ahead / length if length else 0.0))
    return bool(-_ASIDE * length <= along <= (1 + _ASIDE) * length and aside <= _ASIDE * length + _ON_BRANCH)


def _apart(rates: _Array, others: _Array) -> float:
    return float(np.max(np.abs(rates - others) / np.maximum(others, 1.0), initial=0.0))


def _levels_of_a_class(level: NDArray[np.int64], classes: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Pairs of levels of clusters that could be swapped."""
    first = np.unique(level, return_index=True)[1]
    return [(a, b) for a, b in combinations(range(len(first)), 2) if classes[first[a]] == classes[first[b]]]
