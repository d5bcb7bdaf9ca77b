"""Perturbations that change each population by its own amount."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.checks import check_choice, whole_number
from neuro_mod.choices import VectorNorm
from neuro_mod.core.perturbations.base import Perturbation
from neuro_mod.core.perturbations.directions import drawn_vectors
from neuro_mod.core.perturbations.entries import Entries
from neuro_mod.errors import InputError, invalid


class VectorialPerturbation(Perturbation):
    """Vectors in cluster space, each placed on the populations it involves and zero elsewhere.

    Vectors left out are drawn: entries +1 or -1 (``structured``), or normal.

    Args:
        *vectors: One array each, with an entry for each population in its list of ``involved_clusters``, or for all.
        n_vectors: How many to draw; follows from ``involved_clusters`` where that is a list of lists.
        length: Number of populations in cluster space; that of the vectors where these cover all populations.
        involved_clusters: For each vector the indices of its populations, or one list for all vectors; all
            populations if left out.
        structured: Drawn entries are +1 or -1; otherwise normal.
        balance: Probability of +1.
        mean: Mean of normal entries.
        sigma: Standard deviation of normal entries.
        rng: Draws the entries.
        seed: Root seed of streams that draw them instead: the same on every machine, and vector i is the same for any
            number of vectors.
        norm: ``l1``, ``l2`` or ``linf``: each drawn vector is scaled to norm 1, so that its coefficient is the norm of
            the perturbation; None to leave them as they are drawn.
        orthogonal: Make each drawn vector orthogonal to those before it, which also keeps its Euclidean length unless
            there is a `norm`. At most as many vectors as populations, on equal lists or lists without common ones.
        first: Place of the first drawn vector in the sequence that `seed` determines.

    Attributes:
        basis: The vectors in cluster space, shape ``(n_vectors, length)``.
        involved_clusters: Indices of the populations of each vector.

    Raises:
        InputError: Numbers or lengths do not match, an index is out of range or repeated, vectors are to be drawn
            without ``seed`` and ``rng``, or there are no vectors of this norm or no orthogonal ones.

    Examples:
        >>> import numpy as np
        >>> from neuro_mod import VectorialPerturbation
        >>> given = VectorialPerturbation([1, -1], length=14, involved_clusters=[0, 1])
        >>> given.basis.shape, given.basis[0, :3].tolist()
        ((1, 14), [1.0, -1.0, 0.0])
        >>> drawn = VectorialPerturbation(
        ...     n_vectors=3, length=38, involved_clusters=range(18), seed=1, norm="l2", orthogonal=True
        ... )
        >>> bool(np.allclose(drawn.basis @ drawn.basis.T, np.eye(3)))
        True
    """

    def __init__(
        self,
        *vectors: ArrayLike,
        n_vectors: int | None = None,
        length: int | None = None,
        involved_clusters: Sequence[int] | Sequence[Sequence[int]] | None = None,
        structured: bool = True,
        balance: float = 0.5,
        mean: float = 0.0,
        sigma: float = 1.0,
        rng: np.random.Generator | None = None,
        seed: int | None = None,
        norm: VectorNorm | None = None,
        orthogonal: bool = False,
        first: int = 0,
    ):
        entries = Entries(structured, balance, mean, sigma, rng, seed)
        if length is None and vectors and involved_clusters is None:
            length = np.size(vectors[0])
        if length is None:
            raise InputError("length: missing; expected the number of populations in cluster space")
        n = _number(vectors, n_vectors, involved_clusters)
        self.involved_clusters = _involved(involved_clusters, n, length)
        if norm is not None:
            check_choice("norm", norm, VectorNorm)
        if whole_number("first", first, 0) and rng is not None:
            raise InputError("first, rng: both found; expected a seed, which determines the sequence")
        if not vectors:
            self.basis = drawn_vectors(
                entries, self.involved_clusters, length, first=first, norm=norm, orthogonal=orthogonal
            )
            return
        if norm is not None or orthogonal or first:
            raise InputError("norm, orthogonal, first: found beside vectors; expected none, as they are of drawn ones")
        self.basis = np.zeros((n, length))
        for index, involved in enumerate(self.involved_clusters):
            values = np.asarray(vectors[index], np.float64)
            if values.shape != involved.shape or not np.isfinite(values).all():
                raise InputError(
                    f"vector {index}: shape {values.shape} found; expected {len(involved)} finite entries, "
                    "one for each population that it involves"
                )
            self.basis[index, involved] = values

    @property
    def length(self) -> int:
        """Number of populations in cluster space."""
        return self.basis.shape[1]


def _is_nested(involved: Sequence[Any]) -> bool:
    return any(np.ndim(item) for item in involved)


def _number(vectors: tuple[ArrayLike, ...], n_vectors: int | None, involved: Sequence[Any] | None) -> int:
    """The number of vectors, checked for consistency."""
    given = {"n_vectors": n_vectors} if n_vectors is not None else {}
    if vectors:
        given["vectors"] = len(vectors)
    if involved is not None and _is_nested(involved):
        given["lists in involved_clusters"] = len(involved)
    if not given:
        raise InputError(
            "n_vectors: missing; expected vectors, n_vectors, or one list of involved_clusters for each vector"
        )
    if len(set(given.values())) > 1 or min(given.values()) < 1:
        found = ", ".join(f"{count} {name}" for name, count in given.items())
        raise InputError(f"{found} found; expected equal numbers of at least 1")
    return next(iter(given.values()))


def _involved(involved: Sequence[Any] | None, n: int, length: int) -> list[NDArray[np.int64]]:
    if involved is None:
        return [np.arange(length)] * n
    lists = [np.asarray(one) for one in (involved if _is_nested(involved) else [involved] * n)]
    for index, one in enumerate(lists):
        valid = one.ndim == 1 and one.size > 0 and np.issubdtype(one.dtype, np.integer)
        if not (valid and 0 <= one.min() <= one.max() < length and len(np.unique(one)) == len(one)):
            raise invalid(f"involved_clusters[{index}]", one.tolist(), f"distinct populations from 0 to {length - 1}")
    return lists
