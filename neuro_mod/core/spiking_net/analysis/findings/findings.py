"""What was found in all sessions: made from spikes one session at a time, or read back from a saved analysis."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuro_mod.core.spiking_net.analysis.findings.session_analysis import (
    AnalysedSession,
    SessionRates,
    SpikeSource,
    analyse,
)
from neuro_mod.core.spiking_net.analysis.findings.settings import AnalysisSettings
from neuro_mod.core.spiking_net.analysis.states.visits import no_visits
from neuro_mod.recordings.events import Conventions
from neuro_mod.recordings.layout import ClusterLayout

#: Told how many sessions are done, of how many.
Progress = Callable[[int, int], None]


def silent(done: int, total: int) -> None:
    """Progress nothing."""


@dataclass(frozen=True, eq=False)
class SessionSummary:
    """What is kept of a session once the next one is looked at.

    Attributes:
        name: What the session is called.
        file: Where its spikes lie or lay, if on the disk.
        duration: Its length in seconds.
        n_spikes: Its number of spikes.
        bin_width: Distance of two samples of the rates in seconds.
        thresholds: Rate in Hz above which each cluster that defines states is active, shape ``(n_clusters,)``.
        fitted: Whether two states were found in the rates; see `detection.Detection`.
        sha256: Of the file, once it has been saved.
    """

    name: str
    file: Path | None
    duration: float
    n_spikes: int
    bin_width: float
    thresholds: NDArray[np.float64]
    fitted: bool
    sha256: str | None = None


@dataclass(frozen=True, eq=False)
class Findings:
    """What was found in all sessions.

    Attributes:
        layout: Which neuron belongs to which cluster.
        settings: How states were found.
        conventions: What was said about spikes that come without a description.
        sessions: The sessions.
        occurrences: All visits of states.
        rates: Rates of the clusters in a session, by its number.
    """

    layout: ClusterLayout
    settings: AnalysisSettings
    conventions: Conventions
    sessions: tuple[SessionSummary, ...]
    occurrences: pd.DataFrame
    rates: Callable[[int], SessionRates]


def analysed_sessions(source: SpikeSource, settings: AnalysisSettings, report: Progress) -> Iterator[AnalysedSession]:
    """Analyse session after session; only the one that is looked at is in memory."""
    for index in range(len(source.sessions)):
        yield analyse(source, index, settings)
        report(index + 1, len(source.sessions))


def summarised(session: AnalysedSession) -> SessionSummary:
    """What is kept of a session."""
    return SessionSummary(
        session.name,
        session.file,
        session.duration,
        session.n_spikes,
        session.rates.bin_width,
        session.detection.thresholds,
        session.detection.fitted,
    )


def find_states(source: SpikeSource, settings: AnalysisSettings, report: Progress = silent) -> Findings:
    """Find the states of all sessions.

    Raises:
        DataError: The spikes of a session are damaged, or contradict what is known about all of them.
    """
    kept = [(summarised(session), session.visits) for session in analysed_sessions(source, settings, report)]
    return assembled(source, settings, [summary for summary, _ in kept], [visits for _, visits in kept])


def assembled(
    source: SpikeSource, settings: AnalysisSettings, summaries: list[SessionSummary], visits: list[pd.DataFrame]
) -> Findings:
    """Findings from those of each session; rates are computed again when they are asked for."""
    occurrences = pd.concat([no_visits(), *visits], ignore_index=True)
    rates = lru_cache(maxsize=1)(lambda index: analyse(source, index, settings).rates)
    return Findings(source.layout, settings, source.conventions, tuple(summaries), occurrences, rates)
