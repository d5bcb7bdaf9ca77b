"""Small fluctuations of population rates about a stable steady state, by frequency.

Each neuron follows small modulations of mean and variance of its input linearly. Its spikes are a realisation of its
modulated rate, with the power spectrum that they have under constant input. So the rates A of populations of N neurons
obey ``A = M A + (R) input + noise`` at each frequency, with the effective connectivity M and noise of spectrum S/N, and
their spectra are ``(1 - M)^-1 diag(S/N) (1 - M)^-H``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.errors import invalid
from neuro_mod.summaries import ShownFields

_Array = NDArray[np.float64]
_Complex = NDArray[np.complex128]

#: Points per cycle of ``1/window`` and part of it at which the integrals over frequency are taken, at least.
_FINE = 16
#: So many points of these integrals, at most.
_MOST_POINTS = 10_000_000
#: An amplification by more than this, and a fluctuation of more than this part of the rate in 50 ms, are mentioned.
_AMPLIFIED, _FLUCTUATING, _WINDOW = 10.0, 0.3, 0.05


@dataclass(frozen=True, eq=False, repr=False)
class LinearResponse(ShownFields):
    """Linear response of P populations at F frequencies, and the fluctuations of their rates.

    Spectra are two-sided: the variance is their integral from minus to plus infinity.

    Args:
        frequencies: In Hz, rising from 0, shape ``(F,)``.
        rates: Of the steady state in Hz, shape ``(P,)``.
        sizes: Numbers of neurons, shape ``(P,)``.
        by_mu: Susceptibility: change of the rate of each population per modulation of its mean input, in Hz per
            threshold unit, without feedback through the network, shape ``(F, P)``. Filtering by synapses is included.
        by_external_rate: Likewise per modulation of its external rate, in Hz per Hz.
        connectivity: Effective connectivity M ``[post, pre]``: change of the rate of a population per change of the
            rate of another, shape ``(F, P, P)``.
        spectrum_of_one: Power spectrum of the spike train of one neuron with constant input in Hz, shape ``(F, P)``.
        notes: Assumptions that the network violates, as sentences.

    Examples:
        >>> from neuro_mod import LIFMeanField, fixed_points
        >>> field = LIFMeanField(  # one population
        ...     n_clusters=1, c_matrix=100, j_matrix=-0.01, j_ext=0.02, c_ext=400, nu_ext=7.0, tau_membrane=20e-3,
        ...     tau_synaptic=5e-3, threshold=1.0, reset_voltage=0.0, tau_refractory=5e-3, response="exact",
        ... )
        >>> [state] = fixed_points(field)
        >>> found = field.linear_response(state, [0.0, 10.0, 100.0], sizes=[1000])
        >>> found.frequencies.tolist(), found.power.shape  # spectra of the rates in Hz, (n_frequencies, n_pops)
        ([0.0, 10.0, 100.0], (3, 1))
    """

    frequencies: _Array
    rates: _Array
    sizes: NDArray[np.int64]
    by_mu: _Complex
    by_external_rate: _Complex
    connectivity: _Complex
    spectrum_of_one: _Array
    notes: tuple[str, ...] = ()

    @cached_property
    def feedback(self) -> _Complex:
        """``(1 - M)^-1 [population, source]``: what the network makes of a change of rates, shape ``(F, P, P)``."""
        return np.linalg.inv(np.eye(len(self.rates)) - self.connectivity).astype(np.complex128)

    @property
    def to_external_rate(self) -> _Complex:
        """Change of rates per modulation of the external rate of each population, with feedback, in Hz per Hz.

        Shape ``(F, P, P)``, ``[population, modulated population]``.
        """
        return self.feedback * self.by_external_rate[:, None, :]

    @cached_property
    def spectra(self) -> _Complex:
        """Cross-spectra of the rates of populations in Hz, shape ``(F, P, P)``; power spectra on the diagonal."""
        return (self.feedback * self._noise[:, None, :]) @ np.conj(np.swapaxes(self.feedback, 1, 2))

    @property
    def power(self) -> _Array:
        """Power spectra of the rates of populations in Hz, shape ``(F, P)``."""
        return np.real(np.diagonal(self.spectra, axis1=1, axis2=2))

    @property
    def coherence(self) -> _Array:
        """``|S_ab|^2 / (S_aa S_bb)``, shape ``(F, P, P)``; NaN for populations without neurons."""
        power = self.power
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.abs(self.spectra) ** 2 / (power[:, :, None] * power[:, None, :])

    def covariance(self, window: float) -> _Array:
        """Covariances of the mean rates of populations in windows, in Hz^2, shape ``(P, P)``.

        ``int S(f) sinc^2(pi f T) df``. Beyond the largest frequency, spectra are those of independent Poisson
        processes.

        Args:
            window: Length T of the windows in seconds.

        Raises:
            InputError: It is not above 0, too long, or frequencies do not reach from 0 to ``1/T``.
        """
        check_window(window, self.frequencies[-1])
        if self.frequencies[0] > 0 or self.frequencies[-1] * window < 1:
            place = f"{self.frequencies[0]:g} to {self.frequencies[-1]:g} Hz"
            raise invalid("frequencies", place, f"0 to at least {1 / window:g} Hz for covariances in such windows")
        weights = _weights(self.frequencies, window)
        return np.einsum("f,fab->ab", weights, self.spectra.real - self._poisson) + self._poisson / window

    def correlation(self, window: float) -> _Array:
        """Correlation coefficients of these rates, shape ``(P, P)``; NaN for populations without neurons."""
        covariance = self.covariance(window)
        deviation = np.sqrt(np.diagonal(covariance))
        with np.errstate(divide="ignore", invalid="ignore"):
            return covariance / np.outer(deviation, deviation)

    def power_of(self, members: ArrayLike) -> _Array:
        """Power spectrum of the mean rate of all neurons of some populations in Hz, shape ``(F,)``.

        Args:
            members: Their indices.

        Raises:
            InputError: They have no neurons.
        """
        sizes = np.where(np.isin(np.arange(len(self.rates)), members), self.sizes, 0)
        if not sizes.any():
            raise invalid("members", np.asarray(members).tolist(), "populations that have neurons")
        weights = sizes / sizes.sum()
        return np.einsum("a,fab,b->f", weights, self.spectra, weights).real

    @cached_property
    def cautions(self) -> tuple[str, ...]:
        """Where the theory may mislead, as sentences."""
        found = list(self.notes)
        largest = float(np.linalg.norm(self.feedback, 2, axis=(1, 2)).max(initial=0.0))
        if largest > _AMPLIFIED:
            found.append(f"the network amplifies fluctuations by up to {largest:.1f}: it is close to an instability")
        if self.frequencies[0] == 0 and self.frequencies[-1] * _WINDOW >= 1:
            fluctuating = np.diagonal(self.covariance(_WINDOW)) - np.diagonal(self._poisson) / _WINDOW
            deviations = np.sqrt(np.maximum(fluctuating, 0.0))
            part = np.divide(deviations, self.rates, out=np.zeros_like(self.rates), where=self.rates > 0)
            part[self.sizes == 0] = 0.0
            if part.max() > _FLUCTUATING:
                found.append(
                    f"modulations of rates reach {part.max():.0%} of their mean in {_WINDOW * 1e3:.0f} ms: "
                    "responses may no longer be linear"
                )
        return tuple(found)

    @property
    def _poisson(self) -> _Array:
        """Spectra of populations of independent Poisson neurons, shape ``(P, P)``."""
        return np.diag(np.divide(self.rates, self.sizes, out=np.zeros_like(self.rates), where=self.sizes > 0))

    @property
    def _noise(self) -> _Array:
        sizes = np.broadcast_to(self.sizes, self.spectrum_of_one.shape)
        return np.divide(self.spectrum_of_one, sizes, out=np.zeros_like(self.spectrum_of_one), where=sizes > 0)


def check_window(window: float, highest: float) -> None:
    """Check the length of windows in seconds for spectra up to a highest frequency in Hz.

    Raises:
        InputError: It is not above 0, or so long that the integral over frequency would have too many points.
    """
    longest = _MOST_POINTS / (_FINE * highest) if highest > 0 else np.inf
    if not (0 < window < np.inf and window <= longest):
        most = f"above 0, and at most {longest:.3g} with frequencies up to {highest:g} Hz"
        raise invalid("window", window, f"seconds {most}" if window > longest else "seconds above 0")


def _weights(frequencies: _Array, window: float) -> _Array:
    """Of the values at these frequencies in ``int S(f) sinc^2(pi f T) df``, for S linear between them, shape (F,)."""
    ends = np.unique(np.concatenate([frequencies, np.arange(0, frequencies[-1], 1 / (_FINE * window))]))
    steps, middles = np.diff(ends), (ends[1:] + ends[:-1]) / 2
    kernel = 2 * steps * np.sinc(middles * window) ** 2
    above = np.clip(np.searchsorted(frequencies, middles), 1, len(frequencies) - 1)
    part = (middles - frequencies[above - 1]) / (frequencies[above] - frequencies[above - 1])
    upper = np.bincount(above, kernel * part, len(frequencies)).astype(np.float64)
    return upper + np.bincount(above - 1, kernel * (1 - part), len(frequencies))
