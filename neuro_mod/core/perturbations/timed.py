"""A perturbation of one parameter over a run: a vector in cluster space times a time course."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.course import Course
from neuro_mod.core.perturbations.time_courses import Hat, TimeCourse
from neuro_mod.core.perturbations.vectorial import VectorialPerturbation
from neuro_mod.errors import invalid
from neuro_mod.summaries import ShownFields

#: Steps evaluated at once, so that a long run with few changes takes little memory.
_BLOCK = 2**16


@dataclass(frozen=True, eq=False, repr=False)
class TimedPerturbation(ShownFields):
    """``delta(t) = f(t) sum_i c_i v_i``.

    Args:
        perturbation: The vectors v.
        coefficients: The coefficients c, in the unit of the target.
        time_course: The course f; always 1 from time 0 on by default.

    Raises:
        InputError: The coefficients are not one finite number for each vector.

    Examples:
        >>> from neuro_mod import Hat, StageSNNSimulation, TimedPerturbation, VectorialPerturbation
        >>> vectors = VectorialPerturbation([1, -1], length=14, involved_clusters=[0, 1])
        >>> push = TimedPerturbation(vectors, (2.0,), Hat(onset_time=0.05))  # E0 2 Hz more, E1 2 Hz less, from 50 ms on
        >>> outputs = StageSNNSimulation("small").run(duration_sec=0.1, perturbations={"rate": push})
    """

    perturbation: VectorialPerturbation
    coefficients: tuple[float, ...]
    time_course: TimeCourse = field(default_factory=Hat)

    def __post_init__(self) -> None:
        n = len(self.perturbation.basis)
        if np.shape(self.coefficients) != (n,) or not np.isfinite(self.coefficients).all():
            raise invalid("coefficients", self.coefficients, f"{n} finite numbers, one for each vector")

    @cached_property
    def vector(self) -> NDArray[np.float64]:
        """``sum_i c_i v_i`` in cluster space, in the unit of the target, shape ``(P,)``."""
        return self.perturbation.get_perturbation(*self.coefficients)

    def at(self, time: float | None = None) -> NDArray[np.float64]:
        """The perturbation at one time (seconds), by default at its onset, shape ``(P,)``."""
        return self.vector * self.time_course(self.time_course.onset_time if time is None else time)

    def factor(self, n_steps: int, delta_t: float, first_step: int = 0) -> Course:
        """The time course f in the steps of a run, with values of shape ``(K,)``.

        Args:
            n_steps: Number of steps.
            delta_t: Time step in seconds.
            first_step: Step at which the run begins, counted from time 0.
        """
        steps, values = [], []
        for begin in range(0, max(n_steps, 1), _BLOCK):
            block = np.arange(begin, min(begin + _BLOCK, max(n_steps, 1)))
            found = self.time_course((first_step + block) * delta_t)
            changes = np.append(True, found[1:] != found[:-1])
            steps.append(block[changes])
            values.append(found[changes])
        return Course(np.concatenate(steps), np.concatenate(values))

    def times(self, factor: Course) -> Course:
        """The perturbation for a time course from `factor`, with values of shape ``(K, P)``."""
        return Course(factor.steps, np.multiply.outer(factor.values, self.vector))
