"""Pairs of runs: the same network, state and noise, without and with the perturbations of a configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neuro_mod.config import Experiment, InputError
from neuro_mod.core.choices import Precision
from neuro_mod.core.course import Course
from neuro_mod.core.perturbations.targets import TARGETS
from neuro_mod.core.populations import Populations
from neuro_mod.core.random import Stream
from neuro_mod.core.spiking_net.analysis.paired import PairedDifference, paired_difference
from neuro_mod.core.spiking_net.analysis.rates import smooth, steps_per_sample
from neuro_mod.core.spiking_net.engine.batch import Pair, simulate_batch
from neuro_mod.core.spiking_net.engine.simulation import Simulation
from neuro_mod.core.spiking_net.engine.trial import Recording, Trial
from neuro_mod.core.spiking_net.state import State, initial_state
from neuro_mod.execution.perturbing import acting
from neuro_mod.execution.progress import progress_shown
from neuro_mod.execution.stagers import StageSNNSimulation
from neuro_mod.execution.stagers.spiking_net_metadata import population_rates

#: Simulated seconds before the two runs of a pair part: the network forgets where it started in about 0.2 s.
BASELINE_DURATION = 1.0
N_TRIALS = 20
#: Seconds over which rates are averaged at least: the response to a short perturbation comes after it.
RESPONSE = 0.1


@dataclass(frozen=True, eq=False)
class PairedRuns:
    """Rates of populations in pairs of runs.

    Args:
        baseline: Rates in Hz without the perturbations, shape ``(n_trials, n_bins, P)``; NaN in empty populations.
        perturbed: Rates with them.
        bin_width: In seconds.
        example: The first pair, with spikes.
        perturbations: What acted, by target, from the moment at which the runs part.
        seeds: Seed of the noise of each trial.
    """

    baseline: NDArray[np.float32]
    perturbed: NDArray[np.float32]
    bin_width: float
    example: Pair
    perturbations: dict[str, Course]
    seeds: list[int]

    @property
    def times(self) -> NDArray[np.floating]:
        """Middles of the bins in seconds after the runs parted, shape ``(n_bins,)``."""
        return (np.arange(self.baseline.shape[1]) + 0.5) * self.bin_width

    def over_time(self) -> PairedDifference:
        """Difference of the smoothed rates, arrays of shape ``(n_bins, P)``."""
        return paired_difference(*(self._smoothed(rates) for rates in (self.baseline, self.perturbed)))

    def on_average(self, duration: float | None = None) -> PairedDifference:
        """Difference of the mean rates from the moment at which something acts, arrays of shape ``(P,)``.

        Args:
            duration: Over so many seconds, at least a bin; None for `averaged_bins`.

        Raises:
            ValueError: The duration is not positive.
        """
        first, end = self.averaged_bins()
        if duration is not None:
            if not 0 < duration < np.inf:
                raise ValueError(f"duration is {duration} s; it must be positive")
            end = min(self.baseline.shape[1], first + max(1, round(duration / self.bin_width)))
        means = (rates[:, first:end].mean(axis=1, dtype=np.float64) for rates in (self.baseline, self.perturbed))
        return paired_difference(*means)

    def averaged_bins(self) -> tuple[int, int]:
        """First bin in which a perturbation acts, and the one after the last, but at least `RESPONSE` after the first.

        All bins if nothing acts.
        """
        n_bins, n_steps = self.baseline.shape[1], self.example.baseline.n_steps
        bin_steps = steps_per_sample(self.example.baseline.delta_t)
        windows = [window for course in self.perturbations.values() if (window := acting(course, n_steps))]
        if not windows:
            return 0, n_bins
        begins, ends = zip(*windows, strict=True)
        first = min(min(begins) // bin_steps, n_bins - 1)
        return first, min(max(first + round(RESPONSE / self.bin_width), -(-max(ends) // bin_steps)), n_bins)

    def _smoothed(self, rates: NDArray[np.float32]) -> NDArray[np.floating]:
        """Smoothed rates; before the runs of a pair parted they were one, for which the mirrored baseline stands."""
        n_bins = rates.shape[1]
        whole = np.concatenate([self.baseline[:, ::-1], rates], axis=1)
        return np.stack([smooth(each, self.bin_width)[1][n_bins:] for each in whole])


class PairsInterrupted(KeyboardInterrupt):
    """Ctrl-C; ``finished`` holds the pairs that were complete, None if there was none."""

    def __init__(self, finished: PairedRuns | None):
        super().__init__(finished)
        self.finished = finished


def run_pairs(
    stager: StageSNNSimulation,
    n_trials: int = N_TRIALS,
    baseline_duration: float = BASELINE_DURATION,
    *,
    dtype: Precision = "float32",
    n_threads: int | None = None,
    progress: bool = False,
) -> PairedRuns:
    """Simulate pairs of runs of a configuration, on all cores.

    Every trial is the same network under noise of its own. It first runs by itself; then two runs go on from the state
    that it has reached, under the same noise, one of them with the perturbations. Times of the configuration
    (perturbations, stimulus, duration) count from there.

    Args:
        stager: The configuration, with perturbations.
        n_trials: Number of pairs. Adding one changes no other.
        baseline_duration: Simulated seconds before the runs of a pair part.
        dtype: ``float32`` or ``float64``.
        n_threads: How many run at once; one for each core by default.
        progress: Show the progress on stderr.

    Raises:
        InputError: There is nothing to compare, or a number is out of bounds.
        PairsInterrupted: On Ctrl-C.
    """
    trial, perturbations = _pair_trial(stager, n_trials, baseline_duration, dtype)
    settling = round(baseline_duration / trial.delta_t)
    seeds = [Stream(stager.random_seed, "trial", (k,)).derived_seed for k in range(n_trials)]
    total = n_trials * (settling + 2 * trial.n_steps) * trial.delta_t
    pairs = _Pairs(stager.circuit.populations, perturbations, seeds)
    try:
        with progress_shown(total, shown=progress) as report:
            states = _settled(trial, settling, seeds, stager, n_threads, report)
            done = n_trials * settling * trial.delta_t
            simulate_batch(
                _branches(trial, states),
                n_threads=n_threads,
                on_result=pairs.take,
                progress=lambda seconds: report(done + seconds),
            )
    except KeyboardInterrupt:
        raise PairsInterrupted(pairs.collect()) from None
    finished = pairs.collect()
    assert finished is not None
    return finished


def check_perturbed(experiment: Experiment) -> None:
    """Refuse a configuration without perturbations.

    Raises:
        InputError: It has none.
    """
    if not experiment.perturbation.blocks:
        raise InputError(
            "the configuration has no perturbation that acts during the run: nothing to compare; the section "
            f"perturbation can have {', '.join(TARGETS)}"
        )


def _pair_trial(
    stager: StageSNNSimulation, n_trials: int, baseline_duration: float, dtype: Precision
) -> tuple[Trial, dict[str, Course]]:
    """The perturbed run of a pair, before it has a state and noise of its own."""
    check_perturbed(stager.experiment)
    whole = isinstance(n_trials, int | np.integer)
    if not whole or n_trials < 1 or not 0 <= baseline_duration < np.inf:
        raise InputError(
            f"found {n_trials} trials and a baseline of {baseline_duration:g} s; expected a whole number from 1, and a "
            "finite time from 0 s"
        )
    trial = stager.trial(dtype=dtype)
    if trial.n_steps < steps_per_sample(trial.delta_t):
        raise InputError(f"a run of {trial.duration:g} s is too short for a rate; see init_params.duration_sec")
    return trial, stager.perturbations_over(trial.n_steps, trial.delta_t)


def _settled(
    trial: Trial,
    n_steps: int,
    seeds: list[int],
    stager: StageSNNSimulation,
    n_threads: int | None,
    report: Callable[[float], None],
) -> list[State]:
    """State of each trial after so many steps without perturbation and stimulus."""
    start = stager.experiment.init_params.initial_voltage
    quiet = replace(trial, stimulus=None, courses={}, n_steps=n_steps, recording=Recording(spikes=False))
    trials = (replace(quiet, seed=seed, state=initial_state(trial.network, seed, start)) for seed in seeds)
    states: list[State] = []
    simulate_batch(
        trials, n_threads=n_threads, on_result=lambda _, result: states.append(result.state), progress=report
    )
    return states


def _branches(trial: Trial, states: list[State]) -> Iterator[Trial]:
    """Two runs from each state; spikes of the first two are kept."""
    for k, state in enumerate(states):
        recording = replace(trial.recording, spikes=k == 0)
        branch = replace(trial, state=state, seed=None, recording=recording)
        yield replace(branch, courses={})
        yield branch


class _Pairs:
    """Takes the runs of pairs one after the other."""

    def __init__(self, populations: Populations, perturbations: dict[str, Course], seeds: list[int]):
        self._populations, self._perturbations, self._seeds = populations, perturbations, seeds
        self._rates: list[NDArray[np.float32]] = []
        self._example: list[Simulation] = []

    def take(self, index: int, run: Simulation) -> None:
        """Keep the rates of a run, and all of the first two."""
        self._rates.append(population_rates(self._populations, run))
        if index < 2:
            self._example.append(run)

    def collect(self) -> PairedRuns | None:
        """The complete pairs; None if there is none."""
        n = len(self._rates) // 2
        if not n:
            return None
        rates, delta_t = np.stack(self._rates[: 2 * n]), self._example[0].delta_t
        return PairedRuns(
            baseline=rates[::2],
            perturbed=rates[1::2],
            bin_width=steps_per_sample(delta_t) * delta_t,
            example=Pair(*self._example),
            perturbations=self._perturbations,
            seeds=self._seeds[:n],
        )
