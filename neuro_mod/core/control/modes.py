"""Subspaces of M modes: rounded from the semidefinite program, or drawn at random."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import ndtri

from neuro_mod.core.control.swaps import Differences
from neuro_mod.core.random import HALF_A_STEP, Stream

#: How sharply the smooth minimum singles out the smallest d' Pi d, in turn: its inverse is a part of the margin, first
#: of that of the solution, then of the one reached, but at least so much of the former.
_SHARPNESS, _LEAST = (10.0, 40.0, 160.0, 640.0, 2560.0), 1e-3
#: Steps of each of these, at most.
_STEPS = 150


@dataclass(frozen=True, eq=False)
class RoundedModes:
    """Modes that were rounded from a solution of the semidefinite program.

    Attributes:
        modes: Orthonormal rows, shape ``(M, n)``.
        margin: The smallest d' Pi d of their projector.
        truncated_margin: That of the M leading eigenvectors of the solution, from which the search began.
    """

    modes: NDArray[np.float64]
    margin: float
    truncated_margin: float


def projector_of(modes: NDArray[np.float64]) -> NDArray[np.float64]:
    """The projector onto orthonormal modes, shape ``(n, n)``."""
    return modes.T @ modes


def random_modes(n: int, n_modes: int, stream: Stream) -> NDArray[np.float64]:
    """Orthonormal rows that span a subspace of uniformly random orientation, shape ``(M, n)``."""
    return _orthonormal(_normal(stream, n, n_modes)).T


def random_margins(differences: Differences, n_modes: int, n_random: int, seed: int) -> NDArray[np.float64]:
    """Margins of random subspaces of M modes, shape ``(n_random,)``."""
    n = differences.vectors.shape[1]
    drawn = (random_modes(n, n_modes, Stream(seed, "subspace", (n_modes, index))) for index in range(n_random))
    return np.array([differences.margin(projector_of(modes)) for modes in drawn])


def rounded_modes(
    relaxed: NDArray[np.float64], differences: Differences, n_modes: int, *, n_starts: int, seed: int
) -> RoundedModes:
    """Modes with a large margin, from a solution of the semidefinite program.

    A smooth minimum of d' Pi d over the differences is climbed, ever more sharply, from the leading eigenvectors of the
    solution and from random subspaces drawn with it as their covariance. The best of all is a local optimum: better
    modes may exist, up to the margin of the solution.

    Args:
        relaxed: The solution Pi, shape ``(n, n)``.
        differences: The vectors d.
        n_modes: Number M of modes.
        n_starts: From how many subspaces the search begins.
        seed: Root seed of the random ones.
    """
    values, vectors = np.linalg.eigh(relaxed)
    leading = vectors[:, -n_modes:]
    truncated = differences.margin(leading @ leading.T)
    root = vectors * np.sqrt(np.clip(values, 0, None))
    n, best, best_margin = len(relaxed), leading, truncated
    if n_modes < n:
        scale = differences.margin(relaxed)
        for index in range(n_starts):
            drawn = root @ _normal(Stream(seed, "rounding", (n_modes, index)), n, n_modes)
            found = _climb(_orthonormal(drawn) if index else leading, differences, scale)
            margin = differences.margin(found @ found.T)
            if margin > best_margin:
                best, best_margin = found, margin
    largest = np.abs(best).argmax(axis=0)
    signs = np.sign(best[largest, np.arange(n_modes)])
    return RoundedModes(np.ascontiguousarray((best * signs).T), best_margin, truncated)


def _climb(start: NDArray[np.float64], differences: Differences, scale: float) -> NDArray[np.float64]:
    """Columns that span a subspace whose margin is a local optimum, nearly; shape ``(n, M)`` as the start has."""
    columns, reached = start, scale
    for sharpness in _SHARPNESS:
        vectors = differences.vectors / np.sqrt(reached)

        def descent(
            flat: NDArray[np.float64], vectors: NDArray[np.float64] = vectors, sharpness: float = sharpness
        ) -> tuple[float, NDArray[np.float64]]:
            value, gradient = _smooth_minimum(flat.reshape(start.shape), vectors, sharpness)
            return -value, -gradient.ravel()

        found = minimize(descent, columns.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": _STEPS})
        columns = _orthonormal(found.x.reshape(start.shape))
        reached = max(differences.margin(columns @ columns.T), _LEAST * scale)
    return columns


def _smooth_minimum(
    columns: NDArray[np.float64], vectors: NDArray[np.float64], sharpness: float
) -> tuple[float, NDArray[np.float64]]:
    """Smooth minimum of d' Pi d, Pi the projector onto the span of columns W, and its gradient.

    With the weights w of the minimum and S = sum_d w_d d d', the gradient is 2 (1 - Pi) S W (W' W)^-1.
    """
    dual = np.linalg.solve(columns.T @ columns, columns.T)  # (M, n)
    along, onto = vectors @ columns, vectors @ dual.T
    strengths = np.sum(along * onto, axis=1)
    lowest = strengths.min()
    weights = np.exp(-sharpness * (strengths - lowest))
    total = weights.sum()
    weights /= total
    pulled = (vectors * weights[:, None]).T @ onto  # S W (W' W)^-1
    gradient = 2 * (pulled - columns @ (dual @ pulled))
    return float(lowest - np.log(total / len(vectors)) / sharpness), gradient


def _orthonormal(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.linalg.qr(columns)[0]


def _normal(stream: Stream, n: int, m: int) -> NDArray[np.float64]:
    """Normal numbers of mean 0 and variance 1, shape ``(n, m)``."""
    return np.asarray(ndtri(stream.uniform(np.arange(n), m) + HALF_A_STEP), np.float64)
