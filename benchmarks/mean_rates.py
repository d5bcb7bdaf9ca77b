"""Mean rates of the same networks in NEST, in Brian2, and here: what NEST's step of delay changes."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.brian2_network import Brian2Network, why_brian2_is_missing
from benchmarks.contenders import engine_spikes
from benchmarks.default_network import draw
from benchmarks.nest_network import NestNetwork, import_nest
from benchmarks.plain_network import plain
from benchmarks.report import describe_machine, describe_versions, markdown_table, publish
from neuro_mod.config import load_experiment
from neuro_mod.core.spiking_net.network import SpikingNetwork
from neuro_mod.execution.stagers.assembly import build_circuit
from neuro_mod.populations import Populations
from neuro_mod.recordings.spikes import SpikeEvents

_STEP = 0.5e-3
_WARM_UP, _DURATION, _NETWORKS = 0.5, 15.0, 3
_N_STEPS = round((_WARM_UP + _DURATION) / _STEP)
_OURS = "neuro_mod, float32"


def main() -> None:
    """Compare, and print a report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mean_rates", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--out", type=Path, help="write the report to this Markdown file too")
    arguments = parser.parse_args()
    nest, missing = import_nest(), why_brian2_is_missing()
    if nest is None or missing:
        publish(f"- Not measured: {missing or 'NEST is not installed'}.", arguments.out)
        return
    machine = describe_machine()
    experiment = load_experiment("published", {})
    populations = build_circuit(experiment).populations
    found: dict[str, list[NDArray[np.float64]]] = {}
    for seed in range(1, _NETWORKS + 1):
        print(f"network {seed} of {_NETWORKS}", file=sys.stderr)
        network = draw(experiment, seed)
        for name, spikes in _simulated(nest, network, seed).items():
            found.setdefault(name, []).append(_rates(populations, spikes))
    ours = np.array(found[_OURS])
    rows = [[name, *_cells(np.array(rates), ours, is_ours=name == _OURS)] for name, rates in found.items()]
    report = [
        markdown_table(["Hz", "E", "I", "E background"], rows),
        f"- Network `published`, steps of 0.5 ms; {_NETWORKS} networks, the same in each simulator, "
        f"{_DURATION:g} s of each after {_WARM_UP:g} s. In brackets: difference to neuro_mod ± its standard error over "
        "networks.\n"
        f"- Machine: {machine}. {describe_versions(('numpy', 'numba', 'nest-simulator'))}, brian2 2.9.0.",
    ]
    publish("\n\n".join(report), arguments.out)


def _simulated(nest: Any, network: SpikingNetwork, seed: int) -> dict[str, SpikeEvents]:
    neurons = plain(network)
    built = NestNetwork(nest, neurons, _STEP, seed)
    built.run(_N_STEPS)
    with Brian2Network(neurons, _N_STEPS, _STEP) as compiled:
        return {
            _OURS: engine_spikes(network, _N_STEPS, delta_t=_STEP, seed=seed, dtype="float32"),
            "Brian2": compiled.run(seed)[1],
            "NEST": built.spikes(),
            "Brian2, recurrent spikes one step later": compiled.run(seed + 100, delay=_STEP)[1],
        }


def _rates(populations: Populations, spikes: SpikeEvents) -> NDArray[np.float64]:
    """Mean rates of all E neurons, all I neurons, and the E background."""
    late = spikes.neurons[spikes.steps >= round(_WARM_UP / _STEP)]
    rates = np.bincount(late, minlength=spikes.n_neurons) / _DURATION
    types = populations.types[populations.of_neuron]
    background = populations.of_neuron == populations.n_clusters
    return np.array([rates[chosen].mean() for chosen in (types == 0, types == 1, background)])


def _cells(rates: NDArray[np.float64], ours: NDArray[np.float64], *, is_ours: bool) -> list[str]:
    change = rates - ours
    error = change.std(axis=0, ddof=1) / np.sqrt(len(rates))
    means = rates.mean(axis=0)
    if is_ours:
        return [f"{mean:.2f}" for mean in means]
    columns = zip(means, change.mean(axis=0), error, strict=True)
    return [f"{mean:.2f} ({each:+.2f} ± {spread:.2f})" for mean, each, spread in columns]


if __name__ == "__main__":
    main()
