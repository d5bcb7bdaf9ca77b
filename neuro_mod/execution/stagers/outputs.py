"""What a run of the spiking network returns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.perturbations import TimedPerturbation
from neuro_mod.core.spiking_net.engine.state import State


class SpikingOutputs(Mapping[str, Any]):
    """Results of a run by name; dense arrays are made when they are asked for.

    ============= ========================================================================================
    spikes        `SpikeEvents`; ``np.asarray`` gives a boolean array ``(n_steps, n_neurons)``
    spike_counts  number of spikes of each neuron, ``(n_neurons,)``
    rates         rate per neuron of each population in bins of ``metadata["rate_bin_sec"]``, Hz, ``(n_bins, n_pops)``
    voltage       V at the end of the recorded steps, threshold units, ``(n_recorded_steps, n_recorded_neurons)``
    current       I likewise, threshold units per second
    stimulus      `Stimulus`; ``np.asarray`` gives the current, threshold units per second, ``(n_steps, n_neurons)``
    weights       efficacies ``[post, pre]``, threshold units, ``(n_neurons, n_neurons)``
    perturbations by target, `Course` with values ``(K, n_pops)`` in the unit of the target
    clusters      population index of each neuron, ``(n_neurons,)``
    metadata      what ran, how fast, and mean rates
    ============= ========================================================================================

    ``spikes``, ``voltage`` and ``current`` are there only if they were recorded, ``perturbations`` only if there
    are any.

    Args:
        held: Results that exist.
        made: Results that are made on demand, as functions.
        state: State after the last step, to continue from.
        recorded_neurons: Whose voltage and current were recorded, shape ``(n_recorded_neurons,)``.
        timed_perturbations: Those of the perturbations that were vectors with a time course, by target.
    """

    def __init__(
        self,
        held: Mapping[str, Any],
        made: Mapping[str, Callable[[], Any]],
        state: State,
        recorded_neurons: NDArray[np.int64],
        timed_perturbations: Mapping[str, TimedPerturbation] | None = None,
    ):
        self._held = dict(held)
        self._made = dict(made)
        self.state = state
        self.recorded_neurons = recorded_neurons
        self.timed_perturbations = dict(timed_perturbations or {})

    def __getitem__(self, name: str) -> Any:
        if name in self._made:
            return self._made[name]()
        if name in self._held:
            return self._held[name]
        raise KeyError(f"{name!r} was not recorded; there are {', '.join(self)}")

    def __iter__(self) -> Iterator[str]:
        yield from (*self._held, *self._made)

    def __len__(self) -> int:
        return len(self._held) + len(self._made)

    def __contains__(self, name: object) -> bool:
        return name in self._held or name in self._made

    def __repr__(self) -> str:
        return f"SpikingOutputs({', '.join(self)})"
