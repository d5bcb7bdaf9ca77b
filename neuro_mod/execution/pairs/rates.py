"""Pairs of runs: the same network, state and noise, without and with the perturbations of a configuration."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuro_mod.choices import Precision
from neuro_mod.core.course import Course
from neuro_mod.core.spiking_net.analysis.paired import PairedDifference, paired_difference
from neuro_mod.core.spiking_net.analysis.rates.rates import smooth, steps_per_sample
from neuro_mod.errors import InputError, Interrupted
from neuro_mod.execution.executors import choose_workers, start_executor
from neuro_mod.execution.pairs.simulate import PairArgument, PairedSpikes, SimulatedPair, SimulatePair, pair_arguments
from neuro_mod.execution.progress import progress_shown
from neuro_mod.execution.stagers import StageSNNSimulation
from neuro_mod.execution.stagers.perturbations import acting

#: Simulated seconds before the two runs of a pair part: the network forgets where it started in about 0.2 s.
BASELINE_DURATION = 1.0
N_TRIALS = 20
#: Seconds over which rates are averaged at least: the response to a short perturbation comes after it.
RESPONSE = 0.1
#: Seconds between two looks at how far pairs are.
_INTERVAL = 0.1


@dataclass(frozen=True, eq=False)
class PairedRuns:
    """Rates of populations in pairs of runs.

    Args:
        baseline: Rates in Hz without the perturbations, shape ``(n_trials, n_bins, P)``; NaN in empty populations.
        perturbed: Rates with them.
        n_steps: Steps of each run, from the moment at which the runs of a pair part.
        delta_t: Time step in seconds.
        example: Spikes of the first pair; None where that pair is missing.
        perturbations: What acted, by target, from the moment at which the runs part.
        seeds: Seed of the noise of each trial.
    """

    baseline: NDArray[np.float32]
    perturbed: NDArray[np.float32]
    n_steps: int
    delta_t: float
    example: PairedSpikes | None
    perturbations: dict[str, Course]
    seeds: list[int]

    @property
    def bin_width(self) -> float:
        """Of the rates, in seconds."""
        return steps_per_sample(self.delta_t) * self.delta_t

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
        n_bins, bin_steps = self.baseline.shape[1], steps_per_sample(self.delta_t)
        windows = [window for course in self.perturbations.values() if (window := acting(course, self.n_steps))]
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
        Interrupted: On Ctrl-C.
        Exception: Whatever a pair raises, with a note of its index; the other pairs are stopped.
    """
    task, arguments = SimulatePair(stager, baseline_duration, dtype), pair_arguments(stager.random_seed, n_trials)
    if n_threads is not None and n_threads < 1:
        raise InputError(f"n_threads is {n_threads}; expected a whole number from 1")
    done: dict[int, SimulatedPair] = {}
    try:
        with progress_shown(n_trials * task.simulated_seconds, shown=progress) as report:
            for index, pair in _in_threads(task, arguments, n_threads, report):
                done[index] = pair
    except KeyboardInterrupt:
        raise Interrupted(
            f"interrupted; {len(done)} of {n_trials} pairs are finished", collect(task, arguments, done)
        ) from None
    finished = collect(task, arguments, done)
    assert finished is not None
    return finished


def collect(task: SimulatePair, arguments: list[PairArgument], pairs: Mapping[int, SimulatedPair]) -> PairedRuns | None:
    """The pairs that there are, in order; None if there is none.

    Args:
        task: What simulated them.
        arguments: Of all pairs.
        pairs: Those that are complete, by their index.
    """
    if not pairs:
        return None
    chosen = sorted(pairs)
    return PairedRuns(
        baseline=np.stack([pairs[index].baseline for index in chosen]),
        perturbed=np.stack([pairs[index].perturbed for index in chosen]),
        n_steps=task.trial.n_steps,
        delta_t=task.trial.delta_t,
        example=pairs[0].spikes if 0 in pairs else None,
        perturbations=task.perturbations,
        seeds=[arguments[index].seed for index in chosen],
    )


def _in_threads(
    task: SimulatePair, arguments: list[PairArgument], n_threads: int | None, report: Callable[[float], None]
) -> Iterator[tuple[int, SimulatedPair]]:
    """PairJob with their indices, as they are done."""
    seconds: dict[int, float] = {}

    def advanced(index: int, done: float) -> None:
        seconds[index] = done
        report(sum(seconds.values()))

    waiting, under_way = deque(enumerate(arguments)), 0
    executor = start_executor("thread", task, choose_workers("thread", n_threads, len(arguments)), None, advanced)
    try:
        while waiting or under_way:
            while waiting and under_way < executor.capacity:
                index, argument = waiting.popleft()
                executor.submit(index, argument, f"pair {index}")
                under_way += 1
            for completion in executor.wait(_INTERVAL):
                under_way -= 1
                advanced(completion.index, task.simulated_seconds)
                if completion.error is not None:
                    completion.error.add_note(f"in pair {completion.index} (seed {arguments[completion.index].seed})")
                    raise completion.error
                yield completion.index, completion.result
    finally:
        executor.stop()
