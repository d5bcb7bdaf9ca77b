"""The same network in Brian2, which runs in a process and an environment of its own: it needs an older NumPy."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.plain_network import PlainNetwork
from neuro_mod.core.spiking_net.external.injected import InjectedSpikes
from neuro_mod.recordings.spikes import SpikeEvents

_ROOT = Path(__file__).resolve().parents[1]
_PYTHON = _ROOT / ".venv" / "brian2" / "bin" / "python"
_NO_SPIKES = InjectedSpikes(np.zeros(0, int), np.zeros(0, int), np.zeros(0))


def why_brian2_is_missing() -> str:
    """What is missing to run Brian2; empty if nothing."""
    if not _PYTHON.exists():
        return f"its environment is not set up (make {_PYTHON.parents[1].relative_to(_ROOT)}/installed)"
    missing = [tool for tool in (os.environ.get("CXX", "g++"), "make") if not shutil.which(tool)]
    return f"it compiles its simulations, but there is no {' and no '.join(missing)}" if missing else ""


class Brian2Network:
    """A network compiled by Brian2 (C++ standalone, one thread), to be simulated from the state zero as often as asked.

    Use it as a context: the end of it ends the process.

    Args:
        network: The network.
        n_steps: Length of a simulation in steps.
        delta_t: Time step in seconds.
        dtype: float64 or float32.
        injected: Spikes that are given beforehand, at most one for each step, neuron and weight.
        record_voltage: Whether the voltage of every neuron is recorded after each step.

    Raises:
        RuntimeError: Brian2 could not build it; the message has the last lines it said.
    """

    def __init__(
        self,
        network: PlainNetwork,
        n_steps: int,
        delta_t: float,
        *,
        dtype: str = "float64",
        injected: InjectedSpikes = _NO_SPIKES,
        record_voltage: bool = False,
    ):
        self._n_steps, self._n_neurons, self._delta_t = n_steps, network.n_neurons, delta_t
        self._temporary = TemporaryDirectory()
        self._folder = Path(self._temporary.name)
        network.save(self._folder / "network.npz")
        np.savez(
            self._folder / "injected.npz", steps=injected.steps, neurons=injected.neurons, weights=injected.weights
        )
        task = {"n_steps": n_steps, "delta_t": delta_t, "dtype": dtype, "record_voltage": record_voltage}
        (self._folder / "task.json").write_text(json.dumps(task))
        with (self._folder / "log").open("w") as log:
            self._process = subprocess.Popen(
                [_PYTHON, "-m", "benchmarks.brian2_script", self._folder],
                cwd=_ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                bufsize=1,
            )
        #: Versions of Brian2 and of what it was built with.
        self.versions: dict[str, str] = self._answer()

    def __enter__(self) -> Brian2Network:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()
        self._temporary.cleanup()

    def run(self, seed: int, delay: float = 0.0) -> tuple[float, SpikeEvents]:
        """Simulate.

        Args:
            seed: Seed of the noise.
            delay: Delay of the recurrent synapses in seconds beyond ours.

        Returns:
            Seconds of wall-clock time that the simulation took, without loading the network and saving, and spikes.
        """
        assert self._process.stdin is not None
        print(json.dumps({"seed": seed, "delay": delay}), file=self._process.stdin)
        seconds = self._answer()
        with np.load(self._folder / "run.npz") as run:
            order = np.lexsort((run["neurons"], run["steps"]))
            events = run["steps"][order], run["neurons"][order]
        return seconds, SpikeEvents(*events, self._n_steps, self._n_neurons, self._delta_t)

    def voltage(self) -> np.ndarray:
        """Voltage of every neuron after each step of the latest run, shape ``(n_steps, n_neurons)``."""
        with np.load(self._folder / "run.npz") as run:
            return run["voltage"]

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            said = (self._folder / "log").read_text(errors="replace").strip().splitlines()[-15:]
            raise RuntimeError("Brian2 failed:\n" + "\n".join(said))
        return json.loads(line)
