"""Which files a run of the spiking network leaves in its folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neuro_mod.config import InputError
from neuro_mod.core.course import Course
from neuro_mod.core.modulation import Baseline
from neuro_mod.core.spiking_net.analysis.rates import smooth
from neuro_mod.core.spiking_net.spikes import SpikeEvents
from neuro_mod.execution.outputs import SpikingOutputs
from neuro_mod.execution.perturbing import before_and_after, saved_arrays
from neuro_mod.execution.provenance import provenance
from neuro_mod.execution.run_folder import (
    CLUSTERS,
    CONFIG,
    PERTURBATIONS,
    PLOTS,
    RATES,
    RUN,
    SPIKES,
    STATE,
    STIMULUS,
    TRACES,
    RunFolder,
)
from neuro_mod.execution.saved_arrays import state_arrays

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: File name of each picture.
PICTURES = {
    "spikes": "raster",
    "rates": "cluster_rates",
    "voltage": "voltage",
    "perturbations": "perturbations",
    "parameters": "effective_parameters",
}
#: Traces in the picture of the voltage, at most.
_EXAMPLES = 4
#: Seconds that raster and voltages show, at most, from the start; the map of the rates shows all.
LONGEST_SHOWN = 10.0


def check_plot_arg(plot_arg: str) -> None:
    """Refuse a name that stands for no picture.

    Raises:
        InputError: It is unknown.
    """
    if plot_arg not in (valid := (*PICTURES, "all", "none")):
        raise InputError(f"plot_arg is {plot_arg!r}; valid: {', '.join(valid)}")


def save_results(folder: RunFolder, outputs: SpikingOutputs) -> None:
    """Save what a run recorded and what acted on it, the resolved configuration, and how it all came about."""
    if "spikes" in outputs:
        save_spikes(folder, outputs["spikes"])
    save_rates(folder, outputs)
    folder.save_arrays(STATE, **state_arrays(outputs.state))
    folder.save_array(CLUSTERS, outputs["clusters"])
    for name, file in TRACES.items():
        if name in outputs:
            folder.save_arrays(file, **{name: outputs[name]}, neurons=outputs.recorded_neurons)
    stimulus = outputs["stimulus"]
    if stimulus.gain.any():
        folder.save_arrays(STIMULUS, gain=stimulus.gain, course=stimulus.course)
    save_perturbations(folder, outputs)
    metadata: dict[str, Any] = dict(outputs["metadata"])
    config = metadata.pop("config")
    folder.save_text(CONFIG, config)
    folder.save_json(RUN, metadata | provenance(config))


def save_spikes(folder: RunFolder, spikes: SpikeEvents, name: str = SPIKES) -> Path:
    """Save spikes as events: steps, neurons, and the shape and time step they belong to."""
    return folder.save_arrays(
        name,
        steps=spikes.steps,
        neurons=spikes.neurons,
        n_steps=spikes.n_steps,
        n_neurons=spikes.n_neurons,
        delta_t=spikes.delta_t,
    )


def save_rates(folder: RunFolder, outputs: SpikingOutputs, name: str = RATES) -> Path:
    """Save rates of the populations in bins, the width of a bin in seconds, and the spike counts of the neurons."""
    bin_width = outputs["metadata"]["rate_bin_sec"]
    return folder.save_arrays(name, rates=outputs["rates"], bin_width=bin_width, spike_counts=outputs["spike_counts"])


def save_perturbations(folder: RunFolder, outputs: SpikingOutputs) -> None:
    """Save what acted, if anything did: see `saved_arrays`."""
    if "perturbations" in outputs:
        delta_t = outputs["metadata"]["delta_t"]
        arrays = saved_arrays(outputs["perturbations"], outputs.timed_perturbations, delta_t)
        folder.save_arrays(PERTURBATIONS, **arrays)


def save_plots(folder: RunFolder, outputs: SpikingOutputs, baseline: Baseline, plot_arg: str, file_format: str) -> None:
    """Draw and save the pictures that ``plot_arg`` names and the outputs allow."""
    chosen = {name: draw for name, draw in _drawings(outputs, baseline).items() if plot_arg in (name, "all")}
    save_pictures(folder, {PICTURES[name]: draw for name, draw in chosen.items()}, file_format)


def save_pictures(folder: RunFolder, drawings: Mapping[str, Callable[[], Figure]], file_format: str) -> None:
    """Draw pictures, and save each under its name."""
    from neuro_mod.plotting.style import paper_style, save_figure  # noqa: PLC0415 -- matplotlib is loaded only to draw

    with paper_style():
        for name, draw in drawings.items():
            figure = draw()
            folder.save(
                f"{PLOTS}/{name}.{file_format}",
                lambda file, figure=figure: save_figure(figure, file, file_format),
            )


def _drawings(outputs: SpikingOutputs, baseline: Baseline) -> dict[str, Callable[[], Figure]]:
    # matplotlib is loaded only to draw
    from neuro_mod.plotting.cluster_rates import cluster_rate_map  # noqa: PLC0415
    from neuro_mod.plotting.raster import raster  # noqa: PLC0415

    populations, metadata = baseline.populations, outputs["metadata"]
    drawings: dict[str, Callable[[], Figure]] = {
        "rates": lambda: cluster_rate_map(*smooth(outputs["rates"], metadata["rate_bin_sec"]), populations),
    }
    if "spikes" in outputs:
        end = min(metadata["duration_sec"], LONGEST_SHOWN) or None
        drawings["spikes"] = lambda: raster(outputs["spikes"], populations, t_to=end)
    if "voltage" in outputs and len(outputs.recorded_neurons):
        drawings["voltage"] = lambda: _voltage_figure(outputs, baseline)
    if "perturbations" in outputs:
        drawings |= drawings_of_perturbations(
            outputs["perturbations"], baseline, metadata["n_steps"], metadata["delta_t"]
        )
    return drawings


def drawings_of_perturbations(
    perturbations: Mapping[str, Course], baseline: Baseline, n_steps: int, delta_t: float
) -> dict[str, Callable[[], Figure]]:
    """Pictures of what acts in a run of so many steps, and of the parameters that it changes."""
    from neuro_mod.plotting.perturbations import effective_parameters, perturbation_map  # noqa: PLC0415

    populations = baseline.populations
    return {
        "perturbations": lambda: perturbation_map(
            perturbations, populations, duration=n_steps * delta_t, delta_t=delta_t
        ),
        "parameters": lambda: effective_parameters(*before_and_after(baseline, perturbations), populations),
    }


def _voltage_figure(outputs: SpikingOutputs, baseline: Baseline) -> Figure:
    from neuro_mod.plotting.voltage_trace import voltage_trace  # noqa: PLC0415

    populations, metadata = baseline.populations, outputs["metadata"]
    shown = outputs.recorded_neurons[:_EXAMPLES]
    interval = metadata["recorded_every"] * metadata["delta_t"]
    voltage = outputs["voltage"][: max(1, round(LONGEST_SHOWN / interval)), : len(shown)]
    times = np.arange(len(voltage)) * interval
    spikes = outputs["spikes"].between(0.0, LONGEST_SHOWN) if "spikes" in outputs else None
    population = populations.of_neuron[shown]
    return voltage_trace(
        times,
        voltage,
        _threshold(outputs, baseline, np.arange(len(times)) * metadata["recorded_every"])[:, population],
        [np.empty(0) if spikes is None else spikes.times[spikes.neurons == neuron] for neuron in shown],
        [f"neuron {neuron} ({populations.names[a]})" for neuron, a in zip(shown, population, strict=True)],
    )


def _threshold(outputs: SpikingOutputs, baseline: Baseline, steps: NDArray[np.int64]) -> NDArray[np.float64]:
    """Threshold of each population in these steps, shape ``(n_steps, n_pops)``; ``(1, n_pops)`` if it is constant."""
    course = outputs["perturbations"].get("threshold") if "perturbations" in outputs else None
    delta = 0.0 if course is None else course.at(steps)
    return np.atleast_2d(baseline.effective("threshold", delta))
