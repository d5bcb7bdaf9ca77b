"""External spikes at given times, such as those of another simulator or a recording."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from neuro_mod.summaries import ShownFields


@dataclass(frozen=True, eq=False, repr=False)
class InjectedSpikes(ShownFields):
    """External spikes that reach given neurons in given steps, one entry each; any order.

    A spike of weight J adds ``J / tau_synaptic`` to the current of its neuron among the arrivals of its step.

    Args:
        steps: Steps, counted from the start of the run, shape ``(n,)``.
        neurons: Receiving neurons, shape ``(n,)``.
        weights: Efficacies J in threshold units, shape ``(n,)``.

    Examples:
        >>> from dataclasses import replace
        >>> from neuro_mod import InjectedSpikes, Recording, StageSNNSimulation, simulate_pair
        >>> trial = StageSNNSimulation("small").trial(duration_sec=0.01)
        >>> trial = replace(trial, recording=Recording(voltage=[3]))
        >>> pair = simulate_pair(trial, injected=InjectedSpikes(steps=[4], neurons=[3], weights=[0.2]))
        >>> difference = pair.changed.voltage[:, 0] - pair.baseline.voltage[:, 0]
        >>> int(difference.nonzero()[0][0])  # the first step after its arrival
        5
    """

    steps: NDArray[np.integer]
    neurons: NDArray[np.integer]
    weights: NDArray[np.floating]

    def __post_init__(self) -> None:
        for field in fields(self):
            object.__setattr__(self, field.name, np.asarray(getattr(self, field.name)))

    def between(self, begin: int, end: int) -> InjectedSpikes:
        """Those from one step until before another, counted from the first."""
        inside = (self.steps >= begin) & (self.steps < end)
        return InjectedSpikes(self.steps[inside] - begin, self.neurons[inside], self.weights[inside])
