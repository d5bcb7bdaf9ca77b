"""``neuro-mod mean-field table``: make the response tables that a configuration needs."""

from __future__ import annotations

from pathlib import Path

import typer

from neuro_mod.cli.mean_field.shared import Time
from neuro_mod.cli.options import AsJson, Config, Overrides, load, print_json, print_table, print_text


def table(
    config: Config,
    overrides: Overrides = None,
    time: Time = None,
    as_json: AsJson = False,
) -> None:
    """Check the tables of the exact response that a configuration needs, and make those that are missing.

    Without it, a command makes a table when it first needs it, in half a minute to a minute.
    """
    from neuro_mod.execution.notices import notices_kept
    from neuro_mod.execution.response_tables import prepare_tables

    with notices_kept() as notices:
        prepared = prepare_tables(load(config, overrides, None), time)
    if as_json:
        print_json({"tables": [each._asdict() for each in prepared], "notices": notices})
    elif not prepared:
        print_text("no table is needed: without synaptic filtering, the shifted response is exact")
    else:
        print_table(
            [
                "tau_s/tau_m",
                "tau_ref/tau_m",
                "error of intervals",
                "of interval CVs",
                "file",
            ],
            [
                [
                    f"{each.synaptic_ratio:g}",
                    f"{each.refractory_ratio:g}",
                    f"{100 * each.interval_error:.2g} %",
                    f"{100 * each.cv_error:.2g} %",
                    Path(each.file).name if each.file else "none, in memory only",
                ]
                for each in prepared
            ],
        )
        for folder in sorted({str(Path(each.file).parent) for each in prepared if each.file}):
            typer.echo(f"files in {folder}")
