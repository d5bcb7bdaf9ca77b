"""Checks of sizes, clusters and weights."""

from __future__ import annotations

import math
from collections.abc import Iterator

from neuro_mod.config.cross_checks.draft import Draft, entry_path, four_entries
from neuro_mod.core.clustering.block_weights import depression_factors, largest_potentiation
from neuro_mod.errors import Problem
from neuro_mod.populations import PATHWAYS, divide_into_clusters, total_populations

_NETWORK = ("architecture", "network")
_ROUNDING = 1e-12
_CLUSTERS = ("architecture", "clusters")


def excitatory_fit(draft: Draft) -> Iterator[Problem]:
    """No more excitatory neurons than neurons."""
    total, excitatory = draft["architecture.network.n_neurons"], draft["architecture.network.n_excitatory"]
    if excitatory > total:
        yield Problem((*_NETWORK, "n_excitatory"), f"{excitatory} found", f"at most n_neurons = {total}")


def inhibitory_derived(draft: Draft) -> Iterator[Problem]:
    """``n_inhibitory`` is what the other two leave."""
    _, expected = draft.neurons_of_type
    found = draft["architecture.network.n_inhibitory"]
    if found != expected:
        yield Problem(
            (*_NETWORK, "n_inhibitory"),
            f"{found} found",
            f"{expected} (n_neurons - n_excitatory)",
            "it may be left out",
        )


def populations_derived(draft: Draft) -> Iterator[Problem]:
    """``total_pops`` follows from ``n_clusters``."""
    found, expected = (
        draft["architecture.clusters.total_pops"],
        total_populations(draft["architecture.clusters.n_clusters"]),
    )
    if found != expected:
        yield Problem(
            (*_CLUSTERS, "total_pops"), f"{found} found", f"{expected} (2 n_clusters + 2)", "it may be left out"
        )


def exact_division(draft: Draft) -> Iterator[Problem]:
    """Each type divides evenly among the clusters."""
    n_clusters, background = draft["architecture.clusters.n_clusters"], draft["architecture.clusters.n_background"]
    neurons = draft.neurons_of_type
    for kind in range(2):
        alone = [[count if i == kind else 0 for i, count in enumerate(counts)] for counts in (neurons, background)]
        try:
            divide_into_clusters(n_clusters, *alone)
        except ValueError as error:
            yield Problem((*_CLUSTERS, "n_background", kind), str(error))


def sign_of_weights(draft: Draft) -> Iterator[Problem]:
    """Dale's law: weights from E neurons are not negative, from I neurons not positive."""
    key = "architecture.network.j_baseline"
    value = draft[key]
    if not isinstance(value, tuple):
        if value:
            yield Problem(
                (*_NETWORK, "j_baseline"),
                f"{value:g} found for all pathways",
                f"four entries [{', '.join(PATHWAYS)}]",
                "weights from inhibitory neurons are written negative, from excitatory ones positive",
            )
        return
    for index, (weight, pathway) in enumerate(zip(value, PATHWAYS, strict=True)):
        path = entry_path(key, value, index)
        if pathway.startswith("I") and weight > 0:
            hint = "weights from inhibitory neurons are written negative"
            yield Problem(path, f"{weight:g} found for {pathway}", "a number <= 0", hint)
        if pathway.startswith("E") and weight < 0:
            hint = "weights from excitatory neurons are not negative"
            yield Problem(path, f"{weight:g} found for {pathway}", "a number >= 0", hint)


def depression(draft: Draft) -> Iterator[Problem]:
    """Depression between clusters does not turn weights around."""
    key = "architecture.clusters.j_potentiated"
    value, populations = draft[key], draft.populations
    if not draft["architecture.clusters.depress"]:
        return
    factors = four_entries(value)
    for index, g in enumerate(depression_factors(populations, factors)):
        if g < -_ROUNDING:
            pre, post = divmod(index, 2)
            largest = largest_potentiation(
                populations.n_clusters, populations.type_fraction(post), populations.type_fraction(pre)
            )
            largest = math.floor(largest * 1e4 + 1e-6) / 1e4
            yield Problem(
                entry_path(key, value, index),
                f"{factors[index]:g} found for {PATHWAYS[index]}, which makes the weights between clusters change sign "
                f"(depression factor g = {g:.4g} < 0)",
                f"at most {largest:g} for {populations.n_clusters} clusters of these sizes",
                "or set architecture.clusters.depress: false",
            )
