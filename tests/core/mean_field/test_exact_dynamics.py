"""A neuron whose input is modulated, against closed forms for white noise, its own static response, and Monte Carlo."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from scipy.sparse.linalg import splu
from threadpoolctl import threadpool_limits

from neuro_mod.core.mean_field.core import transfer
from neuro_mod.core.mean_field.core.exact.cells import Cells
from neuro_mod.core.mean_field.core.exact.dynamics import Modulated
from neuro_mod.core.mean_field.core.exact.solver import Passage

#: Refractory period over membrane time constant.
DEAD = 0.25


@pytest.fixture(autouse=True)
def one_thread():
    """As where it is used: the matrices are small, and threads that wait for each other take longer than one."""
    with threadpool_limits(1):
        yield


@pytest.mark.parametrize(("mean", "noise"), [(0.75, 0.43), (1.6, 0.3)])
def test_slow_modulations_against_the_static_response(mean, noise):
    """Derivatives from the table, which has other cells at each of its points."""
    found = Modulated(Passage(mean, noise, 0.25, DEAD))
    neuron = {"tau_membrane": 1.0, "tau_synaptic": 0.25, "tau_refractory": DEAD, "threshold": 1.0, "reset_voltage": 0.0}
    static = transfer.response(mean, noise, response="exact", **neuron)
    slow = found.at(0.0)
    assert found.rate == pytest.approx(float(static.rate), rel=1e-3)
    assert slow.by_mean.real == pytest.approx(float(static.by_mu), rel=3e-3)
    assert slow.by_variance.real == pytest.approx(float(static.by_sigma) / (2 * noise), rel=1e-2)


def test_fast_modulations():
    """Independent spikes at high frequencies; the variance acts through current and voltage, which take their time."""
    found = Modulated(Passage(0.75, 0.43, 0.25, DEAD))
    fast, faster = found.at(300.0), found.at(600.0)
    assert fast.spectrum == pytest.approx(found.rate, rel=1e-3)
    # without filtering by synapses, the rate follows the mean of the voltage without loss or delay
    assert abs(np.angle(fast.by_mean)) < 0.05
    assert abs(faster.by_mean) == pytest.approx(abs(fast.by_mean), rel=0.01)
    assert abs(faster.by_variance) < 0.5 * abs(fast.by_variance)


def test_white_noise_limit():
    """Renewal spectrum and susceptibility for white noise (Lindner & Schimansky-Geier 2001).

    Both limits of the voltage are moved by the shift for a synaptic filter (Fourcaud & Brunel 2002), which leaves
    errors of about ``ratio^(1/2)`` of the shift.
    """
    mean, noise, ratio = 0.8, 0.5, 0.001
    neuron = Modulated(Passage(mean, noise, ratio, DEAD))
    root = noise / np.sqrt(2)
    reset, threshold = ((mean - limit) / root - transfer.FILTER_SHIFT * np.sqrt(2 * ratio) for limit in (0, 1))
    weight = mpmath.exp((reset**2 - threshold**2) / 4)
    for omega in (0.5, 8.0):
        s, found = 1j * omega, neuron.at(omega)
        dead = mpmath.exp(-s * DEAD)
        interval = complex(dead * weight * mpmath.pcfd(-s, reset) / mpmath.pcfd(-s, threshold))
        spectrum = neuron.rate * (1 - abs(interval) ** 2) / abs(1 - interval) ** 2
        assert found.spectrum == pytest.approx(spectrum, rel=0.013)
        driven = mpmath.pcfd(-s - 1, threshold) - weight * mpmath.pcfd(-s - 1, reset)
        following = mpmath.pcfd(-s, threshold) - weight * dead * mpmath.pcfd(-s, reset)
        by_mean = complex(neuron.rate / root * s / (s + 1) * driven / following)
        assert found.by_mean == pytest.approx(by_mean, rel=0.013)


@pytest.mark.slow
@pytest.mark.parametrize("modulated", ["nothing", "mean", "variance"])
def test_monte_carlo(modulated):
    """Simulated neurons, whose current is exact at the ends of steps; the step makes them too slow by 0.2 %."""
    mean, noise, ratio, step, settle, duration, n = 1.2, 0.5, 0.25, 0.0025, 10.0, 100.0, 4000
    omegas, size = (
        2 * np.pi * np.array([0.05, 0.2, 0.4, 0.8, 1.6]),
        {"mean": 0.06, "variance": 0.15}.get(modulated, 0.0),
    )
    random, width = np.random.default_rng(1), 0.05
    decay, free = np.exp(-step / ratio), np.exp(-step)
    spread = noise**2 / (2 * ratio)
    current, voltage, left = random.normal(0, np.sqrt(spread), n), random.uniform(0, 1, n), np.zeros(n, int)
    counts, waves = np.zeros((round(duration / width), n)), np.zeros(len(omegas), complex)
    for k in range(round((settle + duration) / step)):
        now = k * step
        modulation = size * np.cos(omegas * now).sum()
        drive, louder = (modulation, 0.0) if modulated == "mean" else (0.0, modulation)
        kicks = np.sqrt(spread * (1 + louder) * (1 - decay**2)) * random.normal(size=n)
        new = current * decay + kicks
        voltage = np.where(left > 0, 0.0, voltage * free + (1 - free) * (mean + drive + (current + new) / 2))
        current, left = new, np.maximum(left - 1, 0)
        fired = voltage >= 1
        voltage[fired], left[fired] = 0.0, round(DEAD / step)
        if now >= settle:
            counts[min(int((now - settle) / width), len(counts) - 1)] += fired
            waves += fired.sum() * np.exp(-1j * omegas * now)
    neuron = Modulated(Passage(mean, noise, ratio, DEAD))
    expected = [neuron.at(omega) for omega in omegas]
    assert counts.sum() / n / duration == pytest.approx(neuron.rate, rel=0.01)
    if modulated == "nothing":
        power = np.abs(np.fft.rfft(counts - counts.mean(), axis=0)) ** 2 / duration
        found = power[np.rint(omegas * duration / (2 * np.pi)).astype(int)].mean(axis=1)
        error = np.array([each.spectrum for each in expected]) / np.sqrt(n)
        assert (np.abs(found - [each.spectrum for each in expected]) < 4 * error + 0.02 * found).all()
    else:
        per_unit = size if modulated == "mean" else size * noise**2
        error = np.sqrt(2 * counts.sum()) / n / duration / per_unit
        theory = [each.by_mean if modulated == "mean" else each.by_variance for each in expected]
        assert (np.abs(2 * waves / n / duration / per_unit - theory) < 4.5 * error).all()


@pytest.mark.parametrize("place", [(0.75, 0.43, 0.25, DEAD), (3.0, 0.1, 0.25, DEAD), (0.8, 0.5, 2.0, 0.1)])
def test_cell_by_cell_against_the_whole_operator(place):
    """One sparse system for all cells, with forces anywhere; the last neuron has no cells below the reset."""
    passage = Passage(*place)
    forces = np.random.default_rng(1).normal(size=(np.prod(passage.shape), 2))
    cells = Cells.of(passage, forces)
    for omega in (0.01, 5.0):
        density = splu(passage.matrix(1j * omega)).solve(np.hstack([passage.sources(), forces]).astype(complex))
        whole = passage.outflux(density)
        np.testing.assert_allclose(cells.outflux(omega), whole, rtol=0, atol=1e-7 * np.abs(whole).max())
