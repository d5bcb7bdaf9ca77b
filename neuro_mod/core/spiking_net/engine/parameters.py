"""The parameters of a trial in the form the kernel takes them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.neurons import NEURON_PARAMETERS
from neuro_mod.core.spiking_net.engine import kernel
from neuro_mod.core.spiking_net.engine.trial import Trial
from neuro_mod.core.spiking_net.engine.wiring import Blocks, is_dense
from neuro_mod.core.spiking_net.network import Synapses
from neuro_mod.core.spiking_net.propagators import propagators
from neuro_mod.core.spiking_net.time_step import refractory_steps
from neuro_mod.recordings.spikes import MAX_STEPS

_Values = NDArray[np.float64]
_Quantities = Callable[..., tuple[_Values, ...]]


class ParameterTable:
    """Kernel parameters of a trial, stretch by stretch.

    Args:
        trial: The trial.
        blocks: Its split block weights.
        sources: The external sources that send anything.
    """

    def __init__(self, trial: Trial, blocks: Blocks, sources: NDArray[np.int64]):
        self._trial, self._blocks, self._sources = trial, blocks, sources
        self._parameters = parameters = trial.parameters
        same = parameters.alike(*NEURON_PARAMETERS, "external_weight")
        if len(blocks.typical):
            typical = blocks.typical_weights(parameters["block_weights"].values)
            same &= (typical[..., 1:] == typical[..., :-1]).all(axis=(0, 1))
        self._first = np.flatnonzero(np.append(True, ~same))
        self._edges = trial.network.boundaries[np.append(self._first, trial.network.n_populations)]
        self._has_blocks = isinstance(trial.network.synapses, Synapses)
        #: The latest parameters, if they do not change, and the steps in which they hold.
        self._latest: tuple[int, int, kernel.Parameters] | None = None

    def between(self, begin: int, end: int) -> kernel.Parameters:
        """Parameters from step ``begin`` of the run to step ``end``."""
        if self._latest and self._latest[0] <= begin and end <= self._latest[1]:
            return self._latest[2]
        if self._trial.courses:
            made, until = self._make(begin, end), self._parameters.next_change(begin)
        else:
            name = "kernel", self._trial.mechanism, self._trial.dtype, is_dense(self._trial.network)
            made, until = self._parameters.made.get(name, lambda: self._make(0, 1)), MAX_STEPS
        if end <= until:
            self._latest = begin, until, made
        return made

    def _make(self, begin: int, end: int) -> kernel.Parameters:
        weights = ("block_weights",) if self._has_blocks else ()
        steps = self._parameters.changes(begin, end, *NEURON_PARAMETERS, "external_weight", *weights)

        def spread(quantities: _Quantities, *names: str) -> list[NDArray[np.float64]]:
            """Quantities of some parameters, made where these change and given to all pieces."""
            own = self._parameters.changes(begin, end, *names)
            piece = np.searchsorted(own, steps, side="right") - 1
            return [quantity[piece] for quantity in quantities(*(self._parameters[name].at(own) for name in names))]

        trial, first = self._trial, self._first
        a, b, c, d = spread(self._propagators, "tau_membrane", "tau_synaptic")
        threshold, reset, refractory = spread(_unchanged, "threshold", "reset_voltage", "tau_refractory")
        (external_weight,) = spread(self._external_weight, "external_weight", "tau_synaptic")
        group_weight, run_weight = spread(self._recurrent_weights, *weights, "tau_synaptic")
        rates = "external_rate", "arousal_rate"
        rate_steps = self._parameters.changes(begin, end, *rates)
        mean, slope = self._counts(*(self._parameters[name].at(rate_steps) for name in rates))
        return kernel.Parameters(
            begins=steps,
            edges=self._edges,
            a=self._floats(a[:, first]),
            b=self._floats(b[:, first]),
            c=self._floats(c[:, first]),
            d=self._floats(d[:, first]),
            threshold=self._floats(threshold[:, first]),
            reset_voltage=self._floats(reset[:, first]),
            refractory_steps=refractory_steps(refractory[:, first], trial.delta_t),
            external_weight=self._floats(external_weight[..., first]),
            group_weight=self._floats(group_weight[..., first]),
            run_weight=self._floats(run_weight),
            rate_begins=rate_steps,
            mean=np.ascontiguousarray(mean),
            slope=np.ascontiguousarray(slope),
        )

    def _propagators(self, tau_membrane: _Values, tau_synaptic: _Values) -> tuple[_Values, ...]:
        with np.errstate(over="ignore"):  # a time constant far below the time step: exp(-inf) = 0
            return propagators(np, self._trial.mechanism, tau_membrane, tau_synaptic, self._trial.delta_t)

    def _external_weight(self, weight: _Values, tau_synaptic: _Values) -> tuple[_Values, ...]:
        return (weight[:, self._sources] / tau_synaptic[:, None],)

    def _counts(self, rate: _Values, arousal_rate: _Values) -> tuple[_Values, ...]:
        per_rate = self._trial.network.external.in_degree[self._sources] * self._trial.delta_t
        return rate[:, self._sources] * per_rate, arousal_rate[:, None] * per_rate

    def _recurrent_weights(self, *values: _Values) -> tuple[_Values, ...]:
        *weights, tau_synaptic = values
        if not weights:
            k, p = tau_synaptic.shape
            return np.zeros((k, 0, p)), np.zeros((k, p, 0))
        blocks = self._blocks
        return (
            blocks.typical_weights(weights[0]) / tau_synaptic[:, None],
            blocks.run_weights(weights[0]) / tau_synaptic[:, blocks.run_begin],
        )

    def _floats(self, values: _Values) -> NDArray[np.floating]:
        return np.ascontiguousarray(values, self._trial.dtype)


def _unchanged(*values: _Values) -> tuple[_Values, ...]:
    return values
