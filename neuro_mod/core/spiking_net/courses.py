"""Parameters of populations in time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.core.spiking_net.network import NEURON_PARAMETERS, SpikingNetwork, Synapses


@dataclass(frozen=True, eq=False, init=False)
class Course:
    """A quantity in time that is constant from one change to the next.

    Args:
        steps: Steps at which the values come into force, counted from the start of the run; ascending from 0, shape
            ``(K,)``.
        values: Values, shape ``(K, ...)``.

    Raises:
        ValueError: Steps and values do not fit together, or a value is not finite.
    """

    steps: NDArray[np.int64]
    values: NDArray[np.float64]

    def __init__(self, steps: ArrayLike, values: ArrayLike):
        steps, values = np.asarray(steps), np.asarray(values, np.float64)
        whole = steps.ndim == 1 and np.issubdtype(steps.dtype, np.integer) and len(steps) > 0
        steps = steps.astype(np.int64) if whole else steps
        if not whole or steps[0] != 0 or (np.diff(steps) <= 0).any():
            raise ValueError("the steps of a course must be whole numbers that ascend from 0")
        if values.shape[:1] != steps.shape or not np.isfinite(values).all():
            raise ValueError(f"a course of {len(steps)} pieces needs as many finite values, found {values.shape}")
        kept = np.ones(len(steps), dtype=bool)
        kept[1:] = (values[1:] != values[:-1]).any(axis=tuple(range(1, values.ndim)))
        object.__setattr__(self, "steps", steps[kept])
        object.__setattr__(self, "values", values[kept])

    @classmethod
    def sampled(cls, values: ArrayLike, every: int = 1) -> Course:
        """A course that takes the next value every so many steps, and keeps the last one.

        Args:
            values: Values, shape ``(K, ...)``.
            every: Steps between two values.

        Raises:
            ValueError: As for `Course`, or ``every`` is below 1.
        """
        values = np.asarray(values, np.float64)
        if every < 1:
            raise ValueError(f"every is {every}; the next value is taken after one step or more")
        return cls(np.arange(len(values)) * every, values)

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


#: What may vary in time: the quantities of `SpikingNetwork` and `ExternalInput`, each with the shape it has there.
VARIABLE = (*NEURON_PARAMETERS, "external_weight", "external_rate", "arousal_rate", "block_weights")


class ParametersInTime:
    """The parameters of a network, some of which follow a course.

    Args:
        network: The network.
        courses: Courses by name, see `VARIABLE`; each replaces the network's own value.
        delta_t: Time step in seconds, for messages.

    Raises:
        ValueError: A name is unknown, a shape does not fit, or a parameter becomes impossible; the message says which,
            in which population, and when.
    """

    def __init__(self, network: SpikingNetwork, courses: Mapping[str, Course], delta_t: float):
        if unknown := set(courses) - set(VARIABLE):
            raise ValueError(f"no course of {', '.join(sorted(unknown))}; valid: {', '.join(VARIABLE)}")
        self._network, self._delta_t = network, delta_t
        constants = _constants(network)
        if not_finite := [name for name, value in constants.items() if not np.isfinite(value).all()]:
            raise ValueError(f"{', '.join(not_finite)} of the network: NaN or infinity")
        self._courses = {name: Course(np.zeros(1, int), value[None]) for name, value in constants.items()}
        for name, course in courses.items():
            if name not in self._courses or (name == "tau_synaptic" and "block_weights" not in self._courses):
                raise ValueError(f"a course of {name} needs block-constant weights")
            if course.values.shape[1:] != self._courses[name].values.shape[1:]:
                expected = self._courses[name].values.shape[1:]
                raise ValueError(f"the course of {name} has values of shape {course.values.shape[1:]}, not {expected}")
            self._courses[name] = course
        self._check()

    def __getitem__(self, name: str) -> Course:
        return self._courses[name]

    def changes(self, begin: int, end: int, *names: str) -> NDArray[np.int64]:
        """``begin``, and the steps after it and before ``end`` at which any of these changes; all by default."""
        courses = [self[name] for name in names] if names else self._courses.values()
        bounds = [(course.steps, np.searchsorted(course.steps, (begin + 1, end))) for course in courses]
        return np.unique(np.concatenate([[begin], *(steps[first:last] for steps, (first, last) in bounds)]))

    def alike(self, *names: str) -> NDArray[np.bool_]:
        """Whether each population always has the same values as the one before it, shape ``(P - 1,)``."""
        alike = np.ones(max(self._network.n_populations - 1, 0), dtype=bool)
        for name in names:
            values = self[name].values
            alike &= (values[..., 1:] == values[..., :-1]).all(axis=tuple(range(values.ndim - 1)))
        return alike

    def _check(self) -> None:
        for name in ("tau_membrane", "tau_synaptic"):
            self._demand(name, self[name].values > 0, self[name].steps, "must be positive")
        for name in ("tau_refractory", "external_rate", "arousal_rate"):
            self._demand(name, self[name].values >= 0, self[name].steps, "must not be negative")
        steps = np.union1d(self["threshold"].steps, self["reset_voltage"].steps)
        above = self["threshold"].at(steps) > self["reset_voltage"].at(steps)
        self._demand("threshold", above, steps, "must lie above reset_voltage")

    def _demand(self, name: str, holds: NDArray[np.bool_], steps: NDArray[np.int64], rule: str) -> None:
        if not holds.all():
            where = np.argwhere(~holds)[0]
            population, step = self._network.name_of(int(where[-1])), int(steps[where[0]])
            raise ValueError(f"{name} of {population} {rule}, from {step * self._delta_t:.10g} s (step {step}) on")


def _constants(network: SpikingNetwork) -> dict[str, NDArray[np.float64]]:
    external = network.external
    constants = {name: getattr(network, name) for name in NEURON_PARAMETERS} | {
        "external_weight": external.weight,
        "external_rate": external.rate,
        "arousal_rate": external.arousal_rate,
    }
    if isinstance(network.synapses, Synapses):
        constants["block_weights"] = network.synapses.block_weights
    return {name: np.asarray(value, np.float64) for name, value in constants.items()}
