"""``neuro-mod mean-field landscape``: force and potential of a few populations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from neuro_mod.cli.mean_field.shared import NZ, Targets, Time, names_of, print_derivatives, print_theory
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
    print_rows,
    print_table,
    print_text,
)


def landscape(
    config: Config,
    focus: Annotated[str, typer.Option(metavar="POPS", help="Focus populations, by index or name.")] = "E0,E1",
    grid_density: Annotated[float, typer.Option(metavar="HZ", help="Distance between grid points.")] = 0.5,
    grid_lims: Annotated[tuple[float, float], typer.Option(metavar="HZ HZ", help="Lowest and highest rate.")] = (0, 60),
    path: Annotated[
        str,
        typer.Option(
            metavar="PATH", help="Path of the potential: minimum_force, straight, or rates in Hz like 5,52:30,30:52,5."
        ),
    ] = "minimum_force",
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
    """Compute the landscape that focus populations see, all others in equilibrium with them."""
    from neuro_mod.execution.stagers import ReducedMeanFieldStager

    figures = figure_settings(file_format, style)
    experiment = load(config, overrides, seed, response=response, closure=closure, figures=figures)
    stager = ReducedMeanFieldStager(experiment, perturbation_time=time, n_z=n_z)
    outputs = stager.execute(
        focus_pops=_populations(focus),
        grid_density=grid_density,
        grid_lims=grid_lims,
        path=_path(path),
        progress=True,
        out=out,
        force=force,
        **given({"targets": names_of(targets)}),
    )
    print_results(outputs["metadata"], as_json, _print_landscape)


def _print_landscape(metadata: dict[str, Any]) -> None:
    print_theory(metadata)
    names = metadata["focus_pops"]
    print_table(
        ["state", "kind", "all populations", "on the grid", *names],
        [
            [
                str(index),
                state["kind"],
                state["full_kind"],
                "yes" if state["on_grid"] else "NO",
                *(f"{state[f'{name}_hz']:.3f}" for name in names),
            ]
            for index, state in enumerate(metadata["states"])
        ],
    )
    print_text("rates in Hz; kinds with all other populations in equilibrium, and with all in motion")
    print_text(f"states were {metadata['searched']}")
    print_text("on the grid: the others are in the equilibrium that the grid has there")
    for note in metadata["notes"]:
        print_text(f"note: {note} (--grid-lims)", indent="  ")
    rows = {
        f"barrier, state {barrier['well']} to saddle {barrier['saddle']}": f"{barrier['height_hz2']:.5g} Hz^2"
        for barrier in metadata["barriers"]
    }
    rows["potential along"] = f"the {metadata['path']}; {metadata['quadrature']}"
    points = metadata["grid_points"]
    for key, label in (("unknown", "not found"), ("ambient_unstable", "unstable")):
        if number := metadata[f"grid_points_{key}"]:
            rows[f"others' equilibrium {label}"] = f"at {number} of {points} grid points"
    for where in ("grid", "path"):
        if number := metadata[f"jumps_on_{where}"]:
            rows[f"others jump on the {where}"] = f"between {number} pairs of neighbouring points"
    rows["largest curl"] = f"{metadata['largest_curl']:.3g} (0 for a gradient: else the potential depends on the path)"
    print_rows(rows)
    barriers = [f"{each['well']} to {each['saddle']}" for each in metadata["barriers"]]
    print_derivatives(
        "barrier", barriers, metadata["barrier_sensitivities"], "Hz^2 per unit; barrier_sensitivities.csv"
    )


def _populations(text: str) -> list[int | str]:
    names = [name.strip() for name in text.split(",")]
    return [int(name) if name.isdecimal() else name for name in names]


def _path(text: str) -> str | Sequence[Sequence[float]]:
    from neuro_mod.errors import invalid

    if ":" not in text:
        return text
    try:
        return [[float(rate) for rate in point.split(",")] for point in text.split(":")]
    except ValueError:
        raise invalid("--path", text, "rates like 5,52:30,30:52,5") from None
