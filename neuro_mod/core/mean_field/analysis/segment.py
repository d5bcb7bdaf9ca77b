"""The piece of a branch between two points."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import root_scalar

from neuro_mod.core.mean_field.analysis.curve import Curve

_Array = NDArray[np.float64]

#: Error of the place of a zero, as part of the segment.
_PLACE = 1e-10


@dataclass(frozen=True, eq=False)
class Segment:
    """Solutions between two that are near each other.

    Args:
        curve: The equations.
        begin: The first solution, shape ``(G + 1,)``, see `Curve`.
        end: The last.
        tangent: At the first, shape ``(G + 1,)``.
    """

    curve: Curve
    begin: _Array
    end: _Array
    tangent: _Array

    def at(self, part: float) -> _Array:
        """The solution at a part of the way; the nearer end where none is found."""
        guess = self.begin + part * (self.end - self.begin)
        found = self.curve.correct(guess, self.tangent) if 0 < part < 1 else None
        return (self.begin, self.end)[round(part)] if found is None else found

    def zero(self, function: Callable[[_Array], float]) -> float:
        """Where a function of the solution vanishes, as part of the way.

        If its sign is the same at both ends, it is that end where it is nearer to 0.
        """

        def along(part: float) -> float:
            return function(self.at(part))

        at_begin, at_end = along(0.0), along(1.0)
        if at_begin * at_end >= 0:
            return float(abs(at_begin) > abs(at_end))
        return root_scalar(along, bracket=(0.0, 1.0), method="brentq", xtol=_PLACE).root
