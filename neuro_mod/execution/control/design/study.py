"""The course of a design: the unperturbed network, a start, the climb, a choice among its vectors, the verification."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from neuro_mod.choices import DesignTarget
from neuro_mod.core.control.climb import Measured, Step, climb, settled
from neuro_mod.core.modulation import Baseline, modulated_circuit
from neuro_mod.errors import InputError
from neuro_mod.execution.control.design.mean_field import mean_field_direction
from neuro_mod.execution.control.design.measure import Plan
from neuro_mod.execution.control.design.measurement import OF_GOAL, OF_NEARNESS, Measurement, is_better, value_of
from neuro_mod.execution.control.design.problem import DesignOptions, DesignProblem, naive_direction, random_direction
from neuro_mod.execution.stagers import StageSNNSimulation

_Array = NDArray[np.float64]
_LOG = logging.getLogger(__name__)

#: Change of the external rate in Hz over which the default network responds linearly; the radius of the first steps.
LINEAR_RANGE = 0.05
#: Parts of the budget that a start along a direction may take.
_STARTS = (1.0, 0.5, 0.25)
#: Parts of the trials of an iteration that starts and candidates take.
_OF_START, _OF_CANDIDATE = 0.25, 2.0
#: Multiples of the designed vector whose leakage is measured, while the network is metastable.
AMPLITUDES = (0.25, 0.5, 0.75, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
#: Name of the candidate that is the mean of the vectors of a climb.
_MEAN = "mean of the later half of the climb"
#: Names of the verified vectors.
BASELINE, NAIVE, MEAN_FIELD, RANDOM, DESIGNED = "no perturbation", "naive", "mean field", "random", "design"


class Measures(Protocol):
    """Measures under a vector, or finds what was measured before; see `Measure`."""

    def __call__(self, vector: _Array, plan: Plan, *, pattern_size: float | None = None) -> Measurement:
        """Measure under a vector."""
        ...


@dataclass(eq=False)
class Study:
    """What a design found.

    Args:
        problem: What was to be designed.
        directions: The verified vectors by name; those that the constraints exclude are missing.
        linear_range: Change over which the default network responds linearly, in the unit of the target.
        unperturbed: The unperturbed network, with gradients.
        start: Name of the vector where the climb began.
        steps: The climb.
        of_steps: What was measured at each of its vectors.
        candidates: Vectors among which the design was chosen, by name, and what was measured there.
        chosen: Name of the chosen one.
        verified: Measurements of all directions, in runs that nothing before has used.
        leakage: Measurements of multiples of the design.
    """

    problem: DesignProblem
    directions: dict[str, _Array] = field(default_factory=dict)
    linear_range: float = np.nan
    unperturbed: Measurement | None = None
    start: str = ""
    steps: list[Step] = field(default_factory=list)
    of_steps: list[Measurement] = field(default_factory=list)
    candidates: dict[str, Measurement] = field(default_factory=dict)
    chosen: str = ""
    verified: dict[str, Measurement] = field(default_factory=dict)
    leakage: dict[float, Measurement] = field(default_factory=dict)


def planned_seconds(options: DesignOptions) -> float:
    """Simulated seconds of a design, about."""
    of_iteration = _plan("", options).simulated_seconds
    n_iterations = options.iterations + 1 + _OF_START * (len(_STARTS) + 1) + _OF_CANDIDATE * 5
    return n_iterations * of_iteration + (5 + len(AMPLITUDES)) * _verification(options).simulated_seconds


def linear_range(target: DesignTarget, baseline: Baseline) -> float:
    """`LINEAR_RANGE` in the unit of the target: the arousal level that changes the mean external rate by as much."""
    if target == "rate":
        return LINEAR_RANGE
    change = 1e-3
    rates = [modulated_circuit(baseline, {"arousal_level": sign * change}).arousal_rate.mean() / 2 for sign in (-1, 1)]
    slope = abs(rates[1] - rates[0]) / (2 * change)
    return LINEAR_RANGE / slope if slope > 0 else 1.0


def do_study(
    stager: StageSNNSimulation,
    options: DesignOptions,
    problem: DesignProblem,
    measure: Measures,
    seed: int,
    responses: _Array | None = None,
) -> Study:
    """Design a vector and verify it.

    Args:
        stager: The configuration.
        options: What is asked for.
        problem: The same, checked.
        measure: Measures under a vector.
        seed: Root of the random direction.
        responses: A direction from measured responses, where the climb may begin; None for none.

    Raises:
        InputError: No cluster ever becomes active, as in a homogeneous network.
    """
    study = Study(problem)
    study.directions = _directions(stager, options, problem, seed)
    study.linear_range = linear_range(options.target, stager.baseline)
    radius = min(study.linear_range, problem.constraints.budget / 2)
    zero = np.zeros(problem.constraints.n_populations)
    study.unperturbed = measure(zero, _plan("without perturbation", options), pattern_size=radius / 2)
    _report(study, "without perturbation", study.unperturbed)
    if MEAN_FIELD not in study.directions and not study.unperturbed.occupancy.any():
        runs = f"{study.unperturbed.n_trials} trials of {options.iteration_duration:g} s"
        raise InputError(
            f"network: no cluster active in {runs}, and no state with active clusters in its mean field; expected a "
            "network whose clusters switch on and off (see architecture.clusters.j_potentiated)"
        )
    start = _start(study, options, measure, responses)

    def measured(vector: _Array, number: int) -> Measured:
        found = measure(vector, _plan(f"iteration {number}", options), pattern_size=radius / 2)
        study.of_steps.append(found)
        _report(study, f"iteration {number + 1} of {options.iterations}", found)
        return found.measured(OF_GOAL if found.seen else OF_NEARNESS)

    climbing = climb(measured, start, problem.constraints, problem.groups, radius=radius, n_steps=options.iterations)
    for step in climbing:
        study.steps.append(step)
    _choose(study, options, measure)
    _verify(study, options, measure)
    _measure_leakage(study, options, measure)
    return study


def _directions(
    stager: StageSNNSimulation, options: DesignOptions, problem: DesignProblem, seed: int
) -> dict[str, _Array]:
    populations, constraints = stager.circuit.populations, problem.constraints
    found = {
        NAIVE: naive_direction(problem, populations),
        MEAN_FIELD: mean_field_direction(stager.experiment, problem.goal, options.target),
        RANDOM: random_direction(problem, populations, seed),
    }
    filled = {name: _filled(direction, problem) for name, direction in found.items() if direction is not None}
    if MEAN_FIELD not in filled:
        state = problem.goal.state
        _LOG.warning("the mean field has no steady state in which %s is active: no direction from it", state)
    assert constraints.n_populations == populations.total
    return {name: vector for name, vector in filled.items() if vector is not None}


def _filled(direction: _Array, problem: DesignProblem) -> _Array | None:
    """The best vector by a direction alone, within the budget: where entries are bounded, each at its bound."""
    constraints = problem.constraints
    if constraints.norm == "linf" and direction[problem.free].any():
        signs = constraints.filled(np.sign(direction))
        return signs if signs is not None else constraints.filled(direction)
    return constraints.filled(direction)


def _start(study: Study, options: DesignOptions, measure: Measures, responses: _Array | None) -> _Array:
    """The best of some vectors along the mean field's direction (the naive one without), and the measured gradient."""
    problem, unperturbed = study.problem, study.unperturbed
    assert unperturbed is not None
    name = next(name for name in (MEAN_FIELD, NAIVE, RANDOM) if name in study.directions)
    vectors = {f"{part:g} of {name}": part * study.directions[name] for part in _STARTS}
    kind = OF_GOAL if unperturbed.seen else OF_NEARNESS
    gradient = _filled(unperturbed.measured(kind).gradient, problem)
    if gradient is not None and np.isfinite(gradient).all():
        vectors["the gradient without perturbation"] = gradient
    along = None if responses is None else _filled(responses, problem)
    if along is not None:
        vectors["the responses"] = along
    plan = _plan("start", options, _OF_START)
    found = {label: measure(vector, plan) for label, vector in vectors.items()}
    for label, measurement in found.items():
        _report(study, f"start, {label}", measurement)
    study.start = _best(found)
    return vectors[study.start]


def _choose(study: Study, options: DesignOptions, measure: Measures) -> None:
    """The mean of the climb, unless another vector is better by more than its error in new runs.

    A climb that gains little may end below where it began, and below the directions that it is compared with.
    """
    vectors = {
        _MEAN: settled(study.steps, study.problem.constraints),
        "last vector of the climb": study.steps[-1].vector,
        f"start, {study.start}": study.steps[0].vector,
    }
    for name in (MEAN_FIELD, NAIVE):
        if name in study.directions and study.start != f"{_STARTS[0]:g} of {name}":
            vectors[f"{name} direction"] = study.directions[name]
    plan = _plan("choice", options, _OF_CANDIDATE)
    study.candidates = {label: measure(vector, plan) for label, vector in vectors.items()}
    for label, measurement in study.candidates.items():
        _report(study, f"choice, {label}", measurement)
    better = {
        label: found
        for label, found in study.candidates.items()
        if is_better(found, study.candidates[_MEAN], _objective(study.candidates))
    }
    study.chosen = _best(better) if better else _MEAN
    study.directions[DESIGNED] = vectors[study.chosen]


def _verify(study: Study, options: DesignOptions, measure: Measures) -> None:
    plan, zero = _verification(options), np.zeros(study.problem.constraints.n_populations)
    for name in (BASELINE, *(name for name in (DESIGNED, NAIVE, MEAN_FIELD, RANDOM) if name in study.directions)):
        study.verified[name] = measure(study.directions.get(name, zero), plan)
        _report(study, f"verification, {name}", study.verified[name])


def _measure_leakage(study: Study, options: DesignOptions, measure: Measures) -> None:
    plan, vector = _verification(options), study.directions[DESIGNED]
    study.leakage = {0.0: study.verified[BASELINE], 1.0: study.verified[DESIGNED]}
    for amplitude in AMPLITUDES:
        study.leakage[amplitude] = measure(amplitude * vector, plan)
        _report(study, f"leakage, {amplitude:g} times the design", study.leakage[amplitude])
        if amplitude > 1 and study.leakage[amplitude].n_states < options.least_states:
            break
    study.leakage = dict(sorted(study.leakage.items()))


def _best(found: Mapping[str, Measurement]) -> str:
    """The name of the highest objective, among those that have seen the goal if any has."""
    kind = _objective(found)
    return max(found, key=lambda name: (found[name].seen, found[name].objective(kind)))


def _objective(found: Mapping[str, Measurement]) -> str:
    """The goal, if it was seen at all, else how near the clusters come to it."""
    return OF_GOAL if any(each.seen for each in found.values()) else OF_NEARNESS


def _plan(purpose: str, options: DesignOptions, part: float = 1.0) -> Plan:
    return Plan(purpose, max(4, round(part * options.iteration_trials)), options.iteration_duration)


def _verification(options: DesignOptions) -> Plan:
    return Plan("verification", options.verify_trials, options.verify_duration)


def _report(study: Study, label: str, measurement: Measurement) -> None:
    goal = study.problem.goal
    if measurement.seen:
        found = value_of(goal, measurement)
        text = f"{goal.phrase} {found.value:.3g} +- {found.error:.2g} {goal.unit}".rstrip()
    else:
        text = f"{goal.phrase}: seen {measurement.n_seen} times; nearness {measurement.objective(OF_NEARNESS):.3g}"
    _LOG.info("%s: %s", label, text)
