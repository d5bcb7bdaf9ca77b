"""The linear response of populations, against closed forms, static derivatives, and simulations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neuro_mod.choices import ResponseKind
from neuro_mod.core.mean_field.core import LIFMeanField, LinearResponse, fixed_points
from neuro_mod.core.mean_field.core.linearized import FREQUENCIES, encirclements
from neuro_mod.errors import InputError, NumericalError

TAU = 0.01


def one_population(gain, n=100, rate=7.0):
    """A population of Poisson neurons that filters its own rate: a process with the time constant TAU / (1 - gain)."""
    frequencies = np.concatenate([[0.0], np.geomspace(0.01, 1e4, 2000)])
    filtered = 1 / (1 + 2j * np.pi * frequencies * TAU)
    return LinearResponse(
        frequencies=frequencies,
        rates=np.array([rate]),
        sizes=np.array([n]),
        by_mu=filtered[:, None],
        by_external_rate=filtered[:, None],
        connectivity=gain * filtered[:, None, None],
        spectrum_of_one=np.full((len(frequencies), 1), rate),
    )


@pytest.mark.parametrize("gain", [-3.0, 0.0, 0.6])
@pytest.mark.parametrize("window", [0.002, 0.05, 2.0])
def test_variance_in_windows(gain, window):
    """Autocovariance ``r/N (delta(t) + (1 - (1 - g)^2) / (2 l tau^2) exp(-l |t|))`` with ``l = (1 - g) / tau``."""
    found, decay = one_population(gain), (1 - gain) / TAU
    x = decay * window
    lasting = (1 - (1 - gain) ** 2) / (2 * decay * TAU**2) * 2 / x**2 * (x - 1 + np.exp(-x))
    assert found.covariance(window)[0, 0] == pytest.approx(7 / 100 * (1 / window + lasting), rel=2e-3)
    assert found.correlation(window)[0, 0] == pytest.approx(1)


def test_spectra_of_two_populations():
    """The second follows the first, and nothing else: coherence is the part of its power that comes from there."""
    filtered = 1 / (1 + 2j * np.pi * FREQUENCIES * TAU)
    connectivity = np.zeros((len(FREQUENCIES), 2, 2), complex)
    connectivity[:, 1, 0] = 2 * filtered
    shape = (len(FREQUENCIES), 2)
    found = LinearResponse(
        FREQUENCIES, np.array([5.0, 8.0]), np.array([50, 10]), np.ones(shape, complex), np.ones(shape, complex),
        connectivity, np.broadcast_to([5.0, 8.0], shape),
    )  # fmt: skip
    driven = 4 * np.abs(filtered) ** 2 * 5 / 50
    np.testing.assert_allclose(found.power[:, 0], 0.1, rtol=1e-12)
    np.testing.assert_allclose(found.power[:, 1], driven + 0.8, rtol=1e-12)
    np.testing.assert_allclose(found.coherence[:, 0, 1], driven / (driven + 0.8), rtol=1e-12)
    np.testing.assert_allclose(found.to_external_rate[:, 1, 0], 2 * filtered, rtol=1e-12)
    weighted = (25 * found.power[:, 0] + found.power[:, 1] + 10 * found.spectra[:, 0, 1].real) / 36
    np.testing.assert_allclose(found.power_of([0, 1]), weighted, rtol=1e-12)
    assert found.covariance(0.1)[0, 1] > 0
    with pytest.raises(InputError, match="populations that have neurons"):
        found.power_of([])


def test_instabilities_are_counted():
    """An excitatory population above gain 1, and an inhibitory one whose delay makes it oscillate."""
    filtered = 1 / (1 + 2j * np.pi * FREQUENCIES * TAU)
    late = np.exp(-2j * np.pi * FREQUENCIES * TAU)
    for gain, n_unstable in ((0.9, 0), (1.1, 1)):
        assert encirclements(gain * filtered[:, None, None]) == n_unstable
    # -g exp(-i w tau) / (1 + i w tau) reaches 1 at the first root of w tau = -tan(w tau), where g is 1 / |cos|
    for gain, n_unstable in ((-2.2, 0), (-2.3, 2)):
        assert encirclements((gain * filtered * late)[:, None, None]) == n_unstable


def network(response: ResponseKind = "exact", **changes: Any):
    """An excitatory and an inhibitory population with the same input, so that their neurons are solved once."""
    given: dict[str, Any] = {
        "n_clusters": 2, "c_matrix": [[160, 80], [160, 80]], "j_matrix": [[0.02, -0.1], [0.02, -0.1]], "j_ext": 0.05,
        "c_ext": 200, "nu_ext": 5.4, "tau_membrane": 0.02, "tau_synaptic": 0.005, "tau_refractory": 0.005,
        "threshold": 1.0, "reset_voltage": 0.0,
    }  # fmt: skip
    return LIFMeanField(**(given | changes), response=response)


@pytest.fixture(scope="module")
def solved():
    field = network()
    rates = field.solve_rates().x
    return field, rates, field.linear_response(rates, sizes=[1600, 400])


def test_slow_modulations_against_static_derivatives(solved):
    """The effective connectivity is that of the Jacobian, and rates follow the external rate as in a steady state."""
    field, rates, found = solved
    slow = np.eye(2) - found.connectivity[0]
    np.testing.assert_allclose(slow, -field.jacobian(rates), rtol=2e-3, atol=2e-3)
    moved = [network(nu_ext=5.4 + change).solve_rates().x for change in (-0.05, 0.05)]
    static = (moved[1] - moved[0]) / 0.1
    np.testing.assert_allclose(found.to_external_rate[0].sum(axis=1), static, rtol=5e-3)


def test_fluctuations(solved):
    """The inhibitory feedback takes slow fluctuations of the mean input away; fast ones are of independent neurons."""
    _, rates, found = solved
    poisson = rates / found.sizes
    np.testing.assert_allclose(found.power[-1], poisson, rtol=0.05)
    assert found.power[0, 1] < 0.3 * poisson[1]
    assert found.covariance(0.05)[0, 1] == pytest.approx(found.covariance(0.05)[1, 0])
    assert found.cautions == ()


def test_few_frequencies(solved):
    field, rates, found = solved
    few = field.linear_response(rates, FREQUENCIES[[0, 100, 200]], sizes=[1600, 400], delay=0.001)
    np.testing.assert_allclose(few.by_mu, found.by_mu[[0, 100, 200]], rtol=1e-9)
    turned = np.exp(-2j * np.pi * few.frequencies * 0.001)[:, None, None]
    np.testing.assert_allclose(few.connectivity, found.connectivity[[0, 100, 200]] * turned, rtol=1e-9)
    with pytest.raises(InputError, match=r"expected 0 to at least 1000 Hz"):
        few.covariance(0.001)


def test_bad_arguments():
    field = network()
    rates = field.solve_rates().x
    bad: tuple[tuple[dict[str, Any], str], ...] = (
        ({}, "sizes: none found"),
        ({"sizes": [10]}, "expected 2 numbers of neurons"),
        ({"sizes": [10, 2.5]}, "expected 2 numbers of neurons"),
        ({"sizes": [10, 10], "frequencies": [3.0, 1.0]}, "numbers in Hz from 0 that rise"),
        ({"sizes": [10, 10], "delay": -1.0}, "delay: -1.0 found"),
    )
    for arguments, message in bad:
        with pytest.raises(InputError, match=message):
            field.linear_response(rates, **arguments)
    with pytest.raises(InputError, match="expected a steady state"):
        field.linear_response(rates + 1, sizes=[10, 10])
    with pytest.raises(InputError, match="expected exact for the linear response"):
        network("shifted").linear_response(rates, sizes=[10, 10])
    excited = network(j_matrix=[[0.05, 0], [0.02, -0.1]], nu_ext=3.0)
    state = next(state for state in fixed_points(excited) if not state.stable)
    with pytest.raises(InputError, match="expected a stable steady state"):
        excited.linear_response(state, sizes=[10, 10])
    with pytest.raises(NumericalError, match="unstable modes found"):
        field.linear_response(rates, sizes=[10, 10], delay=0.1)
