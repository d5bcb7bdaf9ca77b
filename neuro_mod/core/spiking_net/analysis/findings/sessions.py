"""States found in sessions: computed from spikes, one session in memory at a time, or read from a saved analysis."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuro_mod.core.spiking_net.analysis.detection import Detector
from neuro_mod.core.spiking_net.analysis.findings.settings import AnalysisSettings
from neuro_mod.core.spiking_net.analysis.rates.rates import binned_rates, sampled_counts, smooth
from neuro_mod.core.spiking_net.analysis.states.activations import activation_table
from neuro_mod.core.spiking_net.analysis.states.activity import spans_of
from neuro_mod.core.spiking_net.analysis.states.session_tables import SessionTables
from neuro_mod.core.spiking_net.analysis.states.visits import Columns, rates_in_visits, visit_table
from neuro_mod.errors import DataError
from neuro_mod.recordings.conventions import Conventions
from neuro_mod.recordings.layout import ClusterLayout
from neuro_mod.recordings.opening import SpikeSource
from neuro_mod.recordings.spikes import SpikeEvents

#: Rate samples of one session, over all clusters, at most: they take gigabytes of memory.
MAX_SAMPLES = 2**28

#: Lifetimes are doubtful above this share of time that belongs to too short visits.
MAX_REASSIGNED = 0.2

_LOG = logging.getLogger(__name__)

#: Called with the number of finished units of work and their total.
Progress = Callable[[int, int], None]


def silent(done: int, total: int) -> None:
    """Report no progress."""


@dataclass(frozen=True, eq=False)
class SessionRates:
    """Rates of the clusters of one session.

    Attributes:
        rates: Per neuron, in Hz, smoothed, shape ``(n_samples, n_clusters)``.
        bin_width: Sampling interval in seconds; a sample is taken in the middle of its bin.
    """

    rates: NDArray[np.float32]
    bin_width: float

    @property
    def times(self) -> NDArray[np.floating]:
        """Sample times in seconds, shape ``(n_samples,)``."""
        return (np.arange(len(self.rates)) + 0.5) * self.bin_width


@dataclass(frozen=True, eq=False)
class SessionSummary:
    """Summary of a session, kept after its analysis.

    Attributes:
        name: Name of the session.
        file: File of its spikes; None if they were in memory.
        duration: Length in seconds.
        n_spikes: Number of spikes.
        bin_width: Sampling interval of the rates in seconds.
        thresholds: Rate in Hz above which each cluster that defines states is active, shape ``(n_clusters,)``.
        fitted: Whether two states were found in the rates; see `detection.Detection`.
        sha256: Of the file; None until the analysis is saved.
        reassigned: Part of the time in visits that were too short and were given to their neighbours; None in analyses
            saved before it was known.
    """

    name: str
    file: Path | None
    duration: float
    n_spikes: int
    bin_width: float
    thresholds: NDArray[np.float64]
    fitted: bool
    sha256: str | None = None
    reassigned: float | None = None


@dataclass(frozen=True, eq=False)
class AnalysedSession:
    """Results of one session.

    Attributes:
        summary: Its summary.
        rates: Rates of all clusters.
        visits: Visits of states.
        activations: Activations of the clusters that define states.
    """

    summary: SessionSummary
    rates: SessionRates
    visits: Columns
    activations: Columns


@dataclass(frozen=True, eq=False)
class Findings:
    """Results of all sessions.

    Attributes:
        layout: Cluster of each neuron, and the clusters that define states.
        settings: How states were found.
        conventions: Conventions for spikes without a description.
        sessions: Summary of each session.
        occurrences: Visits of states in all sessions.
        rates: Function that returns the cluster rates of a session, given its number.
        activations: Activations of clusters in all sessions; None in analyses saved before they were.
    """

    layout: ClusterLayout
    settings: AnalysisSettings
    conventions: Conventions
    sessions: tuple[SessionSummary, ...]
    occurrences: pd.DataFrame
    rates: Callable[[int], SessionRates]
    activations: pd.DataFrame | None = None

    @cached_property
    def tables(self) -> SessionTables:
        """What quantities are computed from."""
        shares = [np.nan if each.reassigned is None else each.reassigned for each in self.sessions]
        durations = np.array([each.duration for each in self.sessions], np.float64)
        labels = self.layout.state_labels
        return SessionTables(self.occurrences, durations, labels, self.activations, np.array(shares, np.float64))

    @property
    def reassigned(self) -> float | None:
        """Part of the time of all sessions in too short visits; None where it is not known of each."""
        shares = [session.reassigned for session in self.sessions if session.reassigned is not None]
        durations = [session.duration for session in self.sessions]
        if len(shares) < len(durations) or not sum(durations):
            return None
        return float(np.average(shares, weights=durations))

    def warn_of_short_visits(self) -> None:
        """Log a warning if too short visits fill so much of the time that lifetimes are doubtful."""
        share = self.reassigned
        if share is not None and share > MAX_REASSIGNED:
            _LOG.warning(
                "visits shorter than %g ms fill %.0f %% of the time and were given to their neighbours; lifetimes are "
                "too long and depend on this limit: use a smaller minimal_lifespan_ms, or a hidden Markov model",
                self.settings.minimal_lifespan_ms,
                100 * share,
            )


def find_states(source: SpikeSource, settings: AnalysisSettings, report: Progress = silent) -> Findings:
    """Find the states of all sessions.

    Raises:
        DataError: The spikes of a session are damaged, or contradict those of another or the settings.
    """
    kept = [
        (session.summary, (session.visits, session.activations))
        for session in analysed_sessions(source, settings, report)
    ]
    return assembled(source, settings, [summary for summary, _ in kept], [tables for _, tables in kept])


def analysed_sessions(source: SpikeSource, settings: AnalysisSettings, report: Progress) -> Iterator[AnalysedSession]:
    """Analyse the sessions in turn; only one of them is in memory.

    Raises:
        DataError: As for `SpikeSource.read`, or the rates of a session do not fit into memory.
    """
    detector = settings.detector.in_recording(lambda: mean_rates(source, settings))
    for index in source.in_turn():
        yield _analysed(source, index, settings, detector)
        report(index + 1, len(source.sessions))


def assembled(
    source: SpikeSource,
    settings: AnalysisSettings,
    summaries: list[SessionSummary],
    tables: list[tuple[Columns, Columns]],
) -> Findings:
    """Join the results of all sessions, with visits and activations of each; rates are computed again on request."""

    @lru_cache(maxsize=1)
    def rates(index: int) -> SessionRates:
        _, counts, bin_width = _counted(source, index, settings)
        return _smoothed(counts, bin_width, source.layout.sizes, settings)

    visits, activations = visit_table(each for each, _ in tables), activation_table(each for _, each in tables)
    findings = Findings(source.layout, settings, source.conventions, tuple(summaries), visits, rates, activations)
    findings.warn_of_short_visits()
    return findings


def mean_rates(source: SpikeSource, settings: AnalysisSettings) -> NDArray[np.float64]:
    """Mean rates of the clusters that define states, over the bins of all sessions, from one pass over the spikes.

    A warning is logged where it is known that the sessions are of different networks.

    Returns:
        Per neuron, in Hz, shape ``(n_clusters,)``; NaN for a cluster without neurons, and without any time.

    Raises:
        DataError: As for `analysed_sessions`.
    """
    layout = source.layout
    if source.own_networks and len(source.sessions) > 1:
        _LOG.warning(
            "method %s: %d sessions with networks of their own found; expected sessions of one network, as of repeat "
            "--fix-network; clusters of different networks share nothing but their labels",
            settings.method,
            len(source.sessions),
        )
    total, seconds = np.zeros(len(layout.labels), np.int64), 0.0
    for index in source.in_turn():
        _, counts, bin_width = _counted(source, index, settings)
        total += counts.sum(axis=0)
        seconds += len(counts) * bin_width
    exposure = layout.sizes * seconds
    rates = np.divide(total, exposure, out=np.full(len(total), np.nan), where=exposure > 0)
    return rates[layout.defines_states]


def _analysed(source: SpikeSource, index: int, settings: AnalysisSettings, detector: Detector) -> AnalysedSession:
    """Find the states of one session with the detector of the recording."""
    layout, session = source.layout, source.sessions[index]
    spikes, counts, bin_width = _counted(source, index, settings)
    rates = _smoothed(counts, bin_width, layout.sizes, settings)
    detection = detector.detect(rates.rates[:, layout.defines_states])
    found = spans_of(
        detection.active,
        layout.state_labels,
        bin_width,
        spikes.duration,
        minimal_duration=settings.minimal_lifespan_ms * 1e-3,
        session=index,
    )
    rates_of_visits = rates_in_visits(found.visits, counts, layout.sizes, layout.labels, bin_width)
    summary = SessionSummary(
        session.name,
        session.file,
        spikes.duration,
        len(spikes),
        bin_width,
        detection.thresholds,
        detection.fitted,
        reassigned=found.reassigned,
    )
    return AnalysedSession(summary, rates, {**found.visits, "mean_rate": rates_of_visits}, found.activations)


def _counted(
    source: SpikeSource, index: int, settings: AnalysisSettings
) -> tuple[SpikeEvents, NDArray[np.int64], float]:
    """Spikes of one session, those of each cluster in each bin, and the width of the bins in seconds."""
    layout = source.layout
    spikes = source.read(index)
    _check_size(source.sessions[index].where, spikes.duration, len(layout.labels), settings)
    return spikes, *sampled_counts(spikes, layout.of_neuron, len(layout.labels), settings.sampling_ms * 1e-3)


def _smoothed(
    counts: NDArray[np.int64], bin_width: float, sizes: NDArray[np.int64], settings: AnalysisSettings
) -> SessionRates:
    """Smoothed rates from binned spike counts."""
    rates = binned_rates(counts, sizes, bin_width)
    _, smooth_rates = smooth(rates, bin_width, settings.kernel_width_ms * 1e-3, settings.kernel)
    return SessionRates(smooth_rates.astype(np.float32, copy=False), bin_width)


def _check_size(where: str, duration: float, n_clusters: int, settings: AnalysisSettings) -> None:
    if duration * 1e3 / settings.sampling_ms * n_clusters > MAX_SAMPLES:
        raise DataError(
            f"{where}: a session of {duration:g} s found, too long for rates of {n_clusters} clusters every "
            f"{settings.sampling_ms:g} ms; are times in ms, not in s? Otherwise use a larger sampling_ms or shorter "
            "sessions"
        )
