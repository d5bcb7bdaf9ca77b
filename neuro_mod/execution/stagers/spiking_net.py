"""One run of the spiking network, from a configuration to saved results and figures."""

from __future__ import annotations

import inspect
import math
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from copy import copy
from dataclasses import replace
from functools import cached_property, partial
from importlib import import_module
from typing import Any, NamedTuple, Self

import numpy as np

from neuro_mod.checks import check_choice, whole_number
from neuro_mod.choices import Precision
from neuro_mod.config import Experiment
from neuro_mod.config.loading import Source
from neuro_mod.core.circuit import Circuit
from neuro_mod.core.course import Course
from neuro_mod.core.modulation import Baseline, modulated_circuit, modulated_courses
from neuro_mod.core.perturbations import TimedPerturbation
from neuro_mod.core.spiking_net.engine.noise import check_counts
from neuro_mod.core.spiking_net.engine.simulate import simulate
from neuro_mod.core.spiking_net.engine.simulation import Simulation
from neuro_mod.core.spiking_net.engine.state import State, initial_state
from neuro_mod.core.spiking_net.engine.trial import Trial
from neuro_mod.core.spiking_net.external.stimulus import Stimulus
from neuro_mod.core.spiking_net.network import SpikingNetwork, draw_network
from neuro_mod.errors import InputError, Interrupted, invalid
from neuro_mod.execution.compilation_shown import compilation_shown
from neuro_mod.execution.in_plan import data_or_hash
from neuro_mod.execution.notices import warn_once
from neuro_mod.execution.progress import Progress, progress_shown
from neuro_mod.execution.stagers.assembly import build_baseline, build_stimulus
from neuro_mod.execution.stagers.base import Stager, keep
from neuro_mod.execution.stagers.kept_spikes import simulation_of
from neuro_mod.execution.stagers.outputs import SpikingOutputs
from neuro_mod.execution.stagers.perturbations import (
    Given,
    check_times,
    merge_keywords,
    perturbations_of_run,
    warn_of_idle,
)
from neuro_mod.execution.stagers.pictures import check_plot_arg, figure_names
from neuro_mod.execution.stagers.recording import RECORDABLE, ChosenRecording, choose_recording
from neuro_mod.execution.stagers.saved_state import state_arrays
from neuro_mod.execution.stagers.spike_stream import SpikeStream
from neuro_mod.execution.stagers.spiking_net_metadata import describe_run, population_rates
from neuro_mod.execution.stagers.stepper import NetworkStepper, Parameters
from neuro_mod.recordings.spikes import SpikeEvents
from neuro_mod.storage.run_folder import RunFolder


class StageSNNSimulation(Stager):
    """Stages one simulation of the spiking network of a configuration.

    The network (connections, heterogeneity) and the noise follow from the configuration and its seed alone: every
    `run` of a stager is the same run, and the same on another machine of the same kind.

    Args:
        config: Path of a YAML file, name of a shipped one, YAML text or bytes, a mapping of sections, or an experiment.
        random_seed: Replaces ``settings.random_seed``.
        overrides: Values that replace those of `config`, such as ``["init_params.duration_sec=1.0"]``.

    Raises:
        ConfigError: Everything that is wrong with the configuration.

    Examples:
        >>> from neuro_mod import StageSNNSimulation
        >>> stager = StageSNNSimulation("small", random_seed=1)
        >>> outputs = stager.run(duration_sec=0.2)
        >>> outputs["voltage"].shape, len(outputs["spikes"]) > 0  # (n_steps, n_neurons)
        ((400, 600), True)
        >>> later = stager.run(duration_sec=0.1, initial_state=outputs.state)  # continues where the first run ended
        >>> later.state.step
        600
    """

    what = "run"
    gives = "spikes, rates, voltage, current, ..."

    def __init__(self, config: Source, random_seed: int | None = None, *, overrides: Sequence[str] = ()):
        super().__init__(config, random_seed, overrides=overrides)
        self.baseline: Baseline = build_baseline(self.experiment)
        #: Without perturbations, which depend on time; see `trial`.
        self.circuit: Circuit = modulated_circuit(self.baseline)
        #: Outputs of the latest run, also of one that was interrupted.
        self.outputs: SpikingOutputs | None = None
        #: Default of the argument `progress` of `run`.
        self.progress: bool | Progress = False

    def _rows(self) -> dict[str, str]:
        init = self.experiment.init_params
        rows = {"duration": f"{init.duration_sec:g} s in steps of {1e3 * init.delta_t:g} ms"}
        return rows | ({} if self.outputs is None else {"outputs": self.outputs._summary().title})

    def with_seed(self, random_seed: int) -> Self:
        """The same configuration under another seed: another network, other noise.

        Raises:
            ConfigError: It is not valid; or perturbations that are drawn from it are not.
        """
        other = copy(self)
        other.experiment, other.outputs = self.experiment.with_seed(random_seed), None
        vars(other).pop("network", None)
        return other

    @cached_property
    def network(self) -> SpikingNetwork:
        """The network, drawn when first needed."""
        return draw_network(self.circuit, self.random_seed)

    def perturbations_over(self, n_steps: int, delta_t: float) -> dict[str, Course]:
        """The perturbations of the configuration over a run from time 0 on, by target; values ``(K, n_pops)``."""
        return perturbations_of_run(self.experiment.timed_perturbations, self.baseline, n_steps, delta_t)

    def trial(
        self,
        duration_sec: float | None = None,
        delta_t: float | None = None,
        record: Sequence[str] = ("spikes",),
        **run_options: Any,
    ) -> Trial:
        """What `run` simulates, for `simulate_batch` and `simulate_pair`; arguments and errors as for `run`."""
        return self._stage(duration_sec, delta_t, record, **run_options).trial

    def stepper(
        self,
        *,
        record: Sequence[str] = ("spikes",),
        neurons: Any = None,
        every: int = 1,
        dtype: Precision = "float32",
        initial_state: State | None = None,
        noise_seed: int | None = None,
        delta_t: float | None = None,
    ) -> NetworkStepper:
        """The network to advance piece by piece, without an end, while its parameters are changed.

        Pieces give the bytes of one `run`. Arguments and errors are those of `run`.
        """
        staged = self._stage(
            None,
            delta_t,
            record,
            neurons=neurons,
            every=every,
            dtype=dtype,
            initial_state=initial_state,
            noise_seed=noise_seed,
        )
        parameters = Parameters(staged.experiment, self.baseline, self.experiment.timed_perturbations)
        return NetworkStepper(staged.trial, parameters, partial(self._start, None))

    def explore(self, *, out: str | os.PathLike[str] = "simulations/explored", height: int = 900) -> Any:
        """A page on which the knobs of the network are turned while it runs, for a notebook.

        It is served to this machine alone, from a thread, until it or the process ends. A notebook that is saved has
        its address, which then leads nowhere.

        Args:
            out: Folder that Save on the page writes to.
            height: Height of the frame in the notebook, in pixels.

        Returns:
            What shows the page in a notebook; ``address`` is that of the page, and ``close()`` ends it. While it runs,
            further calls return the same page.

        Raises:
            ImportError: The extra ``explore`` is missing.
            InputError: The folder is not valid.
        """
        # the explorer is on a layer above, which is loaded by its name as public names are
        return import_module("neuro_mod.explorer.start").explore(self, out=out, height=height)

    def run(
        self,
        duration_sec: float | None = None,
        delta_t: float | None = None,
        record: Sequence[str] = RECORDABLE,
        *,
        neurons: Any = None,
        every: int = 1,
        dtype: Precision = "float32",
        initial_state: State | None = None,
        allow_other_network: bool = False,
        noise_seed: int | None = None,
        perturbations: Mapping[str, Given] | None = None,
        progress: bool | Progress | None = None,
        spike_stream: SpikeStream | None = None,
        **target_perturbations: Given,
    ) -> SpikingOutputs:
        """Simulate.

        Args:
            duration_sec: Replaces ``init_params.duration_sec``, in seconds.
            delta_t: Replaces ``init_params.delta_t``, in seconds.
            record: What to record: ``spikes``, ``voltage``, ``current``. Spike counts and rates always are.
            neurons: Whose voltage and current: indices, or a boolean mask of shape ``(n_neurons,)``; all by default.
            every: Record voltage and current every so many steps.
            dtype: ``float32`` or ``float64``.
            initial_state: State to continue from (``outputs.state`` of an earlier run); noise, stimulus and the time
                courses of the configuration's perturbations continue from its time step.
            allow_other_network: Whether `initial_state` may belong to a network with other connections.
            noise_seed: Root of the noise and the initial state; by default that of the network. Another one gives other
                noise in the same network, under the same stimulus.
            perturbations: Perturbations that replace those of the configuration, by target (``rate``, ``threshold``,
                ...), in the unit of the target: a number for all populations, an array ``(n_pops,)`` or
                ``(n_pops, n_steps)`` with one column per step of this run, a `TimedPerturbation`, a `Course`, or None
                for none.
            progress: Show the progress on stderr; or a function to call with the simulated seconds done. By default
                ``self.progress``, which is False.
            spike_stream: Takes the spikes, which then are not kept in memory, for long runs.
            **target_perturbations: The same by keyword: ``rate_perturbation``, ``threshold_perturbation``, ...

        Returns:
            The results, see `SpikingOutputs`.

        Raises:
            InputError: An argument is not valid, or the recording would not fit into memory.
            ValueError: ``dtype``, ``initial_state`` or ``noise_seed`` does not fit.
            NumericalError: The state became infinite or NaN; the message says where and when.
            Interrupted: On Ctrl-C; the finished part is in ``self.outputs``.
        """
        timing = _Timing()
        progress = self.progress if progress is None else progress
        with compilation_shown(bool(progress) and not callable(progress)):
            staged = self._stage(
                duration_sec,
                delta_t,
                record,
                neurons=neurons,
                every=every,
                dtype=dtype,
                initial_state=initial_state,
                allow_other_network=allow_other_network,
                noise_seed=noise_seed,
                perturbations=perturbations,
                spike_stream=spike_stream,
                **target_perturbations,
            )
        timing.lap("preparation")

        def advanced(done: float) -> None:
            if done == 0:
                timing.lap("compilation")
            report(done)

        if callable(progress):
            shown = nullcontext(progress)
        else:
            shown = progress_shown(staged.trial.duration, shown=bool(progress))
        try:
            with shown as report:
                simulation = simulate(staged.trial, advanced)
        except Interrupted as interruption:
            self.outputs = self._collect(staged, interruption.finished, timing, interrupted=True)
            raise
        self.outputs = self._collect(staged, simulation, timing, interrupted=False)
        return self.outputs

    def outputs_of(
        self, spikes: SpikeEvents, noise_seed: int | None = None, *, end: State | None = None
    ) -> SpikingOutputs:
        """The results of a run of which the spikes were kept: nothing is simulated.

        Args:
            spikes: What ``run(record=["spikes"], noise_seed=noise_seed)`` recorded.
            noise_seed: As for `run`.
            end: The state after them, if it was kept; they are those of a run that ended in it, and may have begun
                later than at step 0.

        Returns:
            The same as that run returned, with only the given state at its end, and without how long it took.

        Raises:
            InputError: The spikes are of another number of neurons, or of another length or time step.
        """
        if end is None:
            staged = self._stage(None, None, ("spikes",), noise_seed=noise_seed)
        else:
            start = replace(end, step=end.step - spikes.n_steps, network=None)
            staged = self._stage(spikes.duration, None, ("spikes",), initial_state=start)
        simulation = simulation_of(spikes, staged.trial)
        if end is not None:
            simulation = replace(simulation, end=end)
        return self._collect(staged, simulation, _Timing(), interrupted=False, kept=True, end=end)

    def execute(
        self,
        plot_arg: str = "all",
        *,
        out: str | os.PathLike[str] | None = None,
        record: Sequence[str] = ("spikes", "voltage"),
        neurons: Any = None,
        every: int = 1,
        force: bool = False,
        **run_options: Any,
    ) -> SpikingOutputs:
        """Simulate, save and draw as the configuration's ``settings`` say.

        Args:
            plot_arg: Which figures to draw: ``spikes`` (raster), ``rates``, ``voltage``, ``perturbations``,
                ``parameters`` (before and under perturbations), or several, as ``spikes,rates``; ``all`` or ``none``.
            out: Folder to save into, whatever the settings say.
            record: As for `run`.
            neurons: As for `run`, but by default the first neuron of each type.
            every: As for `run`.
            force: Replace other results in this folder: of another configuration, other options, or another kind.
            **run_options: Passed on to `run`.

        Returns:
            The results of `run`; ``outputs["metadata"]["files"]`` lists the files written.

        Raises:
            InputError: As for `run`, ``plot_arg`` is unknown, or the folder holds other results.
            StorageError: The folder cannot be written to (known before simulating), or the disk is full.
            Interrupted: On Ctrl-C, once the finished part has been saved.
        """
        check_plot_arg(plot_arg)
        neurons = self._example_neurons() if neurons is None else neurons
        choose_recording(record, neurons, every, self.circuit.populations.n_neurons)
        options = {"record": record, "neurons": neurons, "every": every, **run_options}
        lasting = self.experiment.lasting(run_options.get("duration_sec"), run_options.get("delta_t"))
        with self._folder(out, lasting, options, force) as folder:
            if folder is None:
                return self.run(**options)
            return self._execute(folder, options, save=out is not None, figures=figure_names(plot_arg))

    def _determining(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Not what is recorded: that is a part of the same results."""
        state, given = arguments["initial_state"], self._given(arguments)
        return {
            "dtype": arguments["dtype"],
            "noise_seed": arguments["noise_seed"],
            "initial_state": None if state is None else data_or_hash(state_arrays(state), "initial_state"),
            "perturbations": {
                target: None if course is None else data_or_hash([course.steps, course.values], target)
                for target, course in given.items()
            },
        }

    def _given(self, arguments: Mapping[str, Any]) -> dict[str, Course | None]:
        """The perturbations that replace those of the configuration, by target."""
        given = merge_keywords(arguments["perturbations"], arguments["target_perturbations"])
        if not given:
            return {}
        init = self.experiment.lasting(arguments["duration_sec"], arguments["delta_t"]).init_params
        sources = {**self.experiment.timed_perturbations, **given}
        first = 0 if arguments["initial_state"] is None else arguments["initial_state"].step
        n_steps = round(init.duration_sec / init.delta_t)
        courses = perturbations_of_run(sources, self.baseline, n_steps, init.delta_t, first)
        return {target: courses.get(target) for target in given}

    def _execute(self, folder: RunFolder, options: dict[str, Any], **keeping: Any) -> SpikingOutputs:
        try:
            with SpikeStream(folder.path) as stream:
                outputs = self.run(spike_stream=stream, **options)
        except Interrupted as interruption:
            if self.outputs is not None and interruption.finished.n_steps:
                keep(self.outputs, folder, self.experiment, **keeping)
                interruption.add_note(f"saved in {folder.path}")
            raise
        try:
            keep(outputs, folder, self.experiment, **keeping)
        except KeyboardInterrupt:
            raise Interrupted(f"interrupted while saving the run in {folder.path}; figures may be missing") from None
        return outputs

    def _check_external_rate(self, trial: Trial) -> None:
        try:
            check_counts(trial.network, *trial.parameters.largest_counts())
        except ValueError as error:
            keys = "external_currents.c_ext, external_currents.nu_ext_baseline, arousal.M and arousal.heterogeneity"
            perturbed = " and perturbation" if trial.courses else ""
            raise InputError(f"{error}; see {keys}{perturbed}") from None

    def _start(self, given: State | None, noise_seed: int | None) -> State:
        """The state to begin with, which has the seed of the noise."""
        if given is None:
            seed = self.random_seed if noise_seed is None else noise_seed
            whole_number("noise_seed", seed, 0)
            return initial_state(self.network, seed, self.experiment.init_params.initial_voltage)
        if noise_seed is not None:
            raise invalid("noise_seed", noise_seed, "none beside initial_state, which has the seed of its noise")
        return given

    def _example_neurons(self) -> list[int]:
        """First neuron of each type."""
        types = self.circuit.populations.types[self.circuit.populations.of_neuron]
        return np.unique(types, return_index=True)[1].tolist()

    def _stage(
        self,
        duration_sec: float | None,
        delta_t: float | None,
        record: Sequence[str],
        *,
        neurons: Any = None,
        every: int = 1,
        dtype: Precision = "float32",
        initial_state: State | None = None,
        allow_other_network: bool = False,
        noise_seed: int | None = None,
        perturbations: Mapping[str, Given] | None = None,
        spike_stream: SpikeStream | None = None,
        **target_perturbations: Given,
    ) -> _Staged:
        check_choice("dtype", dtype, Precision)
        recording = choose_recording(record, neurons, every, self.circuit.populations.n_neurons)
        experiment = self.experiment.lasting(duration_sec, delta_t)
        given = merge_keywords(perturbations, target_perturbations, inspect.signature(self.run).parameters)
        state = self._start(initial_state, noise_seed)
        delta_t = experiment.init_params.delta_t
        n_steps = round(experiment.init_params.duration_sec / delta_t)
        to_record = recording.for_engine(n_steps, delta_t, dtype, spike_stream)
        stimulus = build_stimulus(experiment, self.circuit, self.random_seed, state.step, n_steps, delta_t)
        sources = {**self.experiment.timed_perturbations, **given}
        courses = perturbations_of_run(sources, self.baseline, n_steps, delta_t, state.step)
        for warning in experiment.warnings:
            warn_once(warning)
        check_times(
            {target: course for target, course in courses.items() if target in given}, self.baseline, experiment
        )
        warn_of_idle(courses, sources, self.circuit.populations.sizes, n_steps, delta_t)
        trial = Trial(
            network=self.network,
            state=state,
            n_steps=n_steps,
            delta_t=delta_t,
            seed=self.random_seed if state.seed is None else state.seed,
            stimulus=stimulus if stimulus.gain.any() else None,
            courses=modulated_courses(self.baseline, courses),
            mechanism=experiment.init_params.mechanism,
            dtype=dtype,
            recording=to_record,
            allow_other_network=allow_other_network,
        )
        self._check_external_rate(trial)
        return _Staged(experiment, recording, stimulus, courses, sources, given, trial, spike_stream)

    def _collect(
        self,
        staged: _Staged,
        simulation: Simulation,
        timing: _Timing,
        interrupted: bool,
        kept: bool = False,
        end: State | None = None,
    ) -> SpikingOutputs:
        timing.lap("simulation")
        recording, populations = staged.recording, self.circuit.populations
        results: dict[str, Any] = {}
        if "spikes" in recording.names:
            length = simulation.n_steps, populations.n_neurons, simulation.delta_t
            results["spikes"] = staged.spike_stream.events(*length) if staged.spike_stream else simulation.spikes
        results["spike_counts"] = simulation.spike_counts
        results |= {name: getattr(simulation, name) for name in recording.traces}
        results["rates"] = population_rates(populations, simulation)
        results["stimulus"] = Stimulus(staged.stimulus.gain, staged.stimulus.course[: simulation.n_steps])
        if staged.perturbations:
            results["perturbations"] = staged.perturbations
        results["clusters"] = populations.of_neuron
        results["metadata"] = describe_run(
            staged.experiment,
            simulation,
            results["rates"],
            {target: (course, target in staged.given) for target, course in staged.perturbations.items()},
            staged.stimulus,
            recorded_every=recording.every,
            dtype=staged.trial.dtype,
            interrupted=interrupted,
            wall_seconds={"simulation": math.nan} if kept else timing.laps,
        )
        timed = {name: each for name, each in staged.sources.items() if isinstance(each, TimedPerturbation)}
        end = end if kept else simulation.end
        return SpikingOutputs(results, end, recording.neurons, timed, self.baseline, self.network)


class _Staged(NamedTuple):
    """A run that is ready to begin."""

    experiment: Experiment
    recording: ChosenRecording
    stimulus: Stimulus
    perturbations: dict[str, Course]
    sources: Mapping[str, Given]
    given: Mapping[str, Given]
    trial: Trial
    spike_stream: SpikeStream | None


class _Timing:
    """Wall-clock seconds by phase."""

    def __init__(self):
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name], self._last = now - self._last, now
