"""``neuro-mod cluster``: files that describe the jobs of a computing cluster."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from neuro_mod.choices import BatchSystem
from neuro_mod.cli.failures import plain_failures
from neuro_mod.cli.help import Commands
from neuro_mod.cli.options import AsJson, WaitForWorkers, file, folder, print_json, print_text

if TYPE_CHECKING:
    from neuro_mod.execution.cluster_check import Report

app = typer.Typer(
    cls=Commands,
    help="Computing clusters: files that describe their jobs.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("init")
@plain_failures()
def init(
    scheduler: Annotated[BatchSystem, typer.Argument(metavar="SYSTEM", help="The batch system.")],
    path: Annotated[Path, typer.Argument(metavar="FILE", parser=file, help="File to write.")] = Path("cluster.yaml"),
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Write a cluster file with all keys and their meanings, and what is known of this computing cluster."""
    from neuro_mod.config.cluster_template import cluster_template
    from neuro_mod.execution.executors.batch.partitions import slurm_partitions
    from neuro_mod.execution.new_file import write_new

    partitions = slurm_partitions() if scheduler == "slurm" else []
    write_new(path, cluster_template(scheduler, partitions), replace=force, place="FILE")
    names = ", ".join(partition.name for partition in partitions)
    typer.echo(f"{path}: written{f'; partitions here: {names}' if names else ''}")


@app.command("check")
@plain_failures()
def check(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The cluster file.")],
    out: Annotated[
        Path, typer.Option(metavar="DIR", parser=folder, help="Folder for results, which the nodes have to see [.].")
    ] = Path(),
    wait_for_workers: WaitForWorkers = 120.0,
    as_json: AsJson = False,
) -> None:
    """Submit one short batch job, and say what it saw and whether a study would work."""
    from neuro_mod.cli.long_work import long_work
    from neuro_mod.config.cluster import load_cluster
    from neuro_mod.errors import InputError
    from neuro_mod.execution.cluster_check import try_cluster

    cluster = load_cluster(path)
    with long_work():
        report = try_cluster(cluster, out, wait_for_workers, progress=True)
    if as_json:
        print_json(report.to_json())
    else:
        _print_report(report)
    if report.failure is not None:
        raise report.failure
    if not report.works:
        wrong = ", ".join(dict.fromkeys(each.topic for each in report.findings if each.level == "error"))
        raise InputError(f"{path}: a study would not work ({wrong})")


def _print_report(report: Report) -> None:
    width = max((len(finding.topic) for finding in report.findings), default=0)
    for topic, text, level in report.findings:
        told = text if level == "ok" else f"{level}: {text}"
        print_text(f"{topic:<{width}}  {told}", " " * (width + 2))
    if report.works:
        print_text("a study would work")
