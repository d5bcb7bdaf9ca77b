"""One trial: spikes of the network, and the scores of its external input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro_mod.checks import whole_number
from neuro_mod.choices import Precision
from neuro_mod.config import Experiment
from neuro_mod.core.random import Stream
from neuro_mod.core.spiking_net.analysis.rates.rates import steps_per_sample
from neuro_mod.core.spiking_net.engine.simulate import simulate
from neuro_mod.core.spiking_net.engine.trial import Trial
from neuro_mod.errors import InputError
from neuro_mod.execution.jobs import Item
from neuro_mod.execution.progress import Progress
from neuro_mod.execution.stagers import StageSNNSimulation
from neuro_mod.recordings.spikes import SpikeEvents


@dataclass(frozen=True, eq=False)
class ScoredTrial:
    """What is kept of a trial.

    Args:
        spikes: All spikes.
        counts: Spikes of each population in each bin, shape ``(T, P)``.
        scores: Scores with respect to the external rate, in 1/Hz, likewise.
        arousal_scores: Scores with respect to the rate that arousal adds, likewise.
        bin_width: In seconds.
    """

    spikes: SpikeEvents
    counts: NDArray[np.int32]
    scores: NDArray[np.float64]
    arousal_scores: NDArray[np.float64]
    bin_width: float


class SimulateTrial:
    """The task of a trial: the network of the configuration under noise of its own.

    Args:
        stager: The configuration.
        dtype: Precision.

    Raises:
        InputError: The network has no clusters, or neurons without external spikes.
    """

    def __init__(self, stager: StageSNNSimulation, dtype: Precision = "float32"):
        populations = stager.circuit.populations
        if not populations.n_clusters or not populations.cluster_sizes[0]:
            raise InputError(
                "architecture.clusters: no E clusters found; expected clusters that switch on and off: a homogeneous "
                "network has no states whose probabilities could respond"
            )
        self.stager = stager
        self.dtype: Precision = dtype
        self._trial(0)  # refuses what has no scores

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        """Workers draw the network again, which is faster than sending it."""
        return _simulate_trial, (self.stager.experiment, self.dtype)

    @property
    def duration(self) -> float:
        """Seconds of a trial."""
        return self.stager.experiment.init_params.duration_sec

    @property
    def bin_width(self) -> float:
        """Of counts and scores in seconds."""
        delta_t = self.stager.experiment.init_params.delta_t
        return steps_per_sample(delta_t) * delta_t

    def _trial(self, seed: int) -> Trial:
        trial = self.stager.trial(dtype=self.dtype, noise_seed=seed)
        return replace(trial, recording=replace(trial.recording, scores=trial.recording.bin_steps))

    def __call__(self, seed: int, report: Progress) -> ScoredTrial:
        """Simulate a trial."""
        trial = self._trial(seed)
        bin_steps = trial.recording.bin_steps
        n_bins = trial.n_steps // bin_steps  # a last, incomplete bin is left out
        simulation = simulate(trial, report)
        return ScoredTrial(
            simulation.spikes,
            simulation.binned_counts[:n_bins],
            simulation.scores[:n_bins],
            simulation.arousal_scores[:n_bins],
            bin_steps * trial.delta_t,
        )


def trial_items(task: SimulateTrial, n_trials: int) -> list[Item]:
    """Items of so many trials; adding one changes no other.

    Raises:
        InputError: The number is out of bounds.
    """
    seeds = [
        Stream(task.stager.random_seed, "trial", (k,)).derived_seed
        for k in range(whole_number("n_trials", n_trials, 1))
    ]
    return [Item(str(k), f"trial {k}", seed, seed, task.duration) for k, seed in enumerate(seeds)]


def _simulate_trial(experiment: Experiment, dtype: Precision) -> SimulateTrial:
    return SimulateTrial(StageSNNSimulation(experiment), dtype)
