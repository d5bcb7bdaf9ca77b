"""Sweeps written in Python: subclasses define what a step does and how the results are summarised."""

from __future__ import annotations

import inspect
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from copy import copy
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from numpy.typing import NDArray

from neuro_mod.checks import check_choice, whole_number
from neuro_mod.choices import Noise
from neuro_mod.config import Experiment, load_experiment
from neuro_mod.config.loading import Source
from neuro_mod.config.overrides import parse_key
from neuro_mod.config.plain import plain
from neuro_mod.config.sweep import sweep_of
from neuro_mod.errors import InputError, format_path, invalid
from neuro_mod.execution import jobs
from neuro_mod.execution.figures import Look, drawn, save_figures
from neuro_mod.execution.jobs import Execution, OnError
from neuro_mod.execution.progress import Progress
from neuro_mod.execution.stagers.base import THEORY
from neuro_mod.execution.sweep.points import Run, experiment_at
from neuro_mod.execution.sweep.steps import Results, StepsJob, earlier_plan
from neuro_mod.execution.sweep.user_functions import described, versions_of
from neuro_mod.storage.files import Files, is_ours
from neuro_mod.storage.names import MAX_REPEATS, PLOTS
from neuro_mod.storage.values import NotPlainError, value_arrays
from neuro_mod.summaries import Summary

if TYPE_CHECKING:
    from neuro_mod.config.cluster import Cluster

#: Methods of a sweep that results of steps do not depend on.
_HOOKS = ("__init__", "_store", "summary", "_summary_plot", "summarize_repeated_run")


class SweepRunner(ABC):
    """Runs a method of its subclass at each value of a parameter.

    Subclasses define what a step does (`_step`) and how the results are summarised (`summary`); the other methods do
    nothing unless overridden. `_step` runs in workers, on a copy of the object: what it sets on ``self`` is lost. All
    other methods are called in the process of the caller, on the object itself.
    """

    #: In `_step`: a stager of the configuration at its value, with its own seed.
    _sweep_object: Any
    #: Whether that is a mean field, so that results depend on its theory.
    _of_mean_field: ClassVar[bool] = False

    def __repr__(self) -> str:
        return self._description().text()

    def _repr_html_(self) -> str:
        return self._description().html()

    def _description(self) -> Summary:
        each = "its mean field" if self._of_mean_field else "a spiking network"
        rows = {
            "at each value": f"_step with {each}",
            "to run it": "execute(main_dir, baseline_params, param, sweep_params)",
        }
        return Summary(f"{type(self).__name__}, a sweep", rows)

    @abstractmethod
    def _stage(self, experiment: Experiment, report: Progress) -> Any:
        """Make a stager of the configuration of a step.

        Args:
            experiment: The configuration.
            report: To be called now and then with the simulated seconds done; it ends a step that is to be stopped.
        """

    @abstractmethod
    def _step(self, param: str | Sequence[str | int], idx: int, sweep_param: Any, **kwargs: Any) -> Any:
        """Do one step with ``self._sweep_object``; derive random numbers of your own from its ``random_seed``.

        Args:
            param: The parameter, as passed to `execute`.
            idx: Number of the step, from 0. Results should not depend on it, as values may be added later.
            sweep_param: The value.
            **kwargs: The other keywords of `execute`.

        Returns:
            None, bool, int, float, complex, str, bytes, NumPy scalars or arrays, and lists, tuples and dicts of these.
        """

    def _store(self, result: Any, idx: int, sweep_param: Any) -> None:  # noqa: B027 -- optional
        """Take one result. Called for all steps in order once all are finished, those of earlier calls included.

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

    def _summary_plot(self, results: list[Any], sweep_params: Any) -> Any:
        """Draw the results of all steps; arguments as for `summary`.

        Returns:
            A Matplotlib figure, or a mapping from names to figures, saved under ``plots/``; or None.
        """
        del results, sweep_params

    def summarize_repeated_run(self, results: Results, sweep_params: Any) -> Any:
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
        noise: Noise = "independent",
        cluster: Cluster | None = None,
        wait_for_workers: float | None = None,
        shard: str | None = None,
        **step_kwargs: Any,
    ) -> list[Any]:
        """Do the steps that are not in the folder yet, save each as it finishes, and summarise all.

        Results depend neither on the executor and the number of workers, nor on which other values are swept.

        Args:
            main_dir: Folder for the results; ``configs/`` holds a configuration of each step, seed included.
            baseline_params: The configuration that is varied, as for `StageSNNSimulation`.
            param: The parameter: a list of keys, ``["external_currents", "nu_ext_baseline"]``, or these joined by dots.
            sweep_params: Its values.
            param_idx: Which entry of the parameter to vary, if it is a list; None for all of it.
            parallel: Do several steps at once, in threads unless `executor` says otherwise.
            executor: As for `Execution`.
            max_workers: Largest number of steps done at once; None for one per core.
            address: Address of a Dask scheduler; None for a Dask cluster on this machine.
            on_error: ``continue`` with the other steps after one has failed three times, or ``stop``.
            force: Remove results of other sweeps from the folder, instead of refusing to begin.
            random_seed: Root seed, which determines the seeds of the steps; replaces ``settings.random_seed``.
            progress: Show the progress on stderr.
            overrides: Values that replace those of the configuration, such as ``["init_params.duration_sec=1.0"]``.
            noise: ``common``: the same seed at all values, hence the same network and the same noise.
            cluster: As for `Execution`.
            wait_for_workers: As for `Execution`.
            shard: Which steps are done, such as ``3/20``: every twentieth from the third on, into a folder of its own.
                Nothing is summarised, and no result returned; the same call without it joins all shards.
            **step_kwargs: Passed to `_step`.

        Returns:
            What `_step` returned for each value, in the order of the values.

        Raises:
            ConfigError: The configuration, the parameter or a value is not valid; nothing was run.
            InputError: Another argument is not valid, the folder holds other results, or the object cannot be sent to
                workers.
            StorageError: The folder is in use or cannot be written to, or the disk is full; finished steps are kept.
            FailedItemsError: Steps failed, or returned what cannot be saved; the others are saved, not summarised.
            Interrupted: Ctrl-C or SIGTERM; the finished steps are saved.
        """

        def summarise(results: Results, values: Any) -> Any:
            self.summary(results[0], values)
            return _by_name("summary", self._summary_plot(results[0], values))

        execution = _execution(
            parallel, executor, max_workers, address, on_error, force, progress, cluster, wait_for_workers, shard
        )
        experiment = _experiment(baseline_params, overrides, random_seed)
        check_choice("noise", noise, Noise)
        swept = (param, param_idx, sweep_params, noise)
        return self._run(main_dir, experiment, swept, 1, step_kwargs, summarise, execution)[0]

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
        noise: Noise = "independent",
        cluster: Cluster | None = None,
        wait_for_workers: float | None = None,
        shard: str | None = None,
        **step_kwargs: Any,
    ) -> Results:
        """Do the sweep ``n_repeats`` times with different seeds, in one folder, and call `summarize_repeated_run`.

        The other arguments and errors are those of `execute`. The first repeat is the sweep of `execute`, and is taken
        from its folder; more repeats change no earlier one. `_store` gets one repeat after the other.

        Returns:
            A list for each repeat, with what `_step` returned for each value.
        """

        def summarise(results: Results, values: Any) -> Any:
            return _by_name("repeats", self.summarize_repeated_run(results, values))

        n_repeats = whole_number("n_repeats", n_repeats, 1, MAX_REPEATS)
        execution = _execution(
            parallel, executor, max_workers, address, on_error, force, progress, cluster, wait_for_workers, shard
        )
        experiment = _experiment(baseline_params, overrides, random_seed)
        check_choice("noise", noise, Noise)
        swept = (param, param_idx, sweep_params, noise)
        return self._run(main_dir, experiment, swept, n_repeats, step_kwargs, summarise, execution)

    def _run(
        self,
        main_dir: str | os.PathLike[str],
        experiment: Experiment,
        swept: tuple[Any, Any, Any, Noise],
        n_repeats: int,
        step_kwargs: dict[str, Any],
        summarise: Callable[[Results, Any], Mapping[str, Any]],
        execution: Execution,
    ) -> Results:
        """Do the steps, given parameter, index, values, noise; call `_store`, and save the figures of `summarise`."""
        param, param_idx, sweep_params, noise = swept
        values = _values(sweep_params)
        sweep = sweep_of(experiment, _key(param, param_idx), values, n_repeats, noise)
        try:
            inspect.signature(self._step).bind(param, 0, values[0], **step_kwargs)
        except TypeError as error:
            raise InputError(f"{type(self).__name__}._step does not take these arguments: {error}") from None

        def conclude(results: Results, files: Files) -> None:
            for repeat in results:
                for idx, (result, value) in enumerate(zip(repeat, values, strict=True)):
                    self._store(result, idx, value)
            figures = summarise(results, sweep_params if isinstance(sweep_params, Sized) else values)
            drawings = drawn({name: lambda figure=figure: figure for name, figure in figures.items()})
            save_figures(files.save, drawings, Look.of(experiment.settings))

        theory = experiment.theory_in_plan() if self._of_mean_field else {}
        determining = {
            "sweep": type(self).__name__,
            **({THEORY: theory} if theory else {}),
            **{f"step_kwargs.{name}": described(value, name) for name, value in step_kwargs.items()},
            **versions_of(self, _HOOKS),
        }
        task = partial(self._do, experiment, param, step_kwargs)
        job = StepsJob(sweep, task, determining, conclude, {} if execution.force else earlier_plan(main_dir))
        jobs.run(job, main_dir, execution)
        if execution.shard is not None:
            return [[] for _ in range(n_repeats)]
        assert job.results is not None  # it would have raised
        return job.results

    def _do(
        self,
        experiment: Experiment,
        param: Any,
        step_kwargs: dict[str, Any],
        run: Run,
        report: Progress,
    ) -> dict[str, NDArray[Any]]:
        """Do a step, in any process."""
        worker = copy(self)
        worker._sweep_object = worker._stage(experiment_at(experiment, run.point.values, run.seed), report)
        (value,) = run.point.values.values()
        result = worker._step(param, run.point.index, value, **step_kwargs)
        try:
            return value_arrays(result)
        except NotPlainError as error:
            raise InputError(f"what {type(self).__name__}._step returned cannot be saved: {error}") from None


def _execution(parallel: bool, executor: str | None, *arguments: Any) -> Execution:
    if parallel and executor == "serial":
        raise InputError("parallel=True contradicts executor='serial'")
    return Execution(executor or ("thread" if parallel else "serial"), *arguments)


def _experiment(source: Source, overrides: Sequence[str], random_seed: int | None) -> Experiment:
    experiment = load_experiment(source, overrides)
    return experiment if random_seed is None else experiment.replace({"settings.random_seed": random_seed})


def _values(sweep_params: Any) -> list[Any]:
    if isinstance(sweep_params, str | bytes | Mapping | set | frozenset) or not isinstance(sweep_params, Iterable):
        raise invalid("sweep_params", plain(sweep_params), "a list of values")
    return list(sweep_params)


def _key(param: Any, param_idx: int | None) -> str:
    """The parameter as written in overrides."""
    index = () if param_idx is None else (whole_number("param_idx", param_idx, 0),)
    try:
        path = (*(parse_key(param) if isinstance(param, str) else param), *index)
        key = format_path(path)
        if parse_key(key) != path:
            raise ValueError(key)
    except (TypeError, ValueError):
        expected = '["external_currents", "nu_ext_baseline"] or "external_currents.nu_ext_baseline"'
        raise invalid("param", param, f"a list of keys or its text, such as {expected}") from None
    return key


def _by_name(name: str, drawn: Any) -> dict[str, Any]:
    """The figures that a method returned by the names of their files, given the name of a single one."""
    figures = {} if drawn is None else drawn if isinstance(drawn, Mapping) else {name: drawn}
    for each, figure in figures.items():
        if not hasattr(figure, "savefig"):
            raise invalid(name, figure, "None, a Matplotlib figure, or a mapping from names to figures")
        if not is_ours(Path(PLOTS) / str(each)):
            raise invalid(f"{name}: name of a figure", str(each), "a plain file name")
    return {str(each): figure for each, figure in figures.items()}
