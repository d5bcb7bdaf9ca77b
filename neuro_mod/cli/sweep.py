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

if TYPE_CHECKING:
    from neuro_mod.config.sweep import Sweep

#: Rows, and columns of measures, of the printed table, at most; points that a dry run names.
_ROWS, _COLUMNS, _POINTS = 12, 4, 5


def sweep(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The sweep.")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for results [settings.save_dir/NAME, as the sweep or its file says]."),
    ] = None,
    executor: Executor = "thread",
    max_workers: MaxWorkers = None,
    address: Address = None,
    on_error: OnFailure = "continue",
    force: Force = False,
    seed: Annotated[int | None, typer.Option(metavar="N", help="Root seed [that of the sweep].")] = None,
    repeats: Annotated[int | None, typer.Option(metavar="N", help="Runs at each point [those of the sweep].")] = None,
    overrides: Overrides = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only check it, and say how much it is.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Run the network of a configuration at many points, and gather what is measured in one table.

    What the folder of results already has is not done again: after an interruption, or with more points or repeats, the
    same command goes on.
    """
    from neuro_mod.config import InputError
    from neuro_mod.config.sweep import load_sweep

    loaded = load_sweep(file, overrides or (), seed=seed, repeats=repeats)
    if dry_run:
        _print_plan(loaded, as_json=as_json)
        return
    if out is None and not loaded.experiment.settings.save:
        raise InputError("settings.save is false: nothing would be kept; say where with --out")
    from neuro_mod.execution.durable import Execution, FailedItemsError
    from neuro_mod.execution.sweep.from_file import run_sweep

    folder, metadata, failed = out or loaded.out, {}, None
    execution = Execution(executor or "thread", max_workers, address, on_error, force, progress=True)
    with long_work():
        try:
            metadata = run_sweep(loaded, folder, execution)
        except FailedItemsError as error:
            failed, metadata = error, dict(error.metadata)
    if as_json:
        print_json(metadata)
    else:
        _print_means(loaded, folder)
        for path in metadata["files"]:
            if Path(path).parent.name not in {"configs", "logs"}:
                typer.echo(path)
    if failed is not None:
        raise failed


def _print_plan(sweep: Sweep, *, as_json: bool) -> None:
    first = sweep.points[:_POINTS]
    if as_json:
        print_json(
            {
                "n_points": len(sweep.points),
                "repeats": sweep.file.repeats,
                "n_runs": sweep.n_runs,
                "simulated_sec": sweep.simulated_seconds,
                "folder": str(sweep.out),
                "first_points": [dict(point.values) for point in first],
            }
        )
        return
    runs = f"{_counted(sweep.n_runs, 'run')} at {_counted(len(sweep.points), 'point')}"
    print_rows({"sweep": runs, "simulated": f"{sweep.simulated_seconds:g} s", "folder": str(sweep.out)})
    for point in first:
        typer.echo(point)
    if len(sweep.points) > _POINTS:
        typer.echo(f"... {sweep.points[-1]}")


def _print_means(sweep: Sweep, folder: Path) -> None:
    """Means over repeats of the first measures, by point; of runs that failed there is nothing."""
    import numpy as np

    from neuro_mod.execution.sweep.table import LEADING, read_table
    from neuro_mod.storage.names import RESULTS_TABLE

    table = read_table(folder)
    repeats, parameters = sweep.file.repeats, list(sweep.parameters)
    measured = [column for column in table if column not in {*LEADING, *parameters}]
    shown = measured[:_COLUMNS]
    rows: list[list[str]] = []
    for index in range(min(len(sweep.points), _ROWS)):
        here = slice(index * repeats, (index + 1) * repeats)
        values = [np.asarray(table[column][here], np.float64) for column in shown]
        means = [float(each[np.isfinite(each)].mean()) if np.isfinite(each).any() else None for each in values]
        rows.append([str(index), *(_short(each) for each in (*(table[key][here][0] for key in parameters), *means))])
    print_table(["point", *parameters, *shown], rows)
    more = f"; {_counted(len(sweep.points) - _ROWS, 'more point')}" if len(sweep.points) > _ROWS else ""
    more += f"; {_counted(len(measured) - len(shown), 'more column')}" if len(measured) > len(shown) else ""
    means = f"means over {repeats} repeats" if repeats > 1 else "one run at each point"
    typer.echo(f"{means}{more}{' in ' * bool(more)}{RESULTS_TABLE if more else ''}")


def _counted(n: int, noun: str) -> str:
    return f"{n} {noun}{'s' if n != 1 else ''}"


def _short(value: Any) -> str:
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
