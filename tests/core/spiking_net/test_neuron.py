"""Closed forms of a single neuron, for every simulator."""

from __future__ import annotations

import numpy as np
import pytest

from neuro_mod.core.spiking_net.propagators import propagators
from tests.helpers.simulators import SIMULATORS, network, start

NEVER = 1e9


@pytest.fixture(params=SIMULATORS)
def run(request):
    return SIMULATORS[request.param]


@pytest.mark.parametrize("delta_t", [0.05e-3, 0.1e-3, 0.5e-3, 2e-3])
@pytest.mark.parametrize(("tau_m", "tau_s"), [(20e-3, 5e-3), (5e-3, 20e-3)])
def test_response_to_one_spike(run, delta_t, tau_m, tau_s):
    weight = 0.3
    net = network([[0, 0], [weight, 0]], tau_membrane=tau_m, tau_synaptic=tau_s, threshold=[1.0, NEVER])
    state = start(net, voltage=[10.0, 0.0])
    history = run(net, state, round(60e-3 / delta_t), delta_t)
    assert history.spikes[0].tolist() == [True, False]
    since = np.arange(len(history.voltage)) * delta_t  # the spike arrives at the end of step 0
    expected_current = weight / tau_s * np.exp(-since / tau_s)
    expected_voltage = weight * tau_m / (tau_s - tau_m) * (np.exp(-since / tau_s) - np.exp(-since / tau_m))
    np.testing.assert_allclose(history.current[:, 1], expected_current, rtol=1e-12)
    np.testing.assert_allclose(history.voltage[:, 1], expected_voltage, atol=1e-12 * weight)


@pytest.mark.parametrize("delta_t", [0.05e-3, 0.5e-3, 5e-3])
def test_response_to_a_constant_current(run, delta_t):
    net = network([[0]], threshold=NEVER)
    history = run(net, start(net), round(100e-3 / delta_t), delta_t, stimulus=[40.0])
    elapsed = (np.arange(len(history.voltage)) + 1) * delta_t
    np.testing.assert_allclose(history.voltage[:, 0], 40.0 * 20e-3 * (1 - np.exp(-elapsed / 20e-3)), rtol=1e-12)


def test_forward_euler_by_hand(run):
    net = network([[0]], threshold=NEVER)
    history = run(net, start(net, voltage=0.5, current=2.0), 2, 1e-3, stimulus=[3.0], mechanism="euler")
    v, i = 0.5, 2.0
    for step in range(2):
        v, i = v + 1e-3 * (-v / 20e-3 + i + 3.0), i - 1e-3 * i / 5e-3
        assert history.voltage[step, 0] == pytest.approx(v, rel=1e-14)
        assert history.current[step, 0] == pytest.approx(i, rel=1e-14)


@pytest.mark.parametrize("delta_t", [0.1e-3, 0.5e-3, 0.3e-3, 2e-3, 20e-3])
@pytest.mark.parametrize("tau_refractory", [0.0, 5e-3])
def test_refractory_period_is_a_whole_number_of_steps(run, delta_t, tau_refractory):
    net = network([[0]], tau_refractory=tau_refractory)
    if 0 < tau_refractory < delta_t / 2:
        with pytest.raises(ValueError, match=r"tau_refractory: 0\.005 found; .*rounds to no time step"):
            run(net, start(net), 200, delta_t, stimulus=[1e6])
        return
    history = run(net, start(net), 200, delta_t, stimulus=[1e6])  # fires in every step it may
    steps = np.flatnonzero(history.spikes[:, 0])
    assert (np.diff(steps) == round(tau_refractory / delta_t) + 1).all()
    assert (history.voltage == 0).all()


@pytest.mark.parametrize("steps", [63, 64, 126, 127, 128, 191, 200, 1000])
def test_long_refractory_periods(run, steps):
    net = network([[0]], tau_refractory=steps * 1e-4)
    history = run(net, start(net), 2 * steps + 3, 1e-4, stimulus=[1e6])
    assert np.flatnonzero(history.spikes[:, 0]).tolist() == [0, steps + 1, 2 * steps + 2]


def test_voltage_stays_at_reset_while_the_current_goes_on(run):
    net = network([[0]], reset=-0.2)
    history = run(net, start(net, voltage=2.0, current=1.0), 10, 1e-3)
    assert history.spikes[0, 0] and (history.voltage[:6, 0] == -0.2).all() and history.voltage[6, 0] != -0.2
    np.testing.assert_allclose(history.current[:, 0], np.exp(-(np.arange(10) + 1) * 1e-3 / 5e-3), rtol=1e-12)


def test_threshold_itself_is_enough(run):
    net = network([[0]], tau_membrane=1e9)
    assert run(net, start(net, voltage=1.0), 1, 1e-9).spikes[0, 0]


@pytest.mark.parametrize("gap", [0, 1e-15, 1e-12, 1e-9, 1e-6, 1e-4])
def test_equal_time_constants_are_no_pole(run, gap):
    tau = 10e-3
    net = network([[0]], tau_membrane=tau, tau_synaptic=tau * (1 + gap), threshold=NEVER)
    history = run(net, start(net, current=1.0), 40, 0.5e-3)
    elapsed = (np.arange(40) + 1) * 0.5e-3
    limit = elapsed * np.exp(-elapsed / tau)
    np.testing.assert_allclose(history.voltage[:, 0], limit, rtol=1e-12 + 5 * gap)


def test_coefficient_b_against_arbitrary_precision():
    mpmath = pytest.importorskip("mpmath")
    h = 0.5e-3
    for tau_m in (1e-4, 1e-3, 20e-3, 20e-3 * (1 + 1e-7), 1.0):
        for tau_s in (1e-4, 5e-3, 20e-3, 1.0):
            with mpmath.workdps(50):
                m, s = mpmath.mpf(tau_m), mpmath.mpf(tau_s)
                d, a = mpmath.exp(-h / s), mpmath.exp(-h / m)
                exact = float(h * a if m == s else s * m / (s - m) * (d - a))
            b = propagators(np, "analytic", np.array([tau_m]), np.array([tau_s]), h).b[0]
            assert b == pytest.approx(exact, rel=2e-15, abs=0)


def test_unknown_mechanism_lists_the_valid_ones(run):
    net = network([[0]])
    with pytest.raises(ValueError, match="analytic, euler"):
        run(net, start(net), 1, 1e-3, mechanism="rk4")
