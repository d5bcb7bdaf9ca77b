"""``neuro-mod convert``: bring a configuration of the older layout into the present one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from neuro_mod.cli.options import file, print_text


def convert(
    old: Annotated[Path, typer.Argument(metavar="OLD.yaml", help="A configuration of the older layout.")],
    out: Annotated[
        Path | None, typer.Option(metavar="NEW.yaml", parser=file, help="File to write [standard output].")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Write a configuration of the older layout in the present one, with its comments, and print what was moved."""
    from neuro_mod.config.converting import convert as converted
    from neuro_mod.execution.new_file import write_new

    conversion = converted(old)
    if out is not None:
        write_new(out, conversion.text, replace=force)
    for change in conversion.changes or [f"{old}: nothing to move, the layout is the present one"]:
        print_text(change, "  ", err=out is None)
    typer.echo(conversion.text if out is None else f"{out}: written\n", nl=False)
