"""Scores of the external input: derivatives of the log-likelihood of its counts with respect to its rates.

Counts ``n ~ Poisson(C nu h)`` of independent neurons and steps have the score ``(n - C nu h) / nu`` with respect to nu.
Since the counts of a neuron enter linearly, they are added up over the steps of a bin, and weighed at its end. Where z
is drawn in each step the law of a count is a mixture, whose score is not linear: how often each count occurs in a
population is kept instead.

References:
    Glynn 1990, "Likelihood ratio gradient estimation for stochastic systems"; Williams 1992 (REINFORCE).
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.compilation import inlined
from neuro_mod.core.spiking_net.engine import arrivals, poisson
from neuro_mod.core.spiking_net.engine.arguments import Noise, Scores
from neuro_mod.core.spiking_net.network import SpikingNetwork

#: Counts above the mean by this many standard deviations, and further ones, do not occur.
_SPREAD, _FURTHER = 40, 60


@inlined
def renew(scores: Scores, noise: Noise) -> None:
    """Weights of the counts of each neuron under the rates that begin now."""
    if scores.every == 0 or noise.z.shape[0] == 0:
        return
    for s in range(scores.counts.shape[0]):
        for a in range(noise.mean.shape[1]):
            per_rate, mean, slope = scores.per_rate[s, a], noise.mean[s, a], noise.slope[s, a]
            for i in range(noise.edges[a], noise.edges[a + 1]):
                scores.weight[s, i] = per_rate / (mean + slope * noise.z[i]) if per_rate > 0 else 0.0


@inlined
def add(scores: Scores, noise: Noise, row: int, run_step: int) -> None:
    """Record the counts of a step, in this row of ``noise.counts``; at the end of a bin, add their scores."""
    if scores.every == 0:
        return
    waiting = scores.waiting
    waiting[0] += 1
    waiting[1] += 1
    if row == arrivals.WORDS - 1:
        _gather(scores, noise, row)
    if (run_step + 1) % scores.every == 0:
        flush(scores, noise, row, run_step)


@inlined
def _gather(scores: Scores, noise: Noise, row: int) -> None:
    """Add the counts in the latest rows of ``noise.counts``, up to this one."""
    n_rows, scores.waiting[1] = scores.waiting[1], 0
    low = noise.front.shape[2] < poisson.MAX_WIDTH * poisson.CHUNK
    for s in range(scores.counts.shape[0]):
        count, total = noise.counts[s], scores.counts[s]
        if noise.z.shape[0] == 0:
            for k in range(row + 1 - n_rows, row + 1):
                _note(scores.occurrences[s], count[k], noise.first[s], noise.population)
        elif n_rows == arrivals.WORDS and low:
            _add_block(total, count[0], count[1], count[2], count[3])
            _add_block(total, count[4], count[5], count[6], count[7])
        else:
            for k in range(row + 1 - n_rows, row + 1):
                for i in range(total.shape[0]):
                    total[i] += count[k, i]


@inlined
def _add_block(total: Any, one: Any, two: Any, three: Any, four: Any) -> None:
    """Tables that are not as wide as they can be are of means below 100, so that sums of counts have 16 bits, too."""
    for i in range(total.shape[0]):
        total[i] += np.int16(np.int16(one[i] + two[i]) + np.int16(three[i] + four[i]))


@inlined
def _note(occurrences: Any, count: Any, first: Any, population: Any) -> None:
    most = occurrences.shape[1] - 1
    for i in range(count.shape[0]):
        occurrences[population[i], min(count[i] + first[i], most)] += 1


@inlined
def flush(scores: Scores, noise: Noise, row: int, run_step: int) -> None:
    """Add the scores of the counts since the latest flush, up to this step and row, to its bin."""
    n_steps = scores.waiting[0]
    if n_steps == 0:
        return
    _gather(scores, noise, row)
    scores.waiting[0], to = 0, run_step // scores.every - scores.first_bin
    for s in range(scores.counts.shape[0]):
        for a in range(noise.mean.shape[1]):
            if scores.per_rate[s, a] > 0:
                if noise.z.shape[0]:
                    rate, aroused = _of_population(scores, noise, s, a, n_steps)
                else:
                    rate, aroused = _of_mixture(scores, noise, s, a)
                scores.rate[to, a] += rate
                scores.arousal[to, a] += aroused
        if noise.z.shape[0]:
            scores.counts[s, :] = 0


@inlined
def _of_population(scores: Scores, noise: Noise, s: int, a: int, n_steps: int) -> Any:
    """Scores of population a, from the counts of its neurons in ``n_steps`` steps."""
    begin, end, expected = noise.edges[a], noise.edges[a + 1], scores.per_rate[s, a] * n_steps
    count, weight, z = scores.counts[s, begin:end], scores.weight[s, begin:end], noise.z[begin:end]
    if noise.shifted[s]:
        for i in range(end - begin):
            count[i] += noise.first[s, begin + i] * n_steps
    return _sums(count, weight, z, expected)


@partial(inlined, reorder=True)
def _sums(count: Any, weight: Any, z: Any, expected: float) -> Any:
    rate = aroused = 0.0
    for i in range(count.shape[0]):
        score = count[i] * weight[i] - expected
        rate += score
        aroused += score * z[i]
    return rate, aroused


@inlined
def _of_mixture(scores: Scores, noise: Noise, s: int, a: int) -> Any:
    """Scores of population a, whose counts have the law ``sum_q w_q Poisson(C h (nu + z_q A))``."""
    per_rate, mean, slope, rate, aroused = scores.per_rate[s, a], noise.mean[s, a], noise.slope[s, a], 0.0, 0.0
    for n in range(scores.occurrences.shape[2]):
        often = scores.occurrences[s, a, n]
        if often:
            scores.occurrences[s, a, n] = 0
            highest = -np.inf
            for q in range(noise.nodes.shape[0]):
                each = mean + slope * noise.nodes[q]
                highest = max(highest, n * np.log(each) - each)
            likely = by_rate = by_arousal = 0.0
            for q in range(noise.nodes.shape[0]):
                each = mean + slope * noise.nodes[q]
                share = noise.node_weights[q] * np.exp(n * np.log(each) - each - highest)
                score = share * per_rate * (n / each - 1)
                likely, by_rate, by_arousal = likely + share, by_rate + score, by_arousal + score * noise.nodes[q]
            rate, aroused = rate + often * by_rate / likely, aroused + often * by_arousal / likely
    return rate, aroused


def new_scores(
    network: SpikingNetwork, sources: NDArray[np.int64], delta_t: float, largest_mean: float, every: int
) -> Scores:
    """Scratch for the scores of a network, without bins; see `bins`."""
    n, p, is_mixture = network.n_neurons, network.n_populations, network.external.z is None
    most = int(largest_mean + _SPREAD * np.sqrt(largest_mean)) + _FURTHER if is_mixture and every else 0
    n_scored = n if every else 0
    return Scores(
        every=every,
        first_bin=0,
        rate=np.zeros((0, p)),
        arousal=np.zeros((0, p)),
        per_rate=network.external.in_degree[sources] * delta_t,
        counts=np.zeros((len(sources), n_scored), np.int32),
        weight=np.zeros((len(sources), n_scored)),
        occurrences=np.zeros((len(sources), p, most), np.int64),
        waiting=np.zeros(2, np.int64),
    )


def bins(scores: Scores, begin: int, end: int) -> Scores:
    """The same with empty bins for steps ``begin`` up to ``end`` of the run."""
    first = begin // scores.every if scores.every else 0
    n = -(-end // scores.every) - first if scores.every else 0
    empty = np.zeros((2, max(n, 0), scores.rate.shape[1]))
    return scores._replace(first_bin=first, rate=empty[0], arousal=empty[1])
