"""The parameters of a trial in the form the kernel takes them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.spiking_net.courses import ParametersInTime
from neuro_mod.core.spiking_net.engine import kernel
from neuro_mod.core.spiking_net.engine.trial import Trial
from neuro_mod.core.spiking_net.engine.wiring import Blocks
from neuro_mod.core.spiking_net.network import NEURON_PARAMETERS
from neuro_mod.core.spiking_net.propagators import propagators
from neuro_mod.core.spiking_net.spikes import MOST_STEPS


class ParameterTable:
    """Kernel parameters of a trial, stretch by stretch.

    Args:
        trial: The trial.
        parameters: Its parameters in time.
        blocks: Its split block weights.
        sources: The external sources that send anything.
    """

    def __init__(self, trial: Trial, parameters: ParametersInTime, blocks: Blocks, sources: NDArray[np.int64]):
        self._trial, self._parameters, self._blocks, self._sources = trial, parameters, blocks, sources
        same = parameters.alike(*NEURON_PARAMETERS, "external_weight")
        if len(blocks.typical):
            typical = blocks.typical_weights(parameters["block_weights"].values)
            same &= (typical[..., 1:] == typical[..., :-1]).all(axis=(0, 1))
        self._first = np.flatnonzero(np.append(True, ~same))
        starts = np.concatenate([[0], np.cumsum(trial.network.sizes)])
        self._edges = starts[np.append(self._first, trial.network.n_populations)]
        self._constant = None if trial.courses else self._make(np.zeros(1, np.int64))

    def between(self, begin: int, end: int) -> kernel.Parameters:
        """Parameters from step ``begin`` of the run to step ``end``."""
        return self._constant or self._make(self._parameters.changes(begin, end))

    def largest_mean(self) -> float:
        """Bound on the mean external count of any neuron from one source in one step."""
        rate = self._parameters["external_rate"].values.max(axis=0, initial=0.0)
        aroused = self._parameters["arousal_rate"].values.max(axis=0, initial=0.0)
        means = self._trial.network.external.in_degree * (rate + aroused) * self._trial.delta_t
        return float(means.max(initial=0.0))

    def _make(self, steps: NDArray[np.int64]) -> kernel.Parameters:
        trial, first = self._trial, self._first
        value = {name: self._parameters[name].at(steps) for name in NEURON_PARAMETERS}
        tau_synaptic = value["tau_synaptic"]
        advance = propagators(np, trial.mechanism, value["tau_membrane"], tau_synaptic, trial.delta_t)
        refractory = np.minimum(np.rint(value["tau_refractory"] / trial.delta_t), MOST_STEPS)
        external_weight = self._parameters["external_weight"].at(steps)[:, self._sources] / tau_synaptic[:, None]
        spikes_per_rate = trial.network.external.in_degree[self._sources] * trial.delta_t
        p = trial.network.n_populations
        group_weight, run_weight = np.zeros((len(steps), 0, p)), np.zeros((len(steps), p, 0))
        if self._blocks.n_runs.any() or len(self._blocks.typical):
            weights = self._parameters["block_weights"].at(steps)
            group_weight = self._blocks.typical_weights(weights) / tau_synaptic[:, None]
            run_weight = self._blocks.run_weights(weights) / tau_synaptic[:, self._blocks.run_begin]
        segments = [*advance, value["threshold"], value["reset_voltage"]]
        a, b, c, d, threshold, reset = (self._floats(values[:, first]) for values in segments)
        return kernel.Parameters(
            steps,
            self._edges,
            a,
            b,
            c,
            d,
            threshold,
            reset,
            np.ascontiguousarray(refractory[:, first], np.int32),
            self._floats(external_weight[..., first]),
            self._parameters["external_rate"].at(steps)[:, self._sources] * spikes_per_rate,
            self._parameters["arousal_rate"].at(steps)[:, None] * spikes_per_rate,
            self._floats(group_weight[..., first]),
            self._floats(run_weight),
        )

    def _floats(self, values: NDArray[np.float64]) -> NDArray[np.floating]:
        return np.ascontiguousarray(values, self._trial.dtype)
