"""Active is what fires like the upper one of two states that the rates of a session show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from neuro_mod.core.spiking_net.analysis.detection.base import Detection, Detector, check_not_negative
from neuro_mod.core.spiking_net.analysis.detection.mixture import fit_mixture
from neuro_mod.core.spiking_net.analysis.rates import ACTIVE_RATE

_N_BINS = 256
_BLUR = 1 / 8  # of the distance of the states


@dataclass(frozen=True)
class TwoState(Detector):
    """Clusters are active above the middle between two typical rates, found in the rates of all clusters of a session.

    Square roots of rates, whose variance is about that of a Poisson process at any rate, are split by a mixture of two
    normal distributions. The rates of the two states are the medians of the two parts, and the threshold lies half
    way between them: a rate smoothed with a symmetric kernel is there when the cluster switches. (Where both parts of
    the mixture are equally likely is too low: the flanks of the kernel make the upper part wide.)

    Two states are found if the distribution has two peaks with a valley between them and the states differ by
    enough. Otherwise all clusters were active all the time, or never, and an absolute threshold tells which.
    Clusters without any spike have no part in the fit.

    Args:
        least_difference_hz: Difference of the two rates from which on they count as states, in Hz.
        valley: Height of the valley from which on it is none, relative to the lower one of the two peaks.
        otherwise_hz: Threshold in Hz where there are no two states.

    Raises:
        ValueError: A parameter is negative or not finite.

    References:
        McLachlan & Peel 2000, "Finite mixture models", section 1.8 (number of peaks); docs/detection.md for the measurements behind the defaults.
    """

    least_difference_hz: float = 5.0
    valley: float = 0.75
    otherwise_hz: float = ACTIVE_RATE

    def __post_init__(self):
        check_not_negative(
            least_difference_hz=self.least_difference_hz, valley=self.valley, otherwise_hz=self.otherwise_hz
        )

    def detect(self, rates: NDArray[np.floating]) -> Detection:
        """As for `Detector.detect`; the threshold is the same for all clusters."""
        found = self._middle(rates[:, (rates > 0).any(axis=0)])
        threshold = self.otherwise_hz if found is None else found
        return Detection(rates > threshold, np.full(rates.shape[1], threshold), fitted=found is not None)

    def _middle(self, rates: NDArray[np.floating]) -> float | None:
        """Half way between the rates of the two states, in Hz; None where there are none."""
        if not rates.size or rates.max() - rates.min() < self.least_difference_hz or rates.max() == rates.min():
            return None
        counts, edges = np.histogram(np.sqrt(rates), _N_BINS)
        mixture = fit_mixture(counts / counts.sum(), edges)
        if mixture is None:
            return None
        upper = rates > (mixture.mean**2).mean()
        low, high = float(np.median(rates[~upper])), float(np.median(rates[upper]))
        if high - low < self.least_difference_hz or _valley(counts, edges, low, high) > self.valley:
            return None
        return (low + high) / 2


def _valley(counts: NDArray[np.int64], edges: NDArray[np.float64], low: float, high: float) -> float:
    """Lowest point between two rates in the blurred histogram of square roots, relative to the lower peak beside it."""
    first, last = np.clip(np.searchsorted(edges, np.sqrt([low, high])) - 1, 0, len(counts) - 1)
    blurred = gaussian_filter1d(counts.astype(np.float64), (last - first) * _BLUR)
    bottom = first + int(np.argmin(blurred[first : last + 1]))
    return blurred[bottom] / min(blurred[: bottom + 1].max(), blurred[bottom:].max())
