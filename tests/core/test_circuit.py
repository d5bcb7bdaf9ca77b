"""The circuit built from the shipped YAML against the published fixed points, by scalar quadrature.

Independent of the package's own mean field: in-degrees, weights and external input of the circuit go into the
textbook equations (Fourcaud & Brunel 2002), and the rates of the model description must come out.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import erfcx

from neuro_mod.config import load_experiment
from neuro_mod.execution.stagers.assembly import build_circuit
from tests.helpers.shared import CONFIGS

COLOURED_NOISE = 1.0326265761156086  # |zeta(1/2)| / sqrt(2)

# E active, E inactive, E background, I active, I inactive, I background, by number of active clusters
FIXED_POINTS = {
    0: (8.538514522, 8.538514522, 2.427549835, 11.108569768, 11.108569768, 12.921727609),
    1: (38.012290085, 6.678215472, 2.514760864, 27.089384801, 10.089658562, 12.930060755),
    3: (36.386177556, 3.083112889, 2.366828261, 26.230652288, 8.144075102, 12.952620815),
    5: (28.681919904, 1.799308269, 1.957125795, 22.104346074, 7.478636691, 12.969660005),
}  # fmt: skip


def response(circuit, rates):
    """phi(nu) of every population that has neurons."""
    sizes = circuit.populations.sizes
    in_degree = circuit.connection_probability * sizes
    external_rate = circuit.external_rate + 0.5 * circuit.arousal_rate
    external = circuit.external_in_degree * circuit.external_weight * external_rate
    variance = circuit.external_in_degree * circuit.external_weight**2 * external_rate
    mu = circuit.neurons.tau_membrane * ((in_degree * circuit.block_weights) @ rates + external.sum(0))
    sigma = np.sqrt(circuit.neurons.tau_membrane * ((in_degree * circuit.block_weights**2) @ rates + variance.sum(0)))
    shift = COLOURED_NOISE * np.sqrt(circuit.neurons.tau_synaptic / circuit.neurons.tau_membrane)
    phi = np.zeros(len(sizes))
    for a in np.flatnonzero(sizes):
        low = (circuit.neurons.reset_voltage[a] - mu[a]) / sigma[a] + shift[a]
        high = (circuit.neurons.threshold[a] - mu[a]) / sigma[a] + shift[a]
        integral = quad(lambda u: erfcx(-u), low, high, epsabs=0, epsrel=1e-12, limit=500)[0]
        phi[a] = 1 / (circuit.neurons.tau_refractory[a] + circuit.neurons.tau_membrane[a] * np.sqrt(np.pi) * integral)
    return phi


@pytest.mark.parametrize("n_active", FIXED_POINTS)
def test_fixed_points_of_the_published_network(reference_circuit, n_active):
    e_active, e_inactive, e_background, i_active, i_inactive, i_background = FIXED_POINTS[n_active]
    inactive = 18 - n_active
    rates = np.array(
        [e_active] * n_active + [e_inactive] * inactive + [e_background]
        + [i_active] * n_active + [i_inactive] * inactive + [i_background]
    )  # fmt: skip
    np.testing.assert_allclose(response(reference_circuit, rates), rates, atol=2e-8)  # given to nine decimals


@pytest.mark.parametrize(
    "rates",
    [
        (52.318916, 5.213988, 2.258635, 0, 0, 13.783422),
        (29.215101, 29.215101, 2.202282, 0, 0, 13.839673),
    ],
)
def test_fixed_points_of_the_two_cluster_network(rates):
    circuit = build_circuit(load_experiment(CONFIGS / "2_cluster_mf.yaml"))
    np.testing.assert_allclose(response(circuit, np.array(rates)), rates, atol=2e-6)


def test_arousal_acts_on_both_of_its_targets():
    calm, aroused = (
        build_circuit(load_experiment(CONFIGS / "default_snn_params.yaml", [f"arousal.level={level}"]))
        for level in (0, 0.3)
    )
    np.testing.assert_allclose(aroused.block_weights[:19, :19] / calm.block_weights[:19, :19], 1 - 0.038720095771421055)
    np.testing.assert_array_equal(aroused.block_weights[19:], calm.block_weights[19:])
    np.testing.assert_array_equal(aroused.block_weights[:, 19:], calm.block_weights[:, 19:])
    np.testing.assert_allclose(aroused.arousal_rate, 0.6776016759998684)  # M y(0.3), model description
    assert not calm.arousal_rate.any()


def test_an_external_inhibitory_source():
    circuit = build_circuit(
        load_experiment(
            {"external_currents": {"c_ext": [320, 320, 80, 40], "nu_ext_baseline": 4 * [7], "j_ext": [2, 2, -3, -4]}}
        )
    )
    assert circuit.external_in_degree[:, [0, 37]].tolist() == [[320, 320], [80, 40]]
    np.testing.assert_allclose(circuit.external_weight[1, [0, 37]] * np.sqrt(2000), [-3, -4])
