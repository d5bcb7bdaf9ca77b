"""Where two levels of clusters become one: a point of a branch of higher symmetry, at which that symmetry breaks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import newton

from neuro_mod.core.mean_field.analysis.curve import Curve
from neuro_mod.core.mean_field.analysis.modes import Modes
from neuro_mod.core.mean_field.core import clusters

_Array = NDArray[np.float64]

#: First step, and distance within which the point is searched for, as parts of the interval of the parameter.
_STEP, _NEARBY = 1e-5, 0.02


def meeting_point(curve: Curve, u: _Array, levels: tuple[int, int]) -> _Array | None:
    """The state at which two levels become one.

    There the equations of the branch are singular: another branch crosses, on which the levels are one. On that, the
    point is a regular one: an eigenvalue of changes of the two levels against each other vanishes.

    Args:
        curve: The equations of the branch.
        u: A state near it, see `Curve`.
        levels: The two.

    Returns:
        The state in terms of `curve`; None if it was not found nearby.
    """
    level = curve.groups[: len(curve.family.classes)]
    one = np.unique(np.where(level == levels[1], levels[0], level), return_inverse=True)[1]
    merged = Curve(curve.family, clusters.grouped(one))
    modes = Modes(curve.family, merged.groups)
    row = int(np.flatnonzero(np.unique(one[np.bincount(one)[one] > 1]) == one[level == levels[0]][0])[0])
    state = merged.point(_averaged(curve, u, levels), curve.value(u))

    def determinant(part: float) -> float:
        guess = state.copy()
        guess[-1] = part
        found = merged.correct(guess, merged.along_parameter) if abs(part - u[-1]) < _NEARBY else None
        if found is None:
            raise RuntimeError("there is no such state nearby")
        state[:] = found
        eigenvalues = modes.spectrum(merged.lumped_rates(found)[None], np.array([merged.value(found)])).apart[0, row]
        return float(eigenvalues.prod().real)

    step = _STEP if u[-1] < 0.5 else -_STEP
    try:
        part = float(newton(determinant, u[-1], x1=u[-1] + step, tol=1e-13))
        determinant(part)
    except RuntimeError:
        return None
    return curve.point(merged.rates(state), merged.value(state))


def _averaged(curve: Curve, u: _Array, levels: tuple[int, int]) -> _Array:
    """Rates in Hz with those of two levels replaced by their means, shape ``(P,)``."""
    rates = curve.rates(u)
    n_clusters = len(curve.family.classes)
    level = curve.groups[:n_clusters]
    a, b = (int(np.flatnonzero(level == each)[0]) for each in levels)
    changed = np.flatnonzero(np.isin(level, levels))
    for offset in (0, n_clusters + 1):
        rates[offset + changed] = (rates[offset + a] + rates[offset + b]) / 2
    return rates
