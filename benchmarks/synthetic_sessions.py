"""Spikes of clusters whose states are known: a semi-Markov chain that switches the rates of neurons.

For tests and for ``benchmarks.detection_accuracy``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuro_mod.core.random import Stream
from neuro_mod.recordings.spikes import SpikeEvents

_BURN_IN = 20  # mean lifespans before the start of a session, so that it starts within a visit


@dataclass(frozen=True, eq=False)
class Chain:
    """States that follow one another, each for a time of its own.

    Args:
        states: Active clusters of each state, sorted.
        transitions: Probability of the next state (column) after each state (row); nothing on the diagonal, shape
            ``(K, K)``.
        lifespan: Mean duration of a visit in seconds.
        shape: Of the gamma distribution of durations; 1 is an exponential distribution, a Markov chain.
        rest_lifespan: Mean duration of a visit of the state without active clusters, if it is another.
    """

    states: tuple[tuple[int, ...], ...]
    transitions: NDArray[np.float64]
    lifespan: float = 0.4
    shape: float = 3.0
    rest_lifespan: float | None = None

    @classmethod
    def drawn(cls, n_clusters: int, n_states: int, most_active: int, seed: int, **others: float) -> Chain:
        """A chain of states with one to so many active clusters, each followed by three others."""
        rng = np.random.default_rng(Stream(seed, "chain").derived_seed)
        found: set[tuple[int, ...]] = set()
        while len(found) < n_states:
            clusters = rng.choice(n_clusters, size=rng.integers(1, most_active, endpoint=True), replace=False)
            found.add(tuple(sorted(map(int, clusters))))
        transitions = np.zeros((n_states, n_states))
        chances = np.array([0.5, 0.3, 0.2])[: n_states - 1]
        for row, weights in enumerate(transitions):
            next_states = rng.choice(np.delete(np.arange(n_states), row), size=len(chances), replace=False)
            weights[next_states] = chances / chances.sum()
        return cls(tuple(sorted(found)), transitions, **others)

    def visits(self, duration: float, rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Visits of one session: index of each state, shape ``(n,)``, and the edges in seconds, shape ``(n + 1,)``.

        The session starts and ends within a visit, whose edges may lie outside of it. A single state lasts all along.
        """
        if len(self.states) == 1:
            return np.zeros(1, np.int64), np.array([0.0, duration])
        index, edges = [int(rng.integers(len(self.states)))], [-_BURN_IN * self.lifespan]
        while True:
            mean = self.lifespan if self.states[index[-1]] or self.rest_lifespan is None else self.rest_lifespan
            edges.append(edges[-1] + rng.gamma(self.shape, mean / self.shape))
            if edges[-1] >= duration:
                break
            index.append(int(rng.choice(len(self.states), p=self.transitions[index[-1]])))
        first = int(np.searchsorted(edges, 0.0, side="right")) - 1
        return np.array(index[first:]), np.array(edges[first:])


@dataclass(frozen=True)
class Firing:
    """How neurons fire.

    Args:
        n_clusters: Number of clusters.
        cluster_size: Neurons in each.
        active_hz: Rate of a neuron while its cluster is active.
        inactive_hz: Rate otherwise.
        spread: Standard deviation, over clusters, of the logarithm of a factor on both rates.
        drift: Amplitude, relative, of a slow wave of the rates of all clusters, each with its own phase.
        drift_period: Period of the wave in seconds.
    """

    n_clusters: int = 18
    cluster_size: int = 80
    active_hz: float = 40.0
    inactive_hz: float = 5.0
    spread: float = 0.0
    drift: float = 0.0
    drift_period: float = 20.0

    @property
    def cluster_of_neuron(self) -> NDArray[np.int64]:
        """Cluster of each neuron, shape ``(n_neurons,)``."""
        return np.repeat(np.arange(self.n_clusters), self.cluster_size)

    def rates(self, active: NDArray[np.bool_], times: NDArray[np.float64], rng: np.random.Generator) -> NDArray:
        """Rates in Hz at each time, from which clusters are active, both of shape ``(n_times, n_clusters)``."""
        factor = np.exp(self.spread * rng.standard_normal(self.n_clusters))
        phase = rng.random(self.n_clusters)
        wave = 1 + self.drift * np.sin(2 * np.pi * (times[:, None] / self.drift_period + phase))
        return np.where(active, self.active_hz, self.inactive_hz) * factor * wave


def synthetic_sessions(
    chain: Chain, firing: Firing, *, n_sessions: int, duration: float, seed: int, delta_t: float = 1e-3
) -> tuple[list[SpikeEvents], pd.DataFrame]:
    """Spikes and true visits of several sessions, each independent of how many there are.

    In each step a neuron fires with probability rate times step, independently: Poisson spikes but for two in a step.

    Args:
        chain: Which states there are, and how they follow one another.
        firing: How neurons fire; the order of neurons is that of clusters.
        n_sessions: Number of sessions.
        duration: Of each, in seconds.
        seed: Root seed.
        delta_t: Time step in seconds.

    Returns:
        Spikes of each session; and the visits, ordered by session and start, with the columns ``session``, ``state``,
        ``start``, ``end``, ``duration`` (s), ``censored``, ``censored_start``, ``censored_end``, ``mean_rate`` (Hz, of
        the neurons of active clusters; NaN where there are none).
    """
    n_steps = round(duration / delta_t)
    spikes, visits = [], []
    for session in range(n_sessions):
        rng = np.random.default_rng(Stream(seed, "synthetic session", (session,)).derived_seed)
        index, edges = chain.visits(duration, rng)
        times = (np.arange(n_steps) + 0.5) * delta_t
        visit = np.searchsorted(edges, times, side="right") - 1
        active = np.zeros((len(chain.states), firing.n_clusters), dtype=bool)
        for row, state in zip(active, chain.states, strict=True):
            row[list(state)] = True
        rates = firing.rates(active[index[visit]], times, rng)
        spikes.append(_drawn_spikes(rates, firing.cluster_size, delta_t, rng))
        visits.append(
            _table(session, chain, index, edges, duration).assign(mean_rate=_mean(rates, active, index, visit))
        )
    return spikes, pd.concat(visits, ignore_index=True)


def _drawn_spikes(rates: NDArray, cluster_size: int, delta_t: float, rng: np.random.Generator) -> SpikeEvents:
    n_steps, n_clusters = rates.shape
    fired = [
        np.nonzero(rng.random((n_steps, cluster_size), dtype=np.float32) < rates[:, [cluster]] * delta_t)
        for cluster in range(n_clusters)
    ]
    steps = np.concatenate([step for step, _ in fired])
    neurons = np.concatenate([neuron + cluster * cluster_size for cluster, (_, neuron) in enumerate(fired)])
    order = np.lexsort((neurons, steps))
    return SpikeEvents(
        steps[order].astype(np.int32), neurons[order].astype(np.int32), n_steps, n_clusters * cluster_size, delta_t
    )


def _table(session: int, chain: Chain, index: NDArray, edges: NDArray, duration: float) -> pd.DataFrame:
    start, end = np.maximum(edges[:-1], 0.0), np.minimum(edges[1:], duration)
    touches_start, touches_end = edges[:-1] <= 0, edges[1:] >= duration
    return pd.DataFrame(
        {
            "session": np.full(len(index), session, np.int64),
            "state": pd.Series([chain.states[k] for k in index], dtype=object),
            "start": start,
            "end": end,
            "duration": end - start,
            "censored": touches_start | touches_end,
            "censored_start": touches_start,
            "censored_end": touches_end,
        }
    )


def _mean(rates: NDArray, active: NDArray, index: NDArray, visit: NDArray) -> NDArray[np.float64]:
    """Mean rate of the active clusters during each visit."""
    during = active[index[visit]]
    n_visits = len(index)
    total = np.bincount(visit, weights=(rates * during).sum(axis=1), minlength=n_visits)
    cells = np.bincount(visit, weights=during.sum(axis=1), minlength=n_visits)
    return np.divide(total, cells, out=np.full(n_visits, np.nan), where=cells > 0)


def active_at(visits: pd.DataFrame, times: NDArray[np.float64], n_clusters: int) -> NDArray[np.bool_]:
    """Which clusters are active at some times of one session, from its visits, shape ``(n_times, n_clusters)``."""
    active = np.zeros((len(visits), n_clusters), dtype=bool)
    for row, state in zip(active, visits["state"], strict=True):
        row[list(state)] = True
    return active[np.searchsorted(visits["start"], times, side="right") - 1]
