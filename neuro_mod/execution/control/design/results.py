"""What a design says: its table, its leakage, and findings in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro_mod.config import Experiment
from neuro_mod.core.control.leakage import ROLES
from neuro_mod.core.perturbations.directions import vector_norm
from neuro_mod.core.perturbations.targets import TARGETS
from neuro_mod.execution.control.design.measure import LEAST_SHARE
from neuro_mod.execution.control.design.measurement import (
    Value,
    difference_of,
    mean_and_error,
    value_of,
)
from neuro_mod.execution.control.design.predictions import predicted, predicted_from_zero, room, transformed
from neuro_mod.execution.control.design.problem import DesignOptions
from neuro_mod.execution.control.design.study import BASELINE, DESIGNED, MEAN_FIELD, NAIVE, Study
from neuro_mod.populations import Populations
from neuro_mod.storage.json_values import json_row

_Array = NDArray[np.float64]

#: How many standard errors make a difference resolved.
RESOLVED = 2.0
#: A design that uses less of its budget is told so.
_MOST_OF = 0.95
#: A possible gain of the logarithm of the goal for which more iterations are worth while.
_WORTHWHILE = 0.2


def table(study: Study) -> list[dict[str, Any]]:
    """A row for each verified vector; None where undefined.

    ``predicted`` is by the gradients of the climb, for vectors within the linear range from some at which these were
    measured; ``predicted_from_zero`` by the gradient without perturbation, for any vector. Both come with what is one
    standard error below and above.
    """
    goal, constraints, rows = study.problem.goal, study.problem.constraints, []
    baseline, naive = study.verified[BASELINE], study.verified.get(NAIVE)
    for name, measurement in study.verified.items():
        found, gain = value_of(goal, measurement), difference_of(goal, measurement, baseline)
        beside = None if naive is None else difference_of(goal, measurement, naive)
        predictions = predicted(study, measurement.vector).columns("predicted")
        predictions |= predicted_from_zero(study, measurement.vector).columns("predicted_from_zero")
        rows.append(
            json_row(
                {
                    "direction": name,
                    "size": constraints.size(measurement.vector),
                    **predictions,
                    "verified": found.value,
                    "standard_error": found.error,
                    "gain": gain.value,
                    "gain_error": gain.error,
                    "beside_naive": None if beside is None else beside.value,
                    "beside_naive_error": None if beside is None else beside.error,
                    "times_seen": measurement.n_seen,
                    "states": measurement.n_states,
                    "active_clusters": float(measurement.occupancy.sum(axis=1).mean()),
                }
            )
        )
    return rows


def steps_table(study: Study) -> list[dict[str, Any]]:
    """A row for each step of the climb."""
    rows = []
    for number, (step, measurement) in enumerate(zip(study.steps, study.of_steps, strict=True)):
        found = value_of(study.problem.goal, measurement)
        rows.append(
            json_row(
                {
                    "iteration": number,
                    "follows": step.measured.kind,
                    "value": found.value,
                    "standard_error": found.error,
                    "objective": step.measured.objective,
                    "objective_error": step.measured.error,
                    "predicted_gain": step.predicted,
                    "realised_gain": step.realised,
                    "gain_error": step.error,
                    "radius": step.radius,
                    "size": study.problem.constraints.size(step.vector),
                    "times_seen": measurement.n_seen,
                }
            )
        )
    return rows


def leakage_table(study: Study) -> list[dict[str, Any]]:
    """Share of time in states by their role, for each multiple of the designed vector."""
    rows = []
    for amplitude, measurement in study.leakage.items():
        means, errors = mean_and_error(measurement.roles)
        for role, mean, error in zip(ROLES, means, errors, strict=True):
            row = {"amplitude": amplitude, "role": role, "share": mean, "standard_error": error}
            rows.append(json_row(row | {"states": measurement.n_states}))
    return rows


def vector_table(study: Study, populations: Populations) -> list[dict[str, Any]]:
    """The entries of each verified vector by population."""
    names = [name for name in study.verified if name != BASELINE]
    return [
        {"population": population} | {name: float(study.directions[name][a]) for name in names}
        for a, population in enumerate(populations.names)
    ]


def findings(study: Study, options: DesignOptions) -> list[str]:
    """What a reader has to know beside the numbers, a line each."""
    designed, unperturbed = study.verified[DESIGNED], study.unperturbed
    assert unperturbed is not None
    goal, lines = study.problem.goal, [] if unperturbed.seen else [_unseen(study, options)]
    value, gain = value_of(goal, designed), difference_of(goal, designed, study.verified[BASELINE])
    if not any(each.n_seen for each in (designed, *study.of_steps)):
        lines.append(f"{goal.event} was not observed, even under the design; the runs show only that it is rare")
    elif not np.isfinite([gain.value, gain.error]).all():
        lines.append("the gain or its error is unknown, as the goal is undefined in some trials; verify in more trials")
    elif abs(gain.value) <= RESOLVED * gain.error:
        lines.append(
            f"the error is larger than the effect: a gain of {gain.value:.3g} +- {gain.error:.2g} is not resolved "
            f"from none in {options.verify_trials} trials of {options.verify_duration:g} s; verify in more trials"
        )
    elif gain.value < 0:
        lines.append(f"the design makes it worse: {gain.value:.3g} +- {gain.error:.2g}")
    for name in (NAIVE, MEAN_FIELD):
        if name in study.verified:
            beside = difference_of(goal, designed, study.verified[name])
            size = f"{beside.value:+.3g} +- {beside.error:.2g}"
            if np.allclose(designed.vector, study.directions[name], rtol=1e-9, atol=0.0):
                lines.append(f"the design is the {name} direction: the climb found nothing better")
            elif abs(beside.value) <= RESOLVED * beside.error:
                lines.append(f"the design is not resolved from the {name} direction: {size}")
            elif beside.value < -RESOLVED * beside.error:
                lines.append(f"the design is worse than the {name} direction: {size}; more iterations may help")
    used = vector_norm(study.directions[DESIGNED], options.norm)
    if used < _MOST_OF * options.budget:
        lines.append(f"the design uses {used:.3g} of the budget of {options.budget:g}; more iterations may use it")
    lines += _beyond_linear(study, options, value)
    return [*lines, *_room(study), *_missing_directions(study), *_frozen(study, options)]


def _missing_directions(study: Study) -> list[str]:
    lines = []
    if NAIVE not in study.verified:
        lines.append("there is no naive direction: the constraints leave nothing of it")
    if MEAN_FIELD not in study.verified:
        state = study.problem.goal.state
        lines.append(f"no direction of the mean field: it has no steady state of {state}, or none is allowed")
    return lines


def _frozen(study: Study, options: DesignOptions) -> list[str]:
    """Where the network has too few states to be metastable."""
    least, lines = options.least_states, []
    if study.verified[BASELINE].n_states < least:
        lines.append(
            f"without perturbation fewer than {least} states are seen: the network is not metastable "
            "(are its clusters strong enough?), and few states can be targeted"
        )
    elif study.verified[DESIGNED].n_states < least:
        lines.append(
            f"the design leaves fewer than {least} states with {LEAST_SHARE:.1%} of the time: the network is barely "
            "metastable"
        )
    last = max(study.leakage)
    if study.leakage[last].n_states < least:
        lines.append(
            f"at {last:g} times the design fewer than {least} states are left: the network is no longer metastable"
        )
    return lines


def describe_results(study: Study, options: DesignOptions, populations: Populations) -> dict[str, Any]:
    """Results as plain data."""
    return {
        "chosen": study.chosen,
        "start": study.start,
        "table": table(study),
        "steps": steps_table(study),
        "leakage": leakage_table(study),
        "vectors": vector_table(study, populations),
        "findings": findings(study, options),
    }


def described_design(metadata: Mapping[str, Any]) -> dict[str, str]:
    """What was designed and how it was verified, a line each, given the content of ``run.json``."""
    unit = " Hz" if metadata["target"] == "rate" else ""
    allowed = f"{metadata['norm']} norm up to {metadata['budget']:g}{unit}"
    return {
        "raised": metadata["goal_in_words"],
        "perturbed": f"{metadata['target']} of {len(metadata['only'])} populations, {allowed}",
        "active clusters": f"above {metadata['active_above_hz']:g} Hz, {metadata['smoothing']}",
        "chosen": metadata["chosen"],
        "verified": f"{metadata['verify_trials']} trials of {metadata['verify_duration_sec']:g} s for each",
    }


def designed_experiment(experiment: Experiment, options: DesignOptions, study: Study) -> Experiment:
    """The configuration with the designed perturbation."""
    populations, vector = experiment.populations, study.directions[DESIGNED]
    involved = np.flatnonzero(vector)
    block = {
        "involved_clusters": [populations.names[a] for a in involved],
        "vectors": [[float(f"{vector[a]:.9g}") for a in involved]],
        "params": [1.0],
    }
    return experiment.replace({f"perturbation.{options.target}": block})


def _unseen(study: Study, options: DesignOptions) -> str:
    event, unperturbed = study.problem.goal.event, study.unperturbed
    assert unperturbed is not None
    n_seen, runs = unperturbed.n_seen, f"{unperturbed.n_trials} trials of {options.iteration_duration:g} s"
    how_often = f"seen {n_seen} time{'s' * (n_seen > 1)} only" if n_seen else "not seen"
    first = next((number for number, each in enumerate(study.of_steps) if each.seen), None)
    then = ", and it was not seen afterwards either" if first is None else f" until it was, in iteration {first + 1}"
    never = [f"E{cluster}" for cluster in study.problem.goal.members if not unperturbed.occupancy[:, cluster].any()]
    inactive = f"; {', '.join(never)} never became active" if never else ""
    return (
        f"{event} was {how_often} in {runs} without perturbation{inactive}; the climb followed how near the clusters "
        f"come to it{then}"
    )


def _beyond_linear(study: Study, options: DesignOptions, found: Value) -> list[str]:
    """Whether the design is beyond the linear range, and how far steps did what their gradients predicted."""
    vector, lines, unit = study.directions[DESIGNED], [], TARGETS[options.target].unit
    by_zero, where = predicted_from_zero(study, vector), transformed(study.problem.goal, found)
    largest = float(np.abs(vector).max())
    if np.isfinite(by_zero.transformed):
        if abs(by_zero.transformed - where.value) > RESOLVED * np.hypot(by_zero.error, where.error):
            lines.append(
                "the budget is beyond the linear range: the gradient without perturbation predicts "
                f"{by_zero.value:.3g} ({by_zero.low:.3g} to {by_zero.high:.3g}), and {found.value:.3g} +- "
                f"{found.error:.2g} is found"
            )
    elif largest > (1 + 1e-6) * study.linear_range:
        lines.append(
            "the budget may be beyond the linear range: the largest entry is "
            f"{largest:.3g}, and about {f'{study.linear_range:.2g} {unit}'.rstrip()} is the range of the default "
            "network (not measured in this one)"
        )
    moves = [
        float(np.abs(step.vector - before.vector).max())
        for before, step in zip(study.steps, study.steps[1:], strict=False)
        if step.linear and not before.went_back
    ]
    if moves and max(moves) > 0:
        largest_move = f"{max(moves):.2g} {unit}".rstrip()
        lines.append(f"steps of up to {largest_move} did what their gradients predicted, within two errors")
    departing = [number + 1 for number, step in enumerate(study.steps) if step.linear is False]
    if departing:
        numbers = ", ".join(map(str, departing))
        lines.append(f"iterations whose gain is not what their gradient predicted, within two errors: {numbers}")
    return lines


def _room(study: Study) -> list[str]:
    """How much better than the design another allowed vector may be."""
    found = room(study)
    if found is None:
        return []
    # a share is 1 at most
    possible = -float(np.log(study.verified[DESIGNED].above.mean()))
    more = min(found.value - RESOLVED * found.error, possible) > _WORTHWHILE
    more, by_gradients = "; more iterations may find it" * more, "by a linear estimate from the gradients of the climb"
    if found.value >= possible:
        return [f"{by_gradients}, another allowed vector may be better, up to a share of 1{more}"]
    factor = float(np.exp(max(found.value, 0.0)))
    return [
        f"{by_gradients}, another allowed vector may be better by a factor of up to {factor:.2f} +- "
        f"{factor * found.error:.1g} (exact only if the logarithm of the share is concave; errors of the gradients "
        f"make it too large){more}"
    ]
