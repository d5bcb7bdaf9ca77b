"""What a page is told first: the network, its sliders, and what the configuration does to it by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

import neuro_mod
from neuro_mod.config import Experiment
from neuro_mod.config.labels import label_of
from neuro_mod.core.perturbations.targets import TARGETS
from neuro_mod.explorer.knobs import Knob

#: Ends of the sliders of perturbations by target, in its unit, where they are not a part of the parameter.
_SPANS = {"rate": 5.0, "threshold": 0.2, "arousal_level": 0.5}
_RELATIVE_SPAN = 0.3


def greeting(
    experiment: Experiment, knobs: Sequence[Knob], drawn: NDArray[np.int64], bin_width: float, window: float
) -> dict[str, Any]:
    """The message ``hello``, as plain data.

    Args:
        experiment: The configuration.
        knobs: Its sliders.
        drawn: Neurons of the raster, ascending.
        bin_width: Width of the bins of rates in seconds.
        window: Length of the window of statistics in seconds.
    """
    targets = [
        {"name": name, "label": _in_words(name), "unit": target.unit, "span": span_of(experiment, name)}
        | {"relative": target.relative}
        for name, target in TARGETS.items()
    ]
    vectors = [
        {"name": f"configuration: {target}", "target": target, "values": each.at().tolist()}
        for target, each in experiment.timed_perturbations.items()
    ]
    return {
        "type": "hello",
        "version": neuro_mod.__version__,
        "name": experiment.settings.sim_name,
        "network": _network(experiment, drawn),
        "knobs": [asdict(knob) for knob in knobs],
        "targets": targets,
        "vectors": vectors,
        "windows": _windows(experiment),
        "bin": bin_width,
        "window": window,
    }


def span_of(experiment: Experiment, target: str) -> float:
    """Largest perturbation that the sliders of a target reach, in its unit."""
    if target in _SPANS:
        return _SPANS[target]
    if TARGETS[target].relative:
        return _RELATIVE_SPAN
    values = np.abs(np.asarray(experiment.unperturbed(target), np.float64))
    return float(f"{_RELATIVE_SPAN * (values.max(initial=0.0) or 1.0):.2g}")


def _network(experiment: Experiment, drawn: NDArray[np.int64]) -> dict[str, Any]:
    populations = experiment.populations
    kinds = np.array(["E", "I"])[populations.types]
    clusters = [*range(populations.n_clusters), None] * 2
    described = [
        {"name": name, "label": name.replace("_", " "), "type": str(kind), "cluster": cluster, "first": int(first)}
        | {"size": int(size)}
        for name, kind, cluster, first, size in zip(
            populations.names, kinds, clusters, populations.boundaries, populations.sizes, strict=False
        )
    ]
    return {
        "n_neurons": populations.n_neurons,
        "delta_t": experiment.init_params.delta_t,
        "n_clusters": populations.n_clusters,
        "populations": described,
        "drawn": drawn.tolist(),
    }


def _windows(experiment: Experiment) -> list[dict[str, Any]]:
    """When the stimulus and the perturbations of the configuration act, in seconds."""
    stimulus = experiment.stimulus
    windows = [
        {"what": "stimulus", "from": onset, "to": onset + stimulus.duration_sec}
        for onset in (() if stimulus.off else stimulus.onsets)
    ]
    courses = {target: each.time_course for target, each in experiment.timed_perturbations.items()}
    return windows + [
        {"what": target, "from": course.onset_time, "to": course.offset_time} for target, course in courses.items()
    ]


def _in_words(target: str) -> str:
    return (
        label_of(f"perturbation.{target}").removeprefix("perturbation of ").removesuffix(f" ({TARGETS[target].unit})")
    )
