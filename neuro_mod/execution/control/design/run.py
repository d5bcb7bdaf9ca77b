"""A design in a folder: every measurement stays there, so that an interrupted design goes on where it was."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

import neuro_mod
from neuro_mod.checks import output_path, user_path, whole_number
from neuro_mod.config import Experiment, load_experiment
from neuro_mod.config.loading import Source
from neuro_mod.core.random import MAX_SEED
from neuro_mod.core.spiking_net.analysis.rates.rates import ACTIVE_RATE, KERNEL_WIDTH
from neuro_mod.errors import invalid
from neuro_mod.execution.control.design.inputs import config_of_folder, direction_of_responses
from neuro_mod.execution.control.design.measure import Measure, Plan
from neuro_mod.execution.control.design.measurement import Measurement
from neuro_mod.execution.control.design.problem import DesignOptions, DesignProblem, build_problem, describe_options
from neuro_mod.execution.control.design.results import describe_results, described_design
from neuro_mod.execution.control.design.save import save_study
from neuro_mod.execution.control.design.study import Study, do_study, planned_seconds
from neuro_mod.execution.figures import StudyResults
from neuro_mod.execution.jobs import JobFolder
from neuro_mod.execution.jobs.ledger import Entry
from neuro_mod.execution.jobs.log import JobLog
from neuro_mod.execution.progress import Progress, progress_shown
from neuro_mod.execution.provenance import provenance
from neuro_mod.execution.stagers import StageSNNSimulation
from neuro_mod.storage.locking import locked
from neuro_mod.storage.names import CONFIG, LOG, MANIFEST, RUN, measured_under
from neuro_mod.storage.reading import read_arrays
from neuro_mod.summaries import Summary

_Array = NDArray[np.float64]
_LOG = logging.getLogger(__name__)


def run_design(
    config: Source,
    options: DesignOptions,
    path: str | os.PathLike[str],
    *,
    modes: ArrayLike | None = None,
    responses: str | os.PathLike[str] | None = None,
    n_threads: int | None = None,
    force: bool = False,
    progress: bool = False,
) -> StudyResults:
    """Design a perturbation, verify it, and save it in a folder with its table, leakage and pictures.

    The network is that of the configuration's seed. A folder that holds measurements of the same design, of an
    interrupted run or of one with other numbers of iterations or trials, is used.

    Args:
        config: The configuration: a file, a mapping, or an `Experiment`.
        options: What is asked for.
        path: Folder for the results.
        modes: Vectors that span the allowed subspace, in rows, shape ``(M, P)``.
        responses: Folder of a finished ``neuro-mod control response`` of the same network; the climb begins along them
            if that is better than the mean field's direction. They are not used for other targets than ``rate``.
        n_threads: How many trials run at once; None for one on each core. Results do not depend on it.
        force: Remove other results from the folder.
        progress: Show the progress on stderr.

    Returns:
        The content of ``run.json``: ``table``, ``leakage``, ``findings``, ..., and the ``files`` written. Its method
        ``plot`` draws ``design_vector``, ``design_progress``, ``design_verified`` or ``design_leakage``.

    Raises:
        InputError: Something that is asked for is not possible, or the folder holds other results.
        StorageError: The folder cannot be written to.
        Interrupted: Ctrl-C; what was measured is kept.

    Examples:
        >>> from neuro_mod import DesignOptions, run_design
        >>> few = {"iterations": 1, "iteration_trials": 4, "iteration_duration": 5}  # leave these out for a real design
        >>> few |= {"verify_trials": 2, "verify_duration": 1}
        >>> found = run_design("small", DesignOptions(make="E0", budget=0.5, **few), "simulations/design")
        >>> [row["direction"] for row in found["table"]]
        ['no perturbation', 'design', 'naive', 'mean field', 'random']
    """
    began, stager, path = time.time(), StageSNNSimulation(config), output_path(path)
    experiment = stager.experiment
    experiment.check_precision(options.dtype)
    vectors = None if modes is None else np.atleast_2d(np.asarray(modes, np.float64))
    problem = build_problem(experiment, options, vectors)
    seed = stager.random_seed
    if options.noise_seed is not None:
        seed = whole_number("noise_seed", options.noise_seed, 0, MAX_SEED)
    measured = None
    if responses is not None and options.target == "rate":
        found = load_experiment(config_of_folder(user_path(responses))).settings.random_seed
        if found != stager.random_seed:
            raise invalid("responses", f"the network of seed {found}", f"that of seed {stager.random_seed}")
        measured = direction_of_responses(user_path(responses), problem.goal, experiment.populations)
    with locked(path):
        folder = JobFolder(path, _identity(experiment, options, problem, seed), force=force)
        folder.scan()
        folder.begin()
        folder.save_text(CONFIG, experiment.to_yaml())
        n_before = len(folder.done)
        with _failure_noted(folder), progress_shown(planned_seconds(options), shown=progress) as advanced:
            kept = _Kept(folder, stager, options, problem, seed, n_threads, advanced)
            study = do_study(stager, options, problem, kept, seed, measured)
        about = {"random_seed": stager.random_seed, "noise_seed": seed, "n_measured_before": n_before}
        return _conclude(folder, experiment, options, study, about, began)


@contextmanager
def _failure_noted(folder: JobFolder) -> Iterator[None]:
    """Whatever ends a design early is logged, with what is kept."""
    try:
        yield
    except BaseException as error:
        message = f"{len(folder.done)} measurements are kept in {folder.path}; rerun the command to go on"
        error.add_note(message)
        JobLog(_LOG, folder.path / LOG).note(f"{type(error).__name__}: {message}")
        raise


def _conclude(
    folder: JobFolder,
    experiment: Experiment,
    options: DesignOptions,
    study: Study,
    about: Mapping[str, Any],
    began: float,
) -> StudyResults:
    """Save what a study says, and return it."""
    results = describe_results(study, options, experiment.populations)
    drawings = save_study(folder, experiment, options, study, results)
    metadata = {
        **describe_options(options, study.problem, experiment.populations),
        "dtype": options.dtype,
        "active_above_hz": ACTIVE_RATE,
        "smoothing": f"smoothed by a Gaussian of {1e3 * KERNEL_WIDTH:g} ms",
        "mean_field": experiment.mean_field.model_dump(),
        "verify_trials": options.verify_trials,
        "verify_duration_sec": options.verify_duration,
        **about,
        "n_measurements": len(folder.done),
        **results,
        **provenance(experiment.to_yaml(), began),
        "wall_seconds": time.time() - began,
    }
    folder.keep(LOG)
    folder.save_json(RUN, metadata)
    folder.finish()
    files = [str(folder.path / name) for name in (*folder.records, MANIFEST)]
    summary = Summary(f"Design of a perturbation of {options.target}", described_design(metadata))
    return StudyResults(metadata | {"files": files}, drawings, summary)


class _Kept:
    """Measures, and keeps what it measured in a folder: the same vector and runs are not measured again."""

    def __init__(
        self,
        folder: JobFolder,
        stager: StageSNNSimulation,
        options: DesignOptions,
        problem: DesignProblem,
        seed: int,
        n_threads: int | None,
        advanced: Progress,
    ):
        self._folder, self._advanced = folder, advanced
        self._seconds_done = 0.0
        target, free = options.target, problem.free
        self._measure = Measure(stager, problem.goal, target, free, seed, options.dtype, n_threads, self._report)
        self._by_size = target != "rate"

    def __call__(self, vector: _Array, plan: Plan, *, pattern_size: float | None = None) -> Measurement:
        """See `Measure`."""
        size = pattern_size if self._by_size else None if pattern_size is None else 0.0
        key = f"{plan.purpose}, {plan.n_trials} x {plan.duration:g} s, {_hash(vector, size)}"
        name = measured_under(hashlib.sha256(key.encode()).hexdigest()[:16])
        if key in self._folder.done:
            found = Measurement.of_arrays(read_arrays(self._folder.path / name))
        else:
            found = self._measure(vector, plan, pattern_size=pattern_size)
            files = self._folder.files_of_item()
            files.save_arrays(name, **found.arrays())
            self._folder.finished(Entry(key, files.records, {}))
        self._seconds_done += plan.simulated_seconds
        self._advanced(self._seconds_done)
        return found

    def _report(self, seconds: float) -> None:
        self._advanced(self._seconds_done + seconds)


def _hash(vector: _Array, pattern_size: float | None) -> str:
    content = json.dumps([vector.tolist(), pattern_size])
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _identity(experiment: Experiment, options: DesignOptions, problem: DesignProblem, seed: int) -> Mapping[str, Any]:
    """What every measurement depends on; constraints and numbers of trials are in the vectors and the runs."""
    return {
        "what": "design",
        "version": neuro_mod.__version__,
        "goal": problem.goal.kind,
        "make": problem.goal.state,
        "target": options.target,
        "free": problem.free,
        "noise_seed": seed,
        "dtype": options.dtype,
        "config": experiment.determining(),
    }
