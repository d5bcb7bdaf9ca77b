"""``neuro-mod mean-field sensitivity``: derivatives of steady states."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from neuro_mod.cli.mean_field.shared import (
    NZ,
    Active,
    Time,
    cell,
    complex_pair,
    names_of,
    numbers_of_clusters,
    print_theory,
)
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

#: States whose sensitivities are printed, at most.
_STATES = 3


def sensitivity(
    config: Config,
    targets: Annotated[
        str | None,
        typer.Option(metavar="NAME,NAME", help="Perturbed parameters, as rate,arousal_level [all 13]."),
    ] = None,
    active: Active = None,
    states: Annotated[str, typer.Option(metavar="stable|all", help="Which steady states.")] = "stable",
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
    """Compute how rates and eigenvalues of steady states change with a perturbation of each population."""
    from neuro_mod.execution.stagers import SensitivityStager

    figures = figure_settings(file_format, style)
    experiment = load(config, overrides, seed, response=response, closure=closure, figures=figures)
    stager = SensitivityStager(experiment, perturbation_time=time, n_z=n_z)
    outputs = stager.execute(
        targets=names_of(targets),
        n_active=numbers_of_clusters(active, stager.circuit.populations.n_clusters),
        states=states,
        n_runs=starts,
        out=out,
        force=force,
    )
    print_results(outputs["metadata"], as_json, _print_sensitivities)


def _print_sensitivities(metadata: dict[str, Any]) -> None:
    print_theory(metadata)
    shown = metadata["states"][:_STATES]
    for index, state in enumerate(shown):
        leading = f"{complex_pair(state['leading_eigenvalue'])} 1/s" + f", {state['leading_repeats']} times" * (
            state["leading_repeats"] > 1
        )
        print_text(f"state {index}: {state['kind']}, {state['n_active']} active, leading eigenvalue {leading}")
        effects = [each for each in metadata["effects"] if each["state"] == index and each["group"].startswith("E ")]
        groups = [key for key in effects[0] if key.endswith("_hz")] if effects else []
        print_table(
            ["target", "unit", "perturbed", *(key.removesuffix("_hz") for key in groups), "eigenvalue"],
            [
                [
                    each["target"],
                    each["unit"] or "1",
                    each["perturbed"] + "*" * each["one_sided"],
                    *(cell(each[key]) for key in (*groups, "leading_eigenvalue")),
                ]
                for each in effects
                if each["group"] != "E background"
            ],
        )
        typer.echo()
    print_text(
        "change per unit of the target: of rates, in Hz, of the perturbed population itself and, on average, of the "
        "others of each group; of the largest real part of the eigenvalues, in 1/s, while the target grows"
    )
    if any(state["leading_repeats"] > 1 for state in shown):
        print_text("equal eigenvalues part: the largest one need not fall when the sign of the change is reversed")
    if any(each["one_sided"] for each in metadata["effects"]):
        print_text("*: the parameter is at a bound, so that it can be changed to one side only")
    if metadata["n_marginal"]:
        print_text(
            f"left out: {metadata['n_marginal']} states with an eigenvalue of 0, where rates have no derivatives"
        )
    more = len(metadata["states"]) - len(shown)
    print_text(f"all populations{f' and {more} more states' if more else ''}: sensitivities.csv, sensitivities.npz")
