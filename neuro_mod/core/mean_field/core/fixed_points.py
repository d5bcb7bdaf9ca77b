"""All steady states that a search finds, each with its stability and its number of symmetric images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.core.mean_field.core import clusters, searches
from neuro_mod.core.mean_field.core.newton import Zeros
from neuro_mod.core.mean_field.core.rate_equations import RateEquations
from neuro_mod.errors import InputError
from neuro_mod.populations import Populations
from neuro_mod.summaries import Shown, Summary, counted, span

_Array = NDArray[np.float64]

N_STARTS = 100


@dataclass(frozen=True, eq=False, repr=False)
class FixedPoint(Shown):
    """A steady state.

    Args:
        rates: In Hz, shape ``(P,)``.
        mu: Mean input in threshold units, averaged over z, shape ``(P,)``.
        sigma: Root of the variance of the input averaged over z, in threshold units, shape ``(P,)``.
        cv: Interval CV of the neurons, averaged over z with their rates as weights (over spikes, as it were), shape
            ``(P,)``. With Poisson input, too, it is that of the response to this input.
        residual: Largest ``|-nu + phi(nu)|`` in Hz, relative to rates of 1 Hz and more.
        eigenvalues: Of the dynamics of all populations in 1/s, largest real part first, shape ``(P,)``.
        kind: ``stable node``, ``unstable node`` (all eigenvalues real), ``stable focus``, ``unstable focus`` (some
            complex), ``saddle`` (real parts of either sign), or ``marginal`` (a real part of 0).
        active: Active clusters, whose E populations fire above a gap between the rates of E clusters.
        multiplicity: How many images it has under swaps of interchangeable clusters, itself included.
    """

    rates: _Array
    mu: _Array
    sigma: _Array
    cv: _Array
    residual: float
    eigenvalues: NDArray[np.complex128]
    kind: str
    active: tuple[int, ...]
    multiplicity: int

    def _summary(self) -> Summary:
        leading = self.eigenvalues[0]
        rows = {
            "active clusters": ", ".join(map(str, self.active)) or "none",
            "images": f"{self.multiplicity}, under swaps of interchangeable clusters",
            "rates": f"{span(self.rates, 'Hz')}, of {counted(len(self.rates), 'population')}",
            "interval CV": span(self.cv, ""),
            "leading eigenvalue": f"{leading.real:.4g} {leading.imag:+.4g}i 1/s",
            "residual": f"{self.residual:.2g}",
        }
        return Summary(f"Steady state: {self.kind}, {len(self.active)} active", rows)

    @property
    def stable(self) -> bool:
        """Whether all real parts of the eigenvalues are negative."""
        return self.kind.startswith("stable")


@dataclass(frozen=True, eq=False, repr=False)
class FixedPoints(Shown, Sequence[FixedPoint]):
    """Distinct steady states: stable ones first, then by number of active clusters and falling rates.

    One of the images of a state under swaps of interchangeable clusters is listed.

    Args:
        points: The states.
        starts: Rates in Hz of the random starts, shape ``(n_starts, P)``.
        found: The result from each of them.
        reached: Index in `points` of the state of which it is an image; -1 where nothing was found, shape
            ``(n_starts,)``.
        searched: Description of the search.
    """

    points: tuple[FixedPoint, ...]
    starts: _Array
    found: Zeros
    reached: NDArray[np.int64]
    searched: str

    def __getitem__(self, index: Any) -> Any:
        return self.points[index]

    def __len__(self) -> int:
        return len(self.points)

    def _summary(self) -> Summary:
        rows = {
            f"{number}  {point.kind}": f"{len(point.active)} active, {counted(point.multiplicity, 'image')}, "
            f"{span(point.rates, 'Hz')}"
            for number, point in enumerate(self)
        }
        return Summary(f"{counted(len(self), 'steady state')}, {len(self.stable)} stable", rows)

    @property
    def stable(self) -> tuple[FixedPoint, ...]:
        """The attractors."""
        return tuple(point for point in self.points if point.stable)


def fixed_points(
    field: RateEquations,
    n_starts: int = N_STARTS,
    seed: int = 0,
    *,
    starts: ArrayLike | None = None,
    highest_start: float = searches.MAX_START,
) -> FixedPoints:
    """Search for all steady states of a mean field. There may be others.

    Newton's method runs from many starts at once. The rates relax from every third start, and where Newton's method
    fails. The starts are then solved again with the known states deflated, until a round finds nothing new or there are
    as many states as starts. Where the clusters are known (``field.populations``), states with each number of
    active clusters are searched for as well.

    Args:
        field: The mean field.
        n_starts: Number of random starts.
        seed: Root seed of the starts.
        starts: Rates in Hz to start from instead, shape ``(n_starts, P)``.
        highest_start: Largest rate in Hz of the uniform ones among the random starts; every third start is log-uniform,
            from 0.001 Hz to ``1 / tau_refractory``, or to 1e4 Hz if that is lower.

    Raises:
        InputError: There are fewer than 0 starts, or their shape does not match.

    Examples:
        >>> from neuro_mod import FullMeanFieldStager, fixed_points
        >>> field = FullMeanFieldStager("two_clusters").field
        >>> for state in fixed_points(field):
        ...     print(state.rates[:2].round(1), state.kind)
        [52.3  5.2] stable focus
        [29.2 29.2] saddle
    """
    starts = searches.random_starts(field, n_starts, seed, highest_start) if starts is None else field.rates(starts)
    if starts.ndim != 2:
        raise InputError(f"starts: shape {starts.shape} found; expected (n_starts, {field.n_populations})")
    found, search = searches.from_starts(field, starts)
    done, populations = [search], field.populations
    classes = np.zeros(0, np.int64)
    if populations is not None:
        classes = clusters.interchangeable(field.coefficients, populations)
        if populations.n_clusters > 1:
            done.append(searches.by_active_clusters(field, populations, classes, seed))
    states = _canonical(np.concatenate([each.states for each in done]), populations, classes)
    points = sorted((describe(field, rates, classes) for rates in searches.distinct(states)), key=_rank)
    reached = np.where(found.converged, _nearest(_canonical(found.x, populations, classes), points), -1)
    searched = "; ".join([*(each.description for each in done), "there may be others"])
    return FixedPoints(tuple(points), starts, found, reached, searched)


def stable_states_of(field: RateEquations, choices: Sequence[Sequence[int]], seed: int = 0) -> list[FixedPoint | None]:
    """The stable states in which given clusters are active, and no others.

    The search starts from states of the symmetric network with as many active clusters, and misses states that exist
    only far from these.

    Args:
        field: The mean field, whose clusters are known.
        choices: The active clusters of each state; empty for none.
        seed: Root seed of starts.

    Returns:
        One for each choice, the least stable one of several; None where there is none.

    Raises:
        InputError: The clusters are not known.

    Examples:
        >>> from neuro_mod import FullMeanFieldStager, stable_states_of
        >>> field = FullMeanFieldStager("two_clusters").field
        >>> first, both = stable_states_of(field, [[0], [0, 1]])
        >>> first.active, both  # no stable state has both clusters active
        ((0,), None)
    """
    populations = field.populations
    if populations is None or populations.n_clusters < 2:
        raise InputError("states: a mean field without clusters found; expected one of a network of several clusters")
    masks = [np.isin(np.arange(populations.n_clusters), np.array(choice, np.int64)) for choice in choices]
    classes = clusters.interchangeable(field.coefficients, populations)
    found: list[FixedPoint | None] = []
    for mask, states in zip(masks, searches.with_active_clusters(field, populations, masks, seed), strict=True):
        points = [describe(field, rates, classes) for rates in states]
        right = [point for point in points if point.stable and point.active == tuple(np.flatnonzero(mask).tolist())]
        found.append(max(right, key=lambda point: point.eigenvalues[0].real, default=None))
    return found


def describe(field: RateEquations, rates: ArrayLike, classes: NDArray[np.int64] | None = None) -> FixedPoint:
    """The record of a steady state.

    Args:
        field: The mean field.
        rates: The state in Hz, shape ``(P,)``.
        classes: From `clusters.interchangeable`, if it is known.
    """
    rates = field.rates(rates)
    moments = field.moments(rates)
    field.say_if_extrapolated(moments)
    mu, variance = (field.coefficients.z_weights @ each for each in moments)
    kind, eigenvalues = field.determine_stability(rates)
    active, images, populations = (), 1, field.populations
    if populations is not None:
        classes = clusters.interchangeable(field.coefficients, populations) if classes is None else classes
        active = clusters.active_clusters(rates, classes, populations)
        images = clusters.multiplicity(rates, classes, populations)
    residual = float(np.max(np.abs(field.equations(rates)) / np.maximum(rates, 1.0), initial=0.0))
    cv = field.interval_cv(moments)
    return FixedPoint(rates, mu, np.sqrt(variance), cv, residual, eigenvalues, kind, active, images)


def _canonical(states: _Array, populations: Populations | None, classes: NDArray[np.int64]) -> _Array:
    """Of the images of each state under swaps of interchangeable clusters always the same one."""
    if populations is None or not len(states):
        return states
    return np.array([clusters.canonical(state, classes, populations) for state in states])


def _nearest(states: _Array, points: Sequence[FixedPoint]) -> NDArray[np.int64]:
    if not points:
        return np.full(len(states), -1)
    rates = np.array([point.rates for point in points])
    return np.array([np.abs(rates - state).max(axis=1).argmin() for state in states], np.int64)


def _rank(point: FixedPoint) -> tuple[bool, int, tuple[float, ...]]:
    return not point.stable, len(point.active), tuple(-point.rates)
