"""The simulations of a comparison: population rates, and interval CVs of active and other clusters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuro_mod.checks import whole_number
from neuro_mod.choices import Precision
from neuro_mod.config import Experiment
from neuro_mod.core.course import Course
from neuro_mod.core.spiking_net.analysis.neurons.intervals_by_activity import interval_cvs_by_activity
from neuro_mod.core.spiking_net.analysis.rates.activity import active_in_time
from neuro_mod.core.spiking_net.analysis.rates.rates import smooth, steps_per_sample
from neuro_mod.core.spiking_net.engine.simulate import simulate
from neuro_mod.core.spiking_net.engine.trial import Trial
from neuro_mod.core.spiking_net.external.stimulus import Stimulus
from neuro_mod.errors import InputError, invalid
from neuro_mod.execution.jobs import Item
from neuro_mod.execution.progress import Progress
from neuro_mod.execution.stagers import StageSNNSimulation
from neuro_mod.execution.stagers.seeds import repeat_seed
from neuro_mod.execution.stagers.spiking_net_metadata import population_rates
from neuro_mod.recordings.spikes import MAX_STEPS
from neuro_mod.storage.names import MAX_REPEATS

N_TRIALS = 4
#: Simulated seconds that are dropped: the network forgets its initial state in about 0.2 s.
SETTLING = 0.5
#: By which the time step is divided to find its effect.
FINER = 5


class Simulated(NamedTuple):
    """A simulation.

    Args:
        rates: Smoothed rates in Hz, shape ``(n_bins, P)``; NaN in empty populations.
        cvs: Interval CVs by group, see `interval_cvs_by_activity`.
    """

    rates: NDArray[np.floating]
    cvs: dict[str, float]


class Planned(NamedTuple):
    """Which simulation.

    Args:
        trial: Its number.
        seed: Its seed.
        finer: Whether the time step is divided by `FINER`.
    """

    trial: int
    seed: int
    finer: bool


@dataclass(frozen=True, eq=False)
class SimulatedRates:
    """Rates of populations in simulations.

    Args:
        rates: Smoothed rates in Hz, shape ``(n_trials, n_bins, P)``; NaN in empty populations.
        cvs: Interval CVs by group, shape ``(n_trials,)`` each; NaN where unknown.
        bin_width: In seconds.
        settling: Simulated seconds before the first bin.
        delta_t: Time step in seconds.
        seeds: Seed of each trial.
    """

    rates: NDArray[np.floating]
    cvs: Mapping[str, NDArray[np.float64]]
    bin_width: float
    settling: float
    delta_t: float
    seeds: list[int]


@dataclass(frozen=True)
class _Steps:
    """The time axis of a simulation.

    Args:
        delta_t: Time step in seconds.
        bin_steps: Steps in a bin.
        settling_bins: Bins that are dropped.
    """

    delta_t: float
    bin_steps: int
    settling_bins: int

    @property
    def bin_width(self) -> float:
        """In seconds."""
        return self.bin_steps * self.delta_t

    @property
    def settling_steps(self) -> int:
        """Steps that are dropped."""
        return self.settling_bins * self.bin_steps


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
        if not 0 <= settling < np.inf:
            raise invalid("settling", settling, "a finite time from 0 s")
        self._settling = settling
        #: Simulated seconds that are dropped.
        self.settling: float = self._steps(finer=False).settling_steps * self._steps(finer=False).delta_t

    def _steps(self, *, finer: bool) -> _Steps:
        duration, delta_t = self.experiment.init_params.duration_sec, self.experiment.init_params.delta_t
        delta_t /= FINER if finer else 1
        bin_steps = steps_per_sample(delta_t)
        if round(duration / delta_t) < bin_steps:
            raise InputError(f"a run of {duration:g} s is too short for a rate; see init_params.duration_sec")
        if (duration + self._settling) / delta_t + bin_steps > MAX_STEPS:
            raise InputError(
                f"a settling time of {self._settling:g} s and a run of {duration:g} s are too long; expected at most "
                f"{MAX_STEPS} steps of {delta_t:g} s together, see init_params.delta_t"
            )
        return _Steps(delta_t, bin_steps, round(self._settling / (bin_steps * delta_t)))

    def __call__(self, planned: Planned, report: Progress) -> Simulated:
        """Simulate."""
        steps, populations = self._steps(finer=planned.finer), self.experiment.populations
        stager = self._stager.with_seed(planned.seed)
        trial = stager.trial(delta_t=steps.delta_t if planned.finer else None, dtype=self.dtype)
        run = simulate(_delayed(trial, steps.settling_steps), report)
        _, rates = smooth(population_rates(populations, run), steps.bin_width)
        rates = rates[steps.settling_bins :]
        active = active_in_time(rates, populations)
        return Simulated(
            rates,
            interval_cvs_by_activity(run.spikes, active, populations, steps.settling_steps, steps.bin_steps),
        )

    @cached_property
    def _stager(self) -> StageSNNSimulation:
        return StageSNNSimulation(self.experiment)

    def items(self, n_trials: int, *, step_check: bool = False) -> list[Item]:
        """One for each trial, with the seeds of repeats; adding one changes no other.

        Args:
            n_trials: Number of trials.
            step_check: Also simulate each with a finer time step.

        Raises:
            InputError: The number is out of bounds, or the runs would have too many steps.
        """
        root, seconds = self.experiment.settings.random_seed, self.settling + self.experiment.init_params.duration_sec
        seeds = [repeat_seed(root, k) for k in range(whole_number("n_trials", n_trials, 1, MAX_REPEATS))]
        items = [
            Item(str(k), f"simulation {k}", Planned(k, seed, False), seed, seconds) for k, seed in enumerate(seeds)
        ]
        if step_check:
            name = f"with a time step of {1e3 * self._steps(finer=True).delta_t:g} ms"
            items += [
                Item(f"{k}, finer", f"simulation {k} {name}", Planned(k, seed, True), seed, seconds)
                for k, seed in enumerate(seeds)
            ]
        return items

    def gather(self, found: Mapping[Planned, Simulated], *, finer: bool = False) -> SimulatedRates | None:
        """The finished trials in order; None if there are none.

        Args:
            found: The finished ones.
            finer: Whether those with the finer time step are wanted.
        """
        chosen = sorted(planned for planned in found if planned.finer == finer)
        if not chosen:
            return None
        steps, trials = self._steps(finer=finer), [found[planned] for planned in chosen]
        return SimulatedRates(
            np.stack([trial.rates for trial in trials]),
            {group: np.array([trial.cvs[group] for trial in trials]) for group in trials[0].cvs},
            steps.bin_width,
            steps.settling_steps * steps.delta_t,
            steps.delta_t,
            [planned.seed for planned in chosen],
        )


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
