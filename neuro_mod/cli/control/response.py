"""``neuro-mod control response``: what shifts of the external rates would do, from runs without any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from neuro_mod.choices import ScoreTarget
from neuro_mod.cli.analysis_options import (
    KernelShape,
    KernelWidth,
    LowThreshold,
    Method,
    Threshold,
    threshold_parameters,
)
from neuro_mod.cli.long_work import execution_of, results_folder, run_job
from neuro_mod.cli.options import (
    Address,
    AsJson,
    ClusterFile,
    Config,
    Dtype,
    Duration,
    Executor,
    Force,
    Format,
    MaxWorkers,
    OnFailure,
    Overrides,
    Seed,
    Shard,
    Style,
    WaitForWorkers,
    figure_settings,
    folder,
    given,
    load,
    print_rows,
    print_table,
    print_text,
    seconds,
)

#: States in the printed table, at most.
_ROWS = 6


def response(
    config: Config,
    trials: Annotated[int, typer.Option(metavar="N", min=1, help="Number of trials of the network.")] = 20,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", parser=folder, help="Folder for results [settings.save_dir/settings.sim_name + _response]."
        ),
    ] = None,
    duration: Duration = None,
    window: Annotated[
        list[float] | None,
        typer.Option(
            metavar="S",
            parser=seconds,
            help="Seconds from the beginning of a shift to the observation; repeatable [0.2, 0.5, 1, 1.6].",
        ),
    ] = None,
    settle: Annotated[
        float, typer.Option(metavar="S", parser=seconds, help="Seconds of each trial before the first observation.")
    ] = 1.0,
    states: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STATES",
            help="States, such as 0+1+2 or a list with commas, whose probabilities are observed; repeatable [the 12 "
            "seen most].",
        ),
    ] = None,
    observable: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODULE:FUNCTION",
            help="A function of yours that is given a trial and returns numbers for each of its bins; repeatable.",
        ),
    ] = None,
    target: Annotated[
        ScoreTarget,
        typer.Option(help="What is shifted: the external rate, or the rate that arousal adds, times each neuron's z."),
    ] = "rate",
    pooled: Annotated[
        bool, typer.Option("--pooled/--each", help="Print means over clusters, or each cluster; files have both.")
    ] = True,
    method: Method = "two_state",
    threshold: Threshold = None,
    low_threshold: LowThreshold = None,
    kernel: KernelShape = "gaussian",
    kernel_width: KernelWidth = None,
    seed: Seed = None,
    overrides: Overrides = None,
    executor: Executor = None,
    max_workers: MaxWorkers = None,
    address: Address = None,
    cluster: ClusterFile = None,
    wait_for_workers: WaitForWorkers = None,
    on_error: OnFailure = "continue",
    force: Force = False,
    shard: Shard = None,
    dtype: Dtype = "float32",
    file_format: Format = None,
    style: Style = None,
    as_json: AsJson = False,
) -> None:
    """Estimate how occupancies, states, switching and rates respond to small shifts of the external rates.

    Nothing is perturbed: the noise of the trials of one network has the gradient of every observable with respect to
    every population. Rerun the command with other windows, states or observables, or with more trials: finished
    trials are not simulated again.
    """
    from neuro_mod.execution.control.response.job import ResponseJob
    from neuro_mod.execution.control.response.observing import Observing
    from neuro_mod.execution.stagers import StageSNNSimulation

    figures = figure_settings(file_format, style)
    stager = StageSNNSimulation(load(config, overrides, seed, duration, figures=figures))
    observing = Observing.of(
        {
            **({"windows": window} if window else {}),
            "settle": settle,
            "target": target,
            "method": method,
            "parameters": threshold_parameters(method, {"--threshold": threshold, "--low-threshold": low_threshold}),
            "kernel": kernel,
            **given({"kernel_width_ms": kernel_width}),
        }
    )
    names = [name for text in states or () for name in text.split(",")]
    job = ResponseJob(stager, trials, observing, states=names, observables=observable or (), dtype=dtype)
    place = results_folder(out, stager.experiment, "_response")
    execution = execution_of(executor, max_workers, address, cluster, wait_for_workers, on_error, force, shard)
    run_job(job, place, execution, as_json, lambda metadata: _print_summary(metadata, "pooled" if pooled else "own"))


def _print_summary(metadata: Mapping[str, Any], table: str) -> None:
    thresholds = metadata["thresholds_hz"]
    low, high = min(thresholds), max(thresholds)
    between = f"{low:.3g} Hz" if low == high else f"{low:.3g} to {high:.3g} Hz"
    method = metadata["observing"]["method"]
    found = ", no two states found" if method == "two_state" and not metadata["two_states_found"] else ""
    rows = {
        "trials": f"{metadata['n_trials']} of {metadata['duration_sec']:g} s, {metadata['observed_sec']:g} s observed",
        "active clusters": f"{method}: above {between} in all trials{found}",
        "states seen most": ", ".join(
            f"{state['state']} ({100 * state['share']:.3g} %, {state['visits']} visit{'s' * (state['visits'] != 1)})"
            for state in metadata["states"][:_ROWS]
        ),
        "acausal check": ", ".join(
            f"{row['window_sec']:g} s: {row['rms_z']:.2f}" for row in metadata["acausal"] if row["rms_z"] is not None
        )
        + " (root mean square of z, 1 but for chance)",
    }
    if metadata["perturbed"]:
        rows["perturbation"] = f"of {', '.join(metadata['perturbed'])}, in all trials"
    if all(row["rms_z"] is None for row in metadata["acausal"]):
        del rows["acausal check"]
    print_rows(rows)
    typer.echo()
    _print_responses(metadata[table], metadata["observing"]["target"])
    for note in metadata["notes"]:
        print_text(f"note: {note}", indent="  ")
    for path in metadata["files"]:
        typer.echo(path)


def _print_responses(rows: Sequence[Mapping[str, Any]], target: str) -> None:
    """One line for each observable and population, one column for each window."""
    windows = list(dict.fromkeys(row["window_sec"] for row in rows))
    lines: dict[tuple[str, str], dict[float, Mapping[str, Any]]] = {}
    for row in rows:
        lines.setdefault((row["observable"], row["population"]), {})[row["window_sec"]] = row
    unit = {row["observable"]: row["unit"] for row in rows}
    print_table(
        ["observable, shift of", "", *(f"{window:g} s" for window in windows)],
        [
            [f"{name}, {population}", unit[name], *(_shown(by_window.get(window)) for window in windows)]
            for (name, population), by_window in lines.items()
        ],
    )
    what = "the external rate" if target == "rate" else "the rate that arousal adds"
    print_text(f"response per Hz of {what} +- standard error; in brackets where the error is larger")


def _shown(row: Mapping[str, Any] | None) -> str:
    if row is None or row["response"] is None:
        return ""
    error = "?" if row["standard_error"] is None else f"{row['standard_error']:.2g}"
    text = f"{row['response']:.3g} +- {error}"
    return text if row["resolved"] else f"({text})"
