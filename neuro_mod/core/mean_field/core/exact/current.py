"""The synaptic current as a few discrete values: a discontinuous Galerkin basis for its distribution.

The current x is an Ornstein-Uhlenbeck process. Its density is the stationary Gaussian g times a polynomial on each of
several elements, in units of its standard deviation. One of the edges lies at the current that just holds the voltage
at the threshold: the density has a singularity there, and elements become shorter towards it. In the basis in which
multiplication with x is diagonal, a coefficient belongs to a value of x, and so to one velocity of the voltage.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

_Array = NDArray[np.float64]

#: Degree of the polynomials, and lengths of the elements on either side of the current at the threshold.
DEGREE = 2
_LENGTHS = (0.3, 0.6, 1.2, 2.4)
#: The distribution is cut off where it is this many standard deviations away from its mean, and from the threshold.
_TAIL, _BEYOND = 6.5, 3.5
#: Penalty of jumps between elements (symmetric interior penalty).
_PENALTY = 2.0
_POINTS, _POINT_WEIGHTS = legendre.leggauss(24)


@dataclass(frozen=True, eq=False)
class DiscreteCurrent:
    """K values of the current, and the rates of transitions between them.

    Args:
        values: In standard deviations, shape ``(K,)``.
        weights: Each coefficient times its weight is a probability, shape ``(K,)``.
        modes: Eigenvectors of the generator for coefficients, as columns, shape ``(K, K)``.
        decays: The eigenvalues times the time constant, from 0 downwards, shape ``(K,)``.
        generator: Transitions between values, of probabilities and times the time constant, shape ``(K, K)``.
    """

    values: _Array
    weights: _Array
    modes: _Array
    decays: _Array
    generator: _Array

    @classmethod
    def around(cls, edge: float) -> Self:
        """The basis with an edge at one value of the current, in standard deviations."""
        edges = _edges(edge)
        elements = [_element(low, high) for low, high in itertools.pairwise(edges)]
        values = np.concatenate([each.values for each in elements])
        weights = np.concatenate([each.weights for each in elements])
        form = _form(edges, elements)
        decays, modes = np.linalg.eigh(-form)
        decays = np.minimum(decays, 0.0)
        return cls(values, weights, modes, decays, -weights[:, None] * form / weights)

    def after(self, time: float) -> _Array:
        """Transition probabilities ``[to, from]`` after a time in units of the time constant, shape ``(K, K)``."""
        there = self.weights[:, None] * self.modes
        return there @ (np.exp(self.decays * time)[:, None] * (self.modes.T / self.weights))


@dataclass(frozen=True, eq=False)
class _Element:
    """Values and weights of one element, and its basis functions over the root of the density, at its ends."""

    values: _Array
    weights: _Array
    stiffness: _Array
    ends: _Array
    slopes: _Array


def _edges(edge: float) -> _Array:
    """Edges of the elements, the given one among them where it lies within the distribution."""
    low, high = min(-_TAIL, edge - _BEYOND) if edge < 0 else -_TAIL, max(_TAIL, edge + _BEYOND)
    if edge < -_TAIL:
        low, edge = -_TAIL, -_TAIL
    steps = np.cumsum(_LENGTHS)
    above, below = edge + steps, edge - steps
    below = np.concatenate([below, np.arange(below[-1] - _LENGTHS[-1], low, -_LENGTHS[-1])])
    above = np.concatenate([above, np.arange(above[-1] + _LENGTHS[-1], high, _LENGTHS[-1])])
    room = _LENGTHS[-1] / 2
    parts = ([low], below[below > low + room][::-1], [edge] if edge > low else [], above[above < high - room], [high])
    return np.concatenate(parts)


def _element(low: float, high: float) -> _Element:
    half, middle = (high - low) / 2, (high + low) / 2
    points = middle + half * _POINTS
    exponent = -(points**2) / 2
    largest = exponent.max()  # taken out, so that nothing underflows in the tails
    measure = _POINT_WEIGHTS * half * np.exp(exponent - largest)
    root = np.exp(largest / 2) / (2 * np.pi) ** 0.25
    plain = legendre.legvander(_POINTS, DEGREE)
    to_orthonormal = np.linalg.inv(np.linalg.qr(np.sqrt(measure)[:, None] * plain)[1])
    orthonormal = plain @ to_orthonormal
    values, turn = np.linalg.eigh((orthonormal * (measure * points)[:, None]).T @ orthonormal)
    basis = to_orthonormal @ turn
    functions = plain @ basis
    derivative = legendre.legder(basis) / half
    slopes = legendre.legval(_POINTS, derivative).T
    ends = np.array([-1.0, 1.0])
    at_ends = np.exp((-(np.array([low, high]) ** 2) / 2 - largest) / 2)[:, None]
    return _Element(
        values=values,
        weights=root * (measure @ functions),
        stiffness=(slopes * measure[:, None]).T @ slopes,
        ends=at_ends * (legendre.legvander(ends, DEGREE) @ basis),
        slopes=at_ends * legendre.legval(ends, derivative).T,
    )


def _form(edges: _Array, elements: list[_Element]) -> _Array:
    """``int g u' v'`` with the symmetric interior penalty at edges, shape ``(K, K)`` (Arnold 1982)."""
    n = DEGREE + 1
    form = np.zeros((n * len(elements), n * len(elements)))
    for k, each in enumerate(elements):
        form[k * n : (k + 1) * n, k * n : (k + 1) * n] = each.stiffness
    lengths = np.diff(edges)
    for k, (lower, upper) in enumerate(itertools.pairwise(elements)):
        jump = np.concatenate([-lower.ends[1], upper.ends[0]])
        slope = np.concatenate([lower.slopes[1], upper.slopes[0]]) / 2
        penalty = _PENALTY * n**2 / min(lengths[k], lengths[k + 1])
        both = slice(k * n, (k + 2) * n)
        form[both, both] += np.outer(jump, slope) + np.outer(slope, jump) + penalty * np.outer(jump, jump)
    return form
