"""Checks of a perturbation block: what belongs together, when it acts, and whether it leaves parameters possible."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from neuro_mod.config.cross_checks.draft import Draft
from neuro_mod.config.perturbation import (
    PerturbationBlock,
    Perturbations,
    is_nested,
    perturbation_seed,
    unperturbed,
)
from neuro_mod.core.course import Course
from neuro_mod.core.perturbations import TimedPerturbation
from neuro_mod.core.perturbations.targets import PER_SOURCE, first_impossible
from neuro_mod.errors import Problem
from neuro_mod.populations import Populations
from neuro_mod.recordings.spikes import MAX_STEPS


def _counts(target: str, draft: Draft) -> Iterator[Problem]:
    """As many vectors as lists of populations and as coefficients."""
    block: PerturbationBlock | None = draft[f"perturbation.{target}"]
    if block is None:
        return
    nested = is_nested(block.involved_clusters)
    expected = len(block.involved_clusters) if nested else len(block.params)
    reference = "list in involved_clusters" if nested else "coefficient in params"
    found = {
        "vectors": expected if block.vectors is None else len(block.vectors),
        "n_vectors": expected if block.n_vectors is None else block.n_vectors,
        "params": len(block.params),
    }
    for name, count in found.items():
        if count != expected:
            yield Problem(
                ("perturbation", target, name),
                f"{count} {'coefficients' if name == 'params' else 'vectors'} found",
                f"{expected}, one for each {reference}",
            )


def _vectors(target: str, draft: Draft) -> Iterator[Problem]:
    """Each vector has an entry for each population that it acts on."""
    block: PerturbationBlock | None = draft[f"perturbation.{target}"]
    if block is None or block.vectors is None:
        return
    nested = is_nested(block.involved_clusters)
    for index, (vector, involved) in enumerate(zip(block.vectors, block.lists, strict=False)):
        if len(vector) != len(involved):
            yield Problem(
                ("perturbation", target, "vectors", index),
                f"{len(vector)} entries found",
                f"{len(involved)}, one for each population in involved_clusters{f'[{index}]' if nested else ''}",
            )


def _populations(target: str, draft: Draft) -> Iterator[Problem]:
    """Populations exist, and none is named twice for the same vector."""
    block: PerturbationBlock | None = draft[f"perturbation.{target}"]
    if block is None:
        return
    layout = Populations(draft["architecture.clusters.n_clusters"], (0, 0), (0, 0))
    nested = is_nested(block.involved_clusters)
    for row, involved in enumerate(block.lists if nested else block.lists[:1]):
        seen: set[int] = set()
        for column, population in enumerate(involved):
            path = ("perturbation", target, "involved_clusters", *((row, column) if nested else (column,)))
            try:
                index = layout.index(population)
            except ValueError:
                yield Problem(
                    path, f"{population} found", f"a population from 0 to {layout.total - 1}, or {layout.named}"
                )
                continue
            if index in seen:
                yield Problem(path, f"duplicate population {population}", "each population once per vector")
            seen.add(index)


def _window(target: str, draft: Draft) -> Iterator[Problem]:
    """It acts at some time during the run."""
    block: PerturbationBlock | None = draft[f"perturbation.{target}"]
    if block is None or block.time_dependence is None:
        return
    times = block.time_dependence
    duration = draft["init_params.duration_sec"]
    path = ("perturbation", target, "time_dependence")
    end = f"init_params.duration_sec = {duration:g} s"
    if times.onset_time >= duration:
        yield Problem(
            (*path, "onset_time"), f"{times.onset_time:g} s found", f"a time before the end of the run, {end}"
        )
    if times.offset_time is None:
        return
    if times.offset_time > duration:
        yield Problem((*path, "offset_time"), f"{times.offset_time:g} s found", f"at most {end}, or nothing")
    if times.offset_time <= times.onset_time:
        yield Problem(
            (*path, "offset_time"), f"{times.offset_time:g} s found", f"more than onset_time = {times.onset_time:g} s"
        )


def _shape(target: str, draft: Draft) -> Iterator[Problem]:
    """A time course has the parameters of its shape, and no others."""
    block: PerturbationBlock | None = draft[f"perturbation.{target}"]
    if block is None or block.time_dependence is None:
        return
    times = block.time_dependence
    path = ("perturbation", target, "time_dependence")
    unused, missing = times.unused_and_missing()
    for key in unused:
        valid = ", ".join(times.keys_of_shape())
        yield Problem((*path, key), f"the shape {times.shape} has no {key}", hint=f"it has {valid}")
    for key in missing:
        yield Problem((*path, key), "missing", hint=f"the shape {times.shape} needs it")
    if unused or missing or (times.offset_time is not None and times.offset_time <= times.onset_time):
        return
    try:
        times.time_course()
    except ValueError as error:
        yield Problem(path, str(error))


def _possible(target: str, draft: Draft) -> Iterator[Problem]:
    """The perturbation is finite, and no parameter becomes impossible at any time of the run."""
    block: PerturbationBlock | None = draft[f"perturbation.{target}"]
    if block is None:
        return
    populations, times, seed = draft.populations, draft["init_params"], draft["settings.random_seed"]
    before = unperturbed(target, draft.__getitem__)
    if not 0 < times.duration_sec / times.delta_t <= MAX_STEPS:
        return  # other checks say why, here and below
    try:
        perturbation = block.timed(populations, perturbation_seed(seed, target))
        with np.errstate(over="ignore", invalid="ignore"):
            vector = perturbation.vector
        value, reset = (populations.expand(each) for each in (before, times.reset_voltage))
    except ValueError:
        return
    path = ("perturbation", target, "params")
    factor = _finite_factor(perturbation, round(times.duration_sec / times.delta_t), times.delta_t)
    if factor is None:
        yield Problem(path, "the perturbation is infinite", "finite sums and products of params, vectors and f(t)")
    elif target not in PER_SOURCE and (found := first_impossible(target, value, reset, vector, factor.values)):
        moment = float(factor.steps[found.piece] * times.delta_t)
        yield Problem(path, *found.said_of(target, populations.names[found.population], moment))


def _finite_factor(perturbation: TimedPerturbation, n_steps: int, delta_t: float) -> Course | None:
    """The time course over the run; None where the perturbation is not finite."""
    with np.errstate(over="ignore", invalid="ignore"):
        try:
            factor = perturbation.factor(n_steps, delta_t)
            strongest = np.abs(factor.values).max() * perturbation.vector
        except ValueError:
            return None
    return factor if np.isfinite(strongest).all() else None


#: One check per target and aspect, so that an invalid block does not hide the others.
PERTURBATIONS = tuple(
    partial(check, target)
    for target in Perturbations.model_fields
    for check in (_counts, _vectors, _populations, _window, _shape, _possible)
)
