"""Eigenvalues of a matrix in groups of equal ones, and how they move when the matrix changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eig

from neuro_mod.summaries import ShownFields

_Array = NDArray[np.float64]
_Complex = NDArray[np.complex128]
_Vectors = NDArray[np.inexact]

#: Eigenvalues closer to each other than this, relative to the largest, are equal.
_EQUAL = 1e-6
#: Equal eigenvalues have as many eigenvectors if singular values that should vanish are below this, relative to the
#: largest, and if left and right vectors are not nearly orthogonal.
_VANISHING, _ORTHOGONAL = 1e-4, 1e-9


class _Group(NamedTuple):
    """Equal eigenvalues.

    Attributes:
        place: Which of all they are.
        left: Left eigenvectors, the dual basis of the right ones, shape ``(m, n)``; NaN where there are too few.
        right: Right eigenvectors, shape ``(n, m)``.
    """

    place: slice
    left: _Complex
    right: _Complex


@dataclass(frozen=True, eq=False, repr=False)
class Spectrum(ShownFields):
    """Eigenvalues of an ``(n, n)`` matrix, with those that are equal side by side.

    Args:
        values: Largest real part first, shape ``(n,)``.
        groups: The groups of equal ones, in order.
    """

    values: _Complex
    groups: tuple[_Group, ...]

    @classmethod
    def of(cls, matrix: _Array) -> Self:
        """The spectrum of a real matrix."""
        found, left, right = (np.asarray(each, np.complex128) for each in eig(matrix, left=True, right=True))
        near = _EQUAL * np.abs(found).max(initial=0.0)
        members = sorted(_equal(found, near), key=lambda group: _rank(found[group], near))
        values, groups = found.copy(), []
        begin = 0
        for group in members:
            place, value = slice(begin, begin + len(group)), complex(found[group].mean())
            value = complex(value.real) if abs(value.imag) <= near else value  # equal up to rounding
            vectors = (left[:, group], right[:, group]) if len(group) == 1 else _null(matrix, value, len(group))
            values[place] = value
            groups.append(_Group(place, *_dual(*vectors)))
            begin = place.stop
        return cls(values, tuple(groups))

    @property
    def labels(self) -> NDArray[np.int64]:
        """Number of the group of each eigenvalue, shape ``(n,)``."""
        return np.repeat(np.arange(len(self.groups)), [group.right.shape[1] for group in self.groups])

    @property
    def leading(self) -> NDArray[np.bool_]:
        """Which eigenvalues have the largest real part, shape ``(n,)``."""
        near = _EQUAL * np.abs(self.values).max(initial=0.0)
        return self.values.real >= self.values.real.max(initial=-np.inf) - near

    def moved(self, scaled: _Array, applied: _Array) -> _Complex:
        """Derivatives of the eigenvalues for changes ``sum_t diag(scaled[t, k]) applied[t]`` of the matrix.

        Those of equal eigenvalues are the eigenvalues of ``l . change . r`` within their eigenspace, and therefore not
        linear in the change (Kato 1966, II.2.3).

        Args:
            scaled: Factors of the rows, for K changes, shape ``(T, K, n)``.
            applied: Shape ``(T, n, n)``.

        Returns:
            Shape ``(K, n)``, in each group largest real part first; NaN where there are too few eigenvectors.
        """

        def products(left: _Vectors, right: _Vectors) -> _Vectors:
            each = left[:, None] * np.moveaxis(applied @ right, 2, 1)[:, None]  # (T, m, m, n)
            return np.tensordot(scaled, each, axes=((0, 2), (0, 3)))

        return self._moved(scaled.shape[1], products)

    def moved_by(self, changes: _Array) -> _Complex:
        """Derivatives of the eigenvalues for K changes of the matrix; see `moved`.

        Args:
            changes: Shape ``(K, n, n)``.
        """
        return self._moved(len(changes), lambda left, right: left @ changes @ right)

    def _moved(self, n_changes: int, products: Callable[[_Vectors, _Vectors], _Vectors]) -> _Complex:
        """From ``l . change . r`` for the left and right vectors of each group, shape ``(K, m, m)``."""
        moved = np.empty((n_changes, len(self.values)), np.complex128)
        for place, *vectors in self.groups:
            real = not any(each.imag.any() for each in vectors)  # several times as fast
            left, right = (each.real if real else each for each in vectors)
            blocks = products(left, right)
            if len(left) == 1:
                moved[:, place] = blocks[:, 0]
            elif np.isnan(blocks).any():
                moved[:, place] = np.nan
            else:
                each = np.linalg.eigvals(blocks)
                moved[:, place] = np.take_along_axis(each, np.lexsort((-each.imag, -each.real)), axis=1)
        return moved


def _equal(values: _Complex, near: float) -> list[NDArray[np.int64]]:
    """Groups of indices of equal values."""
    free, groups = np.ones(len(values), bool), []
    for k in range(len(values)):
        if free[k]:
            group = np.flatnonzero(free & (np.abs(values - values[k]) <= near))
            free[group] = False
            groups.append(group)
    return groups


def _rank(values: _Complex, near: float) -> tuple[float, float]:
    """Falling real parts; of those that are equal, falling imaginary parts."""
    mean = values.mean()
    return -round(mean.real / near) if near else 0.0, -float(mean.imag)


def _null(matrix: _Array, value: complex, size: int) -> tuple[_Complex, _Complex]:
    """Left and right vectors that ``matrix - value`` takes to 0, shape ``(n, size)``; NaN where there are fewer."""
    left, sizes, right = np.linalg.svd(matrix - value * np.eye(len(matrix)))
    vanishing = sizes[-size:] <= _VANISHING * sizes.max(initial=0.0)
    kept = (np.where(vanishing, each[:, -size:], np.nan) for each in (left, right.conj().T))
    first, second = (each.astype(np.complex128) for each in kept)
    return first, second


def _dual(left: _Complex, right: _Complex) -> tuple[_Complex, _Complex]:
    """Left vectors as rows, such that their products with the right ones are 0 or 1; NaN if they cannot be."""
    products = left.conj().T @ right
    if np.isnan(products).any() or np.linalg.svd(products, compute_uv=False).min() < _ORTHOGONAL:
        return np.full(left.shape[::-1], np.nan, np.complex128), right
    return np.linalg.solve(products, left.conj().T).astype(np.complex128), right
