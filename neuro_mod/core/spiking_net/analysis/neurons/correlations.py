"""Correlations of the spike counts of pairs of neurons, and their means within and between clusters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from neuro_mod.checks import check_shape
from neuro_mod.core.spiking_net.analysis.neurons.one_pass import sum_over_sessions
from neuro_mod.errors import invalid
from neuro_mod.recordings.spikes import SpikeEvents
from neuro_mod.recordings.windows import Edge, whole_steps
from neuro_mod.summaries import ShownFields

#: Width of a count bin in seconds.
COUNT_BIN = 50e-3
#: Bins that are held as a dense array at a time.
_BLOCK = 1024


def count_correlations(
    sessions: Iterable[SpikeEvents], bin_width: float = COUNT_BIN, *, t_from: Edge = None, t_to: Edge = None
) -> NDArray[np.float64]:
    """Pearson coefficients of the spike counts of all pairs of neurons, within sessions.

    Bins do not overlap; an incomplete last bin is left out. The covariances of a session are taken about its own means,
    with one less than the number of bins in the denominator, and averaged over the sessions of at least two bins with
    equal weights; the coefficient is the mean covariance over the root of both mean variances. It is thus unaffected by
    sessions in which a neuron is silent and by differences between sessions. For one session it is the ordinary
    coefficient.

    Args:
        sessions: Sessions of the same neurons, read once.
        bin_width: In seconds, a whole multiple of the time step.
        t_from: Start of the time window in each session, in seconds; see `windows.window_of`.
        t_to: End of the window.

    Returns:
        Shape ``(n_neurons, n_neurons)``; NaN for neurons whose count never varies within a session, as of silent ones.

    Raises:
        InputError: ``bin_width`` is not a whole number of steps, or as for `one_pass.each_session`.
    """
    (covariance,) = sum_over_sessions(partial(_covariance, bin_width=bin_width), sessions, t_from, t_to)
    return coefficients(covariance)


def coefficients(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correlation coefficients of covariances, or of multiples of them; NaN where a variance is zero."""
    variance = covariance.diagonal()
    product = np.outer(variance, variance)
    varies = product > 0
    np.sqrt(product, out=product)
    return np.divide(covariance, product, out=np.full_like(product, np.nan), where=varies)


def mean_covariance(counts: Sequence[NDArray[np.integer]]) -> NDArray[np.float64]:
    """Mean of the covariances of sessions, as in `count_correlations`, given their counts.

    Args:
        counts: Of each session, shape ``(n_bins, n_neurons)``, of at least two bins.

    Returns:
        Shape ``(n_neurons, n_neurons)``; 0 on the diagonal for counts that never vary within a session, as
        their means are exact.
    """
    n = counts[0].shape[1]
    products = np.zeros((n, n))
    for together in _in_pieces(counts):
        deviations = [(each - each.mean(axis=0)) / np.sqrt((len(each) - 1) * len(counts)) for each in together]
        rows = np.concatenate(deviations)
        products += rows.T @ rows
    return products


def _in_pieces(counts: Sequence[NDArray[np.integer]]) -> Iterator[list[NDArray[np.integer]]]:
    """Sessions one after the other, as many together as have `_BLOCK` bins: each product of matrices costs time."""
    together: list[NDArray[np.integer]] = []
    for each in counts:
        together.append(each)
        if sum(map(len, together)) >= _BLOCK:
            yield together
            together = []
    if together:
        yield together


def _covariance(spikes: SpikeEvents, bin_width: float) -> tuple[NDArray[np.float64]]:
    """Covariances of the counts in a session; zeros if it has fewer than two bins."""
    bin_steps = whole_steps("bin_width", bin_width, spikes.delta_t)
    n_bins, n = spikes.n_steps // bin_steps, spikes.n_neurons
    products, total = np.zeros((n, n)), np.zeros(n)
    if n_bins < 2:
        return (products,)
    for first in range(0, n_bins, _BLOCK):
        counts = _counts(spikes, bin_steps, first, min(first + _BLOCK, n_bins))
        products += counts.T @ counts
        total += counts.sum(axis=0)
    products *= n_bins
    products -= np.outer(total, total)
    products /= n_bins * (n_bins - 1)
    return (products,)


def _counts(spikes: SpikeEvents, bin_steps: int, first: int, last: int) -> NDArray[np.float64]:
    """Counts in the bins from ``first`` until before ``last``, shape ``(last - first, n_neurons)``."""
    begin, end = np.searchsorted(spikes.steps, np.array([first, last]) * bin_steps)
    bins = spikes.steps[begin:end].astype(np.int64) // bin_steps - first
    cell = bins * spikes.n_neurons + spikes.neurons[begin:end]
    counts = np.bincount(cell, minlength=(last - first) * spikes.n_neurons)
    return counts.reshape(-1, spikes.n_neurons).astype(np.float64)


@dataclass(frozen=True, eq=False, repr=False)
class ClusterCorrelations(ShownFields):
    """Mean correlations of pairs of different neurons; pairs without a coefficient are left out.

    Attributes:
        mean: Mean over the pairs of one neuron of each of two clusters, shape ``(n_clusters, n_clusters)``; NaN where
            there is no pair.
        n_pairs: Number of these pairs, of the same shape; pairs within a cluster are counted once.
        within: Mean over all pairs within a cluster; NaN if there is none.
        between: Mean over all pairs of different clusters; NaN if there is none.
    """

    mean: NDArray[np.float64]
    n_pairs: NDArray[np.int64]
    within: float
    between: float


def cluster_correlations(
    correlations: NDArray[np.floating],
    of_neuron: NDArray[np.integer],
    n_clusters: int,
    counted: NDArray[np.bool_] | None = None,
) -> ClusterCorrelations:
    """Means of pairwise correlations within and between clusters.

    Args:
        correlations: Coefficients, symmetric, shape ``(n_neurons, n_neurons)``; NaN where there is none.
        of_neuron: Cluster of each neuron, ``0..n_clusters-1``, shape ``(n_neurons,)``.
        n_clusters: Number of clusters.
        counted: Clusters whose pairs enter ``within`` and ``between``, shape ``(n_clusters,)``; None for all.

    Raises:
        InputError: The arguments do not fit together.
    """
    _check_shapes(correlations, of_neuron, n_clusters)
    member = (of_neuron[:, None] == np.arange(n_clusters)).astype(np.float64)
    known = np.isfinite(correlations)
    np.fill_diagonal(known, False)
    total = member.T @ np.where(known, correlations, 0.0) @ member
    ordered = member.T @ known @ member  # pairs within a cluster come in both orders
    mean = np.divide(total, ordered, out=np.full_like(total, np.nan), where=ordered > 0)
    same = np.eye(n_clusters, dtype=bool)
    enters = np.ones(n_clusters, bool) if counted is None else np.asarray(counted, bool)
    both = np.outer(enters, enters)
    return ClusterCorrelations(
        mean=mean,
        n_pairs=np.rint(np.where(same, ordered / 2, ordered)).astype(np.int64),
        within=_mean(total, ordered, same & both),
        between=_mean(total, ordered, ~same & both),
    )


def _mean(total: NDArray[np.float64], number: NDArray[np.float64], where: NDArray[np.bool_]) -> float:
    pairs = number.sum(where=where)
    return float(total.sum(where=where) / pairs) if pairs else float("nan")


def _check_shapes(correlations: NDArray[np.floating], of_neuron: NDArray[np.integer], n_clusters: int) -> None:
    check_shape("correlations", correlations, (len(of_neuron), len(of_neuron)))
    if len(of_neuron) and not 0 <= of_neuron.min() <= of_neuron.max() < n_clusters:
        raise invalid("of_neuron", (of_neuron.min(), of_neuron.max()), f"numbers from 0 to {n_clusters - 1}")
