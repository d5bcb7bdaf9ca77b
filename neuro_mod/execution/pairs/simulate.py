"""One pair of runs: the same network, state and noise, without and with the perturbations of a configuration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuro_mod.checks import whole_number
from neuro_mod.choices import Precision
from neuro_mod.config import Experiment
from neuro_mod.core.course import Course
from neuro_mod.core.perturbations.targets import TARGETS
from neuro_mod.core.random import Stream
from neuro_mod.core.spiking_net.analysis.rates.rates import steps_per_sample
from neuro_mod.core.spiking_net.engine.simulate import simulate
from neuro_mod.core.spiking_net.engine.state import initial_state
from neuro_mod.core.spiking_net.engine.trial import Recording, Trial
from neuro_mod.errors import InputError, invalid
from neuro_mod.execution.jobs import Item
from neuro_mod.execution.progress import Progress
from neuro_mod.execution.stagers import StageSNNSimulation
from neuro_mod.execution.stagers.spiking_net_metadata import population_rates
from neuro_mod.recordings.spikes import SpikeEvents


class PairedSpikes(NamedTuple):
    """Spikes of a run without perturbations, and of the same with them."""

    baseline: SpikeEvents
    changed: SpikeEvents


@dataclass(frozen=True, eq=False)
class SimulatedPair:
    """What is kept of a pair.

    Args:
        baseline: Rates in Hz without the perturbations, shape ``(n_bins, P)``; NaN in empty populations.
        perturbed: Rates with them.
        spikes: The spikes, if the argument asks for them.
    """

    baseline: NDArray[np.float32]
    perturbed: NDArray[np.float32]
    spikes: PairedSpikes | None = None


class PairArgument(NamedTuple):
    """Seed of the noise of a pair, and whether its spikes are kept."""

    seed: int
    keep_spikes: bool


class SimulatePair:
    """The task of a pair, see `run_pairs`.

    Args:
        stager: The configuration, with perturbations.
        baseline_duration: Simulated seconds before the runs part.
        dtype: Precision.

    Raises:
        InputError: The configuration has no perturbations, or the time is out of bounds.
    """

    def __init__(self, stager: StageSNNSimulation, baseline_duration: float, dtype: Precision):
        if not stager.experiment.perturbation.blocks:
            found = f"none that acts during the run of {stager.experiment.init_params.duration_sec:g} s found"
            raise InputError(f"perturbation: {found}; expected at least one of {', '.join(TARGETS)}")
        if not 0 <= baseline_duration < np.inf:
            raise invalid("baseline_duration", baseline_duration, "a finite time from 0 s")
        self.stager, self.baseline_duration = stager, baseline_duration
        self.dtype: Precision = dtype

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        """Workers draw the network again, which is faster than sending it."""
        return _simulate_pair, (self.stager.experiment, self.baseline_duration, self.dtype)

    @cached_property
    def trial(self) -> Trial:
        """The perturbed run, before it has a state and noise of its own.

        Raises:
            InputError: It is too short, or a perturbation makes a parameter impossible.
        """
        trial = self.stager.trial(dtype=self.dtype)
        if trial.n_steps < steps_per_sample(trial.delta_t):
            raise InputError(f"a run of {trial.duration:g} s is too short for a rate; see init_params.duration_sec")
        return trial

    @cached_property
    def perturbations(self) -> dict[str, Course]:
        """What acts, by target, from the moment at which the runs part."""
        return self.stager.perturbations_over(self.trial.n_steps, self.trial.delta_t)

    @property
    def simulated_seconds(self) -> float:
        """Of one pair."""
        return (self._n_before + 2 * self.trial.n_steps) * self.trial.delta_t

    @property
    def _n_before(self) -> int:
        return round(self.baseline_duration / self.trial.delta_t)

    def __call__(self, argument: PairArgument, report: Progress) -> SimulatedPair:
        """Simulate a pair."""
        trial, populations = self.trial, self.stager.circuit.populations
        start = initial_state(trial.network, argument.seed, self.stager.experiment.init_params.initial_voltage)
        alone = replace(trial, stimulus=None, courses={}, n_steps=self._n_before, recording=Recording(spikes=False))
        settled = simulate(replace(alone, seed=argument.seed, state=start), report)
        recording = replace(trial.recording, spikes=argument.keep_spikes)
        changed = replace(trial, state=settled.state, seed=None, recording=recording)
        done = settled.duration
        runs = []
        for branch in (replace(changed, courses={}), changed):
            runs.append(simulate(branch, lambda seconds, before=done: report(before + seconds)))
            done += branch.duration
        baseline, perturbed = (population_rates(populations, run) for run in runs)
        spikes = PairedSpikes(*(run.spikes for run in runs)) if argument.keep_spikes else None
        return SimulatedPair(baseline, perturbed, spikes)


def pair_items(task: SimulatePair, n_trials: int) -> list[Item]:
    """Items of so many pairs; adding one changes no other. Spikes of the first are kept.

    Raises:
        InputError: The number is out of bounds.
    """
    items = []
    for k in range(whole_number("n_trials", n_trials, 1)):
        seed = Stream(task.stager.random_seed, "trial", (k,)).derived_seed
        items.append(Item(str(k), f"pair {k}", PairArgument(seed, k == 0), seed, task.simulated_seconds))
    return items


def _simulate_pair(experiment: Experiment, baseline_duration: float, dtype: Precision) -> SimulatePair:
    return SimulatePair(StageSNNSimulation(experiment), baseline_duration, dtype)
