"""Figures of a run, as far as its results allow. Matplotlib is loaded only to draw."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.core.course import Course
from neuro_mod.core.modulation import Baseline
from neuro_mod.core.spiking_net.analysis.rates.rates import smooth
from neuro_mod.errors import invalid
from neuro_mod.execution.figures import Draw, Drawings, drawn, over_time
from neuro_mod.execution.stagers.perturbations import strongest

if TYPE_CHECKING:
    from neuro_mod.plotting.style import AnyFigure

#: File name of each figure, by the name that ``plot_arg`` has for it.
PICTURES = {
    "spikes": "raster",
    "rates": "cluster_rates",
    "voltage": "voltage",
    "perturbations": "perturbations",
    "parameters": "effective_parameters",
}
#: Traces in the figure of the voltage, at most.
_EXAMPLES = 4
#: Seconds that the raster and the voltages show, at most, from the start; the map of the rates shows all.
MAX_SHOWN_SEC, MAX_VOLTAGE_SEC = 10.0, 2.5


def check_plot_arg(plot_arg: str) -> None:
    """Refuse an unknown name of a figure.

    Raises:
        InputError: The message lists the names.
    """
    if plot_arg not in ("all", "none") and not set(plot_arg.split(",")) <= set(PICTURES):
        valid = ", ".join((*PICTURES, "all", "none"))
        raise invalid("plot_arg", plot_arg, f"one of {valid}; or several, as spikes,rates")


def figure_names(plot_arg: str) -> set[str]:
    """File names of the figures that ``plot_arg`` stands for."""
    return set(PICTURES.values()) if plot_arg == "all" else {PICTURES[n] for n in plot_arg.split(",") if n in PICTURES}


def chosen_pictures(drawings: Drawings, plot_arg: str, suffix: str = "") -> Drawings:
    """The figures that ``plot_arg`` stands for, with a suffix of their file names."""
    names = figure_names(plot_arg)
    return {f"{name}{suffix}": draw for name, draw in drawings.items() if name in names}


def drawings_of_run(outputs: Mapping[str, Any], recorded_neurons: NDArray[np.int64], baseline: Baseline) -> Drawings:
    """Figures of one run, by file name, as far as its results allow; arguments as for `SpikingOutputs`."""
    # matplotlib is loaded only to draw
    from neuro_mod.plotting.network.cluster_rates import cluster_rate_map  # noqa: PLC0415
    from neuro_mod.plotting.network.raster import raster  # noqa: PLC0415

    populations, metadata = baseline.populations, outputs["metadata"]
    duration = metadata["duration_sec"]

    def rates(t_from: float, t_to: float | None, **place: Any) -> AnyFigure:
        smoothed = smooth(outputs["rates"], metadata["rate_bin_sec"])
        times, shown = in_window(*smoothed, t_from=t_from, t_to=t_to)
        return cluster_rate_map(times, shown, populations, **place)

    drawings: Drawings = {}
    if "spikes" in outputs:
        spikes: dict[str, Draw] = {PICTURES["spikes"]: partial(raster, outputs["spikes"], populations)}
        drawings |= over_time(spikes, duration, first=MAX_SHOWN_SEC)
    if "voltage" in outputs and len(recorded_neurons):
        voltage: dict[str, Draw] = {
            PICTURES["voltage"]: partial(_voltage_figure, outputs, recorded_neurons[:_EXAMPLES], baseline)
        }
        drawings |= over_time(voltage, duration, first=MAX_VOLTAGE_SEC)
    drawings |= over_time({PICTURES["rates"]: rates}, duration)
    if "perturbations" in outputs:
        drawings |= drawings_of_perturbations(
            outputs["perturbations"], baseline, metadata["n_steps"], metadata["delta_t"]
        )
    return drawings


def in_window(
    times: NDArray[Any], *values: NDArray[Any], t_from: float, t_to: float | None
) -> tuple[NDArray[Any], ...]:
    """The times within a window, at least one, and what belongs to them, along the first axis of arrays."""
    first, last = np.searchsorted(times, (t_from, np.inf if t_to is None else t_to))
    first = min(int(first), max(0, len(times) - 1))  # at least a sample
    return tuple(each[first : max(int(last), first + 1)] for each in (times, *values))


def _voltage_figure(
    outputs: Mapping[str, Any],
    shown: NDArray[np.int64],
    baseline: Baseline,
    t_from: float,
    t_to: float | None,
    **place: Any,
) -> AnyFigure:
    from neuro_mod.plotting.network.voltage_trace import voltage_trace  # noqa: PLC0415
    from neuro_mod.plotting.style import in_words  # noqa: PLC0415

    populations, metadata = baseline.populations, outputs["metadata"]
    every, delta_t = metadata["recorded_every"], metadata["delta_t"]
    steps = np.arange(len(outputs["voltage"])) * every
    times, voltage, steps = in_window(
        steps * delta_t, outputs["voltage"][:, : len(shown)], steps, t_from=t_from, t_to=t_to
    )
    end = metadata["duration_sec"] if t_to is None else t_to
    spikes = outputs["spikes"].between(t_from, end) if "spikes" in outputs else None
    population = populations.of_neuron[shown]
    return voltage_trace(
        times,
        voltage,
        _threshold(outputs, baseline, steps)[:, population],
        [np.empty(0) if spikes is None else spikes.times[spikes.neurons == neuron] for neuron in shown],
        [f"neuron {neuron} ({in_words(populations.names[a])})" for neuron, a in zip(shown, population, strict=True)],
        unperturbed=baseline.effective("threshold", 0.0)[population],
        **place,
    )


def _threshold(outputs: Mapping[str, Any], baseline: Baseline, steps: NDArray[Any]) -> NDArray[np.float64]:
    """Threshold of each population in these steps, shape ``(n_steps, n_pops)``; ``(1, n_pops)`` if it is constant."""
    course = outputs["perturbations"].get("threshold") if "perturbations" in outputs else None
    delta = 0.0 if course is None else course.at(steps)
    return np.atleast_2d(baseline.effective("threshold", delta))


def drawings_of_perturbations(
    perturbations: Mapping[str, Course], baseline: Baseline, n_steps: int, delta_t: float
) -> Drawings:
    """Figures of the perturbations of a run of so many steps, and of the parameters that they change, by file name."""
    from neuro_mod.plotting.network.perturbations import effective_parameters, perturbation_map  # noqa: PLC0415

    populations, duration = baseline.populations, n_steps * delta_t
    shown = partial(perturbation_map, perturbations, populations, duration=duration, delta_t=delta_t)
    values = partial(effective_parameters, *_before_and_after(baseline, perturbations), populations)
    return over_time({PICTURES["perturbations"]: shown}, duration) | drawn({PICTURES["parameters"]: values})


def _before_and_after(
    baseline: Baseline, courses: Mapping[str, Course]
) -> tuple[dict[str, NDArray[np.float64]], dict[str, NDArray[np.float64]]]:
    """Parameters without perturbations, and with each at its strongest, by target, shape ``(n_pops,)``.

    ``rate`` and ``j_ext`` are those of the external excitatory source.
    """

    def of_one_source(target: str, delta: ArrayLike) -> NDArray[np.float64]:
        value = baseline.effective(target, delta)
        return value[0] if value.ndim == 2 else value

    before = {target: of_one_source(target, 0.0) for target in courses}
    return before, {target: of_one_source(target, strongest(course)) for target, course in courses.items()}
