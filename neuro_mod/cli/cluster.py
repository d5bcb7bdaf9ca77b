"""``neuro-mod cluster``: files that describe the jobs of a computing cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from neuro_mod.choices import BatchSystem
from neuro_mod.cli.failures import plain_failures
from neuro_mod.cli.options import file

app = typer.Typer(
    help="Computing clusters: files that describe their jobs.", no_args_is_help=True, rich_markup_mode=None
)


@app.callback()
def _commands() -> None:
    pass  # without it, an app of a single command has no name for it


@app.command("init")
@plain_failures()
def init(
    scheduler: Annotated[BatchSystem, typer.Argument(help="The batch system.")],
    path: Annotated[Path, typer.Argument(metavar="[FILE]", parser=file, help="File to write.")] = Path("cluster.yaml"),
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Write a cluster file with all keys and their meanings, and what is known of this computing cluster."""
    from neuro_mod.config.cluster_template import cluster_template
    from neuro_mod.execution.new_file import write_new
    from neuro_mod.execution.partitions import slurm_partitions

    partitions = slurm_partitions() if scheduler == "slurm" else []
    write_new(path, cluster_template(scheduler, partitions), replace=force, place="FILE")
    names = ", ".join(partition.name for partition in partitions)
    typer.echo(f"{path}: written{f'; partitions here: {names}' if names else ''}")
