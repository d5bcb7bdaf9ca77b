"""The commands of ``neuro-mod control``."""

from __future__ import annotations

import typer

from neuro_mod.cli.control.capacity import capacity
from neuro_mod.cli.control.design import design
from neuro_mod.cli.control.response import response
from neuro_mod.cli.failures import plain_failures
from neuro_mod.cli.help import Commands

app = typer.Typer(
    cls=Commands,
    help="Which perturbation does it: responses, design of a vector, capacity of a subspace.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command("response")(plain_failures()(response))
app.command("design")(plain_failures()(design))
app.command("capacity")(plain_failures()(capacity))
