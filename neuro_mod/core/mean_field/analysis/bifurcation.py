"""Branches of steady states over one parameter, with their stability and critical points."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.mean_field.analysis.continuation import TOO_LONG, Path, follow
from neuro_mod.core.mean_field.analysis.critical import critical_points
from neuro_mod.core.mean_field.analysis.curve import Curve
from neuro_mod.core.mean_field.analysis.family import FieldFamily
from neuro_mod.core.mean_field.analysis.modes import Modes
from neuro_mod.core.mean_field.core import clusters
from neuro_mod.core.mean_field.core.fixed_points import N_STARTS, fixed_points, lumped_states
from neuro_mod.core.mean_field.core.stability import MARGIN

_Array = NDArray[np.float64]

N_VALUES = 6
#: Bounds on the number of branches, and of points to either side of a start.
MOST_BRANCHES, MOST_POINTS = 200, 2000
#: Rates that differ by less, relative to 1 Hz and more, belong to one branch.
_ON_BRANCH = 1e-5


@dataclass(frozen=True, eq=False)
class Branch:
    """Steady states that change continuously with the parameter, n of them, in order.

    Of the images of a branch under swaps of interchangeable clusters one is listed.

    Args:
        parameter: Values of the parameter, shape ``(n,)``; they turn at folds.
        rates: In Hz, shape ``(n, P)``.
        stable: Whether all eigenvalues have negative real parts, shape ``(n,)``.
        leading: Largest real part of the eigenvalues of all populations in 1/s, shape ``(n,)``.
        n_unstable: Number of eigenvalues with positive real part, shape ``(n,)``.
        active: Active clusters at the state from which it was followed, see `clusters.active_clusters`.
        multiplicity: How many images it has, itself included.
        ends: How it ends before its first and after its last point: at a ``limit`` of the parameter, at a state of higher
            ``symmetry``, in itself (``closed``), after the largest number of points (``too long``), or where no next
            point was found (``lost``).
    """

    parameter: _Array
    rates: _Array
    stable: NDArray[np.bool_]
    leading: _Array
    n_unstable: NDArray[np.int64]
    active: tuple[int, ...]
    multiplicity: int
    ends: tuple[str, str]

    @property
    def n_active(self) -> int:
        """Number of active clusters."""
        return len(self.active)


@dataclass(frozen=True, eq=False)
class CriticalPoint:
    """Where a branch folds or its stability changes otherwise.

    Args:
        kind: ``fold``; ``symmetry breaking``, a real eigenvalue of changes of interchangeable clusters against each other
            vanishes; ``Hopf``, eigenvalues are imaginary; or ``branch point``, any other real eigenvalue vanishes.
        parameter: Value of the parameter.
        rates: In Hz, shape ``(P,)``.
        branch: Number of the branch.
        position: Number of the point of the branch after which it comes.
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


@dataclass(frozen=True, eq=False)
class Diagram:
    """Branches of steady states over an interval.

    Args:
        limits: Smallest and largest value of the parameter.
        branches: By number of active clusters.
        critical_points: In the order of the branches.
        searched: How branches were sought, in words.
    """

    limits: tuple[float, float]
    branches: tuple[Branch, ...]
    critical_points: tuple[CriticalPoint, ...]
    searched: str


def bifurcation_diagram(
    family: FieldFamily,
    *,
    n_values: int = N_VALUES,
    n_active: Collection[int] | None = None,
    alike: bool = True,
    n_starts: int = N_STARTS,
    seed: int = 0,
    most_branches: int = MOST_BRANCHES,
    most_points: int = MOST_POINTS,
) -> Diagram:
    """Seek the branches of steady states over an interval. That there are no others is not proven.

    Steady states are sought at a few values of the parameter, and each that lies on no branch yet is followed to both
    sides (pseudo-arclength continuation). A branch whose interchangeable clusters have two or more levels of rates ends
    where levels become one, at a state of higher symmetry.

    Args:
        family: The mean fields over the interval.
        n_values: At how many values of the parameter steady states are sought, the limits included.
        n_active: Numbers of active clusters of the states that are followed; all by default.
        alike: Where all clusters are interchangeable, follow only states whose active clusters have equal rates, and the
            others too. Otherwise all states that `fixed_points` finds.
        n_starts: Random starts of `fixed_points`, where that is used.
        seed: Root seed of the starts.
        most_branches: Bound on the number of branches.
        most_points: Bound on the number of points of a branch to either side of the state from which it is followed.

    Raises:
        ValueError: A bound or number is too small.
    """
    for name, number, least in (
        ("n_values", n_values, 2),
        ("most_branches", most_branches, 1),
        ("most_points", most_points, 1),
    ):
        if number < least:
            raise ValueError(f"{name} is {number}, expected {least} or more")
    seek = _Starts(family, n_active, alike and not family.classes.any(), n_starts, seed)
    values = np.linspace(*family.limits, n_values)
    followed: list[_Followed] = []
    left_out = 0
    for value in values:
        for start in seek.at(float(value)):
            if any(each.passes(start, float(value)) for each in followed):
                continue
            if len(followed) == most_branches:
                left_out += 1
            else:
                followed.append(_Followed(family, start, float(value), most_points))
    followed.sort(key=lambda each: len(each.active))
    branches = tuple(each.branch() for each in followed)
    critical = tuple(point for number, each in enumerate(followed) for point in each.critical_points(number))
    return Diagram(family.limits, branches, critical, _told(seek.told(n_values), left_out, branches))


def _told(sought: str, left_out: int, branches: tuple[Branch, ...]) -> str:
    told = [sought]
    if left_out:
        told.append(f"{left_out} states were not followed: there are {len(branches)} branches already")
    unfinished = sum(bool({TOO_LONG, "lost"} & set(branch.ends)) for branch in branches)
    if unfinished:
        told.append(f"{unfinished} branches were not followed to their end")
    return "; ".join([*told, "that these are all branches is not proven"])


@dataclass(frozen=True, eq=False)
class _Starts:
    """Steady states from which branches are followed."""

    family: FieldFamily
    n_active: Collection[int] | None
    lumped: bool
    n_starts: int
    seed: int

    def at(self, value: float) -> Iterator[_Array]:
        """Rates in Hz at a value of the parameter, shape ``(P,)`` each."""
        field, classes, populations = self.family.at(value), self.family.classes, self.family.populations
        if populations is None or populations.n_clusters < 2 or not self.lumped:
            for point in fixed_points(field, self.n_starts, self.seed):
                if self.n_active is None or len(point.active) in self.n_active:
                    yield point.rates
            return
        for n in range(populations.n_clusters):
            if self.n_active is None or n in self.n_active:
                for rates in lumped_states(field, np.arange(len(classes)) < n, self.seed):
                    yield clusters.canonical(rates, classes, populations)

    def told(self, n_values: int) -> str:
        """How they were sought, in words."""
        kind = "states whose active clusters are alike" if self.lumped else "steady states"
        return f"{kind} were sought at {n_values} values of the parameter and followed"


class _Followed:
    """A branch as it was followed."""

    def __init__(self, family: FieldFamily, start: _Array, value: float, most_points: int):
        self.family = family
        populations, classes = family.populations, family.classes
        self.active, self.multiplicity = (), 1
        groups, levels = np.arange(family.n_populations), []
        if populations is not None:
            start = clusters.canonical(start, classes, populations)
            groups = clusters.lumping(start, classes, populations)
            levels = _levels_of_a_class(groups[: len(classes)], classes)
            self.active = clusters.active_clusters(start, classes, populations)
            self.multiplicity = clusters.multiplicity(start, classes, populations)
        self.curve, self.modes = Curve(family, groups), Modes(family, groups)
        u = self.curve.point(start, value)
        exact = self.curve.correct(u, self.curve.along_parameter)
        self.path: Path = follow(self.curve, u if exact is None else exact, levels, most_points)
        values = np.array([self.curve.value(u) for u in self.path.points])
        self.values, self.rates = values, self.curve.rates(self.path.points)
        self.spectrum = self.modes.spectrum(self.curve.lumped_rates(self.path.points), values)

    def branch(self) -> Branch:
        """Its record."""
        alike, apart = (each.real for each in self.spectrum)
        every = np.concatenate([alike, apart.reshape(len(alike), -1)], axis=1)
        repeats = np.concatenate([np.ones(alike.shape[1], int), np.repeat(self.modes.repeats, 2)])
        size = np.concatenate([np.abs(each).reshape(len(alike), -1) for each in self.spectrum], axis=1).max(axis=1)
        margin = MARGIN * size[:, None]
        return Branch(
            parameter=self.values,
            rates=self.rates,
            stable=(every < -margin).all(axis=1),
            leading=every.max(axis=1),
            n_unstable=(every > margin) @ repeats,
            active=self.active,
            multiplicity=self.multiplicity,
            ends=self.path.ends,
        )

    def critical_points(self, number: int) -> Iterator[CriticalPoint]:
        """Records of its critical points, as branch of this number."""
        for each in critical_points(self.curve, self.modes, self.path, self.spectrum):
            yield CriticalPoint(
                kind=each.kind,
                parameter=self.curve.value(each.u),
                rates=self.curve.rates(each.u),
                branch=number,
                position=each.place[0],
                eigenvalue=each.eigenvalue,
                repeats=each.repeats,
            )

    def passes(self, rates: _Array, value: float) -> bool:
        """Whether it goes through a state, or one of its images."""
        beyond = self.values >= value
        for k in np.flatnonzero((beyond[1:] != beyond[:-1]) | (self.values[1:] == value) | (self.values[:-1] == value)):
            (a, b), points = self.values[k : k + 2], self.path.points[k : k + 2]
            part = (value - a) / (b - a) if a != b else 0.0
            guess = points[0] + part * (points[1] - points[0])
            if _apart(self._canonical(guess), rates) > 1.0:
                continue
            found = self.curve.correct(guess, self.curve.along_parameter)
            if found is None or _apart(self._canonical(found), rates) < _ON_BRANCH:
                return True
        return False

    def _canonical(self, u: _Array) -> _Array:
        rates, populations = self.curve.rates(u), self.family.populations
        return rates if populations is None else clusters.canonical(rates, self.family.classes, populations)


def _apart(rates: _Array, others: _Array) -> float:
    return float(np.max(np.abs(rates - others) / np.maximum(others, 1.0), initial=0.0))


def _levels_of_a_class(level: NDArray[np.int64], classes: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Pairs of levels of clusters that could be swapped."""
    first = np.unique(level, return_index=True)[1]
    return [(a, b) for a, b in combinations(range(len(first)), 2) if classes[first[a]] == classes[first[b]]]
