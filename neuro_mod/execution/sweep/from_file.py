"""A sweep that a file describes, as work on many items: a run at each point and repeat."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, overload

import numpy as np

import neuro_mod
from neuro_mod.config import Experiment
from neuro_mod.config.sweep import Sweep, load_sweep
from neuro_mod.execution import jobs
from neuro_mod.execution.jobs import Execution, Item, Job, JobFolder, Outcome
from neuro_mod.execution.progress import Progress
from neuro_mod.execution.stagers import StageSNNSimulation
from neuro_mod.execution.stagers.seeds import with_perturbation_seeds
from neuro_mod.execution.sweep.configs import save_configs
from neuro_mod.execution.sweep.measures import Numbers, find_measures, measure
from neuro_mod.execution.sweep.pictures import save_sweep_pictures
from neuro_mod.execution.sweep.points import point_key, point_name, point_seed, repeat_of
from neuro_mod.execution.sweep.table import NOT_DONE, MeasuredColumns, assemble, parameter_column, to_plain
from neuro_mod.execution.sweep.user_functions import UserFunction
from neuro_mod.recordings.saved import save_spikes
from neuro_mod.recordings.spikes import SpikeEvents
from neuro_mod.storage.files import Files
from neuro_mod.storage.names import (
    RESULTS_PARQUET,
    RESULTS_TABLE,
    SWEEP,
    point_config,
    point_result,
    point_spikes,
)

if TYPE_CHECKING:
    import pandas as pd


def run_sweep(
    sweep: Sweep | str | Path | Mapping[str, Any],
    out: str | os.PathLike[str] | None = None,
    execution: Execution | None = None,
) -> dict[str, Any]:
    """Do what is missing of a sweep, and write its table.

    Args:
        sweep: The sweep, or what `load_sweep` reads.
        out: Folder for results; by default ``settings.save_dir`` and the name of the sweep.
        execution: How it is done.

    Returns:
        What ``metadata/run.json`` says, and under ``files`` the files that belong to no single run.

    Raises:
        ConfigError: The sweep is not valid.
        InputError: A measure is not there, an argument is not valid, or the folder holds something else.
        StorageError: The folder cannot be written to or is in use, or the disk is full.
        FailedItemsError: Runs failed; the others are saved and stand in the table.
        Interrupted: Ctrl-C or SIGTERM; the finished runs are saved.
    """
    sweep = sweep if isinstance(sweep, Sweep) else load_sweep(sweep)
    return jobs.run(SweepJob(sweep), out or sweep.out, execution)


def experiment_at(sweep: Sweep, values: Mapping[str, Any]) -> Experiment:
    """The experiment at a point; seeds of drawn perturbations, which all runs share, are written out."""
    return with_perturbation_seeds(sweep.experiment.replace(values))


class Measured(NamedTuple):
    """What comes of a run: numbers by measure and column, and the spikes if they are kept."""

    numbers: dict[str, Numbers]
    spikes: SpikeEvents | None


class MeasureRun:
    """Simulates and measures one run, in whichever process.

    Args:
        experiment: What is varied.
        measures: See `find_measures`.
        fix_network: Whether all runs have the network of the root seed.
        keep_spikes: Whether the spikes come back.
    """

    def __init__(
        self, experiment: Experiment, measures: Mapping[str, UserFunction | None], fix_network: bool, keep_spikes: bool
    ):
        self._experiment, self._measures = experiment, measures
        self._fix_network, self._keep_spikes = fix_network, keep_spikes

    def __call__(self, argument: tuple[Mapping[str, Any], int], report: Progress) -> Measured:
        """Do it, given the values of the point and a seed."""
        values, seed = argument
        experiment = with_perturbation_seeds(self._experiment.replace(values))
        stager = StageSNNSimulation(experiment, None if self._fix_network else seed)
        outputs = stager.run(record=("spikes",), noise_seed=seed, progress=report)
        return Measured(measure(outputs, self._measures), outputs["spikes"] if self._keep_spikes else None)


class SweepJob(Job):
    """The runs of a sweep.

    Args:
        sweep: The sweep.

    Raises:
        InputError: A measure is not there.
    """

    nouns = ("run", "runs")

    def __init__(self, sweep: Sweep):
        self._sweep = sweep
        self._measures = find_measures(sweep.file.measures, sweep.folder)

    @property
    def items(self) -> Runs:
        """One for each point and repeat."""
        return Runs(self._sweep)

    @property
    def task(self) -> MeasureRun:
        """Simulates and measures a run."""
        file = self._sweep.file
        return MeasureRun(self._sweep.experiment, self._measures, file.fix_network, file.keep_spikes)

    @property
    def identity(self) -> dict[str, Any]:
        """All that is not the values of points or the number of repeats."""
        file = self._sweep.file
        return {
            "what": "sweep",
            "version": neuro_mod.__version__,
            "parameters": sorted(self._sweep.parameters),
            "fix_network": file.fix_network,
            "keep_spikes": file.keep_spikes,
            "measures": {name: each.sha256 if each else "built in" for name, each in self._measures.items()},
            "config": self._sweep.experiment.determining(),
        }

    @property
    def config(self) -> str:
        """The configuration that is varied."""
        return self._sweep.experiment.to_yaml()

    def describe(self) -> dict[str, Any]:
        """The sweep in numbers."""
        sweep, file = self._sweep, self._sweep.file
        return {
            "random_seed": sweep.seed,
            "parameters": list(sweep.parameters),
            "combine": file.combine,
            "n_points": len(sweep.points),
            "repeats": file.repeats,
            "fix_network": file.fix_network,
            "measures": list(file.measures),
            "simulated_sec": sweep.simulated_seconds,
        }

    def prepare(self, folder: JobFolder) -> None:
        """Save what the sweep is, and the configuration at each point."""
        described = self._sweep.file.model_dump(by_alias=True, exclude_unset=True)
        folder.save_json(SWEEP, described | {"config": self._sweep.experiment.resolved(), "set": {}})
        texts = (
            (
                point_config(point.index),
                f"# {point_key(point.values)}\n{experiment_at(self._sweep, point.values).to_yaml()}",
            )
            for point in self._sweep.points
        )
        save_configs(folder, texts, "point_*.yaml")

    def save(self, files: Files, item: Item, result: Measured) -> dict[str, Any]:
        """Save the numbers of a run, and its spikes if they are kept."""
        (values, seed), repeat = item.argument, repeat_of(item.key)
        name, measures = point_name(point_key(values)), to_plain(result.numbers)
        files.save_json(
            point_result(name, repeat), {"values": values, "repeat": repeat, "seed": seed, "measures": measures}
        )
        if result.spikes is not None:
            save_spikes(files, result.spikes, point_spikes(name, repeat))
        return {"measures": measures}

    def summary(self, about: Mapping[str, Any]) -> str:
        """The first numbers."""
        numbers = {column: value for each in about["measures"].values() for column, value in each.items()}
        shown = [(column, value) for column, value in numbers.items() if isinstance(value, float)][:4]
        return ", ".join(f"{column} {value:.4g}" for column, value in shown)

    def conclude(self, folder: JobFolder, outcome: Outcome) -> dict[str, Any]:
        """Save the table, also where runs are missing, and draw it."""
        columns = self._columns(folder)
        table = self._table(columns, outcome)
        folder.save(RESULTS_PARQUET, lambda file: table.to_parquet(file, index=False))
        folder.save_text(RESULTS_TABLE, table.to_csv(index=False, lineterminator="\n"))
        if self._sweep.experiment.settings.plot and not outcome.interrupted:
            save_sweep_pictures(folder.save, self._sweep, table, columns.by_measure())
        return {"n_rows_without_results": int((~columns.filled).sum())}

    def _columns(self, folder: JobFolder) -> MeasuredColumns:
        columns = MeasuredColumns(self._sweep.file.measures, self._sweep.n_runs)
        rows = {item.key: row for row, item in enumerate(self.items)}
        for entry in folder.entries():
            if (row := rows.get(entry.key)) is not None:
                columns.fill(row, entry.about["measures"])
        return columns

    def _table(self, columns: MeasuredColumns, outcome: Outcome) -> pd.DataFrame:
        points, repeats = self._sweep.points, self._sweep.file.repeats
        failures = {failure.key: failure.error for failure in outcome.failures}
        leading = {
            "point": np.repeat(np.arange(len(points)), repeats),
            "repeat": np.tile(np.arange(repeats), len(points)),
            "seed": np.array([item.seed for item in self.items], np.uint64),
        }
        for key in self._sweep.parameters:
            leading[key] = np.repeat(parameter_column([point.values[key] for point in points]), repeats)
        if self._sweep.file.keep_spikes:
            files = [point_spikes(point_name(point_key(p.values)), k) for p in points for k in range(repeats)]
            leading["spikes"] = np.where(columns.filled, np.array(files, object), "")
        return assemble(leading, columns, lambda row: failures.get(self.items[row].key, NOT_DONE))


class Runs(Sequence[Item]):
    """The runs of a sweep as items, each made when it is asked for.

    Args:
        sweep: The sweep.
    """

    def __init__(self, sweep: Sweep):
        self._sweep = sweep

    def __len__(self) -> int:
        return self._sweep.n_runs

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> list[Item]: ...
    def __getitem__(self, index: int | slice) -> Item | list[Item]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        place, repeat = divmod(range(len(self))[index], self._sweep.file.repeats)
        point = self._sweep.points[place]
        key = point_key(point.values)
        seed = point_seed(self._sweep.seed, key, repeat)
        return Item(
            f"{key} repeat {repeat}",
            f"{point}, repeat {repeat}",
            (point.values, seed),
            seed,
            float(self._sweep.durations[place]),
        )
