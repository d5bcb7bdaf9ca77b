"""Arousal: one level x in [0, 1] that weakens recurrent excitation and raises, unevenly, the external input."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv, roots_jacobi

from neuro_mod.core.random import Stream
from neuro_mod.populations import EXCITATORY, Populations

#: z ~ Beta(10, 10) spreads the external rate over neurons.
BETA_SHAPE = 10.0
MEAN_Z = 0.5


def arousal_effect(level: ArrayLike, x_0: ArrayLike, k: ArrayLike) -> NDArray[np.float64]:
    """Sigmoidal effect of arousal, ``y(x) = 1 / (1 + (x^alpha - 1)^k)``.

    ``alpha = log2(1 / (1 + ((1 - x_0) / x_0)^(1/k)))``, so that y(0) = 0, y(1/2) = x_0, y(1) = 1.

    Args:
        level: Arousal x in [0, 1].
        x_0: Effect at x = 1/2, in (0, 1).
        k: Steepness, positive.

    Returns:
        Effect in [0, 1], of the broadcast shape.

    References:
        Papadopoulos et al., arXiv 2404.03902v3.
    """
    level, x_0, k = (np.asarray(value, np.float64) for value in (level, x_0, k))
    with np.errstate(divide="ignore", over="ignore"):
        alpha = -np.log1p(((1 - x_0) / x_0) ** (1 / k)) / np.log(2)
        return 1 / (1 + (level**alpha - 1) ** k)


class ArousalSlopes(NamedTuple):
    """Derivatives of `arousal_effect`, each of the broadcast shape.

    Attributes:
        level: With respect to the level; at 0 and 1 to the inside, where it may be infinite.
        x_0: With respect to x_0.
        k: With respect to k.
    """

    level: NDArray[np.float64]
    x_0: NDArray[np.float64]
    k: NDArray[np.float64]


def arousal_slopes(level: ArrayLike, x_0: ArrayLike, k: ArrayLike) -> ArousalSlopes:
    """Derivatives of `arousal_effect`; arguments as there.

    With ``w = x^alpha - 1``, ``dy = -y (1 - y) (ln w dk + k dw/w)``. Near the ends of the range, ``y ~ x^(-alpha k)``
    and ``1 - y ~ (-alpha (1 - x))^k``.
    """
    level, x_0, k = np.broadcast_arrays(*(np.asarray(value, np.float64) for value in (level, x_0, k)))
    log_ratio = np.log((1 - x_0) / x_0)
    root = np.exp(log_ratio / k)
    steepness = np.log1p(root) / np.log(2)  # minus alpha
    by_root = root / ((1 + root) * np.log(2))
    steepness_by_k, steepness_by_x_0 = -by_root * log_ratio / k**2, -by_root / (k * x_0 * (1 - x_0))
    inside = (level > 0) & (level < 1)
    log_x = np.log(level, out=np.full(level.shape, -1.0), where=inside)
    below = -np.expm1(steepness * log_x)  # 1 - x^(-alpha), so that w = below / (1 - below)
    log_w = np.log(below) - steepness * log_x
    # y (1 - y), from the smaller of w^k and its inverse so that it does not overflow
    small = np.exp(-k * np.abs(log_w))
    factor = np.where(inside, small / (1 + small) ** 2, 0.0)
    by_steepness = factor * k * log_x / below
    at_ends = np.where(level > 0, _power_at_zero(steepness, k), _power_at_zero(steepness * k, steepness * k))
    return ArousalSlopes(
        level=np.where(inside, factor * k * steepness / (below * np.where(inside, level, 1.0)), at_ends),
        x_0=by_steepness * steepness_by_x_0,
        k=by_steepness * steepness_by_k - factor * log_w,
    )


def _power_at_zero(slope: NDArray[np.float64], exponent: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slope of a power at 0, given the one that it has if the exponent is 1."""
    return np.where(exponent > 1, 0.0, np.where(exponent < 1, np.inf, slope))


def quenched_z(seed: int, n_neurons: int) -> NDArray[np.float64]:
    """One z ~ Beta(10, 10) per neuron and network, by inversion, shape ``(n_neurons,)``."""
    uniform = Stream(seed, "arousal_heterogeneity").uniform(np.arange(n_neurons), 1)[:, 0]
    return betaincinv(BETA_SHAPE, BETA_SHAPE, uniform)


def z_quadrature(n_nodes: int = 12) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Gauss-Jacobi nodes in (0, 1) and weights (summing to 1) for averages over z ~ Beta(10, 10)."""
    nodes, weights = roots_jacobi(n_nodes, BETA_SHAPE - 1, BETA_SHAPE - 1)
    return (nodes + 1) / 2, weights / weights.sum()


def weaken_excitation(
    weights: NDArray[np.float64], populations: Populations, reduction: ArrayLike
) -> NDArray[np.float64]:
    """Reduce the recurrent E→E weights: ``J_EE <- J_EE (1 - L y)``, at the receiving population.

    Args:
        weights: Efficacies ``[post, pre]``, shape ``(..., P, P)``.
        populations: The layout, P populations.
        reduction: ``L y``, a scalar or one entry per receiving population, shape ``(..., P)``.

    Returns:
        New weights, of the broadcast shape.
    """
    excitatory = populations.types == EXCITATORY
    remaining = np.where(np.outer(excitatory, excitatory), 1 - np.asarray(reduction)[..., None], 1.0)
    return weights * remaining
