"""Drawn vectors in cluster space: scaled to a norm, and orthogonal to those drawn before them.

Sums are exact before they are rounded, so that vectors are the same on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from neuro_mod.choices import VectorNorm
from neuro_mod.core.perturbations.entries import Entries
from neuro_mod.errors import InputError

_Array = NDArray[np.float64]

#: A vector is redrawn if less than this share of its length is left without the components along earlier ones.
_DEPENDENT = 1e-6
#: How often, at most.
_MAX_DRAWS = 100


def vector_norm(vector: _Array, norm: VectorNorm) -> float:
    """The norm of a vector: sum of magnitudes (``l1``), Euclidean length (``l2``) or largest magnitude (``linf``).

    Args:
        vector: Shape ``(n,)``.
        norm: Which one.
    """
    magnitudes = np.abs(vector).tolist()
    if norm == "l2":
        return math.hypot(*magnitudes)
    return math.fsum(magnitudes) if norm == "l1" else max(magnitudes, default=0.0)


def drawn_vectors(
    entries: Entries,
    involved: Sequence[NDArray[np.int64]],
    length: int,
    *,
    first: int = 0,
    norm: VectorNorm | None = None,
    orthogonal: bool = False,
) -> _Array:
    """Vectors of a random sequence, each of which depends on none that come after it.

    Args:
        entries: How entries are drawn.
        involved: For each vector the indices of its populations; elsewhere it is 0.
        length: Number of populations in cluster space.
        first: Place of the first vector in the sequence.
        norm: In which each vector has length 1; None to leave them as they are.
        orthogonal: Whether each vector is orthogonal to all before it in the sequence. The component that is left of a
            vector keeps its Euclidean length, unless `norm` is given.

    Returns:
        Shape ``(n_vectors, length)``.

    Raises:
        InputError: All drawn entries are 0, or no vector is orthogonal to those before.
    """
    n = len(involved)
    if orthogonal:
        check_orthogonal(involved, first)
        involved = [*([involved[0]] * first), *involved]
    vectors: list[_Array] = []
    for index, populations in enumerate(involved, 0 if orthogonal else first):
        vector = _drawn(entries, index, populations, length, vectors if orthogonal else None)
        vectors.append(vector if norm is None else _scaled(vector, norm))
    return np.stack(vectors[-n:])


def check_orthogonal(involved: Sequence[NDArray[np.int64]], first: int = 0) -> None:
    """Check that there can be orthogonal vectors on these populations, as many as are asked for.

    Args:
        involved: For each vector the indices of its populations.
        first: How many vectors come before them, on the populations of the first.

    Raises:
        InputError: Lists overlap without being equal, or there are more vectors than populations.
    """
    sets = [frozenset(populations.tolist()) for populations in involved]
    for populations in dict.fromkeys(sets):
        n = first + sum(other == populations for other in sets)
        if n > len(populations):
            raise InputError(
                f"orthogonal: {n} vectors on {len(populations)} populations found; expected at most "
                f"{len(populations)}, one for each population"
            )
        if any(populations & other for other in sets if other != populations):
            raise InputError(
                "orthogonal: lists of populations that overlap in part found; expected equal lists, or lists without "
                "a common population"
            )
    if first and len(set(sets)) > 1:
        raise InputError("orthogonal: different lists of populations found; expected one list")


def _drawn(
    entries: Entries, index: int, populations: NDArray[np.int64], length: int, before: Sequence[_Array] | None
) -> _Array:
    """One vector; if there are vectors before it, without its components along them."""
    for attempt in range(_MAX_DRAWS):
        vector = np.zeros(length)
        vector[populations] = entries.draw(index, len(populations), attempt)
        if before is None:
            return vector
        rest = vector
        for other in (*before, *before):  # twice, as rounding errors of the first round may be all that is left
            rest = rest - _dot(rest, other) / _dot(other, other) * other
        size, left = vector_norm(vector, "l2"), vector_norm(rest, "l2")
        if left > _DEPENDENT * size:
            return rest * (size / left)
    raise InputError(
        f"orthogonal: {_MAX_DRAWS} draws of vector {index} are 0 or depend on the vectors before it; normal entries "
        "(structured: false, sigma above 0) do not"
    )


def _scaled(vector: _Array, norm: VectorNorm) -> _Array:
    size = vector_norm(vector, norm)
    if size == 0:
        raise InputError(f"norm: a vector whose entries are all 0 cannot have {norm} norm 1; expected sigma above 0")
    return vector / size


def _dot(a: _Array, b: _Array) -> float:
    return math.fsum((a * b).tolist())
