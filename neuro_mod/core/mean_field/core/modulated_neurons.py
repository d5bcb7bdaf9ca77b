"""How neurons of several kinds follow their input at several frequencies, and the spectra of their spike trains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.cores import one_thread
from neuro_mod.core.mean_field.core.coefficients import Moments
from neuro_mod.core.mean_field.core.exact.dynamics import Modulated
from neuro_mod.core.mean_field.core.exact.solver import Passage
from neuro_mod.core.neurons import NeuronParameters
from neuro_mod.errors import invalid

_Array = NDArray[np.float64]
_Complex = NDArray[np.complex128]

#: Significant digits of the input up to which neurons count as equal.
_DIGITS = 10


@dataclass(frozen=True, eq=False)
class ModulatedNeurons:
    """Neurons in the steady state whose input is modulated, at F frequencies.

    Args:
        by_mu: Change of the rate per modulation of the mean input before the synapses filter it, in Hz per threshold
            unit, shape ``(F, ...)``.
        by_variance: Likewise for the variance of the input, in Hz per squared threshold unit.
        spectrum: Two-sided power spectrum of the spike train of a neuron in Hz, shape ``(F, ...)``.
    """

    by_mu: _Complex
    by_variance: _Complex
    spectrum: _Array

    @classmethod
    def solved(cls, frequencies: _Array, moments: Moments, neurons: NeuronParameters) -> Self:
        """Solve each kind of neuron once.

        Args:
            frequencies: In Hz, not negative, shape ``(F,)``.
            moments: Input, shape ``(..., P)`` each.
            neurons: Parameters, shape ``(P,)`` each.

        Raises:
            InputError: There is no noise, or a synaptic time constant is 0.
        """
        span, tau_m, tau_s = neurons.threshold - neurons.reset_voltage, neurons.tau_membrane, neurons.tau_synaptic
        if not (moments.variance > 0).all():
            raise invalid("sigma", 0.0, "above 0 for the linear response")
        if (tau_s <= 0).any():
            raise invalid("tau_synaptic", 0.0, "above 0 for the linear response")
        mean, noise = (moments.mu - neurons.reset_voltage) / span, np.sqrt(moments.variance) / span
        columns = np.broadcast_arrays(mean, noise, tau_s / tau_m, neurons.tau_refractory / tau_m, tau_m)
        kinds, kind = np.unique(
            [[float(f"{value:.{_DIGITS}g}") for value in each] for each in zip(*map(np.ravel, columns), strict=True)],
            axis=0,
            return_inverse=True,
        )
        with one_thread():
            found = np.stack(
                [_at(2 * np.pi * row[4] * frequencies, Passage(*row[:4])) for row in kinds.tolist()], axis=-1
            )
        found = found[..., kind.ravel()].reshape(*found.shape[:2], *mean.shape)
        omega = 2j * np.pi * frequencies.reshape(-1, *(1,) * mean.ndim)
        per_second = 1 / tau_m
        return cls(
            by_mu=found[0] * per_second / span / (1 + omega * tau_s),
            by_variance=found[1] * per_second / span**2,
            spectrum=found[2].real * per_second,
        )

    def averaged(self, weights: _Array) -> Self:
        """The mean over the first axis but the frequencies, with weights that sum to 1."""
        return type(self)(*(np.einsum("q,fq...->f...", weights, each) for each in vars(self).values()))


def _at(omegas: _Array, passage: Passage) -> _Complex:
    """`Dynamics` of a neuron at angular frequencies per inverse membrane time constant, shape ``(3, F)``."""
    modulated = Modulated(passage)
    return np.array([modulated.at(omega) for omega in omegas.tolist()], complex).T
