"""The interval CV of the shifted response."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import erf

from neuro_mod.core.mean_field.core import interval_tables, tables
from neuro_mod.core.mean_field.core.transfer import interval_statistics, response
from neuro_mod.core.neurons import NeuronParameters

OURS = {"tau_membrane": 0.02, "tau_synaptic": 0.005, "tau_refractory": 0.005, "threshold": 1.0, "reset_voltage": 0.0}
WHITE = OURS | {"tau_synaptic": 0.0, "tau_refractory": 0.0}


def neuron(**parameters: float) -> NeuronParameters:
    return NeuronParameters(**{name: np.asarray(value) for name, value in parameters.items()})


def cv_of(mu, sigma, **neurons):
    found = interval_statistics(np.asarray(mu, float), np.asarray(sigma, float), neuron(**OURS | neurons))
    return found[1]


@pytest.mark.parametrize(
    ("mu", "sigma", "changes", "expected"),
    [
        (0.571, 0.55, {}, 0.88791813383065549),
        (1.047, 1.0, {}, 0.83669169318253763),
        (1.523, 0.35, {}, 0.33399093467687406),
        (3.0, 0.5, {"tau_refractory": 0.002}, 0.27085839608784344),
        (0.5, 0.2, {"tau_refractory": 0.0}, 0.99946408457601778),
        (-1.0, 0.7, {"tau_synaptic": 0.0, "tau_refractory": 0.002}, 1.004049351699323),
        (0.9, 3.0, {"tau_synaptic": 0.0, "tau_refractory": 0.0}, 1.5120548166323326),
        (1.998, 0.55, {"tau_synaptic": 0.0, "tau_refractory": 0.0}, 0.43650898260519310),
    ],
)
def test_against_mpmath(mu, sigma, changes, expected):
    """The double integral of Brunel (2000) at 20 digits and more."""
    assert cv_of(mu, sigma, **changes).cv == pytest.approx(expected, rel=1e-12)


def test_against_the_moments_of_first_passage():
    """Backward equation of the white-noise neuron, on a grid: ``-2 T_1`` is the source of the second moment."""
    mu, sigma = 1.2, 0.6
    v = np.linspace(-8, 1, 150_001)
    width = v[1] - v[0]
    y = (v - mu) / sigma
    density = np.exp(-(y**2))

    def solve(source):
        """``(mu - v) f' + sigma^2/2 f'' = -source``, f = 0 at threshold and flat far below."""
        flux = np.concatenate([[0.0], np.cumsum((source * density)[:-1] + (source * density)[1:]) / 2 * width])
        slope = -2 / sigma**2 * flux / density
        upwards = np.concatenate([[0.0], np.cumsum((slope[:-1] + slope[1:]) / 2 * width)])
        return upwards - upwards[-1]

    first = solve(np.ones_like(v))
    second = solve(2 * first)
    at_reset = [np.interp(0.0, v, each) for each in (first, second)]
    assert response(mu, sigma, **WHITE).rate == pytest.approx(1 / (0.02 * at_reset[0]), rel=1e-8)
    expected = np.sqrt(at_reset[1] / at_reset[0] ** 2 - 1)
    assert cv_of(mu, sigma, **WHITE).cv == pytest.approx(expected, rel=1e-7)


def test_derivatives_against_differences():
    rng = np.random.default_rng(1)
    mu, sigma = rng.uniform(-1, 4, 3000), 10 ** rng.uniform(-1.5, 1, 3000)
    found, h = cv_of(mu, sigma), 1e-4 * np.minimum(sigma, 1)
    stencil = {-2: 1 / 12, -1: -8 / 12, 1: 8 / 12, 2: -1 / 12}
    by_mu = sum(weight * cv_of(mu + k * h, sigma).cv for k, weight in stencil.items()) / h
    by_sigma = sum(weight * cv_of(mu, sigma + k * h).cv for k, weight in stencil.items()) / h
    np.testing.assert_allclose(found.by_mu * sigma, by_mu * sigma, atol=1e-8)
    np.testing.assert_allclose(found.by_sigma * sigma, by_sigma * sigma, atol=1e-8)


def test_rates_are_those_of_the_response():
    rng = np.random.default_rng(2)
    mu, sigma = rng.uniform(-2, 4, 500), rng.choice([0, 1e-9, 0.1, 0.5, 2.0], 500)
    both = interval_statistics(mu, sigma, neuron(**OURS))[0]
    for values, expected in zip(both, response(mu, sigma, **OURS), strict=True):
        np.testing.assert_array_equal(values, expected)


def test_without_noise():
    """Above threshold ``sigma nu tau_m sqrt((1/(mu - theta)^2 - 1/(mu - V_r)^2) / 2)``; 1 below."""
    above = np.array([1.1, 2.0, 50.0])
    rate = response(above, 0.0, **OURS).rate
    per_noise = rate * 0.02 * np.sqrt((1 / (above - 1) ** 2 - 1 / above**2) / 2)
    exact = cv_of(above, 0.0)
    assert not exact.cv.any() and not exact.by_mu.any()
    np.testing.assert_allclose(exact.by_sigma, per_noise, rtol=1e-13)
    np.testing.assert_allclose(cv_of(above, 1e-60).cv, 1e-60 * per_noise, rtol=1e-13)
    near = cv_of(above, 1e-7)
    np.testing.assert_allclose(near.cv, 1e-7 * per_noise, rtol=1e-5)
    np.testing.assert_allclose(near.by_sigma, per_noise, rtol=1e-5)
    np.testing.assert_array_equal(cv_of([0.5, -3.0, 1.0], 0.0).cv, 1)


def test_spikes_become_poisson_as_they_become_rare():
    cv = cv_of(np.array([0.5, 0.0, -1.0, -20.0]), 0.2, **WHITE).cv
    assert cv[0] < 0.993
    np.testing.assert_allclose(cv[1:], 1, atol=1e-10)


@settings(max_examples=300)
@given(
    st.floats(-1e6, 1e6),
    st.floats(0, 1e6),
    st.floats(1e-4, 1),
    st.floats(0, 1),
    st.floats(0, 0.1),
    st.floats(1e-6, 100),
)
def test_never_nan_never_negative(mu, sigma, tau_m, tau_s, tau_ref, above):
    changes = {"tau_membrane": tau_m, "tau_synaptic": tau_s, "tau_refractory": tau_ref, "threshold": above}
    found = cv_of([mu, mu + above], sigma, **changes)
    assert all(np.isfinite(values).all() for values in found) and (found.cv >= 0).all()


def test_tables():
    """Known values, and ``B'`` as an integral taken directly."""
    table = interval_tables.coefficients()
    at_0 = [tables.at_points(table[:, row], np.zeros(1))[0] for row in range(5)]
    root = np.sqrt(np.pi)
    np.testing.assert_allclose(at_0, [np.log(2) / root, 1.0, np.pi / 16, np.log(2) / root, np.pi / 16], rtol=1e-11)
    z = np.linspace(-6, 1.5, 200_001)
    integrand = np.exp(z**2 - 1.5**2) * (1 + erf(z)) ** 2
    expected = (integrand[:-1] + integrand[1:]).sum() / 2 * (z[1] - z[0])
    assert tables.at_points(table[:, 3], np.array([1.5]))[0] / 2.5 == pytest.approx(expected, rel=1e-8)
