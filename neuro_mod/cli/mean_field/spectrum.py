"""``neuro-mod mean-field spectrum``: linear response about a steady state."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from neuro_mod.cli.mean_field.shared import NZ, Time, cell, print_theory
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
    seconds,
)


def spectrum(
    config: Config,
    active: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Number of active clusters of the state [the only one].")
    ] = None,
    frequencies: Annotated[
        str | None, typer.Option(metavar="HZ,HZ", help="Frequencies in addition to 241 from 0 to 1000 Hz, as 12,60.")
    ] = None,
    window: Annotated[
        float, typer.Option(metavar="S", parser=seconds, help="Length of the windows in which rates covary [0.05].")
    ] = 0.05,
    delay: Annotated[
        float,
        typer.Option(metavar="S", parser=seconds, help="From a spike to its effect; half a time step of a simulation."),
    ] = 0.0,
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
    """Compute susceptibilities, and spectra and covariances of population rates, about a stable state.

    Needs the exact response: --response exact, or mean_field.response: exact in the configuration.
    """
    from neuro_mod.execution.stagers import SpectrumStager

    figures = figure_settings(file_format, style)
    experiment = load(config, overrides, seed, response=response, closure=closure, figures=figures)
    stager = SpectrumStager(experiment, perturbation_time=time, n_z=n_z)
    outputs = stager.execute(
        window=window,
        delay=delay,
        n_runs=starts,
        out=out,
        force=force,
        **given({"n_active": active, "frequencies": _frequencies(frequencies)}),
    )
    print_results(outputs["metadata"], as_json, _print_spectra)


def _print_spectra(metadata: dict[str, Any]) -> None:
    print_theory(metadata)
    state = metadata["state"]
    print_text(f"state: {state['kind']}, {state['n_active']} active")
    keys = ("rate_hz", "susceptibility", "susceptibility_in_network", "deviation_hz", "correlation")
    print_table(
        ["population", "rate", "susceptibility", "in network", "deviation", "correlation"],
        [[each["group"], *(cell(each[key]) for key in keys)] for each in metadata["groups"]],
    )
    print_text(
        "of one population of each group: rate in Hz; its change per slow change of the external rate, in Hz per Hz, "
        "without and with feedback; standard deviation of the rate in Hz, and correlation with another one of the "
        f"group, in windows of {metadata['window_sec']:g} s; all populations: spectra.csv, covariances.csv"
    )
    for note in metadata["notes"]:
        print_text(f"note: {note}", indent="  ")
    for caution in metadata["cautions"]:
        print_text(f"caution: {caution}", indent="  ")


def _frequencies(text: str | None) -> list[float] | None:
    from neuro_mod.errors import invalid

    try:
        return None if text is None else [float(each) for each in text.split(",")]
    except ValueError:
        raise invalid("--frequencies", text, "numbers in Hz like 1,10,100") from None
