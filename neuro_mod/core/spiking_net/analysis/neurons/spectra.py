"""Power spectra of the spikes of single neurons."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import rfft
from scipy.signal.windows import dpss

from neuro_mod.checks import check_positive
from neuro_mod.core.spiking_net.analysis.neurons.one_pass import sum_over_sessions
from neuro_mod.errors import InputError, invalid
from neuro_mod.recordings.spikes import SpikeEvents
from neuro_mod.recordings.windows import Edge, whole_steps
from neuro_mod.summaries import ShownFields

#: Full bandwidth of the estimate in Hz, and width of the bins in seconds.
BANDWIDTH, SPECTRUM_BIN = 1.6, 1e-3
#: Neurons that are transformed at once.
_TOGETHER = 128


@dataclass(frozen=True, eq=False, repr=False)
class SpikeSpectra(ShownFields):
    """Power spectra of spike counts over those of Poisson processes of the same rates.

    Attributes:
        frequencies: In Hz, from 0 to half of the rate of the bins, shape ``(n_frequencies,)``.
        per_neuron: Power, shape ``(n_frequencies, n_neurons)``: 1 at all frequencies for a Poisson process; NaN for
            neurons without a spike. Below half of the bandwidth it is too small, as means are subtracted.
    """

    frequencies: NDArray[np.float64]
    per_neuron: NDArray[np.float64]

    def in_band(self, low: float, high: float) -> NDArray[np.float64]:
        """Mean power of each neuron at frequencies from ``low`` to ``high`` in Hz, both included.

        Raises:
            InputError: There is no such frequency.
        """
        inside = (self.frequencies >= low) & (self.frequencies <= high)
        if not inside.any():
            raise invalid("band", (low, high), f"frequencies in Hz in steps of {self.frequencies[1]:g}")
        return self.per_neuron[inside].mean(axis=0)


def spike_spectra(
    sessions: Iterable[SpikeEvents],
    bandwidth: float = BANDWIDTH,
    bin_width: float = SPECTRUM_BIN,
    *,
    t_from: Edge = None,
    t_to: Edge = None,
) -> SpikeSpectra:
    """Spectra by the multitaper method, averaged over sessions.

    Counts in bins minus their mean in the session are multiplied by Slepian tapers, of which there are twice the
    product of length and half-bandwidth, minus one. Powers are averaged over tapers and sessions, and divided by the
    mean count.

    Args:
        sessions: Sessions of the same neurons and equal length, read once.
        bandwidth: Full bandwidth in Hz; at least 2 over the length of a session.
        bin_width: Width of the bins in seconds, a whole number of steps.
        t_from: Start of the time window in each session, in seconds; see `windows.window_of`.
        t_to: End of the window.

    Raises:
        InputError: The bandwidth is too small, sessions have different lengths, or as for `one_pass.each_session`.

    References:
        Thomson 1982, "Spectrum estimation and harmonic analysis".
        Percival & Walden 1993, Spectral Analysis for Physical Applications.
    """
    check_positive("bandwidth", bandwidth)
    lengths: list[int] = []

    def terms(spikes: SpikeEvents) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        binned = _binned(spikes, whole_steps("bin_width", bin_width, spikes.delta_t))
        lengths.append(len(binned))
        if lengths[-1] != lengths[0]:
            raise InputError(f"{lengths[-1]} bins found; expected {lengths[0]}, as in session 0; see t_from and t_to")
        return _power(binned, _tapers(lengths[0], bandwidth, bin_width)), binned.mean(axis=0)

    power, counts = sum_over_sessions(terms, sessions, t_from, t_to)
    return SpikeSpectra(
        np.fft.rfftfreq(lengths[0], bin_width).astype(np.float64), power / np.where(counts > 0, counts, np.nan)
    )


def _binned(spikes: SpikeEvents, bin_steps: int) -> NDArray[np.float64]:
    """Counts of all neurons in whole bins, shape ``(n_bins, n_neurons)``."""
    n_bins = spikes.n_steps // bin_steps
    place = spikes.steps // bin_steps * np.int64(spikes.n_neurons) + spikes.neurons
    counts = np.bincount(place[place < n_bins * spikes.n_neurons], minlength=n_bins * spikes.n_neurons)
    return counts.reshape(n_bins, spikes.n_neurons).astype(np.float64)


def _tapers(n_bins: int, bandwidth: float, bin_width: float) -> NDArray[np.float64]:
    """Orthonormal tapers, shape ``(n_tapers, n_bins)``."""
    product = n_bins * bin_width * bandwidth / 2
    if n_bins < 2 or product < 1 or product >= n_bins / 2:
        least = f"{2 / (n_bins * bin_width):g}" if n_bins else "2 over the length of a session"
        raise invalid("bandwidth", bandwidth, f"a number of Hz from {least} to {1 / bin_width:g}")
    return np.asarray(dpss(n_bins, product, max(1, round(2 * product) - 1)), np.float64)


def _power(binned: NDArray[np.float64], tapers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean power over tapers, shape ``(n_frequencies, n_neurons)``."""
    power = np.zeros((binned.shape[1], len(binned) // 2 + 1))
    for begin in range(0, binned.shape[1], _TOGETHER):
        part = binned[:, begin : begin + _TOGETHER].T
        fluctuation = np.ascontiguousarray(part - part.mean(axis=1, keepdims=True))
        for taper in tapers:
            transformed: NDArray[np.complex128] = np.asarray(rfft(fluctuation * taper), np.complex128)
            power[begin : begin + _TOGETHER] += transformed.real**2 + transformed.imag**2
    return power.T / len(tapers)
