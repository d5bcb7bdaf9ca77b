"""Active clusters fire well above their own mean over the session."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.spiking_net.analysis.detection.base import Detection, Detector, check_not_negative


@dataclass(frozen=True, eq=False)
class AboveRates(Detector):
    """Clusters are active where their rate exceeds a rate of their own.

    Args:
        thresholds: These rates in Hz, shape ``(n_clusters,)``.
    """

    thresholds: NDArray[np.float64]

    def detect(self, rates: NDArray[np.floating]) -> Detection:
        """As for `Detector.detect`."""
        return Detection(rates > self.thresholds, self.thresholds)


@dataclass(frozen=True)
class Gain(Detector):
    """Clusters are active where their rate exceeds their own mean over the session by more than a threshold.

    This is not the rule of the publications, which is `NetworkGain`: they take the mean over all trials and stimuli of
    a network, where this takes each session alone, and a threshold of 0 or 1 Hz, where this has 10 Hz by default.

    A cluster that is active most of the time has a high mean: if it is active for more than a fraction
    ``1 - threshold_hz / (r1 - r0)`` of the session, with rates r1 and r0 of the two states, it is not detected.

    Args:
        threshold_hz: Difference in Hz.

    Raises:
        InputError: The threshold is negative or not finite.
    """

    threshold_hz: float = 10.0

    def __post_init__(self):
        check_not_negative(threshold_hz=self.threshold_hz)

    def detect(self, rates: NDArray[np.floating]) -> Detection:
        """As for `Detector.detect`; the thresholds are NaN without samples."""
        n_samples, n_clusters = rates.shape
        mean = rates.mean(axis=0, dtype=np.float64) if n_samples else np.full(n_clusters, np.nan)
        return AboveRates(mean + self.threshold_hz).detect(rates)
