"""One session at a time: its spikes, the rates of its clusters, which of them are active, and the visits of states."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuro_mod.core.spiking_net.analysis.detection import Detection
from neuro_mod.core.spiking_net.analysis.findings.settings import AnalysisSettings
from neuro_mod.core.spiking_net.analysis.rates.rates import binned_rates, sampled_counts, smooth
from neuro_mod.core.spiking_net.analysis.states.visits import rates_in_visits, visits_of
from neuro_mod.errors import DataError
from neuro_mod.recordings.opening import SpikeSource

#: Rates of all clusters in one session, at most: some gigabytes while they are made.
MAX_SAMPLES = 2**28


@dataclass(frozen=True, eq=False)
class SessionRates:
    """Rates of the clusters of one session.

    Attributes:
        rates: Per neuron, in Hz, smoothed, shape ``(n_samples, n_clusters)``.
        bin_width: Distance of two samples in seconds; a sample stands for the middle of its bin.
    """

    rates: NDArray[np.float32]
    bin_width: float

    @property
    def times(self) -> NDArray[np.floating]:
        """Of the samples, in seconds, shape ``(n_samples,)``."""
        return (np.arange(len(self.rates)) + 0.5) * self.bin_width


@dataclass(frozen=True, eq=False)
class AnalysedSession:
    """What was found in one session.

    Attributes:
        name: What the session is called.
        file: Where its spikes lie, if they lie on the disk.
        duration: Its length in seconds.
        n_spikes: Its number of spikes.
        detection: Which clusters are active, of those that define states.
        rates: Rates of all clusters.
        visits: Visits of states.
    """

    name: str
    file: Path | None
    duration: float
    n_spikes: int
    detection: Detection
    rates: SessionRates
    visits: pd.DataFrame


def smoothed(
    counts: NDArray[np.int64], sizes: NDArray[np.int64], bin_width: float, settings: AnalysisSettings
) -> SessionRates:
    """Smoothed rates from spikes in bins."""
    rates = binned_rates(counts, sizes, bin_width)
    _, smooth_rates = smooth(rates, bin_width, settings.kernel_width_ms * 1e-3, settings.kernel)
    return SessionRates(smooth_rates.astype(np.float32, copy=False), bin_width)


def analyse(source: SpikeSource, index: int, settings: AnalysisSettings) -> AnalysedSession:
    """Find the states of one session.

    Raises:
        DataError: As for `SpikeSource.read`, or its rates would not fit into memory.
    """
    layout, session = source.layout, source.sessions[index]
    spikes = source.read(index)
    _check_size(session.where, spikes.duration, len(layout.labels), settings)
    counts, bin_width = sampled_counts(spikes, layout.of_neuron, len(layout.labels), settings.sampling_ms * 1e-3)
    rates = smoothed(counts, layout.sizes, bin_width, settings)
    detection = settings.detector.detect(rates.rates[:, layout.defines_states])
    visits = visits_of(
        detection.active,
        layout.state_labels,
        bin_width,
        spikes.duration,
        minimal_lifespan=settings.minimal_lifespan_ms * 1e-3,
        session=index,
    )
    mean_rates = rates_in_visits(visits, counts, layout.sizes, layout.labels, bin_width)
    visits = visits.assign(mean_rate=mean_rates)
    return AnalysedSession(session.name, session.file, spikes.duration, len(spikes), detection, rates, visits)


def _check_size(where: str, duration: float, n_clusters: int, settings: AnalysisSettings) -> None:
    if duration * 1e3 / settings.sampling_ms * n_clusters > MAX_SAMPLES:
        raise DataError(
            f"{where} lasts {duration:g} s, too long for rates of {n_clusters} clusters every {settings.sampling_ms:g} "
            "ms; are times in ms, not in s? Else take a larger sampling_ms, or shorter sessions"
        )
