"""``neuro-mod analyze``: metastable states in saved spikes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neuro_mod.choices import Criterion, DetectionMethod, Kernel
from neuro_mod.cli.analysis_table import print_analysis
from neuro_mod.cli.options import AsJson, folder, print_results, seconds, whole_numbers

if TYPE_CHECKING:
    from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer

_AUTO = "auto"
#: Largest number of hidden states.
_MAX_HIDDEN_STATES = 9_999

#: Options that not all methods have, and the parameters of the methods that have them.
_THRESHOLDS: dict[str, dict[DetectionMethod, str]] = {
    "--threshold": {"gain": "threshold_hz", "network_gain": "threshold_hz", "threshold": "high_hz"},
    "--low-threshold": {"threshold": "low_hz"},
}


def analyze(
    spikes: Annotated[
        list[Path],
        typer.Argument(
            metavar="DIR...", help="Folder of a run, or any folders or files of spikes; a pattern such as 'a/*.csv'."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            parser=folder,
            help="Folder for the analysis [analysis/ in that of the run; of a file, analysis_NAME/; of several, "
            "analysis_FIRST_and_N_more/].",
        ),
    ] = None,
    method: Annotated[DetectionMethod, typer.Option(help="Method for detecting active clusters.")] = "two_state",
    threshold: Annotated[
        float | None,
        typer.Option(metavar="HZ", help="Threshold of the methods threshold, gain and network_gain [20, 10 and 1]."),
    ] = None,
    low_threshold: Annotated[
        float | None,
        typer.Option(metavar="HZ", help="With --method threshold: activity lasts while the rate is above this."),
    ] = None,
    kernel: Annotated[Kernel, typer.Option(help="Smoothing kernel of the rates.")] = "gaussian",
    kernel_width: Annotated[float | None, typer.Option(metavar="MS", help="Its width in ms.")] = None,
    minimal_lifespan: Annotated[
        float | None, typer.Option(metavar="MS", help="Shorter visits are merged with their neighbours.")
    ] = None,
    clusters: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Cluster label of each neuron, an .npy file [that of the run].")
    ] = None,
    cluster_sizes: Annotated[
        str | None,
        typer.Option(metavar="SIZES", help="Sizes of the clusters in their order, such as 18x80,160,18x20,40."),
    ] = None,
    n_excitatory_clusters: Annotated[
        int | None, typer.Option(metavar="N", help="How many of the smallest labels are excitatory clusters.")
    ] = None,
    all_clusters: Annotated[
        bool, typer.Option("--all-clusters", help="Inhibitory clusters and backgrounds define states too.")
    ] = False,
    dt: Annotated[
        float | None, typer.Option(metavar="S", parser=seconds, help="Time step in s [of the run, or 0.0005].")
    ] = None,
    duration: Annotated[
        float | None,
        typer.Option(
            metavar="S", parser=seconds, help="Length of a session in s, for spikes that are stored as times."
        ),
    ] = None,
    start: Annotated[
        float,
        typer.Option(metavar="S", parser=seconds, help="Begin of each session in s; earlier spikes are left out."),
    ] = 0.0,
    sort: Annotated[
        bool, typer.Option("--sort", help="Sort spike times that are out of order; they are refused otherwise.")
    ] = False,
    trials: Annotated[
        bool,
        typer.Option(
            "--trials/--no-trials", help="The trials of an NWB file, or of a column trial or session, are sessions."
        ),
    ] = True,
    ignore_columns: Annotated[
        bool,
        typer.Option(
            "--ignore-columns", help="Leave out other columns beside times and neurons; those that vary are refused."
        ),
    ] = False,
    drop_duplicates: Annotated[
        bool,
        typer.Option("--drop-duplicates", help="Keep one of the spikes of the same neuron at the same time."),
    ] = False,
    milliseconds: Annotated[bool, typer.Option("--milliseconds", help="Spike times are in ms, not in s.")] = False,
    first_neuron: Annotated[
        int, typer.Option(metavar="N", help="Number of the first neuron, 1 in data from MATLAB.")
    ] = 0,
    hidden_markov: Annotated[
        str | None,
        typer.Option(
            metavar="N",
            help="Fit a hidden Markov model of 12 states, or of the best number among 5:30 (30 is left out), 4,8,16 or "
            f"{_AUTO} (2 to 96).",
        ),
    ] = None,
    criterion: Annotated[Criterion, typer.Option(help="How the number of its states is chosen.")] = "bic",
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Random seed of its fits.")] = 0,
    max_restarts: Annotated[
        int | None,
        typer.Option(metavar="N", help="Most starts of a fit, which end when two found the best [20; at least 5]."),
    ] = None,
    session: Annotated[int, typer.Option(metavar="K", min=0, help="Session that figures over time show.")] = 0,
    plot: Annotated[bool, typer.Option("--plot/--no-plot", help="Draw figures.")] = True,
    as_json: AsJson = False,
) -> None:
    """Find metastable states in saved spikes: their active clusters, their durations, and the transitions between them.

    A state is a combination of active clusters. Every file spikes* of a folder is a session, and so is every
    file that is given, but NEST's files of one run are one session; no visit or transition extends over two of them.
    """
    from neuro_mod.checks import output_path, user_path
    from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
    from neuro_mod.errors import InputError, invalid
    from neuro_mod.execution.analysis.save import analyse, default_folder
    from neuro_mod.recordings.layout import labels_of_sizes
    from neuro_mod.recordings.sessions import matching

    chosen: dict[str, Any] = {
        "kernel_width_ms": kernel_width,
        "minimal_lifespan_ms": minimal_lifespan,
        **_thresholds(method, {"--threshold": threshold, "--low-threshold": low_threshold}),
    }
    if clusters is not None and cluster_sizes is not None:
        raise invalid("--cluster-sizes", cluster_sizes, "no value with --clusters")
    try:
        files = [file for each in spikes for file in matching(user_path(each))]
        analyzer = Analyzer(
            files[0] if len(files) == 1 else files,
            clusters if cluster_sizes is None else labels_of_sizes("--cluster-sizes", cluster_sizes),
            dt,
            n_excitatory_clusters,
            state_clusters="all" if all_clusters else "excitatory",
            method=method,
            kernel=kernel,
            duration=duration,
            time_unit="ms" if milliseconds else "s",
            first_neuron=first_neuron,
            start=start,
            sort=sort,
            trials=trials,
            ignore_columns=ignore_columns,
            drop_duplicates=drop_duplicates,
            **{name: value for name, value in chosen.items() if value is not None},
        )
    except FileNotFoundError as error:
        raise InputError(str(error)) from error
    if session >= analyzer.n_sessions:
        raise invalid("--session", session, f"a number from 0 to {analyzer.n_sessions - 1}")

    def fit() -> None:
        if hidden_markov is not None:
            _fit(analyzer, hidden_markov, criterion, seed, max_restarts)

    metadata = analyse(analyzer, output_path(out or default_folder(*files)), session, plot=plot, before=fit)
    print_results(metadata, as_json, print_analysis)


def _fit(analyzer: Analyzer, n_states: str, criterion: Criterion, seed: int, max_restarts: int | None) -> None:
    """Fit the hidden Markov model that the command line asks for."""
    from neuro_mod.execution.progress import Quantity, progress_shown

    example = f"a number of states such as 12, a range such as 5:30, or {_AUTO}"
    numbers = (
        None
        if n_states == _AUTO
        else whole_numbers("--hidden-markov", n_states, _MAX_HIDDEN_STATES + 1, example, least=1)
    )
    with progress_shown(100, quantity=Quantity("fitted", "% of the hidden Markov models")) as report:
        analyzer.fit_hidden_markov(
            numbers,
            criterion=criterion,
            seed=seed,
            max_restarts=max_restarts,
            report=lambda done, total: report(100 * done / total),
        )


def _thresholds(method: DetectionMethod, given: dict[str, float | None]) -> dict[str, float | None]:
    """Parameters of the method from the options that were given."""
    from neuro_mod.errors import invalid

    for option, value in given.items():
        methods = _THRESHOLDS[option]
        if value is not None and method not in methods:
            raise invalid(option, value, f"no value with --method {method}", f"use --method {' or '.join(methods)}")
    return {_THRESHOLDS[option][method]: value for option, value in given.items() if value is not None}
