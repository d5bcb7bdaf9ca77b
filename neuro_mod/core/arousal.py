"""Arousal: one level x in [0, 1] that weakens recurrent excitation and raises, unevenly, the external input."""

from __future__ import annotations

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
