"""Checks of a perturbation: matching lengths, when it acts, and whether parameters stay within their bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from neuro_mod.config.cross_checks.draft import LARGEST, Draft, too_large
from neuro_mod.config.cross_checks.network import USUAL
from neuro_mod.config.perturbation import PerturbationBlock, Perturbations, perturbation_seed, unperturbed
from neuro_mod.core.course import Course
from neuro_mod.core.perturbations import TimedPerturbation
from neuro_mod.core.perturbations.targets import SOURCE_TARGETS, TARGETS, first_impossible
from neuro_mod.core.spiking_net.time_step import EULER_DIVERGES, euler_ratio, too_short
from neuro_mod.errors import InputError, KeyPath, Problem, show
from neuro_mod.populations import Populations
from neuro_mod.recordings.spikes import MAX_STEPS

#: Targets that are times of neurons.
TIMES = tuple(target for target in TARGETS if f"init_params.{target}" in USUAL)


def _counts(path: KeyPath, block: PerturbationBlock, _: Draft) -> Iterator[Problem]:
    """As many vectors as lists of populations and as coefficients."""
    expected = len(block.involved_clusters) if block.nested else len(block.params)
    reference = "list in involved_clusters" if block.nested else "coefficient in params"
    found = {
        "vectors": expected if block.vectors is None else len(block.vectors),
        "n_vectors": expected if block.n_vectors is None else block.n_vectors,
        "params": len(block.params),
    }
    for name, count in found.items():
        if count != expected:
            noun = "coefficient" if name == "params" else "vector"
            counted = f"{count} {noun}{'' if count == 1 else 's'} found"
            yield Problem((*path, name), counted, f"{expected}, one for each {reference}")


def _vectors(path: KeyPath, block: PerturbationBlock, _: Draft) -> Iterator[Problem]:
    """Each vector has an entry for each population that it acts on."""
    for index, (vector, involved) in enumerate(zip(block.vectors or (), block.lists, strict=False)):
        if len(vector) != len(involved):
            counted = f"{len(vector)} {'entry' if len(vector) == 1 else 'entries'} found"
            reference = f"involved_clusters{f'[{index}]' if block.nested else ''}"
            expected = f"{len(involved)}, one for each population in {reference}"
            yield Problem((*path, "vectors", index), counted, expected)


def _drawing(path: KeyPath, block: PerturbationBlock, draft: Draft) -> Iterator[Problem]:
    """Vectors can be drawn as the block says."""
    if block.vectors is not None:
        for key in block.given_for_drawing:
            hint = f"{key} is about drawn vectors: leave out {key}, or vectors"
            yield Problem((*path, key), f"{show(getattr(block, key))} found beside vectors", hint=hint)
        return
    if block.direction is not None and len(block.params) != 1:
        hint = "with direction, a block draws a single vector"
        yield Problem((*path, "direction"), f"found beside {len(block.params)} coefficients in params", "one", hint)
        return
    if not block.given_for_drawing or any(
        problem for check in (_counts, _populations, _magnitude) for problem in check(path, block, draft)
    ):
        return
    try:
        block.timed(draft.populations, draft["settings.random_seed"])
    except InputError as error:
        key, _, found = str(error).partition(": ")
        if key in block.given_for_drawing:
            yield Problem((*path, key), found)


def _populations(path: KeyPath, block: PerturbationBlock, draft: Draft) -> Iterator[Problem]:
    """Populations exist, and each is named once per vector."""
    layout = Populations(draft["architecture.clusters.n_clusters"], (0, 0), (0, 0))
    for row, involved in enumerate(block.lists if block.nested else block.lists[:1]):
        seen: set[int] = set()
        for column, population in enumerate(involved):
            place = (*path, "involved_clusters", *((row, column) if block.nested else (column,)))
            try:
                index = layout.index(population)
            except ValueError:
                valid = f"a population from 0 to {layout.total - 1}, or {layout.named}"
                yield Problem(place, f"{show(population)} found", valid)
                continue
            if index in seen:
                yield Problem(place, f"duplicate population {population}", "each population once per vector")
            seen.add(index)


def _magnitude(path: KeyPath, block: PerturbationBlock, _: Draft) -> Iterator[Problem]:
    """No number is far beyond any parameter."""
    for key in ("mean", "sigma"):
        yield from too_large((*path, key), getattr(block, key))
    for key, value in block.times.given().items():
        yield from too_large((*path, "time_dependence", key), value)


def _window(path: KeyPath, block: PerturbationBlock, draft: Draft) -> Iterator[Problem]:
    """The perturbation acts at some time during the run."""
    onset, offset = block.times.onset_time, block.times.offset_time
    duration = draft["init_params.duration_sec"]
    end = f"init_params.duration_sec = {duration:g} s"
    path = (*path, "time_dependence")
    if onset >= duration:
        yield Problem((*path, "onset_time"), f"{onset:g} s found", f"a time before the end of the run, {end}")
    if offset is not None and offset > duration:
        yield Problem((*path, "offset_time"), f"{offset:g} s found", f"at most {end}, or no value")
    if offset is not None and offset <= onset:
        yield Problem((*path, "offset_time"), f"{offset:g} s found", f"more than onset_time = {onset:g} s")


def _shape(path: KeyPath, block: PerturbationBlock, _: Draft) -> Iterator[Problem]:
    """A time course has the parameters of its shape, and no others."""
    times = block.times
    path = (*path, "time_dependence")
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


def _possible(path: KeyPath, block: PerturbationBlock, draft: Draft) -> Iterator[Problem]:
    """The perturbation is finite, and no parameter becomes impossible at any time of the run."""
    target = str(path[-1])
    populations, times, seed = draft.populations, draft["init_params"], draft["settings.random_seed"]
    before = unperturbed(target, draft.__getitem__)
    if not 0 < times.duration_sec / times.delta_t <= MAX_STEPS or any(_magnitude(path, block, draft)):
        return  # other checks report it, here and below
    try:
        perturbation = block.timed(populations, perturbation_seed(seed, target))
        with np.errstate(over="ignore", invalid="ignore"):
            vector = perturbation.vector
        value, reset = (populations.expand(each) for each in (before, times.reset_voltage))
    except ValueError:
        return
    path = (*path, "params")
    factor = _finite_factor(perturbation, round(times.duration_sec / times.delta_t), times.delta_t)
    if factor is None:
        expected = f"sums and products of params, vectors and f(t) below {LARGEST:g} in magnitude"
        yield Problem(path, "the perturbation is too large", expected)
    elif target not in SOURCE_TARGETS and (found := first_impossible(target, value, reset, vector, factor.values)):
        moment = float(factor.steps[found.piece] * times.delta_t)
        yield Problem(path, *found.describe(target, populations.names[found.population], moment))
    elif target in TIMES:
        yield from _resolved(path, target, TARGETS[target].extremes(value, vector, factor.values), draft)


def _resolved(path: KeyPath, target: str, values: NDArray[np.float64], draft: Draft) -> Iterator[Problem]:
    """Perturbed times, their extremes in seconds, are usual, and resolved by the time step."""
    step, names = draft["init_params.delta_t"], draft.populations.names
    usual, least, most = USUAL[f"init_params.{target}"], values.min(axis=0), values.max(axis=0)
    shortest, longest = int(least.argmin()), int(most.argmax())
    if most[longest] > usual and not draft["settings.allow_unusual"]:
        hint = "params are in s (settings.allow_unusual: true accepts it)"
        yield Problem(path, f"{target} becomes {most[longest]:g} s in {names[longest]}", f"at most {usual:g} s", hint)
    if target == "tau_refractory":
        for index in np.flatnonzero(too_short(most, step))[:1]:
            valid = f"0, or at least init_params.delta_t = {step:g} s"
            yield Problem(path, f"{target} becomes {most[index]:g} s in {names[index]}", valid)
    elif euler_ratio(draft["init_params.mechanism"], step, least[shortest]) >= EULER_DIVERGES:
        found = f"{target} becomes {least[shortest]:g} s in {names[shortest]}"
        valid = f"more than half of init_params.delta_t = {step:g} s, as Euler steps diverge otherwise"
        yield Problem(path, found, valid, "mechanism: analytic is exact")


def perturbed_times(draft: Draft) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Each perturbed time constant or period with its extremes over the run in seconds, shape ``(2, P)``."""
    times, populations = draft["init_params"], draft.populations
    for target in TIMES:
        block: PerturbationBlock | None = draft[f"perturbation.{target}"]
        if block is not None:
            timed = block.timed(populations, perturbation_seed(draft["settings.random_seed"], target))
            factor = timed.factor(round(times.duration_sec / times.delta_t), times.delta_t)
            before = populations.expand(getattr(times, target))
            yield target, TARGETS[target].extremes(before, timed.vector, factor.values)


def _finite_factor(perturbation: TimedPerturbation, n_steps: int, delta_t: float) -> Course | None:
    """The time course over the run; None where the perturbation is too large."""
    with np.errstate(over="ignore", invalid="ignore"):
        try:
            factor = perturbation.factor(n_steps, delta_t)
            strongest = np.abs(factor.values).max() * perturbation.vector
        except ValueError:
            return None
    return factor if (np.abs(strongest) < LARGEST).all() else None


_Check = Callable[[KeyPath, PerturbationBlock, Draft], Iterator[Problem]]


def _of_target(target: str, check: _Check, draft: Draft) -> Iterable[Problem]:
    block: PerturbationBlock | None = draft[f"perturbation.{target}"]
    return () if block is None else check(("perturbation", target), block, draft)


#: One check per target and aspect, so that an invalid block does not hide the others.
PERTURBATIONS = tuple(
    partial(_of_target, target, check)
    for target in Perturbations.model_fields
    for check in (_counts, _vectors, _drawing, _populations, _magnitude, _window, _shape, _possible)
)
