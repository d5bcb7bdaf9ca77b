"""The first-passage problem in voltage and current, solved by a discontinuous Galerkin method.

With time in units of the membrane time constant, the reset at 0 and the threshold at 1:
``dV/dt = m - V + x`` and ``dx/dt = -x/a + noise``, ``a = tau_s/tau_m``, with the variance ``s^2 / (2 a)`` of x. For the
values x_k of the current (`current`), the densities p_k obey ``d/dV [(m - V + x_k) p_k] = sum_l L_kl p_l + source``.
They are polynomials on each cell of the voltage; fluxes between cells are those of the cell that the neuron leaves.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray
from scipy.sparse import csc_array
from scipy.sparse.linalg import splu

from neuro_mod.core.mean_field.core.exact.current import DiscreteCurrent
from neuro_mod.core.mean_field.core.exact.voltage import faces

_Array = NDArray[np.float64]

#: Degree of the polynomials in the voltage.
DEGREE = 4
_N = DEGREE + 1
_POINTS, _POINT_WEIGHTS = legendre.leggauss(DEGREE + 2)
_NORM = np.sqrt(np.arange(_N) + 0.5)
#: Orthonormal polynomials on [-1, 1]: values at the ends, and integrals of ``P_i' P_j`` and ``P_i' t P_j``.
LEFT, RIGHT = _NORM * (-1.0) ** np.arange(_N), _NORM
_VALUES = legendre.legvander(_POINTS, DEGREE) * _NORM
_SLOPES = legendre.legval(_POINTS, legendre.legder(np.diag(_NORM))).T
ADVECTION = (_SLOPES * _POINT_WEIGHTS[:, None]).T @ _VALUES
_MOVING = (_SLOPES * (_POINT_WEIGHTS * _POINTS)[:, None]).T @ _VALUES


class Intervals(NamedTuple):
    """First-passage times from reset to threshold, without the refractory period, in membrane time constants.

    Attributes:
        mean: Their mean.
        deviation: Their standard deviation.
    """

    mean: float
    deviation: float


@dataclass(frozen=True)
class Passage:
    """The neuron between reset and threshold.

    Args:
        mean: Mean m of the free voltage.
        noise: Noise s of the free voltage, above 0.
        ratio: Synaptic over membrane time constant.
        refractory: Refractory period over membrane time constant.
    """

    mean: float
    noise: float
    ratio: float
    refractory: float

    @cached_property
    def deviation(self) -> float:
        """Standard deviation of the current."""
        return self.noise / np.sqrt(2 * self.ratio)

    @cached_property
    def current(self) -> DiscreteCurrent:
        """Its discrete values."""
        return DiscreteCurrent.around((1 - self.mean) / self.deviation)

    @cached_property
    def velocity(self) -> _Array:
        """Of the voltage at the reset, shape ``(K,)``."""
        return self.mean + self.deviation * self.current.values

    @cached_property
    def _cells(self) -> tuple[_Array, int]:
        return faces(self.mean, self.noise, self.ratio, min(0.0, float(self.velocity.min())))

    @property
    def faces(self) -> _Array:
        """Faces of the cells, shape ``(C + 1,)``."""
        return self._cells[0]

    @property
    def at_reset(self) -> int:
        """Which of the faces is the reset."""
        return self._cells[1]

    @cached_property
    def half_lengths(self) -> _Array:
        """Half the length of each cell, shape ``(C,)``."""
        return np.diff(self._cells[0]) / 2

    @cached_property
    def shape(self) -> tuple[int, int, int]:
        """Numbers of cells, values of the current, and polynomials."""
        return len(self.half_lengths), len(self.velocity), _N

    def matrix(self, decay: complex = 0.0) -> csc_array:
        """The stationary operator, plus a rate of decay (or ``i omega``) in units of 1 over the time constant."""
        edges, (n_cells, k, n) = self._cells[0], self.shape
        half = self.half_lengths[:, None, None, None]
        middle = (edges[1:] + edges[:-1]) / 2
        lower, upper = (self.velocity - edge[:, None] for edge in (edges[:-1], edges[1:]))
        own = half * _MOVING - (self.velocity - middle[:, None])[..., None, None] * ADVECTION
        own = own + np.maximum(upper, 0)[..., None, None] * np.outer(RIGHT, RIGHT)
        own = own + np.maximum(-lower, 0)[..., None, None] * np.outer(LEFT, LEFT)
        own = own + decay * half * np.eye(n)
        from_below = -np.maximum(lower, 0)[1:, :, None, None] * np.outer(LEFT, RIGHT)
        from_above = np.minimum(upper, 0)[:-1, :, None, None] * np.outer(RIGHT, LEFT)
        index = np.arange(n_cells * k * n).reshape(self.shape)
        to, source = np.nonzero(self.current.generator)
        rates = -self.half_lengths[:, None] * self.current.generator[to, source] / self.ratio
        parts = (
            (own, index[..., :, None], index[..., None, :]),
            (from_below, index[1:, ..., :, None], index[:-1, ..., None, :]),
            (from_above, index[:-1, ..., :, None], index[1:, ..., None, :]),
            (rates[..., None], index[:, to], index[:, source]),
        )
        values, rows, columns = (np.concatenate(each) for each in zip(*map(_raveled, parts), strict=True))
        size = n_cells * k * n
        return csc_array((values, (rows, columns)), shape=(size, size))

    def sources(self) -> _Array:
        """Unit flux at the reset for each value of the current, shape ``(C K n, K)``."""
        at_reset, (_, k, _) = self._cells[1], self.shape
        source = np.zeros((*self.shape, k))
        values = np.arange(k)
        rises = (self.velocity >= 0) | (at_reset == 0)
        source[at_reset, values[rises], :, values[rises]] = LEFT
        source[at_reset - 1, values[~rises], :, values[~rises]] = RIGHT
        return source.reshape(-1, k)

    def outflux(self, density: _Array) -> _Array:
        """Flux over the threshold by value of the current, shape ``(K, ...)`` for densities ``(C K n, ...)``."""
        last = density.reshape(*self.shape, *density.shape[1:])[-1]
        speed = np.maximum(self.velocity - 1, 0)
        return np.einsum("k,kn...,n->k...", speed, last, RIGHT)

    def mass(self, density: _Array) -> Any:
        """Integral of densities ``(C K n, ...)`` over voltage and current, shape ``(...)``."""
        first = density.reshape(*self.shape, *density.shape[1:])[:, :, 0].sum(axis=1)
        return np.tensordot(np.sqrt(2) * self.half_lengths, first, axes=(0, 0))

    @property
    def meanwhile(self) -> _Array:
        """Transition probabilities ``[to, from]`` of the current during the refractory period, shape ``(K, K)``."""
        return self.current.after(self.refractory / self.ratio)

    def passed(self, factors: Any) -> tuple[_Array, _Array]:
        """The time spent in each state before the threshold, and how the current is distributed at the reset.

        Args:
            factors: Of the stationary operator.

        Returns:
            Densities ``(C K n, K)`` by value of the current at the reset, and probabilities ``(K,)`` of these values.
        """
        passed, meanwhile = factors.solve(self.sources()), self.meanwhile
        return passed, meanwhile @ _stationary(self.outflux(passed) @ meanwhile)

    def intervals(self) -> Intervals:
        """Mean and standard deviation of the first-passage times in the steady state."""
        factors: Any = splu(self.matrix())
        passed, start = self.passed(factors)
        density = passed @ start
        mean = float(self.mass(density))
        aged = factors.solve(density * np.repeat(self.half_lengths, density.size // len(self.half_lengths)))
        second = 2 * float(self.mass(aged))
        return Intervals(mean, float(np.sqrt(max(second - mean**2, 0.0))))


def _raveled(part: tuple[Any, ...]) -> list[Any]:
    return [each.ravel() for each in np.broadcast_arrays(*part)]


def _stationary(transitions: _Array) -> _Array:
    """The distribution that transition probabilities ``[to, from]`` leave unchanged, shape ``(K,)``."""
    k = len(transitions)
    system = transitions - np.eye(k)
    system[0] = 1.0  # the equations depend on each other; this one normalises instead
    return np.linalg.solve(system, np.eye(k)[0])
