"""``neuro-mod mean-field fixed-points``: steady states."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from neuro_mod.cli.mean_field.shared import MAX_ROWS, NZ, Time, columns_of_groups, complex_pair, print_theory
from neuro_mod.cli.options import (
    AsJson,
    Config,
    Force,
    Format,
    InputClosure,
    Out,
    Overrides,
    Response,
    Seed,
    Style,
    figure_settings,
    load,
    print_results,
    print_table,
    print_text,
)


def fixed_points(
    config: Config,
    starts: Annotated[int, typer.Option(metavar="N", min=0, help="Number of random starts.")] = 100,
    out: Out = None,
    seed: Seed = None,
    overrides: Overrides = None,
    time: Time = None,
    n_z: NZ = 1,
    response: Response = None,
    closure: InputClosure = None,
    force: Force = False,
    file_format: Format = None,
    style: Style = None,
    as_json: AsJson = False,
) -> None:
    """Find all steady states, with their stability."""
    from neuro_mod.execution.stagers import FullMeanFieldStager

    figures = figure_settings(file_format, style)
    experiment = load(config, overrides, seed, response=response, closure=closure, figures=figures)
    stager = FullMeanFieldStager(experiment, perturbation_time=time, n_z=n_z)
    print_results(stager.execute(n_runs=starts, out=out, force=force)["metadata"], as_json, _print_states)


def _print_states(metadata: dict[str, Any]) -> None:
    print_theory(metadata)
    states = metadata["states"][:MAX_ROWS]
    alike = all(state["active"] == list(range(state["n_active"])) for state in metadata["states"])
    active = [str(each["n_active"]) if alike else ",".join(map(str, each["active"])) or "none" for each in states]
    kinds, images = [state["kind"] for state in states], [str(state["multiplicity"]) for state in states]
    rates, leading = (
        columns_of_groups(states, "_hz", ".3f"),
        [complex_pair(state["leading_eigenvalue"]) for state in states],
    )
    print_table(
        ["state", "active", "images", *rates, "eigenvalue"],
        list(zip(kinds, active, images, *rates.values(), leading, strict=True)),
    )
    hidden = len(metadata["states"]) - len(states)
    more = f"; {hidden} more states in fixed_points.csv" if hidden else ""
    print_text(f"mean rates in Hz; leading eigenvalue in 1/s{more}")
    cvs = columns_of_groups(states, "_cv", ".3f")
    if any(map(any, cvs.values())):
        typer.echo()
        print_table(["interval CV", "active", *cvs], list(zip(kinds, active, *cvs.values(), strict=True)))
    found = f"{metadata['n_distinct']} distinct, {metadata['n_stable']} stable"
    print_text(f"steady states: {found}. Searched: {metadata['searched']}.")
