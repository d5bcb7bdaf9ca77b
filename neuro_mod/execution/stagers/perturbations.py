"""The perturbations of a run, from the configuration or given as arrays; their summaries and saved arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.config import Experiment
from neuro_mod.config.cross_checks.network import USUAL
from neuro_mod.config.cross_checks.perturbation import TIMES
from neuro_mod.core.course import Course
from neuro_mod.core.modulation import Baseline, check_possible, size_of_courses
from neuro_mod.core.perturbations import TimedPerturbation
from neuro_mod.core.perturbations.targets import TARGETS, check_target
from neuro_mod.core.spiking_net.time_step import EULER_OSCILLATES, euler_ratio
from neuro_mod.errors import InputError, invalid
from neuro_mod.execution.notices import warn_once
from neuro_mod.execution.stagers.memory import demand_memory
from neuro_mod.populations import Populations

#: A perturbation of one target: a number for all populations, ``(n_pops,)``, ``(n_pops, n_steps)``, a course with
#: values ``(K, n_pops)``, vectors with a time course, or None for none.
Given = ArrayLike | Course | TimedPerturbation | None
_Present = ArrayLike | Course | TimedPerturbation

#: Smooth time courses have long flanks; less than this part of the largest value counts as zero.
NOTICEABLE = 0.01

#: Norms this close are the same, such as those of all peaks of a sine.
_ROUNDING = 1e-9
_SUFFIX = "_perturbation"
#: Bytes of a number, and how often it exists while courses are made.
_BYTES, _COPIES = 8, 5


def merge_keywords(
    perturbations: Mapping[str, Given] | None, keywords: Mapping[str, Given], others: Iterable[str] = ()
) -> dict[str, Given]:
    """Perturbations by target, from a mapping and from keywords ``<target>_perturbation``.

    Args:
        perturbations: The mapping.
        keywords: The keywords.
        others: Other arguments that there are, for messages.

    Raises:
        TypeError: A keyword is unknown.
        InputError: A target is unknown, or given twice.
    """
    named = {keyword.removesuffix(_SUFFIX): value for keyword, value in keywords.items()}
    for keyword, target in zip(keywords, named, strict=True):
        if keyword == target or target not in TARGETS:
            valid = ", ".join(target + _SUFFIX for target in TARGETS)
            close = get_close_matches(keyword, [*others, *(target + _SUFFIX for target in TARGETS)], n=1)
            meant = f"did you mean {close[0]}? " if close else ""
            raise TypeError(f"unknown argument {keyword}; {meant}perturbations are given by {valid}")
    if twice := set(named) & set(perturbations or {}):
        raise InputError(f"perturbations: {', '.join(sorted(twice))} found twice; expected each target once")
    merged = dict(perturbations or {}) | named
    for target in merged:
        check_target(target)
    return merged


def perturbations_of_run(
    sources: Mapping[str, Given],
    baseline: Baseline,
    n_steps: int,
    delta_t: float,
    first_step: int = 0,
) -> dict[str, Course]:
    """The perturbations in the steps of a run.

    Args:
        sources: Perturbations by target; columns of ``(n_pops, n_steps)`` are the steps of this run.
        baseline: The network.
        n_steps: Length of the run.
        delta_t: Time step in seconds.
        first_step: Step at which the run begins, counted from time 0, for time courses.

    Returns:
        By target, values of shape ``(K, n_pops)`` in the unit of the target.

    Raises:
        InputError: An array has another shape or is not finite, a parameter becomes impossible, or there is not enough
            memory for perturbations that change so often.
    """
    makers = {
        target: _maker(target, source, baseline.populations, n_steps, delta_t, first_step)
        for target, source in sources.items()
        if source is not None
    }
    n_numbers = size_of_courses({target: n_pieces for target, (n_pieces, _) in makers.items()}, baseline)
    demand_memory(
        n_numbers * _BYTES * _COPIES, "perturbations that change this often", "let them change at an interval"
    )
    courses = {target: make() for target, (_, make) in makers.items()}
    check_possible(baseline, courses, delta_t)
    return courses


def check_times(courses: Mapping[str, Course], baseline: Baseline, experiment: Experiment) -> None:
    """Check perturbed time constants and periods as the configuration's own, and warn where Euler steps oscillate.

    Args:
        courses: The perturbations of a run.
        baseline: The network.
        experiment: The experiment as it is run.

    Raises:
        InputError: One becomes unusually long; it is probably in milliseconds.
    """
    times = experiment.init_params
    for target in (target for target in courses if target in TIMES):
        change, usual = courses[target].values, USUAL[f"init_params.{target}"]
        values = baseline.effective(target, [change.min(axis=0), change.max(axis=0)])  # not a copy for all times
        if values.max() > usual and not experiment.settings.allow_unusual:
            hint = "perturbations are in s (settings.allow_unusual: true accepts it)"
            raise invalid(f"{target} under its perturbation", float(values.max()), f"at most {usual:g} s", hint)
        ratio = euler_ratio(times.mechanism, times.delta_t, values)
        if target != "tau_refractory" and ratio > EULER_OSCILLATES:
            warn_once(f"delta_t is {ratio:.3g} times as long as {target} under its perturbation: Euler steps oscillate")


def warn_of_idle(
    courses: Mapping[str, Course], sources: Mapping[str, Given], sizes: NDArray[np.int64], n_steps: int, delta_t: float
) -> None:
    """Warn of each perturbation that acts on no neuron at any time, unless it is 0 by itself.

    Args:
        courses: The perturbations of a run.
        sources: What they were made from.
        sizes: As for `summary`, like the other arguments.
        n_steps: See there.
        delta_t: See there.
    """
    for target, course in courses.items():
        source = sources[target]
        given: Any = source.vector if isinstance(source, TimedPerturbation) else getattr(source, "values", source)
        if np.any(given) and not summary(course, sizes, n_steps, delta_t)["n_populations"]:
            warn_once(f"the perturbation of {target} reaches no neuron in this run")


def strongest(course: Course) -> NDArray[np.float64]:
    """The vector of a perturbation where its norm first is largest, shape ``(n_pops,)``."""
    norm = np.linalg.norm(course.values / (np.abs(course.values).max(initial=0.0) or 1.0), axis=1)
    first = np.flatnonzero(norm >= (1 - _ROUNDING) * norm.max())[0]
    return course.values[first] + 0.0  # no negative zeros


def acting(course: Course, n_steps: int) -> tuple[int, int] | None:
    """First step in which a perturbation acts, and the one after the last; None if it never does.

    It acts where it has more than `NOTICEABLE` of its largest strength in any population.
    """
    strength = np.abs(course.values)
    active = np.flatnonzero((strength > NOTICEABLE * strength.max(axis=0)).any(axis=1))
    if not len(active):
        return None
    ends = np.append(course.steps[1:], max(n_steps, course.steps[-1] + 1))
    return int(course.steps[active[0]]), int(ends[active[-1]])


def summary(course: Course, sizes: NDArray[np.int64], n_steps: int, delta_t: float) -> dict[str, Any]:
    """Statistics of a perturbation at its strongest over the populations that it acts on.

    Args:
        course: Values of shape ``(K, n_pops)``.
        sizes: Neurons in each population; it does not act where there are none, shape ``(n_pops,)``.
        n_steps: Length of the run.
        delta_t: Time step in seconds.
    """
    chosen = strongest(course)[course.values.any(axis=0) & (sizes > 0)]
    window = acting(course, n_steps)
    if window is None or not len(chosen):
        return {"n_populations": 0}
    scale = float(np.abs(chosen).max()) or 1.0
    return {
        "n_populations": len(chosen),
        "min": float(chosen.min()),
        "max": float(chosen.max()),
        "mean": float((chosen / scale).mean() * scale),
        "std": float((chosen / scale).std() * scale),
        "norm": math.hypot(*chosen),
        "from_sec": window[0] * delta_t,
        "to_sec": window[1] * delta_t,
    }


def summary_line(target: str, about: Mapping[str, Any]) -> str:
    """The `summary` of a perturbation of a target, on one line."""
    if not about["n_populations"]:
        return "is 0 for all neurons throughout this run"
    unit = f" {TARGETS[target].unit}" if TARGETS[target].unit else ""
    return (
        f"{about['min']:+.4g} to {about['max']:+.4g}{unit} (mean {about['mean']:+.4g}, sd {about['std']:.4g}, "
        f"norm {about['norm']:.4g}) in {about['n_populations']} population{'s' * (about['n_populations'] > 1)}, "
        f"{about['from_sec']:g} to {about['to_sec']:g} s"
    )


def saved_arrays(
    courses: Mapping[str, Course], described: Mapping[str, TimedPerturbation], delta_t: float
) -> dict[str, NDArray[np.float64]]:
    """Perturbations as arrays for a file.

    For each target its values ``(n_pops, K)``, under ``<target>_times`` the seconds ``(K,)`` at which they come into
    force, and for vectors with a time course ``<target>_vectors`` ``(n_vectors, n_pops)`` and ``<target>_params``.

    Args:
        courses: The perturbations of a run.
        described: Those of them that are vectors with a time course.
        delta_t: Time step in seconds.
    """
    arrays: dict[str, NDArray[np.float64]] = {}
    for target, course in courses.items():
        arrays |= {target: course.values.T, f"{target}_times": np.float64(delta_t) * course.steps}
        if target in described:
            perturbation = described[target]
            arrays[f"{target}_vectors"] = perturbation.perturbation.basis
            arrays[f"{target}_params"] = np.array(perturbation.coefficients, np.float64)
    return arrays


#: Number of pieces, and how to make the course.
_Maker = tuple[int, Callable[[], Course]]


def _maker(
    target: str, source: _Present, populations: Populations, n_steps: int, delta_t: float, first_step: int
) -> _Maker:
    if isinstance(source, TimedPerturbation):
        if source.perturbation.length != populations.total:
            found = f"vectors of {source.perturbation.length} populations"
            raise InputError(f"perturbation of {target}: {found} found; expected {populations.total}")
        factor = source.factor(n_steps, delta_t, first_step)
        return len(factor.steps), lambda: source.times(factor)
    course = source if isinstance(source, Course) else _from_array(target, source, populations.total, n_steps)
    if course.values.shape[1:] != (populations.total,):
        found = f"values of shape {course.values.shape}"
        raise InputError(f"perturbation of {target}: {found} found; expected (K, {populations.total})")
    in_run = course.steps < max(n_steps, 1)
    return int(in_run.sum()), lambda: Course(course.steps[in_run], course.values[in_run])


def _from_array(target: str, source: ArrayLike, n_populations: int, n_steps: int) -> Course:
    try:
        values = np.asarray(source, np.float64)
    except (TypeError, ValueError):
        values = np.array(np.nan)
    if values.shape not in ((), (n_populations,), (n_populations, n_steps)) or not np.isfinite(values).all():
        raise InputError(
            f"perturbation of {target}: shape {values.shape} found; expected finite values: a number, an array "
            f"({n_populations},), one value per population, or ({n_populations}, {n_steps}), one column per step"
        )
    if values.ndim == 2:
        return Course.sampled(values.T) if n_steps else Course([0], np.zeros((1, n_populations)))
    return Course([0], np.broadcast_to(values, (1, n_populations)))
