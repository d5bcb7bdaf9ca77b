"""Sessions together with their clusters and conventions, from what the user says and what the data say."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from neuro_mod.errors import DataError
from neuro_mod.populations import EXCITATORY
from neuro_mod.recordings.events import Conventions
from neuro_mod.recordings.layout import ClusterLayout, cluster_layout, first_clusters
from neuro_mod.recordings.sessions import (
    Description,
    Session,
    Sessions,
    check_conventions,
    open_sessions,
)
from neuro_mod.recordings.spikes import SpikeEvents
from neuro_mod.storage.reading import map_array


@dataclass(frozen=True, eq=False)
class SpikeSource:
    """Sessions that can be read, and what is known about all of them.

    Args:
        sessions: The sessions.
        layout: Which neuron belongs to which cluster.
        conventions: What the spikes leave open.
    """

    sessions: tuple[Session, ...]
    layout: ClusterLayout
    conventions: Conventions
    #: The session that was read first, with its time step; the others have the same.
    _first: dict[str, tuple[Session, float]] = field(default_factory=dict, init=False, repr=False)

    def read(self, index: int) -> SpikeEvents:
        """Spikes of one session.

        Raises:
            DataError: They are damaged, or contradict what is known about all sessions.
        """
        session = self.sessions[index]
        spikes, labels = session.read(replace(self.conventions, n_neurons=self.layout.n_neurons))
        if labels is not None and not np.array_equal(labels, self.layout.of_each_neuron):
            raise DataError(f"{session.where}: its cluster labels differ from those of the other sessions, or as given")
        first, delta_t = self._first.setdefault("session", (session, spikes.delta_t))
        if not math.isclose(spikes.delta_t, delta_t):
            raise DataError(f"{session.where} has steps of {spikes.delta_t:g} s, {first.where} of {delta_t:g} s")
        return spikes

    def __iter__(self) -> Iterator[SpikeEvents]:
        return (self.read(index) for index in range(len(self.sessions)))


def open_source(
    spikes: Any,
    clusters: ArrayLike | str | os.PathLike[str] | None,
    n_excitatory_clusters: int | None,
    state_clusters: Any,
    conventions: Conventions,
) -> SpikeSource:
    """Sessions with their clusters; of the spikes, at most those of the first session are read.

    Args:
        spikes: As for `Analyzer`.
        clusters: As for `Analyzer`.
        n_excitatory_clusters: As for `Analyzer`.
        state_clusters: As for `Analyzer`.
        conventions: What the user says about the spikes.

    Raises:
        DataError: Data are damaged or contradict each other.
        ValueError: Something else is not valid.
    """
    check_conventions(conventions)
    opened = open_sessions(spikes)
    described = opened.description
    if described is not None:
        conventions = conventions.completed(described.where, delta_t=described.delta_t)
    layout = _layout(opened, clusters, conventions)
    layout = _defining_states(layout, described, n_excitatory_clusters, state_clusters)
    return SpikeSource(opened.sessions, layout, conventions)


def _layout(opened: Sessions, clusters: Any, conventions: Conventions) -> ClusterLayout:
    described = opened.description
    if isinstance(clusters, str | os.PathLike):
        layout, where = _layout_of_files([Path(clusters)]), str(clusters)
    elif clusters is not None:
        layout, where = cluster_layout(clusters), "clusters"
    elif opened.clusters:
        layout, where = _layout_of_files(opened.clusters), str(opened.clusters[0])
    elif described is not None:
        return cluster_layout(described.populations.of_neuron)
    else:
        first = opened.sessions[0]
        labels = first.read(conventions).labels
        if labels is None:
            raise ValueError(f"{first.where} does not say which neuron belongs to which cluster; give clusters=...")
        return cluster_layout(labels, first.where)
    if described is not None and not np.array_equal(layout.of_each_neuron, described.populations.of_neuron):
        raise DataError(
            f"{where} has {layout.n_neurons} neurons in {len(layout.labels)} clusters, other than {described.where}: "
            f"{described.populations.n_neurons} neurons, {described.populations.named}"
        )
    return layout


def _layout_of_files(files: Sequence[Path]) -> ClusterLayout:
    first, *others = map(_layout_of_file, files)
    for file, other in zip(files[1:], others, strict=True):
        if not np.array_equal(other.of_each_neuron, first.of_each_neuron):
            raise DataError(f"{file} and {files[0]} have different clusters")
    return first


def _layout_of_file(file: Path) -> ClusterLayout:
    try:
        labels = map_array(file)
    except DataError as error:
        raise DataError(f"{error}; expected an .npy file with the label of each neuron's cluster") from error
    try:
        return cluster_layout(labels, str(file))
    except ValueError as error:
        raise DataError(str(error)) from error


def _defining_states(
    layout: ClusterLayout, described: Description | None, n_excitatory_clusters: int | None, state_clusters: Any
) -> ClusterLayout:
    chosen = _excitatory(layout, described, n_excitatory_clusters)
    if isinstance(state_clusters, Iterable) and not isinstance(state_clusters, str):
        return layout.choosing(list(state_clusters))
    if state_clusters not in ("excitatory", "all"):
        raise ValueError(
            f"state_clusters is {state_clusters!r}; valid: excitatory, all, or a list of labels of clusters"
        )
    return layout if state_clusters == "all" else chosen


def _excitatory(
    layout: ClusterLayout, described: Description | None, n_excitatory_clusters: int | None
) -> ClusterLayout:
    """The excitatory clusters define states, where it is known which they are."""
    if described is None:
        return layout if n_excitatory_clusters is None else first_clusters(layout, n_excitatory_clusters)
    populations = described.populations
    n_clusters = populations.n_clusters if populations.cluster_sizes[EXCITATORY] else 0
    if n_excitatory_clusters not in (None, n_clusters):
        raise DataError(f"n_excitatory_clusters is {n_excitatory_clusters}, but {described.where} has {n_clusters}")
    return layout.choosing(range(n_clusters)) if n_clusters else layout
