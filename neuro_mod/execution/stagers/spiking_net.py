"""One run of the spiking network, from a configuration to saved results and pictures."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from neuro_mod.config import Experiment, InputError, load_experiment
from neuro_mod.config.loading import Source
from neuro_mod.core.circuit import Circuit
from neuro_mod.core.spiking_net.engine.simulate import PRECISIONS, Simulation, SimulationInterrupted, Traces, simulate
from neuro_mod.core.spiking_net.external.stimulus import Stimulus
from neuro_mod.core.spiking_net.network import SpikingNetwork, draw_network
from neuro_mod.core.spiking_net.state import State, initial_state
from neuro_mod.execution.assembly import build_circuit, build_stimulus
from neuro_mod.execution.outputs import SpikingOutputs
from neuro_mod.execution.progress import simulation_progress
from neuro_mod.execution.run_folder import RunFolder
from neuro_mod.execution.stagers.spiking_net_files import check_plot_arg, save_plots, save_results
from neuro_mod.execution.stagers.spiking_net_metadata import describe_run

RECORDABLE = ("spikes", "voltage", "current")


class StageSNNSimulation:
    """Stages one simulation of the spiking network of a configuration.

    The network (connections, heterogeneity) and the noise follow from the configuration and its seed alone: every
    `run` of a stager is the same run, and the same on another machine of the same kind.

    Args:
        config: Path of a YAML file, YAML text or bytes, a mapping of sections, or an experiment.
        random_seed: Replaces ``settings.random_seed``.
        overrides: Values that replace those of `config`, such as ``["init_params.duration_sec=1.0"]``.

    Raises:
        ConfigError: Everything that is wrong with the configuration.
    """

    def __init__(self, config: Source, random_seed: int | None = None, *, overrides: Sequence[str] = ()):
        experiment = load_experiment(config, overrides)
        if random_seed is not None:
            experiment = experiment.replace({"settings.random_seed": random_seed})
        self.experiment: Experiment = experiment
        self.circuit: Circuit = build_circuit(experiment)
        #: Outputs of the latest run, also of one that was interrupted.
        self.outputs: SpikingOutputs | None = None

    @classmethod
    def from_dict(cls, config: Mapping[str, Any], random_seed: int | None = None) -> Self:
        """Stage a configuration given as a mapping of sections."""
        return cls(config, random_seed)

    @property
    def random_seed(self) -> int:
        """Root of all random numbers of the run."""
        return self.experiment.settings.random_seed

    @property
    def output_folder(self) -> Path:
        """Where `execute` writes: ``settings.save_dir / settings.sim_name``."""
        return Path(self.experiment.settings.save_dir) / self.experiment.settings.sim_name

    @cached_property
    def network(self) -> SpikingNetwork:
        """The network, drawn when first needed."""
        return draw_network(self.circuit, self.random_seed)

    def run(
        self,
        duration_sec: float | None = None,
        delta_t: float | None = None,
        record: Sequence[str] = RECORDABLE,
        *,
        neurons: Sequence[int] | NDArray[np.integer] | None = None,
        every: int = 1,
        dtype: str = "float32",
        initial_state: State | None = None,
        progress: bool = False,
    ) -> SpikingOutputs:
        """Simulate.

        Args:
            duration_sec: Replaces ``init_params.duration_sec``, in seconds.
            delta_t: Replaces ``init_params.delta_t``, in seconds.
            record: What to record besides the spikes: ``voltage``, ``current``.
            neurons: Neurons whose voltage and current are recorded; all by default.
            every: Record voltage and current every so many steps.
            dtype: ``float32`` or ``float64``.
            initial_state: State to continue from (``outputs.state`` of an earlier run); noise and stimulus continue
                where it stands.
            progress: Show the progress on stderr.

        Returns:
            The results, see `SpikingOutputs`.

        Raises:
            ConfigError: ``duration_sec`` or ``delta_t`` is not valid.
            InputError: Another argument is not valid, or the recording would not fit into memory.
            SimulationInterrupted: On Ctrl-C; the finished part is in ``self.outputs``.
        """
        timing = _Timing()
        experiment = self._with_times(duration_sec, delta_t)
        step = experiment.init_params.delta_t
        n_steps = round(experiment.init_params.duration_sec / step)
        traces = self._traces(record, neurons, every, n_steps, dtype)
        network = self.network
        state = initial_state or self._initial_state()
        stimulus = build_stimulus(experiment, self.circuit, self.random_seed, state.step, n_steps, step)
        timing.lap("preparation")

        def finish(simulation: Simulation, interrupted: bool = False) -> SpikingOutputs:
            timing.lap("simulation")
            self.outputs = self._collect(experiment, simulation, stimulus, record, every, dtype, timing, interrupted)
            return self.outputs

        shown = simulation_progress(n_steps * step) if progress else nullcontext(lambda _: None)

        def advanced(done: int) -> None:
            if done == 0:
                timing.lap("compilation")
            report(done * step)

        try:
            with shown as report:
                simulation = simulate(
                    network,
                    state,
                    n_steps,
                    delta_t=step,
                    seed=self.random_seed,
                    stimulus=stimulus if stimulus.gain.any() and stimulus.course.any() else None,
                    mechanism=experiment.init_params.mechanism,
                    dtype=dtype,
                    traces=traces,
                    progress=advanced,
                )
        except SimulationInterrupted as interruption:
            finish(interruption.finished, interrupted=True)
            raise
        return finish(simulation)

    def execute(
        self,
        plot_arg: str = "all",
        *,
        out: str | os.PathLike[str] | None = None,
        record: Sequence[str] = ("spikes", "voltage"),
        neurons: Sequence[int] | NDArray[np.integer] | None = None,
        **run_options: Any,
    ) -> SpikingOutputs:
        """Simulate, save and draw as the configuration's ``settings`` say.

        Args:
            plot_arg: Which pictures to draw: ``spikes`` (raster), ``rates``, ``voltage``, ``all`` or ``none``.
            out: Folder to save into, whatever ``settings.save`` and its folders say.
            record: As for `run`.
            neurons: As for `run`, but by default the first neuron of each type.
            **run_options: Passed on to `run`.

        Returns:
            The results of `run`; ``outputs["metadata"]["files"]`` lists the files written.

        Raises:
            StorageError: The folder cannot be written to (known before simulating), or the disk is full.
            SimulationInterrupted: On Ctrl-C, once the finished part has been saved.
        """
        check_plot_arg(plot_arg)
        settings = self.experiment.settings
        save, plot = settings.save or out is not None, settings.plot and plot_arg != "none"
        folder = RunFolder(out or self.output_folder) if save or plot else None
        chosen = self._example_neurons() if neurons is None else neurons
        try:
            outputs = self.run(record=record, neurons=chosen, **run_options)
        except SimulationInterrupted:
            if folder and self.outputs is not None:
                self._write(folder, self.outputs, chosen, save, plot, plot_arg)
            raise
        if folder:
            self._write(folder, outputs, chosen, save, plot, plot_arg)
        return outputs

    def _write(
        self,
        folder: RunFolder,
        outputs: SpikingOutputs,
        neurons: Sequence[int] | NDArray[np.integer],
        save: bool,
        plot: bool,
        plot_arg: str,
    ) -> None:
        if save:
            save_results(folder, outputs, self.experiment, neurons)
        if plot:
            save_plots(folder, outputs, self.circuit, neurons, plot_arg, self.experiment.settings.plot_format)
        outputs["metadata"]["files"] = [str(path) for path in folder.finish()]

    def _with_times(self, duration_sec: float | None, delta_t: float | None) -> Experiment:
        changes = {"init_params.duration_sec": duration_sec, "init_params.delta_t": delta_t}
        changes = {key: value for key, value in changes.items() if value is not None}
        return self.experiment.replace(changes) if changes else self.experiment

    def _initial_state(self) -> State:
        return initial_state(self.network, self.random_seed, self.experiment.init_params.initial_voltage)

    def _example_neurons(self) -> list[int]:
        """First neuron of each type."""
        types = self.circuit.populations.types[self.circuit.populations.of_neuron]
        return np.unique(types, return_index=True)[1].tolist()

    def _traces(
        self,
        record: Sequence[str],
        neurons: Sequence[int] | NDArray[np.integer] | None,
        every: int,
        n_steps: int,
        dtype: str,
    ) -> Traces:
        if dtype not in PRECISIONS:
            raise InputError(f"dtype is {dtype!r}; valid: {', '.join(PRECISIONS)}")
        unknown = {record} if isinstance(record, str) else set(record) - set(RECORDABLE)
        if unknown:
            raise InputError(f"cannot record {', '.join(sorted(unknown))}; valid: a list of {', '.join(RECORDABLE)}")
        if every < 1:
            raise InputError(f"every is {every}; record at least every step (1)")
        chosen = np.arange(self.circuit.populations.n_neurons) if neurons is None else np.asarray(neurons, np.int64)
        wanted = [name for name in ("voltage", "current") if name in record]
        needed = len(wanted) * len(chosen) * -(-n_steps // every) * np.dtype(dtype).itemsize
        if needed > _physical_memory():
            raise InputError(
                f"recording {' and '.join(wanted)} needs {needed / 1e9:.1f} GB of memory; "
                "record fewer neurons (neurons=), fewer steps (every=) or the spikes alone"
            )
        return Traces(*(chosen if name in record else () for name in ("voltage", "current")), every=every)

    def _collect(
        self,
        experiment: Experiment,
        simulation: Simulation,
        stimulus: Stimulus,
        record: Sequence[str],
        every: int,
        dtype: str,
        timing: _Timing,
        interrupted: bool,
    ) -> SpikingOutputs:
        spikes = simulation.spikes
        metadata = describe_run(
            experiment,
            spikes,
            first_step=simulation.state.step - spikes.n_steps,
            recorded_every=every,
            dtype=dtype,
            interrupted=interrupted,
            wall_seconds=timing.laps,
        )
        traces = {name: getattr(simulation, name) for name in ("voltage", "current") if name in record}
        part = Stimulus(stimulus.gain, stimulus.course[: spikes.n_steps])
        return SpikingOutputs(
            {
                "spikes": spikes,
                **traces,
                "stimulus": part,
                "clusters": self.circuit.populations.of_neuron,
                "metadata": metadata,
            },
            {"weights": self.network.dense_weights},
            simulation.state,
        )


class _Timing:
    """Wall-clock seconds by phase."""

    def __init__(self):
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name], self._last = now - self._last, now


def _physical_memory() -> float:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return float("inf")
