"""Where a branch folds, and where its stability changes otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.mean_field.analysis.continuation import SYMMETRY, Path, between, first_zero
from neuro_mod.core.mean_field.analysis.curve import Curve
from neuro_mod.core.mean_field.analysis.modes import Modes, Spectrum

_Array = NDArray[np.float64]

FOLD, SYMMETRY_BREAKING, HOPF, BRANCH_POINT = "fold", "symmetry breaking", "Hopf", "branch point"

#: Parts of a step closer to each other than this are one place.
_SAME_PLACE = 1e-4


class Critical(NamedTuple):
    """A critical point of a branch.

    Attributes:
        kind: ``fold``, ``symmetry breaking``, ``Hopf`` or ``branch point``.
        place: Number of the point of the path before it, and part of the step.
        u: The state, see `Curve`.
        eigenvalue: That whose real part is 0, in 1/s; the one with positive imaginary part of a pair.
        repeats: How many eigenvalues, or pairs, are 0 or imaginary there.
    """

    kind: str
    place: tuple[int, float]
    u: _Array
    eigenvalue: complex
    repeats: int


def critical_points(curve: Curve, modes: Modes, path: Path, spectrum: Spectrum) -> list[Critical]:
    """Folds and changes of stability along a path, in its order.

    Args:
        curve: The equations.
        modes: The eigenvalues.
        path: The branch.
        spectrum: Eigenvalues at its points.
    """
    seek = _Search(curve, modes, path)
    last = len(path.points) - 2 - (path.ends[1] == SYMMETRY)
    found: list[Critical] = []
    # the short step to a state of higher symmetry is left out: several eigenvalues vanish at its end
    for k in range(int(path.ends[0] == SYMMETRY), last + 1):
        folds = list(seek.folds(k))
        found += folds + list(seek.crossings(k, spectrum, folds))
    return sorted(found, key=lambda each: each.place)


class _Search(NamedTuple):
    curve: Curve
    modes: Modes
    path: Path

    def folds(self, k: int) -> Iterator[Critical]:
        """The fold, if there is one, in the step from point k."""
        before, after = self.path.tangents[k], self.path.tangents[k + 1]
        if before[-1] * after[-1] < 0:
            part = first_zero(
                lambda part: float(self.curve.tangent(between(self.curve, self.path, k, part), before)[-1]), 0.0, 1.0
            )
            u, spectrum = self._at(k, part)
            eigenvalue = spectrum.alike[0][np.abs(spectrum.alike[0]).argmin()]
            yield Critical(FOLD, (k, part), u, complex(eigenvalue), 1)

    def crossings(self, k: int, spectrum: Spectrum, folds: list[Critical]) -> Iterator[Critical]:
        """Other places in the step from point k at which the number of unstable eigenvalues changes."""
        rows = [(spectrum.alike[k : k + 2], lambda new: new.alike[0], 0)]
        for row, repeats in enumerate(self.modes.repeats):
            rows.append((spectrum.apart[k : k + 2, row], lambda new, row=row: new.apart[0, row], int(repeats)))
        for (before, after), chosen, repeats in rows:
            for part, eigenvalue in self._zeros(k, before, after, chosen):
                real = abs(eigenvalue.imag) < 1e-6 * np.abs(before).max()
                if real and not repeats and any(abs(part - fold.place[1]) < _SAME_PLACE for fold in folds):
                    continue
                kind = HOPF if not real else SYMMETRY_BREAKING if repeats else BRANCH_POINT
                yield Critical(kind, (k, part), self._at(k, part)[0], eigenvalue, max(repeats, 1))

    def _zeros(
        self, k: int, before: _Array, after: _Array, chosen: Callable[[Spectrum], _Array]
    ) -> Iterator[tuple[float, complex]]:
        """Where real parts change their sign between two spectra, as part of the step, and the eigenvalue there."""
        fewer, more = sorted(int((each.real > 0).sum()) for each in (before, after))
        m = fewer
        while m < more:
            part = first_zero(lambda part, m=m: chosen(self._at(k, part)[1])[m].real, 0.0, 1.0)
            eigenvalue = chosen(self._at(k, part)[1])[m]
            yield part, complex(eigenvalue.real, abs(eigenvalue.imag))
            m += 2 if eigenvalue.imag else 1

    def _at(self, k: int, part: float) -> tuple[_Array, Spectrum]:
        u = between(self.curve, self.path, k, part)
        return u, self.modes.spectrum(self.curve.lumped_rates(u)[None], np.array([self.curve.value(u)]))
