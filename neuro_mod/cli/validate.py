"""``neuro-mod validate``: check configurations, sweeps and cluster files without running anything."""

from __future__ import annotations

from typing import Annotated

import typer

from neuro_mod.cli import completion
from neuro_mod.cli.options import Overrides, named, print_text


def validate(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE",
            help="Files to check, or names from neuro-mod configs.",
            autocompletion=completion.configurations_and_sweeps,
        ),
    ],
    overrides: Overrides = None,
) -> None:
    """Check configurations, sweeps and cluster files."""
    from neuro_mod.config import load_experiment
    from neuro_mod.config.cluster import is_cluster_file, load_cluster
    from neuro_mod.config.sweep import is_sweep, load_sweep
    from neuro_mod.errors import ConfigError, Problem

    problems: list[Problem] = []
    for file in files:
        try:
            if is_sweep(file):
                sweep = load_sweep(file, overrides or ())
                typer.echo(f"{file}: valid ({len(sweep.points)} points, {sweep.n_runs} runs)")
                continue
            if is_cluster_file(file):
                cluster = load_cluster(file)
                job = f"{cluster.cores} cores, {cluster.memory_text}, {cluster.walltime_text}"
                typer.echo(f"{file}: valid (jobs of {job})")
                continue
            experiment = load_experiment(named(file), overrides or ())
        except ConfigError as error:
            problems += error.problems
            continue
        populations, duration = experiment.populations, experiment.init_params.duration_sec
        sizes = f"{populations.n_clusters} clusters, {experiment.architecture.network.n_neurons} neurons"
        typer.echo(f"{file}: valid ({sizes}, {duration:g} s)")
        for warning in experiment.warnings:
            print_text(f"{file}: WARNING {warning}", "  ", err=True)
    if problems:
        raise ConfigError(problems)
