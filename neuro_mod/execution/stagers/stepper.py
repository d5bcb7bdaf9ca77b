"""The network of a configuration, advanced piece by piece while its parameters are changed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.config import Experiment
from neuro_mod.core.course import Course
from neuro_mod.core.modulation import Baseline, modulated_circuit, modulated_courses
from neuro_mod.core.perturbations import TimedPerturbation
from neuro_mod.core.perturbations.targets import TARGETS, check_target
from neuro_mod.core.spiking_net.engine.noise import check_counts
from neuro_mod.core.spiking_net.engine.state import State
from neuro_mod.core.spiking_net.engine.stepper import Pieces
from neuro_mod.core.spiking_net.engine.trial import Trial
from neuro_mod.core.spiking_net.external.stimulus import Stimulus
from neuro_mod.errors import InputError, invalid
from neuro_mod.execution.stagers.assembly import build_baseline, build_stimulus
from neuro_mod.execution.stagers.perturbations import perturbations_of_run
from neuro_mod.recordings.spikes import MAX_STEPS

#: A perturbation that holds from now on: a number, a vector ``(n_pops,)``, vectors with a time course, or none.
Held = ArrayLike | TimedPerturbation | None

#: Simulated seconds for which stimulus and time courses are prepared at a time.
_PREPARED = 5.0
#: Of a network, what `NetworkStepper.set` cannot change, as it determines connections and quenched arousal.
_FIXED = ("connection_probability", "external_in_degree", "arousal_heterogeneity", "in_degree")


class Parameters(NamedTuple):
    """What a network runs under.

    Args:
        experiment: The configuration.
        baseline: Its network, with the parameters that were set.
        perturbations: By target.
    """

    experiment: Experiment
    baseline: Baseline
    perturbations: Mapping[str, Held]


class NetworkStepper(Pieces):
    """The network of a configuration, advanced piece by piece; from `StageSNNSimulation.stepper`.

    It has no end: stimulus and perturbations go on as their time courses say.

    Args:
        trial: What the configuration's run begins with.
        parameters: What it runs under.
        new_start: Makes the state to begin with from the seed of the noise.

    Example:
        >>> from neuro_mod import StageSNNSimulation
        >>> stepper = StageSNNSimulation("small").stepper()
        >>> piece = stepper.advance(seconds=0.5)
        >>> stepper.set(arousal_level=0.8, perturbations={"rate": 2.0})
        >>> piece = stepper.advance(seconds=0.5)
        >>> print(f"{piece.time:g} s, {stepper.time:g} s")
        0.5 s, 1 s
    """

    def __init__(self, trial: Trial, parameters: Parameters, new_start: Callable[[int], State]):
        self.parameters, self._first_parameters, self._new_start = parameters, parameters, new_start
        super().__init__(self._made(parameters, trial, 0))

    @property
    def experiment(self) -> Experiment:
        """The configuration under the present overrides; it does not hold what was set otherwise."""
        return self.parameters.experiment

    def set(
        self,
        *,
        perturbations: Mapping[str, Held] | None = None,
        overrides: Sequence[str] = (),
        **parameters: ArrayLike,
    ) -> None:
        """Change the network from the next step on. What is set holds until it is set again.

        Args:
            perturbations: Perturbations by target (``rate``, ``threshold``, ...), in its unit: a number for all
                populations, an array ``(n_pops,)``, a `TimedPerturbation`, or None for none.
            overrides: Values of the configuration, such as ``["arousal.level=0.5"]``, which replace those of all
                parameters that were set before. Whatever changes connections needs a new network.
            **parameters: Unperturbed parameters by the name of the target that changes them: ``rate`` in Hz,
                ``threshold`` in threshold units, ``arousal_level``, ...: a number, an array ``(n_pops,)``, or one
                with a row for each external source, where it has these.

        Raises:
            ConfigError: An override is not valid.
            InputError: A target is unknown, a shape does not fit, a parameter becomes impossible, or a new network is
                needed; nothing is changed then.
        """
        present = self.parameters
        if overrides:
            present = _overridden(present, overrides)
        baseline = _with(present.baseline, parameters)
        for target, given in (perturbations or {}).items():
            check_target(target)
            held = isinstance(given, TimedPerturbation | None)
            shape = () if held else (given.values.shape if isinstance(given, Course) else np.shape(given))
            if shape not in ((), (baseline.populations.total,)):
                what = f"a number, {baseline.populations.total} numbers, a TimedPerturbation, or None"
                raise InputError(f"perturbation of {target}: shape {shape} found; expected {what}")
        new = Parameters(present.experiment, baseline, {**present.perturbations, **(perturbations or {})})
        self._use(self._made(new, self.trial, self.done))
        self.parameters = new

    def reset(self, seed: int | None = None) -> None:
        """Go back to the start, and to the configuration as it was.

        Args:
            seed: Root seed of other noise, and of initial voltages that are drawn; by default that of the beginning.

        Raises:
            InputError: There is a seed beside an initial state, which has its own.
        """
        first = self._first
        if seed is not None:
            if first.state.step:
                raise invalid("seed", seed, "none, as the stepper began with a state, which has the seed of its noise")
            first = replace(first, seed=seed, state=self._new_start(seed))
        self._position, self.parameters = self._at_start(first), self._first_parameters

    def _check_end(self, end: int) -> None:
        last = MAX_STEPS - self._first.state.step
        if end > last:
            raise invalid("n_steps", end - self.done, f"at most {last - self.done}, as steps are counted in 32 bits")

    def _prepare(self) -> None:
        if self.done >= self.trial.n_steps:
            self._use(self._made(self.parameters, self.trial, self.done))

    def _made(self, parameters: Parameters, trial: Trial, done: int) -> Trial:
        """The same trial under these parameters, which are in force from step ``done`` on, as far as it is prepared."""
        experiment, baseline, first = parameters.experiment, parameters.baseline, trial.state.step
        last, delta_t = MAX_STEPS - first, trial.delta_t
        timed = any(isinstance(each, TimedPerturbation) for each in parameters.perturbations.values())
        n_steps, stimulus = last, None
        if timed or not experiment.stimulus.off:
            n_steps = min(done + math.ceil(_PREPARED / delta_t), last)
        if not experiment.stimulus.off:
            circuit, seed = modulated_circuit(baseline), experiment.settings.random_seed
            begin, length = first + done, n_steps - done
            stimulus = build_stimulus(experiment, circuit, seed, begin, length, delta_t, whole=False)
            stimulus = Stimulus(stimulus.gain, np.concatenate([np.zeros(done), stimulus.course]))
        found = perturbations_of_run(parameters.perturbations, baseline, n_steps - done, delta_t, first + done)
        deltas = {target: Course([0], np.zeros((1, baseline.populations.total))) for target in TARGETS}
        deltas |= {target: _from_step(course, done) for target, course in found.items()}
        courses = {"reset_voltage": Course([0], baseline.reset_voltage[None])} | modulated_courses(baseline, deltas)
        made = replace(trial, n_steps=n_steps, stimulus=stimulus, courses=courses)
        check_counts(made.network, *made.parameters.largest_counts())
        return made


def _from_step(course: Course, step: int) -> Course:
    """The same course, which begins at a later step."""
    return Course(np.append(0, course.steps[1:] + step), course.values)


def _overridden(present: Parameters, overrides: Sequence[str]) -> Parameters:
    experiment = present.experiment.replace(list(overrides))
    baseline = build_baseline(experiment)
    old, new = present.experiment, experiment
    same = old.populations == new.populations and all(
        np.array_equal(getattr(present.baseline, name), getattr(baseline, name)) for name in _FIXED
    )
    same &= old.settings.random_seed == new.settings.random_seed
    same &= (old.init_params.delta_t, old.init_params.mechanism) == (new.init_params.delta_t, new.init_params.mechanism)
    if not same:
        hint = "a new stepper with these overrides has it"
        raise invalid(
            "overrides", ", ".join(overrides), "values that leave connections, seed and steps as they are", hint
        )
    perturbations = dict(present.perturbations)
    if old.perturbation != new.perturbation:
        perturbations |= dict.fromkeys(old.timed_perturbations) | new.timed_perturbations
    return Parameters(experiment, baseline, perturbations)


def _with(baseline: Baseline, parameters: Mapping[str, ArrayLike]) -> Baseline:
    """A network with other parameters, by target."""
    changed: dict[str, NDArray[np.float64]] = {}
    for target, value in parameters.items():
        check_target(target)
        shape = baseline.parameters[target].shape
        try:
            given = np.broadcast_to(np.asarray(value, np.float64), shape).copy()
        except (TypeError, ValueError):
            given = np.full(shape, np.nan)
        allowed = TARGETS[target].bounds.allow(given, baseline.reset_voltage)
        if not (np.isfinite(given).all() and allowed.all()):
            valid = f"finite values in the shape () or {shape[-1:]}, {TARGETS[target].bounds}"
            raise invalid(target, np.asarray(value).tolist(), valid)
        if given.ndim == len(("source", "population")) and np.ndim(value) < given.ndim:
            given = np.where(baseline.external_in_degree > 0, given, baseline.parameters[target])
        changed[target] = given
    return replace(baseline, parameters={**baseline.parameters, **changed})
