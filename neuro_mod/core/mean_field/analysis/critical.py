"""Where a branch folds, and where its stability changes otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.mean_field.analysis.continuation import SYMMETRY, BranchPoints
from neuro_mod.core.mean_field.analysis.curve import Curve
from neuro_mod.core.mean_field.analysis.modes import Modes, Spectrum
from neuro_mod.core.mean_field.analysis.segment import Segment

_Array = NDArray[np.float64]
_Complex = NDArray[np.complex128]

FOLD, SYMMETRY_BREAKING, HOPF, BRANCH_POINT = "fold", "symmetry breaking", "Hopf", "branch point"

#: Parts of a step closer to each other than this are one place.
_SAME_PLACE = 1e-4
#: Eigenvalues whose imaginary part is below this, relative to the largest, are real.
_REAL = 1e-6


class Critical(NamedTuple):
    """A critical point of a branch.

    Attributes:
        kind: ``fold``, ``symmetry breaking``, ``Hopf`` or ``branch point``.
        place: Number of the point of the branch before it, and part of the step.
        u: The state, see `Curve`.
        eigenvalue: That whose real part is 0, in 1/s; the one with positive imaginary part of a pair.
        repeats: How many eigenvalues, or pairs, are 0 or imaginary there.
    """

    kind: str
    place: tuple[int, float]
    u: _Array
    eigenvalue: complex
    repeats: int


def critical_points(curve: Curve, modes: Modes, branch: BranchPoints, spectrum: Spectrum) -> list[Critical]:
    """Folds and changes of stability along a branch, in its order.

    Args:
        curve: The equations.
        modes: The eigenvalues.
        branch: The branch.
        spectrum: Eigenvalues at its points.
    """
    search = _Search(curve, modes, branch)
    last = len(branch.points) - 2 - (branch.ends[1] == SYMMETRY)
    found: list[Critical] = []
    # the short step to a state of higher symmetry is left out: several eigenvalues vanish at its end
    for k in range(int(branch.ends[0] == SYMMETRY), last + 1):
        folds = list(search.folds(k))
        found += folds + list(search.crossings(k, spectrum, folds))
    return sorted(found, key=lambda each: each.place)


class _Search(NamedTuple):
    curve: Curve
    modes: Modes
    branch: BranchPoints

    def folds(self, k: int) -> Iterator[Critical]:
        """The fold, if there is one, in the step from point k."""
        before, after = self.branch.tangents[k], self.branch.tangents[k + 1]
        if before[-1] * after[-1] < 0:
            step = self.branch.segment(self.curve, k)
            part = step.zero(lambda u: float(self.curve.tangent(u, before)[-1]))
            spectrum = self._spectrum(step.at(part))
            eigenvalue = spectrum.alike[0, np.abs(spectrum.alike[0]).argmin()]
            yield Critical(FOLD, (k, part), step.at(part), complex(eigenvalue), 1)

    def crossings(self, k: int, spectrum: Spectrum, folds: list[Critical]) -> Iterator[Critical]:
        """Other places in the step from point k at which the number of unstable eigenvalues changes."""
        step = self.branch.segment(self.curve, k)
        for row, repeats in enumerate([0, *self.modes.repeats.tolist()]):
            before, after = (_row(spectrum, row, each) for each in (k, k + 1))
            for part, eigenvalue in self._zeros(step, row, before, after):
                real = abs(eigenvalue.imag) < _REAL * np.abs(before).max()
                if real and not row and any(abs(part - fold.place[1]) < _SAME_PLACE for fold in folds):
                    continue
                kind = HOPF if not real else SYMMETRY_BREAKING if row else BRANCH_POINT
                yield Critical(kind, (k, part), step.at(part), eigenvalue, max(repeats, 1))

    def _zeros(self, step: Segment, row: int, before: _Complex, after: _Complex) -> Iterator[tuple[float, complex]]:
        """Where real parts change their sign, as part of a step, and the eigenvalue there."""
        fewer, more = sorted(int((each.real > 0).sum()) for each in (before, after))
        rank = fewer
        while rank < more:
            part = step.zero(lambda u, rank=rank: float(_row(self._spectrum(u), row)[rank].real))
            eigenvalue = _row(self._spectrum(step.at(part)), row)[rank]
            yield part, complex(eigenvalue.real, abs(eigenvalue.imag))
            rank += 2 if eigenvalue.imag else 1

    def _spectrum(self, u: _Array) -> Spectrum:
        return self.modes.spectrum(self.curve.lumped_rates(u)[None], np.array([self.curve.value(u)]))


def _row(spectrum: Spectrum, row: int, k: int = 0) -> _Complex:
    """Eigenvalues at state k: row 0 keeps clusters alike, the others are those of `Spectrum.apart`."""
    return spectrum.apart[k, row - 1] if row else spectrum.alike[k]
