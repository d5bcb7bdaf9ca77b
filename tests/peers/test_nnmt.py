"""NNMT, the neuronal network mean-field toolbox, gives our rates: of one neuron, and of networks at rest.

NNMT's derivatives are no peer of ours: they expand to first order in the shift of Fourcaud & Brunel, its rates do not.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.nnmt_network import nnmt_rate, nnmt_working_point
from neuro_mod.config import load_experiment
from neuro_mod.core.circuit import Circuit
from neuro_mod.core.mean_field.core.fixed_points import fixed_points
from neuro_mod.core.mean_field.core.lif_mean_field import LIFMeanField
from neuro_mod.core.mean_field.core.transfer import firing_rate
from neuro_mod.execution.stagers.assembly import build_circuit
from tests.helpers.shared import CONFIGS

pytestmark = pytest.mark.peers

#: NNMT raises the order of its quadrature until that is good to 1e-12.
QUADRATURE = 2e-12
#: In Hz: NNMT follows rates in time until they change by less than 1e-7 Hz in a membrane time constant, with steps of
#: an error of up to 1e-6 Hz.
AT_REST = 1e-5
OURS = {"tau_membrane": 20e-3, "tau_refractory": 5e-3, "threshold": 1.5, "reset_voltage": 0.0}
THEIRS = {"tau_membrane": 10e-3, "tau_refractory": 2e-3, "threshold": 20.0, "reset_voltage": -3.0}


@pytest.mark.parametrize("neuron", [OURS, THEIRS], ids=["ours", "theirs"])
@pytest.mark.parametrize("tau_synaptic", [0.0, 0.1e-3, 1e-3, 5e-3])
def test_rates_over_the_plane(nnmt, neuron, tau_synaptic):
    """From 20 standard deviations below threshold, rates of 1e-170 Hz, to far above; white and coloured noise."""
    mean, noise = np.meshgrid(np.linspace(-1, 10, 120), np.geomspace(0.1, 10, 60))
    neuron = neuron | {"tau_synaptic": tau_synaptic}
    mu, sigma = neuron["threshold"] * mean.ravel(), neuron["threshold"] * noise.ravel()
    np.testing.assert_allclose(firing_rate(mu, sigma, **neuron), nnmt_rate(nnmt, mu, sigma, **neuron), rtol=QUADRATURE)


@pytest.mark.parametrize("tau_synaptic", [0.0, 5e-3])
def test_rates_next_to_no_noise(nnmt, tau_synaptic):
    """Down to a hundredth of the threshold, above it: there NNMT integrates over up to 200 standard deviations."""
    neuron = OURS | {"tau_synaptic": tau_synaptic}
    mean, noise = np.meshgrid(np.linspace(1.0, 3.0, 41), np.geomspace(0.01, 0.1, 11))
    mu, sigma = neuron["threshold"] * mean.ravel(), neuron["threshold"] * noise.ravel()
    np.testing.assert_allclose(firing_rate(mu, sigma, **neuron), nnmt_rate(nnmt, mu, sigma, **neuron), rtol=QUADRATURE)


def circuit_of(name: str, **overrides) -> Circuit:
    return build_circuit(load_experiment(CONFIGS / name, overrides))


@pytest.mark.parametrize("tau_synaptic", [5e-3, 0.0], ids=["coloured", "white"])
@pytest.mark.parametrize("start", [(50.0, 5.0), (2.0, 80.0)])
def test_rest_of_the_two_cluster_network(nnmt, tau_synaptic, start):
    """Its four populations that have neurons, from starts that favour one cluster or the other."""
    circuit = circuit_of("2_cluster_mf.yaml")
    neurons = circuit.neurons
    neurons = replace(neurons, tau_synaptic=np.full_like(neurons.tau_synaptic, tau_synaptic))
    circuit = replace(circuit, neurons=neurons)
    field = LIFMeanField.from_circuit(circuit)
    rates = np.full(field.n_populations, 5.0)
    rates[:2] = start
    theirs = nnmt_working_point(nnmt, circuit, rates)
    ours = field.solve_rates(theirs.rates + 0.1).x
    np.testing.assert_allclose(theirs.rates, ours, rtol=0, atol=AT_REST)
    assert (theirs.rates[0] > theirs.rates[1]) == (start[0] > start[1])
    assert field.determine_stability(ours)[0].startswith("stable")


@pytest.mark.parametrize("overrides", [{}, {"arousal.level": 0.3}], ids=["as configured", "aroused"])
def test_rest_of_the_published_network(nnmt, overrides):
    """From any start the rates rest in a state that is among our attractors, up to the order of the clusters."""
    circuit = circuit_of("default_mf_params.yaml", **overrides)
    field = LIFMeanField.from_circuit(circuit)
    attractors = np.array([point.rates for point in fixed_points(field).stable])
    starts = 60 * np.random.default_rng(1).uniform(size=(3, field.n_populations))
    for start in starts:
        theirs = nnmt_working_point(nnmt, circuit, start)
        distance = np.abs(attractors - in_order(theirs.rates, circuit)).max(axis=1)
        assert distance.min() < AT_REST
        (mu,), (variance,) = field.moments(theirs.rates)
        np.testing.assert_allclose(theirs.mu, mu, rtol=1e-12)
        np.testing.assert_allclose(theirs.sigma, np.sqrt(variance), rtol=1e-12)


def in_order(rates, circuit: Circuit):
    """The state with the clusters in the order in which `fixed_points` lists them: falling rates."""
    p = circuit.populations.n_clusters
    order = np.argsort(-rates[:p], kind="stable")
    return rates[np.concatenate([order, [p], p + 1 + order, [2 * p + 1]])]
