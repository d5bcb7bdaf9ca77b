"""``neuro-mod run``: simulate the spiking network of a configuration."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neuro_mod.cli.options import (
    AsJson,
    Config,
    Dtype,
    Duration,
    Force,
    Format,
    From,
    NoPlot,
    Out,
    Overrides,
    Plot,
    Seed,
    Style,
    To,
    figure_settings,
    load,
    print_results,
    print_rows,
    which_figures,
    whole_numbers,
)

if TYPE_CHECKING:
    from neuro_mod.core.spiking_net.engine.state import State


def run(
    config: Config,
    out: Out = None,
    seed: Seed = None,
    duration: Duration = None,
    overrides: Overrides = None,
    record: Annotated[
        str, typer.Option(metavar="WHAT", help="Comma-separated: spikes, voltage, current.")
    ] = "spikes,voltage",
    record_neurons: Annotated[
        str | None,
        typer.Option(
            metavar="WHICH",
            help="Neurons whose voltage and current are recorded: all, or 0,80,1600:1700 [one E, one I].",
        ),
    ] = None,
    record_every: Annotated[
        int, typer.Option(metavar="K", min=1, help="Record voltage and current every K-th step.")
    ] = 1,
    from_state: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Continue from the state of an earlier run: its folder or data/state.npz."),
    ] = None,
    allow_other_network: Annotated[
        bool, typer.Option("--allow-other-network", help="With --from-state: also from that of another network.")
    ] = False,
    dtype: Dtype = "float32",
    plot: Plot = "all",
    no_plot: NoPlot = False,
    file_format: Format = None,
    style: Style = None,
    t_from: From = None,
    t_to: To = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Simulate the spiking network of a configuration, save the results and draw figures."""
    from neuro_mod.errors import InputError
    from neuro_mod.execution.stagers import StageSNNSimulation

    if allow_other_network and from_state is None:
        raise InputError("--allow-other-network: found without --from-state; expected both, or neither")
    figures = figure_settings(file_format, style, t_from, t_to)
    plot = which_figures(plot, no_plot)
    stager = StageSNNSimulation(load(config, overrides, seed, duration, figures=figures))
    start = None if from_state is None else _state(from_state)
    outputs = stager.execute(
        plot,
        out=out,
        record=[name.strip() for name in record.split(",")],
        neurons=_neurons(record_neurons, stager.experiment.architecture.network.n_neurons),
        every=record_every,
        dtype=dtype,
        force=force,
        initial_state=start,
        allow_other_network=allow_other_network,
        progress=True,
    )
    print_results(outputs["metadata"], as_json, _print_summary)


def _state(path: Path) -> State:
    """The state of ``--from-state``, which errors name."""
    from neuro_mod.errors import InputError, NeuroModError
    from neuro_mod.execution.stagers.saved_state import load_state

    try:
        return load_state(path)
    except NeuroModError as error:
        raise InputError(f"--from-state: {error}") from error


def _neurons(text: str | None, n_neurons: int) -> list[int] | None:
    """Neuron indices from ``all``, or a comma-separated list of indices and ``start:stop`` ranges."""
    if text is None:
        return None
    if text == "all":
        return list(range(n_neurons))
    return whole_numbers("--record-neurons", text, n_neurons, "all, or indices and ranges like 0,80,1600:1700")


def _print_summary(metadata: dict[str, Any]) -> None:
    from neuro_mod.execution.stagers.perturbations import summary_line

    rows = {f"{kind}, mean rate": f"{rate:.2f} Hz" for kind, rate in metadata["mean_rates_by_kind_hz"].items()}
    if metadata["active_clusters"] is not None:
        above = f"E clusters above {metadata['active_above_hz']:g} Hz"
        rows[f"{above}, time average"] = f"{metadata['active_clusters']:.1f}"
    for target, about in metadata["perturbations"].items():
        rows[f"perturbation of {target}"] = summary_line(target, about)
    rows["simulated"] = f"{metadata['duration_sec']:g} s, {metadata['real_time_factor']:.1f} times as fast as real time"
    print_rows(rows)
