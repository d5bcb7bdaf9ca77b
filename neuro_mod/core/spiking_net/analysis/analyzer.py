"""Metastable states in spikes: which clusters are active together, for how long, and which transitions occur."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from neuro_mod.checks import output_path, user_path, whole_number
from neuro_mod.choices import Criterion, DetectionMethod, Kernel, UnitKind
from neuro_mod.core.spiking_net.analysis.assemblies.assemblies import Assemblies
from neuro_mod.core.spiking_net.analysis.events import switches
from neuro_mod.core.spiking_net.analysis.findings.sessions import (
    Findings,
    Progress,
    SessionSummary,
    find_states,
    silent,
)
from neuro_mod.core.spiking_net.analysis.findings.settings import DEFAULT_METHOD, MINIMAL_LIFESPAN_MS, AnalysisSettings
from neuro_mod.core.spiking_net.analysis.groups.grouping import grouping
from neuro_mod.core.spiking_net.analysis.groups.groups import Groups
from neuro_mod.core.spiking_net.analysis.hidden_markov.agreement import Agreement, agreement
from neuro_mod.core.spiking_net.analysis.hidden_markov.model import HiddenMarkov, hidden_markov
from neuro_mod.core.spiking_net.analysis.hidden_markov.settings import (
    MIN_DURATION,
    MIN_POSTERIOR,
    N_RESTARTS,
    RESTARTS_FACTOR,
    HiddenMarkovSettings,
    numbers_to_try,
)
from neuro_mod.core.spiking_net.analysis.neuron_analysis import NeuronAnalysis
from neuro_mod.core.spiking_net.analysis.neurons.one_pass import each_session
from neuro_mod.core.spiking_net.analysis.rates.rates import KERNEL_WIDTH, SAMPLING, smoothed_rates
from neuro_mod.core.spiking_net.analysis.rates.units import chosen_neurons, unit_counts, units_of
from neuro_mod.core.spiking_net.analysis.saved.analysis import complete, find_and_save_rates, load_findings, save_rates
from neuro_mod.core.spiking_net.analysis.saved.folder import AnalysisFolder, analysis_folder
from neuro_mod.core.spiking_net.analysis.shown import ShownAnalysis
from neuro_mod.core.spiking_net.analysis.states import state_rates
from neuro_mod.core.spiking_net.analysis.states.cluster_statistics import ClusterStatistics
from neuro_mod.core.spiking_net.analysis.states.names import State, StateLike
from neuro_mod.core.spiking_net.analysis.states.session_tables import SessionTables
from neuro_mod.errors import InputError, invalid
from neuro_mod.recordings.conventions import Conventions, TimeUnit
from neuro_mod.recordings.layout import ClusterLayout, cluster_layout, named_clusters
from neuro_mod.recordings.opening import SpikeSource, open_source
from neuro_mod.recordings.spikes import SpikeEvents
from neuro_mod.recordings.windows import Edge, window_of

StateClusters = Literal["excitatory", "all"] | Sequence[int]


class Analyzer(ShownAnalysis, NeuronAnalysis, ClusterStatistics):
    """Finds metastable states in spikes and computes their statistics.

    A state is the sorted tuple of the labels of the active clusters, ``()`` without any. States are computed on first
    use, one session at a time; only tables are kept in memory. For the arguments that methods share, such as the time
    window from ``t_from`` to ``t_to``, see `StateStatistics`; for standard errors, `ClusterStatistics`.

    Args:
        spikes: A folder of sessions (files ``spikes*`` in it or in its ``data/``), one file, a pattern of file names,
            or in memory: results of a stager or of the engine, `SpikeEvents`, a pair ``(times, neurons)``, a pandas
            frame with such columns, a list of the times of each neuron or a mapping from neurons to their times, a
            boolean array ``(n_steps, n_neurons)``; or a list of these, one for each session.
        clusters: Label of each neuron's cluster, shape ``(n_neurons,)``, any integers, -1 for none; or an ``.npy`` file
            of them. Optional if the spikes come with it. Without any labels, neurons can be analysed, and
            `find_assemblies` finds groups of them.
        dt: Time step in seconds; by default that of the spikes, else 0.5 ms.
        n_excitatory_clusters: Number of excitatory clusters, those with the smallest labels. Optional if it comes with
            the spikes; if unknown, all clusters define states.
        state_clusters: Clusters that define states: ``excitatory``, ``all``, or a list of labels.
        method: Method for detecting active clusters: ``two_state``, ``threshold``, ``gain`` or ``network_gain``.
        kernel: Smoothing kernel: ``gaussian``, ``box``, ``exponential`` or ``half_normal`` (the last two causal).
        kernel_width_ms: Its width in ms: standard deviation, full width, time constant, sigma.
        sampling_ms: Sampling interval of rates in ms.
        minimal_lifespan_ms: Shorter visits are removed; a gap between visits of the same state is filled with it, one
            between two states is split in halves.
        duration: Length of a session in seconds, for spike times without it.
        n_neurons: Number of neurons, for spike times without it, whose last neurons may be silent.
        time_unit: Unit of spike times, ``s`` or ``ms``.
        first_neuron: Number of the first neuron; 1 in data from MATLAB.
        start: Begin of each session in seconds, from which its times and ``duration`` count; earlier spikes are left
            out.
        sort: Whether spike times that are out of order are sorted; otherwise they are refused.
        trials: Whether the trials of a file of NWB, and those of a column ``trial`` or ``session`` beside times and
            neurons, are sessions; otherwise it is one session, or several if the units of NWB were observed in pieces.
        ignore_columns: Whether other columns or arrays beside times and neurons are left out; otherwise those that
            vary are refused.
        drop_duplicates: Whether a spike that is there several times, at the same time of the same neuron, is kept once;
            otherwise a warning counts them.
        report: Called with the number of finished sessions and their total.
        parameters: Parameters of the method, such as ``threshold_hz`` of ``gain``.

    Raises:
        DataError: Data are damaged or contradict each other; the message names the file.
        FileNotFoundError: There is no such file or folder.
        InputError: Another argument is not valid.

    Examples:
        >>> from neuro_mod import Analyzer, StageSNNSimulation
        >>> outputs = StageSNNSimulation("small").run(duration_sec=4, record=["spikes"])
        >>> analyzer = Analyzer(outputs)
        >>> visits = analyzer.occurrences()  # one row for each visit of a state
        >>> visits.columns.tolist()[:5]
        ['session', 'state', 'start', 'end', 'duration']
        >>> bool((visits["duration"] >= 0.05).all())  # shorter ones are given to their neighbours
        True
        >>> analyzer.occupancy().shape
        (6, 2)
    """

    #: The last fitted hidden Markov model; None before `fit_hidden_markov`.
    hidden_markov: HiddenMarkov | None = None
    #: The assemblies that are the clusters, after `with_clusters`; None with other clusters.
    assemblies: Assemblies | None = None

    def __init__(
        self,
        spikes: Any,
        clusters: ArrayLike | str | os.PathLike[str] | None = None,
        dt: float | None = None,
        n_excitatory_clusters: int | None = None,
        *,
        state_clusters: StateClusters = "excitatory",
        method: DetectionMethod = DEFAULT_METHOD,
        kernel: Kernel = "gaussian",
        kernel_width_ms: float = KERNEL_WIDTH * 1e3,
        sampling_ms: float = SAMPLING * 1e3,
        minimal_lifespan_ms: float = MINIMAL_LIFESPAN_MS,
        duration: float | None = None,
        n_neurons: int | None = None,
        time_unit: TimeUnit = "s",
        first_neuron: int = 0,
        start: float = 0.0,
        sort: bool = False,
        trials: bool = True,
        ignore_columns: bool = False,
        drop_duplicates: bool = False,
        report: Progress = silent,
        **parameters: float,
    ):
        #: How states are found.
        self.settings = AnalysisSettings(method, parameters, kernel, kernel_width_ms, sampling_ms, minimal_lifespan_ms)
        self._report = report
        self._spikes = open_source(
            spikes,
            clusters,
            n_excitatory_clusters,
            state_clusters,
            Conventions(
                dt,
                duration,
                n_neurons,
                time_unit=time_unit,
                first_neuron=first_neuron,
                start=start,
                sort=sort,
                ignore_columns=ignore_columns,
                drop_duplicates=drop_duplicates,
            ),
            trials,
        )
        #: Cluster of each neuron, and the clusters that define states.
        self.layout: ClusterLayout = self._spikes.layout

    @classmethod
    def load_analysis(cls, folder: str | os.PathLike[str]) -> Self:
        """Read an analysis written by `save_analysis`; the spikes are not needed.

        Raises:
            DataError: There is no analysis, or a file is damaged or missing; the message names it.
        """
        analyzer = cls.__new__(cls)
        findings, analyzer.hidden_markov, analyzer.assemblies = load_findings(user_path(folder))
        analyzer.settings, analyzer.layout = findings.settings, findings.layout
        analyzer._findings, analyzer._spikes, analyzer._report = findings, None, silent
        return analyzer

    def with_clusters(self, clusters: Assemblies | ArrayLike) -> Self:
        """An analyzer of the same sessions with other clusters, and with the same settings.

        Args:
            clusters: What `find_assemblies` returned, or the label of each neuron's cluster, shape ``(n_neurons,)``.
                All define states but the label -1, which says that a neuron is in none.

        Raises:
            InputError: No neuron is in a cluster, there are not as many labels as neurons, or this is a saved analysis.
        """
        labels, found = (clusters.labels, clusters) if isinstance(clusters, Assemblies) else (clusters, None)
        layout = named_clusters(cluster_layout(labels))
        if not layout.has_clusters:
            raise InputError("clusters: -1 for each neuron found; expected a neuron that is in a cluster")
        analyzer = type(self).__new__(type(self))
        analyzer.assemblies = found
        analyzer._spikes = self._source.with_layout(layout, "clusters" if found is None else "assemblies")
        analyzer.settings, analyzer.layout, analyzer._report = self.settings, layout, self._report
        return analyzer

    def save_analysis(self, folder: str | os.PathLike[str], *, report: Progress | None = None) -> list[Path]:
        """Write tables, rates, settings and hashes of the spikes to a folder.

        Spikes are read and states are computed again, so that tables, rates and hashes are consistent.

        Args:
            folder: The folder; created if it does not exist.
            report: Called with the number of finished sessions and their total; by default that of the analyzer.

        Returns:
            The files.

        Raises:
            StorageError: The folder cannot be written to, or the disk is full.
            DataError: The files of the spikes were replaced since they were read; nothing of the analysis stays.
        """
        with self.saving(output_path(folder)) as kept:
            return self.save_into(kept, report)

    def saving(self, folder: Path) -> AbstractContextManager[AnalysisFolder]:
        """The folder for an analysis and its figures, held meanwhile."""
        return analysis_folder(folder, (lambda: None) if self._spikes is None else self._spikes.check_unchanged)

    def save_into(
        self, folder: AnalysisFolder, report: Progress | None = None, further: Callable[[], None] = lambda: None
    ) -> list[Path]:
        """What `save_analysis` does, in a folder that is held; `further` writes more into it once states are found."""
        if self._spikes is None:
            save_rates(folder, self._findings)
        else:
            self._check_clusters()
            self._findings = find_and_save_rates(folder, self._spikes, self.settings, report or self._report)
        further()
        return complete(folder, self._findings, self.hidden_markov, self.assemblies)

    def fit_hidden_markov(
        self,
        n_states: int | Sequence[int] | None = None,
        *,
        units: UnitKind = "clusters",
        bin_ms: float = 20.0,
        criterion: Criterion = "bic",
        seed: int = 0,
        n_restarts: int = N_RESTARTS,
        max_restarts: int | None = None,
        n_folds: int = 5,
        least_posterior: float = MIN_POSTERIOR,
        least_duration_ms: float = MIN_DURATION * 1e3,
        report: Progress = silent,
    ) -> HiddenMarkov:
        """Fit a hidden Markov model to spike counts; kept as `hidden_markov`.

        Only the counts of all sessions are kept in memory, not the spikes.

        Args:
            n_states: Number of states, or the numbers to choose from; by default 12 numbers from 2 to 96.
            units: Units whose spikes are counted: the ``clusters`` that define states, or their ``neurons``; without
                cluster labels, all neurons.
            bin_ms: Bins in which spikes are counted, in ms.
            criterion: Criterion for the number of states: ``bic``, or ``cross_validation`` over sessions.
            seed: Root seed of the starts of the fits.
            n_restarts: Least number of fits from different starts, of which the one with the largest likelihood is
                kept.
            max_restarts: Fits continue until the best one was found twice, up to this number; by default four times
                ``n_restarts``.
            n_folds: Number of folds of cross-validation over sessions.
            least_posterior: A bin belongs to a state whose posterior probability exceeds this.
            least_duration_ms: Least duration of a visit in ms.
            report: Called after each fit with the number of fits done, or not needed, and their largest total.

        Returns:
            The model with its states 0, 1, ... and their visits; it has the same statistics as the analyzer.

        Raises:
            DataError: The spikes of a session are damaged, or contradict those of another.
            InputError: An argument is not valid, there are no spikes, or this is a saved analysis.
        """
        if units != "neurons":
            self._check_clusters()
        counted, width = units_of(self.layout, units), bin_ms * 1e-3

        def counts_and_length(spikes: SpikeEvents) -> tuple[NDArray[np.int64], float]:
            return unit_counts(spikes, counted.of_neuron, len(counted.labels), width), spikes.duration

        counts, durations = zip(*each_session(counts_and_length, self._source), strict=True)
        numbers, shortest = numbers_to_try(n_states, sum(map(len, counts))), least_duration_ms * 1e-3
        most = RESTARTS_FACTOR * n_restarts if max_restarts is None else max_restarts
        settings = HiddenMarkovSettings(
            width, numbers, criterion, seed, n_restarts, n_folds, least_posterior, shortest, units, most
        )
        self.hidden_markov = hidden_markov(
            counts, settings, unit_labels=counted.labels, unit_sizes=counted.sizes, durations=durations, report=report
        )
        return self.hidden_markov

    def agreement(self) -> Agreement:
        """Agreement between the states of the hidden Markov model and those of active clusters.

        Raises:
            InputError: No hidden Markov model was fitted.
            ImportError: scikit-learn is missing.
        """
        if self.hidden_markov is None:
            raise invalid("hidden_markov", None, "a model", "call fit_hidden_markov() first")
        return agreement(self.hidden_markov.visits, self._findings.occurrences, self.hidden_markov.durations)

    def groups(
        self,
        groups: Sequence[object],
        networks: Sequence[object] | None = None,
        trials: Sequence[object] | None = None,
        *,
        reference: object = None,
    ) -> Groups:
        """Compare the sessions of several conditions.

        Uncertainty is over networks if each condition has at least two, otherwise over sessions. Conditions of the same
        networks, or of sessions of the same names, are paired.

        Args:
            groups: Condition of each session.
            networks: Network of each session; by default each group is one network.
            trials: Name of each session in its group and network, to pair sessions with common noise.
            reference: The group that the others are compared with; by default the first.

        Raises:
            InputError: There are fewer than two groups, or fewer than two sessions in one, or no such reference.
        """
        return Groups(self.session_tables(), grouping(groups, networks, trials), reference, self.hidden_markov, self)

    @property
    def files(self) -> tuple[Path | None, ...]:
        """File of the spikes of each session; None if they were in memory."""
        sessions = self.sessions if self._spikes is None else self._spikes.sessions
        return tuple(session.file for session in sessions)

    @property
    def sessions(self) -> tuple[SessionSummary, ...]:
        """Name, length, number of spikes and detection thresholds of each session."""
        return self._findings.sessions

    @property
    def reassigned(self) -> float | None:
        """Part of the time in visits shorter than ``minimal_lifespan_ms``, which were given to their neighbours.

        Lifetimes are too long where it is large. None in analyses saved before it was known, and without any time.
        """
        return self._findings.reassigned

    @property
    def n_sessions(self) -> int:
        """Number of sessions."""
        return len(self.sessions if self._spikes is None else self._spikes.sessions)

    @property
    def has_spikes(self) -> bool:
        """Whether the spikes are available; not in a saved analysis."""
        return self._spikes is not None

    @property
    def labels_from(self) -> str | None:
        """Where the cluster labels were found, such as a file beside the spikes; None in a saved analysis."""
        return None if self._spikes is None else self._spikes.labels_from

    @property
    def durations(self) -> NDArray[np.float64]:
        """Length of each session in seconds, shape ``(n_sessions,)``."""
        return np.array([session.duration for session in self.sessions])

    def spikes(self, session: int = 0) -> SpikeEvents:
        """The spikes of a session.

        Raises:
            InputError: There is no such session, or this is a saved analysis.
        """
        source = self._source
        return source.read(whole_number("session", session, 0, len(source.sessions) - 1))

    def get_sample_times(self, session: int = 0, t_from: Edge = None, t_to: Edge = None) -> NDArray[np.float64]:
        """Sample times of rates and activity in seconds, shape ``(n_samples,)``."""
        rates, inside = self._rates(session, t_from, t_to)
        return rates.times[inside]

    def get_cluster_spike_rate(
        self, session: int = 0, cluster: int | None = None, t_from: Edge = None, t_to: Edge = None
    ) -> NDArray[np.float32]:
        """Smoothed rates per neuron of one cluster, given its label, or of all clusters.

        Returns:
            In Hz, shape ``(n_samples, n_clusters)`` in the order of ``layout.labels``, or ``(n_samples,)`` for one.
        """
        rates, inside = self._rates(session, t_from, t_to)
        chosen = rates.rates[inside]
        return chosen if cluster is None else chosen[:, self._cluster(cluster)]

    def get_neuron_spike_rate(
        self,
        session: int = 0,
        neurons: Sequence[int] | NDArray[np.integer] | None = None,
        t_from: Edge = None,
        t_to: Edge = None,
    ) -> NDArray[np.float32]:
        """Smoothed rates of neurons, given their indices, or of all neurons.

        Returns:
            In Hz, shape ``(n_samples, n_neurons)``.

        Raises:
            InputError: There is no such session or neuron, or this is a saved analysis.
        """
        spikes = self.spikes(session)
        chosen = np.arange(spikes.n_neurons) if neurons is None else chosen_neurons(neurons, spikes.n_neurons)
        place = np.full(spikes.n_neurons, len(chosen))
        place[chosen] = np.arange(len(chosen))
        width, sampling = self.settings.kernel_width_ms * 1e-3, self.settings.sampling_ms * 1e-3
        times, rates = smoothed_rates(
            spikes, place, len(chosen) + 1, kernel_width=width, sampling=sampling, kernel=self.settings.kernel
        )
        return rates[_inside(times, spikes.duration, t_from, t_to), :-1]

    def get_state_rates(
        self, t_from: Edge = None, t_to: Edge = None, *, states: Sequence[StateLike] | None = None
    ) -> pd.DataFrame:
        """Mean smoothed rates per neuron of all clusters in each state, in Hz; see `state_rates.rates_by_state`.

        The states are those of `state_table`.
        """
        visits = self.occurrences(t_from, t_to)
        chosen = self.get_unique_attractors(t_from, t_to) if states is None else self._distinct(states)
        sampled = ((rates.times, rates.rates) for rates in map(self._findings.rates, range(self.n_sessions)))
        return state_rates.rates_by_state(sampled, visits, chosen, self.layout.labels)

    def get_cluster_activity(self, session: int = 0, t_from: Edge = None, t_to: Edge = None) -> NDArray[np.bool_]:
        """Activity of the clusters that define states, before short visits are removed.

        Returns:
            Shape ``(n_samples, n_clusters)``, in the order of ``layout.state_labels``.
        """
        rates, inside = self._rates(session, t_from, t_to)
        detector = self.settings.detector.with_thresholds(self.sessions[session].thresholds)
        return detector.detect(rates.rates[:, self.layout.defines_states]).active[inside]

    def around_switches(self, before: float = 0.3, after: float = 0.3) -> pd.DataFrame:
        """Mean rates around the starts and ends of activations of clusters; see `switches.around_switches`."""
        rates = self._findings.rates
        in_session = lambda index: (rates(index).bin_width, rates(index).rates)  # noqa: E731
        return switches.around_switches(self.activations(), in_session, self.layout, before, after)

    @cached_property
    def _findings(self) -> Findings:
        self._check_clusters()
        return find_states(self._source, self.settings, self._report)

    def _all_occurrences(self) -> pd.DataFrame:
        return self._findings.occurrences

    @property
    def _tables(self) -> SessionTables:
        return self._findings.tables

    @property
    def _source(self) -> SpikeSource:
        if self._spikes is None:
            raise InputError("a saved analysis holds no spikes; open them with Analyzer(...)")
        return self._spikes

    def _check_clusters(self) -> None:
        """Refuse what needs clusters where there are none."""
        if not self.layout.has_clusters:
            raise InputError(
                f"{self._source.sessions[0].where}: no cluster labels found; give clusters=..., or use "
                "find_assemblies() and with_clusters()"
            )

    def _possible(self, state: Any) -> State:
        self._check_clusters()
        labels = self.layout.state_labels.tolist()
        members = list(state) if isinstance(state, Iterable) else [state]
        known = all(isinstance(label, int | np.integer) and label in labels for label in members)
        if not isinstance(state, Iterable) or not known or len(set(members)) < len(members):
            valid = f"a tuple of distinct labels of clusters that define states, such as ({labels[0]},), or ()"
            raise invalid("state", state, valid, f"these clusters are {', '.join(map(str, labels))}")
        return tuple(sorted(map(int, members)))

    def _cluster(self, cluster: int) -> int:
        self._check_clusters()
        labels = self.layout.labels.tolist()
        if not isinstance(cluster, int | np.integer) or cluster not in labels:
            raise invalid("cluster", cluster, f"one of {', '.join(map(str, labels))}")
        return labels.index(cluster)

    def _rates(self, session: int, t_from: Edge, t_to: Edge) -> tuple[Any, NDArray[np.bool_]]:
        index = whole_number("session", session, 0, self.n_sessions - 1)
        rates = self._findings.rates(index)
        return rates, _inside(rates.times, self.sessions[index].duration, t_from, t_to)


def _inside(times: NDArray[np.floating], duration: float, t_from: Edge, t_to: Edge) -> NDArray[np.bool_]:
    """Whether times are in a window of a session; always without a window, also in an empty session."""
    if t_from is None and t_to is None:
        return np.ones(len(times), bool)
    begin, end = window_of(duration, t_from, t_to)
    return (times >= begin) & (times < end)
