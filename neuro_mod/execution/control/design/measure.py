"""Runs of a network under one vector, and what is measured in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuro_mod.choices import DesignTarget, Precision
from neuro_mod.core.control.goals import Goal, n_bins_of, n_spans
from neuro_mod.core.control.leakage import n_states, shares_of_roles
from neuro_mod.core.control.score_gradients import Delays, score_gradient
from neuro_mod.core.cores import one_thread
from neuro_mod.core.random import Stream
from neuro_mod.core.spiking_net.analysis.rates.activity import active_in_time
from neuro_mod.core.spiking_net.analysis.rates.rates import ACTIVE_RATE, binned_rates, smooth, steps_per_sample
from neuro_mod.core.spiking_net.engine.batch import simulate_batch
from neuro_mod.core.spiking_net.engine.simulation import Simulation
from neuro_mod.core.spiking_net.engine.state import initial_state
from neuro_mod.core.spiking_net.engine.trial import Recording, Trial
from neuro_mod.execution.control.design.measurement import Measurement
from neuro_mod.execution.stagers import StageSNNSimulation

_Array = NDArray[np.float64]

#: Seconds at the beginning of each trial that are left out: the network settles under the perturbation.
SETTLING = 1.0
#: Of the gradients by scores, in seconds: blocks, the horizon of the expected future, and the lead before a block.
BLOCK, HORIZON, LEAD = 0.1, 4.0, 0.05
#: A state counts as visited with this share of the time.
LEAST_SHARE = 0.002


@dataclass(frozen=True)
class Plan:
    """Which runs a measurement takes.

    Args:
        purpose: Names the streams of their seeds: runs of the same purpose have the same noise.
        n_trials: How many.
        duration: Seconds of each that count.
    """

    purpose: str
    n_trials: int
    duration: float

    @property
    def simulated_seconds(self) -> float:
        """Of all trials."""
        return self.n_trials * (self.duration + SETTLING)


class _Observed(NamedTuple):
    """One trial over time."""

    active: NDArray[np.bool_]
    rates: NDArray[np.float32]
    nearness: NDArray[np.float32]
    scores: NDArray[np.float32]


class Measure:
    """Measures a goal in the network of a configuration, under any vector.

    Args:
        stager: The configuration.
        goal: The goal.
        target: What the vectors change.
        free: Populations that may be perturbed.
        seed: Root of the noise.
        dtype: Precision.
        n_threads: How many trials run at once; None for one on each core. Results do not depend on it.
        advanced: Called with the simulated seconds done of a measurement.
    """

    def __init__(
        self,
        stager: StageSNNSimulation,
        goal: Goal,
        target: DesignTarget,
        free: Sequence[int],
        seed: int,
        dtype: Precision,
        n_threads: int | None,
        advanced: Callable[[float], None] = lambda _: None,
    ):
        self._stager, self._goal, self._target, self._free = stager, goal, target, list(free)
        self._seed, self._dtype, self._n_threads, self._advanced = seed, dtype, n_threads, advanced

    def __call__(self, vector: _Array, plan: Plan, *, pattern_size: float | None = None) -> Measurement:
        """Measure under a vector.

        Args:
            vector: Shape ``(P,)``, in the unit of the target.
            plan: Which runs.
            pattern_size: Measure gradients: for the target ``rate`` by scores, whatever the size; for others by pairs
                of trials with the same noise, under the vector plus and minus a random pattern of this size. None for
                no gradients.
        """
        by_scores = pattern_size is not None and self._target == "rate"
        patterns = None
        if pattern_size is not None and not by_scores:
            patterns = pattern_size * self._patterns(plan)
        trials = self._trials(vector, plan, patterns, by_scores)
        observed: list[_Observed] = []
        simulate_batch(
            trials,
            n_threads=self._n_threads,
            on_result=lambda _, simulation: observed.append(self._observe(simulation, by_scores)),
            progress=self._advanced,
        )
        return self._summary(vector, observed, patterns)

    @cached_property
    def bin_steps(self) -> int:
        """Steps in a bin."""
        return steps_per_sample(self._stager.experiment.init_params.delta_t)

    @property
    def bin_width(self) -> float:
        """Of a bin, in seconds."""
        return self._goal.bin_width

    def _trials(self, vector: _Array, plan: Plan, patterns: _Array | None, scored: bool) -> Sequence[Trial]:
        recording = Recording(spikes=False, bin_steps=self.bin_steps, scores=self.bin_steps if scored else 0)
        vectors = [vector] * plan.n_trials
        if patterns is not None:
            vectors = [vector + sign * pattern for pattern in patterns for sign in (1, -1)][: plan.n_trials]
        trials, staged = [], None
        for index, each in enumerate(vectors):
            if staged is None or patterns is not None:
                given = {self._target: each} if each.any() else {self._target: None}
                staged = self._stager.trial(
                    plan.duration + SETTLING, dtype=self._dtype, noise_seed=0, perturbations=given
                )
            of_noise = index if patterns is None else index // 2
            seed = Stream(self._seed, f"design: {plan.purpose}", (of_noise,)).derived_seed
            state = initial_state(staged.network, seed, self._stager.experiment.init_params.initial_voltage)
            trials.append(replace(staged, seed=None, state=state, recording=recording))
        return trials

    def _patterns(self, plan: Plan) -> _Array:
        """Random signs of the free populations, a row for each pair of trials."""
        n_pairs = -(-plan.n_trials // 2)
        found = np.zeros((n_pairs, self._stager.circuit.populations.total))
        draws = Stream(self._seed, f"design: patterns of {plan.purpose}").uniform(np.arange(n_pairs), len(self._free))
        found[:, self._free] = np.where(draws < 0.5, -1.0, 1.0)
        return found

    def _observe(self, simulation: Simulation, scored: bool) -> _Observed:
        populations, first = self._stager.circuit.populations, n_bins_of(SETTLING, self.bin_width)
        n_bins = simulation.n_steps // self.bin_steps
        rates = binned_rates(simulation.binned_counts[:n_bins], populations.sizes, self.bin_width)
        smoothed = smooth(rates, self.bin_width)[1][first:]
        clusters = smoothed[:, : populations.n_clusters].astype(np.float32)
        nearness = self._goal.nearness(clusters, ACTIVE_RATE).astype(np.float32)
        scores = simulation.scores[first:n_bins] if scored else np.zeros((0, populations.total))
        return _Observed(active_in_time(smoothed, populations), clusters, nearness, scores.astype(np.float32))

    def _summary(self, vector: _Array, observed: Sequence[_Observed], patterns: _Array | None) -> Measurement:
        goal = self._goal
        active = [each.active for each in observed]
        parts = [goal.parts(each) for each in active]
        above, below = (np.array([means.mean() for means in column]) for column in zip(*parts, strict=True))
        nearness = np.array([each.nearness.mean(axis=0, dtype=np.float64) for each in observed])
        n_seen = sum(n_spans(each.above) for each in parts)
        unknown = np.full((2, len(vector)), np.nan)
        gradients = unknown, unknown
        if patterns is not None or len(observed[0].scores):
            tiny = np.finfo(float).tiny
            divisors = max(above.mean(), tiny), max(below.mean(), tiny), np.maximum(nearness.mean(axis=0), tiny)
            of_goal = [each.above / divisors[0] - each.below / divisors[1] for each in parts]
            of_nearness = [(each.nearness / divisors[2]).sum(axis=1) for each in observed]
            follow = self._by_scores(observed) if patterns is None else _by_patterns(patterns, self._free)
            seen = n_seen > 0 and below.mean() > 0
            with one_thread():
                gradients = (follow(of_goal) if seen else unknown), follow(of_nearness)
        return Measurement(
            vector=vector,
            above=above,
            below=below,
            nearness=nearness,
            occupancy=np.array([each.mean(axis=0) for each in active]),
            roles=np.array([shares_of_roles(each, goal.members) for each in active]),
            n_seen=n_seen,
            n_states=n_states(active, LEAST_SHARE),
            gradient=gradients[0],
            nearness_gradient=gradients[1],
        )

    def _by_scores(self, observed: Sequence[_Observed]) -> Callable[[Sequence[_Array]], _Array]:
        delays = Delays(*(n_bins_of(seconds, self.bin_width) for seconds in (BLOCK, HORIZON, LEAD)))
        features = [self._goal.features(each.active, each.rates, ACTIVE_RATE) for each in observed]
        scores = [each.scores for each in observed]
        return lambda observables: np.array(score_gradient(observables, features, scores, delays))


def _by_patterns(patterns: _Array, free: Sequence[int]) -> Callable[[Sequence[_Array]], _Array]:
    """Gradients from trials under plus and minus a pattern each: what both differ by, along the pattern.

    Patterns of independent signs make this unbiased to first order, as their products vanish on average.

    References:
        Spall 1992, "Multivariate stochastic approximation using a simultaneous perturbation gradient approximation".
    """

    def follow(observables: Sequence[_Array]) -> _Array:
        means = np.array([each.mean() for each in observables])
        n_pairs = len(means) // 2
        differences = means[0 : 2 * n_pairs : 2] - means[1 : 2 * n_pairs : 2]
        along = np.zeros((n_pairs, patterns.shape[1]))
        along[:, list(free)] = differences[:, None] / (2 * patterns[:n_pairs, list(free)])
        error = along.std(axis=0, ddof=1) / np.sqrt(n_pairs) if n_pairs > 1 else np.full(along.shape[1], np.nan)
        return np.array([along.mean(axis=0), error])

    return follow
