"""Branches of steady states over one parameter, with their stability and critical points."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.mean_field.analysis.branch import Branch, CriticalPoint, FollowedBranch
from neuro_mod.core.mean_field.analysis.continuation import LOST, TOO_LONG
from neuro_mod.core.mean_field.analysis.family import FieldFamily
from neuro_mod.core.mean_field.core.fixed_points import N_STARTS, fixed_points
from neuro_mod.core.mean_field.core.searches import states_by_active_clusters

_Array = NDArray[np.float64]

N_VALUES = 5
#: Bounds on the number of branches, and of points to either side of a start.
MOST_BRANCHES, MOST_POINTS = 200, 2000


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
        alike: Where all clusters are interchangeable, follow only states whose active clusters have equal rates, and
            the others too. Otherwise all states that `fixed_points` finds.
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
    followed: list[FollowedBranch] = []
    left_out = 0
    for value in values:
        for start in seek.at(float(value)):
            if any(each.passes(start, float(value)) for each in followed):
                continue
            if len(followed) == most_branches:
                left_out += 1
            else:
                followed.append(FollowedBranch(family, start, float(value), most_points))
    followed.sort(key=lambda each: len(each.active))
    branches = tuple(each.branch() for each in followed)
    critical = tuple(point for number, each in enumerate(followed) for point in each.critical_points(number))
    return Diagram(family.limits, branches, critical, _told(seek.told(n_values), left_out, branches))


def _told(sought: str, left_out: int, branches: tuple[Branch, ...]) -> str:
    told = [sought]
    if left_out:
        told.append(f"{left_out} states were not followed: there are {len(branches)} branches already")
    unfinished = sum(bool({TOO_LONG, LOST} & set(branch.ends)) for branch in branches)
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
        field, populations = self.family.at(value), self.family.populations
        if populations is None or populations.n_clusters < 2 or not self.lumped:
            for point in fixed_points(field, self.n_starts, self.seed):
                if self.n_active is None or len(point.active) in self.n_active:
                    yield point.rates
            return
        for n, states in states_by_active_clusters(field, populations, self.seed).items():
            if self.n_active is None or n in self.n_active:
                yield from states

    def told(self, n_values: int) -> str:
        """How they were sought, in words."""
        kind = "states whose active clusters are alike" if self.lumped else "steady states"
        return f"{kind} were sought at {n_values} values of the parameter and followed"
