"""``neuro-mod control capacity``: how well a number of modes tells states apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neuro_mod.choices import Competitors, ResponseOf
from neuro_mod.cli import completion
from neuro_mod.cli.long_work import execution_of, long_work, results_folder, run_job
from neuro_mod.cli.options import (
    Address,
    AsJson,
    ClusterFile,
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
    load,
    look_of,
    print_json,
    print_rows,
    print_table,
    print_text,
    seconds,
    whole_numbers,
)

if TYPE_CHECKING:
    from neuro_mod.config import Experiment
    from neuro_mod.execution.control.capacity.measured import ResponseSource
    from neuro_mod.execution.control.capacity.sources import Source

#: Rows of printed tables, and pairs of clusters that are named, at most; the files have all.
_ROWS, _PAIRS = 40, 6
_NUMBERS = "numbers of modes, such as 1..18 or 1,2,5"


def capacity(
    config: Annotated[
        str | None,
        typer.Argument(
            metavar="CONFIG",
            autocompletion=completion.configurations,
            help="The configuration: number of clusters, and what --verify runs [that of --responses].",
        ),
    ] = None,
    states: Annotated[
        str | None,
        typer.Option(
            metavar="WHICH",
            help="The states to tell apart: all:K (all of K clusters), covering:K (a small set that covers), "
            "observed:DIR (those of an analysis or a folder of spikes), or a file with one such as 0+3+7 on each line "
            "[those of --responses].",
        ),
    ] = None,
    modes: Annotated[
        str | None, typer.Option(metavar="1..18", help="Numbers of modes, as 1..18 or 1,2,5 [all up to the clusters].")
    ] = None,
    clusters: Annotated[
        int | None, typer.Option(metavar="N", min=2, help="Number of clusters [from CONFIG or the states].")
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(metavar="K", min=1, help="Active clusters of observed states [the number with most of the time]."),
    ] = None,
    competitors: Annotated[
        Competitors | None,
        typer.Option(
            help="What each state is compared with: states of the vocabulary, or all of its size "
            "[vocabulary; with covering:K all]."
        ),
    ] = None,
    responses: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder of neuro-mod control response: what it measured, in place of vectors of 0 and 1.",
        ),
    ] = None,
    response_of: Annotated[
        ResponseOf,
        typer.Option(
            help="Responses of log p(S) of states; or sums of those of the log odds of their clusters, as if clusters "
            "were independent, with much smaller errors."
        ),
    ] = "states",
    window: Annotated[
        float | None,
        typer.Option(metavar="S", parser=seconds, help="Window of these responses in s [the longest]."),
    ] = None,
    random: Annotated[
        int, typer.Option(metavar="N", min=1, help="Random subspaces that modes are compared with.")
    ] = 200,
    verify: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Apply the directions of N states, in runs of CONFIG.")
    ] = None,
    verify_modes: Annotated[
        str | None, typer.Option(metavar="1,5", help="Numbers of modes that are verified [four of --modes, evenly].")
    ] = None,
    amplitude: Annotated[
        float, typer.Option(metavar="HZ", help="l2 norm of the perturbations of --verify in Hz.")
    ] = 0.2,
    trials: Annotated[int, typer.Option(metavar="N", min=1, help="Pairs of runs of --verify for each direction.")] = 10,
    baseline_duration: Annotated[
        float, typer.Option(metavar="S", parser=seconds, help="Simulated seconds before the runs of a pair part.")
    ] = 1.0,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", parser=folder, help="Folder for results [settings.save_dir/settings.sim_name + _capacity]."
        ),
    ] = None,
    seed: Seed = None,
    duration: Duration = None,
    overrides: Overrides = None,
    plot: Annotated[bool, typer.Option("--plot/--no-plot", help="Draw figures.")] = True,
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
    """Compute how well M modes, the vectors that a modulator can add up, distinguish states.

    The margin is what separates a driven state from those that differ by one swap, at worst. A semidefinite program
    bounds it from above; the modes of the files are the best that were found. With --verify, the direction of some
    states is applied in runs that are paired with unperturbed ones; rerun the command to resume these. With --shard
    nothing but these runs is saved, in the folder verification.
    """
    from neuro_mod.checks import user_path
    from neuro_mod.errors import invalid
    from neuro_mod.execution.control.capacity.study import Options, save_study, study_of, verification_folder
    from neuro_mod.execution.figures import Look

    of_network: str | Path | None = config
    if of_network is None and responses is not None:
        from neuro_mod.execution.control.capacity.measured import configuration_of

        of_network = configuration_of(user_path(responses))
    figures = figure_settings(file_format, style)
    experiment = None if of_network is None else load(of_network, overrides, seed, duration, figures=figures)
    _check(experiment, verify, {"--set": overrides, "--duration": duration, "--verify-modes": verify_modes})
    if shard is not None and verify is None:
        raise invalid("--shard", shard, "--verify N with it, as only runs are shared")
    target = _target(out, experiment)
    root = seed or 0 if experiment is None else experiment.settings.random_seed
    with long_work():
        table = _responses(responses, window, response_of)
        source = _source(states, clusters, size, experiment, table, root)
        measured = None if table is None else table.of_states(source)
        n = source.vocabulary.n_clusters if measured is None else measured.responses.shape[1]
        options = Options(
            range(1, n + 1) if modes is None else whole_numbers("--modes", modes, n + 1, _NUMBERS, least=1),
            competitors or source.competitors,
            random,
            root,
        )
        study = study_of(source, options, measured)
        job = None
        if experiment is not None and verify is not None:
            from neuro_mod.execution.control.capacity.job import VerificationJob
            from neuro_mod.execution.control.capacity.verification import branches_of
            from neuro_mod.execution.stagers import StageSNNSimulation

            chosen = None if verify_modes is None else whole_numbers("--verify-modes", verify_modes, n + 1, _NUMBERS)
            branches = branches_of(study, verify, chosen, amplitude)
            stager = StageSNNSimulation(experiment if plot else experiment.replace({"settings.plot": False}))
            job = VerificationJob(stager, branches, trials, amplitude, baseline_duration, dtype)
        drawn = plot and (experiment is None or experiment.settings.plot)
        look = look_of(file_format, style) if experiment is None else Look.of(experiment.settings)
        metadata: dict[str, Any] = {}
        if shard is None or job is None:  # of many processes, each has a shard alone
            metadata = save_study(study, target, look=look if drawn else None, force=force)
    if metadata and not as_json:
        _print(metadata)
    elif job is None:
        print_json(metadata)
    if job is not None:

        def print_both(verification: Mapping[str, Any]) -> None:
            print_json(metadata | {"verification": dict(verification)})

        execution = execution_of(executor, max_workers, address, cluster, wait_for_workers, on_error, force, shard)
        run_job(job, verification_folder(target), execution, False, print_both if as_json else _print_verification)


def _check(experiment: Experiment | None, verify: int | None, of_runs: Mapping[str, object]) -> None:
    """Refuse options that would do nothing.

    Raises:
        InputError: The message says what is missing.
    """
    from neuro_mod.errors import invalid

    if experiment is None:
        for option, value in {"--verify": verify, **of_runs}.items():
            if value is not None:
                raise invalid(option, value if isinstance(value, int | float | str) else list(value), "CONFIG with it")
    elif verify is None and of_runs["--verify-modes"] is not None:
        raise invalid("--verify-modes", of_runs["--verify-modes"], "--verify N with it")


def _target(out: Path | None, experiment: Experiment | None) -> Path:
    from neuro_mod.errors import InputError

    if experiment is not None:
        return results_folder(out, experiment, "_capacity")
    if out is None:
        raise InputError("--out: missing; expected a folder for results, as there is no CONFIG whose settings say it")
    return out


def _responses(path: Path | None, window: float | None, of: ResponseOf) -> ResponseSource | None:
    from neuro_mod.checks import user_path
    from neuro_mod.errors import invalid

    if path is None:
        for option, value in {"--window": window, "--response-of": None if of == "states" else of}.items():
            if value is not None:
                raise invalid(option, value, "--responses DIR with it")
        return None
    from neuro_mod.execution.control.capacity.measured import responses_of

    return responses_of(user_path(path), window, of)


def _source(
    states: str | None,
    clusters: int | None,
    size: int | None,
    experiment: Experiment | None,
    table: ResponseSource | None,
    seed: int,
) -> Source:
    """The vocabulary; the number of clusters must be the same wherever it is said."""
    from neuro_mod.errors import InputError, invalid
    from neuro_mod.execution.control.capacity.sources import FORMS, vocabulary_from

    told = {
        "--clusters": clusters,
        "CONFIG": None if experiment is None else experiment.populations.n_clusters,
        "--responses": None if table is None else table.n_clusters,
    }
    known = {place: number for place, number in told.items() if number is not None}
    if len(set(known.values())) > 1:
        found = ", ".join(f"{number} clusters ({place})" for place, number in known.items())
        raise InputError(f"{found} found; expected the same number of clusters")
    n_clusters = next(iter(known.values()), None)
    if n_clusters is not None and n_clusters < 2:
        raise invalid("CONFIG", f"{n_clusters} clusters", "at least 2 clusters, as states are told apart by them")
    if states is not None:
        return vocabulary_from(states, n_clusters, size, seed)
    if table is None:
        raise InputError(f"--states: missing; expected {FORMS}")
    return table.source(size)


def _print(metadata: Mapping[str, Any]) -> None:
    against = "all states of their size" if metadata["competitors"] == "all" else "each other"
    n_swaps, n_differences = metadata["n_swaps"], metadata["n_differences"]
    rows = {
        "states": f"{metadata['n_states']} of {metadata['n_active']} of {metadata['n_clusters']} clusters: "
        f"{metadata['states']}",
        "compared with": f"{against}: {n_swaps} pair{'s' * (n_swaps > 1)} that differ{'s' * (n_swaps == 1)} by one "
        f"swap, {n_differences} distinct difference{'s' * (n_differences > 1)}",
        **_coverage(metadata),
    }
    if metadata["measured"] is not None:
        noise = metadata["measured"]
        rows["responses"] = noise["responses"]
        share, mostly = 100 * noise["median_noise_share"], noise["mostly_noise"]
        rows["noise"] = f"{share:.0f} % of a squared difference (median) is expected of errors alone"
        if mostly:
            less = (
                " or a shorter --window" if noise["of_clusters"] else ", a shorter --window, or --response-of clusters"
            )
            rows["WARNING"] = (
                f"in {mostly} of {n_swaps} pairs most of it: their differences point where noise does, and so may the "
                f"modes; take more trials{less}"
            )
    print_rows(rows)
    typer.echo()
    _print_margins(metadata["margins"])
    _print_files(metadata["files"])


def _print_files(files: Sequence[str]) -> None:
    """Print the files; those of each number of modes on one line."""
    of_modes = [Path(file) for file in files if Path(file).name.startswith(("modes_", "directions_"))]
    for path in files:
        if Path(path) not in of_modes:
            typer.echo(path)
    if of_modes:
        kinds = sorted({f"{path.stem.partition('_')[0]}_*{path.suffix}" for path in of_modes}, reverse=True)
        print_text(f"{of_modes[0].parent}: {', '.join(kinds)}, for each number of modes")


def _coverage(metadata: Mapping[str, Any]) -> dict[str, str]:
    if metadata["covers"]:
        return {"coverage": "for every pair of clusters i, j some state has i and not j"}
    n, together = metadata["n_clusters"], metadata["never_apart"]
    pairs = _shown([f"{i} without {j}" for i, j in metadata["uncovered"]], metadata["n_uncovered"])
    rows = {
        "NOT covered": f"{metadata['n_uncovered']} of {n * (n - 1)} ordered pairs of clusters: no state has {pairs}",
        "": "the margin leaves out swaps that no two of the compared states make: modes may confuse these clusters",
    }
    if together:
        pairs = _shown([f"{i} and {j}" for i, j in together], metadata["n_never_apart"])
        rows["never apart"] = f"{pairs}: in the same states, so that no mode has to tell them apart"
    return rows


def _shown(names: Sequence[str], n: int) -> str:
    return ", ".join(names[:_PAIRS]) + (f" and {n - _PAIRS} more" if n > _PAIRS else "")


def _print_margins(rows: Sequence[Mapping[str, Any]]) -> None:
    columns = {
        "optimum": "upper bound",
        "margin": "modes found",
        "random_percentile_50": "random, median",
        "random_best": "best",
        "isotropic": "isotropic",
        "closed_form": "closed form",
    }
    shown = {key: label for key, label in columns.items() if any(row[key] is not None for row in rows)}
    print_table(
        ["modes", *shown.values(), "of the bound", "hardest swap"],
        [
            [
                str(row["modes"]),
                *(f"{row[key]:.4f}" for key in shown),
                f"{100 * row['part_of_optimum']:.1f} %",
                f"{row['hardest_gained']} for {row['hardest_lost']}",
            ]
            for row in rows[:_ROWS]
        ],
    )
    more = f"; {len(rows) - _ROWS} more rows in capacity.csv" if len(rows) > _ROWS else ""
    print_text(f"margins: the smallest squared part of a difference within the modes; at most 2/k{more}")
    print_text("no modes exceed the upper bound; those found may be short of the best, by at most what the bound says")


def _print_verification(metadata: Mapping[str, Any]) -> None:
    columns = {
        "margin": "margin",
        "baseline_share": "baseline",
        "share": "share",
        "difference": "difference",
        "standard_error": "+-",
        "log_difference": "log ratio",
        "log_standard_error": "+-",
        "predicted_log_difference": "predicted",
        "swapped_difference": "swapped",
        "swapped_standard_error": "+-",
    }
    rows = metadata["verified"]
    shown = {key: label for key, label in columns.items() if any(row[key] is not None for row in rows)}
    typer.echo()
    print_table(
        ["state", "modes", *shown.values()],
        [
            [row["state"], str(row["modes"]), *("" if row[key] is None else f"{row[key]:.3g}" for key in shown)]
            for row in rows[:_ROWS]
        ],
    )
    more = f"; {len(rows) - _ROWS} more rows in verification.csv" if len(rows) > _ROWS else ""
    print_text(
        f"shares of time in exactly these clusters, without and with {metadata['amplitude_hz']:g} Hz (norm) along the "
        f"direction; {metadata['n_trials']} pairs of {metadata['duration_sec']:g} s{more}"
    )
    if "swapped_difference" in shown:
        print_text("swapped: change of the share of time in states that differ by one swap")
    if any(row["log_difference"] is None for row in rows):
        print_text(
            "log ratio: unknown where a state was seen in fewer than two trials, without or with the perturbation"
        )
    for path in metadata["files"]:
        typer.echo(path)
