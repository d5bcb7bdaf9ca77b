"""Eigenvalues at states in which interchangeable clusters have equal rates.

In such a state a perturbation of the rates is a sum of one that keeps these clusters alike, and of ones that change the
clusters of one level against each other: with m clusters, m - 1 times the same two eigenvalues.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.mean_field.analysis.family import FieldFamily
from neuro_mod.core.mean_field.core import clusters

_Array = NDArray[np.float64]
_Complex = NDArray[np.complex128]


class Spectrum(NamedTuple):
    """Eigenvalues in 1/s, largest real part first.

    Attributes:
        alike: Of changes that keep the clusters of each level alike, shape ``(..., G)``.
        apart: Of changes of clusters of a level against each other, a row for each level with several, ``(..., L, 2)``.
    """

    alike: _Complex
    apart: _Complex


class Modes:
    """Eigenvalues of all populations' dynamics from those of small systems.

    Args:
        family: The mean fields.
        groups: Group of each population, from `clusters.lumping`, shape ``(P,)``.

    Attributes:
        repeats: How often each row of `Spectrum.apart` occurs, ``m - 1`` for m clusters, shape ``(L,)``.
    """

    def __init__(self, family: FieldFamily, groups: NDArray[np.int64]):
        level = groups[: family.populations.n_clusters] if family.populations is not None else groups[:0]
        sizes = np.bincount(level)
        leader = np.zeros(len(level), bool)
        leader[np.unique(level, return_index=True)[1]] = True
        split = np.unique(2 * level + ~leader, return_inverse=True)[1]
        refined = clusters.grouped(split) if len(level) else groups
        self._family = family.lumped(refined)
        self._coarse = groups[np.unique(refined, return_index=True)[1]]  # group of each refined one
        self._first = np.unique(self._coarse, return_index=True)[1]  # refined group that represents each group
        several = np.flatnonzero(sizes > 1)
        self.repeats = sizes[several] - 1
        inhibitory = len(sizes) + 1
        self._leaders = self._first[np.stack([several, several + inhibitory], axis=1)].reshape(-1, 2)

    def spectrum(self, rates: _Array, values: _Array) -> Spectrum:
        """Eigenvalues at states.

        Args:
            rates: Of the groups in Hz, shape ``(n, G)``.
            values: Of the parameter, shape ``(n,)``.
        """
        size = len(self._coarse)
        jacobian = np.empty((len(rates), size, size))
        for matrix, state, value in zip(jacobian, rates, values, strict=True):
            matrix[...] = self._per_second(state, value)
        member = (self._coarse[:, None] == np.arange(rates.shape[1])).astype(np.float64)
        alike = jacobian[:, self._first] @ member
        own, other = self._leaders[:, :, None], self._leaders[:, None, :]
        apart = jacobian[:, own, other] - jacobian[:, own, other + 1] / self.repeats[:, None, None]
        return Spectrum(_falling(np.linalg.eigvals(alike)), _falling(np.linalg.eigvals(apart)))

    def _per_second(self, rates: _Array, value: float) -> _Array:
        field = self._family.at(value)
        return field.jacobian(rates[self._coarse]) / field.tau_membrane[:, None]


def _falling(eigenvalues: NDArray[np.inexact]) -> _Complex:
    order = np.argsort(-eigenvalues.real, axis=-1, kind="stable")
    return np.take_along_axis(eigenvalues, order, axis=-1).astype(np.complex128)
