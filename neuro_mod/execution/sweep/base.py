"""Sweeps written in Python: subclasses say what a step does and what becomes of the results."""

from __future__ import annotations

import inspect
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence, Sized
from copy import copy
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neuro_mod.config import Experiment, load_experiment
from neuro_mod.config.loading import Source
from neuro_mod.errors import InputError
from neuro_mod.execution import jobs
from neuro_mod.execution.executors import Task
from neuro_mod.execution.figures import save_figures
from neuro_mod.execution.jobs import Execution, OnError
from neuro_mod.execution.progress import Progress
from neuro_mod.execution.sweep.code import described, versions_of
from neuro_mod.execution.sweep.parameter import Swept, swept
from neuro_mod.execution.sweep.steps import Results, Steps
from neuro_mod.storage.files import Files, is_ours
from neuro_mod.storage.names import MAX_REPEATS, PLOTS
from neuro_mod.storage.values import NotPlainError, value_arrays

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    #: What methods that draw return.
    Drawn = Figure | Mapping[str, Figure] | None


class SweepRunner(ABC):
    """Runs a method of its subclass at each value of a parameter.

    Subclasses say what a step does (`_step`) and what becomes of the results (`summary`); the other methods do nothing
    unless they are overridden. `_step` runs in workers, on a copy of the object, so that what it changes there is lost;
    all others are called in the process of the caller, on the object itself.
    """

    #: In `_step`: a stager of the configuration at its value, with a seed of its own.
    _sweep_object: Any

    @abstractmethod
    def _stage(self, experiment: Experiment, report: Progress) -> Any:
        """A stager of the configuration of a step.

        Args:
            experiment: The configuration.
            report: To be called now and then with the simulated seconds done; it ends a step that is to stop.
        """

    @abstractmethod
    def _step(self, param: str | Sequence[str | int], idx: int, sweep_param: Any, **kwargs: Any) -> Any:
        """Do one step with ``self._sweep_object``, whose ``random_seed`` is also good for random numbers made here.

        Args:
            param: The parameter, as `execute` got it.
            idx: Number of the step, from 0; the result should not depend on it, as values may be added.
            sweep_param: The value.
            **kwargs: What else `execute` got.

        Returns:
            None, bool, int, float, complex, str, bytes, NumPy scalars or arrays, and lists, tuples and dicts of these.
        """

    def _store(self, result: Any, idx: int, sweep_param: Any) -> None:  # noqa: B027 -- not everybody wants it
        """Take one result; called for all of them in order, once there are all, those of earlier calls included.

        Args:
            result: What `_step` returned.
            idx: Number of the step.
            sweep_param: Its value.
        """

    @abstractmethod
    def summary(self, results: list[Any], sweep_params: Any) -> None:
        """Take the results of all steps.

        Args:
            results: One for each value, in the order of the values.
            sweep_params: The values.
        """

    def _summary_plot(self, results: list[Any], sweep_params: Any) -> Drawn:
        """Draw the results of all steps; arguments as for `summary`.

        Returns:
            A Matplotlib figure, or a mapping from names to figures, which are saved under ``plots/``; None for none.
        """
        del results, sweep_params

    def summarize_repeated_run(self, results: Results, sweep_params: Any) -> Drawn:
        """Take the results of a repeated sweep, and draw them.

        Args:
            results: A list for each repeat, with one result for each value.
            sweep_params: The values.

        Returns:
            As for `_summary_plot`.
        """
        del results, sweep_params

    def execute(
        self,
        main_dir: str | os.PathLike[str],
        baseline_params: Source,
        param: str | Sequence[str | int],
        sweep_params: Iterable[Any],
        param_idx: int | None = None,
        *,
        parallel: bool = False,
        executor: str | None = None,
        max_workers: int | None = None,
        address: str | None = None,
        on_error: OnError = "continue",
        force: bool = False,
        random_seed: int | None = None,
        progress: bool = False,
        overrides: Sequence[str] = (),
        **step_kwargs: Any,
    ) -> list[Any]:
        """Do the steps that the folder does not have yet, save each as it finishes, and summarise all.

        The results do not depend on the executor or the number of workers, nor on which other values there are.

        Args:
            main_dir: Folder for the results, and for a configuration of each step, with its seed, under ``configs/``.
            baseline_params: The configuration that is varied, as for `StageSNNSimulation`.
            param: The parameter: a list of keys, ``["external_currents", "nu_ext_baseline"]``, or these joined by dots.
            sweep_params: Its values.
            param_idx: Which entry of the parameter, if it is a list; None for all of it.
            parallel: Do several steps at once, in threads unless `executor` says otherwise.
            executor: ``serial``, ``thread``, ``process`` or ``dask``.
            max_workers: How many steps are done at once, at most; None for one for each core.
            address: Of a Dask scheduler; None for a Dask cluster on this machine.
            on_error: ``continue`` with the other steps where one has failed three times, or ``stop``.
            force: Remove what the folder holds of other sweeps, instead of refusing to begin.
            random_seed: Root seed, from which those of the steps follow; replaces ``settings.random_seed``.
            progress: Show the progress on stderr.
            overrides: Values that replace those of the configuration, such as ``["init_params.duration_sec=1.0"]``.
            **step_kwargs: Passed on to `_step`.

        Returns:
            What `_step` returned for each value, in the order of the values.

        Raises:
            ConfigError: The configuration, the parameter or a value is not valid; nothing was run.
            InputError: Another argument is not valid, the folder holds something else, or the object cannot be sent to
                workers.
            StorageError: The folder is in use or cannot be written to, or the disk is full; finished steps stay.
            FailedItemsError: Steps failed, or returned what cannot be saved; the others are saved, and not summarised.
            Interrupted: Ctrl-C or SIGTERM; the finished steps are saved.
        """
        execution = Execution(_chosen(parallel, executor), max_workers, address, on_error, force, progress)
        values = swept(_baseline(baseline_params, overrides, random_seed), param, param_idx, sweep_params)
        given = sweep_params if isinstance(sweep_params, Sized) else list(values.values)

        def summarise(results: Results, files: Files) -> None:
            self._store_all(results, values)
            self.summary(results[0], given)
            _save(files, "summary", self._summary_plot(results[0], given), values.baseline)

        return self._run(main_dir, Steps(values, 1, *self._task(values, param, step_kwargs), summarise), execution)[0]

    def repeat(
        self,
        n_repeats: int,
        main_dir: str | os.PathLike[str],
        baseline_params: Source,
        param: str | Sequence[str | int],
        sweep_params: Iterable[Any],
        param_idx: int | None = None,
        *,
        parallel: bool = False,
        executor: str | None = None,
        max_workers: int | None = None,
        address: str | None = None,
        on_error: OnError = "continue",
        force: bool = False,
        random_seed: int | None = None,
        progress: bool = False,
        overrides: Sequence[str] = (),
        **step_kwargs: Any,
    ) -> Results:
        """Do the sweep ``n_repeats`` times with other seeds, in one folder, and call `summarize_repeated_run`.

        All other arguments and errors are those of `execute`. The first repeat is what `execute` does, and is taken
        over from its folder; more repeats change no earlier one. `_store` gets one repeat after the other.

        Returns:
            A list for each repeat, with what `_step` returned for each value.
        """
        whole = isinstance(n_repeats, int | np.integer) and not isinstance(n_repeats, bool)
        if not whole or not 1 <= n_repeats <= MAX_REPEATS:
            raise InputError(f"n_repeats is {n_repeats!r}; expected a whole number from 1 to {MAX_REPEATS}")
        execution = Execution(_chosen(parallel, executor), max_workers, address, on_error, force, progress)
        values = swept(_baseline(baseline_params, overrides, random_seed), param, param_idx, sweep_params)
        given = sweep_params if isinstance(sweep_params, Sized) else list(values.values)

        def summarise(results: Results, files: Files) -> None:
            self._store_all(results, values)
            _save(files, "repeats", self.summarize_repeated_run(results, given), values.baseline)

        work = Steps(values, int(n_repeats), *self._task(values, param, step_kwargs), summarise)
        return self._run(main_dir, work, execution)

    def _task(
        self, values: Swept, param: str | Sequence[str | int], step_kwargs: dict[str, Any]
    ) -> tuple[Task, dict[str, Any]]:
        """What workers do, and all on which it depends but for the configuration."""
        try:
            inspect.signature(self._step).bind(param, 0, values.values[0], **step_kwargs)
        except TypeError as error:
            raise InputError(f"{type(self).__name__}._step does not take its arguments: {error}") from None
        identity = {
            "sweep": type(self).__name__,
            **{f"step_kwargs.{name}": described(value, name) for name, value in step_kwargs.items()},
            **versions_of(self, "_step"),
            **versions_of(self, "_stage"),
        }
        return partial(self._do, values=values, param=param, step_kwargs=step_kwargs), identity

    def _do(
        self, argument: tuple[int, int], report: Progress, *, values: Swept, param: Any, step_kwargs: dict[str, Any]
    ) -> dict[str, NDArray[Any]]:
        """Do a step, given its number and seed, in whichever process."""
        step, seed = argument
        worker = copy(self)
        worker._sweep_object = worker._stage(values.experiment(step, seed), report)
        result = worker._step(param, step, values.values[step], **step_kwargs)
        try:
            return value_arrays(result)
        except NotPlainError as error:
            raise InputError(f"what {type(self).__name__}._step returned cannot be saved: {error}") from None

    def _run(self, path: str | os.PathLike[str], work: Steps, execution: Execution) -> Results:
        jobs.run(work, path, execution)
        assert work.results is not None  # it would have raised
        return work.results

    def _store_all(self, results: Results, values: Swept) -> None:
        for repeat in results:
            for step, (result, value) in enumerate(zip(repeat, values.values, strict=True)):
                self._store(result, step, value)


def _chosen(parallel: bool, executor: str | None) -> str:
    if parallel and executor == "serial":
        raise InputError("parallel=True contradicts executor='serial'")
    return executor or ("thread" if parallel else "serial")


def _baseline(source: Source, overrides: Sequence[str], random_seed: int | None) -> Experiment:
    experiment = load_experiment(source, overrides)
    return experiment if random_seed is None else experiment.replace({"settings.random_seed": random_seed})


def _save(files: Files, name: str, drawn: Drawn, baseline: Experiment) -> None:
    """Save the figures that a method returned."""
    figures = {} if drawn is None else drawn if isinstance(drawn, Mapping) else {name: drawn}
    for each, figure in figures.items():
        if not hasattr(figure, "savefig"):
            raise InputError(
                f"{name}: found a {type(figure).__name__}; expected None, a Matplotlib figure, or figures by name"
            )
        if not is_ours(Path(PLOTS) / str(each)):
            raise InputError(f"{name}: {each!r} is no name for a picture; expected a plain file name")
    drawings = {str(each): lambda figure=figure: figure for each, figure in figures.items()}
    save_figures(files.save, drawings, baseline.settings.plot_format)
