from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import dawsn, erfcx

from neuro_mod.core.mean_field.core import siegert, tables
from neuro_mod.core.mean_field.core.transfer import firing_rate, response

#: mpmath at 34 digits and more; see make_transfer_points.py.
with (Path(__file__).parent / "transfer_points.csv").open() as file:
    POINTS = {name: np.array(values, float) for name, *values in zip(*csv.reader(file), strict=True)}
RESULTS = ("rate", "by_mu", "by_sigma")
INPUTS = {name: values for name, values in POINTS.items() if name not in RESULTS}
#: NNMT's test neuron: threshold 20 mV, reset 0, tau_m 10 ms, tau_ref 2 ms.
NNMT = {"tau_membrane": 10e-3, "tau_refractory": 2e-3, "threshold": 20.0, "reset_voltage": 0.0}
OURS = {
    "tau_membrane": 20e-3,
    "tau_synaptic": 5e-3,
    "tau_refractory": 5e-3,
    "threshold": 1.5,
    "reset_voltage": 0.0,
}


def test_rates_of_the_model_description():
    mu, sigma = np.array([2, 15, 22, 40]), np.array([30, 2.9, 0.5, 50])
    white = [51.87482357931313, 3.7584808691748286, 38.71368682736337, 165.17535854524502]
    filtered = [32.309861800312326, 1.4239711030862594, 37.620364697519015, 135.254402734619]
    np.testing.assert_allclose(firing_rate(mu, sigma, tau_synaptic=0.0, **NNMT), white, rtol=1e-13)
    np.testing.assert_allclose(firing_rate(mu, sigma, tau_synaptic=1e-3, **NNMT), filtered, rtol=1e-13)


def test_rates_against_mpmath():
    assert len(POINTS["mu"]) > 2000
    np.testing.assert_allclose(firing_rate(**INPUTS), POINTS["rate"], rtol=1e-11)


@pytest.mark.parametrize("name", ["by_mu", "by_sigma"])
def test_derivatives_against_mpmath(name):
    np.testing.assert_allclose(getattr(response(**INPUTS), name), POINTS[name], rtol=1e-11)


def test_tables_against_scipy():
    """Within some units in the last place (2.2e-16); SciPy's Dawson function is itself off by 1.7e-14 near x = 0.01."""
    table = tables.coefficients()
    x = np.concatenate([[0.0], np.geomspace(1e-6, 1e6, 4000)])

    def tabulated(row):
        return np.array([siegert.tabulated.py_func(table, row, value) for value in x])

    np.testing.assert_allclose(tabulated(siegert.ERFCX) / (1 + x), erfcx(x), rtol=3e-15)
    np.testing.assert_allclose(tabulated(siegert.DAWSON) * x / (1 + x**2), dawsn(x), rtol=3e-14)
    small = x < 10  # beyond, the difference cancels digits here, not in the table
    complement = tabulated(siegert.COMPLEMENT) / (1 + x) ** 2
    np.testing.assert_allclose(complement[small], (1 / np.sqrt(np.pi) - x * erfcx(x))[small], atol=1e-15)
    curvature = tabulated(siegert.CURVATURE) / (1 + x) ** 3
    np.testing.assert_allclose(curvature[small], (erfcx(x) - 2 * x * complement)[small], atol=1e-15)
    np.testing.assert_allclose(complement[~small] * 2 * np.sqrt(np.pi) * x[~small] ** 2, 1, atol=0.016)  # 3/(2 x^2)


def test_without_noise():
    """``1 / (tau_ref + tau_m log((mu - V_r) / (mu - theta)))`` above threshold, 0 below."""
    mu = np.array([-5.0, 1.0, 1.5, 1.6, 3.0, 1e3])
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.where(mu > 1.5, 1 / (5e-3 + 20e-3 * np.log(mu / (mu - 1.5))), 0.0)
    np.testing.assert_allclose(firing_rate(mu, 0.0, **OURS), expected, rtol=1e-14)
    np.testing.assert_allclose(firing_rate(mu, 1e-320, **OURS), expected, rtol=1e-14)
    above = np.array([1.6, 3.0, 1e3])
    limit, near = response(above, 0.0, **OURS), response(above, 1e-9, **OURS)
    np.testing.assert_allclose(near.rate, limit.rate, rtol=1e-7)
    np.testing.assert_allclose(near.by_mu, limit.by_mu, rtol=1e-7)
    np.testing.assert_allclose(near.by_sigma, limit.by_sigma, rtol=1e-6)


def test_white_noise_is_the_limit_of_fast_synapses():
    """The correction is of first order in ``sqrt(tau_s/tau_m)``."""
    white = firing_rate(1.4, 0.3, **OURS | {"tau_synaptic": 0.0})
    errors = [firing_rate(1.4, 0.3, **OURS | {"tau_synaptic": tau}) - white for tau in (1e-8, 4e-8)]
    assert errors[1] / errors[0] == pytest.approx(2, rel=1e-2)


@settings(max_examples=300)
@given(
    st.floats(-1e6, 1e6),
    st.floats(0, 1e6),
    st.floats(1e-4, 1),
    st.floats(0, 1),
    st.floats(0, 0.1),
    st.floats(-100, 100),
    st.floats(1e-6, 100),
)
def test_never_nan_never_negative_and_rising_with_the_input(mu, sigma, tau_m, tau_s, tau_ref, reset, above):
    neuron = {
        "tau_membrane": tau_m,
        "tau_synaptic": tau_s,
        "tau_refractory": tau_ref,
        "threshold": reset + above,
        "reset_voltage": reset,
    }
    found = response([mu, mu + 0.1 * above, mu + above], sigma, **neuron)
    assert all(np.isfinite(values).all() for values in found)
    assert (found.rate >= 0).all() and (found.by_mu >= 0).all()
    # rates that are no normal numbers have few digits
    assert (np.diff(found.rate) >= -1e-12 * found.rate[:-1] - np.finfo(np.float64).tiny).all()
    if tau_ref:
        assert (found.rate <= 1 / tau_ref).all()


def test_shapes_broadcast():
    found = response(np.zeros((4, 1)), np.ones(3), **OURS | {"threshold": [1.0, 1.5, 2.0]})
    assert all(values.shape == (4, 3) for values in found)
    assert firing_rate(1.0, 0.5, **OURS).shape == ()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sigma": -1.0}, "sigma: -1.0 found; expected at least 0"),
        ({"tau_membrane": 0.0}, "tau_membrane: 0.0 found; expected above 0"),
        ({"tau_synaptic": -1e-3}, "tau_synaptic: -0.001 found; expected at least 0"),
        ({"tau_refractory": -1e-3}, "tau_refractory: -0.001 found; expected at least 0"),
        ({"threshold": 0.0}, "threshold: 0.0 found; expected above the reset voltage"),
        ({"mu": np.nan}, "mu, sigma: NaN or infinity found; expected finite values"),
        ({"mu": [1.0, 2.0], "sigma": [1.0, 2.0, 3.0]}, "broadcast"),
    ],
)
def test_bad_input(change, message):
    with pytest.raises(ValueError, match=message):
        firing_rate(**{"mu": 1.0, "sigma": 0.5} | OURS | change)
