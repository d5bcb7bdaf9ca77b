"""``neuro-mod compare``: steady states of the mean field and simulated rates of the same configuration."""

from __future__ import annotations

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
    MaxWorkers,
    OnFailure,
    Overrides,
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

    Gives mean rates of groups of neurons in simulations and in each stable state, and how far the network is from what
    the theory assumes. Times in the configuration count from the end of the settling. Rerun the command to resume after
    an interruption, or with more trials.
    """
    from neuro_mod.execution.comparison.job import ComparisonJob

    experiment = load(config, overrides, seed, duration)
    folder = results_folder(out, experiment, "_compare")
    execution = execution_of(executor, max_workers, address, cluster, wait_for_workers, on_error, force, shard)
    run_job(ComparisonJob(experiment, trials, settling, n_z, dtype), folder, execution, as_json, _print_summary)


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
            "steady states": f"{metadata['n_stable']} stable of {metadata['n_distinct']} distinct ones found",
        }
    )
    typer.echo()
    _print_table(metadata)
    _print_words("other differences", metadata["notes"])
    _print_validity(metadata)
    typer.echo()
    for path in metadata["files"]:
        typer.echo(path)


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
        rows.append([row["group"], *("" if cell is None else f"{cell:.3g}" for cell in cells), *deviation])
    print_table(header, rows)
    kind = "stable state" if metadata["n_stable"] else "state, none of which is stable,"
    if nearest is not None:
        typer.echo(f"* the {kind} with the number of active clusters nearest to that of the simulation")
    if len(states) > len(shown):
        typer.echo(f"{len(states) - len(shown)} more states in comparison.csv")


def _deviation(theory: float | None, simulated: float | None) -> str:
    return "" if simulated is None or not theory else f"{100 * (simulated / theory - 1):+.0f} %"


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
