"""``neuro-mod mean-field bifurcation``: steady states over a parameter."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from neuro_mod.cli.mean_field.shared import (
    NZ,
    Active,
    Targets,
    Time,
    names_of,
    numbers_of_clusters,
    print_derivatives,
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
    given,
    load,
    print_results,
    print_table,
    print_text,
)


def bifurcation(
    config: Config,
    lower: Annotated[float, typer.Option("--from", metavar="VALUE", help="Smallest value of the parameter.")],
    upper: Annotated[float, typer.Option("--to", metavar="VALUE", help="Largest value.")],
    parameter: Annotated[
        str, typer.Option(metavar="KEY", help="A number of the configuration, as in --set: arousal.level, ...")
    ] = "architecture.clusters.j_potentiated[0]",
    active: Active = None,
    values: Annotated[
        int, typer.Option(metavar="N", min=2, help="Number of parameter values at which states are searched for.")
    ] = 5,
    targets: Targets = None,
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
    """Follow steady states over a parameter, with folds and losses of symmetry."""
    from neuro_mod.execution.stagers import BifurcationStager

    figures = figure_settings(file_format, style)
    experiment = load(config, overrides, seed, response=response, closure=closure, figures=figures)
    stager = BifurcationStager(experiment, perturbation_time=time, n_z=n_z)
    n_clusters = stager.circuit.populations.n_clusters
    followed = numbers_of_clusters(active, n_clusters)
    outputs = stager.execute(
        parameter=parameter,
        limits=(lower, upper),
        n_active=followed,
        n_values=values,
        out=out,
        force=force,
        **given({"targets": names_of(targets)}),
    )
    print_results(outputs["metadata"], as_json, _print_branches)


def _print_branches(metadata: dict[str, Any]) -> None:
    print_theory(metadata)
    print_table(
        ["branch", "active", "images", "from", "to", "stable", "ends"],
        [
            [
                str(number),
                ",".join(map(str, branch["n_active"])),
                str(branch["multiplicity"]),
                f"{branch['from']:.6g}",
                f"{branch['to']:.6g}",
                ", ".join(f"{begin:.6g} to {end:.6g}" for begin, end in branch["stable"]) or "nowhere",
                ", ".join(branch["ends"]),
            ]
            for number, branch in enumerate(metadata["branches"])
        ],
    )
    typer.echo()
    print_table(
        ["critical point", "branch", metadata["parameter"], "eigenvalues"],
        [
            [point["kind"], str(point["branch"]), f"{point['parameter']:.8g}", str(point["eigenvalues"])]
            for point in metadata["critical_points"]
        ],
    )
    print_text(f"branches: {len(metadata['branches'])}; {metadata['searched']}.")
    folds = [f"{each['parameter']:.8g}" for each in metadata["critical_points"] if each["kind"] == "fold"]
    unit = f"{metadata['parameter']} per unit; fold_sensitivities.csv"
    print_derivatives("fold at", folds, metadata["fold_sensitivities"], unit)
