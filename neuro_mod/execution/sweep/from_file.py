"""The job of a sweep described in a file: several runs at each point."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from neuro_mod.config.sweep import Point, Sweep, load_sweep
from neuro_mod.config.sweep.analysis import settings_in_plan
from neuro_mod.config.sweep.mean_field import of_mean_field
from neuro_mod.core.spiking_net.analysis.findings.sessions import MAX_REASSIGNED
from neuro_mod.execution import jobs
from neuro_mod.execution.figures import Drawings, Look, StudyResults, save_figures
from neuro_mod.execution.jobs import Execution, Item, Job, JobFolder, Outcome
from neuro_mod.execution.stagers.base import THEORY
from neuro_mod.execution.stagers.compiling import compile_for_workers
from neuro_mod.execution.sweep.figures import drawings_of_sweep
from neuro_mod.execution.sweep.mean_field_measures import PART_SEARCHED
from neuro_mod.execution.sweep.measures import KAPLAN_MEIER, find_measures, measure_versions
from neuro_mod.execution.sweep.measuring import Measured, MeasureRun, Remeasuring
from neuro_mod.execution.sweep.points import (
    Runs,
    experiment_at,
    network_seed,
    noise_in_plan,
    point_key,
    point_name,
    save_configs,
)
from neuro_mod.execution.sweep.table import NOT_DONE, MeasuredColumns, assemble, parameter_column, to_plain
from neuro_mod.execution.sweep_columns import (
    CONDITION,
    DIRECTION,
    ERROR,
    MEAN_FIELD,
    NETWORK,
    NETWORK_SEED,
    POINT,
    REPEAT,
    SEED,
    SPIKES,
    TRIAL,
)
from neuro_mod.optional import optional
from neuro_mod.recordings.saved import save_spikes
from neuro_mod.storage.files import Files
from neuro_mod.storage.names import (
    CONFIGS,
    DIRECTIONS_TABLE,
    RESULTS_PARQUET,
    RESULTS_TABLE,
    SWEEP,
    WORKER_LOGS,
    point_config,
    point_mean_field,
    point_result,
    point_spikes,
)
from neuro_mod.summaries import Summary, counted, described

if TYPE_CHECKING:
    import pandas as pd

_LOG = logging.getLogger(__name__)
#: Numbers of runs at a point, and which of them a run is: repeats, or trials of networks.
_NUMBERS = {False: ("repeats",), True: ("networks", "trials")}
_NUMBER = {False: (REPEAT,), True: (NETWORK, TRIAL)}
#: Points that a warning names, at most.
_MAX_NAMED = 3
#: What to do where measures are to be added to a finished sweep.
_HINT = (
    "measures are added to a finished sweep, and its analysis changed, only where the spikes are kept (keep_spikes: "
    "true from the first run on), and by the command without --shard; else the runs have to be simulated again, in "
    "another folder"
)


class SweepResults(StudyResults):
    """What `run_sweep` returns: the content of ``metadata/run.json``, and ``files``; with the table and its figures.

    Args:
        metadata: The content.
        drawings: The figures; none of a part of a sweep.
        table: The content of ``results.csv``, with values of parameters as they are; None for a part of a sweep.
    """

    def __init__(self, metadata: Mapping[str, Any], drawings: Drawings, table: pd.DataFrame | None):
        named = ("parameters", "conditions", "measures", "shard")
        rows = {name: described(metadata[name]) for name in named if metadata.get(name)}
        rows["runs"] = f"{metadata['n_finished']} of {metadata['n_runs']} finished"
        if table is not None:
            rows["table"] = f"{counted(len(table), 'row')}, {counted(table.shape[1], 'column')}"
        super().__init__(metadata, drawings, Summary(f"Sweep of {counted(metadata['n_points'], 'point')}", rows))
        self.table = table


def run_sweep(
    sweep: Sweep | str | Path | Mapping[str, Any],
    out: str | os.PathLike[str] | None = None,
    execution: Execution | None = None,
) -> SweepResults:
    """Do the runs of a sweep that are not in its folder yet, and write its table.

    Args:
        sweep: The sweep: a YAML file, a shipped name, or a mapping of its keys.
        out: Folder for results; by default a folder in ``settings.save_dir`` with the name of the sweep.
        execution: How the runs are executed.

    Returns:
        The content of ``metadata/run.json``, and under ``files`` the files that belong to no single run. Its method
        ``plot`` draws a figure for each measure, and ``table`` is the table.

    Raises:
        ConfigError: The sweep is not valid.
        InputError: A measure does not exist, an argument is not valid, or the folder holds other results.
        StorageError: The folder cannot be written to or is in use, or the disk is full.
        FailedItemsError: Runs failed; the others are saved, and the table lists all.
        Interrupted: Ctrl-C or SIGTERM; the finished runs are saved.

    Examples:
        >>> from neuro_mod import run_sweep
        >>> sweep = {
        ...     "config": "small",
        ...     "set": {"init_params.duration_sec": 0.1},
        ...     "parameters": {"arousal.level": [0, 0.5]},
        ...     "measures": ["rates"],
        ... }
        >>> results = run_sweep(sweep, "arousal")
        >>> results.table[["point", "repeat", "arousal.level"]]
           point  repeat  arousal.level
        0      0       0            0.0
        1      1       0            0.5
    """
    sweep = sweep if isinstance(sweep, Sweep) else load_sweep(sweep)
    job = FileSweepJob(sweep)
    metadata = jobs.run(job, out or sweep.out, execution)
    return SweepResults(metadata, job.drawings, job.table)


class FileSweepJob(Job):
    """The runs of a sweep described in a file.

    Args:
        sweep: The sweep.
        versions: Of the code of measures, see `measure_versions`; None to find the functions of the user, without which
            no run can be done.

    Raises:
        InputError: A measure does not exist.
    """

    nouns = ("run", "runs")
    kinds = {"measures": dict}  # noqa: RUF012
    hints = dict.fromkeys(("measures", "analysis", "keep_spikes"), _HINT)

    def __init__(self, sweep: Sweep, versions: Mapping[str, str] | None = None):
        file, self._sweep = sweep.file, sweep
        measures = find_measures(file.measures, sweep.folder) if versions is None else {}
        versions = measure_versions(measures) if versions is None else versions
        settings = settings_in_plan(file.analysis)
        theory = _theory_in_plan(sweep) if of_mean_field(file.measures) else {}
        determining = {
            "parameters": sorted(sweep.parameters),
            **({"directions": sorted(sweep.directions)} if sweep.directions else {}),
            "fix_network": file.fix_network,
            "keep_spikes": file.keep_spikes,
            "measures": versions,
            **({"analysis": settings} if settings else {}),
            **({THEORY: theory} if theory else {}),
            **noise_in_plan(sweep),
        }
        description = {
            "random_seed": sweep.seed,
            "parameters": list(sweep.parameters),
            **({"conditions": list(file.conditions)} if file.conditions else {}),
            **({"n_directions": file.n_directions} if sweep.directions else {}),
            "combine": file.combine,
            "n_points": len(sweep.points),
            **dict(zip(_NUMBERS[file.by_network], file.numbers, strict=True)),
            "fix_network": file.fix_network,
            "noise": "common" if file.common_noise else "independent",
            "measures": list(file.measures),
            "simulated_sec": sweep.simulated_seconds,
            **_describe_layout(sweep),
        }
        task = MeasureRun(
            sweep.experiment, measures, file.analysis, file.fix_network, file.keep_spikes, file.mean_field
        )
        items = Runs(sweep, repeats_outermost=False)
        super().__init__("sweep", sweep.experiment, items, task, determining, description)
        if file.keep_spikes:
            self.updating = Remeasuring(versions, settings, theory)
        #: The table of results, once the runs are done or interrupted.
        self.table: pd.DataFrame | None = None
        #: Its figures.
        self.drawings: Drawings = {}
        described = file.model_dump(by_alias=True, exclude_unset=True)
        self._described = described | {"config": sweep.experiment.resolved(), "set": {}}
        self.arguments = {"sweep": self._described, "seed": sweep.seed, "versions": versions}

    @classmethod
    def again(cls, arguments: Mapping[str, Any]) -> Self:
        """See `Job.again`; code of the user is not looked for."""
        described = dict(arguments["sweep"])
        job = cls(load_sweep(described, {"settings.random_seed": arguments["seed"]}), dict(arguments["versions"]))
        job._described = described  # with its keys in their order
        return job

    def prepare(self, folder: JobFolder) -> None:
        """Save the description of the sweep, its directions, and the configuration at each point."""
        folder.save_json(SWEEP, self._described)
        if self._sweep.directions:
            folder.save_table(DIRECTIONS_TABLE, list(_direction_rows(self._sweep)))
            _warn_of_equal_directions(self._sweep)
        texts = (
            (
                point_config(point.index),
                f"# {_title(point)}\n{experiment_at(self._sweep.experiment, point.overrides).to_yaml()}",
            )
            for point in self._sweep.points
        )
        save_configs(folder, texts, "point_*.yaml")

    def compile(self) -> None:
        """See `Job.compile`."""
        if not self._sweep.file.of_mean_field_alone:
            compile_for_workers(self._sweep.experiment)

    def save(self, files: Files, item: Item, result: Measured) -> dict[str, Any]:
        """Save the numbers of a run, and its spikes if they are kept."""
        del item
        run = result.run
        name, known = point_name(run.point.overrides), {**result.known, **to_plain(result.numbers)}
        measures = {measure: known[measure] for measure in self._sweep.file.measures}
        about = dict(zip(_NUMBER[self._sweep.file.by_network], run.numbers, strict=True))
        content = {"values": run.point.overrides, **about, "seed": run.seed, "measures": measures}
        files.save_json(point_result(name, *run.numbers), content)
        files.records.update(result.kept)
        if result.spikes is not None:
            save_spikes(files, result.spikes, point_spikes(name, *run.numbers))
        if result.arrays:
            files.save_arrays(point_mean_field(name, *run.numbers), **result.arrays)
        return {"measures": measures}

    def summary(self, about: Mapping[str, Any]) -> str:
        """The first measures."""
        numbers = {column: value for each in about["measures"].values() for column, value in each.items()}
        shown = [(column, value) for column, value in numbers.items() if isinstance(value, float)][:4]
        return ", ".join(f"{column} {value:.4g}" for column, value in shown)

    def conclude(self, folder: JobFolder, outcome: Outcome) -> dict[str, Any]:
        """Save the table, even if runs are missing, and draw it."""
        columns = self._columns(folder)
        self.table = table = self._table(columns, outcome)
        _warn_of_short_visits(table, self._sweep.points)
        _warn_of_long_visits(table, self._sweep.points)
        _warn_of_partial_search(table, self._sweep)
        _save_table(folder, table)
        self.drawings = drawings_of_sweep(self._sweep, table, columns.by_measure())
        settings = self._sweep.experiment.settings
        if settings.plot and not outcome.interrupted:
            save_figures(folder.save, self.drawings, Look.of(settings))
        return {"n_rows_without_results": int((~columns.filled).sum())}

    def _columns(self, folder: JobFolder) -> MeasuredColumns:
        columns = MeasuredColumns(self._sweep.file.measures, self._sweep.n_runs)
        rows = {item.key: row for row, item in enumerate(self.items)}
        for entry in folder.entries():
            row, measures = rows.get(entry.key), entry.about["measures"]
            if row is not None and entry.key in folder.done:
                columns.fill(row, measures)
        return columns

    def _table(self, columns: MeasuredColumns, outcome: Outcome) -> pd.DataFrame:
        file, points, n = self._sweep.file, self._sweep.points, self._sweep.file.runs_at_point
        failures = {failure.key: failure.error for failure in outcome.failures}
        numbers = np.indices(file.numbers).reshape(len(file.numbers), n)
        leading: dict[str, NDArray[Any]] = {POINT: np.repeat(np.arange(len(points)), n)}
        if file.conditions:
            leading[CONDITION] = np.repeat(np.array([point.condition for point in points], object), n)
        if self._sweep.directions:
            leading[DIRECTION] = np.repeat(np.array([point.direction for point in points], np.int64), n)
        if not file.of_mean_field_alone:
            leading |= self._columns_of_runs(numbers)
        for key in self._sweep.parameters:
            leading[key] = np.repeat(parameter_column([point.values[key] for point in points]), n)
        names = [point_name(point.overrides) for point in points]
        kept = {SPIKES: point_spikes} if file.keep_spikes else {}
        kept |= {MEAN_FIELD: point_mean_field} if of_mean_field(file.measures) else {}
        for column, file_name in kept.items():
            files = [file_name(name, *each) for name in names for each in numbers.T.tolist()]
            leading[column] = np.where(columns.filled, np.array(files, object), "")
        return assemble(leading, columns, lambda row: failures.get(self.items[row].key, NOT_DONE))

    def _columns_of_runs(self, numbers: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """Columns that tell the runs of a point apart, given their numbers at a point, and their seeds."""
        file, sweep = self._sweep.file, self._sweep
        columns: dict[str, NDArray[Any]] = {
            name: np.tile(each, len(sweep.points)) for name, each in zip(_NUMBER[file.by_network], numbers, strict=True)
        }
        if file.by_network:
            seeds = [network_seed(sweep.seed, network) for network in range(file.numbers[0])]
            columns[NETWORK_SEED] = np.array(seeds, np.uint64)[columns[NETWORK]]
        columns[SEED] = np.array([item.seed for item in self.items], np.uint64)
        return columns


def _save_table(folder: JobFolder, table: pd.DataFrame) -> None:
    """Save the table of results as CSV, and as Parquet where the library for it is installed."""
    text = table.to_csv(index=False, lineterminator="\n")
    try:
        optional("pyarrow", "parquet")
    except ImportError as error:
        _LOG.info("%s only, no %s: %s", RESULTS_TABLE, RESULTS_PARQUET, error)
        folder.discard(RESULTS_PARQUET)  # of an earlier table, which was saved elsewhere
    else:
        folder.save(RESULTS_PARQUET, lambda file: table.to_parquet(file, engine="pyarrow", index=False))
    folder.save_text(RESULTS_TABLE, text)


def _theory_in_plan(sweep: Sweep) -> dict[str, Any]:
    """What measures of the mean field depend on besides that on which simulations depend."""
    return sweep.file.mean_field.model_dump(mode="json") | sweep.experiment.theory_in_plan()


def _describe_layout(sweep: Sweep) -> dict[str, Any]:
    """Populations and time step of all points, without which their spikes cannot be analysed together."""
    if sweep.layout is None:
        return {}
    populations, delta_t = sweep.layout
    return {"populations": asdict(populations), "delta_t": delta_t}


def _direction_rows(sweep: Sweep) -> Iterator[dict[str, Any]]:
    """The vectors of directions: a row for each direction of each target, a column for each population."""
    names = sweep.experiment.populations.names
    for target, vectors in sweep.directions.items():
        for direction, vector in enumerate(vectors.tolist()):
            yield {DIRECTION: direction, "target": target, **dict(zip(names, vector, strict=True))}


def _warn_of_equal_directions(sweep: Sweep) -> None:
    """Log a warning if the same vectors were drawn more than once, as happens to entries +-1 on few populations."""
    vectors = np.concatenate(list(sweep.directions.values()), axis=1)
    if (n := len(np.unique(vectors, axis=0))) < len(vectors):
        _LOG.warning(
            "only %d of %d directions differ: draw normal entries (structured: false) or orthogonal vectors",
            *(n, len(vectors)),
        )


def _title(point: Point) -> str:
    """The values of a point, and the name of its condition."""
    condition = f"condition {point.condition}:" if point.condition else ""
    return " ".join(filter(None, (condition, point_key(point.overrides)))) or "the configuration itself"


def shared_files(metadata: Mapping[str, Any]) -> list[str]:
    """The files that belong to no single run, except configurations and logs of workers, given the metadata."""
    hidden = {Path(CONFIGS).name, Path(WORKER_LOGS).name}
    return [file for file in metadata["files"] if Path(file).parent.name not in hidden]


def _places(table: pd.DataFrame, found: NDArray[np.bool_], points: Sequence[Point]) -> str:
    """The points of some rows, with their values."""
    numbers = np.unique(table[POINT].to_numpy()[found]).tolist()
    more = f" and {len(numbers) - _MAX_NAMED} more points" if len(numbers) > _MAX_NAMED else ""
    return ", ".join(str(points[number]) for number in numbers[:_MAX_NAMED]) + more


def _warn_of_partial_search(table: pd.DataFrame, sweep: Sweep) -> None:
    """Log a warning where the clusters of a mean field differ so that its states are too many for the search."""
    if PART_SEARCHED in table and (found := table[PART_SEARCHED].to_numpy() < 1).any():
        what, chosen = "numbers of states are lower bounds", sweep.file.mean_field.states
        means = "" if chosen else ", and means are over those that were found: name states with mean_field.states"
        _LOG.warning(
            "clusters differ in %d of %d rows, where states were searched for from a part of the choices of active "
            "clusters (column %s), at %s: %s",
            *(np.count_nonzero(found), len(table), PART_SEARCHED, _places(table, found, sweep.points), what + means),
        )


def _warn_of_short_visits(table: pd.DataFrame, points: Sequence[Point]) -> None:
    """Log a warning if too short visits fill so much of the time of some runs that lifetimes are doubtful."""
    if "time_reassigned" in table and (found := table["time_reassigned"].to_numpy() > MAX_REASSIGNED).any():
        _LOG.warning(
            "too short visits fill more than %.0f %% of the time in %d of %d runs (column time_reassigned), at %s: "
            "their lifetimes are too long",
            *(100 * MAX_REASSIGNED, np.count_nonzero(found), len(table), _places(table, found, points)),
        )


def _warn_of_long_visits(table: pd.DataFrame, points: Sequence[Point]) -> None:
    """Log a warning where runs are too short for the mean of a duration, which means over runs then leave out."""
    done = table[ERROR].to_numpy() == ""
    for column in filter(lambda name: KAPLAN_MEIER in name, table):
        if (found := table[column].isna().to_numpy() & done).any():
            _LOG.warning(
                "none was seen whole in %d of %d runs (column %s is empty), at %s: means over runs leave these out, "
                "where durations may be longest",
                *(np.count_nonzero(found), np.count_nonzero(done), column, _places(table, found, points)),
            )
