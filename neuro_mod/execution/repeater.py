"""Repeated runs of one configuration, which differ in nothing but their seeds."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

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
from neuro_mod.execution.progress import Report, progress_shown
from neuro_mod.execution.repeat_files import RepeatFolder
from neuro_mod.execution.run_log import RunLog
from neuro_mod.execution.stagers import StageSNNSimulation
from neuro_mod.storage.names import MOST_REPEATS
from neuro_mod.storage.writing import StorageError

_LOG = logging.getLogger(__name__)

#: Results of a repeat that are saved.
_KEPT = ("spikes", "spike_counts", "rates", "perturbations", "metadata")


class Repeater:
    """Repeats a configuration with other seeds: other connections, noise and initial states, the same perturbation.

    Repeat k is ``StageSNNSimulation(repeater.experiment, repeater.seeds[k])``. Its seed follows from the root seed and
    k alone: more repeats change no earlier one.

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
        if not isinstance(n_repeats, int | np.integer) or not 1 <= n_repeats <= MOST_REPEATS:
            raise InputError(f"n_repeats is {n_repeats!r}; expected a whole number from 1 to {MOST_REPEATS}")
        experiment = load_experiment(config, overrides)
        if random_seed is not None:
            experiment = experiment.replace({"settings.random_seed": random_seed})
        #: What is repeated, with the root seed; seeds of drawn perturbations are written out.
        self.experiment: Experiment = with_perturbation_seeds(experiment)
        self.baseline: Baseline = build_baseline(self.experiment)
        root = self.experiment.settings.random_seed
        #: Seed of each repeat.
        self.seeds: tuple[int, ...] = tuple(repeat_seed(root, index) for index in range(n_repeats))

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
        log, root = RunLog(_LOG), self.experiment.settings.random_seed
        with self._progress(progress) as advanced:
            log.info(f"{len(self.seeds)} repeats from seed {root}; executor {executor}, {n_workers} at once")
            running = EXECUTORS[executor](partial(_simulate, self.experiment, dtype), self.seeds, n_workers, advanced)
            try:
                for outcome in running.outcomes():
                    self._take(outcome, folder, log)
                    advanced(outcome.index, self._duration)
                    if outcome.index == 0:
                        folder.draw(outcome.result)
                log.info(f"finished; saved in {folder.path}")
                return folder.close(log.text)
            except BaseException as error:
                self._give_up(error, running, folder, log)
                raise
            finally:
                running.stop()

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
                log.info(f"perturbation of {target}: {in_words(target, about)}")
        folder.save_repeat(outcome.index, outcome.result)
        summary = folder.finished[outcome.index]
        rates = ", ".join(f"{kind} {rate:.2f} Hz" for kind, rate in summary["mean_rates_by_kind_hz"].items())
        log.info(f"{name}: {rates}; {sum(summary['wall_seconds'].values()):.2f} s")

    def _give_up(self, error: BaseException, running: Executor, folder: RepeatFolder, log: RunLog) -> None:
        """Stop what runs, and save what has finished."""
        left = running.stop()
        level, reason = logging.ERROR, f"failed: {_with_notes(error)}"
        if isinstance(error, KeyboardInterrupt):
            level, reason = logging.WARNING, "interrupted"
        try:
            for outcome in () if isinstance(error, StorageError) else left:
                self._take(outcome, folder, log)
            n_finished = len(folder.finished)
            where = f": saved in {folder.path}" if n_finished else ""
            log.log(level, f"{reason}; {n_finished} of {len(self.seeds)} repeats are finished{where}")
            if n_finished:
                folder.close(log.text)
        except StorageError as failure:
            error.add_note(f"what has finished could not all be saved: {failure}")

    @contextmanager
    def _progress(self, shown: bool) -> Iterator[Callable[[int, float], None]]:
        """Add up what the repeats report."""
        done: dict[int, float] = {}
        total = self._duration * len(self.seeds)
        with progress_shown(total, shown=shown) as report:

            def advanced(index: int, seconds: float) -> None:
                done[index] = seconds
                report(min(sum(done.values()), total))

            yield advanced


def repeat_seed(root_seed: int, index: int) -> int:
    """Seed of a repeat, counted from 0."""
    return Stream(root_seed, "repeat", (index,)).derived_seed


def _simulate(experiment: Experiment, dtype: Precision, seed: int, report: Report) -> SpikingOutputs:
    """Simulate one repeat, in whichever process; its network is left behind."""
    outputs = StageSNNSimulation(experiment, seed).run(record=("spikes",), dtype=dtype, progress=report)
    kept = {name: outputs[name] for name in _KEPT if name in outputs}
    return SpikingOutputs(kept, {}, outputs.state, outputs.recorded_neurons, outputs.timed_perturbations)


def with_perturbation_seeds(experiment: Experiment) -> Experiment:
    """Write out the seeds of drawn perturbations, which otherwise would follow from the seed of each repeat."""
    root = experiment.settings.random_seed
    return experiment.replace(
        {
            f"perturbation.{target}.seed": perturbation_seed(root, target)
            for target, block in experiment.perturbation.blocks.items()
            if not block.vectors and block.seed is None
        }
    )


def _with_notes(error: BaseException) -> str:
    return "; ".join([f"{type(error).__name__}: {error}", *getattr(error, "__notes__", ())])
