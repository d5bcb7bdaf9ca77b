"""``neuro-mod configs``: the configurations and sweeps that come with the package."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from neuro_mod.cli import completion
from neuro_mod.cli.options import AsJson, file, print_json, print_text

if TYPE_CHECKING:
    from neuro_mod.config.shipped import Shipped

#: Columns of the printed table.
_WIDTH = 80


def configs(
    copy: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Write one of them to a file, to change it.", autocompletion=completion.shipped
        ),
    ] = None,
    to: Annotated[
        Path | None, typer.Option(metavar="FILE", parser=file, help="With --copy: the file [NAME.yaml, here].")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="With --copy: replace an existing file.")] = False,
    show: Annotated[
        str | None, typer.Option(metavar="NAME", help="Print one of them.", autocompletion=completion.shipped)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the configurations and sweeps that come with neuro-mod; commands take their names in place of a file."""
    from neuro_mod.config.shipped import shipped_file, shipped_files, shipped_folder
    from neuro_mod.errors import DataError, InputError

    given = {"--copy": copy is not None, "--show": show is not None, "--json": as_json}
    if sum(given.values()) > 1:
        found = " and ".join(option for option, there in given.items() if there)
        raise InputError(f"{found} found; expected one of them")
    if copy is None and (to is not None or force):
        raise InputError(f"{'--to' if to is not None else '--force'}: found without --copy; expected both, or neither")
    if copy is not None:
        _copy(shipped_file(copy, "--copy"), to, replace=force)
    elif show is not None:
        typer.echo(shipped_file(show, "--show").text, nl=False)
    elif not (files := list(shipped_files().values())):
        raise DataError(f"{shipped_folder()}: no configurations found; expected those of neuro_mod; install it again")
    elif as_json:
        print_json([{"name": each.name, "description": each.description, "path": str(each.path)} for each in files])
    else:
        _print_table(files)


def _copy(source: Shipped, to: Path | None, *, replace: bool) -> None:
    from neuro_mod.execution.new_file import write_new

    path = to or Path(f"{Path(source.name).name}.yaml")
    write_new(path, source.text, replace=replace, place="--to")
    typer.echo(f"{path}: written")


def _print_table(files: list[Shipped]) -> None:
    """Print names and descriptions, in lines of at most 80 columns."""
    width = max(len(each.name) for each in files) + 2
    for each in files:
        wrapped = textwrap.wrap(each.description, _WIDTH - width) or [""]
        for name, line in zip([each.name, *[""] * len(wrapped)], wrapped, strict=False):
            typer.echo(f"{name:<{width}}{line}")
    typer.echo()
    print_text("Commands take these names: neuro-mod run default. To change one, see --copy.")
