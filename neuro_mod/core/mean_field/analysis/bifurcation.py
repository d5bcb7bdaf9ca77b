"""Branches of steady states over one parameter, with their stability and critical points."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuro_mod.checks import whole_number
from neuro_mod.core.mean_field.analysis.branch import Branch, CriticalPoint, FollowedBranch
from neuro_mod.core.mean_field.analysis.continuation import LOST, TOO_LONG
from neuro_mod.core.mean_field.analysis.critical import SYMMETRY_BREAKING
from neuro_mod.core.mean_field.analysis.family import FieldFamily
from neuro_mod.core.mean_field.core.fixed_points import N_STARTS, fixed_points
from neuro_mod.core.mean_field.core.searches import states_by_active_clusters
from neuro_mod.summaries import ShownFields

_Array = NDArray[np.float64]

N_VALUES = 5
#: Bounds on the number of branches, and of points to either side of a start.
MAX_BRANCHES, MAX_POINTS = 200, 2000
#: Bounds on how often the search is repeated, and at how many values each time.
_MAX_PASSES, _MAX_VALUES = 4, 8
#: Values closer to each other than this part of the interval are near.
_NEAR = 0.02
#: Distance from a symmetry breaking at which the branches that leave it are searched for, as part of the interval; gaps
#: between critical values are wider.
_ASIDE = 1e-3
#: Branches that end closer to a symmetry breaking, as part of the interval, end there.
_SAME_VALUE = 1e-5


@dataclass(frozen=True, eq=False, repr=False)
class Diagram(ShownFields):
    """Branches of steady states over an interval.

    Args:
        limits: Smallest and largest value of the parameter.
        branches: By number of active clusters.
        critical_points: In the order of the branches.
        searched: Description of the search.
    """

    limits: tuple[float, float]
    branches: tuple[Branch, ...]
    critical_points: tuple[CriticalPoint, ...]
    searched: str


def bifurcation_diagram(
    family: FieldFamily,
    *,
    n_values: int = N_VALUES,
    at: Sequence[float] = (),
    n_active: Collection[int] | None = None,
    alike: bool = True,
    n_starts: int = N_STARTS,
    seed: int = 0,
    most_branches: int = MAX_BRANCHES,
    most_points: int = MAX_POINTS,
) -> Diagram:
    """Search for the branches of steady states over an interval. There may be others.

    Steady states are searched for at a few values of the parameter. Each one on no known branch is followed to both
    sides (pseudo-arclength continuation). The search is repeated between the critical points, and next to symmetry
    breakings from which no known branch starts, until nothing new is found. A branch whose interchangeable clusters
    have two or more levels of rates ends where levels merge, at a state of higher symmetry.

    Args:
        family: The mean fields over the interval.
        n_values: Number of equidistant values of the parameter at which the search begins, the limits included.
        at: Further values at which the search begins, within the limits.
        n_active: Numbers of active clusters of the states that are followed; all by default.
        alike: Where all clusters are interchangeable, follow only states in which all active clusters have equal rates,
            and so have all others. Otherwise all states that `fixed_points` finds.
        n_starts: Random starts of `fixed_points`, where that is used.
        seed: Root seed of the starts.
        most_branches: Bound on the number of branches.
        most_points: Bound on the number of points of a branch to either side of the state from which it is followed.

    Raises:
        InputError: A bound or number is too small, or a value is outside the limits.
    """
    whole_number("n_values", n_values, 2)
    whole_number("most_branches", most_branches, 1)
    whole_number("most_points", most_points, 1)
    starts = _Starts(family, n_active, alike and not family.classes.any(), n_starts, seed)
    search = _Search(starts, most_branches, most_points)
    search.at([*np.linspace(*family.limits, n_values).tolist(), *map(float, at)])
    for _ in range(_MAX_PASSES):
        known = len(search.followed)
        search.at(search.between())
        search.at(search.aside())
        if len(search.followed) == known:
            break
    wanted = [each for each in search.followed if n_active is None or len(each.active) in n_active]
    followed = sorted(wanted, key=lambda each: len(each.active))
    branches = tuple(each.branch() for each in followed)
    critical = tuple(point for number, each in enumerate(followed) for point in each.critical_points(number))
    return Diagram(family.limits, branches, critical, _describe_search(search, branches))


def _describe_search(search: _Search, branches: tuple[Branch, ...]) -> str:
    parts = [search.starts.describe(len(search.searched))]
    if search.left_out:
        parts.append(
            f"{search.left_out} states were not followed, because of the limit of {len(search.followed)} branches"
        )
    unfinished = sum(bool({TOO_LONG, LOST} & set(branch.ends)) for branch in branches)
    if unfinished:
        parts.append(f"{unfinished} branches were not followed to their end")
    for value, numbers in search.missing().items():
        named = ", ".join(map(str, numbers))
        parts.append(f"branches with {named} active clusters that leave the symmetry breaking at {value:g} are missing")
    if search.family.rough:
        places = " and ".join(f"from {lower:g} to {upper:g}" for lower, upper in search.family.rough)
        parts.append(f"{places} the network does not depend smoothly on the parameter: points there are approximate")
    return "; ".join([*parts, "there may be other branches"])


class _Search:
    """Branches as they are found.

    Args:
        starts: States from which they are followed.
        most_branches: Bound on their number.
        most_points: Bound on the number of points to either side of a start.

    Attributes:
        followed: The branches.
        searched: Values of the parameter at which states were searched for.
        left_out: Number of states that were not followed.
    """

    def __init__(self, starts: _Starts, most_branches: int, most_points: int):
        self.starts, self.family = starts, starts.family
        self._most_branches, self._most_points = most_branches, most_points
        self.followed: list[FollowedBranch] = []
        self.searched: list[float] = []
        self.left_out = 0

    def at(self, values: Collection[float]) -> None:
        """Search for states at values of the parameter, and follow those on no branch yet."""
        for value in values:
            if value not in self.searched:
                self.searched.append(value)
                for start in self.starts.at(value):
                    if not any(each.passes(start, value) for each in self.followed):
                        self._follow(start, value)

    def _follow(self, start: _Array, value: float) -> None:
        if len(self.followed) == self._most_branches:
            self.left_out += 1
            return
        new = FollowedBranch(self.family, start, value, self._most_points)
        if not any(each.contains(new) for each in self.followed):
            self.followed.append(new)

    def between(self) -> list[float]:
        """Middles of the gaps between critical values in which there was no search, the widest first."""
        width = self.family.width
        ends = [value for each in self.followed for value in each.symmetric_values]
        critical = [each.parameter for branch in self.followed for each in branch.critical_points(0)]
        edges = np.unique([*self.family.limits, *ends, *critical])
        searched, chosen = np.array(self.searched), []
        for k in np.argsort(-np.diff(edges), kind="stable"):
            lower, upper = edges[k : k + 2]
            middle = float(lower + upper) / 2
            near = min(abs(middle - value) for value in [*self.searched, *chosen]) < _NEAR * width
            if upper - lower > _ASIDE * width and not near and not ((lower < searched) & (searched < upper)).any():
                chosen.append(middle)
        return [] if self.left_out else chosen[:_MAX_VALUES]

    def aside(self) -> list[float]:
        """Values to either side of symmetry breakings that branches should leave, where there was no search yet."""
        lower, upper = self.family.limits
        values = [value + sign * _ASIDE * self.family.width for value in self.missing() for sign in (-1, 1)]
        new = [value for value in values if lower < value < upper and value not in self.searched]
        return [] if self.left_out else new[:_MAX_VALUES]

    def missing(self) -> dict[float, list[int]]:
        """Numbers of active clusters of the branches that should leave symmetry breakings but were not found.

        Where the symmetry of p interchangeable clusters breaks, branches leave with each number of active clusters from
        1 to p - 1 (equivariant branching lemma; Golubitsky, Stewart & Schaeffer 1988).
        """
        missing: dict[float, list[int]] = {}
        for value in self._losses() if self.starts.lumped else ():
            found = {len(each.active) for each in self.followed if self._near(value, each.symmetric_values)}
            numbers = [n for n in self.starts.numbers if n and n not in found]
            if numbers:
                missing[value] = numbers
        return missing

    def _losses(self) -> Iterator[float]:
        """Where the symmetry of states without active clusters breaks."""
        for branch in self.followed:
            if not branch.active:
                yield from (each.parameter for each in branch.critical_points(0) if each.kind == SYMMETRY_BREAKING)

    def _near(self, value: float, others: list[float]) -> bool:
        return any(abs(value - other) < _SAME_VALUE * self.family.width for other in others)


@dataclass(frozen=True, eq=False)
class _Starts:
    """Steady states from which branches are followed."""

    family: FieldFamily
    n_active: Collection[int] | None
    lumped: bool
    n_starts: int
    seed: int

    @property
    def numbers(self) -> list[int]:
        """Numbers of active clusters."""
        populations = self.family.populations
        every = range(max(populations.n_clusters, 1) if populations is not None else 1)
        return [n for n in every if self.n_active is None or n in self.n_active]

    def at(self, value: float) -> Iterator[_Array]:
        """Rates in Hz at a value of the parameter, shape ``(P,)`` each.

        States in which all clusters have equal rates are always among them: others begin where this symmetry breaks.
        """
        field, populations = self.family.at(value), self.family.populations
        if populations is None or populations.n_clusters < 2 or not self.lumped:
            for point in fixed_points(field, self.n_starts, self.seed):
                if self.n_active is None or len(point.active) in self.n_active:
                    yield point.rates
            return
        for n, states in states_by_active_clusters(field, populations, self.seed).items():
            if not n or n in self.numbers:
                yield from states

    def describe(self, n_values: int) -> str:
        """Description of the search."""
        kind = "states whose active clusters have equal rates" if self.lumped else "steady states"
        return f"{kind} were searched for at {n_values} values of the parameter and followed"
