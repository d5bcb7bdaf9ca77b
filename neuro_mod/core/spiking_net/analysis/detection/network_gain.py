"""Active clusters fire above their mean over all sessions of a network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.spiking_net.analysis.detection.base import Detector
from neuro_mod.core.spiking_net.analysis.detection.gain import AboveRates, Gain


@dataclass(frozen=True)
class NetworkGain(Gain):
    """Clusters are active where their rate exceeds their own mean over all sessions by more than a threshold.

    This is the published rule, in which the sessions are all trials of one network, with all stimuli. Sessions of
    several networks, such as repeats without ``fix_network``, have clusters of the same label but other mean rates;
    each network is to be analysed alone.

    Args:
        threshold_hz: Difference in Hz; 0 or 1 in the publications.

    Raises:
        InputError: The threshold is negative or not finite.

    References:
        Wyrick & Mazzucato 2021, "State-dependent regulation of cortical processing speed via gain modulation".
        Papadopoulos et al. 2024, arXiv 2404.03902.
    """

    threshold_hz: float = 1.0

    def in_recording(self, mean_rates: Callable[[], NDArray[np.float64]]) -> Detector:
        """As for `Detector.in_recording`; without it, the mean is that of the session."""
        return self.with_thresholds(mean_rates() + self.threshold_hz)

    def with_thresholds(self, thresholds: NDArray[np.float64]) -> Detector:
        """As for `Detector.with_thresholds`."""
        return AboveRates(thresholds)
