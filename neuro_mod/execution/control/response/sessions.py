"""Trials as observables see them: counts, rates and active clusters on one grid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.spiking_net.analysis.detection import Threshold
from neuro_mod.core.spiking_net.analysis.findings.settings import AnalysisSettings
from neuro_mod.core.spiking_net.analysis.rates.rates import binned_rates, smooth
from neuro_mod.populations import Populations
from neuro_mod.recordings.spikes import SpikeEvents
from neuro_mod.summaries import ShownFields

#: Lags, in widths of the kernel, beyond which a smoothed rate does not see a spike; scipy's Gaussian ends there.
_REACHES = {"gaussian": 4.0, "box": 0.5, "exponential": 0.0, "half_normal": 0.0}


@dataclass(frozen=True, eq=False, repr=False)
class ObservedSession(ShownFields):
    """A trial, given to functions of the user.

    Args:
        counts: Spikes of each population in each bin, shape ``(T, P)``.
        scores: Of the external input of each population in each bin, in 1/Hz, shape ``(T, P)``.
        bin_width: In seconds.
        populations: The layout of cluster space, C clusters and P populations.
        smoothed: Smoothed rates in Hz, shape ``(T, P)``; NaN in empty populations.
        active: Whether each cluster is active, shape ``(T, C)``.
        load_spikes: Returns the spikes.

    Examples:
        >>> from neuro_mod import Responses, StageSNNSimulation
        >>> stager = StageSNNSimulation("small", overrides=["init_params.duration_sec=2"])
        >>> responses = Responses.simulated(stager, 2, windows=[0.5], settle=0.5)
        >>> found = responses.of(lambda session: session.active.sum(axis=1), name="active clusters")
        >>> found.response.shape  # of the number of active clusters: (1, n_windows, n_pops)
        (1, 1, 14)
    """

    counts: NDArray[np.integer]
    scores: NDArray[np.float64]
    bin_width: float
    populations: Populations
    smoothed: NDArray[np.floating]
    active: NDArray[np.bool_]
    load_spikes: Callable[[], SpikeEvents]

    @property
    def times(self) -> NDArray[np.floating]:
        """Middles of the bins in seconds, shape ``(T,)``."""
        return (np.arange(len(self.counts)) + 0.5) * self.bin_width

    @cached_property
    def rates(self) -> NDArray[np.floating]:
        """Rates in each bin in Hz, not smoothed, shape ``(T, P)``; NaN in empty populations."""
        return binned_rates(self.counts, self.populations.sizes, self.bin_width)

    @property
    def spikes(self) -> SpikeEvents:
        """All spikes."""
        return self.load_spikes()


@dataclass(frozen=True, eq=False)
class Detected:
    """Active clusters of all trials.

    Args:
        active: Of each trial, shape ``(T, C)``.
        thresholds: Rate in Hz above which each cluster counts as active, shape ``(C,)``.
        fitted: Whether the thresholds separate two states that were found in the rates.
    """

    active: list[NDArray[np.bool_]]
    thresholds: NDArray[np.float64]
    fitted: bool


def detect_in_all(rates: Sequence[NDArray[np.floating]], settings: AnalysisSettings) -> Detected:
    """Detect active clusters with the same thresholds in all trials.

    Methods that find their threshold in the rates do so in those of all trials together: the threshold then is one
    number of the network that barely depends on the noise of a single trial. Short visits are not removed.

    Args:
        rates: Smoothed rates of the clusters in Hz, of each trial, shape ``(T, C)``.
        settings: Method and parameters.
    """
    detector = settings.detector
    if isinstance(detector, Threshold):
        found = [detector.detect(each) for each in rates]
        return Detected([each.active for each in found], found[0].thresholds, False)
    detection = detector.detect(np.concatenate(rates))
    edges = np.cumsum([len(each) for each in rates])[:-1]
    return Detected(np.split(detection.active, edges), detection.thresholds, detection.fitted)


def smoothed_rates_of(
    counts: NDArray[np.integer], populations: Populations, bin_width: float, settings: AnalysisSettings
) -> NDArray[np.floating]:
    """Smoothed rates of all populations in Hz, shape ``(T, P)``."""
    rates = binned_rates(counts, populations.sizes, bin_width)
    return smooth(rates, bin_width, settings.kernel_width_ms * 1e-3, settings.kernel)[1]


def reach_of(settings: AnalysisSettings, bin_width: float) -> int | None:
    """Bins after an observation whose spikes it depends on; None if all may matter, as for a hysteresis."""
    if isinstance(settings.detector, Threshold) and settings.detector.low_hz is not None:
        return None
    return int(np.ceil(_REACHES[settings.kernel] * settings.kernel_width_ms * 1e-3 / bin_width - 1e-9))
