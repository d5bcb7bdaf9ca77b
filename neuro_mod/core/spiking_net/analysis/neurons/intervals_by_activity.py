"""How regularly neurons fire while their cluster is active, and while it is not.

A cluster changes its state before many an interval ends, and long intervals are cut more often than short ones, so
that the intervals that lie within such a stretch are too short on average. Each spike therefore begins an interval of
which either the length is known, or that it is longer than the rest of the stretch; the product-limit estimator (Kaplan
& Meier 1958) gives the distribution from both. Rates differ between neurons, which is no irregularity: how much they do
follows from the numbers of spikes, and is taken off.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import root_scalar

from neuro_mod.core.activity import members_by_activity
from neuro_mod.core.spiking_net.analysis.neurons.one_pass import by_neuron
from neuro_mod.populations import Populations
from neuro_mod.recordings.spikes import SpikeEvents

#: Part of the intervals, at most, that may be longer than all known ones.
_OPEN_TAIL = 0.1
#: Fewer known intervals have no variability, and fewer spikes of each neuron do not tell it from unequal rates.
_FEWEST, _FEWEST_EACH = 20, 10


def interval_cvs_by_activity(
    spikes: SpikeEvents, active: NDArray[np.bool_], populations: Populations, first_step: int, bin_steps: int
) -> dict[str, float]:
    """CV of the intervals of the neurons of each group, within stretches in which their cluster does not change.

    Args:
        spikes: Spikes of a run.
        active: Which clusters are active in each bin, shape ``(n_bins, p)``.
        populations: The layout of cluster space.
        first_step: Step at which the first bin begins.
        bin_steps: Steps in a bin.

    Returns:
        For the groups of `members_by_activity`; NaN where too few intervals are known, too many are cut, or neurons
        have fewer than ten spikes each.
    """
    members = members_by_activity(active, populations)
    changed = np.zeros((len(active), populations.total), np.int64)
    for group in members.values():
        changed[1:] |= np.diff(group, axis=0)
    stretch = changed.cumsum(axis=0)
    ends = _ends(changed.astype(bool), bin_steps)
    neurons, steps = by_neuron(spikes)
    bins = (steps - first_step) // bin_steps
    inside = (steps >= first_step) & (bins < len(active))
    neurons, steps, bins = neurons[inside], steps[inside] - first_step, bins[inside]
    of_neuron = populations.of_neuron[neurons]
    place = stretch[bins, of_neuron]
    known = np.append((neurons[1:] == neurons[:-1]) & (place[1:] == place[:-1]), False)
    lengths = np.where(known, np.append(np.diff(steps), 0), ends[bins, of_neuron] - steps)
    cvs: dict[str, float] = {}
    for name, group in members.items():
        chosen = group[bins, of_neuron]
        times = (bin_steps * group.sum(axis=0))[populations.of_neuron]
        counts = np.bincount(neurons[chosen], minlength=populations.n_neurons)
        pooled = _variance(lengths[chosen], known[chosen])
        cvs[name] = float(np.sqrt(_of_one_neuron(pooled, counts[times > 0], times[times > 0])))
    return cvs


def _ends(changed: NDArray[np.bool_], bin_steps: int) -> NDArray[np.int64]:
    """Step at which the stretch of each bin ends, given where a new one begins, both of shape ``(n_bins, P)``."""
    n_bins = len(changed)
    begins = np.where(changed, np.arange(n_bins)[:, None], n_bins)
    after = np.minimum.accumulate(begins[::-1], axis=0)[::-1]
    return bin_steps * np.vstack([after[1:], np.full((1, changed.shape[1]), n_bins)])


def _variance(lengths: NDArray[np.float64], known: NDArray[np.bool_]) -> float:
    """Squared CV of the product-limit distribution, beyond the last known length with the hazard of its second half.

    Args:
        lengths: Of the intervals, or lower bounds of them.
        known: Which of them are lengths.
    """
    if known.sum() < _FEWEST:
        return np.nan
    order = np.lexsort((~known, lengths))  # what is known comes first where lengths are equal
    lengths, known = lengths[order], known[order]
    survival = np.cumprod(1 - known / np.arange(len(lengths), 0, -1))
    last = np.flatnonzero(known)[-1]
    tail = survival[last]
    if tail > _OPEN_TAIL:
        return np.nan
    mass, until = -np.diff(survival[: last + 1], prepend=1.0), lengths[: last + 1]
    moments = np.array([mass @ until, mass @ until**2])
    if tail > 0:
        half = np.searchsorted(-survival, -0.5)
        mean_rest = (lengths[half:] - lengths[half]).sum() / known[half:].sum()
        moments += tail * np.array([until[-1] + mean_rest, (until[-1] + mean_rest) ** 2 + mean_rest**2])
    return float(moments[1] / moments[0] ** 2 - 1)


def _of_one_neuron(pooled: float, counts: NDArray[np.int64], times: NDArray[np.int64]) -> float:
    """Squared CV of the intervals of a neuron, from that of the intervals of all.

    If rates have the squared CV h between neurons, pooled intervals have ``(1 + c) (1 + h) - 1``, and a number of
    spikes with mean m has the variance ``c m + h m^2``.

    Args:
        pooled: Squared CV of all intervals; may be NaN.
        counts: Spikes of each neuron.
        times: Time of each.
    """
    expected = times * (counts.sum() / max(times.sum(), 1))
    spread, squares = ((counts - expected) ** 2).sum(), (expected**2).sum()
    if np.isnan(pooled) or squares < _FEWEST_EACH * expected.sum() or not squares:
        return np.nan

    def excess(c: float) -> float:
        return (1 + c) * (1 + max(spread - c * expected.sum(), 0.0) / squares) - 1 - pooled

    return root_scalar(excess, bracket=(0.0, pooled), method="brentq").root if excess(0.0) < 0 else 0.0
