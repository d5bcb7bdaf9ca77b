"""Eigenvectors of count correlations that independent neurons would not have.

References:
    Marchenko & Pastur 1967 (eigenvalues of correlations of independent variables).
    Johnstone 2001, "On the distribution of the largest eigenvalue in principal components analysis".
    Lopes-dos-Santos, Ribeiro & Tort 2013, "Detecting cell assemblies in large neuronal populations".
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

#: Quantile of the Tracy-Widom distribution for real matrices (Johnstone 2001, table 1): 1 % of the largest eigenvalues
#: of independent neurons exceed it.
_TRACY_WIDOM = 2.0234


class Spectrum(NamedTuple):
    """Eigenvalues and eigenvectors of a correlation matrix.

    Attributes:
        eigenvalues: The largest first, shape ``(n_neurons,)``.
        vectors: Eigenvectors in columns, of the same order, shape ``(n_neurons, n_kept)``.
    """

    eigenvalues: NDArray[np.float64]
    vectors: NDArray[np.float64]

    def loadings(self, number: int) -> NDArray[np.float64]:
        """Correlation of each neuron with each of the first components, shape ``(n_neurons, number)``."""
        return self.vectors[:, :number] * np.sqrt(np.maximum(self.eigenvalues[:number], 0))


def spectrum_of(correlations: NDArray[np.float64]) -> Spectrum:
    """All eigenvalues and eigenvectors of a correlation matrix, shape ``(n_neurons, n_neurons)``.

    The sign of an eigenvector is such that its largest entry is positive.
    """
    values, vectors = linalg.eigh(correlations, driver="evd")
    values, vectors = values[::-1], vectors[:, ::-1]
    largest = vectors[np.abs(vectors).argmax(axis=0), np.arange(len(values))]
    return Spectrum(values, vectors * np.where(largest < 0, -1.0, 1.0))


def upper_bound(n_neurons: int, n_bins: float) -> float:
    """Eigenvalue that the correlations of independent neurons hardly exceed.

    It is the upper edge of Marchenko and Pastur, ``(1 + sqrt(n_neurons / n_bins))**2``, plus the distance by which the
    largest eigenvalue of a finite matrix exceeds it in 1 % of all cases (Johnstone 2001, equations 1.3 to 1.5).

    Args:
        n_neurons: Number of neurons.
        n_bins: Number of independent bins, more than 1.
    """
    bins, neurons = np.sqrt(n_bins - 1), np.sqrt(n_neurons)
    spread = (bins + neurons) * (1 / bins + 1 / neurons) ** (1 / 3)
    return float(((bins + neurons) ** 2 + _TRACY_WIDOM * spread) / n_bins)
