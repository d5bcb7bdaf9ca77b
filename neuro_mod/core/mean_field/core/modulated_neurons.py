"""How neurons of several kinds follow their input at several frequencies, and the spectra of their spike trains."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from threadpoolctl import threadpool_limits

from neuro_mod.core.cores import n_cores
from neuro_mod.core.mean_field.core.coefficients import Moments
from neuro_mod.core.mean_field.core.exact.dynamics import Modulated
from neuro_mod.core.mean_field.core.exact.solver import Passage
from neuro_mod.core.neurons import NeuronParameters
from neuro_mod.errors import invalid

_Array = NDArray[np.float64]
_Complex = NDArray[np.complex128]

#: Neurons are solved at even steps of ``asinh(f / _BEND)``, and others interpolated. Steps are halved where a value
#: between them is off by more than a part of the largest one, up to a number of frequencies.
_BEND, _STEP, _CLOSE, _MOST = 10.0, 0.3, 1e-2, 300  # Hz
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
        with threadpool_limits(1), ThreadPoolExecutor(n_cores()) as threads:
            each = [_at(frequencies, tau, Passage(*row), threads) for *row, tau in kinds.tolist()]
        found = np.stack(each, axis=-1)
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


def _at(frequencies: _Array, tau_m: float, passage: Passage, threads: ThreadPoolExecutor) -> _Complex:
    """`Dynamics` of a neuron, shape ``(3, F)``."""
    modulated, wanted = Modulated(passage), np.arcsinh(frequencies / _BEND)

    def solve(places: _Array) -> _Complex:
        return np.array(list(threads.map(modulated.at, 2 * np.pi * _BEND * tau_m * np.sinh(places)))).T

    n = max(int(np.ceil(wanted.max() / _STEP)) + 1, 4)
    if len(wanted) <= 2 * n:
        return solve(wanted)
    places = np.linspace(0, wanted.max(), n)
    values, halves = solve(places), (places[1:] + places[:-1]) / 2
    while len(halves):
        guessed, found = CubicSpline(places, values, axis=1)(halves), solve(halves)
        wrong = (np.abs(found - guessed) > _CLOSE * np.abs(values).max(axis=1, keepdims=True)).any(axis=0)
        order = np.argsort(np.concatenate([places, halves]))
        places, values = np.concatenate([places, halves])[order], np.concatenate([values, found], axis=1)[:, order]
        at = np.flatnonzero(np.isin(places, halves[wrong]))
        halves = np.unique(np.concatenate([places[at] + places[at - 1], places[at] + places[at + 1]]) / 2)
        if len(places) + len(halves) > _MOST:
            break
    return CubicSpline(places, values, axis=1)(wanted)
