"""``neuro-mod validate``: check configuration files without running them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from neuro_mod.cli.options import Overrides


def validate(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Configurations to check.")],
    overrides: Overrides = None,
) -> None:
    """Check configuration files."""
    from neuro_mod.config import ConfigError, Problem, load_experiment

    problems: list[Problem] = []
    for file in files:
        try:
            experiment = load_experiment(file, overrides or ())
        except ConfigError as error:
            problems += error.problems
            continue
        populations, duration = experiment.populations, experiment.init_params.duration_sec
        sizes = f"{populations.n_clusters} clusters, {experiment.architecture.network.n_neurons} neurons"
        typer.echo(f"{file}: valid ({sizes}, {duration:g} s)")
    if problems:
        raise ConfigError(problems)
