"""The recording that a user chooses for a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro_mod.checks import whole_number
from neuro_mod.core.spiking_net.analysis.rates.rates import steps_per_sample
from neuro_mod.core.spiking_net.engine.trial import Recording, SpikeSink
from neuro_mod.errors import InputError, invalid, show
from neuro_mod.execution.stagers.memory import demand_memory
from neuro_mod.recordings.spikes import MAX_STEPS

RECORDABLE = ("spikes", "voltage", "current")
_TRACES = ("voltage", "current")


@dataclass(frozen=True)
class ChosenRecording:
    """A checked choice.

    Args:
        names: Which of `RECORDABLE`, in that order.
        neurons: Neurons whose voltage and current are recorded, shape ``(n_recorded,)``.
        every: Record these every so many steps.
    """

    names: tuple[str, ...]
    neurons: NDArray[np.int64]
    every: int

    @property
    def traces(self) -> tuple[str, ...]:
        """Which of ``voltage`` and ``current``."""
        return tuple(name for name in _TRACES if name in self.names)

    def for_engine(self, n_steps: int, delta_t: float, dtype: str, on_spikes: SpikeSink | None = None) -> Recording:
        """The choice in the terms of the engine.

        Args:
            n_steps: Length of the run.
            delta_t: Time step in seconds.
            dtype: Precision of the traces.
            on_spikes: Takes the spikes, which then are not kept in memory.

        Raises:
            InputError: The traces would not fit into memory.
        """
        n_samples = -(-n_steps // self.every)
        needed = len(self.traces) * len(self.neurons) * n_samples * np.dtype(dtype).itemsize
        remedy = "record fewer neurons, fewer steps (every), or the spikes alone"
        demand_memory(needed, f"recordings of {' and '.join(self.traces)}", remedy)
        voltage, current = (self.neurons if name in self.names else () for name in _TRACES)
        return Recording(
            spikes="spikes" in self.names and on_spikes is None,
            on_spikes=on_spikes if "spikes" in self.names else None,
            bin_steps=steps_per_sample(delta_t),
            voltage=voltage,
            current=current,
            every=self.every,
        )


def choose_recording(record: Sequence[str], neurons: Any, every: int, n_neurons: int) -> ChosenRecording:
    """Check a choice.

    Args:
        record: Some of `RECORDABLE`.
        neurons: Indices, or a boolean mask of shape ``(n_neurons,)``; None for all.
        every: Record voltage and current every so many steps.
        n_neurons: Number of neurons in the network.

    Raises:
        InputError: Something is not valid; the message says what is.
    """
    names = list(record) if isinstance(record, list | tuple | set | frozenset) else None
    if names is None or not set(names) <= set(RECORDABLE):
        shown = show(record) if names is None else ", ".join(sorted(map(str, set(names) - set(RECORDABLE))))
        hint = "spike counts and rates are always recorded"
        raise InputError(f"record: {shown} found; expected a list of {', '.join(RECORDABLE)}; {hint}")
    kept = tuple(name for name in RECORDABLE if name in names)
    return ChosenRecording(kept, _indices(neurons, n_neurons), whole_number("every", every, 1, MAX_STEPS))


def _indices(neurons: Any, n_neurons: int) -> NDArray[np.int64]:
    if neurons is None:
        return np.arange(n_neurons)
    chosen = np.asarray(neurons)
    if chosen.shape == (n_neurons,) and chosen.dtype == bool:
        return np.flatnonzero(chosen)
    if chosen.size == 0:
        return np.empty(0, np.int64)
    if chosen.ndim != 1 or not np.issubdtype(chosen.dtype, np.integer):
        raise invalid("neurons", neurons, "a list of neuron indices, or a boolean mask with one entry per neuron")
    if not 0 <= chosen.min() <= chosen.max() < n_neurons:
        raise InputError(f"neurons: {chosen.min()} to {chosen.max()} found; expected indices from 0 to {n_neurons - 1}")
    return chosen.astype(np.int64)
