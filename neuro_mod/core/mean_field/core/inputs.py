"""The parameters of the input of each population, and how input and neurons change with a perturbation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.mean_field.core.coefficients import Moments
from neuro_mod.core.modulation_derivatives import CircuitDerivatives

_Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CoefficientDerivatives:
    """Derivatives of the quantities of each population with respect to a perturbation of this population, per unit.

    Args:
        by_rate: Of the input per Hz of each population, in row a those of population a, shape ``(P, P)`` each.
        external: Of the external input, for each of Q values of z, shape ``(Q, P)`` each.
        neurons: Of membrane, synaptic and refractory time constant and threshold, shape ``(4, P)``.
        one_sided: Where they hold to one side only, shape ``(P,)``.
    """

    by_rate: Moments
    external: Moments
    neurons: _Array
    one_sided: NDArray[np.bool_]

    @property
    def of_time_constants(self) -> bool:
        """Whether time constants change."""
        return bool(self.neurons[:3].any())

    def at(self, rates: _Array) -> _Array:
        """Derivatives of `transfer.EXPANDED` while the rates stay, shape ``(6, ..., Q, P)`` for rates ``(..., P)``."""
        pairs = zip(self.by_rate, self.external, strict=True)
        moments = [(rates @ by_rate.T)[..., None, :] + external for by_rate, external in pairs]
        return np.stack([*moments, *(np.broadcast_to(each, moments[0].shape) for each in self.neurons)])


@dataclass(frozen=True, eq=False)
class InputParameters:
    """Synapses and external sources of P populations.

    Args:
        in_degree: Numbers of synapses ``[post, pre]``, shape ``(P, P)``.
        weights: Their efficacies in threshold units, shape ``(P, P)``.
        external_in_degree: Synapses from S external sources, shape ``(S, P)``.
        external_weight: Their efficacies, likewise.
        external_rate: Rates of the sources in Hz, likewise.
        arousal_rate: Further external rate in Hz, of which each neuron receives the part z, shape ``(P,)``.
        z: Values of z, shape ``(Q,)``.
    """

    in_degree: _Array
    weights: _Array
    external_in_degree: _Array
    external_weight: _Array
    external_rate: _Array
    arousal_rate: _Array
    z: _Array

    def moments(self, tau_membrane: _Array) -> tuple[Moments, Moments]:
        """Input per Hz of each population, shape ``(P, P)``, and from outside, shape ``(Q, P)``."""
        synapses = tau_membrane[:, None] * self.in_degree
        per_rate = tau_membrane * self.external_in_degree * self.external_weight
        rates = self.external_rate + self.arousal_rate * self.z[:, None, None]
        external = Moments((per_rate * rates).sum(axis=1), (per_rate * self.external_weight * rates).sum(axis=1))
        return Moments(synapses * self.weights, synapses * self.weights**2), external

    def derivatives(self, tau_membrane: _Array, change: CircuitDerivatives) -> CoefficientDerivatives:
        """Derivatives of `moments`, and of the parameters of the neurons.

        Args:
            tau_membrane: Membrane time constants in seconds, shape ``(P,)``.
            change: Derivatives of weights, rates and neurons.
        """
        by_tau = self.moments(change.neurons[0])
        synapses = tau_membrane[:, None] * self.in_degree * change.block_weights
        sources = tau_membrane * self.external_in_degree
        rates = self.external_rate + self.arousal_rate * self.z[:, None, None]
        faster = change.external_rate + change.arousal_rate * self.z[:, None, None]
        weight, heavier = self.external_weight, change.external_weight
        mean = sources * (heavier * rates + weight * faster)
        variance = sources * weight * (2 * heavier * rates + weight * faster)
        return CoefficientDerivatives(
            by_rate=Moments(by_tau[0].mu + synapses, by_tau[0].variance + 2 * synapses * self.weights),
            external=Moments(by_tau[1].mu + mean.sum(axis=1), by_tau[1].variance + variance.sum(axis=1)),
            neurons=change.neurons,
            one_sided=change.one_sided,
        )
