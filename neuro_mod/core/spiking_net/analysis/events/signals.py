"""How well single epochs tell a response: d', and signal and reliability of targeted and other clusters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuro_mod.core.spiking_net.analysis.events.epoch_spikes import EpochSpikes, Windows, counts_in, part_of
from neuro_mod.core.spiking_net.analysis.rates.units import Units
from neuro_mod.summaries import ShownFields

#: Begin and end of a part of the epochs in seconds from the event; None for those of the epochs.
Part = Sequence[float | None]


@dataclass(frozen=True, eq=False, repr=False)
class ClusterSignal(ShownFields):
    """Responses of clusters to an event, and how reliable they are.

    Attributes:
        clusters: One row per cluster: ``cluster``, ``targeted`` (share of the epochs in which it is), ``signal_hz``
            (mean response over epochs), ``standard_error`` (over epochs), ``reliability`` (share of the epochs in which
            the response exceeds the threshold), ``signal_to_noise`` (signal over the standard deviation over epochs).
        groups: Two rows, ``targeted`` and ``other``, and their ``difference``: ``signal_hz``, ``standard_error``,
            ``reliability``, ``reliability_error``, means over the clusters of an epoch, then over epochs, with standard
            errors over epochs; NaN where there is no such cluster.
    """

    clusters: pd.DataFrame
    groups: pd.DataFrame


def rates_in(spikes: EpochSpikes, units: Units, part: Part, name: str) -> NDArray[np.float64]:
    """Rate per neuron of each unit in a part of each epoch, in Hz, shape ``(n_epochs, n_units)``."""
    first, last = part_of(spikes, part[0], part[1], name)
    whole = Windows(first, last - first, last - first, 1)
    counts = counts_in(spikes, whole, units.of_neuron, len(units.labels))[:, 0]
    return counts / (units.sizes * (last - first) * spikes.delta_t)


def d_prime(high: NDArray[np.float64], low: NDArray[np.float64]) -> NDArray[np.float64]:
    """Difference of means over the root of the mean variance, ``(m1 - m0) / sqrt((v1 + v0) / 2)``.

    Args:
        high: Responses in single epochs, shape ``(n_epochs, n_units)``.
        low: What they are compared with, likewise.

    Returns:
        Shape ``(n_units,)``; NaN with fewer than two epochs, and where nothing varies.

    References:
        Green & Swets 1966, Signal Detection Theory and Psychophysics; for unequal variances Simpson & Fitter 1973.
    """
    if min(len(high), len(low)) < 2:
        return np.full(high.shape[1], np.nan)
    spread = np.sqrt((high.var(axis=0, ddof=1) + low.var(axis=0, ddof=1)) / 2)
    difference = high.mean(axis=0) - low.mean(axis=0)
    return np.divide(difference, spread, out=np.full_like(spread, np.nan), where=spread > 0)


def cluster_signal(
    response: NDArray[np.float64], targeted: NDArray[np.bool_], labels: NDArray[np.int64], threshold_hz: float
) -> ClusterSignal:
    """Signal and reliability, see `Epochs.signal`.

    Args:
        response: Rate after the event minus baseline, in Hz, shape ``(n_epochs, n_clusters)``.
        targeted: Whether the event targets each cluster in each epoch, of the same shape.
        labels: Labels of the clusters.
        threshold_hz: A response is reliable where it exceeds this.
    """
    n = len(response)
    deviation = response.std(axis=0, ddof=1) if n > 1 else np.full(response.shape[1], np.nan)
    signal, above = response.mean(axis=0), response > threshold_hz
    clusters = pd.DataFrame(
        {
            "cluster": labels,
            "targeted": targeted.mean(axis=0),
            "signal_hz": signal,
            "standard_error": deviation / np.sqrt(n),
            "reliability": above.mean(axis=0),
            "signal_to_noise": np.divide(signal, deviation, out=np.full(len(labels), np.nan), where=deviation > 0),
        }
    )
    chosen = {"targeted": targeted, "other": ~targeted}
    means = {name: [_mean(each, group) for each in (response, above)] for name, group in chosen.items()}
    means["difference"] = [a - b for a, b in zip(means["targeted"], means["other"], strict=True)]
    rows = [[*_over_epochs(each[0]), *_over_epochs(each[1])] for each in means.values()]
    columns = ["signal_hz", "standard_error", "reliability", "reliability_error"]
    return ClusterSignal(clusters, pd.DataFrame(rows, index=pd.Index(means, name="clusters"), columns=columns))


def _mean(values: NDArray[np.generic], group: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Mean over the clusters of a group in each epoch; NaN in epochs without such a cluster."""
    n = group.sum(axis=1)
    total = (values * group).sum(axis=1)  # pyright: ignore[reportOperatorIssue]
    return np.divide(total, n, out=np.full(len(n), np.nan), where=n > 0)


def _over_epochs(values: NDArray[np.float64]) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    if not len(known):
        return np.nan, np.nan
    return float(known.mean()), float(known.std(ddof=1) / np.sqrt(len(known))) if len(known) > 1 else np.nan
