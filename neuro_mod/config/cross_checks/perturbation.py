"""Checks of a perturbation block: vectors, populations and coefficients belong together."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from neuro_mod.config.cross_checks.draft import Draft
from neuro_mod.config.errors import Problem
from neuro_mod.config.perturbation import PerturbationBlock, Perturbations, TimeDependence
from neuro_mod.core.populations import total_populations


def _counts(target: str, draft: Draft) -> Iterator[Problem]:
    """As many vectors as lists of populations and as coefficients."""
    block: PerturbationBlock | None = draft[f"perturbation.{target}"]
    if block is None:
        return
    n_lists = len(block.involved_clusters)
    found = {
        "vectors": n_lists if block.vectors is None else len(block.vectors),
        "n_vectors": n_lists if block.n_vectors is None else block.n_vectors,
        "params": len(block.params),
    }
    for name, count in found.items():
        if count != n_lists:
            yield Problem(
                ("perturbation", target, name),
                f"found {count} {'coefficients' if name == 'params' else 'vectors'}",
                f"{n_lists}, one for each list in involved_clusters",
            )


def _vectors(target: str, draft: Draft) -> Iterator[Problem]:
    """Each vector has an entry for each population that it acts on."""
    block: PerturbationBlock | None = draft[f"perturbation.{target}"]
    if block is None or block.vectors is None:
        return
    for index, (vector, involved) in enumerate(zip(block.vectors, block.involved_clusters, strict=False)):
        if len(vector) != len(involved):
            yield Problem(
                ("perturbation", target, "vectors", index),
                f"found {len(vector)} entries",
                f"{len(involved)}, one for each population in involved_clusters[{index}]",
            )


def _indices(target: str, draft: Draft) -> Iterator[Problem]:
    """Populations exist, and none is named twice for the same vector."""
    block: PerturbationBlock | None = draft[f"perturbation.{target}"]
    if block is None:
        return
    total = total_populations(draft["architecture.clusters.n_clusters"])
    for row, involved in enumerate(block.involved_clusters):
        for column, population in enumerate(involved):
            path = ("perturbation", target, "involved_clusters", row, column)
            if population >= total:
                yield Problem(path, f"found {population}", f"a population from 0 to {total - 1}")
            elif population in involved[:column]:
                yield Problem(path, f"found {population} again", "each population once per vector")


def _window(target: str, draft: Draft) -> Iterator[Problem]:
    """It acts at some time during the run."""
    block: PerturbationBlock | None = draft[f"perturbation.{target}"]
    if block is None or block.time_dependence is None:
        return
    times: TimeDependence = block.time_dependence
    duration = draft["init_params.duration_sec"]
    path = ("perturbation", target, "time_dependence")
    end = f"init_params.duration_sec = {duration:g} s"
    if times.onset_time >= duration:
        yield Problem(
            (*path, "onset_time"), f"found {times.onset_time:g} s", f"a time before the end of the run, {end}"
        )
    if times.offset_time is None:
        return
    if times.offset_time > duration:
        yield Problem((*path, "offset_time"), f"found {times.offset_time:g} s", f"at most {end}, or nothing")
    if times.offset_time <= times.onset_time:
        yield Problem(
            (*path, "offset_time"), f"found {times.offset_time:g} s", f"more than onset_time = {times.onset_time:g} s"
        )


#: One check per target and aspect, so that an invalid block does not hide the others.
PERTURBATIONS = tuple(
    partial(check, target) for target in Perturbations.model_fields for check in (_counts, _vectors, _indices, _window)
)
