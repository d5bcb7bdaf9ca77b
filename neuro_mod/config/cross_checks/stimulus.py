"""Checks of which clusters and neurons a stimulus reaches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from neuro_mod.config.cross_checks.draft import Draft
from neuro_mod.config.sections import StimulusSection
from neuro_mod.errors import KeyPath, Problem, show
from neuro_mod.populations import EXCITATORY

_CLUSTERS, _NEURONS = ("stimulus", "clusters"), ("stimulus", "neurons")
#: Keys that say the same, once as what is stimulated and once as a fraction that is drawn.
_ALTERNATIVES = {"clusters": "stimulated_clusters_prob", "neurons": "stimulated_neuron_prob"}


def _clusters(draft: Draft) -> Iterator[Problem]:
    """Stimulated clusters exist, have E neurons, and are named once."""
    chosen, populations = draft["stimulus.clusters"], draft.populations
    if chosen is None:
        return
    if not (populations.n_clusters and populations.cluster_sizes[EXCITATORY]):
        yield Problem(_CLUSTERS, f"{show(chosen)} found", hint="the network has no E clusters")
        return
    last = populations.n_clusters - 1
    yield from _indices(_CLUSTERS, chosen, last, f"E clusters from 0 to {last} (architecture.clusters.n_clusters)")


def _neurons(draft: Draft) -> Iterator[Problem]:
    """Stimulated neurons are E neurons, named once."""
    chosen = draft["stimulus.neurons"]
    if isinstance(chosen, tuple):
        last = draft.neurons_of_type[EXCITATORY] - 1
        valid = f"E neurons, which have the indices from 0 to {last} (architecture.network.n_excitatory)"
        yield from _indices(_NEURONS, chosen, last, valid)


def _indices(path: KeyPath, chosen: Sequence[int], last: int, valid: str) -> Iterator[Problem]:
    for place, index in enumerate(chosen):
        if index > last:
            yield Problem((*path, place), f"{index} found", valid)
    if duplicates := [index for index, count in Counter(chosen).items() if count > 1]:
        yield Problem(path, f"duplicate {', '.join(map(str, duplicates[:3]))}", "each index once")


def _one_reading(draft: Draft) -> Iterator[Problem]:
    """What is stimulated is said once."""
    stimulus = draft["stimulus"]
    if isinstance(stimulus.neurons, tuple):
        if stimulus.clusters is not None:
            hint = "a fraction of the neurons of the clusters, or the neurons without clusters"
            yield Problem(_NEURONS, f"indices found beside stimulus.clusters = {show(stimulus.clusters)}", hint=hint)
        if _differs(stimulus, "stimulated_clusters_prob"):
            yield _contradiction(stimulus, "neurons", "stimulated_clusters_prob")
    for key, drawn in _ALTERNATIVES.items():
        value = getattr(stimulus, key)
        if value is not None and _differs(stimulus, drawn) and getattr(stimulus, drawn) != value:
            yield _contradiction(stimulus, key, drawn)


def _contradiction(stimulus: StimulusSection, key: str, drawn: str) -> Problem:
    found = f"{show(getattr(stimulus, key))} found beside stimulus.{drawn} = {show(getattr(stimulus, drawn))}"
    return Problem(("stimulus", key), found, hint=f"leave one of them out; {drawn} then is {_default(drawn)}")


def _differs(stimulus: StimulusSection, key: str) -> bool:
    """Whether a value was given; a resolved configuration has the default of each key."""
    return getattr(stimulus, key) != _default(key)


def _default(key: str) -> float:
    return StimulusSection.model_fields[key].default


STIMULUS = (_clusters, _neurons, _one_reading)
