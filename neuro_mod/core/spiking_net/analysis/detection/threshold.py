"""Active clusters fire above an absolute threshold, or two of them."""

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
    """Clusters are active while their rate is above the low threshold, if it exceeds the high one in between.

    As in edge detection with hysteresis, this is symmetric in time: the rise to the high threshold is part of the
    activity just as the decay from it is.

    Args:
        high_hz: Threshold in Hz that the rate exceeds at least once.
        low_hz: Threshold in Hz that it exceeds throughout; the high one by default.

    Raises:
        InputError: A threshold is negative or not finite, or the low one is above the high one.

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
            active = _stretches_reaching(rates > self.low_hz, active)
        return Detection(active, np.full(rates.shape[1], self.high_hz, np.float64))


def _stretches_reaching(wide: NDArray[np.bool_], narrow: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The stretches of each column of ``wide`` in which ``narrow``, a subset of it, is true at least once."""
    stretch = np.empty(wide.shape, np.int32)  # number of the stretch of each sample, from 1
    label(wide, structure=_ALONG_TIME, output=stretch)
    reached = np.zeros(stretch.max(initial=0) + 1, dtype=bool)
    reached[stretch[narrow]] = True
    return reached[stretch]
