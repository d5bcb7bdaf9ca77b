"""``neuro-mod compare``: steady states of the mean field and simulated rates of the same configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from neuro_mod.cli.comparison_summary import print_comparison
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
    InputClosure,
    MaxWorkers,
    OnFailure,
    Overrides,
    Response,
    Seed,
    Shard,
    Style,
    WaitForWorkers,
    figure_settings,
    folder,
    load,
    seconds,
)


def compare(
    config: Config,
    trials: Annotated[int, typer.Option(metavar="N", min=1, help="Simulations, each of a network of its own.")] = 4,
    settling: Annotated[
        float, typer.Option(metavar="S", parser=seconds, help="Simulated seconds that are dropped before the others.")
    ] = 0.5,
    n_z: Annotated[
        int | None,
        typer.Option(metavar="Q", min=1, help="Values of z over which the mean field averages arousal [12 or 1]."),
    ] = None,
    theories: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Theories beside that of the configuration, as exact/renewal,shifted/renewal [all four, without the "
            "exact ones if more than two response tables are missing].",
        ),
    ] = None,
    response: Response = None,
    closure: InputClosure = None,
    step_check: Annotated[
        bool, typer.Option("--step-check", help="Also simulate each network with a fifth of the time step.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", parser=folder, help="Folder for results [settings.save_dir/settings.sim_name + _compare]."
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
    as_json: AsJson = False,
) -> None:
    """Compare steady states of the mean field with simulated rates of the same configuration.

    Gives mean rates of groups of neurons, and their interval CVs, in simulations and in four theories: shifted or
    exact response, Poisson or renewal input. For the theory of the configuration it also gives all stable states, and
    how far the network is from what that theory assumes. Times in the configuration count from the end of the settling.
    Rerun the command to resume after an interruption, with more trials, or with other theories.
    """
    from neuro_mod.execution.comparison.job import ComparisonJob

    figures = figure_settings(file_format, style)
    experiment = load(config, overrides, seed, duration, response=response, closure=closure, figures=figures)
    folder = results_folder(out, experiment, "_compare")
    execution = execution_of(executor, max_workers, address, cluster, wait_for_workers, on_error, force, shard)
    names = None if theories is None else [name.strip() for name in theories.split(",")]
    job = ComparisonJob(experiment, trials, settling, n_z, dtype, theories=names, step_check=step_check)
    run_job(job, folder, execution, as_json, print_comparison)
