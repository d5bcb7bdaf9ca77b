"""Repeated runs of one configuration, which differ in nothing but their seeds."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from neuro_mod.checks import check_choice
from neuro_mod.choices import OnError, Precision
from neuro_mod.config import Experiment, load_experiment
from neuro_mod.config.loading import Source
from neuro_mod.config.perturbation import perturbation_seed
from neuro_mod.errors import InputError
from neuro_mod.execution import jobs
from neuro_mod.execution.jobs import Execution
from neuro_mod.execution.repeats.job import RepeatJob, repeat_seed
from neuro_mod.execution.stagers.pictures import check_plot_arg
from neuro_mod.storage.names import MAX_REPEATS, SEEDS


class Repeater:
    """Repeats a configuration with other seeds: other connections, noise and initial states, the same perturbation.

    Repeat k is ``StageSNNSimulation(repeater.experiment, repeater.seeds[k])``, or, in a fixed network,
    ``StageSNNSimulation(repeater.experiment).run(noise_seed=repeater.seeds[k])``. Its seed follows from the root seed
    and k alone: more repeats change no earlier one.

    Args:
        config: As for `StageSNNSimulation`.
        n_repeats: How many runs; None for one for each of the given seeds.
        random_seed: Root seed of all repeats; replaces ``settings.random_seed``.
        overrides: Values that replace those of `config`, such as ``["init_params.duration_sec=1.0"]``.
        seeds: Seeds to use instead, such as those of an earlier run, see `saved_seeds`; the first ``n_repeats`` of
            them.
        fix_network: Whether all repeats are the same network, that of the root seed, under other noise.

    Raises:
        ConfigError: Everything that is wrong with the configuration.
        InputError: ``n_repeats`` is no number of repeats, or more than there are seeds.
    """

    def __init__(
        self,
        config: Source,
        n_repeats: int | None = None,
        *,
        random_seed: int | None = None,
        overrides: Sequence[str] = (),
        seeds: Sequence[int] | None = None,
        fix_network: bool = False,
    ):
        if seeds is not None:
            _check_seeds(seeds)
        most = MAX_REPEATS if seeds is None else min(len(seeds), MAX_REPEATS)
        if n_repeats is None and seeds is not None:
            n_repeats = len(seeds)
        if not isinstance(n_repeats, int | np.integer) or isinstance(n_repeats, bool) or not 1 <= n_repeats <= most:
            given = "" if seeds is None else f", as there are {len(seeds)} seeds"
            raise InputError(f"n_repeats is {n_repeats!r}; expected a whole number from 1 to {most}{given}")
        experiment = load_experiment(config, overrides)
        if random_seed is not None:
            experiment = experiment.replace({"settings.random_seed": random_seed})
        #: What is repeated, with the root seed; seeds of drawn perturbations are written out.
        self.experiment: Experiment = with_perturbation_seeds(experiment)
        self.fix_network = fix_network
        root = self.experiment.settings.random_seed
        #: Seed of each repeat.
        self.seeds: tuple[int, ...] = tuple(
            repeat_seed(root, index) if seeds is None else int(seeds[index]) for index in range(n_repeats)
        )

    def execute(
        self,
        save_dir: str | os.PathLike[str],
        *,
        executor: str = "serial",
        max_workers: int | None = None,
        address: str | None = None,
        on_error: OnError = "continue",
        force: bool = False,
        plot_arg: str = "all",
        dtype: Precision = "float32",
        progress: bool = False,
    ) -> dict[str, Any]:
        """Simulate the repeats that the folder does not have yet, and save each as it finishes.

        The files of results do not depend on the executor or the number of workers, nor on how often this was
        interrupted.

        Args:
            save_dir: Folder for the results; those of the same configuration that it holds are kept.
            executor: ``serial``, ``thread``, ``process`` or ``dask``.
            max_workers: How many repeats run at once, at most; by default one for each core.
            address: Of a Dask scheduler; None for a Dask cluster on this machine.
            on_error: ``continue`` with the other repeats where one has failed three times, or ``stop``.
            force: Remove results of other configurations from the folder.
            plot_arg: Which pictures of the first repeats, as for `StageSNNSimulation.execute`, if ``settings.plot``.
            dtype: ``float32`` or ``float64``.
            progress: Show the progress on stderr.

        Returns:
            What ``metadata/run.json`` says, and under ``files`` the files that belong to no single repeat.

        Raises:
            InputError: An argument is not valid, or the folder holds results of something else.
            StorageError: The folder cannot be written to or is in use (known before simulating), or the disk is full.
            FailedItemsError: Repeats failed; the others are saved.
            Interrupted: Ctrl-C or SIGTERM; the finished repeats are saved.
        """
        check_plot_arg(plot_arg)
        check_choice("dtype", dtype, Precision)
        execution = Execution(executor, max_workers, address, on_error, force, progress)
        work = RepeatJob(self.experiment, self.seeds, self.fix_network, plot_arg, dtype)
        return jobs.run(work, save_dir, execution)


def _check_seeds(seeds: Sequence[int]) -> None:
    """Refuse what is no seed, and seeds that come twice: their runs would be one run, counted twice."""
    for index, seed in enumerate(seeds):
        if not isinstance(seed, int | np.integer) or isinstance(seed, bool) or seed < 0:
            raise InputError(f"seeds[{index}] is {seed!r}; expected a whole number from 0")
    if len(set(seeds)) < len(seeds):
        doubled = next(seed for seed in seeds if list(seeds).count(seed) > 1)
        raise InputError(f"seed {doubled} is there twice; expected different seeds, as equal ones give equal runs")


def saved_seeds(path: str | os.PathLike[str]) -> list[int]:
    """Seeds of repeats from a file with one a line, or from the folder of an earlier run.

    Raises:
        InputError: There is no such file, or it holds something else.
    """
    file = Path(path) / SEEDS if Path(path).is_dir() else Path(path)
    try:
        lines = file.read_text(encoding="utf-8").split()
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read seeds from {file}: {getattr(error, 'strerror', None) or error}") from None
    wrong = [(number, line) for number, line in enumerate(lines, 1) if not (line.isascii() and line.isdigit())]
    if wrong or not lines:
        found = f"seed {wrong[0][0]} is {wrong[0][1][:40]!r}" if wrong else "it is empty"
        raise InputError(f"{file}: {found}; expected a whole number from 0 in each line")
    return [int(line) for line in lines]


def with_perturbation_seeds(experiment: Experiment) -> Experiment:
    """Write out the seeds of drawn perturbations, which otherwise would follow from the seed of each repeat."""
    root = experiment.settings.random_seed
    seeds = {
        f"perturbation.{target}.seed": perturbation_seed(root, target)
        for target, block in experiment.perturbation.blocks.items()
        if not block.vectors and block.seed is None
    }
    return experiment.replace(seeds) if seeds else experiment
