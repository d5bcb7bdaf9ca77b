"""The noise factor of renewal spike trains."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
from scipy.integrate import quad

from neuro_mod.core.mean_field.core.renewal import exponential_factors, noise_factor

FILTER = {"tau_membrane": 0.02, "tau_synaptic": 0.005}


def of_spectrum(rate, cv, dead, tau_m, tau_s):
    """The integral of the spectrum, without its line at 0, through the filter."""
    shape, scale = ((1 - rate * dead) / cv) ** 2, cv**2 / (rate * (1 - rate * dead))

    def passed(w):
        return 1 / ((1 + (w * tau_m) ** 2) * (1 + (w * tau_s) ** 2))

    def spectrum(w):
        rho = np.exp(-1j * w * dead) * (1 + 1j * w * scale) ** -shape
        return ((1 + rho) / (1 - rho)).real * passed(w)

    power, whole = (quad(each, 1e-9, 2e4, limit=2000)[0] for each in (spectrum, passed))
    return power / whole


@pytest.mark.parametrize(
    ("rate", "cv", "dead", "tau_m", "tau_s"),
    [
        (40, 0.3, 0.005, 0.02, 0.005),
        (3, 1.0, 0.005, 0.02, 0.005),
        (90, 0.15, 0.002, 0.02, 0.019),
        (20, 1.8, 0.0, 0.01, 0.03),
        (60, 0.4, 0.005, 0.02, 0.02),
    ],
)
def test_against_the_integral_of_the_spectrum(rate, cv, dead, tau_m, tau_s):
    found = noise_factor(rate, cv, tau_membrane=tau_m, tau_synaptic=tau_s, tau_refractory=dead)
    assert found == pytest.approx(of_spectrum(rate, cv, dead, tau_m, tau_s), rel=1e-6)


def test_of_the_published_network():
    """Three active clusters of an independent prototype: E active, inactive, background; I likewise."""
    rate = [56.2, 1.00, 1.49, 35.3, 7.10, 13.74]
    cv = [0.248, 0.960, 0.929, 0.773, 0.963, 0.805]
    found = noise_factor(rate, cv, tau_refractory=0.005, **FILTER)
    np.testing.assert_allclose(found, [0.097, 0.98, 0.97, 0.63, 0.93, 0.75], atol=0.006)


def test_poisson():
    rate = 10.0 ** np.arange(-9, 4)
    for tau_s in (0.0, 0.005, 0.0199, 0.02):
        found = noise_factor(rate, 1.0, tau_membrane=0.02, tau_synaptic=tau_s, tau_refractory=0.0)
        np.testing.assert_allclose(found, 1, rtol=1e-12)


def test_limits():
    common = {"tau_synaptic": 0.0, "tau_refractory": 0.005}
    regular = noise_factor([30.0, 199.0], 0.0, tau_membrane=0.02, **common)
    expected = 1 / np.tanh(1 / (2 * 0.02 * np.array([30.0, 199.0]))) - 2 * 0.02 * np.array([30.0, 199.0])
    np.testing.assert_allclose(regular, expected, rtol=1e-11)
    rare = noise_factor([0.0, 1e-6], 1.0, tau_membrane=0.02, **common)
    np.testing.assert_allclose(rare, 1, atol=1e-7)
    assert rare[0] == 1
    fastest = noise_factor([200.0, 200 - 1e-9, 250.0], [0.0, 1e-6, 0.1], tau_membrane=0.02, **common)
    assert np.isfinite(fastest).all() and fastest[1] == pytest.approx(fastest[0], rel=1e-6)
    slow = noise_factor(50.0, 0.4, tau_membrane=1e4, **common)
    assert slow == pytest.approx(0.4**2, rel=1e-5)  # a slow filter sees the variance of counts


def exact(rate, cv, dead, tau_m, tau_s):
    """The closed form at 60 digits."""
    mp.mp.dps = 60
    nu, c, d = (mp.mpf(each) for each in (rate, cv, dead))

    def single(tau):
        shape, scale = ((1 - nu * d) / c) ** 2, c**2 / (nu * (1 - nu * d))
        rho = mp.exp(-d / tau) * (1 + scale / tau) ** -shape
        return tau * ((1 + rho) / (1 - rho) - 2 * nu * tau)

    tau_m, tau_s = mp.mpf(tau_m), mp.mpf(tau_s)
    if tau_m == tau_s:
        return float(mp.diff(single, tau_m))
    return float((single(tau_m) - single(tau_s)) / (tau_m - tau_s)) if tau_s else float(single(tau_m) / tau_m)


def test_no_digits_cancel():
    rng = np.random.default_rng(3)
    for k in range(200):
        tau_m = 10 ** rng.uniform(-3, -1)
        tau_s = tau_m * [0.0, 1.0, 1 + 1e-6, 1.03, 0.93, rng.uniform(0, 0.9)][k % 6]
        dead = [0.0, 0.002, 0.005][k % 3]
        rate = min(10 ** rng.uniform(-5, 2.5), (1 - 10 ** rng.uniform(-4, -0.1)) / dead if dead else np.inf)
        cv = 10 ** rng.uniform(-3, 0.5)
        found = noise_factor(rate, cv, tau_membrane=tau_m, tau_synaptic=tau_s, tau_refractory=dead)
        assert found == pytest.approx(exact(rate, cv, dead, tau_m, tau_s), rel=1e-10, abs=1e-12)


def test_derivatives_against_differences():
    rng = np.random.default_rng(4)
    n = 500
    dead = np.full(n, 0.004)
    rate, cv = rng.uniform(0.1, 240, n), 10 ** rng.uniform(-2, 0.5, n)
    stencil = {-2: 1 / 12, -1: -8 / 12, 1: 8 / 12, 2: -1 / 12}

    def single(rate, cv):
        found = np.empty((3, n))
        exponential_factors(rate, cv, dead, 0.02, found)
        return found

    _, by_rate, by_cv = single(rate, cv)
    step = 1e-4 * np.minimum(rate, 250 - rate)
    of_rate = sum(weight * single(rate + k * step, cv)[0] for k, weight in stencil.items()) / step
    of_cv = sum(weight * single(rate, cv * (1 + k * 1e-4))[0] for k, weight in stencil.items()) / (1e-4 * cv)
    np.testing.assert_allclose(by_rate, of_rate, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(by_cv * cv, of_cv * cv, rtol=1e-7, atol=1e-9)
