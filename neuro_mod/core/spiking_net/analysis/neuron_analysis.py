"""Statistics of neurons, which need no states."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuro_mod.choices import OnEdge
from neuro_mod.core.spiking_net.analysis.assemblies import assemblies
from neuro_mod.core.spiking_net.analysis.assemblies.assemblies import ASSEMBLY_BIN_MS, N_RESAMPLES, Assemblies
from neuro_mod.core.spiking_net.analysis.events.epochs import Epochs, epochs_of
from neuro_mod.core.spiking_net.analysis.findings.sessions import Progress
from neuro_mod.core.spiking_net.analysis.neurons import correlations, fano, neuron_statistics, spectra
from neuro_mod.core.spiking_net.analysis.neurons.correlations import COUNT_BIN, ClusterCorrelations
from neuro_mod.core.spiking_net.analysis.neurons.fano import COUNT_WINDOWS, FanoFactors
from neuro_mod.core.spiking_net.analysis.neurons.intervals import MIN_INTERVALS
from neuro_mod.core.spiking_net.analysis.neurons.neuron_statistics import FiringRates
from neuro_mod.core.spiking_net.analysis.neurons.spectra import BANDWIDTH, SPECTRUM_BIN, SpikeSpectra
from neuro_mod.recordings.layout import ClusterLayout
from neuro_mod.recordings.opening import SpikeSource
from neuro_mod.recordings.windows import Edge


class NeuronAnalysis(ABC):
    """What is computed from the spikes of single neurons; a subclass has the spikes, and the clusters of neurons."""

    #: Cluster of each neuron.
    layout: ClusterLayout
    #: Called with the number of finished sessions and their total.
    _report: Progress
    #: The spikes of all sessions; None in a saved analysis.
    _spikes: SpikeSource | None

    @property
    @abstractmethod
    def _source(self) -> SpikeSource:
        """The spikes of all sessions.

        Raises:
            InputError: There are none, as in a saved analysis.
        """

    @abstractmethod
    def _check_clusters(self) -> None:
        """Refuse what needs clusters where there are none."""

    def of_one_network(self) -> Self:
        """An analyzer of the same sessions, known to be of one network, such as the trials of one in a sweep.

        What compares neurons over sessions logs a warning where their runs say that networks differ.
        """
        analyzer = copy(self)
        analyzer._spikes = replace(self._source, own_networks=False)
        return analyzer

    def epochs(
        self,
        events: Any,
        before: float = 0.5,
        after: float = 1.0,
        *,
        conditions: Any = None,
        on_edge: OnEdge = "error",
        report: Progress | None = None,
    ) -> Epochs:
        """The spikes around events, such as the onsets of a stimulus, each of which is a trial.

        Args:
            events: ``"stimulus"``, times, a list of times for each session; or a table, or a CSV file, with the columns
                ``session`` (number or name), ``time`` in seconds and, optionally, ``condition``.
            before: Seconds from the start of an epoch to its event.
            after: Seconds from the event to the end of the epoch.
            conditions: Condition of each session, or a list of those of its events for each session.
            on_edge: What becomes of an epoch that reaches beyond its session: ``error`` or ``drop``.
            report: Called with the number of sessions read and their total; by default that of the analyzer.
        """
        return epochs_of(self._source, events, before, after, conditions, on_edge, report or self._report)

    def neuron_table(
        self, t_from: Edge = None, t_to: Edge = None, *, min_intervals: int = MIN_INTERVALS
    ) -> pd.DataFrame:
        """One row per neuron: rate and variability of intervals; see `neuron_statistics.neuron_table`."""
        return neuron_statistics.neuron_table(
            self._source,
            self.layout.of_neuron,
            self.layout.labels,
            min_intervals=min_intervals,
            t_from=t_from,
            t_to=t_to,
        )

    def firing_rates(self, t_from: Edge = None, t_to: Edge = None) -> FiringRates:
        """Mean rate of each neuron, in each session and over all of them."""
        return neuron_statistics.firing_rates(self._source, t_from=t_from, t_to=t_to)

    def fano_factors(
        self, windows: Sequence[float] = COUNT_WINDOWS, t_from: Edge = None, t_to: Edge = None, *, ddof: int = 1
    ) -> FanoFactors:
        """Fano factors of spike counts in windows of these lengths in seconds: mean variance over mean count.

        The variance has the number of windows minus ``ddof`` in the denominator; Elephant has ``ddof=0``.
        """
        return fano.fano_factors(self._source, windows, t_from=t_from, t_to=t_to, ddof=ddof)

    def spike_spectra(
        self, bandwidth: float = BANDWIDTH, bin_width: float = SPECTRUM_BIN, t_from: Edge = None, t_to: Edge = None
    ) -> SpikeSpectra:
        """Power spectra of the spikes of each neuron by the multitaper method, averaged over sessions."""
        return spectra.spike_spectra(self._source, bandwidth, bin_width, t_from=t_from, t_to=t_to)

    def count_correlations(
        self, bin_width: float = COUNT_BIN, t_from: Edge = None, t_to: Edge = None
    ) -> NDArray[np.float64]:
        """Correlations of spike counts of all pairs of neurons; see `correlations.count_correlations`."""
        return correlations.count_correlations(self._source, bin_width, t_from=t_from, t_to=t_to)

    def cluster_correlations(
        self, bin_width: float = COUNT_BIN, t_from: Edge = None, t_to: Edge = None
    ) -> ClusterCorrelations:
        """Means of `count_correlations` within and between clusters; overall, of clusters that define states."""
        self._check_clusters()
        return correlations.cluster_correlations(
            self.count_correlations(bin_width, t_from, t_to),
            self.layout.of_neuron,
            len(self.layout.labels),
            counted=self.layout.defines_states,
        )

    def find_assemblies(
        self,
        n_assemblies: int | None = None,
        *,
        bin_ms: float = ASSEMBLY_BIN_MS,
        seed: int = 0,
        n_resamples: int = N_RESAMPLES,
    ) -> Assemblies:
        """Find groups of neurons with correlated spike counts, whatever their labels; see `with_clusters` to go on.

        Args:
            n_assemblies: How many there are; by default they are chosen.
            bin_ms: Bins in which spikes are counted, in ms.
            seed: Root seed of the random halves of the data.
            n_resamples: Number of halves in which assemblies are found again, for their stability; 0 for none. Without
                scikit-learn there is none, with a warning.

        Returns:
            The assembly of each neuron, the eigenvalues of the correlations and the bound of significant ones, and
            measures of quality.

        Raises:
            InputError: An argument is not valid, or this is a saved analysis.
        """
        return assemblies.find_assemblies(
            self._source, bin_ms * 1e-3, n_assemblies=n_assemblies, seed=seed, n_resamples=n_resamples
        )
