"""``neuro-mod sweep``: run the network of a configuration at many points, as a file describes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neuro_mod.cli.long_work import long_work
from neuro_mod.cli.options import (
    Address,
    Executor,
    Force,
    MaxWorkers,
    OnFailure,
    Overrides,
    print_json,
    print_rows,
    print_table,
)
from neuro_mod.storage.names import CONFIGS, WORKER_LOGS

if TYPE_CHECKING:
    from neuro_mod.config.sweep import Sweep

#: Rows and columns of measures of the printed table, at most; points that a dry run names.
_ROWS, _COLUMNS, _POINTS = 12, 4, 5


def sweep(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The sweep.")],
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for results [settings.save_dir and the sweep's name].")
    ] = None,
    executor: Executor = None,
    max_workers: MaxWorkers = None,
    address: Address = None,
    on_error: OnFailure = "continue",
    force: Force = False,
    seed: Annotated[int | None, typer.Option(metavar="N", min=0, help="Root seed [that of the sweep].")] = None,
    repeats: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Runs at each point [those of the sweep].")
    ] = None,
    overrides: Overrides = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only check it, and say how much it is.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Run the network of a configuration at many points, and gather what is measured in one table.

    The same command again goes on where the last one ended.
    """
    from neuro_mod.config.sweep import load_sweep
    from neuro_mod.errors import InputError

    loaded = load_sweep(file, overrides or (), seed=seed, repeats=repeats)
    if dry_run:
        _print_plan(loaded, as_json=as_json)
        return
    if out is None and not loaded.experiment.settings.save:
        raise InputError("settings.save is false: nothing would be kept; say where with --out")
    from neuro_mod.errors import FailedItemsError
    from neuro_mod.execution.jobs import Execution
    from neuro_mod.execution.sweep.from_file import run_sweep

    folder, failed = out or loaded.out, None
    execution = Execution(executor or "thread", max_workers, address, on_error, force, progress=True)
    with long_work():
        try:
            metadata = run_sweep(loaded, folder, execution)
        except FailedItemsError as error:
            failed, metadata = error, error.metadata
    if as_json:
        print_json(metadata)
    else:
        _print_means(loaded, folder)
        for path in metadata["files"]:
            if Path(path).parent.name not in {CONFIGS, Path(WORKER_LOGS).name}:
                typer.echo(path)
    if failed is not None:
        raise failed


def _print_plan(sweep: Sweep, *, as_json: bool) -> None:
    first = [dict(point.values) for point in sweep.points[:_POINTS]]
    plan: dict[str, Any] = {
        "n_points": len(sweep.points),
        "repeats": sweep.file.repeats,
        "n_runs": sweep.n_runs,
        "simulated_sec": sweep.simulated_seconds,
        "out": str(sweep.out),
        "first_points": first,
    }
    if as_json:
        print_json(plan)
        return
    runs = f"{plan['n_runs']} runs: {_many(plan['n_points'], 'point')}, {_many(plan['repeats'], 'repeat')}"
    print_rows({"sweep": runs, "simulated": f"{plan['simulated_sec']:g} s", "folder": plan["out"]})
    for point in sweep.points[:_POINTS]:
        typer.echo(point)
    if len(sweep.points) > _POINTS:
        typer.echo(f"... {sweep.points[-1]}")


def _print_means(sweep: Sweep, folder: Path) -> None:
    """Means over repeats of the first measures, by point."""
    import pandas as pd

    from neuro_mod.storage.names import RESULTS_PARQUET, RESULTS_TABLE

    table: Any = pd.read_parquet(folder / RESULTS_PARQUET)
    known = {"point", "repeat", "seed", "spikes", "error", *sweep.parameters}
    columns = [column for column in table.columns if column not in known]
    shown = columns[:_COLUMNS]
    means = table.groupby("point")[shown].mean()
    values = table.groupby("point")[list(sweep.parameters)].first()
    rows = [
        [str(point), *(_short(value) for value in (*values.loc[point], *means.loc[point]))]
        for point in means.index[:_ROWS]
    ]
    print_table(["point", *sweep.parameters, *shown], rows)
    more = f"; {len(means) - _ROWS} more points" if len(means) > _ROWS else ""
    more += f"; {len(columns) - len(shown)} more columns" if len(columns) > len(shown) else ""
    typer.echo(f"means over {_many(sweep.file.repeats, 'repeat')}{more} in {RESULTS_TABLE}")


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _short(value: Any) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:.4g}"  # noqa: PLR0124 -- NaN
    return str(value)
