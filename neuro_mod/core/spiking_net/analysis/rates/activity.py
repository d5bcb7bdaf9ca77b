"""Active clusters over time, and mean rates of groups of populations."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.spiking_net.analysis.rates.rates import ACTIVE_RATE
from neuro_mod.populations import EXCITATORY, Populations


class Estimate(NamedTuple):
    """A mean over trials, and its standard error; NaN where undefined."""

    mean: float
    standard_error: float


def active_in_time(rates: NDArray[np.floating], populations: Populations) -> NDArray[np.bool_]:
    """Active clusters: those whose E population fires above `ACTIVE_RATE`.

    Args:
        rates: Smoothed rates in Hz, shape ``(..., P)``.
        populations: The layout of cluster space, p clusters.

    Returns:
        Shape ``(..., p)``; False if the clusters have no E neurons.
    """
    clusters = rates[..., : populations.n_clusters]
    return (clusters > ACTIVE_RATE) & (populations.cluster_sizes[EXCITATORY] > 0)


def mean_rate(rates: NDArray[np.floating], members: NDArray[np.bool_], sizes: NDArray[np.int64]) -> Estimate:
    """Mean rate of the neurons of a group whose members may change over time.

    The standard error is that of a ratio of two means over trials, which are independent: spikes over neurons.

    Args:
        rates: In Hz, shape ``(n_trials, n_bins, P)``; NaN in empty populations.
        members: Whether each population belongs to the group, shape ``(..., P)``.
        sizes: Neurons in each population, shape ``(P,)``.

    References:
        Cochran, Sampling Techniques, 3rd ed., section 2.11.
    """
    weights = np.broadcast_to(members * sizes, rates.shape)
    neurons = weights.sum(axis=(1, 2), dtype=np.float64)
    if not neurons.any():
        return Estimate(np.nan, np.nan)
    spikes = np.where(weights > 0, rates * weights, 0.0).sum(axis=(1, 2), dtype=np.float64)
    mean = spikes.sum() / neurons.sum()
    if len(rates) < 2:
        return Estimate(float(mean), np.nan)
    deviation = spikes - mean * neurons
    return Estimate(float(mean), float(deviation.std(ddof=1) / np.sqrt(len(rates)) / neurons.mean()))
