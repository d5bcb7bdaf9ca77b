"""Power spectra of spikes, against scipy's periodogram and Poisson processes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import periodogram
from scipy.signal.windows import dpss

from neuro_mod import Analyzer
from neuro_mod.core.spiking_net.analysis.neurons.spectra import spike_spectra
from neuro_mod.errors import InputError
from neuro_mod.recordings.spikes import SpikeEvents

STEP = 5e-4


def events(dense):
    steps, neurons = np.nonzero(dense)
    return SpikeEvents(steps.astype(np.int32), neurons.astype(np.int32), *dense.shape, STEP)


def drawn(rng, rate, n_steps, n_neurons):
    return rng.random((n_steps, n_neurons)) < np.broadcast_to(rate, (n_steps,))[:, None] * STEP


def test_tapered_periodograms_of_scipy_are_averaged():
    rng = np.random.default_rng(0)
    dense = [drawn(rng, 30.0, 2001, 3) for _ in range(2)]  # the last step fills no bin
    found = spike_spectra(map(events, dense), bandwidth=5.0, bin_width=2e-3)
    powers, counts = [], []
    for session in dense:
        binned = session[:2000].reshape(500, 4, 3).sum(axis=1).astype(float)
        for taper in dpss(500, 2.5, 4):
            frequencies, power = periodogram(
                binned, 500.0, taper, detrend="constant", return_onesided=False, scaling="density", axis=0
            )
            powers.append(power[:251] * 500.0)
        counts.append(binned.mean(axis=0))
    np.testing.assert_allclose(found.frequencies, np.abs(frequencies[:251]), atol=1e-9)
    np.testing.assert_allclose(found.per_neuron, np.mean(powers, axis=0) / np.mean(counts, axis=0), rtol=1e-9)


def test_a_poisson_process_has_power_one():
    rng = np.random.default_rng(1)
    sessions = [events(drawn(rng, 20.0, 4000, 100)) for _ in range(3)]
    power = spike_spectra(sessions, bandwidth=2.0).in_band(2.0, 400.0)
    error = power.std(ddof=1) / 10
    assert error < 0.01 and abs(power.mean() - (1 - 20.0 * STEP)) < 4 * error  # one spike a step at most


def test_a_rhythm_is_found_at_its_frequency():
    times = (np.arange(4000) + 0.5) * STEP
    rate = 40 * (1 + np.cos(2 * np.pi * 12.0 * times))
    found = spike_spectra([events(drawn(np.random.default_rng(2), rate, 4000, 50))], bandwidth=2.0)
    mean = found.per_neuron.mean(axis=1)
    assert abs(found.frequencies[mean.argmax()] - 12.0) <= 1.0
    assert mean.max() > 5


def test_silent_neurons_and_windows():
    dense = drawn(np.random.default_rng(3), 30.0, 4000, 2)
    dense[:, 1] = False
    analyzer = Analyzer([events(dense)], [0, 0])
    found = analyzer.spike_spectra(4.0, 1e-3, 0.5, 1.5)
    np.testing.assert_array_equal(found.per_neuron, spike_spectra([events(dense[1000:3000])], 4.0).per_neuron)
    assert np.isnan(found.per_neuron[:, 1]).all() and np.isfinite(found.per_neuron[:, 0]).all()


@pytest.mark.parametrize(
    ("lengths", "arguments", "message"),
    [
        ((2000,), {"bandwidth": 1.0}, r"bandwidth: 1.0 found; expected a number of Hz from 2 to 1000"),
        ((2000,), {"bandwidth": 0.0}, "bandwidth: 0.0 found"),
        ((2000,), {"bandwidth": 1000.0}, r"bandwidth: 1000.0 found"),
        ((2000,), {"bin_width": 7e-4}, "bin_width: 0.7 ms found"),
        ((2000, 1000), {"bandwidth": 4.0}, r"session 1: 500 bins found; expected 1000, as in session 0"),
        ((), {}, "at least one session"),
    ],
)
def test_bad_arguments(lengths, arguments, message):
    sessions = [events(np.ones((n, 1), bool)) for n in lengths]
    with pytest.raises(InputError, match=message):
        spike_spectra(sessions, **arguments)


def test_a_band_without_a_frequency():
    found = spike_spectra([events(np.ones((2000, 1), bool))], 4.0)
    with pytest.raises(InputError, match="frequencies in Hz in steps of 1"):
        found.in_band(1.2, 1.8)
