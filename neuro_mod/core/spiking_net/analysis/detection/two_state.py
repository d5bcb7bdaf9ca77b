"""Active clusters fire at the upper one of two rates estimated from the session."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from neuro_mod.core.spiking_net.analysis.detection.base import Detection, Detector, check_not_negative
from neuro_mod.core.spiking_net.analysis.detection.mixture import fit_mixture
from neuro_mod.core.spiking_net.analysis.rates.rates import ACTIVE_RATE

_N_BINS = 256
_BLUR = 1 / 8  # of the distance of the states
_VALLEY = 0.8  # of the lower peak; a shallower minimum does not count


@dataclass(frozen=True)
class TwoState(Detector):
    """Clusters are active above the middle between two typical rates, estimated from all clusters of a session.

    Square roots of rates, whose variance in a Poisson process is independent of the rate, are split by a mixture of two
    normal distributions. The rates of the two states are the medians of the two components, and the threshold is half
    way between them, where a rate smoothed with a symmetric kernel is when the cluster switches. The point where both
    components are equally likely would be too low, as the samples around a switch make the upper one wide.

    Two states are found if the distribution has two peaks with a valley between them and the two rates differ enough.
    Otherwise an absolute threshold is used: all clusters may be in the same state all the time. Silent clusters are
    left out of the fit. docs/background/detection.md has the measurements behind these choices.

    Args:
        least_difference_hz: Least difference of the rates of two states, in Hz.
        least_ratio: Least ratio of these rates.
        otherwise_hz: Threshold in Hz where no two states are found.

    Raises:
        InputError: A parameter is negative or not finite.
    """

    least_difference_hz: float = 5.0
    least_ratio: float = 2.0
    otherwise_hz: float = ACTIVE_RATE

    def __post_init__(self):
        check_not_negative(
            least_difference_hz=self.least_difference_hz, least_ratio=self.least_ratio, otherwise_hz=self.otherwise_hz
        )

    def detect(self, rates: NDArray[np.floating]) -> Detection:
        """As for `Detector.detect`; the threshold is the same for all clusters."""
        found = self._middle(rates[:, (rates > 0).any(axis=0)])
        threshold = self.otherwise_hz if found is None else found
        return Detection(rates > threshold, np.full(rates.shape[1], threshold, np.float64), fitted=found is not None)

    def _middle(self, rates: NDArray[np.floating]) -> float | None:
        """Half way between the rates of the two states, in Hz; None where there are none."""
        if not rates.size or np.isclose(rates.min(), rates.max()):
            return None
        counts, edges = np.histogram(np.sqrt(rates, dtype=np.float64), _N_BINS)
        mixture = fit_mixture(counts / counts.sum(), edges)
        if mixture is None:
            return None
        upper = rates > (mixture.mean**2).mean()
        low, high = float(np.median(rates[~upper])), float(np.median(rates[upper]))
        differ = high - low >= self.least_difference_hz and high >= self.least_ratio * low
        return (low + high) / 2 if differ and _have_valley(counts, edges, low, high) else None


def _have_valley(counts: NDArray[np.int64], edges: NDArray[np.float64], low: float, high: float) -> bool:
    """Whether there is a valley between two rates in the blurred histogram of square roots."""
    first, last = np.clip(np.searchsorted(edges, np.sqrt([low, high])) - 1, 0, len(counts) - 1)
    blurred = gaussian_filter1d(counts.astype(np.float64), (last - first) * _BLUR)
    bottom = first + int(np.argmin(blurred[first : last + 1]))
    lower_peak = min(blurred[: bottom + 1].max(), blurred[bottom:].max())
    return bool(blurred[bottom] <= _VALLEY * lower_peak)
