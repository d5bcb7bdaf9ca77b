"""Mean fields over an interval of one parameter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.core.mean_field.core import clusters
from neuro_mod.core.mean_field.core.coefficients import Coefficients
from neuro_mod.core.mean_field.core.rate_equations import RateEquations
from neuro_mod.core.neurons import NeuronParameters
from neuro_mod.errors import InputError, invalid
from neuro_mod.populations import Populations

_Array = NDArray[np.float64]

_DEGREE = 32
#: Largest error of an interpolated coefficient, relative to its largest value on the piece.
_TOLERANCE = 1e-12
#: Chebyshev points of the second kind on [0, 1], and their barycentric weights.
_UNIT_NODES = np.sin(np.pi / 2 * np.arange(_DEGREE + 1) / _DEGREE) ** 2
_WEIGHTS = np.where(np.isin(np.arange(_DEGREE + 1), (0, _DEGREE)), 0.5, 1.0) * (-1.0) ** np.arange(_DEGREE + 1)
#: Pieces of the variable `_stretched` are not halved below this.
_SHORTEST = 2.0**-12
#: Relative difference below which ratios of time constants are the same.
_SAME_RATIO = 1e-9
#: Places between the nodes, as parts of a piece, at which the interpolant is compared with the field.
_CHECKED = (0.0011, 0.0831, 0.4722, 0.8634, 0.9983)
#: Places, as parts of the interval, at which clusters must be interchangeable to be so everywhere.
_GENERIC = (0.1372, 0.5194, 0.8233)


@dataclass(frozen=True, eq=False)
class _Piece:
    """A polynomial in the stretched variable.

    Args:
        lower: Lower end.
        upper: Upper end.
        values: Coefficients as `Coefficients.flat` gives them at the nodes, shape ``(_DEGREE + 1, n)``.
    """

    lower: float
    upper: float
    values: _Array

    def __call__(self, place: float) -> _Array:
        """Coefficients by the barycentric formula (Berrut & Trefethen 2004), shape ``(n,)``."""
        away = place - _nodes(self.lower, self.upper)
        hit = np.flatnonzero(away == 0)
        if len(hit):
            return self.values[hit[0]]
        weights = _WEIGHTS / away
        return (weights / weights.sum()) @ self.values


class FieldFamily:
    """Mean fields over an interval of one parameter, with the same populations everywhere.

    Building a field takes much longer than solving it. Its coefficients are therefore interpolated by Chebyshev
    polynomials, in a variable in which fractional powers at the ends of the interval (as of arousal) are smooth. Pieces
    are halved until the interpolant agrees with the field at places between the nodes, or until the piece is very
    short, as at a kink.

    Args:
        make: The mean field at a value of the parameter.
        limits: Smallest and largest value.

    Attributes:
        limits: Smallest and largest value.
        error: Largest observed error of a coefficient, relative to its largest value on the piece.
        rough: Parts of the interval, as (lower, upper), where even the shortest pieces do not agree with the field: it
            has a kink or a jump somewhere in each.

    Raises:
        InputError: The limits are not finite or not in rising order; populations, values of z or the theory change in
            between; or, with the exact response, ratios of time constants do, each of which has a response table.
    """

    def __init__(self, make: Callable[[float], RateEquations], limits: tuple[float, float]):
        lower, upper = (float(limit) for limit in limits)
        if not (np.isfinite([lower, upper]).all() and lower < upper):
            raise invalid("limits", [lower, upper], "finite values, the smaller one first")
        first = make(lower)
        self._build((lower, upper), first.coefficients, first.populations)
        self._divide(make, first)

    def _build(self, limits: tuple[float, float], template: Coefficients, populations: Populations | None) -> None:
        self.limits = limits
        #: The layout of cluster space, if it is known.
        self.populations = populations
        self.error = 0.0
        self.rough: tuple[tuple[float, float], ...] = ()
        self._template = template
        self._pieces: list[_Piece] = []

    def _divide(self, make: Callable[[float], RateEquations], first: RateEquations) -> None:
        known: dict[float, _Array] = {}

        def sample(place: float) -> _Array:
            if place not in known:
                value = self.limits[0] + self.width * _compressed(place)
                known[place] = _checked(make(value), first, value)
            return known[place]

        waiting = [(0.0, 1.0)]
        while waiting:
            lower, upper = waiting.pop()
            piece = _Piece(lower, upper, np.array([sample(place) for place in _nodes(lower, upper)]))
            size = np.maximum(np.abs(piece.values).max(axis=0), np.finfo(float).tiny)
            places = (lower + part * (upper - lower) for part in _CHECKED)
            error = max(float(np.max(np.abs(piece(place) - sample(place)) / size)) for place in places)
            if error <= _TOLERANCE or upper - lower <= _SHORTEST:
                self._pieces.append(piece)
                self.error = max(self.error, error)
                if error > _TOLERANCE:
                    self._add_rough(lower, upper)
            else:
                middle = (lower + upper) / 2
                waiting += [(middle, upper), (lower, middle)]

    def _add_rough(self, lower: float, upper: float) -> None:
        """Add a piece of the stretched variable, above those that were added before."""
        begin, end = (self.limits[0] + self.width * _compressed(place) for place in (lower, upper))
        before = self.rough
        if before and before[-1][1] == begin:
            begin, before = before[-1][0], before[:-1]
        self.rough = (*before, (begin, end))

    @property
    def width(self) -> float:
        """Length of the interval."""
        return self.limits[1] - self.limits[0]

    @property
    def n_populations(self) -> int:
        """Number of populations P."""
        return self._template.by_rate.mu.shape[0]

    @cached_property
    def classes(self) -> NDArray[np.int64]:
        """Class of each cluster; those of a class can be swapped everywhere on the interval, shape ``(p,)``."""
        if self.populations is None:
            return np.zeros(0, np.int64)
        fields = (self.at(self.limits[0] + part * self.width) for part in _GENERIC)
        each = np.array([clusters.interchangeable(field.coefficients, self.populations) for field in fields])
        return np.unique(each, axis=1, return_inverse=True)[1].reshape(-1) if each.size else each[0]

    def at(self, value: float) -> RateEquations:
        """The mean field at one value.

        Raises:
            InputError: The value is outside the limits.
        """
        if not self.limits[0] <= value <= self.limits[1]:
            raise invalid("value of the parameter", float(value), f"a value from {self.limits[0]} to {self.limits[1]}")
        place = _stretched((value - self.limits[0]) / self.width)
        piece = next(each for each in self._pieces if place <= each.upper)
        coefficients = self._template.with_flat(piece(place))
        for moments in (coefficients.by_rate, coefficients.external):
            np.maximum(moments.variance, 0.0, out=moments.variance)  # where it is 0, interpolation errs to either side
        return RateEquations(coefficients, self.populations)

    def lumped(self, groups: ArrayLike) -> Self:
        """The family in which populations of a group are one, see `Coefficients.lumped`.

        Args:
            groups: Group 0, ..., G-1 of each population, shape ``(P,)``.
        """
        template = self._template
        family = type(self).__new__(type(self))
        family._build(self.limits, template.lumped(groups), None)
        family.error, family.rough = self.error, self.rough
        family._pieces = [
            _Piece(
                piece.lower,
                piece.upper,
                np.array([template.with_flat(values).lumped(groups).flat() for values in piece.values]),
            )
            for piece in self._pieces
        ]
        return family


def _checked(field: RateEquations, first: RateEquations, value: float) -> _Array:
    """Coefficients of a field that has to be like the first one, shape ``(n,)``."""
    mine, template = field.coefficients, first.coefficients
    if field.populations != first.populations or mine.by_rate.mu.shape != template.by_rate.mu.shape:
        raise InputError(f"mean field at {value}: other populations found; expected those at the lower limit")
    if not np.array_equal(mine.z_weights, template.z_weights):
        raise InputError(f"mean field at {value}: other weights of z found; expected those at the lower limit")
    if mine.theory != template.theory:
        raise InputError(f"mean field at {value}: another theory found; expected that at the lower limit")
    if mine.theory.response == "exact" and not np.allclose(
        _ratios(mine.neurons), _ratios(template.neurons), rtol=_SAME_RATIO, atol=0.0
    ):
        raise InputError(
            f"mean field at {value}: other ratios of time constants found; expected those at the lower limit, as each "
            "pair needs a table of the exact response. Use the shifted response, or separate values of the parameter"
        )
    return mine.flat()


def _ratios(neurons: NeuronParameters) -> _Array:
    """Synaptic and refractory over membrane time constants, shape ``(2, P)``."""
    return np.stack([neurons.tau_synaptic, neurons.tau_refractory]) / neurons.tau_membrane


def _nodes(lower: float, upper: float) -> _Array:
    """Places of the nodes of a piece, shape ``(_DEGREE + 1,)``."""
    return lower + (upper - lower) * _UNIT_NODES


def _compressed(place: float) -> float:
    """The part of the interval that belongs to a value of the stretched variable, both in [0, 1]."""
    for _ in range(2):
        place = float(np.sin(np.pi / 2 * place) ** 2)
    return place


def _stretched(part: float) -> float:
    """Inverse of `_compressed`: like the fourth root at both ends."""
    for _ in range(2):
        part = float(np.arcsin(np.sqrt(part)) * 2 / np.pi)
    return part
