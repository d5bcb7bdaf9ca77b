"""Repeated runs of one configuration that differ only in their seeds."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from neuro_mod.checks import check_choice, user_path, whole_number
from neuro_mod.choices import OnError, Precision, SpikeFormat
from neuro_mod.config import Experiment, load_experiment
from neuro_mod.config.loading import Source
from neuro_mod.core.random import MAX_SEED
from neuro_mod.errors import InputError, invalid
from neuro_mod.execution import jobs
from neuro_mod.execution.jobs import Execution
from neuro_mod.execution.repeats.job import RepeatJob
from neuro_mod.execution.stagers.pictures import check_plot_arg
from neuro_mod.execution.stagers.seeds import repeat_seed, with_perturbation_seeds
from neuro_mod.storage.names import MAX_REPEATS, SEEDS
from neuro_mod.summaries import Shown, Summary, counted, described

if TYPE_CHECKING:
    from neuro_mod.config.cluster import Cluster


class Repeater(Shown):
    """Repeats a configuration with other seeds: other connections, noise and initial states, the same perturbations.

    Repeat k is ``StageSNNSimulation(repeater.experiment, repeater.seeds[k])``, or, in a fixed network,
    ``StageSNNSimulation(repeater.experiment).run(noise_seed=repeater.seeds[k])``. Its seed follows from the root seed
    and k alone: more repeats change no earlier one.

    Args:
        config: As for `StageSNNSimulation`.
        n_repeats: Number of runs; None for one for each of the given seeds.
        random_seed: Root seed of all repeats; replaces ``settings.random_seed``.
        overrides: Values that replace those of `config`, such as ``["init_params.duration_sec=1.0"]``.
        seeds: Seeds to use instead of drawn ones, such as `saved_seeds`; the first ``n_repeats`` of them.
        fix_network: Whether all repeats have the network of the root seed, under other noise.

    Raises:
        ConfigError: Everything that is wrong with the configuration.
        InputError: ``n_repeats`` is out of bounds or larger than the number of seeds, or seeds are not distinct.

    Examples:
        >>> from neuro_mod import Repeater
        >>> repeater = Repeater("small", n_repeats=2, overrides=["init_params.duration_sec=0.1"])
        >>> repeater.execute("repeats", executor="thread", plot_arg="none")["n_finished"]
        2
        >>> Repeater("small", n_repeats=3, overrides=["init_params.duration_sec=0.1"]).seeds[:2] == repeater.seeds
        True
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
        if seeds is None:
            n_repeats = whole_number("n_repeats", n_repeats, 1, MAX_REPEATS)
        else:
            _check_seeds(seeds)
            n_repeats, most = len(seeds) if n_repeats is None else n_repeats, min(len(seeds), MAX_REPEATS)
            n_repeats = whole_number("n_repeats", n_repeats, 1, most, f"there are {len(seeds)} seeds")
        experiment = load_experiment(config, overrides)
        if random_seed is not None:
            experiment = experiment.replace({"settings.random_seed": random_seed})
        #: The configuration, with the root seed and the seeds of drawn perturbations.
        self.experiment: Experiment = with_perturbation_seeds(experiment)
        self.fix_network = fix_network
        root = self.experiment.settings.random_seed
        #: Seed of each repeat.
        self.seeds: tuple[int, ...] = tuple(
            repeat_seed(root, index) if seeds is None else int(seeds[index]) for index in range(n_repeats)
        )

    def _summary(self) -> Summary:
        experiment, init = self.experiment, self.experiment.init_params
        rows = {
            "network": "one, under other noise" if self.fix_network else "another in each repeat",
            "duration": f"{init.duration_sec:g} s each, in steps of {1e3 * init.delta_t:g} ms",
            "seeds": described(self.seeds),
            "execute()": "simulates the repeats that a folder does not have yet",
        }
        return Summary(f"{counted(len(self.seeds), 'repeat')} of {experiment.settings.sim_name}", rows)

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
        spike_format: SpikeFormat = "dense",
        progress: bool = False,
        cluster: Cluster | None = None,
        wait_for_workers: float | None = None,
        shard: str | None = None,
    ) -> dict[str, Any]:
        """Simulate the repeats that the folder does not have yet, and save each as it finishes.

        The files of results depend neither on the executor, nor on the number of workers, nor on interruptions.

        Args:
            save_dir: Folder for the results; repeats of the same configuration that it holds are kept.
            executor: As for `Execution`, like the following arguments.
            max_workers: As for `Execution`.
            address: As for `Execution`.
            on_error: As for `Execution`.
            force: As for `Execution`.
            plot_arg: Figures of the first repeats, as for `StageSNNSimulation.execute`, if ``settings.plot``.
            dtype: ``float32`` or ``float64``.
            spike_format: Files of spikes: ``dense``, boolean arrays ``(n_steps, n_neurons)`` (``.npy``), or ``events``,
                the step and neuron of each spike (``.npz``), which are many times smaller.
            progress: Show the progress on stderr.
            cluster: As for `Execution`.
            wait_for_workers: As for `Execution`.
            shard: As for `Execution`.

        Returns:
            The content of ``metadata/run.json``, and under ``files`` the files that belong to no single repeat.

        Raises:
            InputError: An argument is not valid, or the folder holds results of another job.
            StorageError: The folder cannot be written to or is in use (known before simulating), or the disk is full.
            FailedItemsError: Repeats failed; the others are saved.
            Interrupted: Ctrl-C or SIGTERM; the finished repeats are saved.
        """
        check_plot_arg(plot_arg)
        check_choice("dtype", dtype, Precision)
        check_choice("spike_format", spike_format, SpikeFormat)
        execution = Execution(
            executor, max_workers, address, on_error, force, progress, cluster, wait_for_workers, shard
        )
        job = RepeatJob(self.experiment, self.seeds, self.fix_network, plot_arg, dtype, spike_format)
        return jobs.run(job, save_dir, execution)


def _check_seeds(seeds: Sequence[int]) -> None:
    """Refuse values that are no seeds, and duplicates, as two runs with one seed are the same run."""
    seen: set[int] = set()
    for index, seed in enumerate(seeds):
        if whole_number(f"seeds[{index}]", seed, 0, MAX_SEED) in seen:
            raise invalid(f"seeds[{index}]", int(seed), "distinct seeds", "this one is a duplicate")
        seen.add(seed)


def saved_seeds(path: str | os.PathLike[str]) -> list[int]:
    """Seeds of repeats from a file with one per line, or from the folder of an earlier run.

    Raises:
        InputError: There is no such file, or it holds other text.
    """
    path = user_path(path)
    file = path / SEEDS if path.is_dir() else path
    try:
        if file.is_fifo():  # opening one waits for a writer
            raise OSError("a pipe found, expected a file")
        lines = file.read_text(encoding="utf-8").split()
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read seeds from {file}: {getattr(error, 'strerror', None) or error}") from None
    digits = len(str(MAX_SEED))
    wrong = [
        (number, line[: digits + 1])
        for number, line in enumerate(lines, 1)
        if not (line.isascii() and line.isdigit() and len(line) <= digits)
    ]
    if wrong or not lines:
        place, found = (f"{file}, seed {wrong[0][0]}", wrong[0][1]) if wrong else (str(file), None)
        raise invalid(place, found, f"a whole number from 0 to {MAX_SEED} in each line")
    return [int(line) for line in lines]
