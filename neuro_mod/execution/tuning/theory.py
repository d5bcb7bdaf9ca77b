"""What the mean field says over a grid of potentiations and external rates."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from neuro_mod.core.mean_field.analysis.active_numbers import is_metastable, leading_by_number
from neuro_mod.core.mean_field.core.theory import Theory
from neuro_mod.errors import NeuroModError
from neuro_mod.execution.progress import Progress
from neuro_mod.execution.stagers.mean_field.base import build_mean_field, with_theory
from neuro_mod.execution.tuning.knobs import Knobs, Point

#: Potentiations on the grid, and the factors on external rates, each so many times the one before.
N_POTENTIATIONS = 12
RATE_STEP = 1.2
RATE_FACTORS = tuple(round(RATE_STEP**k, 3) for k in range(-6, 5))
#: Numbers of active clusters beyond the wanted ones whose states are looked at, for the map.
_BEYOND = 2
#: Halvings of the interval in which a row begins to qualify.
_HALVINGS = 5

#: Leading eigenvalues in 1/s by number of active clusters, see `leading_by_number`; None if nothing is known.
Leading = dict[int, float] | None


class Row(NamedTuple):
    """The potentiations at one external rate at which the mean field has what is wanted.

    Attributes:
        rate_factor: The factor on external rates.
        onset: The smallest of them.
        top: The largest one on the grid that is connected with it.
    """

    rate_factor: float
    onset: float
    top: float


class GridRow(NamedTuple):
    """What the mean field says at one external rate.

    Attributes:
        rate_factor: The factor on external rates.
        leading: At each potentiation of the grid.
        row: Where it has what is wanted; None if nowhere.
    """

    rate_factor: float
    leading: tuple[Leading, ...]
    row: Row | None


@dataclass(frozen=True)
class TheoryMap:
    """What the mean field says on the grid.

    Attributes:
        potentiations: On the grid, rising.
        rows: At each rate factor of the grid, rising.
        others_published: As for `Point`.
    """

    potentiations: tuple[float, ...]
    rows: tuple[GridRow, ...]
    others_published: bool

    @property
    def points(self) -> list[Leading]:
        """What is known at each point."""
        return [each for row in self.rows for each in row.leading]


def stable_numbers(leading: Leading) -> list[int]:
    """Numbers of active clusters whose states are stable."""
    return sorted(number for number, value in (leading or {}).items() if value < 0)


class Predictions:
    """The mean field of points.

    Args:
        knobs: The configurations.
        theory: Response and closure.
        wanted: Numbers of active clusters that are wanted.
    """

    def __init__(self, knobs: Knobs, theory: Theory, wanted: Collection[int]):
        self._knobs, self._theory, self._wanted = knobs, theory, wanted
        most = min(knobs.experiment.populations.n_clusters - 1, max(wanted) + _BEYOND)
        self._numbers = range(most + 1)

    def leading(self, point: Point) -> Leading:
        """Leading eigenvalues at a point; None where it is not valid, or the mean field has no solution."""
        try:
            experiment = with_theory(self._knobs.at(point), self._theory.response, self._theory.closure)
            return leading_by_number(build_mean_field(experiment, None, n_z=1), self._numbers)
        except (NeuroModError, np.linalg.LinAlgError):
            return None

    def qualifies(self, leading: Leading) -> bool:
        """Whether a state that is wanted is stable, and no uniform one is."""
        return leading is not None and is_metastable(leading, self._wanted)

    def row(self, rate_factor: float, others_published: bool, report: Progress) -> GridRow:
        """The grid at one external rate, and where it qualifies."""
        found = []
        for potentiation in self.potentiations():
            found.append(self.leading(Point(potentiation, rate_factor, others_published)))
            report(0.0)
        return GridRow(rate_factor, tuple(found), self.refined(rate_factor, others_published, found))

    def potentiations(self) -> tuple[float, ...]:
        """Those on the grid: from next to none to the strongest."""
        return tuple(np.linspace(1, self._knobs.strongest, N_POTENTIATIONS + 1)[1:].tolist())

    def refined(self, rate_factor: float, others_published: bool, leading: Sequence[Leading]) -> Row | None:
        """Where a row of the grid qualifies, its beginning found by bisection; None if it does nowhere."""
        potentiations = self.potentiations()
        which = [self.qualifies(each) for each in leading]
        if not any(which):
            return None
        first = which.index(True)
        last = which.index(False, first) - 1 if False in which[first:] else len(which) - 1
        low, high = potentiations[first - 1] if first else 1.0, potentiations[first]
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            if self.qualifies(self.leading(Point(middle, rate_factor, others_published))):
                high = middle
            else:
                low = middle
        return Row(rate_factor, high, potentiations[last])
