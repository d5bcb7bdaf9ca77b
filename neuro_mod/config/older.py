"""The older layout of configurations: keys that are in other sections now, or have another name."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel

from neuro_mod.config.sections import Clusters, ExternalCurrents, InitParams, Network
from neuro_mod.errors import KeyPath, Problem

CLUSTERS: KeyPath = ("architecture", "clusters")
#: The sections among which keys moved. None of their keys is in two of them.
SECTIONS: dict[KeyPath, type[BaseModel]] = {
    ("init_params",): InitParams,
    ("architecture", "network"): Network,
    CLUSTERS: Clusters,
    ("external_currents",): ExternalCurrents,
}
HOMES = {key: section for section, model in SECTIONS.items() for key in model.model_fields}
#: Two keys that are the entries of one list now.
BACKGROUNDS: dict[KeyPath, int] = {(*CLUSTERS, "n_excitatory_background"): 0, (*CLUSTERS, "n_inhibitory_background"): 1}
BACKGROUND: KeyPath = (*CLUSTERS, "n_background")
#: Keys that have another name now.
RENAMED: dict[KeyPath, KeyPath] = {(*CLUSTERS, "potentiate"): (*CLUSTERS, "depress")}


def home(path: KeyPath) -> KeyPath | None:
    """Where a key of the older layout is now; None if it has not moved, or does not exist any more."""
    if path in BACKGROUNDS:
        return (*BACKGROUND, BACKGROUNDS[path])
    if path in RENAMED:
        return RENAMED[path]
    section = HOMES.get(str(path[-1]), path[:-1])
    return None if path[:-1] not in SECTIONS or path[:-1] == section else (*section, path[-1])


def is_older(problems: Iterable[Problem]) -> bool:
    """Whether the problems of a configuration say that it has the older layout: at least two keys that moved."""
    return sum(problem.found == "unknown key" and home(problem.path) is not None for problem in problems) > 1
