"""Which numbers of clusters can be active at once, found by relaxation from one start each.

A search of `fixed_points` finds all states; this one only tells whether there is a stable one with a given number of
active clusters, and is fast enough for many networks.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.mean_field.core import clusters
from neuro_mod.core.mean_field.core.newton import relax
from neuro_mod.core.mean_field.core.rate_equations import RateEquations
from neuro_mod.core.mean_field.core.searches import symmetric_field
from neuro_mod.errors import InputError

_Array = NDArray[np.float64]

#: Rates in Hz from which all populations relax to a uniform state: silent, as usual, and fast.
_UNIFORM = (1.0, 10.0, 60.0)
#: Rates in Hz from which active clusters and others relax, E and I.
_ACTIVE, _OTHER = (60.0, 30.0), (3.0, 9.0)


def leading_by_number(field: RateEquations, numbers: Collection[int]) -> dict[int, float]:
    """Leading eigenvalue of the state with each number of active clusters, of the most stable of several.

    States relax from rates that are equal among active clusters, and among all others, so that they stay so; their
    stability is that of all populations. Clusters that differ are replaced by their mean.

    Args:
        field: The mean field, whose clusters are known.
        numbers: Numbers of active clusters below that of all clusters; 0 for the uniform state, in which all clusters
            have the same rates.

    Returns:
        Largest real part of the eigenvalues in 1/s, by those of the numbers of which a state was found: negative where
        it is stable.

    Raises:
        InputError: There are fewer than two clusters, or they are not known.
    """
    populations = field.populations
    if populations is None or populations.n_clusters < 2:
        raise InputError("clusters: fewer than 2 found; expected a mean field of a network of several clusters")
    p = populations.n_clusters
    alike = symmetric_field(field, populations, clusters.interchangeable(field.coefficients, populations))
    aims = [number for number in numbers for _ in (_UNIFORM if number == 0 else (0,))]
    starts = [start for number in numbers for start in _starts(number, p)]
    found = relax(alike.linearize, np.array(starts).reshape(-1, populations.total))
    right = found.converged & (_n_active(found.x[:, :p]) == np.array(aims, np.int64))
    jacobian = alike.jacobian(found.x[right]) / alike.tau_membrane[:, None]
    leading = np.linalg.eigvals(jacobian).real.max(axis=-1)
    known: dict[int, float] = {}
    for number, value in zip(np.array(aims, np.int64)[right].tolist(), leading.tolist(), strict=True):
        known[number] = min(value, known.get(number, np.inf))
    return known


def is_metastable(leading: Mapping[int, float], wanted: Collection[int]) -> bool:
    """Whether a state with a wanted number of active clusters is stable, and no uniform one is.

    Args:
        leading: From `leading_by_number`, that of 0 included.
        wanted: Numbers of active clusters.
    """
    return leading.get(0, -np.inf) > 0 and any(leading.get(number, np.inf) < 0 for number in wanted)


def _starts(number: int, p: int) -> list[_Array]:
    if number == 0:
        return [np.full(2 * p + 2, rate) for rate in _UNIFORM]
    active = np.arange(p + 1) < number  # the background is the last
    return [np.concatenate([np.where(active, *pair) for pair in zip(_ACTIVE, _OTHER, strict=True)])]


def _n_active(excitatory: _Array) -> NDArray[np.int64]:
    """Number of clusters above the rate of the slowest one, shape ``(B,)`` for ``(B, p)``; 0 where all are equal."""
    lowest = excitatory.min(axis=1, keepdims=True)
    return (excitatory - lowest > clusters.SAME * np.maximum(excitatory, 1.0)).sum(axis=1)
