"""Theory and simulation compared: steady states of the mean field, and simulated rates of one configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from neuro_mod.checks import whole_number
from neuro_mod.choices import Precision
from neuro_mod.config import Experiment
from neuro_mod.core.activity import members_by_activity
from neuro_mod.core.course import Course
from neuro_mod.core.mean_field.analysis.activity import rates_by_activity
from neuro_mod.core.mean_field.analysis.validity import Assumption, assess
from neuro_mod.core.mean_field.core import FixedPoint, FixedPoints
from neuro_mod.core.spiking_net.analysis.rates.activity import Estimate, active_in_time, mean_rate
from neuro_mod.core.spiking_net.analysis.rates.rates import smooth, steps_per_sample
from neuro_mod.core.spiking_net.engine.simulate import simulate
from neuro_mod.core.spiking_net.engine.trial import Trial
from neuro_mod.core.spiking_net.external.stimulus import Stimulus
from neuro_mod.errors import InputError, Interrupted, invalid
from neuro_mod.execution.jobs import Item, compute_in_memory
from neuro_mod.execution.progress import Progress
from neuro_mod.execution.stagers import FullMeanFieldStager, StageSNNSimulation
from neuro_mod.execution.stagers.seeds import repeat_seed, with_perturbation_seeds
from neuro_mod.execution.stagers.spiking_net_metadata import population_rates
from neuro_mod.populations import Populations
from neuro_mod.recordings.spikes import MAX_STEPS
from neuro_mod.storage.names import MAX_REPEATS

N_TRIALS = 4
#: Simulated seconds that are dropped: the network forgets its initial state in about 0.2 s.
SETTLING = 0.5
#: Values of z over which the mean field averages where the network has its own z for each neuron.
N_Z = 12
#: Groups besides those of `members_by_activity`: all E neurons, all I neurons.
ALL_OF_A_KIND = ("all E", "all I")
#: Width of the bars of the histogram in Hz.
BAR = 1.0


@dataclass(frozen=True, eq=False)
class SimulatedRates:
    """Rates of populations in simulations.

    Args:
        rates: Smoothed rates in Hz, shape ``(n_trials, n_bins, P)``; NaN in empty populations.
        bin_width: In seconds.
        settling: Simulated seconds before the first bin.
        seeds: Seed of each trial.
    """

    rates: NDArray[np.floating]
    bin_width: float
    settling: float
    seeds: list[int]


@dataclass(frozen=True, eq=False)
class Comparison:
    """Steady states of the mean field, and simulated rates.

    Args:
        theory: The mean field; in its experiment, seeds of drawn perturbations are written out.
        found: Its steady states.
        simulation: Simulated rates.
    """

    theory: FullMeanFieldStager
    found: FixedPoints
    simulation: SimulatedRates

    @property
    def populations(self) -> Populations:
        """The layout of cluster space."""
        return self.theory.circuit.populations

    @property
    def states(self) -> tuple[FixedPoint, ...]:
        """The stable states; all if none is stable."""
        return self.found.stable or self.found.points

    @cached_property
    def active(self) -> NDArray[np.bool_]:
        """Whether clusters are active, shape ``(n_trials, n_bins, p)``."""
        return active_in_time(self.simulation.rates, self.populations)

    @cached_property
    def n_active(self) -> Estimate:
        """Number of active clusters, a mean over time and trials."""
        in_trial = self.active.sum(axis=2).mean(axis=1)
        spread = in_trial.std(ddof=1) / np.sqrt(len(in_trial)) if len(in_trial) > 1 else np.nan
        return Estimate(float(in_trial.mean()), float(spread))

    @property
    def nearest(self) -> int | None:
        """Which of `states` has the number of active clusters nearest to `n_active`; the first of several."""
        if not self.states:
            return None
        return int(np.argmin([abs(len(state.active) - self.n_active.mean) for state in self.states]))

    def time_by_n_active(self) -> NDArray[np.float64]:
        """Fraction of time with each number of active clusters, from none to all, shape ``(p + 1,)``."""
        counts = np.bincount(self.active.sum(axis=2).ravel(), minlength=self.populations.n_clusters + 1)
        return counts / counts.sum()

    def simulated(self) -> dict[str, Estimate]:
        """Mean rates in Hz of groups of neurons over time and trials; a cluster changes group with its activity."""
        members = members_by_activity(self.active, self.populations) | _all_of_a_kind(self.populations)
        return {group: mean_rate(self.simulation.rates, who, self.populations.sizes) for group, who in members.items()}

    def in_theory(self, state: FixedPoint) -> dict[str, float | None]:
        """Rates in Hz of the same groups in a steady state; None where there are no such neurons."""
        sizes = self.populations.sizes
        return rates_by_activity(state.rates, state.active, self.populations) | {
            group: float(np.average(state.rates, weights=who * sizes)) if (who * sizes).any() else None
            for group, who in _all_of_a_kind(self.populations).items()
        }

    def cluster_rates(self) -> NDArray[np.floating]:
        """Rates in Hz of E clusters at all times, shape ``(n_trials * n_bins * p,)``; empty if they have no neurons."""
        rates = self.simulation.rates[..., : self.populations.n_clusters].ravel()
        return rates[~np.isnan(rates)]

    def histogram(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Histogram of `cluster_rates`: counts, and edges of bars in Hz."""
        rates = self.cluster_rates()
        n_bars = int(rates.max(initial=0.0) / BAR) + 1
        return np.histogram(rates, BAR * np.arange(n_bars + 1))

    def validity(self) -> tuple[Assumption, ...]:
        """Assumptions of the theory, judged at the state that is `nearest`; empty if no state was found."""
        if self.nearest is None:
            return ()
        state = self.states[self.nearest]
        return assess(self.theory.circuit, state.rates, state.mu, state.sigma, self.theory.field.jacobian(state.rates))

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """Differences between what the theory and the simulation describe."""
        return tuple(self._notes())

    def _notes(self) -> Iterator[str]:
        experiment = self.theory.experiment
        stager = StageSNNSimulation(experiment)
        delta_t = experiment.init_params.delta_t
        courses = stager.perturbations_over(round(experiment.init_params.duration_sec / delta_t), delta_t)
        for target, course in courses.items():
            if not np.allclose(course.values, experiment.timed_perturbations[target].at()):
                yield (
                    f"the perturbation of {target} changes in time: simulated rates are averages over it, the mean "
                    "field takes it at its onset"
                )
        if experiment.stimulus.onsets and experiment.stimulus.amplitude:
            yield "the simulation has the stimulus of the configuration, the mean field has none"
        if experiment.architecture.network.in_degree == "binomial":
            yield "numbers of synapses differ between simulated neurons; the mean field has their mean"
        quenched = experiment.arousal.heterogeneity == "quenched"
        if stager.circuit.arousal_rate.any() and quenched and self.theory.n_z == 1:
            yield "arousal differs between simulated neurons; the mean field has its mean, as n_z is 1"


class SimulateRates:
    """The task of a trial: rates of populations in a network of its own, after it has settled.

    Args:
        experiment: The configuration.
        settling: Simulated seconds that are dropped, rounded to whole bins.
        dtype: Precision.

    Raises:
        InputError: The runs would be too short or too long.
    """

    def __init__(self, experiment: Experiment, settling: float, dtype: Precision):
        self.experiment = experiment
        self.dtype: Precision = dtype
        duration, delta_t = experiment.init_params.duration_sec, experiment.init_params.delta_t
        bin_steps = steps_per_sample(delta_t)
        if not 0 <= settling < np.inf:
            raise invalid("settling", settling, "a finite time from 0 s")
        if round(duration / delta_t) < bin_steps:
            raise InputError(f"a run of {duration:g} s is too short for a rate; see init_params.duration_sec")
        if (duration + settling) / delta_t + bin_steps > MAX_STEPS:
            raise InputError(
                f"a settling time of {settling:g} s and a run of {duration:g} s are too long; expected at most "
                f"{MAX_STEPS} steps of init_params.delta_t = {delta_t:g} s together"
            )
        self.bin_width: float = bin_steps * delta_t
        self._settling_bins = round(settling / self.bin_width)
        self._settling_steps = self._settling_bins * bin_steps
        #: Simulated seconds that are dropped.
        self.settling: float = self._settling_steps * delta_t

    def __call__(self, seed: int, report: Progress) -> NDArray[np.floating]:
        """Smoothed rates in Hz, shape ``(n_bins, P)``."""
        trial = self._stager.with_seed(seed).trial(record=(), dtype=self.dtype)
        run = simulate(_delayed(trial, self._settling_steps), report)
        _, rates = smooth(population_rates(self.experiment.populations, run), self.bin_width)
        return rates[self._settling_bins :]

    @cached_property
    def _stager(self) -> StageSNNSimulation:
        return StageSNNSimulation(self.experiment)

    def items(self, n_trials: int) -> list[Item]:
        """One for each trial, with the seeds of repeats; adding one changes no other.

        Raises:
            InputError: The number is out of bounds.
        """
        root, seconds = self.experiment.settings.random_seed, self.settling + self.experiment.init_params.duration_sec
        seeds = [repeat_seed(root, k) for k in range(whole_number("n_trials", n_trials, 1, MAX_REPEATS))]
        return [Item(str(k), f"simulation {k}", seed, seed, seconds) for k, seed in enumerate(seeds)]

    def gather(self, items: Sequence[Item], rates: Mapping[int, NDArray[np.floating]]) -> SimulatedRates | None:
        """The finished trials in order, given their rates by index; None if there are none."""
        if not rates:
            return None
        chosen = sorted(rates)
        seeds = [items[index].argument for index in chosen]
        return SimulatedRates(np.stack([rates[index] for index in chosen]), self.bin_width, self.settling, seeds)


def stage_theory(experiment: Experiment, n_z: int | None) -> FullMeanFieldStager:
    """The mean field of a configuration; averaged over `N_Z` values of z where each neuron has its own, by default."""
    quenched = experiment.arousal.heterogeneity == "quenched"
    return FullMeanFieldStager(experiment, n_z=(N_Z if quenched else 1) if n_z is None else n_z)


def compare(
    experiment: Experiment,
    n_trials: int = N_TRIALS,
    settling: float = SETTLING,
    *,
    n_z: int | None = None,
    dtype: Precision = "float32",
    n_threads: int | None = None,
    progress: bool = False,
) -> Comparison:
    """Find the steady states of a configuration, and simulate it on all cores.

    Trials have networks and noise of their own, from the seeds that repeats of `Repeater` have. The simulation first
    settles under the perturbations at time 0, without stimulus; times of the configuration count from its end. The mean
    field takes perturbations at their onset.

    Args:
        experiment: The configuration.
        n_trials: Number of simulations, at most `MAX_REPEATS`. Adding one changes no other.
        settling: Simulated seconds that are dropped, rounded to whole bins.
        n_z: Over how many values of z the mean field averages; by default `N_Z` where each neuron has its own.
        dtype: ``float32`` or ``float64``.
        n_threads: How many simulations run at once; one for each core by default.
        progress: Show the progress on stderr.

    Raises:
        InputError: A number is out of bounds, or a perturbation makes a parameter impossible.
        Interrupted: On Ctrl-C, with a comparison of the finished trials.
    """
    experiment = with_perturbation_seeds(experiment)
    task = SimulateRates(experiment, settling, dtype)
    items, theory = task.items(n_trials), stage_theory(experiment, n_z)
    try:
        found: FixedPoints = theory.run()["distinct"]
    except KeyboardInterrupt:
        raise Interrupted("interrupted before the first simulation") from None

    def gather(rates: Mapping[int, NDArray[np.floating]]) -> Comparison | None:
        simulated = task.gather(items, rates)
        return simulated and Comparison(theory, found, simulated)

    finished = compute_in_memory(items, task, gather, noun="simulations", n_threads=n_threads, progress=progress)
    assert finished is not None
    return finished


def _delayed(trial: Trial, n_steps: int) -> Trial:
    """The same after so many steps without stimulus, under what acts at its beginning."""
    stimulus = trial.stimulus
    if stimulus is not None:
        stimulus = Stimulus(stimulus.gain, np.concatenate([np.zeros(n_steps), stimulus.course]))
    courses = {
        name: Course(np.where(course.steps > 0, course.steps + n_steps, 0), course.values)
        for name, course in trial.courses.items()
    }
    return replace(trial, n_steps=trial.n_steps + n_steps, stimulus=stimulus, courses=courses)


def _all_of_a_kind(populations: Populations) -> dict[str, NDArray[np.bool_]]:
    return {group: populations.types == kind for kind, group in enumerate(ALL_OF_A_KIND)}
