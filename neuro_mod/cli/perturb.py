"""``neuro-mod perturb``: what the perturbations of a configuration do, from pairs of runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neuro_mod.cli.failures import INTERRUPTED
from neuro_mod.cli.options import Config, Duration, Overrides, Seed, load, print_rows, print_table
from neuro_mod.core.choices import Precision

if TYPE_CHECKING:
    from neuro_mod.execution.paired_runs import PairedRuns
    from neuro_mod.execution.run_folder import RunFolder
    from neuro_mod.execution.stagers import StageSNNSimulation

#: Rows of the printed table, at most; the file has all.
_ROWS = 12


def perturb(
    config: Config,
    baseline_duration: Annotated[
        float, typer.Option(metavar="S", min=0, help="Simulated seconds before the two runs of a pair part.")
    ] = 1.0,
    trials: Annotated[int, typer.Option(metavar="N", min=1, help="Number of pairs.")] = 20,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for results [settings.save_dir/settings.sim_name + _perturb]."),
    ] = None,
    seed: Seed = None,
    duration: Duration = None,
    overrides: Overrides = None,
    dtype: Annotated[Precision, typer.Option(help="Precision.")] = "float32",
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Run the network of a configuration in pairs, without and with its perturbations.

    The runs of a pair go on from the same state under the same noise, so that they differ by what the perturbations do.
    Times in the configuration count from the moment at which they part.
    """
    from neuro_mod.config import InputError
    from neuro_mod.execution.paired_runs import PairsInterrupted, check_perturbed, run_pairs
    from neuro_mod.execution.run_folder import RunFolder
    from neuro_mod.execution.stagers import StageSNNSimulation

    stager = StageSNNSimulation(load(config, overrides, seed, duration))
    check_perturbed(stager.experiment)
    settings = stager.experiment.settings
    if out is None and not settings.save:
        raise InputError("settings.save is false: nothing would be kept; say where with --out")
    folder = RunFolder(out or settings.folder.with_name(f"{settings.sim_name}_perturb"))
    interrupted = False
    try:
        pairs = run_pairs(stager, trials, baseline_duration, dtype=dtype, progress=True)
    except PairsInterrupted as interruption:
        if interruption.finished is None:
            typer.echo("interrupted before the first pair was complete; nothing saved", err=True)
            raise typer.Exit(INTERRUPTED) from None
        pairs, interrupted = interruption.finished, True
    try:
        metadata = _save(folder, stager, pairs, baseline_duration, trials, dtype)
    except KeyboardInterrupt:
        typer.echo(f"interrupted while saving; the files in {folder.path} are whole, some may be missing", err=True)
        raise typer.Exit(INTERRUPTED) from None
    if as_json:
        typer.echo(json.dumps(metadata, indent=2, ensure_ascii=False))
    else:
        _print_summary(metadata)
    if interrupted:
        typer.echo(f"interrupted; {metadata['n_trials']} of {trials} pairs saved in {folder.path}", err=True)
        raise typer.Exit(INTERRUPTED)


def _save(
    folder: RunFolder,
    stager: StageSNNSimulation,
    pairs: PairedRuns,
    baseline_duration: float,
    n_trials: int,
    dtype: Precision,
) -> dict[str, Any]:
    from neuro_mod.execution.paired_runs_files import describe_pairs, save_pairs

    metadata = describe_pairs(stager, pairs, baseline_duration, dtype, n_trials)
    files = save_pairs(folder, stager, pairs, metadata)
    return metadata | {"files": [str(file) for file in files]}


def _print_summary(metadata: dict[str, Any]) -> None:
    from neuro_mod.execution.perturbing import in_words

    rows = {f"perturbation of {target}": in_words(target, about) for target, about in metadata["perturbations"].items()}
    for about in metadata["variance_ratios"]:
        if about["ratio"] is not None:
            label = f"variance of the difference, first {about['over_sec']:g} s"
            rows[label] = f"{about['ratio']:.3f} of that of independent runs"
    parted = f"parted after {metadata['baseline_duration_sec']:g} s"
    rows["pairs"] = f"{metadata['n_trials']} of {metadata['duration_sec']:g} s, {parted}"
    print_rows(rows)
    typer.echo()
    _print_table(metadata)
    for path in metadata["files"]:
        typer.echo(path)


def _print_table(metadata: dict[str, Any]) -> None:
    """Rates in Hz, of the populations on which something acts first, then of those with the largest differences."""
    targets = list(metadata["perturbations"])

    def rank(row: dict[str, Any]) -> tuple[bool, float]:
        return not any(row[f"delta_{target}"] for target in targets), -abs(row["difference_hz"])

    columns = {f"delta_{target}": f"delta {target}" for target in targets} | {
        "baseline_hz": "baseline",
        "perturbed_hz": "perturbed",
        "difference_hz": "difference",
        "standard_error_hz": "+-",
        "variance_ratio": "variance ratio",
    }
    rows = sorted(metadata["differences"], key=rank)
    print_table(
        ["population", *columns.values()],
        [
            [row["population"], *("" if row[key] is None else f"{row[key]:.3g}" for key in columns)]
            for row in rows[:_ROWS]
        ],
    )
    more = f"; {len(rows) - _ROWS} more populations in differences.csv" if len(rows) > _ROWS else ""
    begin, end = metadata["averaged_sec"]
    typer.echo(f"mean rates in Hz from {begin:g} to {end:g} s{more}")
