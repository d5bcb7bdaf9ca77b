"""Eigenvectors of count correlations that independent neurons would not have.

References:
    Marchenko & Pastur 1967 (eigenvalues of correlations of independent variables).
    Johnstone 2001, "On the distribution of the largest eigenvalue in principal components analysis".
    Hwang, Lee & Schnelli 2019, "Local law and Tracy-Widom limit for sparse sample covariance matrices".
    Lopes-dos-Santos, Ribeiro & Tort 2013, "Detecting cell assemblies in large neuronal populations".
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

#: Quantile of the Tracy-Widom distribution for real matrices (Johnstone 2001, table 1): 1 % of the largest eigenvalues
#: of independent neurons exceed it.
_TRACY_WIDOM = 2.0234
#: Bins in common that two neurons of few spikes need for an eigenvalue above the bound, about.
_LEAST_COINCIDENCES = 10


def eigenvalues_of(correlations: NDArray[np.float64]) -> NDArray[np.float64]:
    """All eigenvalues of a correlation matrix, the largest first, shape ``(n_neurons,)``."""
    return linalg.eigvalsh(correlations)[::-1]


def loadings_of(correlations: NDArray[np.float64], bound: float, least: int = 0) -> NDArray[np.float64]:
    """Correlation of the counts of each neuron with each of the first components, shape ``(n_neurons, number)``.

    A component is the sum of the standardised counts of neurons, weighted by an eigenvector; its sign is such that its
    largest correlation is positive.

    Args:
        correlations: Shape ``(n_neurons, n_neurons)``.
        bound: Components with larger eigenvalues are taken.
        least: So many components are taken at least.
    """
    n = len(correlations)
    values, vectors = linalg.eigh(correlations, subset_by_value=(bound, np.inf))
    if len(values) < least:
        values, vectors = linalg.eigh(correlations, subset_by_index=(n - least, n - 1))
    loadings = (vectors * np.sqrt(np.maximum(values, 0)))[:, ::-1]
    largest = loadings[np.abs(loadings).argmax(axis=0), np.arange(loadings.shape[1])]
    return loadings * np.where(largest < 0, -1.0, 1.0)


def upper_bound(n_neurons: int, n_bins: float, sparseness: float = 0.0) -> float:
    """Eigenvalue that the correlations of independent neurons hardly exceed.

    It is the upper edge of Marchenko and Pastur, ``(1 + sqrt(n_neurons / n_bins))**2``, plus the distance by which the
    largest eigenvalue of a finite matrix exceeds it in 1 % of all cases (Johnstone 2001, equations 1.3 to 1.5), plus
    the shift of the edge for sparse counts, whose fourth moments are large (Hwang et al. 2019).

    Args:
        n_neurons: Number of neurons.
        n_bins: Number of independent bins, more than 1.
        sparseness: Mean over neurons of one over the number of bins in which each fires.
    """
    bins, neurons = np.sqrt(n_bins - 1), np.sqrt(n_neurons)
    spread = (bins + neurons) * (1 / bins + 1 / neurons) ** (1 / 3)
    ratio = np.sqrt(n_neurons / n_bins)
    shift = sparseness * ratio * (1 + ratio) ** 2
    return float(((bins + neurons) ** 2 + _TRACY_WIDOM * spread) / n_bins + shift)


def least_active_bins(n_neurons: int, n_bins: float) -> float:
    """Bins in which a neuron has to fire so that the bound holds for it.

    Two neurons that fire in m bins, k of which are the same, have a correlation of about k / m, and such a pair has an
    eigenvalue of 1 + k / m. The bound is that of counts of many spikes; a few bins that neurons of a few spikes have in
    common by chance could exceed it. With these m, they would have to be 10.

    Args:
        n_neurons: Number of neurons.
        n_bins: Number of independent bins.
    """
    return _LEAST_COINCIDENCES / (upper_bound(n_neurons, n_bins) - 1)
