"""The default network, trials of it, and turns of what is compared: what the benchmarks of the engine share."""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

from neuro_mod.choices import Precision
from neuro_mod.config import Experiment, load_experiment
from neuro_mod.core.spiking_net.engine.simulate import simulate
from neuro_mod.core.spiking_net.engine.state import initial_state
from neuro_mod.core.spiking_net.engine.trial import Trial
from neuro_mod.core.spiking_net.network import SpikingNetwork, draw_network
from neuro_mod.execution.stagers.assembly import build_circuit

CONFIG = Path(__file__).resolve().parents[1] / "configs" / "default_snn_params.yaml"
PACKAGES = ("numpy", "numba", "llvmlite")

Result = TypeVar("Result")


class Turn(NamedTuple):
    """Wall-clock seconds of one call, and its result."""

    wall: float
    result: Any


def options(module: str, doc: str | None, *, duration: float, repeats: int) -> argparse.ArgumentParser:
    """The options all of these benchmarks have, with their defaults."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{module}", description=(doc or "").split("\n")[0])
    parser.add_argument("--duration", type=float, default=duration, help=f"seconds to simulate (default {duration:g})")
    parser.add_argument("--repeats", type=int, default=repeats, help=f"turns of each case (default {repeats})")
    parser.add_argument("--out", type=Path, help="write the report to this Markdown file too")
    return parser


def load_default(overrides: Mapping[str, Any] | None = None) -> Experiment:
    """The default configuration, with some values replaced."""
    return load_experiment(CONFIG, overrides or {})


def scaled(n_neurons: int) -> Experiment:
    """The default experiment with more neurons; see `enlarged`."""
    return enlarged(CONFIG, n_neurons / load_default().architecture.network.n_neurons)


def enlarged(config: Path, factor: float, overrides: Mapping[str, Any] | None = None) -> Experiment:
    """An experiment with more neurons: as many clusters, the same in-degrees and efficacies of synapses."""
    experiment = load_experiment(config, overrides or {})
    network, clusters = experiment.architecture.network, experiment.architecture.clusters
    sizes = {
        "architecture.network.n_neurons": round(network.n_neurons * factor),
        "architecture.network.n_excitatory": round(network.n_excitatory * factor),
        "architecture.network.connectivity_fraction_probs": _times(network.connectivity_fraction_probs, 1 / factor),
        "architecture.network.j_baseline": _times(network.j_baseline, math.sqrt(factor)),
        "architecture.clusters.n_background": [round(size * factor) for size in clusters.n_background],
        "external_currents.j_ext": _times(experiment.external_currents.j_ext, math.sqrt(factor)),
    }
    return load_experiment(config, {**(overrides or {}), **sizes})


def _times(values: float | Sequence[float], factor: float) -> list[float]:
    return (np.atleast_1d(values) * factor).tolist()


def draw(experiment: Experiment, seed: int | None = None) -> SpikingNetwork:
    """A network of an experiment; by default the one of its own seed."""
    return draw_network(build_circuit(experiment), experiment.settings.random_seed if seed is None else seed)


def new_trial(
    network: SpikingNetwork, experiment: Experiment, duration: float, *, seed: int = 0, dtype: Precision = "float32"
) -> Trial:
    """A trial of so many seconds from the state zero, its spikes recorded."""
    delta_t = experiment.init_params.delta_t
    state = initial_state(network, seed)
    return Trial(network=network, state=state, n_steps=round(duration / delta_t), delta_t=delta_t, dtype=dtype)


def warmed_up(trial: Trial, duration: float) -> Trial:
    """The same trial from the state it reaches in so many seconds on."""
    return replace(trial, state=simulate(replace(trial, n_steps=round(duration / trial.delta_t))).state)


def timed(action: Callable[[], Result]) -> tuple[float, Result]:
    """Wall-clock seconds of a call, and its result."""
    begin = time.perf_counter()
    result = action()
    return time.perf_counter() - begin, result


def take_turns(actions: Mapping[str, Callable[[], Any]], repeats: int) -> dict[str, list[Turn]]:
    """Time actions by turns, so that a machine that slows down slows all of them."""
    turns: dict[str, list[Turn]] = {name: [] for name in actions}
    for repeat in range(repeats):
        for name, action in actions.items():
            print(f"{name}: turn {repeat + 1} of {repeats}", file=sys.stderr)
            turns[name].append(Turn(*timed(action)))
    return turns
