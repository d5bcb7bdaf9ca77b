"""The same network in Brian2, compiled once as a C++ program; a script that runs in Brian2's own environment.

``python -m benchmarks.brian2_script FOLDER`` reads ``network.npz``, ``injected.npz`` and ``task.json`` from the folder,
builds, and says in a line of JSON what it built with. Then it reads requests, ``{"seed": 1, "delay": 0.0}``; for each
it runs the program, leaves spikes and voltages in ``run.npz`` and answers with the wall-clock seconds of the
simulation: without compilation, loading the network, and saving. `benchmarks.brian2_network` is the other end.

Brian2 holds a neuron at reset one step less than the refractory period it is given, so it is given one step more.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import brian2 as b2
import numpy as np
from brian2.codegen.cpp_prefs import get_compiler_and_args
from numpy.typing import NDArray

from benchmarks.plain_network import PlainNetwork

Indices = NDArray[np.integer[Any]]
Weights = NDArray[np.float64]

_NEURON = """
dV/dt = -V / tau_m + I : 1 (unless refractory)
dI/dt = -I / tau_s : hertz
"""
#: A `PoissonInput` sums so many synapses; their binomial number is then Poisson to one in a million.
_N_EXTERNAL = 10**6
_SEED_VARIABLE = "NOISE_SEED"
_SEED_AND_START_CLOCK = f"""
brian::_random_generators[0].seed(std::stoul(std::getenv("{_SEED_VARIABLE}")));
const auto start_of_simulation = std::chrono::steady_clock::now();
"""
_STOP_CLOCK = """
std::ofstream(brian::results_dir + "wall_seconds")
    << std::chrono::duration<double>(std::chrono::steady_clock::now() - start_of_simulation).count();
"""


def main() -> None:
    """Build, then answer requests until there are no more."""
    folder = Path(sys.argv[1])
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what compilers print is no answer
    with np.load(folder / "injected.npz") as arrays:
        injected = dict(arrays)
    program = Program(
        PlainNetwork.load(folder / "network.npz"), injected, folder, **json.loads((folder / "task.json").read_text())
    )
    print(json.dumps(_versions()), file=answers)
    for request in map(json.loads, sys.stdin):
        print(json.dumps(program.run(**request)), file=answers)


class Program:
    """The compiled program.

    Args:
        network: The network.
        injected: ``steps``, ``neurons`` and ``weights`` of spikes that are given beforehand.
        folder: Where to build it.
        n_steps: Length of a simulation in steps.
        delta_t: Time step in seconds.
        dtype: float64 or float32.
        record_voltage: Whether the voltage of every neuron is recorded after each step.
    """

    def __init__(
        self,
        network: PlainNetwork,
        injected: Mapping[str, NDArray[Any]],
        folder: Path,
        *,
        n_steps: int,
        delta_t: float,
        dtype: str,
        record_voltage: bool,
    ):
        self._folder, self._delta_t = folder, delta_t
        b2.prefs.logging.file_log = b2.prefs.logging.save_script = b2.prefs.logging.std_redirection = False
        b2.set_device("cpp_standalone", build_on_run=False)
        b2.prefs.core.default_float_dtype = np.dtype(dtype).type
        b2.prefs.codegen.cpp.headers += ["<chrono>", "<cstdlib>", "<fstream>"]
        b2.defaultclock.dt = delta_t * b2.second
        neurons = _neurons(network, delta_t)
        self._synapses = _synapses(neurons, neurons, network, network.senders, network.targets, network.weights)
        self._spikes = b2.SpikeMonitor(neurons)
        parts = [neurons, self._synapses, self._spikes, *_external_input(neurons, network)]
        if len(injected["steps"]):
            parts += _injected_input(neurons, network, delta_t, **injected)
        self._voltage = b2.StateMonitor(neurons, "V", record=True, when="end") if record_voltage else None
        if self._voltage is not None:
            parts.append(self._voltage)
        b2.device.apply_run_args()
        b2.device.insert_code("before_network_run", _SEED_AND_START_CLOCK)
        b2.device.insert_code("after_network_run", _STOP_CLOCK)
        b2.Network(*parts).run(n_steps * delta_t * b2.second)
        b2.device.build(directory=str(folder / "program"), run=False)

    def run(self, seed: int, delay: float) -> float:
        """Simulate with a seed of the noise and a delay of the recurrent synapses; returns wall-clock seconds."""
        os.environ[_SEED_VARIABLE] = str(seed)
        b2.device.run(results_directory="results", with_output=False, run_args=[f"{self._synapses.name}.delay={delay}"])
        np.savez(
            self._folder / "run.npz",
            steps=np.rint(np.asarray(self._spikes.t_) / self._delta_t).astype(np.int32),
            neurons=np.asarray(self._spikes.i, np.int32),
            voltage=np.empty((0, 0)) if self._voltage is None else np.asarray(self._voltage.V).T,
        )
        return float(Path(b2.device.results_dir, "wall_seconds").read_text())


def _neurons(network: PlainNetwork, delta_t: float) -> Any:
    """Neurons; what all of them share is a constant of the equations, as one would write it by hand."""
    parameters = {
        "tau_m": (network.tau_membrane, "second"),
        "tau_s": (network.tau_synaptic, "second"),
        "t_ref": (network.tau_refractory + delta_t, "second"),
        "theta": (network.threshold, "1"),
        "V_reset": (network.reset_voltage, "1"),
    }
    for source, (weight, rate) in enumerate(zip(network.external_weight, network.external_rate, strict=True)):
        parameters[f"w_{source}"] = weight / network.tau_synaptic, "hertz"
        parameters[f"nu_{source}"] = rate, "hertz"
    own = {name: value for name, value in parameters.items() if not _all_equal(value[0])}
    shared = {name: _quantity(value[0], unit) for name, (value, unit) in parameters.items() if name not in own}
    neurons = b2.NeuronGroup(
        network.n_neurons,
        _NEURON + "\n".join(f"{name} : {unit} (constant)" for name, (_, unit) in own.items()),
        threshold="V >= theta",
        reset="V = V_reset",
        refractory="t_ref",
        method="exact",
        namespace=shared,
    )
    for name, (value, unit) in own.items():
        setattr(neurons, name, _quantity(value, unit))
    return neurons


def _synapses(senders: Any, neurons: Any, network: PlainNetwork, i: Indices, j: Indices, weights: Weights) -> Any:
    synapses = b2.Synapses(senders, neurons, "w : hertz", on_pre="I_post += w", delay=0 * b2.second)
    synapses.connect(i=i, j=j)
    synapses.w = _quantity(weights / network.tau_synaptic[j], "hertz")
    return synapses


def _external_input(neurons: Any, network: PlainNetwork) -> list[Any]:
    """Poisson input of each source; a `PoissonInput` has one rate for all neurons, others are drawn by hand."""
    inputs = []
    for source, rate in enumerate(network.external_rate):
        if _all_equal(rate):
            rate_of_one = _quantity(rate[0] / _N_EXTERNAL, "hertz")
            inputs.append(b2.PoissonInput(neurons, "I", _N_EXTERNAL, rate_of_one, f"w_{source}"))
        else:
            arrivals = f"I += w_{source} * poisson(nu_{source} * dt)"
            inputs.append(neurons.run_regularly(arrivals, when="synapses"))
    return inputs


def _injected_input(
    receivers: Any, network: PlainNetwork, delta_t: float, *, steps: Indices, neurons: Indices, weights: Weights
) -> list[Any]:
    """Spikes that are given beforehand: a train for each pair of neuron and weight."""
    (targets, efficacies), train = np.unique(np.stack([neurons, weights]), axis=1, return_inverse=True)
    trains = b2.SpikeGeneratorGroup(len(targets), train, _quantity(steps * delta_t, "second"))
    return [trains, _synapses(trains, receivers, network, np.arange(len(targets)), targets.astype(int), efficacies)]


def _all_equal(values: NDArray[Any]) -> bool:
    return bool(np.ptp(values) == 0)


def _quantity(value: Any, unit: str) -> Any:
    return value if unit == "1" else value * getattr(b2, unit)


def _versions() -> dict[str, str]:
    _, flags = get_compiler_and_args()
    said = subprocess.run(
        [os.environ.get("CXX", "g++"), "--version"], capture_output=True, text=True, check=True
    ).stdout
    return {
        "Python": platform.python_version(),
        "brian2": b2.__version__,
        "numpy": np.__version__,
        "compiler": f"{said.splitlines()[0]} {' '.join(flags)}",
    }


if __name__ == "__main__":
    main()
