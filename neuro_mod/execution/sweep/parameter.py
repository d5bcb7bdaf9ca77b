"""A parameter of a configuration and the values that it takes, step by step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from neuro_mod.config import Experiment
from neuro_mod.config.overrides import parse_key
from neuro_mod.config.plain import plain
from neuro_mod.errors import ConfigError, InputError, Problem, format_path, show
from neuro_mod.execution.stagers.seeds import with_perturbation_seeds
from neuro_mod.execution.sweep.points import point_key

#: Problems of steps that are told, at most.
_MAX_TOLD = 20


@dataclass(frozen=True)
class Swept:
    """A parameter and its values, none of them twice.

    Args:
        baseline: The configuration in which it is set, with the root seed.
        key: The parameter as overrides write it.
        values: What it takes.

    Raises:
        ConfigError: The parameter is unknown, or a value is not valid.
        InputError: There are no values, one stands there twice, or the parameter changes no result.
    """

    baseline: Experiment
    key: str
    values: Sequence[Any]

    def __post_init__(self) -> None:
        if self.key == "settings.random_seed":
            raise InputError(f"param {self.key} is no parameter; seeds follow from random_seed; repeat runs more")
        if self.key.split(".")[0] == "settings":
            raise InputError(f"param {self.key} is no parameter; it changes no result")
        if not len(self.values):
            raise InputError("sweep_params is empty; expected at least one value")
        first: dict[str, int] = {}
        for step, point in enumerate(self.points):
            if point in first:
                raise InputError(f"sweep_params: steps {first[point]} and {step} are the same, {point}")
            first[point] = step
        self._check_each()

    @cached_property
    def points(self) -> list[str]:
        """What each step is known by."""
        return [point_key({self.key: value}) for value in self.values]

    def experiment(self, step: int, seed: int) -> Experiment:
        """The configuration of a step with a seed; drawn perturbations are those of the root seed in all steps."""
        return self._changed(step).replace({"settings.random_seed": seed})

    def in_words(self, step: int) -> str:
        """A step, and what it sets."""
        return f"step {step} ({self.key}={show(plain(self.values[step]))})"

    def _changed(self, step: int) -> Experiment:
        return with_perturbation_seeds(self.baseline.replace({self.key: self.values[step]}))

    def _check_each(self) -> None:
        steps: dict[Problem, list[int]] = {}
        for step in range(len(self.values)):
            try:
                self._changed(step)
            except ConfigError as error:
                for problem in error.problems:
                    steps.setdefault(replace(problem, override="", line=None), []).append(step)
        if steps:
            raise ConfigError([self._told(*each) for each in list(steps.items())[:_MAX_TOLD]])

    def _told(self, problem: Problem, steps: Sequence[int]) -> Problem:
        """A problem of some steps, for a message."""
        if len(steps) == len(self.values) > 1:
            return replace(problem, override="all steps")
        others = f"and {len(steps) - 1} more steps" if len(steps) > 1 else ""
        hint = "; ".join(filter(None, (problem.hint, others)))
        return replace(problem, override=self.in_words(steps[0]), hint=hint)


def swept(
    baseline: Experiment, param: str | Sequence[str | int], param_idx: int | None, sweep_params: Iterable[Any]
) -> Swept:
    """What a user who names a parameter and values wants.

    Args:
        baseline: The configuration in which it is set.
        param: Its path as a list of keys, or joined by dots.
        param_idx: Place in its value, which is a list; None for all of it.
        sweep_params: The values.

    Raises:
        InputError: There is no such parameter, or values are missing or not valid.
    """
    if isinstance(sweep_params, str | bytes | Mapping | set | frozenset) or not isinstance(sweep_params, Iterable):
        raise InputError(f"sweep_params is {show(plain(sweep_params))}; expected a list of values")
    return Swept(baseline, _key(param, param_idx), list(sweep_params))


def _key(param: Any, param_idx: int | None) -> str:
    expected = 'a list of keys such as ["external_currents", "nu_ext_baseline"], or "external_currents.nu_ext_baseline"'
    if param_idx is not None and (
        not isinstance(param_idx, int | np.integer) or isinstance(param_idx, bool) or param_idx < 0
    ):
        raise InputError(f"param_idx is {param_idx!r}; expected a place in the list from 0, or None")
    try:
        path = parse_key(param) if isinstance(param, str) else tuple(param)
        if param_idx is not None:
            path = (*path, int(param_idx))
        key = format_path(path)
        if parse_key(key) != path:
            raise ValueError(key)
    except (TypeError, ValueError):
        raise InputError(f"param is {param!r}; expected {expected}") from None
    return key
