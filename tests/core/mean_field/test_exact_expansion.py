"""Derivatives of the exact response with respect to all parameters."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from neuro_mod.core.mean_field.core.exact.expansion import expand
from neuro_mod.core.mean_field.core.exact.solver import Passage
from neuro_mod.core.mean_field.core.transfer import EXPANDED, NeuronParameters, interval_statistics

MU, VARIANCE = np.array([0.9, 1.6, 2.4]), np.array([0.5, 0.25, 2.0])
NEURON = {"tau_membrane": 0.02, "tau_synaptic": 0.005, "tau_refractory": 0.005, "threshold": 1.5}


def _solved(mu, variance, tau_membrane, tau_synaptic, tau_refractory, threshold):
    """Rate and CV without tables; the reset is .1."""
    width = threshold - 0.1
    passage = Passage(
        (mu - 0.1) / width, variance**0.5 / width, tau_synaptic / tau_membrane, tau_refractory / tau_membrane
    )
    found = passage.intervals()
    rate = 1 / (tau_refractory + tau_membrane * found.mean)
    return np.array([rate, found.deviation * tau_membrane * rate])


@pytest.fixture(scope="module")
def expanded():
    return expand(MU, VARIANCE, NeuronParameters(**NEURON, reset_voltage=0.1))


@pytest.mark.parametrize(
    ("place", "k"),
    # each parameter at one of the three points; the others are slow
    [pytest.param(p, k, marks=[pytest.mark.slow] * (p % 3 != k)) for p in range(len(EXPANDED)) for k in range(3)],
)
def test_gradients_against_the_solver(expanded, place, k):
    parameter = EXPANDED[place]
    values = dict(zip(EXPANDED[:2], (MU[k], VARIANCE[k]), strict=True)) | NEURON
    step = 0.02 * values[parameter]
    upper, lower = (_solved(**values | {parameter: values[parameter] + sign * step}) for sign in (1, -1))
    rate, cv = (upper - lower) / (2 * step) * values[parameter]
    # differences of 2 % here and 5 % there err by less than 1 %, tables by 1e-4 of the rate and 1e-3 of the CV
    noise = 2e-4 * expanded.rate[k] + 1e-2 * abs(rate)
    assert expanded.gradient[place, k] * values[parameter] == pytest.approx(rate, abs=noise)
    assert expanded.cv_gradient[place, k] * values[parameter] == pytest.approx(cv, abs=3e-3 + 1e-2 * abs(cv))


def test_second_derivatives_are_those_of_the_first():
    step = 1e-4
    neurons = NeuronParameters(**NEURON, reset_voltage=0.1)
    here = expand(MU, VARIANCE, neurons, time_constants=False)
    for place, (mu, variance, theta) in {0: (step, 0, 0), 1: (0, step, 0), 5: (0, 0, step)}.items():

        def at(sign, mu=mu, variance=variance, theta=theta):
            moved = NeuronParameters(**NEURON | {"threshold": 1.5 + sign * theta}, reset_voltage=0.1)
            return expand(MU + sign * mu, VARIANCE + sign * variance, moved, time_constants=False)

        above, below = at(1), at(-1)
        assert_allclose(here.gradient[place], (above.rate - below.rate) / (2 * step), rtol=1e-4)
        assert_allclose(here.curvature[:, place], (above.gradient - below.gradient)[:2] / (2 * step), rtol=1e-3)


def test_rates_and_slopes_are_those_of_the_response():
    neurons = NeuronParameters(**NEURON, reset_voltage=0.1)
    found = expand(MU, VARIANCE, neurons, time_constants=False)
    rate, cv = interval_statistics(MU, np.sqrt(VARIANCE), neurons, "exact")
    assert_allclose(found.rate, rate.rate, rtol=1e-12)
    assert_allclose(found.gradient[0], rate.by_mu, rtol=1e-10)
    assert_allclose(found.cv, cv.cv, rtol=1e-12)
    assert_allclose(found.cv_gradient[1] * 2 * np.sqrt(VARIANCE), cv.by_sigma, rtol=1e-10)


def test_no_refractory_period_and_no_rate():
    neurons = NeuronParameters(**NEURON, reset_voltage=0.1)
    silent = expand(np.array([-60.0]), np.array([1e-4]), neurons, time_constants=False)
    assert silent.rate < 1e-200
    assert all(np.isfinite(each).all() for each in silent)
