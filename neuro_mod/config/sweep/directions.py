"""Directions as an axis of a sweep: which perturbations draw them, and the vectors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro_mod.config.experiment import Experiment
from neuro_mod.config.perturbation import PerturbationBlock, perturbation_seed
from neuro_mod.config.sweep.points import Point, direction_key
from neuro_mod.config.sweep.sections import SweepFile
from neuro_mod.errors import ConfigError, KeyPath, Problem

_AXIS: KeyPath = ("n_directions",)
_EXAMPLE = "perturbation.rate: {involved_clusters: [E0, E1, E2], norm: l2, params: [0.2]}, without vectors"
#: Largest number of problems that are reported.
_MAX_REPORTED = 5


def directed_targets(
    file: SweepFile, experiment: Experiment, place: Callable[[KeyPath], dict[str, Any]]
) -> tuple[str, ...]:
    """Targets of which the directions are an axis: all whose vectors are drawn; none if there is no such axis.

    Args:
        file: The keys of the file.
        experiment: The configuration that is varied.
        place: Source and line of a key path, as keyword arguments of `Problem`.

    Raises:
        ConfigError: There is no such target, or it does not draw one vector at a time.
    """
    n = file.n_directions
    if n is None:
        return ()
    drawn = {target: block for target, block in experiment.perturbation.blocks.items() if block.vectors is None}
    problems = [problem for target, block in drawn.items() for problem in _check(target, block, n)]
    if not drawn:
        problems = [Problem(_AXIS, f"{n} found, but the configuration draws no vectors", _EXAMPLE)]
    if problems:
        raise ConfigError(Problem(each.path, each.found, each.expected, each.hint, **place(_AXIS)) for each in problems)
    return tuple(drawn)


def _check(target: str, block: PerturbationBlock, n: int) -> Iterator[Problem]:
    found = f"{n} found, but perturbation.{target} "
    if block.direction is not None:
        yield Problem(_AXIS, f"{found}has a direction, which has no effect", hint=f"leave out {direction_key(target)}")
    if len(block.params) != 1:
        yield Problem(_AXIS, f"{found}has {len(block.params)} coefficients in params", "one, for one vector at a time")
    elif block.orthogonal and n > (most := len(block.lists[0])):
        yield Problem(_AXIS, f"{found}is orthogonal on {most} populations", f"at most {most}")


class Directions:
    """Collects the vectors of directions, which have to be the same at all points.

    Args:
        seed: Root seed of the sweep.
    """

    def __init__(self, seed: int):
        self._seed = seed
        self._first: dict[tuple[str, int], tuple[Point, NDArray[np.float64]]] = {}
        self._differ: dict[tuple[str, int], tuple[Point, Point]] = {}

    def add(self, point: Point, experiment: Experiment) -> None:
        """Take the vectors at a point."""
        if point.direction is None:
            return
        for target, block in experiment.perturbation.blocks.items():
            if direction_key(target) in point.of_direction:
                drawn = block.timed(experiment.populations, perturbation_seed(self._seed, target))
                vector = drawn.perturbation.basis[0]
                first, known = self._first.setdefault((target, point.direction), (point, vector))
                if not np.array_equal(known, vector):
                    self._differ.setdefault((target, point.direction), (first, point))

    def problems(self, place: Callable[[KeyPath], dict[str, Any]]) -> list[Problem]:
        """Directions that are not the same at all points."""
        hint = "what determines the vectors (seed, populations, norm) cannot vary beside n_directions"
        return [
            Problem(_AXIS, f"direction {direction} of {target} differs between {a} and {b}", "", hint, **place(_AXIS))
            for (target, direction), (a, b) in islice(self._differ.items(), _MAX_REPORTED)
        ]

    @property
    def vectors(self) -> dict[str, NDArray[np.float64]]:
        """The vectors of each target, shape ``(n_directions, P)``."""
        vectors: dict[str, list[NDArray[np.float64]]] = {}
        for (target, _), (_, vector) in sorted(self._first.items(), key=_place):
            vectors.setdefault(target, []).append(vector)
        return {target: np.stack(each) for target, each in vectors.items()}


def _place(entry: tuple[tuple[str, int], Any]) -> tuple[str, int]:
    return entry[0]
