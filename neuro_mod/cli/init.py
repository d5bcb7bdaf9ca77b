"""``neuro-mod init``: the files with which a study begins."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from neuro_mod.cli.options import folder, print_rows


def init(
    path: Annotated[
        Path, typer.Argument(metavar="DIR", parser=folder, help="Folder of the study; made if it does not exist.")
    ],
) -> None:
    """Begin a study: write a configuration, a sweep over it, a notebook, and the commands to type next."""
    from neuro_mod.config.study import NEXT_STEPS, study_files
    from neuro_mod.execution.new_file import write_all_new

    files = study_files()
    write_all_new(path, {file.name: file.text for file in files}, place="DIR")
    print_rows({str(path / file.name): file.meaning for file in files})
    here = [] if path == Path() else [f"cd {shlex.quote(str(path))}"]
    typer.echo("\nTo begin, type:")
    for command in (*here, NEXT_STEPS[0][0]):
        typer.echo(f"  {command}")
