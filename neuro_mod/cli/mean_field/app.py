"""The commands of ``neuro-mod mean-field``."""

from __future__ import annotations

import typer

from neuro_mod.cli.failures import plain_failures
from neuro_mod.cli.help import Commands
from neuro_mod.cli.mean_field.bifurcation import bifurcation
from neuro_mod.cli.mean_field.fixed_points import fixed_points
from neuro_mod.cli.mean_field.landscape import landscape
from neuro_mod.cli.mean_field.sensitivity import sensitivity
from neuro_mod.cli.mean_field.spectrum import spectrum
from neuro_mod.cli.mean_field.table import table

app = typer.Typer(
    cls=Commands,
    help="The mean field of a configuration: steady states, landscapes, bifurcations, sensitivities, spectra.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command("fixed-points")(plain_failures()(fixed_points))
for command in (landscape, bifurcation, sensitivity, spectrum, table):
    app.command(command.__name__)(plain_failures()(command))
