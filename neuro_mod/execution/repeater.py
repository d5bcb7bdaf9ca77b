"""Repeated runs of one configuration, which differ in nothing but their seeds."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, NamedTuple

import numpy as np

from neuro_mod.config import Experiment, InputError, load_experiment
from neuro_mod.config.loading import Source
from neuro_mod.config.perturbation import perturbation_seed
from neuro_mod.core.choices import Precision, check_choice
from neuro_mod.core.modulation import Baseline
from neuro_mod.core.random import Stream
from neuro_mod.execution.assembly import build_baseline
from neuro_mod.execution.executors import EXECUTORS, Executor, Outcome, choose_workers
from neuro_mod.execution.outputs import SpikingOutputs
from neuro_mod.execution.perturbing import in_words
from neuro_mod.execution.pictures import check_plot_arg
from neuro_mod.execution.progress import Report, simulation_progress
from neuro_mod.execution.repeat_files import RepeatFolder
from neuro_mod.execution.run_folder import StorageError
from neuro_mod.execution.run_log import RunLog
from neuro_mod.execution.stagers import StageSNNSimulation

_LOG = logging.getLogger(__name__)

#: Results of a repeat that are saved.
_KEPT = ("spikes", "spike_counts", "rates", "perturbations", "clusters", "metadata")
_MOST_REPEATS = 10**6


class Repeater:
    """Repeats a configuration with other seeds: other connections, noise and initial states, the same perturbation.

    Repeat k is `StageSNNSimulation` with ``experiment_of(k)``, and its seed follows from the root seed and k alone:
    more repeats change no earlier one.

    Args:
        config: As for `StageSNNSimulation`.
        n_repeats: How many runs.
        random_seed: Root seed of all repeats; replaces ``settings.random_seed``.
        overrides: Values that replace those of `config`, such as ``["init_params.duration_sec=1.0"]``.

    Raises:
        ConfigError: Everything that is wrong with the configuration.
        InputError: ``n_repeats`` is no number of repeats.
    """

    def __init__(
        self, config: Source, n_repeats: int, *, random_seed: int | None = None, overrides: Sequence[str] = ()
    ):
        if not isinstance(n_repeats, int | np.integer) or not 1 <= n_repeats <= _MOST_REPEATS:
            raise InputError(f"n_repeats is {n_repeats!r}; expected a whole number from 1 to {_MOST_REPEATS}")
        experiment = load_experiment(config, overrides)
        if random_seed is not None:
            experiment = experiment.replace({"settings.random_seed": random_seed})
        #: What is repeated, with the root seed; seeds of drawn perturbations are written out.
        self.experiment: Experiment = _with_perturbation_seeds(experiment)
        self.baseline: Baseline = build_baseline(self.experiment)
        root = self.experiment.settings.random_seed
        #: Seed of each repeat.
        self.seeds: tuple[int, ...] = tuple(repeat_seed(root, index) for index in range(n_repeats))

    def experiment_of(self, index: int) -> Experiment:
        """The experiment of a repeat, counted from 0."""
        return self.experiment.replace({"settings.random_seed": self.seeds[index]})

    def execute(
        self,
        save_dir: str | os.PathLike[str],
        *,
        executor: str = "serial",
        max_workers: int | None = None,
        plot_arg: str = "all",
        dtype: Precision = "float32",
        progress: bool = False,
    ) -> dict[str, Any]:
        """Simulate all repeats and save each as it finishes.

        The files of results do not depend on the executor or the number of workers.

        Args:
            save_dir: Folder for the results.
            executor: ``serial``, ``thread`` or ``process``. Scripts that choose ``process`` do their work under
                ``if __name__ == "__main__":``.
            max_workers: How many repeats run at once, at most; by default one for each core.
            plot_arg: Which pictures of the first repeat, as for `StageSNNSimulation.execute`, if ``settings.plot``.
            dtype: ``float32`` or ``float64``.
            progress: Show the progress on stderr.

        Returns:
            What ``metadata/run.json`` says, and under ``files`` all files.

        Raises:
            InputError: An argument is not valid.
            StorageError: The folder cannot be written to (known before simulating), or the disk is full.
            KeyboardInterrupt: On Ctrl-C, once the finished repeats have been saved.
            Exception: Whatever a repeat raises, with a note of its number and seed, once the finished ones are saved.
        """
        check_plot_arg(plot_arg)
        check_choice("dtype", dtype, Precision)
        n_workers = choose_workers(executor, max_workers, len(self.seeds))
        how = {"executor": executor, "max_workers": n_workers}
        folder = RepeatFolder(save_dir, self.experiment, self.baseline, self.seeds, plot_arg, how)
        repeats = [_Repeat(self.experiment, seed, dtype) for seed in self.seeds]
        with RunLog(_LOG) as log, self._progress(progress) as advanced:
            log.info("%d repeats from seed %d; executor %s", len(repeats), self._root, _workers(executor, n_workers))
            running = EXECUTORS[executor](_run_repeat, repeats, n_workers, advanced)
            try:
                for outcome in running.outcomes():
                    self._take(outcome, folder, log)
                    advanced(outcome.index, self._duration)
                    if outcome.index == 0:
                        folder.draw(outcome.result)
                log.info("finished; saved in %s", folder.path)
                return folder.close(log.text)
            except BaseException as error:
                self._give_up(error, running, folder, log)
                raise
            finally:
                running.stop()

    @property
    def _root(self) -> int:
        return self.experiment.settings.random_seed

    @property
    def _duration(self) -> float:
        return self.experiment.init_params.duration_sec

    def _take(self, outcome: Outcome, folder: RepeatFolder, log: RunLog) -> None:
        """Save a repeat, or raise what it raised."""
        name = f"repeat {outcome.index} (seed {self.seeds[outcome.index]})"
        if outcome.error is not None:
            outcome.error.add_note(f"in {name}")
            raise outcome.error
        if not folder.finished:
            for target, about in outcome.result["metadata"]["perturbations"].items():
                log.info("perturbation of %s: %s", target, in_words(target, about))
        folder.save_repeat(outcome.index, outcome.result)
        said = folder.finished[outcome.index]
        rates = ", ".join(f"{kind} {rate:.2f} Hz" for kind, rate in said["mean_rates_by_kind_hz"].items())
        log.info("%s: %s; %.2f s", name, rates, sum(said["wall_seconds"].values()))

    def _give_up(self, error: BaseException, running: Executor, folder: RepeatFolder, log: RunLog) -> None:
        """Stop what runs, and save what has finished."""
        left = running.stop()
        level, reason = logging.ERROR, f"failed: {_told(error)}"
        if isinstance(error, KeyboardInterrupt):
            level, reason = logging.WARNING, "interrupted"
        try:
            for outcome in () if isinstance(error, StorageError) else left:
                self._take(outcome, folder, log)
            n_finished = len(folder.finished)
            where = f": saved in {folder.path}" if n_finished else ""
            log.say(level, "%s; %d of %d repeats are finished%s", reason, n_finished, len(self.seeds), where)
            if n_finished:
                folder.close(log.text)
        except StorageError as failure:
            error.add_note(f"what has finished could not all be saved: {failure}")

    @contextmanager
    def _progress(self, shown: bool) -> Iterator[Callable[[int, float], None]]:
        """Add up what the repeats report."""
        done: dict[int, float] = {}
        so_far, total = 0.0, self._duration * len(self.seeds)
        with simulation_progress(total) if shown else nullcontext(lambda _: None) as report:

            def advanced(index: int, seconds: float) -> None:
                nonlocal so_far
                so_far += seconds - done.get(index, 0.0)
                done[index] = seconds
                report(min(so_far, total))

            yield advanced


def repeat_seed(root_seed: int, index: int) -> int:
    """Seed of a repeat, counted from 0."""
    return Stream(root_seed, "repeat", (index,)).derived_seed


class _Repeat(NamedTuple):
    experiment: Experiment
    seed: int
    dtype: Precision


def _run_repeat(repeat: _Repeat, report: Report) -> SpikingOutputs:
    """Simulate one repeat, in whichever process; its network is left behind."""
    stager = StageSNNSimulation(repeat.experiment, repeat.seed)
    outputs = stager.run(record=("spikes",), dtype=repeat.dtype, progress=report)
    return SpikingOutputs(
        {name: outputs[name] for name in _KEPT if name in outputs}, {}, outputs.state, outputs.recorded_neurons
    )


def _with_perturbation_seeds(experiment: Experiment) -> Experiment:
    """Write out the seeds of drawn perturbations, which otherwise would follow from the seed of each repeat."""
    root = experiment.settings.random_seed
    drawn = [target for target, block in experiment.perturbation.blocks.items() if not block.vectors]
    open_ones = [target for target in drawn if getattr(experiment.perturbation, target).seed is None]
    seeds = {f"perturbation.{target}.seed": perturbation_seed(root, target) for target in open_ones}
    return experiment.replace(seeds) if seeds else experiment


def _workers(executor: str, n_workers: int) -> str:
    return executor if n_workers == 1 else f"{executor}, {n_workers} workers"


def _told(error: BaseException) -> str:
    return "; ".join([f"{type(error).__name__}: {error}", *getattr(error, "__notes__", ())])
