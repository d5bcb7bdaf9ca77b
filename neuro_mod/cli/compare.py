"""``neuro-mod compare``: steady states of the mean field and simulated rates of the same configuration."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

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
    InputClosure,
    MaxWorkers,
    OnFailure,
    Overrides,
    Response,
    Seed,
    Shard,
    WaitForWorkers,
    folder,
    load,
    print_rows,
    print_table,
    seconds,
)

#: States in the printed table, at most; the file has all.
_COLUMNS = 7
_LINE = 116
#: Whether the network satisfies an assumption.
_OUTCOMES = {True: "kept", False: "NOT KEPT", None: "cannot be judged"}


def compare(
    config: Config,
    trials: Annotated[int, typer.Option(metavar="N", min=1, help="Simulations, each of a network of its own.")] = 4,
    settling: Annotated[
        float, typer.Option(metavar="S", parser=seconds, help="Simulated seconds that are dropped before the others.")
    ] = 0.5,
    n_z: Annotated[
        int | None,
        typer.Option(metavar="Q", min=1, help="Values of z over which the mean field averages arousal [12 or 1]."),
    ] = None,
    theories: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Theories beside that of the configuration, as exact/renewal,shifted/renewal [all four].",
        ),
    ] = None,
    response: Response = None,
    closure: InputClosure = None,
    step_check: Annotated[
        bool, typer.Option("--step-check", help="Also simulate each network with a fifth of the time step.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", parser=folder, help="Folder for results [settings.save_dir/settings.sim_name + _compare]."
        ),
    ] = None,
    seed: Seed = None,
    duration: Duration = None,
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
    as_json: AsJson = False,
) -> None:
    """Compare steady states of the mean field with simulated rates of the same configuration.

    Gives mean rates of groups of neurons, and CVs of their intervals, in simulations and in four theories: shifted or
    exact response, Poisson or renewal input. For the theory of the configuration it also gives all stable states, and
    how far the network is from what that theory assumes. Times in the configuration count from the end of the settling.
    Rerun the command to resume after an interruption, with more trials, or with other theories.
    """
    from neuro_mod.execution.comparison.job import ComparisonJob

    experiment = load(config, overrides, seed, duration, response=response, closure=closure)
    folder = results_folder(out, experiment, "_compare")
    execution = execution_of(executor, max_workers, address, cluster, wait_for_workers, on_error, force, shard)
    names = None if theories is None else [name.strip() for name in theories.split(",")]
    job = ComparisonJob(experiment, trials, settling, n_z, dtype, theories=names, step_check=step_check)
    run_job(job, folder, execution, as_json, _print_summary)


def _print_summary(metadata: Mapping[str, Any]) -> None:
    error = metadata["active_clusters_standard_error"]
    time = metadata["time_by_active_clusters"]
    print_rows(
        {
            "simulated": f"{metadata['n_trials']} networks for {metadata['duration_sec']:g} s each, after "
            f"{metadata['settling_sec']:g} s of settling",
            f"E clusters above {metadata['active_above_hz']:g} Hz": f"{metadata['active_clusters']:.2f}"
            + ("" if error is None else f" +- {error:.2f}")
            + " on average; time with "
            + ", ".join(f"{n}: {100 * part:.0f} %" for n, part in enumerate(time) if part >= 0.005),
            "time step": f"{1e3 * metadata['delta_t']:g} ms, which lowers rates of active clusters by about "
            f"{100 * metadata['active_rate_loss']:.2g} %, as in the published network",
        }
    )
    typer.echo()
    _print_theories(metadata)
    _print_step_check(metadata)
    typer.echo(f"\ntheory of the configuration: {metadata['theory']}, {_found(metadata)}")
    _print_table(metadata)
    _print_words("other differences", metadata["notes"])
    _print_validity(metadata)
    typer.echo()
    for path in metadata["files"]:
        typer.echo(path)


def _found(states: Mapping[str, Any]) -> str:
    return f"{states['n_stable']} stable of {states['n_distinct']} distinct steady states found"


def _print_theories(metadata: Mapping[str, Any]) -> None:
    """Rates and CVs of groups in the simulation, and in the state of each theory that is nearest to it."""
    from neuro_mod.execution.comparison.results import theory_columns

    names = [each["theory"] for each in metadata["theories"]]
    rates, cvs = [theory_columns(name)[0] for name in names], [theory_columns(name)[1] for name in names]
    active = [each["nearest"] for each in metadata["theories"]]
    header = ["rate in Hz", "simulated", "+-", *names]
    rows = [
        [
            "active clusters",
            f"{metadata['active_clusters']:.2f}",
            _number(metadata["active_clusters_standard_error"], ".2f"),
        ]
    ]
    rows[0] += ["none found" if each is None else f"{each['n_active']}      " for each in active]
    for row in metadata["comparison"]:
        if row["simulated_hz"] is not None or any(row[column] is not None for column in rates):
            of_theories = [f"{_number(row[each])} {_deviation(row['simulated_hz'], row[each])}" for each in rates]
            rows.append(
                [row["group"], _number(row["simulated_hz"]), _number(row["standard_error_hz"], ".2g"), *of_theories]
            )
    of_cvs = [
        [row["group"], _number(row["simulated_cv"], ".2f"), _number(row["standard_error_cv"], ".2f")]
        + [f"{_number(row[each], '.2f')}      " for each in cvs]
        for row in metadata["comparison"]
        if row["simulated_cv"] is not None or any(row[column] is not None for column in cvs)
    ]
    print_table(header, [*rows, ["CV of intervals", *[""] * (len(header) - 1)], *of_cvs])
    typer.echo("theories: in the stable state nearest in the number of active clusters; difference from the simulation")
    for name, reason in metadata["left_out"].items():
        typer.echo(f"{name} is left out: {reason}")


def _print_step_check(metadata: Mapping[str, Any]) -> None:
    """How simulated rates change with the time step."""
    if metadata["finer_delta_t"] is None:
        typer.echo("effect of the time step in this network: use --step-check")
        return
    finer = f"at {1e3 * metadata['finer_delta_t']:g} ms"
    typer.echo()
    print_table(
        ["rate in Hz", f"at {1e3 * metadata['delta_t']:g} ms", "+-", finer, "+-", "effect of the time step"],
        [
            [
                row["group"],
                _number(row["simulated_hz"]),
                _number(row["standard_error_hz"], ".2g"),
                _number(row["finer_step_hz"]),
                _number(row["finer_step_standard_error_hz"], ".2g"),
                _step_effect(row),
            ]
            for row in metadata["comparison"]
            if row["simulated_hz"] is not None
        ],
    )


def _step_effect(row: Mapping[str, Any]) -> str:
    """Relative difference of simulated rates, with its error where there is one."""
    coarse, finer = row["simulated_hz"], row["finer_step_hz"]
    errors = row["standard_error_hz"], row["finer_step_standard_error_hz"]
    if not finer or None in errors or not coarse:
        return _deviation(finer, coarse, ".1f")
    error = coarse / finer * math.hypot(errors[0] / coarse, errors[1] / finer)
    return f"{100 * (coarse / finer - 1):+.1f} +- {100 * error:.1f} %"


def _number(value: float | None, form: str = ".3g") -> str:
    return "" if value is None else format(value, form)


def _print_table(metadata: Mapping[str, Any]) -> None:
    """Rates in Hz of groups in the simulation and in the states nearest to it, and the deviation from the nearest."""
    from neuro_mod.execution.comparison.results import state_column

    states, nearest = metadata["states"], metadata["nearest"]
    ranked = sorted(range(len(states)), key=lambda i: abs(states[i]["n_active"] - metadata["active_clusters"]))
    shown = sorted(ranked[:_COLUMNS])
    header = ["mean rate in Hz of", "simulated", "+-"]
    header += [f"{'*' * (i == nearest)}{states[i]['n_active']} active" for i in shown]
    header += [] if nearest is None else ["simulated above *"]
    rows: list[list[str]] = []
    for row in metadata["comparison"]:
        theory = [row[state_column(i, state["n_active"])] for i, state in enumerate(states)]
        if row["simulated_hz"] is None and all(rate is None for rate in theory):
            continue
        cells = [row["simulated_hz"], row["standard_error_hz"], *(theory[i] for i in shown)]
        deviation = [] if nearest is None else [_deviation(theory[nearest], row["simulated_hz"])]
        rows.append([row["group"], *map(_number, cells), *deviation])
    print_table(header, rows)
    kind = "stable state" if metadata["n_stable"] else "state, none of which is stable,"
    if nearest is not None:
        typer.echo(f"* the {kind} with the number of active clusters nearest to that of the simulation")
    if len(states) > len(shown):
        typer.echo(f"{len(states) - len(shown)} more states in comparison.csv")


def _deviation(reference: float | None, value: float | None, form: str = ".0f") -> str:
    return "" if value is None or not reference else f"{100 * (value / reference - 1):+{form}} %"


def _print_validity(metadata: Mapping[str, Any]) -> None:
    if metadata["nearest"] is None:
        typer.echo("\nno steady state was found: the validity of the theory cannot be judged")
        return
    validity = metadata["validity"]
    judged = [each["kept"] for each in validity if each["kept"] is not None]
    unknown = len(validity) - len(judged)
    _print_words(
        f"validity of the theory in state *: {sum(judged)} of {len(judged)} assumptions are kept"
        + (f", {unknown} cannot be judged" if unknown else ""),
        [f"{each['assumption']}, {_OUTCOMES[each['kept']]}: {each['in_words']}" for each in validity],
    )


def _print_words(title: str, sentences: list[str]) -> None:
    if not sentences:
        return
    typer.echo(f"\n{title}")
    for sentence in sentences:
        typer.echo(textwrap.fill(sentence, _LINE, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False))
