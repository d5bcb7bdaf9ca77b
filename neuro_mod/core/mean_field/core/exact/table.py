"""Response tables: first-passage times over mean and noise of the input, for one pair of ratios of time constants."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from neuro_mod.core.cores import n_cores, one_thread
from neuro_mod.core.mean_field.core.exact.coordinates import LOG_RHO, W, inputs
from neuro_mod.core.mean_field.core.exact.ratios import Ratios
from neuro_mod.core.mean_field.core.exact.solver import Passage
from neuro_mod.core.table_watch import TableProgress, tell
from neuro_mod.errors import NumericalError

_Array = NDArray[np.float64]

#: Points between those of a table at which its error is measured, as parts of the ranges in w and in log(rho).
_CHECKED = tuple(itertools.product((0.051, 0.13, 0.22, 0.41, 0.83), (0.31, 0.42, 0.55, 0.64)))


@dataclass(frozen=True, eq=False)
class ResponseTable:
    """Logarithms of first-passage times from reset to threshold, without the refractory period.

    Args:
        ratios: The pair of ratios.
        log_mean: Logarithm of their mean in membrane time constants at the points of `coordinates`, shape
            ``(len(W), len(LOG_RHO))``.
        log_spread: Logarithm of their standard deviation over their mean, times ``sqrt(1 + w^2) / w``, likewise.
        error: Largest relative error of an interpolated mean, and of a standard deviation over the mean, as measured at
            points between those of the table; shape ``(2,)``.
    """

    ratios: Ratios
    log_mean: _Array
    log_spread: _Array
    error: _Array

    @cached_property
    def coefficients(self) -> _Array:
        """Piecewise bicubic polynomials, shape ``(len(W) + 1, len(LOG_RHO) + 1, 2, 4, 4)``, highest powers first.

        Cells begin at ``W[i - 1]`` (the first one, which w = 0 divides in two, at ``-W[0]``) and ``LOG_RHO[j - 1]``.
        The last cells extrapolate: quadratically where w is large (the spread is constant there), linearly where rho is
        large. Where it is small, values stay the same; see `kernel`. The splines are even in w.
        """
        values = np.stack([self.log_mean, self.log_spread], axis=-1)
        mirrored = np.concatenate([values[::-1], values])
        in_w = CubicSpline(np.concatenate([-W[::-1], W]), mirrored, axis=0).c[:, len(W) - 1 :]
        beyond = _continued(in_w[:, -1], W[-1] - W[-2])
        beyond[1:3, :, 1] = 0.0
        in_w = np.concatenate([in_w, beyond[:, None]], axis=1)
        both = CubicSpline(LOG_RHO, in_w, axis=2).c
        above = _continued(both[:, -1], LOG_RHO[-1] - LOG_RHO[-2])
        below = both[:, 0].copy()
        above[1], below[:3] = 0.0, 0.0
        both = np.concatenate([below[:, None], both, above[:, None]], axis=1)
        return np.ascontiguousarray(np.moveaxis(both, (3, 1, 4, 2, 0), (0, 1, 2, 3, 4)))


def compute(ratios: Ratios) -> ResponseTable:
    """Solve the first-passage problem at all points of a table, on all cores.

    Raises:
        InputError: The ratios are out of range.
        NumericalError: The problem could not be solved at some point.
    """
    ratios.check()
    points = list(itertools.product(W, LOG_RHO))
    between = [(W[-1] * w, LOG_RHO[0] + rho * (LOG_RHO[-1] - LOG_RHO[0])) for w, rho in _CHECKED]
    solved = np.array(list(_solved([*points, *between], ratios)))
    if not np.isfinite(solved).all():
        raise NumericalError(f"exact response: no solution at some points of the table for {ratios}")
    mean, spread = solved[: len(points)].T.reshape(2, len(W), len(LOG_RHO))
    table = ResponseTable(ratios, mean, spread, np.zeros(2))
    found = np.array([_value(table, *place) for place in between])
    return replace(table, error=np.abs(np.expm1(found - solved[len(points) :])).max(axis=0))


def _solved(points: list[tuple[float, float]], ratios: Ratios) -> Iterator[tuple[float, float]]:
    """Logarithms of mean and spread at each of the points."""

    def solve(point: tuple[float, float]) -> tuple[float, float]:
        w = point[0]
        found = Passage(*inputs(*point, ratios.synaptic), *ratios).intervals()
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = found.deviation / found.mean * np.sqrt(1 + w**2) / w
            return float(np.log(found.mean)), float(np.log(spread))

    with one_thread(), ThreadPoolExecutor(n_cores()) as threads:
        try:
            for done, each in enumerate(threads.map(solve, points), 1):
                tell(TableProgress(str(ratios), done, len(points)))
                yield each
        except BaseException:
            threads.shutdown(cancel_futures=True)
            raise


def _continued(cubic: _Array, length: float) -> _Array:
    """Polynomials about the end of a cell, without their cubic terms; powers are on the first axis, highest first."""
    c3, c2, c1, c0 = cubic
    value = ((c3 * length + c2) * length + c1) * length + c0
    slope = (3 * c3 * length + 2 * c2) * length + c1
    return np.stack([np.zeros_like(c3), 3 * c3 * length + c2, slope, value])


def _value(table: ResponseTable, w: float, log_rho: float) -> _Array:
    """Interpolated logarithms, shape ``(2,)``: a slow definition of what the kernel evaluates."""
    i, j = int(np.searchsorted(W, w)), int(np.searchsorted(LOG_RHO, log_rho))
    x = w - (W[i - 1] if i else -W[0])
    y = log_rho - LOG_RHO[max(j - 1, 0)]
    powers = np.arange(3, -1, -1)
    return np.einsum("spq,p,q->s", table.coefficients[i, j], x**powers, y**powers)
