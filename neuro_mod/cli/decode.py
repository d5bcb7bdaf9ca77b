"""``neuro-mod decode``: decode the condition of single trials from spikes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from neuro_mod.cli.analysis_options import Clusters, Dt, Plot
from neuro_mod.cli.analysis_table import sessions
from neuro_mod.cli.event_options import given_events
from neuro_mod.cli.long_work import long_work
from neuro_mod.cli.options import (
    AsJson,
    Format,
    Style,
    folder,
    given,
    look_of,
    print_results,
    print_rows,
    print_table,
    seconds,
)


def decode(
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="DIR",
            help="Folder of a sweep with keep_spikes: true; or folders of runs, one for each condition.",
        ),
    ],
    condition: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Of a sweep: column of its table with the condition to decode.")
    ] = None,
    by: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Of a sweep: decode at each value of this column.")
    ] = None,
    conditions: Annotated[
        str | None, typer.Option(metavar="A,B,...", help="Of folders: the condition of each, in their order.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", parser=folder, help="Folder for the results [decoding/ in that of the sweep]."),
    ] = None,
    events: Annotated[
        str,
        typer.Option(
            metavar="EVENTS",
            help="stimulus (its onsets), or times in s such as 0.5 (the same in every trial); of folders also a CSV "
            "file with the columns session and time.",
        ),
    ] = "stimulus",
    before: Annotated[
        float | None, typer.Option(metavar="S", parser=seconds, help="Seconds before the event [0.2].")
    ] = None,
    after: Annotated[
        float | None, typer.Option(metavar="S", parser=seconds, help="Seconds after the event [0.5].")
    ] = None,
    window: Annotated[
        float | None, typer.Option(metavar="S", parser=seconds, help="Length of the windows in s [0.1].")
    ] = None,
    step: Annotated[
        float | None,
        typer.Option(metavar="S", parser=seconds, help="From the start of a window to that of the next, in s [0.05]."),
    ] = None,
    n_neurons: Annotated[
        int | None, typer.Option(metavar="N", help="Neurons of an ensemble [all of the clusters that define states].")
    ] = None,
    n_ensembles: Annotated[
        int | None, typer.Option(metavar="K", min=1, help="Ensembles, drawn at random [10; of all neurons 1].")
    ] = None,
    folds: Annotated[int | None, typer.Option(metavar="N", help="Folds of cross-validation [5].")] = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Random seed of ensembles and folds.")] = 0,
    clusters: Clusters = None,
    dt: Dt = None,
    plot: Plot = True,
    file_format: Format = None,
    style: Style = None,
    as_json: AsJson = False,
) -> None:
    """Decode the condition of single trials from spike counts in windows around an event, with cross-validation.

    Each run of a sweep, or each session of the folders, is a trial.
    """
    from neuro_mod.checks import output_path, user_path
    from neuro_mod.errors import InputError, invalid
    from neuro_mod.execution.decoding.decode import N_ENSEMBLES, DecodingOptions
    from neuro_mod.execution.decoding.save import decode_and_save, default_folder
    from neuro_mod.execution.decoding.trials import trials_of_folders, trials_of_sweep

    if (condition is None) == (conditions is None):
        raise InputError("--condition, --conditions: both or none found; expected one, of a sweep or of folders")
    paths, times = [user_path(each) for each in sources], given_events(events)
    about: dict[str, Any] = {"folders": [str(path) for path in paths], "events": events}
    n = n_ensembles or (1 if n_neurons is None else N_ENSEMBLES)  # all neurons are one ensemble
    chosen = {"before": before, "after": after, "window": window, "step": step, "folds": folds}
    options = DecodingOptions(**given(chosen), n_neurons=n_neurons, n_ensembles=n, seed=seed)
    with long_work():
        if conditions is not None:
            if by is not None:
                raise invalid("--by", by, "no value with --conditions")
            if out is None:
                raise invalid("--out", None, "a folder for the results, with --conditions")
            about |= {"conditions": conditions}
            names = [name.strip() for name in conditions.split(",")]
            trials = trials_of_folders(paths, names, times, clusters, dt)
        else:
            if len(paths) != 1:
                raise invalid("DIR", [str(path) for path in paths], "one folder of a sweep with --condition")
            for option, value in {"--clusters": clusters, "--dt": dt}.items():
                if value is not None:
                    raise invalid(option, str(value), "no value with --condition, as the sweep has it")
            about |= {"condition": condition, "by": by}
            trials = trials_of_sweep(paths[0], str(condition), by, times)
        look = look_of(file_format, style) if plot else None
        target = output_path(out or default_folder(paths[0]))
        metadata = decode_and_save(trials, target, options, by, sources=about, look=look)
    print_results(metadata, as_json, _print)


def _print(metadata: dict[str, Any]) -> None:
    options, by = metadata["options"], metadata["by"]
    networks = f" of {metadata['n_networks']} networks" if metadata["n_networks"] > 1 else ""
    print_rows(
        {
            "conditions": f"{len(metadata['conditions'])}: {', '.join(metadata['conditions'])}",
            "trials": f"{metadata['n_epochs']} epochs of {sessions(metadata['n_sessions'])}{networks}",
            "neurons": f"{metadata['n_neurons']} in each of {options['n_ensembles']} ensembles",
            "windows": f"{1e3 * options['window']:g} ms; {options['folds']} folds",
        }
    )
    typer.echo()
    header = [*([] if by is None else [by]), "accuracy", "s.e.", "chance", "peak", "at s"]
    names = ("accuracy", "standard_error", "chance", "peak_accuracy", "peak_time")
    found = metadata["accuracy"]
    rows = [[*([] if by is None else [str(row[by])]), *(_shown(row[name]) for name in names)] for row in found]
    print_table(header, rows)
    typer.echo()


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"
