"""``neuro-mod sweep``: run the network of a configuration at many points of parameter space."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neuro_mod.cli import completion
from neuro_mod.cli.long_work import execution_of, long_work
from neuro_mod.cli.options import (
    Address,
    AsJson,
    ClusterFile,
    Executor,
    Force,
    Format,
    MaxWorkers,
    OnFailure,
    Overrides,
    Shard,
    Style,
    WaitForWorkers,
    figure_settings,
    folder,
    print_json,
    print_rows,
    print_shard,
    print_table,
    print_text,
)

if TYPE_CHECKING:
    from neuro_mod.config.sweep import Sweep

#: Largest numbers of rows and of columns of measures in the printed table, and of points listed by a dry run.
_ROWS, _COLUMNS, _POINTS = 12, 4, 5


def sweep(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="The file that describes the sweep, or a name from neuro-mod configs.",
            autocompletion=completion.sweeps,
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", parser=folder, help="Folder for results [name of the sweep, in settings.save_dir]."
        ),
    ] = None,
    executor: Executor = None,
    max_workers: MaxWorkers = None,
    address: Address = None,
    cluster: ClusterFile = None,
    wait_for_workers: WaitForWorkers = None,
    on_error: OnFailure = "continue",
    force: Force = False,
    shard: Shard = None,
    seed: Annotated[int | None, typer.Option(metavar="N", min=0, help="Root seed [seed of the file].")] = None,
    repeats: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Runs at each point [repeats of the file].")
    ] = None,
    networks: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Networks, the same at all points [networks of the file].")
    ] = None,
    trials: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Runs of each network at each point [trials of the file].")
    ] = None,
    overrides: Overrides = None,
    file_format: Format = None,
    style: Style = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only check the file, and print its size.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run the network of a configuration at many points, and collect the measures in one table.

    Rerun the command to resume an interrupted sweep.
    """
    from neuro_mod.checks import output_path
    from neuro_mod.config.sweep import load_sweep
    from neuro_mod.errors import InputError

    figures = [f"{key}={value}" for key, value in figure_settings(file_format, style).items()]
    changes = [*(overrides or ()), *figures]
    loaded = load_sweep(file, changes, seed=seed, repeats=repeats, networks=networks, trials=trials)
    if out is None and not loaded.experiment.settings.save:
        raise InputError("settings.save: false found; expected true, or a folder for results with --out")
    folder = output_path(out or loaded.out)
    if dry_run:
        _print_plan(loaded, folder, as_json=as_json)
        return
    from neuro_mod.errors import FailedItemsError
    from neuro_mod.execution.jobs import run
    from neuro_mod.execution.sweep.from_file import FileSweepJob, shared_files

    job, failed = FileSweepJob(loaded), None
    execution = execution_of(executor, max_workers, address, cluster, wait_for_workers, on_error, force, shard)
    with long_work():
        try:
            metadata = run(job, folder, execution)
        except FailedItemsError as error:
            failed, metadata = error, error.metadata
    if as_json:
        print_json(metadata)
    elif shard is not None:
        print_shard(metadata, folder)
    else:
        _print_means(loaded, job.table)
        for path in shared_files(metadata):
            typer.echo(path)
    if failed is not None:
        raise failed


def _print_plan(sweep: Sweep, out: Path, *, as_json: bool) -> None:
    conditions = sweep.file.conditions
    first = [
        ({"condition": point.condition} if conditions else {})
        | ({} if point.direction is None else {"direction": point.direction})
        | dict(point.values)
        for point in sweep.points[:_POINTS]
    ]
    plan: dict[str, Any] = {
        "n_points": len(sweep.points),
        **_numbers(sweep),
        "n_runs": sweep.n_runs,
        "simulated_sec": sweep.simulated_seconds,
        "out": str(out),
        "first_points": first,
    }
    if as_json:
        print_json(plan)
        return
    runs = f"{plan['n_runs']} runs: {_count(plan['n_points'], 'point')}, {_runs_at_point(sweep)}"
    simulated = {} if sweep.file.of_mean_field_alone else {"simulated": f"{plan['simulated_sec']:g} s"}
    print_rows({"sweep": runs, **simulated, "folder": plan["out"]})
    for point in sweep.points[:_POINTS]:
        print_text(str(point))
    if len(sweep.points) > _POINTS:
        print_text(f"... {sweep.points[-1]}")


def _print_means(sweep: Sweep, table: Any) -> None:
    """Print means of the first measures by point."""
    from neuro_mod.execution.sweep_columns import CONDITION, DIRECTION, OF_RUNS, POINT
    from neuro_mod.summaries import counted

    swept = [*([CONDITION] if sweep.file.conditions else []), *([DIRECTION] if sweep.directions else [])]
    swept += sweep.parameters
    known = {*OF_RUNS, *swept}
    columns = [column for column in table.columns if column not in known]
    shown = columns[:_COLUMNS]
    means = table.groupby(POINT)[shown].mean()
    values = table.groupby(POINT)[swept].first()
    rows = [
        [str(point), *(_short(value) for value in (*values.loc[point], *means.loc[point]))]
        for point in means.index[:_ROWS]
    ]
    print_table([POINT, *swept, *shown], rows)
    more = [f"{len(means) - _ROWS} more points"] if len(means) > _ROWS else []
    more += [counted(len(columns) - len(shown), "more column")] if len(columns) > len(shown) else []
    left_out = f"; {' and '.join(more)} in the files" if more else ""
    what = "measures of the mean field" if sweep.file.of_mean_field_alone else f"means over {_runs_at_point(sweep)}"
    print_text(f"{what}{left_out}:")


def _numbers(sweep: Sweep) -> dict[str, int]:
    """Numbers of the runs at a point by the keys of the file."""
    return dict(zip(("networks", "trials") if sweep.file.by_network else ("repeats",), sweep.file.numbers, strict=True))


def _runs_at_point(sweep: Sweep) -> str:
    if sweep.file.of_mean_field_alone:
        return "the mean field"
    return " with ".join(
        _count(number, name.removesuffix("s")) + (" each" if name == "trials" else "")
        for name, number in _numbers(sweep).items()
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _short(value: Any) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:.4g}"  # noqa: PLR0124 -- NaN
    return str(value)
