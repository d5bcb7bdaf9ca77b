"""``neuro-mod repeat``, which scripts share: runs of one configuration with many seeds, and their analysis."""

from __future__ import annotations

import logging
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neuro_mod.choices import SpikeFormat
from neuro_mod.cli import completion
from neuro_mod.cli.analysis_table import print_analysis
from neuro_mod.cli.failures import plain_failures
from neuro_mod.cli.long_work import execution_of, long_work
from neuro_mod.cli.options import (
    Address,
    Analysis,
    AsJson,
    ClusterFile,
    Dtype,
    Duration,
    Executor,
    Force,
    Format,
    From,
    MaxWorkers,
    NoPlot,
    OnFailure,
    Overrides,
    Seed,
    Shard,
    Style,
    To,
    WaitForWorkers,
    figure_settings,
    folder,
    load,
    naming_options,
    print_json,
    print_rows,
    print_shard,
    which_figures,
)
from neuro_mod.execution.compilation_shown import compilation_shown

if TYPE_CHECKING:
    from neuro_mod.config import Experiment

_LOG = logging.getLogger(__name__)


def command(check: Callable[[Experiment], None] = lambda _: None) -> Callable[..., None]:
    """The command that repeats a configuration.

    Args:
        check: Called with the experiment before it is run.
    """

    def repeat(
        config: Annotated[
            str | None,
            typer.Argument(
                metavar="CONFIG",
                help="The configuration: a file, or a name from neuro-mod configs.",
                autocompletion=completion.configurations,
            ),
        ] = None,
        config_option: Annotated[
            str | None,
            typer.Option(
                "--config",
                metavar="CONFIG",
                help="The configuration, instead of CONFIG.",
                autocompletion=completion.configurations,
            ),
        ] = None,
        save_dir: Annotated[
            Path | None,
            typer.Option(
                "--save-dir",
                "--out",
                metavar="DIR",
                parser=folder,
                help="Folder for results [save_dir/sim_name of settings].",
            ),
        ] = None,
        sim_name: Annotated[
            str | None, typer.Option(metavar="NAME", help="A folder in save-dir for these runs [settings.sim_name].")
        ] = None,
        n_repeats: Annotated[
            int | None, typer.Option(metavar="N", help="Number of runs [1, or one for each of the given seeds].")
        ] = None,
        parallel: Annotated[
            bool, typer.Option("--parallel", help="Several runs at once: in threads, or as --executor says.")
        ] = False,
        executor: Executor = None,
        max_workers: MaxWorkers = None,
        address: Address = None,
        cluster: ClusterFile = None,
        wait_for_workers: WaitForWorkers = None,
        on_error: OnFailure = "continue",
        force: Force = False,
        shard: Shard = None,
        seed: Seed = None,
        seeds_file: Annotated[
            Path | None, typer.Option(metavar="FILE", help="Seeds of the repeats, one per line, instead of drawn ones.")
        ] = None,
        load_saved_seeds: Annotated[
            bool, typer.Option("--load-saved-seeds", help="Use those in metadata/seeds.txt in the folder of results.")
        ] = False,
        fix_network: Annotated[
            bool, typer.Option("--fix-network", help="Repeat one network, under other noise.")
        ] = False,
        overrides: Overrides = None,
        duration: Duration = None,
        dtype: Dtype = "float32",
        spike_format: Annotated[
            SpikeFormat,
            typer.Option(help="Files of spikes: dense arrays (.npy), or events (.npz), which are many times smaller."),
        ] = "dense",
        plot: Annotated[
            str,
            typer.Option(
                metavar="WHICH",
                help="Figures: spikes, rates, perturbations, parameters, or several as spikes,rates; all or none.",
                autocompletion=completion.pictures,
            ),
        ] = "all",
        no_plot: NoPlot = False,
        file_format: Format = None,
        style: Style = None,
        t_from: From = None,
        t_to: To = None,
        analysis: Analysis = True,
        as_json: AsJson = False,
    ) -> None:
        """Run a configuration many times, each with other connections and noise, and analyse the spikes.

        Repeats that the folder of results already has are not simulated again: rerun the command to resume after an
        interruption, or with more repeats.
        """
        from neuro_mod.errors import FailedItemsError, InputError
        from neuro_mod.execution import Repeater
        from neuro_mod.execution.executors import choose_executor
        from neuro_mod.execution.repeats.repeater import saved_seeds

        given = [path for path in (config, config_option) if path is not None]
        if len(given) != 1:
            raise InputError("expected one configuration: CONFIG, or --config FILE")
        how = (max_workers, address, cluster, wait_for_workers, on_error, force, shard)
        if cluster is None or executor is not None:
            executor = choose_executor(executor, parallel)
        execution = execution_of(executor, *how)
        if seeds_file is not None and load_saved_seeds:
            raise InputError("--seeds-file contradicts --load-saved-seeds")
        figures = figure_settings(file_format, style, t_from, t_to)
        plot = which_figures(plot, no_plot)
        experiment = load(given[0], overrides, seed, duration, figures=figures)
        if sim_name is not None:
            with naming_options({"settings.sim_name": sim_name}):
                experiment = experiment.replace({"settings.sim_name": sim_name})
        folder = _folder(experiment, save_dir, sim_name)
        source = folder if load_saved_seeds else seeds_file
        seeds = None if source is None else saved_seeds(source)
        n_runs = 1 if n_repeats is None and seeds is None else n_repeats
        repeater = Repeater(experiment, n_runs, seeds=seeds, fix_network=fix_network)
        failed = None
        with long_work():
            check(experiment)
            try:
                metadata = repeater.execute(
                    folder, **vars(execution), plot_arg=plot, dtype=dtype, spike_format=spike_format
                )
            except FailedItemsError as error:
                failed, metadata = error, dict(error.metadata)
            if analysis and metadata["n_finished"] and shard is None:
                metadata["analysis"] = analyse_repeats(folder, experiment, plot)
        if as_json:
            print_json(metadata)
        elif shard is not None:
            print_shard(metadata, folder)
        else:
            _print_summary(folder, metadata)
        if failed is not None:
            raise failed

    return repeat


def run_script(description: str, check: Callable[[Experiment], None] = lambda _: None) -> None:
    """Repeat a configuration as the arguments of the process say, and end the process with an exit code.

    Args:
        description: What the script does, for ``--help``.
        check: As for `command`.
    """
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    app.command(help=description)(plain_failures()(command(check)))
    with compilation_shown():
        app()


def _folder(experiment: Experiment, save_dir: Path | None, sim_name: str | None) -> Path:
    """``--save-dir``, and in it ``--sim-name`` if given; without ``--save-dir``, the folder of the settings."""
    from neuro_mod.checks import output_path
    from neuro_mod.errors import InputError

    if save_dir is not None:
        return output_path(save_dir / (sim_name or ""))
    if not experiment.settings.save:
        raise InputError("settings.save: false found; expected true, or a folder for results with --save-dir")
    return experiment.settings.folder


def analyse_repeats(folder: Path, experiment: Experiment, plot: str) -> dict[str, Any] | None:
    """Analyse all repeats in a folder; where that is not possible, None and a warning that says why."""
    from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
    from neuro_mod.execution.analysis.save import analyse, default_folder
    from neuro_mod.execution.figures import Look

    settings = experiment.settings
    drawn = settings.plot and plot != "none"
    try:
        return analyse(Analyzer(folder), default_folder(folder), look=Look.of(settings) if drawn else None)
    except ValueError as error:
        _LOG.warning("no analysis: %s", error)
        return None


def _print_summary(folder: Path, metadata: dict[str, Any]) -> None:
    repeats, about = metadata["repeats"], metadata.get("analysis")
    rates = [repeat["mean_rates_by_kind_hz"] for repeat in repeats]
    rows = {}
    for kind in rates[0] if rates else ():
        values = [of_repeat[kind] for of_repeat in rates]
        spread = f" (from {min(values):.2f} to {max(values):.2f})" if len(values) > 1 else ""
        rows[f"{kind}, mean rate"] = f"{statistics.fmean(values):.2f} Hz{spread}"
    network = "one network under other noise" if metadata["fix_network"] else "a network of its own each"
    rows["repeats"] = f"{len(repeats)} of {metadata['n_repeats']}, {metadata['duration_sec']:g} s each, {network}"
    rows["saved in"] = str(folder)
    print_rows(rows)
    typer.echo()
    if about is not None:
        print_analysis(about)
    for file in [*metadata["files"], *(about["files"] if about is not None else ())]:
        typer.echo(file)
