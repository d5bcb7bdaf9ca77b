"""Smoothing kernels for binned rates that preserve the number of spikes.

A kernel of width s is a density over the lag t of a rate behind a spike:

=============== ========================== ================================
``gaussian``    exp(-t²/2s²) / (s√2π)      s is the standard deviation
``box``         1/s, from -s/2 to s/2      s is the full width
``exponential`` exp(-t/s) / s, from 0      s is the time constant
``half_normal`` 2 exp(-t²/2s²) / (s√2π),   s is the sigma of the whole normal
                from 0
=============== ========================== ================================

A spike counts as one in the middle of its bin, and a rate is the mean of the kernel over a bin: the weight of a lag of
n bins is the difference of the cumulative kernel between n - 1/2 and n + 1/2, so that weights are correct for any
width, also far below a bin. The Gaussian is sampled in the middle of the bins instead
(`scipy.ndimage.gaussian_filter1d`), which keeps its variance where it is wider than half a bin.

No spike may be lost at the borders, and a constant density of spikes must give a constant rate. For symmetric kernels
the session is mirrored there. Causal ones are divided by the part of the kernel within the session; their mass beyond
the end is compensated by one factor for the whole session, 1 for a constant density. The time course of a causal
rate thus depends on past spikes only, its scale on all of them.

A box wider than four sessions covers the mirrored session, which repeats every two, several times completely, which
gives its mean; the rest of the width acts as a narrower box. A Gaussian of two sessions or more gives the
mean: the slowest oscillation of the mirrored session is reduced by exp(-2π²), less than 1e-8.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d, gaussian_filter1d
from scipy.special import erf

from neuro_mod.checks import check_choice
from neuro_mod.choices import Kernel
from neuro_mod.errors import invalid

#: Cumulative kernels over the lag from 0 on, in widths, and the lag at which they are cut: less than 1e-6 is beyond.
_CUMULATIVE: dict[str, tuple[Callable[[NDArray[np.float64]], NDArray[np.float64]], float]] = {
    "box": (lambda lag: np.minimum(lag, 0.5), 0.5),
    "exponential": (lambda lag: -np.expm1(-lag), 14.0),
    "half_normal": (lambda lag: erf(lag / math.sqrt(2)), 5.0),
}

#: In bins; all but 1e-20 of a narrower kernel is within the bin of the spike.
_NARROWEST = 1e-2


def filtered(rates: NDArray[np.floating], kernel: Kernel, width: float) -> NDArray[np.floating]:
    """Smooth along time; takes a time proportional to bins times the width of the kernel, or the session, in bins.

    Args:
        rates: Binned rates, shape ``(n_bins, P)``; NaN where a population is empty.
        kernel: Shape of the kernel.
        width: Its width in bins; 0 for no smoothing.

    Returns:
        Rates of the same sum over time, of the same shape and type.

    Raises:
        InputError: No such kernel, or the width is negative or not finite.
    """
    check_choice("kernel", kernel, Kernel)
    if not 0 <= width < math.inf:
        raise invalid("kernel width in bins", width, "a finite number of at least 0")
    if not rates.size or width < _NARROWEST:
        return rates
    if kernel == "gaussian":
        return gaussian_filter1d(rates, width, axis=0) if width < 2 * len(rates) else _means(rates)
    if kernel == "box":
        return _box(rates, width)
    return _causal(rates, _weights(kernel, width, most=len(rates))).astype(rates.dtype, copy=False)


def _box(rates: NDArray[np.floating], width: float) -> NDArray[np.floating]:
    rest = width % (4 * len(rates))
    if rest < width:
        means = _means(rates)
        return means + float(rest / width) * (filtered(rates, "box", rest) - means)
    half = _weights("box", width)
    return correlate1d(rates, np.concatenate([half[:0:-1], 2 * half[:1], half[1:]]), axis=0)


def _means(rates: NDArray[np.floating]) -> NDArray[np.floating]:
    """Means over time, in each bin."""
    return np.tile(rates.mean(axis=0, dtype=np.float64).astype(rates.dtype), (len(rates), 1))


def _weights(kernel: Kernel, width: float, most: float = math.inf) -> NDArray[np.float64]:
    """Weights of at most ``most`` lags 0, 1, ... bins; the lag 0 of a symmetric kernel has half its weight."""
    cumulative, cut = _CUMULATIVE[kernel]
    n_lags = int(min(math.ceil(cut * width + 0.5), most))
    edges = np.linspace(0.5, n_lags - 0.5, n_lags) / width
    return np.diff(cumulative(edges), prepend=0.0)


def _causal(rates: NDArray[np.floating], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rates from past bins, relative to the weights within the session, scaled to the sum over time that they had."""
    within = np.cumsum(np.pad(weights, (0, len(rates) - len(weights))))
    past_only = np.concatenate([weights[::-1], np.zeros(len(weights) - 1)])
    smoothed = correlate1d(rates.astype(np.float64), past_only, axis=0, mode="constant") / within[:, None]
    total, count = smoothed.sum(axis=0), rates.sum(axis=0, dtype=np.float64)
    return smoothed * np.divide(count, total, out=np.ones_like(total), where=total != 0)
