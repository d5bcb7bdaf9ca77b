"""``neuro-mod gather``: join the shards of a study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from neuro_mod.cli.long_work import long_work
from neuro_mod.cli.options import Analysis, AsJson, print_json, print_rows
from neuro_mod.cli.repeats import analyse_repeats


def gather(
    study: Annotated[Path, typer.Argument(metavar="STUDY", help="The folder of the study, which has shards/ in it.")],
    analysis: Analysis = True,
    as_json: AsJson = False,
) -> None:
    """Join the shards of repeat, sweep, perturb or compare, once all are done.

    The folder of the study then is as if there had been no shards, and these are removed. If items are missing, nothing
    is removed, and the command says which, and how to do them; the exit code is 3.
    """
    from neuro_mod.checks import user_path
    from neuro_mod.execution.gathering import gather_job, gathered, job_of_shards
    from neuro_mod.execution.repeats.job import RepeatJob
    from neuro_mod.execution.sweep.from_file import shared_files

    study = user_path(study)
    with long_work():
        job = job_of_shards(study)
        metadata = gathered(study) if job is None else gather_job(job, study, progress=True)
        if analysis and isinstance(job, RepeatJob):
            metadata["analysis"] = analyse_repeats(study, job.experiment, job.plot_arg)
    if as_json:
        print_json(metadata)
        return
    n_items = "nothing was left to join" if job is None else f"all {len(job.items)} {job.nouns[1]} are there"
    print_rows({"gathered": n_items, "saved in": str(study)})
    for file in [*shared_files(metadata), *((metadata.get("analysis") or {}).get("files", ()))]:
        typer.echo(file)
