"""The ``neuro-mod`` command."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from typing import Annotated

import typer

from neuro_mod.cli.analyze import analyze
from neuro_mod.cli.cluster import app as cluster
from neuro_mod.cli.compare import compare
from neuro_mod.cli.compile import compile_kernels
from neuro_mod.cli.configs import configs
from neuro_mod.cli.control.app import app as control
from neuro_mod.cli.convert import convert
from neuro_mod.cli.decode import decode
from neuro_mod.cli.explore import explore
from neuro_mod.cli.failures import plain_failures
from neuro_mod.cli.gather import gather
from neuro_mod.cli.help import Commands
from neuro_mod.cli.init import init
from neuro_mod.cli.mean_field.app import app as mean_field
from neuro_mod.cli.perturb import perturb
from neuro_mod.cli.repeats import command as repeat_command
from neuro_mod.cli.run import run
from neuro_mod.cli.schema import schema
from neuro_mod.cli.sweep import sweep
from neuro_mod.cli.tune import tune
from neuro_mod.cli.validate import validate
from neuro_mod.core.compilation_watch import compiled_elsewhere
from neuro_mod.execution.compilation_shown import compilation_shown

app = typer.Typer(
    name="neuro-mod",
    cls=Commands,
    help="Clustered spiking networks, their mean field, and vectorial neuromodulation.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("init")(plain_failures()(init))
app.command("configs")(plain_failures()(configs))
app.command("run")(plain_failures()(run))
app.command("explore")(plain_failures()(explore))
app.command("repeat")(plain_failures()(repeat_command()))
app.command("perturb")(plain_failures()(perturb))
app.command("sweep")(plain_failures()(sweep))
app.add_typer(mean_field, name="mean-field")
app.add_typer(control, name="control")
app.command("compare")(plain_failures()(compare))
app.command("tune")(plain_failures()(tune))
app.command("gather")(plain_failures()(gather))
app.command("analyze")(plain_failures()(analyze))
app.command("decode")(plain_failures()(decode))
app.add_typer(cluster, name="cluster")
app.command("validate")(plain_failures()(validate))
app.command("convert")(plain_failures()(convert))
app.command("schema")(plain_failures()(schema))
app.command("compile")(plain_failures()(compile_kernels))


def _print_version(wanted: bool) -> None:
    if wanted:
        from neuro_mod import __version__

        typer.echo(f"neuro-mod {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line."""
    # The many objects of imported modules live to the end: looking for garbage among them costs 0.5 s a command.
    gc.set_threshold(200_000)
    atexit.register(gc.freeze)
    try:
        with plain_failures(), compilation_shown():
            app()
    except SystemExit as end:
        if compiled_elsewhere():  # after Ctrl-C: the process would wait for the compiler
            sys.stderr.flush()
            os._exit(end.code if isinstance(end.code, int) else 0)
        raise


if __name__ == "__main__":
    main()
