"""``neuro-mod perturb``: the effect of the perturbations of a configuration, from pairs of runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from neuro_mod.cli.group_table import print_about_means
from neuro_mod.cli.long_work import execution_of, results_folder, run_job
from neuro_mod.cli.options import (
    Address,
    AsJson,
    ClusterFile,
    Config,
    Dtype,
    Duration,
    Executor,
    Force,
    Format,
    From,
    MaxWorkers,
    OnFailure,
    Overrides,
    Seed,
    Shard,
    Style,
    To,
    WaitForWorkers,
    figure_settings,
    folder,
    load,
    print_rows,
    print_table,
    print_text,
    seconds,
)

#: Rows of the printed table, at most; the file has all.
_ROWS = 12


def perturb(
    config: Config,
    baseline_duration: Annotated[
        float, typer.Option(metavar="S", parser=seconds, help="Simulated seconds before the two runs of a pair part.")
    ] = 1.0,
    trials: Annotated[int, typer.Option(metavar="N", min=1, help="Number of pairs.")] = 20,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", parser=folder, help="Folder for results [settings.save_dir/settings.sim_name + _perturb]."
        ),
    ] = None,
    seed: Seed = None,
    duration: Duration = None,
    overrides: Overrides = None,
    executor: Executor = None,
    max_workers: MaxWorkers = None,
    address: Address = None,
    cluster: ClusterFile = None,
    wait_for_workers: WaitForWorkers = None,
    on_error: OnFailure = "continue",
    force: Force = False,
    shard: Shard = None,
    dtype: Dtype = "float32",
    file_format: Format = None,
    style: Style = None,
    t_from: From = None,
    t_to: To = None,
    as_json: AsJson = False,
) -> None:
    """Run the network of a configuration in pairs, without and with its perturbations.

    The runs of a pair continue from the same state under the same noise, so that they differ only by the effect of the
    perturbations. Times in the configuration count from there. Rerun the command to resume after an interruption, or
    with more trials.
    """
    from neuro_mod.execution.pairs.job import PairJob
    from neuro_mod.execution.stagers import StageSNNSimulation

    figures = figure_settings(file_format, style, t_from, t_to)
    stager = StageSNNSimulation(load(config, overrides, seed, duration, figures=figures))
    folder = results_folder(out, stager.experiment, "_perturb")
    execution = execution_of(executor, max_workers, address, cluster, wait_for_workers, on_error, force, shard)
    run_job(PairJob(stager, trials, baseline_duration, dtype), folder, execution, as_json, _print_summary)


def _print_summary(metadata: Mapping[str, Any]) -> None:
    from neuro_mod.execution.stagers.perturbations import summary_line

    rows = {
        f"perturbation of {target}": summary_line(target, about) for target, about in metadata["perturbations"].items()
    }
    for about in metadata["variance_ratios"]:
        if about["ratio"] is not None:
            label = f"variance of the difference, first {about['over_sec']:g} s"
            rows[label] = f"{about['ratio']:.3f} of that of independent runs"
    common = f"after {metadata['baseline_duration_sec']:g} s in common"
    rows["pairs"] = f"{metadata['n_trials']} of {metadata['duration_sec']:g} s, {common}"
    print_rows(rows)
    typer.echo()
    _print_table(metadata)
    _print_quantities(metadata)
    for path in metadata["files"]:
        typer.echo(path)


def _print_table(metadata: Mapping[str, Any]) -> None:
    """Rates in Hz: perturbed populations first, then those with the largest differences."""
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
    print_text(f"mean rates in Hz from {begin:g} to {end:g} s{more}")


def _print_quantities(metadata: Mapping[str, Any]) -> None:
    """Quantities of clusters and states that are defined in both runs."""
    known = [row for row in metadata["quantities"] if row["difference"] is not None]
    if not known:
        return
    columns = {"baseline": "baseline", "perturbed": "perturbed", "difference": "difference", "standard_error": "+-"}
    typer.echo()
    print_table(
        ["quantity", *columns.values(), "unit"],
        [
            [row["quantity"], *("" if row[key] is None else f"{row[key]:.3g}" for key in columns), row["unit"]]
            for row in known
        ],
    )
    print_about_means(row["quantity"] for row in known)
    print_text(f"of {metadata['active']}, in the same time; each cluster in occupancy_differences.csv")
