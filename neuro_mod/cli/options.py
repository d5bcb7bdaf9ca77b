"""Options that several commands have, and how commands print results."""

from __future__ import annotations

import json
import math
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neuro_mod.choices import Closure, FigureFormat, OnError, Precision, ResponseKind, StyleName
from neuro_mod.cli import completion
from neuro_mod.cli.layout import NO_BREAK, labelled_lines, line_width, prose_width, table_lines, text_lines

if TYPE_CHECKING:
    from neuro_mod.config import Experiment
    from neuro_mod.execution.figures import Look


def seconds(text: str) -> float:
    """The number of seconds of an option: a number, or a time with its unit.

    Raises:
        BadParameter: It is neither, or below 0.
    """
    from neuro_mod.checks import DECIMAL_COMMA, DECIMAL_POINT
    from neuro_mod.config.quantities import in_si

    try:
        time = float(in_si(text, "s"))
    except ValueError:
        time = -1.0
    if not 0 <= time < math.inf:
        hint = f"; {DECIMAL_POINT}" if DECIMAL_COMMA.match(text) else ""
        raise typer.BadParameter(f'"{text}" found; expected seconds from 0, or a time such as "500 ms"{hint}')
    return time


def folder(text: str) -> Path:
    """The folder for results of an option; an empty text, as of a variable that is not set, is none.

    Raises:
        BadParameter: The text is empty, or no path for results.
    """
    from neuro_mod.checks import output_path

    return _path(text, output_path, "the path of a folder (. is the present one)")


def file(text: str) -> Path:
    """The file of an option that is written: a new one, or a regular one that ``--force`` replaces.

    Raises:
        BadParameter: The text is empty, or no such path.
    """
    from neuro_mod.checks import output_file

    return _path(text, output_file, "the path of a file")


def _path(text: str, check: Callable[[str], Path], expected: str) -> Path:
    from neuro_mod.errors import InputError

    if not text:
        raise typer.BadParameter(f'"" found; expected {expected}')
    try:
        return check(text)
    except InputError as error:
        raise typer.BadParameter(str(error).removeprefix("path: ")) from None


Config = Annotated[
    str,
    typer.Argument(
        metavar="CONFIG",
        help="The configuration: a file, or a name from neuro-mod configs.",
        autocompletion=completion.configurations,
    ),
]
Seed = Annotated[int | None, typer.Option(metavar="N", help="Random seed [settings.random_seed].")]
Duration = Annotated[
    float | None,
    typer.Option(
        metavar="S", parser=seconds, help="Simulated seconds, or a time such as '500 ms' [init_params.duration_sec]."
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Override a value, as in arousal.level=0.2; a mapping {KEY: VALUE} leaves other keys alone; repeatable.",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", parser=folder, help="Folder for results [from settings.save_dir and settings.sim_name]."
    ),
]
Response = Annotated[
    ResponseKind | None,
    typer.Option(help="How neurons respond to noise: to first order, or exactly [mean_field.response]."),
]
InputClosure = Annotated[
    Closure | None,
    typer.Option("--closure", help="Spike trains that neurons receive from each other [mean_field.closure]."),
]
Dtype = Annotated[Precision, typer.Option(help="Precision.")]
Plot = Annotated[
    str,
    typer.Option(
        metavar="WHICH",
        help="Figures: spikes, rates, voltage, perturbations, parameters, or several as spikes,rates; all or none.",
        autocompletion=completion.pictures,
    ),
]
NoPlot = Annotated[bool, typer.Option("--no-plot", help="Draw no figures, as --plot none.")]
Format = Annotated[FigureFormat | None, typer.Option("--format", help="File format of figures [settings.plot_format].")]
Style = Annotated[
    StyleName | None,
    typer.Option(help="Figures for a journal's columns, or with larger type for slides [settings.plot_style]."),
]
#: Of commands that draw figures over time.
From = Annotated[
    float | None,
    typer.Option(
        "--from", metavar="S", parser=seconds, help="Begin of figures over time in s, or as '500 ms' [their start]."
    ),
]
To = Annotated[
    float | None, typer.Option("--to", metavar="S", parser=seconds, help="End of figures over time likewise.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the results as JSON.")]
#: Of commands that run a job.
Executor = Annotated[
    str | None,
    typer.Option(
        metavar="WHERE",
        help="Where items run: serial, thread, process, dask, or the batch system of --cluster, such as slurm "
        "[thread; repeat without --parallel: serial].",
        autocompletion=completion.executors,
    ),
]
MaxWorkers = Annotated[
    int | None, typer.Option(metavar="N", help="Number of items at once, at most [one for each core; serial: one].")
]
Address = Annotated[
    str | None,
    typer.Option(metavar="URL", help="With --executor dask: an existing scheduler [a cluster of this machine]."),
]
ClusterFile = Annotated[
    Path | None,
    typer.Option("--cluster", metavar="FILE", help="Run items in batch jobs as this file says; see cluster init."),
]
WaitForWorkers = Annotated[
    float | None,
    typer.Option(
        metavar="S", parser=seconds, help="Give up, with exit code 4, after so long without any worker of a cluster."
    ),
]
OnFailure = Annotated[OnError, typer.Option("--on-error", help="What to do once an item has failed three times.")]
Shard = Annotated[
    str | None,
    typer.Option(
        metavar="K/N", help="Do every N-th item, from the K-th on, in a folder of its own; neuro-mod gather joins them."
    ),
]
Analysis = Annotated[
    bool, typer.Option("--analysis/--no-analysis", help="Find metastable states in the spikes of repeats.")
]
Force = Annotated[bool, typer.Option("--force", help="Remove other results from the folder.")]


def load(
    config: str | Path,
    overrides: Sequence[str] | None,
    seed: int | None,
    duration: float | None = None,
    *,
    response: str | None = None,
    closure: str | None = None,
    figures: Mapping[str, Any] = MappingProxyType({}),
) -> Experiment:
    """Read a configuration and apply what the command line says; ``figures`` is from `figure_settings`.

    Raises:
        ConfigError: Everything that is wrong with it.
    """
    from neuro_mod.config import load_experiment
    from neuro_mod.recordings.windows import window_of

    options = {"settings.random_seed": seed, "mean_field.response": response, "mean_field.closure": closure}
    changes = [*(overrides or ()), *(f"{key}={value}" for key, value in given(options).items())]
    with naming_options({**options, "init_params.duration_sec": duration, **figures}):
        experiment = load_experiment(named(config), changes).lasting(duration)
        experiment = experiment.replace(dict(figures)) if figures else experiment
    window = [figures.get(f"settings.{key}") for key in ("plot_from", "plot_to")]
    if window != [None, None]:  # a window in the file is cut where figures are drawn
        window_of(experiment.init_params.duration_sec, *window)
    return experiment


#: Options that set a key of the configuration.
_OPTIONS = {
    "settings.random_seed": "--seed",
    "settings.sim_name": "--sim-name",
    "init_params.duration_sec": "--duration",
    "mean_field.response": "--response",
    "mean_field.closure": "--closure",
    "settings.plot_format": "--format",
    "settings.plot_style": "--style",
    "settings.plot_from": "--from",
    "settings.plot_to": "--to",
}


@contextmanager
def naming_options(values: Mapping[str, Any]) -> Iterator[None]:
    """Let errors about values of a configuration name the options that set them.

    Args:
        values: Values by key; None for an option that was not given.
    """
    from neuro_mod.errors import ConfigError

    written = {key: f"{_OPTIONS[key]} {value}" for key, value in given(values).items()}
    try:
        yield
    except ConfigError as error:
        problems = (
            replace(problem, override=written[problem.key]) if problem.override and problem.key in written else problem
            for problem in error.problems
        )
        raise ConfigError(problems) from error


def named(config: str | Path) -> str | Path:
    """What a command takes as a configuration: the name of a shipped one, or else a path, never YAML text."""
    from neuro_mod.config.shipped import shipped_files

    return config if config in shipped_files() else Path(config)


def figure_settings(
    file_format: FigureFormat | None, style: StyleName | None, t_from: float | None = None, t_to: float | None = None
) -> dict[str, Any]:
    """The settings of a configuration that options of figures replace."""
    keys = {"plot_format": file_format, "plot_style": style, "plot_from": t_from, "plot_to": t_to}
    return {f"settings.{key}": value for key, value in given(keys).items()}


def which_figures(plot: str, no_plot: bool) -> str:
    """The figures that ``--plot`` and ``--no-plot`` ask for.

    Raises:
        InputError: They contradict each other.
    """
    from neuro_mod.errors import invalid

    if no_plot and plot not in ("all", "none"):
        raise invalid("--plot", plot, "--plot or --no-plot, not both")
    return "none" if no_plot else plot


def look_of(
    file_format: FigureFormat | None, style: StyleName | None, t_from: float | None = None, t_to: float | None = None
) -> Look:
    """How figures are drawn by commands without a configuration."""
    from neuro_mod.execution.figures import Look

    return Look(**given({"file_format": file_format, "style": style, "t_from": t_from, "t_to": t_to}))


def whole_numbers(option: str, text: str, below: int, example: str, *, least: int = 0) -> list[int]:
    """Numbers from a comma-separated list of numbers and ranges ``start:stop``, without stop, or ``first..last``.

    Args:
        option: The option, for messages.
        text: The list.
        below: One more than the largest valid number.
        example: Examples of valid lists.
        least: The smallest valid number.

    Raises:
        InputError: It is not such a list, or a number is too large.
    """
    from neuro_mod.errors import invalid

    numbers: list[int] = []
    for part in text.split(","):
        bounds = re.fullmatch(r"\s*(\d+)\s*(?:(:|\.\.)\s*(\d+)\s*)?", part)
        if bounds is None:
            raise invalid(option, text, example)
        first = int(bounds[1])
        stop = first + 1 if bounds[3] is None else int(bounds[3]) + (bounds[2] == "..")
        if stop <= first:
            hint = "2:5 ends before 5, and 2..5 with it"
            raise invalid(f"{option}, in {text}", part, "a range whose second number is larger than its first", hint)
        if not least <= first < stop <= below:
            wrong = first if not least <= first < below else stop - 1
            raise invalid(f"{option}, in {text}", wrong, f"numbers from {least} to {below - 1}")
        numbers += range(first, stop)
    return numbers


def print_shard(metadata: Mapping[str, Any], study: Path) -> None:
    """Print how far a shard is, given its metadata and the folder of its study."""
    failed = f", {len(metadata['failures'])} failed" if metadata["failures"] else ""
    print_rows(
        {
            "shard": f"{metadata['shard']}: {metadata['n_finished']} finished{failed}",
            "when all are done": shlex.join(["neuro-mod", "gather", str(study)]).replace(" ", NO_BREAK),
        }
    )


def print_results(metadata: Mapping[str, Any], as_json: bool, print_summary: Callable[[Any], None]) -> None:
    """Print metadata as JSON, or a summary of them and the files that were written.

    Args:
        metadata: The metadata.
        as_json: Whether to print JSON.
        print_summary: Prints the summary, given the metadata.
    """
    if as_json:
        print_json(metadata)
        return
    print_summary(metadata)
    for file in metadata.get("files", ()):
        typer.echo(file)


def print_json(content: Any) -> None:
    """Print plain data as JSON."""
    typer.echo(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False))


def print_rows(rows: Mapping[str, str]) -> None:
    """Print labels and values in two columns."""
    for line in labelled_lines([*rows.items()], width=prose_width()):
        typer.echo(line)


def print_text(text: str, indent: str = "", *, err: bool = False) -> None:
    """Print a sentence, on standard error if asked for; its lines end where a word does, others are indented."""
    for line in text_lines(text, width=prose_width(), indent=indent):
        typer.echo(line, err=err)


def given(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that were given, where None says that one was not."""
    return {name: value for name, value in options.items() if value is not None}


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print columns, the first one flush left, the others flush right, however wide the table is: see `table_lines`."""
    for line in table_lines(header, rows, width=line_width()):
        typer.echo(line)
