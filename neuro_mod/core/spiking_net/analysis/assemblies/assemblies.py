"""Assemblies found in the spikes of sessions, and how far they can be trusted."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuro_mod.checks import whole_number
from neuro_mod.core.random import Stream
from neuro_mod.core.spiking_net.analysis.assemblies.partition import Partition, partition
from neuro_mod.core.spiking_net.analysis.assemblies.spectrum import eigenvalues_of, least_active_bins
from neuro_mod.core.spiking_net.analysis.neurons.correlations import coefficients, mean_covariance
from neuro_mod.core.spiking_net.analysis.neurons.one_pass import each_session
from neuro_mod.core.spiking_net.analysis.rates.units import unit_counts
from neuro_mod.errors import InputError, invalid
from neuro_mod.optional import optional
from neuro_mod.recordings.layout import NO_CLUSTER
from neuro_mod.recordings.spikes import SpikeEvents

_LOG = logging.getLogger(__name__)
#: Bins of counts in ms.
ASSEMBLY_BIN_MS = 50.0
#: Random halves of the data in which assemblies are found again.
N_RESAMPLES = 10
#: Blocks of which halves are drawn, at least.
_LEAST_BLOCKS = 10


@dataclass(frozen=True, eq=False)
class Assemblies:
    """Assemblies of neurons.

    Attributes:
        labels: Assembly of each neuron, ``0..n_assemblies-1`` in the order of their first neurons, -1 for neurons in
            none, shape ``(n_neurons,)``.
        eigenvalues: Of the count correlations of the neurons that fire in enough bins, the largest first.
        upper_bound: Eigenvalue that the largest one of independent neurons exceeds in about 1 % of all cases.
        explained: Share of the variance of each neuron that significant components explain, shape ``(n_neurons,)``;
            NaN for neurons that fire in too few bins, such as silent ones, and where counts do not vary.
        silhouettes: Of the neurons in assemblies, NaN for others, shape ``(n_neurons,)``; 0 if there is one assembly.
        scores: Mean silhouette (column ``silhouette``) for each ``n_assemblies`` that was tried, by Ward's method.
        stability: Mean adjusted Rand index of the labels, those of neurons in no assembly included, with the labels
            found in random halves of the data; NaN without assemblies, resampling or scikit-learn.
        bin_width: Of the counts, in seconds.
        n_bins: Independent bins: those of all sessions, less one for the mean of each.

    Examples:
        >>> from neuro_mod import Analyzer, StageSNNSimulation
        >>> outputs = StageSNNSimulation("small").run(duration_sec=5, record=["spikes"])
        >>> analyzer = Analyzer(outputs["spikes"])  # without labels of clusters
        >>> assemblies = analyzer.find_assemblies()
        >>> assemblies.labels.shape, assemblies.n_assemblies
        ((600,), 6)
    """

    labels: NDArray[np.int64]
    eigenvalues: NDArray[np.float64]
    upper_bound: float
    explained: NDArray[np.float64]
    silhouettes: NDArray[np.float64]
    scores: pd.DataFrame
    stability: float
    bin_width: float
    n_bins: float

    def __repr__(self) -> str:
        return (
            f"Assemblies({self.n_assemblies} with {np.count_nonzero(self.labels >= 0)} of {len(self.labels)} neurons, "
            f"quality {self.quality:.2f}, stability {self.stability:.2f})"
        )

    @property
    def n_assemblies(self) -> int:
        """Number of assemblies."""
        return int(self.labels.max(initial=NO_CLUSTER)) + 1

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Neurons in each assembly, shape ``(n_assemblies,)``."""
        return np.bincount(self.labels[self.labels >= 0], minlength=self.n_assemblies)

    @property
    def n_significant(self) -> int:
        """Number of eigenvalues above the bound."""
        return int(np.count_nonzero(self.eigenvalues > self.upper_bound))

    @property
    def gap(self) -> tuple[float, float]:
        """The last eigenvalue above the bound and the first below; NaN where there is none."""
        padded = np.concatenate([[np.nan], self.eigenvalues, [np.nan]])
        return float(padded[self.n_significant]), float(padded[self.n_significant + 1])

    @property
    def quality(self) -> float:
        """Mean silhouette of the neurons in assemblies, up to 1; NaN with fewer than two assemblies."""
        return float(np.nanmean(self.silhouettes)) if self.n_assemblies > 1 else np.nan

    def table(self) -> pd.DataFrame:
        """One row per neuron: ``neuron``, ``assembly`` (-1 for none), ``explained``, ``silhouette``."""
        return pd.DataFrame(
            {
                "neuron": np.arange(len(self.labels)),
                "assembly": self.labels,
                "explained": self.explained,
                "silhouette": self.silhouettes,
            }
        )


def find_assemblies(
    sessions: Iterable[SpikeEvents],
    bin_width: float = ASSEMBLY_BIN_MS * 1e-3,
    *,
    n_assemblies: int | None = None,
    seed: int = 0,
    n_resamples: int = N_RESAMPLES,
) -> Assemblies:
    """Find groups of neurons whose spike counts are correlated.

    The correlations are those of `correlations.count_correlations`; how neurons are grouped by them is said in
    `partition.partition`. Neurons whose counts never vary are left out, as are those that fire in so few bins that one
    in common makes a large correlation (`spectrum.least_active_bins`). Only counts are kept in memory.

    Stability: the data are cut into at least 10 blocks, the sessions or equal parts of them; assemblies are found anew,
    their number included, in random halves of the blocks.

    Args:
        sessions: Sessions of the same neurons, read once.
        bin_width: Bins in which spikes are counted, in seconds.
        n_assemblies: How many assemblies there are, fewer if groups have a single neuron; by default they are chosen.
        seed: Root seed of the halves.
        n_resamples: Number of halves; 0 for no stability. Without scikit-learn there is none, with a warning.

    Raises:
        InputError: An argument is not valid, no session has two bins, or as for `one_pass.each_session`.
    """
    whole_number("seed", seed, 0)
    whole_number("n_resamples", n_resamples, 0)
    if n_assemblies is not None:
        whole_number("n_assemblies", n_assemblies, 1)

    def counts_of(spikes: SpikeEvents) -> NDArray[np.integer]:
        everyone = np.arange(spikes.n_neurons)
        counts = unit_counts(spikes, everyone, spikes.n_neurons, bin_width)
        return counts.astype(np.min_scalar_type(counts.max(initial=0)))

    counts = [each for each in each_session(counts_of, sessions) if len(each) > 1]
    if not counts:
        raise invalid("bin_width", bin_width, "seconds of which a session has at least two")
    found, correlations, varying = _found(counts, n_assemblies)
    labels = _of_all(found.labels, varying, NO_CLUSTER)
    return Assemblies(
        labels,
        eigenvalues_of(correlations) if varying.any() else np.empty(0),
        found.upper_bound,
        _of_all(found.explained, varying, np.nan),
        _of_all(found.silhouettes, varying, np.nan),
        pd.DataFrame({"n_assemblies": list(found.scores), "silhouette": list(found.scores.values())}),
        _stability(labels, counts, n_assemblies, Stream(seed, "assemblies"), n_resamples),
        bin_width,
        _independent_bins(counts),
    )


def _found(
    counts: Sequence[NDArray[np.integer]], n_assemblies: int | None
) -> tuple[Partition, NDArray[np.float64], NDArray[np.bool_]]:
    """Assemblies of the neurons whose counts vary enough, their correlations, and which these are.

    Args:
        counts: Of each session, shape ``(n_bins, n_neurons)``, of at least two bins.
        n_assemblies: As for `find_assemblies`.
    """
    covariance = mean_covariance(counts)
    n_active, n_bins = np.sum([(each > 0).sum(axis=0) for each in counts], axis=0), _independent_bins(counts)
    varying = (covariance.diagonal() > 0) & _fire_enough(n_active, n_bins)
    if n_assemblies is not None and n_assemblies > varying.sum():
        raise invalid("n_assemblies", n_assemblies, f"at most {varying.sum()}, the number of neurons that fire enough")
    if not varying.any():
        empty = np.empty(0)
        return Partition(np.empty(0, np.int64), np.nan, empty, empty, {}), np.empty((0, 0)), varying
    correlations = coefficients(covariance[np.ix_(varying, varying)])
    sparseness = float(np.mean(1 / n_active[varying]))
    return partition(correlations, n_bins, n_assemblies, sparseness), correlations, varying


def _fire_enough(n_active: NDArray[np.int64], n_bins: float) -> NDArray[np.bool_]:
    """Which neurons, given the bins in which each fires, fire in enough for the bound of as many neurons as these."""
    kept = n_active > 0
    while kept.any():
        fewer = kept & (n_active >= least_active_bins(int(kept.sum()), n_bins))
        if fewer.sum() == kept.sum():
            break
        kept = fewer
    return kept


def _independent_bins(counts: Sequence[NDArray[np.integer]]) -> float:
    """Bins of one session whose covariances are as precise as the mean of those of all sessions, less one for its mean.

    Of equal sessions, the sum of their numbers of bins less one.
    """
    return float(len(counts) ** 2 / sum(1 / (len(each) - 1) for each in counts))


def _stability(
    labels: NDArray[np.int64],
    counts: Sequence[NDArray[np.integer]],
    n_assemblies: int | None,
    stream: Stream,
    n_resamples: int,
) -> float:
    """Mean adjusted Rand index of labels with those of random halves of the data; NaN without them or scikit-learn."""
    blocks = _blocks(counts)
    if not n_resamples or len(blocks) < 2 or (labels == NO_CLUSTER).all():
        return np.nan
    try:
        metrics = optional("sklearn.metrics", "hmm")
    except ImportError as error:
        _LOG.warning("no stability of assemblies: %s", error)
        return np.nan
    indices = []
    for resample in range(n_resamples):
        order = replace(stream, index=(resample,)).permutation(len(blocks))
        half = [blocks[index] for index in np.sort(order[: len(blocks) // 2])]
        try:
            found, _, varying = _found(half, n_assemblies)
        except InputError:  # fewer neurons vary in this half than there shall be assemblies
            return np.nan
        indices.append(metrics.adjusted_rand_score(labels, _of_all(found.labels, varying, NO_CLUSTER)))
    return float(np.mean(indices))


def _blocks(counts: Sequence[NDArray[np.integer]]) -> list[NDArray[np.integer]]:
    """The sessions, or equal parts of them where they are few; those of at least two bins."""
    parts = -(-_LEAST_BLOCKS // len(counts))
    return [part for each in counts for part in np.array_split(each, parts) if len(part) > 1]


def _of_all(values: NDArray[Any], varying: NDArray[np.bool_], other: float) -> NDArray[Any]:
    """Values of all neurons, given those of the neurons whose counts vary."""
    everyone = np.full(len(varying), other, values.dtype)
    everyone[varying] = values
    return everyone
