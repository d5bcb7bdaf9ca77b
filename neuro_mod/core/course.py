"""Piecewise constant quantities in time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.checks import whole_number
from neuro_mod.errors import InputError, invalid
from neuro_mod.summaries import ShownFields


@dataclass(frozen=True, eq=False, init=False, repr=False)
class Course(ShownFields):
    """A quantity in time that is piecewise constant.

    Args:
        steps: Steps from which the values hold, counted from the start of the run; ascending from 0, shape ``(K,)``.
        values: Values, shape ``(K, ...)``.

    Raises:
        InputError: Steps and values do not match, or a value is not finite.

    Examples:
        >>> from neuro_mod import Course
        >>> course = Course([0, 400], [[0.0, 0.0], [1.0, -1.0]])  # of two populations; from step 400 on
        >>> course.values[course.steps <= 500][-1].tolist()  # at step 500
        [1.0, -1.0]
    """

    steps: NDArray[np.int64]
    values: NDArray[np.float64]

    def __init__(self, steps: ArrayLike, values: ArrayLike):
        steps, values = np.asarray(steps), np.asarray(values, np.float64)
        whole = steps.ndim == 1 and np.issubdtype(steps.dtype, np.integer) and len(steps) > 0
        steps = steps.astype(np.int64) if whole else steps
        if not whole or steps[0] != 0 or (np.diff(steps) <= 0).any():
            raise invalid("steps", steps.tolist(), "whole numbers that ascend from 0")
        if values.shape[:1] != steps.shape or not np.isfinite(values).all():
            raise InputError(f"values: shape {values.shape} found; expected {len(steps)} finite values, one per step")
        kept = np.ones(len(steps), dtype=bool)
        kept[1:] = (values[1:] != values[:-1]).any(axis=tuple(range(1, values.ndim)))
        object.__setattr__(self, "steps", steps[kept])
        object.__setattr__(self, "values", values[kept])

    @classmethod
    def sampled(cls, values: ArrayLike, every: int = 1) -> Course:
        """A course that takes the next value after a fixed number of steps, and keeps the last one.

        Args:
            values: Values, shape ``(K, ...)``.
            every: Steps between two values.

        Raises:
            InputError: As for `Course`, or ``every`` is below 1.
        """
        values = np.asarray(values, np.float64)
        return cls(np.arange(len(values)) * whole_number("every", every, 1), values)

    def piece(self, steps: Any) -> NDArray[np.int64]:
        """Index of the value in force in each of these steps."""
        return np.searchsorted(self.steps, steps, side="right") - 1

    def at(self, steps: Any) -> NDArray[np.float64]:
        """Values in force in these steps, shape ``(len(steps), ...)``."""
        return self.values[self.piece(steps)]

    def after(self, step: int) -> Course:
        """The same course counted from a later step."""
        first = int(self.piece(step))
        return Course(np.maximum(self.steps[first:] - step, 0), self.values[first:])
