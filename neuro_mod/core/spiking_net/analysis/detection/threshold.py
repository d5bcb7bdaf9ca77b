"""Active is what fires above an absolute rate, or two of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label

from neuro_mod.core.spiking_net.analysis.detection.base import Detection, Detector, check_not_negative
from neuro_mod.core.spiking_net.analysis.rates.rates import ACTIVE_RATE
from neuro_mod.errors import invalid

_ALONG_TIME = np.array([[0, 1, 0], [0, 1, 0], [0, 1, 0]])


@dataclass(frozen=True)
class Threshold(Detector):
    """Clusters are active as long as their rate stays above the low threshold, if it exceeds the high one in between.

    Time has no direction here, as in the hysteresis thresholds of edge detection: the approach to the high threshold
    belongs to the activity just as the decay from it does.

    Args:
        high_hz: What the rate exceeds somewhere in a run.
        low_hz: What it exceeds all through the run; the high threshold by default.

    Raises:
        ValueError: A threshold is negative or not finite, or the low one is above the high one.

    References:
        Canny 1986, "A computational approach to edge detection".
    """

    high_hz: float = ACTIVE_RATE
    low_hz: float | None = None

    def __post_init__(self):
        low = self.high_hz if self.low_hz is None else self.low_hz
        check_not_negative(high_hz=self.high_hz, low_hz=low)
        if low > self.high_hz:
            raise invalid("low_hz", low, f"at most high_hz, {self.high_hz:g}")

    def detect(self, rates: NDArray[np.floating]) -> Detection:
        """As for `Detector.detect`; ``thresholds`` are the high ones."""
        active = rates > self.high_hz
        if self.low_hz is not None:
            active = _runs_through(rates > self.low_hz, active)
        return Detection(active, np.full(rates.shape[1], self.high_hz, np.float64))


def _runs_through(wide: NDArray[np.bool_], narrow: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Those runs of each column of ``wide`` in which ``narrow``, a part of it, is true somewhere."""
    runs = np.empty(wide.shape, np.int32)  # which run each sample belongs to, from 1 on
    label(wide, structure=_ALONG_TIME, output=runs)
    reached = np.zeros(runs.max(initial=0) + 1, dtype=bool)
    reached[runs[narrow]] = True
    return reached[runs]
