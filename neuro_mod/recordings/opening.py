"""Opening sessions with their clusters and conventions, from the arguments of the user and the data."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from neuro_mod.checks import user_path
from neuro_mod.errors import DataError, invalid
from neuro_mod.populations import EXCITATORY
from neuro_mod.recordings.conventions import Conventions, check_conventions
from neuro_mod.recordings.copies import fingerprint, refuse_copies
from neuro_mod.recordings.label_tables import labels_in_table
from neuro_mod.recordings.layout import ClusterLayout, cluster_layout, first_clusters, named_clusters, without_clusters
from neuro_mod.recordings.plausibility import coincident, implausible, twice
from neuro_mod.recordings.readings import Reading
from neuro_mod.recordings.sessions import Description, Session, Sessions, open_sessions
from neuro_mod.recordings.spikes import SpikeEvents
from neuro_mod.recordings.windows import cut
from neuro_mod.storage.reading import map_array

_LOG = logging.getLogger(__name__)
#: Spikes of which it is no chance that they are those of another session too.
_NO_CHANCE = 10
#: Words of messages about numbers of neurons that contradict the labels.
_LABELS = "cluster labels"
#: What they say instead where no labels are known.
_GIVEN = "given or in other sessions"


@dataclass(frozen=True, eq=False)
class SpikeSource:
    """Sessions that can be read, with their common properties.

    Args:
        sessions: The sessions.
        layout: Cluster of each neuron.
        conventions: Conventions for the spikes.
        labels_from: The file or object that the layout was read from.
        own: Whether the spikes are those of a run; others are checked for plausibility.
        own_networks: Whether it is known that each session has a network of its own.
        other_labels: Whether the layout replaces that of the data, with which it need not agree.
    """

    sessions: tuple[Session, ...]
    layout: ClusterLayout
    conventions: Conventions
    labels_from: str = ""
    own: bool = False
    own_networks: bool = False
    other_labels: bool = False
    #: The session that was read first, and its time step, which is that of the others.
    _first: dict[str, tuple[Session, float]] = field(default_factory=dict, init=False, repr=False)
    #: Sessions that were checked for plausibility.
    _checked: set[int] = field(default_factory=set, init=False, repr=False)
    #: The first session with spikes of this fingerprint.
    _known: dict[tuple[int, ...], int] = field(default_factory=dict, init=False, repr=False)

    def read(self, index: int) -> SpikeEvents:
        """Spikes of one session; the first time, a warning says what is implausible about them.

        Raises:
            DataError: They are damaged, or contradict the layout, the conventions or another session.
        """
        session = self.sessions[index]
        reading = self._reading(session)
        spikes, labels = reading.spikes, reading.labels
        if not self.other_labels and labels is not None and not np.array_equal(labels, self.layout.of_each_neuron):
            raise DataError(f"{session.where}: other cluster labels than those given or of the other sessions found")
        first, delta_t = self._first.setdefault("session", (session, spikes.delta_t))
        if not math.isclose(spikes.delta_t, delta_t):
            raise DataError(
                f"{session.where}: steps of {spikes.delta_t:g} s found; expected {delta_t:g} s, as in {first.where}"
            )
        cut_spikes = _from_start(spikes, self.conventions.start, session.where)
        if index not in self._checked:
            self._checked.add(index)
            self._warn(index, reading, cut_spikes)
        return cut_spikes

    def _reading(self, session: Session) -> Reading:
        """What a session holds; an error about the number of cluster labels names where these come from."""
        try:
            return session.read(replace(self.conventions.from_zero, n_neurons=self.layout.n_neurons))
        except DataError as error:
            if _LABELS not in str(error):
                raise
            if not self.labels_from:
                raise DataError(
                    str(error).replace(f"there are {_LABELS}", _GIVEN).replace(f"or {_LABELS}", _GIVEN)
                ) from error
            raise DataError(str(error).replace(_LABELS, f"{_LABELS} ({self.labels_from})")) from error

    def _warn(self, index: int, reading: Reading, spikes: SpikeEvents) -> None:
        """Say what is odd about the spikes of a session."""
        where, run = self.sessions[index].where, self.sessions[index].run
        compared = len(self.sessions) > 1 and len(spikes) >= _NO_CHANCE
        known = self._known.setdefault(fingerprint(spikes), index) if compared else index
        if known != index and (run is None or run != self.sessions[known].run):
            _LOG.warning("%s: the same spikes as in %s found; leave one out", where, self.sessions[known].where)
        if self.own:
            return
        n_copies = coincident(reading.spikes) if reading.n_copies is None else reading.n_copies
        for odd in (twice(n_copies), implausible(spikes, n_copies)):
            if odd is not None:
                _LOG.warning("%s: %s", where, odd)

    def with_layout(self, layout: ClusterLayout, labels_from: str) -> SpikeSource:
        """The same sessions with other clusters, which need not be those of the data.

        Raises:
            InputError: The layout has another number of neurons.
        """
        if layout.n_neurons != self.layout.n_neurons:
            raise invalid("number of cluster labels", layout.n_neurons, f"{self.layout.n_neurons}, one for each neuron")
        source = replace(self, layout=layout, labels_from=labels_from, other_labels=True)
        source._checked.update(self._checked)  # warnings are not repeated
        source._known.update(self._known)
        return source

    def check_unchanged(self) -> None:
        """Make sure that the files that were read are still the same.

        Raises:
            DataError: One was replaced or removed.
        """
        for unchanged in {session.unchanged for session in self.sessions}:
            if unchanged is not None:
                unchanged.check()

    def in_turn(self) -> Iterator[int]:
        """Numbers of the sessions; while one is used, the file of the next is compared with what its run wrote."""
        with ThreadPoolExecutor(1) as executor:
            for index in range(len(self.sessions)):
                for following in self.sessions[index + 1 : index + 2]:
                    if following.unchanged is not None:
                        following.unchanged.begin(following.files, executor)
                yield index

    def __iter__(self) -> Iterator[SpikeEvents]:
        return (self.read(index) for index in self.in_turn())


def open_source(
    spikes: Any,
    clusters: ArrayLike | str | os.PathLike[str] | None,
    n_excitatory_clusters: int | None,
    state_clusters: Any,
    conventions: Conventions,
    trials: bool = True,
) -> SpikeSource:
    """Sessions with their clusters; at most the spikes of the first session are read, or of all without any labels.

    Args:
        spikes: As for `Analyzer`, like all others.
        clusters: Label of each neuron's cluster, or a file of them.
        n_excitatory_clusters: Number of excitatory clusters.
        state_clusters: The clusters that define states.
        conventions: Conventions of the user.
        trials: Whether trials, of NWB or in columns beside the spikes, are sessions.

    Raises:
        DataError: Data are damaged or contradict each other.
        InputError: An argument is not valid.
    """
    check_conventions(conventions)
    opened = open_sessions(spikes, trials=trials)
    refuse_copies(opened.sessions)
    described = opened.description
    if described is not None:
        conventions = conventions.completed(described.where, delta_t=described.delta_t)
    layout, labels_from = _layout(opened, clusters, conventions)
    layout = _defining_states(layout, described, n_excitatory_clusters, state_clusters)
    if conventions.n_neurons not in (None, layout.n_neurons):
        expected = f"{layout.n_neurons}, as there are cluster labels ({labels_from})"
        raise invalid("n_neurons", conventions.n_neurons, expected)
    own_networks = described is not None and described.own_networks
    return SpikeSource(opened.sessions, layout, conventions, labels_from, described is not None, own_networks)


def _from_start(spikes: SpikeEvents, start: float, where: str) -> SpikeEvents:
    if not start:
        return spikes
    if start >= spikes.duration - spikes.delta_t / 2:
        raise DataError(f"{where}: a session of {spikes.duration:g} s found; expected more than {start:g} s, its start")
    return cut(spikes, start)


def _layout(opened: Sessions, clusters: Any, conventions: Conventions) -> tuple[ClusterLayout, str]:
    """The clusters of the neurons, and where they were found."""
    described = opened.description
    if isinstance(clusters, str | os.PathLike):
        layout, where = _layout_of_file(user_path(clusters), conventions.first_neuron), str(clusters)
    elif clusters is not None:
        layout, where = cluster_layout(clusters), "clusters"
    elif opened.clusters:
        layout, where = _layout_of_files(opened.clusters), str(opened.clusters[0])
    elif described is not None:
        return cluster_layout(described.populations.of_neuron), described.where
    else:
        first = opened.sessions[0]
        labels = first.read(conventions.from_zero).labels
        if labels is None:
            return without_clusters(_number_of_neurons(opened, conventions)), ""
        return cluster_layout(labels, first.where), first.where
    if described is not None and not np.array_equal(layout.of_each_neuron, described.populations.of_neuron):
        raise DataError(
            f"{where}: {layout.n_neurons} neurons in {len(layout.labels)} clusters found; expected "
            f"{described.populations.n_neurons} neurons, {described.populations.named}, as in {described.where}"
        )
    return layout, where


def _number_of_neurons(opened: Sessions, conventions: Conventions) -> int:
    """As given, or of the session with the most: in spike times, the last neurons of another may be silent."""
    if conventions.n_neurons is not None:
        return conventions.n_neurons
    return max(session.read(conventions.from_zero).spikes.n_neurons for session in opened.sessions)


def _layout_of_files(files: Sequence[Path]) -> ClusterLayout:
    first, *others = map(_layout_of_file, files)
    for file, other in zip(files[1:], others, strict=True):
        if not np.array_equal(other.of_each_neuron, first.of_each_neuron):
            raise DataError(f"{file}: different clusters than in {files[0]} found; expected the same")
    return first


def _layout_of_file(file: Path, first_neuron: int = 0) -> ClusterLayout:
    if file.suffix.lower() == ".csv":
        return cluster_layout(labels_in_table(file, first_neuron), str(file))
    try:
        labels = map_array(file)
    except DataError as error:
        raise DataError(f"{error}; expected an .npy or .csv file with the label of each neuron's cluster") from error
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
        raise invalid("state_clusters", state_clusters, "excitatory, all, or a list of labels of clusters")
    return layout if state_clusters == "all" else chosen


def _excitatory(
    layout: ClusterLayout, described: Description | None, n_excitatory_clusters: int | None
) -> ClusterLayout:
    """The excitatory clusters define states, if they are known."""
    if described is None:
        return (
            named_clusters(layout) if n_excitatory_clusters is None else first_clusters(layout, n_excitatory_clusters)
        )
    populations = described.populations
    n_clusters = populations.n_clusters if populations.cluster_sizes[EXCITATORY] else 0
    if n_excitatory_clusters not in (None, n_clusters):
        raise DataError(
            f"n_excitatory_clusters: {n_excitatory_clusters} found; expected {n_clusters}, as in {described.where}"
        )
    return layout.choosing(range(n_clusters)) if n_clusters else layout
