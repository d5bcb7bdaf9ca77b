"""``neuro-mod control design``: the perturbation within a budget that serves a goal best."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neuro_mod.choices import DesignTarget, VectorNorm
from neuro_mod.cli import completion
from neuro_mod.cli.options import (
    AsJson,
    Dtype,
    Force,
    Format,
    InputClosure,
    Overrides,
    Response,
    Seed,
    Style,
    figure_settings,
    folder,
    load,
    named,
    print_rows,
    print_table,
    print_text,
    seconds,
)

if TYPE_CHECKING:
    from neuro_mod.config import Experiment


def design(
    config: Annotated[
        str,
        typer.Argument(
            metavar="CONFIG|DIR",
            help="The configuration, or the folder of a finished control response.",
            autocompletion=completion.configurations,
        ),
    ],
    budget: Annotated[
        float, typer.Option(metavar="X", help="Largest norm of the perturbation, in the unit of the target.")
    ],
    make: Annotated[
        str, typer.Option(metavar="STATE", help="The state, such as E0+E1+E2: its clusters active, no other.")
    ] = "",
    goal: Annotated[
        str,
        typer.Option(
            "--raise",
            metavar="GOAL",
            help="What is raised: probability (of the state), occupancy (of its clusters, whatever the others do), "
            'duration (of the state), or "switch E3 on".',
        ),
    ] = "probability",
    target: Annotated[DesignTarget, typer.Option(help="What is perturbed.")] = "rate",
    norm: Annotated[VectorNorm, typer.Option(help="Norm that the budget limits.")] = "l2",
    zero_sum: Annotated[bool, typer.Option("--zero-sum", help="Require the entries to sum to zero.")] = False,
    only: Annotated[
        str,
        typer.Option(
            metavar="LIST", help="Populations that may be perturbed, such as E0:E11,I_background [all, E and I]."
        ),
    ] = "",
    modes: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Vectors that span the allowed ones, in rows: .npy, .npz or .csv."),
    ] = None,
    iterations: Annotated[int, typer.Option(metavar="N", min=1, help="Vectors that the climb measures.")] = 10,
    iteration_trials: Annotated[int, typer.Option(metavar="N", min=4, help="Trials of each.")] = 80,
    iteration_duration: Annotated[
        float, typer.Option(metavar="S", parser=seconds, help="Seconds of each of these trials.")
    ] = 20.0,
    verify_trials: Annotated[
        int, typer.Option(metavar="N", min=2, help="Trials in which each direction is verified.")
    ] = 20,
    verify_duration: Annotated[
        float, typer.Option(metavar="S", parser=seconds, help="Seconds of each of these trials.")
    ] = 10.0,
    least_states: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=1,
            help="With fewer states, each with 0.2% of the time, a network is not metastable.",
        ),
    ] = 3,
    noise_seed: Annotated[
        int | None, typer.Option(metavar="N", help="Root of the noise of all runs [that of the network].")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", parser=folder, help="Folder for results [settings.save_dir/settings.sim_name + _design]."
        ),
    ] = None,
    seed: Seed = None,
    overrides: Overrides = None,
    response: Response = None,
    closure: InputClosure = None,
    max_workers: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Number of trials at once [one for each core].")
    ] = None,
    force: Force = False,
    dtype: Dtype = "float32",
    file_format: Format = None,
    style: Style = None,
    as_json: AsJson = False,
) -> None:
    """Find the perturbation that serves a goal best within a budget, and verify it in other runs.

    The climb starts at the mean field's direction and follows gradients that are measured in new runs of the same
    network. The result is verified beside the naive direction, the mean field's, and a random one of the same norm,
    and saved as design.yaml, ready for neuro-mod run. Rerun the command to go on after an interruption, or with more
    iterations or trials.
    """
    from neuro_mod.cli.long_work import long_work, results_folder
    from neuro_mod.execution.control.design.inputs import load_modes, responses_in
    from neuro_mod.execution.control.design.problem import DesignOptions
    from neuro_mod.execution.control.design.run import run_design

    experiment = _experiment(config, overrides, seed, response, closure)
    experiment = experiment.replace(figure_settings(file_format, style))
    options = DesignOptions(
        make=make,
        goal=goal,
        target=target,
        norm=norm,
        budget=budget,
        zero_sum=zero_sum,
        only=only,
        iterations=iterations,
        iteration_trials=iteration_trials,
        iteration_duration=iteration_duration,
        verify_trials=verify_trials,
        verify_duration=verify_duration,
        least_states=least_states,
        noise_seed=noise_seed,
        dtype=dtype,
    )
    vectors = None if modes is None else load_modes(modes, experiment.populations)
    path = results_folder(out, experiment, "_design")
    responses = responses_in(Path(config))
    with long_work():
        metadata = run_design(
            experiment,
            options,
            path,
            modes=vectors,
            responses=responses,
            n_threads=max_workers,
            force=force,
            progress=True,
        )
    if as_json:
        from neuro_mod.cli.options import print_json

        print_json(metadata)
    else:
        _print_summary(metadata)


def _experiment(
    config: str, overrides: list[str] | None, seed: int | None, response: str | None, closure: str | None
) -> Experiment:
    """The configuration, or that of a folder of results."""
    from neuro_mod.config.loading import located

    source = named(config)
    if located(source, or_folder=True).is_dir():
        from neuro_mod.execution.control.design.inputs import config_of_folder

        source = config_of_folder(Path(config))
    return load(source, overrides, seed, response=response, closure=closure)


def _print_summary(metadata: Mapping[str, Any]) -> None:
    from neuro_mod.execution.control.design.results import described_design

    print_rows(described_design(metadata))
    typer.echo()
    columns = {
        "size": metadata["norm"],
        "predicted": "predicted",
        "predicted_low": "from",
        "predicted_high": "to",
        "verified": "verified",
        "standard_error": "+-",
        "gain": "gain",
        "gain_error": "+-",
        "beside_naive": "beside naive",
        "beside_naive_error": "+-",
        "times_seen": "seen",
        "states": "states",
    }
    print_table(
        ["direction", *columns.values()],
        [[row["direction"], *(_number(row[key]) for key in columns)] for row in metadata["table"]],
    )
    print_text(
        "predicted: by gradients of the climb at nearby vectors, if any, from one standard error below to one above"
    )
    print_text("verified: in runs that the design has not seen")
    typer.echo()
    _print_leakage(metadata["leakage"])
    for line in metadata["findings"]:
        print_text(f"note: {line}", indent="  ")
    for path in metadata["files"]:
        if "/data/measured_" not in path:
            typer.echo(path)


def _print_leakage(rows: list[Mapping[str, Any]]) -> None:
    """Shares of time, a line for each role and a column for each multiple of the design."""
    roles = list(dict.fromkeys(row["role"] for row in rows))
    amplitudes = list(dict.fromkeys(row["amplitude"] for row in rows))
    shares = {(row["amplitude"], row["role"]): row["share"] for row in rows}
    states = {row["amplitude"]: row["states"] for row in rows}
    print_table(
        ["share of time in states with", *(f"{amplitude:g}" for amplitude in amplitudes)],
        [
            *([role, *(f"{shares[amplitude, role]:.3f}" for amplitude in amplitudes)] for role in roles),
            ["number of states", *(str(states[amplitude]) for amplitude in amplitudes)],
        ],
    )
    print_text("leakage: what else gains, by what it shares with the state, at multiples of the design")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"
