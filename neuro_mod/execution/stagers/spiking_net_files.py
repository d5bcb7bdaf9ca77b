"""Which files a run of the spiking network leaves in its folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neuro_mod.config import InputError
from neuro_mod.core.circuit import Circuit
from neuro_mod.core.spiking_net.analysis.rates import smoothed_rates
from neuro_mod.core.spiking_net.spikes import SpikeEvents
from neuro_mod.execution.outputs import SpikingOutputs
from neuro_mod.execution.provenance import provenance
from neuro_mod.execution.run_folder import CLUSTERS, CONFIG, PLOTS, RUN, SPIKES, STATE, STIMULUS, TRACES, RunFolder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: File name of each picture.
PICTURES = {"spikes": "raster", "rates": "cluster_rates", "voltage": "voltage"}
#: Traces in the picture of the voltage, at most.
_EXAMPLES = 4


def check_plot_arg(plot_arg: str) -> None:
    """Refuse a name that stands for no picture.

    Raises:
        InputError: It is unknown.
    """
    if plot_arg not in (valid := (*PICTURES, "all", "none")):
        raise InputError(f"plot_arg is {plot_arg!r}; valid: {', '.join(valid)}")


def save_results(folder: RunFolder, outputs: SpikingOutputs) -> None:
    """Save spikes, recorded traces, cluster labels, stimulus, the resolved configuration, and how it all came about."""
    save_spikes(folder, outputs["spikes"])
    state = outputs.state
    folder.save_arrays(STATE, **{field.name: getattr(state, field.name) for field in fields(state)})
    folder.save_array(CLUSTERS, outputs["clusters"])
    for name, file in TRACES.items():
        if name in outputs:
            folder.save_arrays(file, **{name: outputs[name]}, neurons=outputs.recorded_neurons)
    stimulus = outputs["stimulus"]
    if stimulus.gain.any():
        folder.save_arrays(STIMULUS, gain=stimulus.gain, course=stimulus.course)
    metadata: dict[str, Any] = dict(outputs["metadata"])
    config = metadata.pop("config")
    folder.save_text(CONFIG, config)
    folder.save_json(RUN, metadata | provenance(config))


def save_spikes(folder: RunFolder, spikes: SpikeEvents) -> Path:
    """Save spikes as events: steps, neurons, and the shape and time step they belong to."""
    return folder.save_arrays(
        SPIKES,
        steps=spikes.steps,
        neurons=spikes.neurons,
        n_steps=spikes.n_steps,
        n_neurons=spikes.n_neurons,
        delta_t=spikes.delta_t,
    )


def save_plots(folder: RunFolder, outputs: SpikingOutputs, circuit: Circuit, plot_arg: str, file_format: str) -> None:
    """Draw and save the pictures that ``plot_arg`` names and the outputs allow."""
    from neuro_mod.plotting.style import paper_style, save_figure  # noqa: PLC0415 -- matplotlib is loaded only to draw

    with paper_style():
        for name, draw in _drawings(outputs, circuit).items():
            if plot_arg in (name, "all"):
                figure = draw()
                folder.save(
                    f"{PLOTS}/{PICTURES[name]}.{file_format}",
                    lambda file, figure=figure: save_figure(figure, file, file_format),
                )


def _drawings(outputs: SpikingOutputs, circuit: Circuit) -> dict[str, Callable[[], Figure]]:
    # matplotlib is loaded only to draw
    from neuro_mod.plotting.cluster_rates import cluster_rate_map  # noqa: PLC0415
    from neuro_mod.plotting.raster import raster  # noqa: PLC0415

    spikes, populations = outputs["spikes"], circuit.populations
    drawings = {
        "spikes": lambda: raster(spikes, populations),
        "rates": lambda: cluster_rate_map(
            *smoothed_rates(spikes, populations.of_neuron, populations.total), populations
        ),
    }
    if "voltage" in outputs and len(outputs.recorded_neurons):
        drawings["voltage"] = lambda: _voltage_figure(outputs, circuit)
    return drawings


def _voltage_figure(outputs: SpikingOutputs, circuit: Circuit) -> Figure:
    from neuro_mod.plotting.voltage_trace import voltage_trace  # noqa: PLC0415

    spikes, populations = outputs["spikes"], circuit.populations
    shown = outputs.recorded_neurons[:_EXAMPLES]
    voltage = outputs["voltage"][:, : len(shown)]
    times = np.arange(len(voltage)) * outputs["metadata"]["recorded_every"] * spikes.delta_t
    population = populations.of_neuron[shown]
    return voltage_trace(
        times,
        voltage,
        circuit.threshold[population],
        [spikes.times[spikes.neurons == neuron] for neuron in shown],
        [f"neuron {neuron} ({populations.names[a]})" for neuron, a in zip(shown, population, strict=True)],
    )
